"""Working days and deadlines, against the calendar of 2005-2035 and 3,000 pairs of days that another program counted."""

import csv
import json
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from shared.calendar import HOLIDAYS, add_months, add_working_days, deadline, is_working_day, working_days
from tests.shared_data import shared_file

ORACLE = "holidays/oracle_workdays_se.csv"


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_every_date_of_31_years_is_a_working_day_or_none_as_the_calendar_says() -> None:
    calendar = json.loads(shared_file("holidays/se_holidays_2005_2035.json").read_text())
    off = {day(each) for each in (*calendar["red_days"], *calendar["eves"])}
    first, last = date(2005, 1, 1), date(2035, 12, 31)
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    assert {each for each in every if each in HOLIDAYS} == off
    assert [each for each in every if is_working_day(each)] == [each for each in every if each.weekday() < 5 and each not in off]


def test_the_3000_pairs_of_the_oracle() -> None:
    with shared_file(ORACLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3000
    assert [row for row in rows if differing(row)] == []


def differing(row: Mapping[str, str]) -> bool:
    """Whether we count a pair otherwise than the oracle does."""
    start, end = day(row["from"]), day(row["to"])
    ours = (
        (end - start).days,
        working_days(start, end),
        -working_days(end, start),
        add_working_days(start, 10),
        deadline(start + timedelta(weeks=3)),
    )
    days, workdays = int(row["calendar_days"]), int(row["workdays_excl_red_days_and_eves"])
    after_ten, in_three_weeks = (day(row[name]) for name in ("from_plus_10_workdays_incl_eves_off", "legal_deadline_3_weeks_lag_1930_173"))
    return ours != (days, workdays, workdays, after_ten, in_three_weeks)


@pytest.mark.parametrize(
    ("start", "end", "calendar_days", "expected"),
    [
        ("2026-12-18", "2027-01-08", 21, 10),
        ("2026-06-18", "2026-06-22", 4, 1),
        ("2026-04-30", "2026-05-04", 4, 1),
        ("2026-05-13", "2026-05-18", 5, 2),
        ("2026-01-05", "2026-01-07", 2, 1),
        ("2026-12-23", "2026-12-28", 5, 1),
        ("2026-04-02", "2026-04-07", 5, 1),
        ("2026-04-02", "2026-04-02", 0, 0),
    ],
)
def test_the_start_is_left_out_and_the_end_counted_over_every_holiday(start: str, end: str, calendar_days: int, expected: int) -> None:
    assert (day(end) - day(start)).days == calendar_days
    assert working_days(day(start), day(end)) == expected
    assert working_days(day(end), day(start)) == -expected


@pytest.mark.parametrize(("year", "expected"), [(2025, 249), (2026, 251), (2027, 253)])
def test_a_year_has_so_many_working_days(year: int, expected: int) -> None:
    assert working_days(date(year - 1, 12, 31), date(year, 12, 31)) == expected


@pytest.mark.parametrize(
    ("start", "months", "same_number", "rolled"),
    [
        ("2026-08-31", 6, "2027-02-28", "2027-03-01"),
        ("2026-09-24", 3, "2026-12-24", "2026-12-28"),
        ("2026-06-06", 6, "2026-12-06", "2026-12-07"),
        ("2025-12-20", 6, "2026-06-20", "2026-06-22"),
        ("2026-01-15", 12, "2027-01-15", "2027-01-15"),
        ("2026-03-31", -1, "2026-02-28", "2026-03-02"),
        ("2026-01-31", -2, "2025-11-30", "2025-12-01"),
    ],
)
def test_a_threshold_keeps_its_day_and_only_an_act_that_is_due_moves_on(start: str, months: int, same_number: str, rolled: str) -> None:
    assert add_months(day(start), months) == day(same_number)
    assert deadline(add_months(day(start), months)) == day(rolled)


def test_the_first_working_day_after_or_before_a_day() -> None:
    assert add_working_days(day("2026-04-30"), 1) == day("2026-05-04")
    assert add_working_days(day("2026-05-04"), -1) == day("2026-04-30")
    assert add_working_days(day("2026-05-01"), 0) == day("2026-05-01")


@pytest.mark.parametrize("eve", ["2026-06-19", "2026-12-24", "2026-12-31"])
def test_the_three_eves_are_no_working_days_and_a_day_before_a_holiday_is(eve: str) -> None:
    assert not is_working_day(day(eve))
    assert is_working_day(day("2026-04-30"))
