"""The waits of an imported log: from the first of one activity to the first of another after it, or still open."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.leadtimes.domain.moments import LOCAL
from services.leadtimes.domain.survival import AalenJohansen, Flags, KaplanMeier, Numbers, aalen_johansen, kaplan_meier

AT = (1, 3, 7, 14, 30, 60, 90, 180, 365)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
AGES = (30, 90, 180, 365)
DAY = timedelta(days=1)
COMPLETED, STILL_OPEN = 0, -1
Causes = NDArray[np.int64]

LogRow: TypeAlias = tuple[Hashable, str, datetime, int]
"""Case, activity, time, row in the log."""
LogValue: TypeAlias = tuple[Hashable, str, datetime, int]
"""Case, what an event of it says of a field, time, row in the log."""
Start: TypeAlias = tuple[Hashable, datetime, int]
"""Case, time and row of the event with which a wait begins."""


class LogField(StrEnum):
    """What waits can be told apart by."""

    ORGANISATION = "organisation"


@dataclass(frozen=True)
class LogWaits:
    """The waits of a log as of one instant, in exact days. `ended_by`: 0 completed, n the n-th competing end, -1 still waiting.

    `starts`, `days` and `ended_by` tell of the same waits in the same order.
    """

    start: str
    end: str
    as_of: datetime
    days: Numbers
    ended_by: Causes
    competing: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()

    @property
    def completed(self) -> Flags:
        """Who has reached the end."""
        return np.asarray(self.ended_by == COMPLETED)

    @property
    def still_open(self) -> Flags:
        """Who still waits."""
        return np.asarray(self.ended_by == STILL_OPEN)


def log_waits(rows: Iterable[LogRow], start: str, end: str, as_of: datetime, competing: Sequence[str] = ()) -> LogWaits:
    """One wait for each case with the start by as-of, to the first end after it in the log's order: by time, then by row.

    A competing end that comes strictly before the end ends the wait otherwise; of several the first. Rows of other activities may be
    left out. The default of as-of is the log's last event, which is the asker's to find.
    """
    causes = {activity: number for number, activity in enumerate(competing, 1)} | {end: COMPLETED}
    began: dict[Hashable, Start] = {}
    ended: dict[Hashable, tuple[datetime, int]] = {}
    for case, activity, time, row in sorted(rows, key=lambda each: (each[2], each[3])):
        if time > as_of:
            break
        if activity == start and case not in began:
            began[case] = case, time, row
        elif activity in causes and case in began:
            first = ended.setdefault(case, (time, causes[activity]))
            if activity == end and first[0] == time:  # ties go to the completion
                ended[case] = time, COMPLETED
    days = np.array([(ended.get(case, (as_of, 0))[0] - since) / DAY for case, since, _ in began.values()], dtype=np.float64)
    ended_by = np.array([ended.get(case, (as_of, STILL_OPEN))[1] for case in began], dtype=np.int64)
    return LogWaits(start, end, as_of, days, ended_by, tuple(competing), tuple(began.values()))


def groups(waits: LogWaits, values: Iterable[LogValue]) -> dict[str | None, LogWaits]:
    """The waits apart by what was known at the start of each, in the order of names; last, under None, those of which nothing was.

    What the start itself says counts, else the first value of the case at or before its time. A later one never does: who has it had
    to wait long enough to get it.
    """
    starts = {case: (time, row) for case, time, row in waits.starts}
    first: dict[Hashable, tuple[bool, datetime, int, str]] = {}
    for case, value, time, row in values:
        if case in starts and time <= starts[case][0]:
            found = ((time, row) != starts[case], time, row, value)
            first[case] = min(first.get(case, found), found)
    places: dict[str | None, list[int]] = {}
    for place, (case, _, _) in enumerate(waits.starts):
        places.setdefault(first[case][-1] if case in first else None, []).append(place)
    return {name: _part(waits, places[name]) for name in sorted(places, key=lambda name: (name is None, name))}


def _part(waits: LogWaits, places: Sequence[int]) -> LogWaits:
    starts = tuple(waits.starts[place] for place in places)
    return replace(waits, days=waits.days[places], ended_by=waits.ended_by[places], starts=starts)


def by_month(waits: LogWaits) -> list[dict[str, Any]]:
    """For each month (YYYY-MM, local date) from the first start to as-of: how many waits began, and how many were open at its end.

    The last month ends with as-of.
    """
    if not waits.starts:
        return []
    ends = zip(waits.starts, waits.days.tolist(), waits.still_open.tolist(), strict=True)
    began = Counter(_month(time) for _, time, _ in waits.starts)
    ended = Counter(_month(time + timedelta(days=days)) for (_, time, _), days, still_open in ends if not still_open)
    months, waiting = [], 0
    for month in range(min(began), _month(waits.as_of) + 1):
        waiting += began[month] - ended[month]
        months.append({"month": f"{month // 12:04}-{month % 12 + 1:02}", "began": began[month], "open_at_end": waiting})
    return months


def _month(at: datetime) -> int:
    local = at.astimezone(LOCAL)
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
