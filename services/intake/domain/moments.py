"""When something happened: an instant, or only a day, and how two such moments compare. Days are Swedish days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/Stockholm")


class Precision(StrEnum):
    """How exactly a moment is known."""

    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, order=True)
class When:
    """A moment. `at` is UTC; a day is kept as its local midnight, and sorts there."""

    at: datetime
    precision: Precision

    @property
    def date(self) -> date:
        """The calendar date in Sweden."""
        return local_date(self.at)

    def surely_before(self, other: "When") -> bool:
        """By instant only if both are instants, else by local date; on one date neither is before the other."""
        if self.precision is other.precision is Precision.INSTANT:
            return self.at < other.at
        return self.date < other.date


def instant(at: datetime) -> When:
    """The moment of an aware time."""
    return When(at.astimezone(UTC), Precision.INSTANT)


def day(on: date) -> When:
    """The moment of which only the local date is known."""
    return When(local_midnight(on), Precision.DAY)


def local_date(at: datetime) -> date:
    """The calendar date in Sweden at an aware time."""
    return at.astimezone(LOCAL).date()


def local_midnight(on: date) -> datetime:
    """The instant at which a date begins in Sweden, UTC."""
    return datetime.combine(on, time(), LOCAL).astimezone(UTC)


def month_of(on: date) -> date:
    """The first day of the month that a date is in."""
    return on.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after the one that begins on `month`."""
    return month_of(month + timedelta(days=31))
