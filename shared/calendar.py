"""Swedish working days (arbetsdagar), and the days on which lag (1930:173) lets a time run out. Every day is a local date."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from holidays import country_holidays

HOLIDAYS: Final = frozenset(country_holidays("SE", categories=("public", "de_facto"), years=range(1953, 2101)))
"""The holidays of lag (1989:253), Midsummer Eve, Christmas Eve and New Year's Eve, as the library `holidays` has them.

It knows 1953 to 2100: outside these years only Saturdays and Sundays are no working days.
"""

SATURDAY: Final = 5
ONE_DAY: Final = timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Monday to Friday, no holiday and none of the three eves; the day before a holiday is one."""
    return day.weekday() < SATURDAY and day not in HOLIDAYS


def working_days(start: date, end: date) -> int:
    """Working days from a day, itself left out, to a day, itself counted; to an earlier one minus those of the reverse."""
    if end < start:
        return -working_days(end, start)
    return sum(is_working_day(start + number * ONE_DAY) for number in range(1, (end - start).days + 1))


def add_working_days(day: date, n: int) -> date:
    """The n-th working day after a day, before it where n is negative; with 0 the day itself, whatever it is."""
    step = ONE_DAY if n > 0 else -ONE_DAY
    for _ in range(abs(n)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def add_months(day: date, n: int) -> date:
    """The same day number so many months later, or the last of that month where it is shorter (1 §). For thresholds: it does not roll."""
    years, month = divmod(day.month - 1 + n, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def deadline(day: date) -> date:
    """The day by which an act is due (2 §): from a Saturday, Sunday, holiday or one of the three eves on to the next working day."""
    return day if is_working_day(day) else add_working_days(day, 1)
