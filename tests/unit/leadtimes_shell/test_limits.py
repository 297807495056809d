"""The two dates of a report, read from a request."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.leadtimes.api.limits import last_instant, read_limit
from services.leadtimes.domain.moments import reaches


def test_a_day_stays_a_day_and_an_instant_an_instant() -> None:
    assert read_limit("2026-03-31") == date(2026, 3, 31)
    assert read_limit("2026-03-31T12:00:00Z") == datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "x", "2026-02-30", "2026-03-31T12:00:00", "1899-12-31", "2201-01-01", "9999-12-31T23:59:59-12:00", 7])
def test_what_is_neither_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"day|instant|year|isoformat|month"):
        read_limit(text)


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25), date(2200, 12, 31)])
def test_the_last_instant_of_a_day_is_its_last_even_when_clocks_change(day: date) -> None:
    last = last_instant(day)
    assert reaches(day, last)
    assert not reaches(day, last.astimezone(UTC) + timedelta(microseconds=1))
