"""When something happened: an instant, or only a Swedish day; a day is kept as its local midnight and sorts there (`clocks.md` 1)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/Stockholm")


class Precision(StrEnum):
    """How exactly a moment is known."""

    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, order=True)
class When:
    """A moment; `at` is UTC."""

    at: datetime
    precision: Precision

    @property
    def date(self) -> date:
        """The Swedish date."""
        return local_date(self.at)

    def surely_before(self, other: "When") -> bool:
        """By instant where both are known so exactly, else by date."""
        both = {self.precision, other.precision} == {Precision.INSTANT}
        return self.at < other.at if both else self.date < other.date


def instant(at: datetime) -> When:
    """The moment of an aware time."""
    return When(at.astimezone(UTC), Precision.INSTANT)


def day(on: date) -> When:
    """The moment of which only the date is known."""
    return When(midnight(on), Precision.DAY)


def local_date(at: datetime) -> date:
    """The Swedish date of an aware time."""
    return at.astimezone(LOCAL).date()


def midnight(on: date) -> datetime:
    """The instant at which a Swedish date begins, UTC."""
    return datetime.combine(on, time(), LOCAL).astimezone(UTC)
