"""The waits of an imported log: from the first of one activity to the first of another after it, or still open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from services.leadtimes.domain.log import BEGINNING, MICROSECOND, NOTHING, Codes, LogColumns, microseconds
from services.leadtimes.domain.moments import LOCAL, local_midnight
from services.leadtimes.domain.survival import AalenJohansen, Flags, KaplanMeier, Numbers, aalen_johansen, kaplan_meier

AT = (1, 3, 7, 14, 30, 60, 90, 180, 365)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
AGES = (30, 90, 180, 365)
DAY_US = timedelta(days=1) // MICROSECOND
COMPLETED, STILL_OPEN = 0, -1
LAST_HOUR = datetime(9999, 12, 31, 22, tzinfo=UTC)
"""Later than that a local date may be beyond all dates."""


@dataclass(frozen=True)
class LogWaits:
    """The waits of a log as of one instant. `ended_by`: 0 completed, n the n-th competing end, -1 still waiting.

    `began` and `until` (as-of, for who still waits) are microseconds since 1970 in UTC; `places` are those of the events with which they
    began, in the log that was asked. All four tell of the same waits in the same order.
    """

    start: str
    end: str
    as_of: datetime
    began: Codes
    until: Codes
    ended_by: Codes
    places: Codes
    competing: tuple[str, ...] = ()

    @cached_property
    def days(self) -> Numbers:
        """How long each took, in exact days."""
        return np.asarray((self.until - self.began) / DAY_US, dtype=np.float64)

    @property
    def completed(self) -> Flags:
        """Who has reached the end."""
        return np.asarray(self.ended_by == COMPLETED)

    @property
    def still_open(self) -> Flags:
        """Who still waits."""
        return np.asarray(self.ended_by == STILL_OPEN)


def log_waits(log: LogColumns, start: str, end: str, as_of: datetime, competing: Sequence[str] = ()) -> LogWaits:
    """One wait for each case with the start by as-of, to the first end after it in the log's order: by time, then by row.

    A competing end that comes strictly before the end ends the wait otherwise; of several the first. The default of as-of is the log's
    last event, which is the asker's to find.
    """
    limit = microseconds(as_of)
    causes = np.full(len(log.activities), STILL_OPEN, dtype=np.int64)
    for number, activity in [*enumerate(competing, 1), (COMPLETED, end)]:
        if activity in log.activities:
            causes[log.number_of(activity)] = number
    happened = log.time <= limit
    began = log.firsts(np.flatnonzero(happened & (log.activity == log.number_of(start))))
    cause = np.where(happened, causes[log.activity], STILL_OPEN)
    ended = log.following(began, np.flatnonzero(cause != STILL_OPEN))
    completed = log.following(began, np.flatnonzero(cause == COMPLETED))
    there = ended != NOTHING
    ended_by = np.full(len(began), STILL_OPEN, dtype=np.int64)
    ended_by[there] = cause[ended[there]]
    at_once = completed != NOTHING
    at_once[at_once] = log.time[completed[at_once]] == log.time[ended[at_once]]
    ended_by[at_once] = COMPLETED  # ties go to the completion
    until = np.full(len(began), limit, dtype=np.int64)
    until[there] = log.time[ended[there]]
    return LogWaits(start, end, as_of, log.time[began], until, ended_by, began, tuple(competing))


def groups(waits: LogWaits, log: LogColumns, field: str) -> dict[str | None, LogWaits]:
    """The waits apart by what was known at the start of each, in the order of names; last, under None, those of which nothing was.

    What the start itself says counts, else the first that the case said at or before its time. What came later never does: who has it
    had to wait long enough to get it.
    """
    said, names = log.fields[field], log.names[field]
    known = log.firsts(np.flatnonzero(said != NOTHING))
    reached = np.searchsorted(log.case[known], log.case[waits.places])
    there = reached < len(known)
    there[there] = log.case[known[reached[there]]] == log.case[waits.places[there]]
    there[there] = log.time[known[reached[there]]] <= waits.began[there]
    of_wait = said[waits.places]
    earlier = there & (of_wait == NOTHING)
    of_wait[earlier] = said[known[reached[earlier]]]
    found = {None if number == NOTHING else names[number]: number for number in np.unique(of_wait).tolist()}
    return {name: _part(waits, of_wait == found[name]) for name in sorted(found, key=lambda name: (name is None, name))}


def _part(waits: LogWaits, kept: Flags) -> LogWaits:
    of = {name: getattr(waits, name)[kept] for name in ("began", "until", "ended_by", "places")}
    return replace(waits, **of)


def by_month(waits: LogWaits) -> list[dict[str, Any]]:
    """For each month (YYYY-MM, local date) from the first start to as-of: how many waits began, and how many were open at its end.

    The last month ends with as-of.
    """
    if not len(waits.began):
        return []
    first, last = (_month(at) for at in (BEGINNING + int(waits.began.min()) * MICROSECOND, waits.as_of))
    months = [(month // 12, month % 12 + 1) for month in range(first, last + 1)]
    midnights = [microseconds(local_midnight(date(year, month, 1))) for year, month in months[1:]]  # the first may be before all dates
    began, ended = (_counted(at, midnights) for at in (waits.began, waits.until[~waits.still_open]))
    counted = zip(months, began.tolist(), np.cumsum(began - ended).tolist(), strict=True)
    return [{"month": f"{year:04}-{month:02}", "began": n, "open_at_end": still_open} for (year, month), n, still_open in counted]


def _counted(at: Codes, midnights: Sequence[int]) -> Codes:
    """How many instants lie before, between and after midnights."""
    return np.bincount(np.searchsorted(midnights, at, side="right"), minlength=len(midnights) + 1)


def _month(at: datetime) -> int:
    local = min(at, LAST_HOUR).astimezone(LOCAL)
    return local.year * 12 + local.month - 1


def summary(waits: LogWaits, at: Sequence[float] = AT) -> dict[str, Any]:
    """The figures of a log's waits: JSON's own types, times in days, days as keys.

    S carries its last value on beyond `follow_up_days`, where rmst is left out; a quantile that was not reached is None.
    Without any wait S, its bands and rmst are empty. Where other ends compete S counts them as censored, which overstates the share
    that will complete: `competing` has the share that did, of all who began (`CIF_event1`) and when it was one half, beside the share
    of each other end.
    """
    curve = kaplan_meier(waits.days, waits.completed)
    done, still_open = waits.days[waits.completed], waits.days[waits.still_open]
    shown = at if len(waits.days) else ()
    return {
        "from": waits.start,
        "to": waits.end,
        "as_of": waits.as_of.astimezone(UTC).isoformat(),
        "at": list(at),
        "n": len(waits.days),
        "events": len(done),
        "censored": len(waits.days) - len(done),
        "follow_up_days": curve.follow_up,
        "naive_median_completed_only": _observed(done, 0.5),
        "km_median": curve.median(),
        "km_quantiles": {f"{share:g}": curve.quantile(share) for share in QUANTILES},
        "S": {_key(day): curve.at(day) for day in shown},
        "S_ci95_loglog": {_key(day): list(curve.band(day)) for day in shown},
        "rmst": {_key(day): mean for day in shown if (mean := curve.restricted_mean(day)) is not None},
        "open_wait_age_days": {
            "n": len(still_open),
            "median": _observed(still_open, 0.5),
            "p90": _observed(still_open, 0.9),
            **{f"ge{age}": int(np.count_nonzero(still_open >= age)) for age in AGES},
        },
        **({"competing": _competing(waits, shown)} if waits.competing else {}),
    }


def _competing(waits: LogWaits, at: Sequence[float]) -> dict[str, Any]:
    """Every end by its number, 1 the completion: its name, how many it ended, and its cumulative incidence with 95 % bands."""
    ends = {number: (name, incidence(waits, number - 1)) for number, name in enumerate((waits.end, *waits.competing), 1)}
    return {
        **{f"event{number}": name for number, (name, _) in ends.items()},
        **{f"n{number}": int(np.count_nonzero(waits.ended_by == number - 1)) for number in ends},
        "n_cens": int(np.count_nonzero(waits.still_open)),
        "median_event1": ends[1][1].median(),
        **{f"CIF_event{number}": {_key(day): curve.at(day) for day in at} for number, (_, curve) in ends.items()},
        **{f"CIF_ci95_event{number}": {_key(day): list(curve.band(day)) for day in at} for number, (_, curve) in ends.items()},
    }


def incidence(waits: LogWaits, cause: int) -> AalenJohansen:
    """The share ended by one cause (0: completed) of all who began to wait, the other ends taken for what they are."""
    this = np.asarray(waits.ended_by == cause)
    return aalen_johansen(waits.days, this, ~this & ~waits.still_open)


def survival_curve(waits: LogWaits) -> KaplanMeier:
    """The whole curve, to draw: `times`, `survival`, `low`, `high` step by step, `follow_up`."""
    return kaplan_meier(waits.days, waits.completed)


def _observed(days: Numbers, share: float) -> float | None:
    """A quantile of observed values, by linear interpolation (type 7)."""
    return float(np.quantile(days, share)) if len(days) else None


def _key(day: float) -> str:
    return str(int(day)) if day == int(day) else str(float(day))
