"""Moments: an instant or a day, which of two is surely earlier, and how long lies between them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/Stockholm")
Limit: TypeAlias = date | datetime
"""An as-of or known-at: an instant, or a day, which lasts to its end."""


class Precision(StrEnum):
    """How exactly a time is known."""

    INSTANT = "instant"
    DAY = "day"


def utc(at: datetime) -> datetime:
    """The same instant in UTC, where two instants compare and subtract truly; raises ValueError for a time without an offset."""
    if at.tzinfo is None:
        raise ValueError("a time needs an offset")
    return at.astimezone(UTC)


def local_midnight(day: date) -> datetime:
    """The instant (UTC) at which a day begins in Sweden."""
    return utc(datetime.combine(day, time(), LOCAL))


@dataclass(frozen=True)
class Moment:
    """When something happened; a day is kept as its local midnight."""

    time: datetime
    precision: Precision = Precision.INSTANT

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", utc(self.time))

    @cached_property
    def day(self) -> date:
        """The calendar date in Sweden."""
        return self.time.astimezone(LOCAL).date()


@dataclass(frozen=True)
class Period:
    """From one day until another in Sweden, both included; None: open to that side."""

    first: date | None = None
    last: date | None = None

    def has(self, end: Moment | None) -> bool:
        """Whether something ended in it; without a day on either side everything did."""
        if self == ALWAYS:
            return True
        return end is not None and (self.first or date.min) <= end.day <= (self.last or date.max)

    def document(self) -> dict[str, str]:
        """As a report says it: what was asked for."""
        return {name: day.isoformat() for name, day in (("from", self.first), ("until", self.last)) if day}


ALWAYS: Final = Period()


def moment_of(limit: Limit) -> Moment:
    """A limit as the end of an open wait: a day counts in whole days, an instant to the second."""
    if isinstance(limit, datetime):
        return Moment(limit)
    return Moment(local_midnight(limit), Precision.DAY)


def reaches(limit: Limit, at: datetime) -> bool:
    """Whether something at this instant counts under the limit."""
    if isinstance(limit, datetime):
        return at <= limit
    return at < local_midnight(limit + timedelta(days=1))


def surely_before(one: Moment, other: Moment) -> bool:
    """By instant only if both are instants, else by local date; on one date neither is surely before the other."""
    if both_instants(one, other):
        return one.time < other.time
    return one.day < other.day


def both_instants(one: Moment, other: Moment) -> bool:
    """Whether the stretch between the two is known to the second."""
    return one.precision is Precision.INSTANT and other.precision is Precision.INSTANT


def calendar_days(start: Moment, end: Moment) -> int:
    """Local date of the end minus local date of the start (kalenderdagar); below zero when the end is earlier."""
    return (end.day - start.day).days


def seconds(start: Moment, end: Moment) -> float | None:
    """Seconds between two instants; None, never 0, where either is only a day."""
    return (end.time - start.time).total_seconds() if both_instants(start, end) else None
