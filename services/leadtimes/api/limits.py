"""The two dates of every report, as a request says them: a day, which lasts to its end, or an instant with its offset."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from services.leadtimes.domain.moments import Limit
from shared.clock import local_midnight
from shared.http import FIRST_YEAR, LAST_YEAR

DAY_LENGTH: Final = len("YYYY-MM-DD")


def read_limit(text: object) -> Limit:
    """A day (YYYY-MM-DD) or an instant (RFC 3339). Raises ValueError for anything else, and outside 1900-2200."""
    if not isinstance(text, str):
        raise ValueError("neither a day nor an instant")
    limit = date.fromisoformat(text) if len(text) == DAY_LENGTH else datetime.fromisoformat(text)
    if isinstance(limit, datetime) and limit.tzinfo is None:
        raise ValueError("an instant needs its offset")
    if not FIRST_YEAR <= limit.year <= LAST_YEAR:
        raise ValueError("outside the years we know")
    return limit


def read_day(text: object) -> date:
    """A day (YYYY-MM-DD). Raises ValueError for anything else, and outside 1900-2200."""
    day = read_limit(text)
    if isinstance(day, datetime):
        raise ValueError("not a day")
    return day


def last_instant(limit: Limit) -> datetime:
    """The limit as an instant; of a day its last microsecond in Sweden."""
    return limit if isinstance(limit, datetime) else local_midnight(limit + timedelta(days=1)) - timedelta(microseconds=1)


LimitText = Annotated[
    Limit,
    PlainValidator(read_limit),
    WithJsonSchema({"type": "string", "examples": ["2026-03-31", "2026-03-31T12:00:00+02:00"]}),
]
DayText = Annotated[date, PlainValidator(read_day), WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-01-01"]})]
