"""Working days of many waits at once are those of the calendar, counted one by one; also backwards."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.leadtimes.domain.working_days import working_days
from shared.calendar import working_days as one_by_one
from tests.unit.leadtimes.histories import CALENDAR

days = st.dates(date(2024, 12, 1), date(2027, 2, 1))


@given(st.lists(st.tuples(days, days), max_size=20))
def test_working_days_are_those_counted_one_by_one(pairs: list[tuple[date, date]]) -> None:
    starts, ends = [start for start, _ in pairs], [end for _, end in pairs]
    assert working_days(starts, ends, CALENDAR).tolist() == [one_by_one(start, end) for start, end in pairs]
