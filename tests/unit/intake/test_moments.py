"""Instants and days, and which of two comes surely first (`clocks.md` 1)."""

from datetime import date
from uuid import UUID

from services.intake.domain.facts import CaseClosed, CloseReason
from services.intake.domain.moments import local_date, local_midnight, next_month
from services.intake.translate import publishable
from tests.unit.intake.scenarios import at, on


def test_of_two_instants_the_earlier_is_surely_before() -> None:
    assert at("01-05T09:00+01:00").surely_before(at("01-05T09:01+01:00"))
    assert not at("01-05T09:01+01:00").surely_before(at("01-05T09:00+01:00"))


def test_with_a_day_only_the_dates_tell() -> None:
    assert not on("01-05").surely_before(at("01-05T09:00+01:00"))
    assert not at("01-05T09:00+01:00").surely_before(on("01-05"))
    assert on("01-05").surely_before(at("01-06T00:00+01:00"))
    assert at("01-05T23:59+01:00").surely_before(on("01-06"))


def test_a_date_is_the_one_in_sweden() -> None:
    assert at("06-30T22:30+00:00").date == date(2026, 7, 1)
    assert local_date(at("12-31T23:30+00:00").at) == date(2027, 1, 1)
    assert local_midnight(date(2026, 7, 1)) == at("06-30T22:00+00:00").at


def test_a_month_follows_every_month() -> None:
    assert [next_month(date(2026, month, 1)) for month in (1, 2, 12)] == [date(2026, 2, 1), date(2026, 3, 1), date(2027, 1, 1)]


def test_a_day_is_told_as_its_local_midnight() -> None:
    [told] = publishable(UUID(int=1), [CaseClosed(on("07-01"), CloseReason.MOVED)])
    assert told.time.isoformat() == "2026-07-01T00:00:00+02:00"
    assert told.precision == "day"
