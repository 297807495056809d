"""How a measure is shown: completed, still waiting, ended otherwise, the curve, and what was excluded. Always together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from services.leadtimes.domain.grouping import UNKNOWN, Grouping, group
from services.leadtimes.domain.measures import RULE_SET, Interval, Measure, Outcome
from services.leadtimes.domain.moments import ALWAYS, Limit, Moment, Period, both_instants, calendar_days, local_midnight, moment_of
from services.leadtimes.domain.support import Support
from services.leadtimes.domain.survival import AalenJohansen, KaplanMeier, Numbers, aalen_johansen, emptied, kaplan_meier
from services.leadtimes.domain.working_days import Calendar, working_days

CURVE_DAYS = (30, 90, 180, 365)
BUCKETS = (("0-30", 30), ("31-90", 90), ("91-180", 180), ("181-365", 365))
OLDEST_BUCKET = "over_365"
MONTHS = ("up_to_3_months", "up_to_6_months", "up_to_12_months", "over_12_months")
SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class WorkingDays:
    """The same completed waits in working days (arbetsdagar)."""

    mean: float | None
    median: float | None
    p75: float | None
    p90: float | None


@dataclass(frozen=True)
class Completed:
    """The waits that were completed, in calendar days, and beside them in working days; negative ones count as they are."""

    n: int
    mean: float | None
    median: float | None
    p75: float | None
    p90: float | None
    working_days: WorkingDays


@dataclass(frozen=True)
class StillWaiting:
    """The waits open at the as-of date, by age in calendar days; their median also in working days.

    `month_buckets`: of L22 the ages in months too, 90, 180 and 365 days long, as referrals counts blocked places; None of the others.
    """

    n: int
    median_so_far: float | None
    working_days_median_so_far: float | None
    buckets: dict[str, int]
    month_buckets: dict[str, int] | None = None


@dataclass(frozen=True)
class Point:
    """The share completed within so many days of the start, with its 95 % band where the estimate has one.

    `beyond_follow_up`: nobody was followed that long and some had not ended: the last share carried on, nothing to show people.
    `too_few_followed`: nor is there any share, for all who were followed from the start had ended by then, and those who came late
    (`known_from`) or wait still had not.
    """

    day: float
    share: float | None
    low: float | None
    high: float | None
    beyond_follow_up: bool = False
    too_few_followed: bool = False


@dataclass(frozen=True)
class Report:
    """One measure over many cases, with both of its dates and the version of its rules.

    `curve_median` is the day by which half of all who began have completed, None where that was not reached or too few were followed so
    long (`too_few_followed`); the median of `completed` leaves out who still waits, and is shorter. `flags`: how many waits have each,
    excluded ones too.
    """

    measure: Measure
    as_of: Limit
    known_at: Limit
    rule_set: int
    completed: Completed
    still_waiting: StillWaiting
    ended_otherwise: dict[str, int]
    curve: tuple[Point, ...]
    curve_median: float | None
    too_few_followed: bool
    excluded: dict[str, int]
    flags: dict[str, int]

    def document(self) -> dict[str, Any]:
        """The report as JSON's own types; ages in months only where they are counted."""
        return asdict(self) | {
            "as_of": self.as_of.isoformat(),
            "known_at": self.known_at.isoformat(),
            "still_waiting": {name: of for name, of in asdict(self.still_waiting).items() if name != "month_buckets" or of is not None},
            "curve": [asdict(point) for point in self.curve],
        }


@dataclass(frozen=True)
class Estimate:
    """The curve of waits, and the day from which it says nothing: all followed so far had ended, others not. None: it says all."""

    curve: KaplanMeier | AalenJohansen
    too_few_from: float | None

    def holds(self, day: float) -> bool:
        """Whether enough were followed so long that there is a share."""
        return self.too_few_from is None or day < self.too_few_from


def report(
    measure: Measure, intervals: Iterable[Interval], as_of: Limit, known_at: Limit, calendar: Calendar, period: Period = ALWAYS
) -> Report:
    """The measure over these intervals (those of other measures are left aside), which must hold under both limits.

    Completed and ended otherwise are those that ended in the period; who still waits, the curve and the rest are of all.

    Who ended before the day we know the case from is counted, but in no curve: it was never at risk in our sight.
    """
    waits = [interval for interval in intervals if interval.measure is measure]
    ended = [wait for wait in waits if period.has(wait.end)]
    done = [wait for wait in ended if wait.outcome is Outcome.COMPLETED]
    still_open = [wait for wait in waits if wait.outcome is Outcome.OPEN]
    open_ages = _days(still_open, as_of)
    estimate = _estimate(waits, as_of)
    buckets = _buckets(open_ages)
    return Report(
        measure=measure,
        as_of=as_of,
        known_at=known_at,
        rule_set=RULE_SET,
        completed=_completed(_days(done, as_of), _working_days(done, as_of, calendar)),
        still_waiting=StillWaiting(
            n=len(open_ages),
            median_so_far=quantile(open_ages, 0.5),
            working_days_median_so_far=quantile(_working_days(still_open, as_of, calendar), 0.5),
            buckets=buckets,
            month_buckets=_in_months(buckets) if measure is Measure.L22 else None,
        ),
        ended_otherwise=by_reason(ended, Outcome.ENDED_OTHERWISE),
        curve=_curve(estimate, some_wait=bool(len(open_ages))),
        curve_median=_median(estimate),
        too_few_followed=estimate is not None and estimate.too_few_from is not None,
        excluded=by_reason(waits, Outcome.EXCLUDED),
        flags=dict(sorted(Counter(flag.value for wait in waits for flag in wait.flags).items())),
    )


def document(
    measure: Measure,
    intervals: Iterable[Interval],
    as_of: Limit,
    known_at: Limit,
    calendar: Calendar,
    by: Grouping | None = None,
    period: Period = ALWAYS,
) -> dict[str, Any]:
    """The report as it is answered: the whole, and with `by` also its groups by name, each a whole report under its `group`."""
    waits = [interval for interval in intervals if interval.measure is measure]

    def of(some: Iterable[Interval]) -> dict[str, Any]:
        return report(measure, some, as_of, known_at, calendar, period).document() | period.document()

    if by is None:
        return of(waits)
    groups: dict[str, list[Interval]] = {}
    for interval in waits:
        groups.setdefault(group(by, interval), []).append(interval)
    return of(waits) | {"by": by.value, "groups": [{"group": name, **of(groups[name])} for name in sorted(groups)]}


def steps(measure: Measure, intervals: Iterable[Interval], as_of: Limit) -> tuple[Point, ...]:
    """Every step of the curve to draw: from nobody at day 0, each share from its day on.

    To the longest follow-up, or flat to the day from which too few were followed.
    """
    estimate = _estimate([interval for interval in intervals if interval.measure is measure], as_of)
    if estimate is None:
        return ()
    curve, end = estimate.curve, estimate.too_few_from
    days = sorted({*curve.times.tolist(), curve.follow_up})
    shown = (Point(0.0, 0.0, None, None), *(_point(curve, day, beyond=False) for day in days if estimate.holds(day)))
    return shown if end is None else (*shown, replace(shown[-1], day=end))


def _days(waits: Sequence[Interval], as_of: Limit) -> Numbers:
    """Calendar days of waits; of the open ones until as-of."""
    until = moment_of(as_of)
    return np.array([calendar_days(wait.start, wait.end or until) for wait in waits], dtype=np.float64)


def _working_days(waits: Sequence[Interval], as_of: Limit, calendar: Calendar) -> Numbers:
    """Working days of waits; of the open ones until as-of."""
    until = moment_of(as_of)
    return working_days([wait.start.day for wait in waits], [(wait.end or until).day for wait in waits], calendar)


def _completed(days: Numbers, working: Numbers) -> Completed:
    return Completed(len(days), *_distribution(days), WorkingDays(*_distribution(working)))


def _distribution(days: Numbers) -> tuple[float | None, float | None, float | None, float | None]:
    """Mean, median, p75 and p90."""
    mean = float(days.mean()) if len(days) else None
    return mean, quantile(days, 0.5), quantile(days, 0.75), quantile(days, 0.9)


def quantile(days: Numbers, share: float) -> float | None:
    """Of observed values, by linear interpolation (type 7)."""
    return float(np.quantile(days, share)) if len(days) else None


def _buckets(ages: Numbers) -> dict[str, int]:
    places = np.searchsorted([last for _, last in BUCKETS], ages, side="left")
    counts = np.bincount(places, minlength=len(BUCKETS) + 1).tolist()
    return dict(zip((*(name for name, _ in BUCKETS), OLDEST_BUCKET), counts, strict=True))


def _in_months(buckets: Mapping[str, int]) -> dict[str, int]:
    """The same ages by months (memo S1: over a year, half a year to a year ...)."""
    first, second, third, fourth, oldest = buckets.values()
    return dict(zip(MONTHS, (first + second, third, fourth, oldest), strict=True))


def by_reason(waits: Sequence[Interval | Support], outcome: Outcome) -> dict[str, int]:
    """How many ended so, for each reason."""
    return dict(sorted(Counter(wait.reason or UNKNOWN for wait in waits if wait.outcome is outcome).items()))


def _median(estimate: Estimate | None) -> float | None:
    median = estimate.curve.median() if estimate else None
    return median if estimate and median is not None and estimate.holds(median) else None


def _curve(estimate: Estimate | None, *, some_wait: bool) -> tuple[Point, ...]:
    """Where every wait has ended the curve is known for ever; while somebody waits, only as far as somebody was followed.

    Also where the estimate has reached its end: a longest wait that was completed says nothing of those who wait still.
    """
    if estimate is None:
        return tuple(Point(day, None, None, None, beyond_follow_up=True) for day in CURVE_DAYS)
    curve = estimate.curve
    return tuple(
        _point(curve, day, beyond=some_wait and day > curve.follow_up)
        if estimate.holds(day)
        else Point(day, None, None, None, beyond_follow_up=True, too_few_followed=True)
        for day in CURVE_DAYS
    )


def _point(curve: KaplanMeier | AalenJohansen, day: float, *, beyond: bool) -> Point:
    low, high = curve.band(day)
    match curve:
        case KaplanMeier():
            point = Point(day, 1 - curve.at(day), 1 - high, 1 - low, beyond)
        case AalenJohansen():
            point = Point(day, curve.at(day), low, high, beyond)
    # Before the first completion, and once all have completed, the estimate has no variance: a band of nothing would look certain.
    return point if point.share and point.share < 1 else replace(point, low=None, high=None)


def _estimate(waits: Sequence[Interval], as_of: Limit) -> Estimate | None:
    """Aalen-Johansen where a competing end occurs, Kaplan-Meier where none does; None where nobody was followed.

    A closing is never counted as still waiting. On whole days where any end is a day, else on exact time.
    """
    until = moment_of(as_of)
    counted = [wait for wait in waits if wait.outcome is not Outcome.EXCLUDED]
    exact = all(both_instants(wait.start, wait.end or until) for wait in counted)
    exits = np.array([max(_length(wait.start, wait.end or until, exact), 0.0) for wait in counted], dtype=np.float64)
    entries = np.array([_entry(wait, exact) for wait in counted], dtype=np.float64)
    completed = np.array([wait.outcome is Outcome.COMPLETED for wait in counted], dtype=np.bool_)
    otherwise = np.array([wait.outcome is Outcome.ENDED_OTHERWISE for wait in counted], dtype=np.bool_)
    seen = entries < exits
    if not seen.any():
        return None
    exits, entries, done, other = exits[seen], entries[seen], completed[seen], otherwise[seen]
    end = emptied(exits, done | other, entries)
    went_on = end is not None and (bool((entries >= end).any()) or not (completed | otherwise).all())
    curve = aalen_johansen(exits, done, other, entries) if other.any() else kaplan_meier(exits, done, entries)
    return Estimate(curve, end if went_on else None)


def _entry(wait: Interval, exact: bool) -> float:
    """Days from the start at which we began to see the wait: late where the case began before go-live, else from before its start."""
    if wait.known_from is None or wait.known_from <= wait.start.day:
        return -np.inf
    return _length(wait.start, Moment(local_midnight(wait.known_from)), exact)


def _length(start: Moment, end: Moment, exact: bool) -> float:
    return (end.time - start.time).total_seconds() / SECONDS_A_DAY if exact else float(calendar_days(start, end))
