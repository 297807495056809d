"""The waits of an imported log: from the first of one activity to the first of another after it, or still open."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np

from services.leadtimes.domain.survival import Flags, KaplanMeier, Numbers, kaplan_meier

AT = (1, 3, 7, 14, 30, 60, 90, 180, 365)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
AGES = (30, 90, 180, 365)
DAY = timedelta(days=1)

LogRow: TypeAlias = tuple[Hashable, str, datetime, int]
"""Case, activity, time, row in the log."""


@dataclass(frozen=True)
class LogWaits:
    """The waits of a log as of one instant, in exact days; who has not completed still waits."""

    start: str
    end: str
    as_of: datetime
    days: Numbers
    completed: Flags


def log_waits(rows: Iterable[LogRow], start: str, end: str, as_of: datetime) -> LogWaits:
    """One wait for each case with the start by as-of, to the first end after it in the log's order: by time, then by row.

    Rows of other activities may be left out. The default of as-of is the log's last event, which is the asker's to find.
    """
    began: dict[Hashable, datetime] = {}
    ended: dict[Hashable, datetime] = {}
    for case, activity, time, _ in sorted(rows, key=lambda row: (row[2], row[3])):
        if time > as_of:
            break
        if activity == start and case not in began:
            began[case] = time
        elif activity == end and case in began:
            ended.setdefault(case, time)
    days = np.array([(ended.get(case, as_of) - since) / DAY for case, since in began.items()], dtype=np.float64)
    return LogWaits(start, end, as_of, days, np.array([case in ended for case in began], dtype=np.bool_))


def summary(waits: LogWaits, at: Sequence[float] = AT) -> dict[str, Any]:
    """The figures of a log's waits: JSON's own types, times in days, days as keys.

    S carries its last value on beyond `follow_up_days`, where rmst is left out; a quantile that was not reached is None.
    Without any wait S, its bands and rmst are empty.
    """
    curve = kaplan_meier(waits.days, waits.completed)
    done, still_open = waits.days[waits.completed], waits.days[~waits.completed]
    shown = at if len(waits.days) else ()
    return {
        "from": waits.start,
        "to": waits.end,
        "as_of": waits.as_of.astimezone(UTC).isoformat(),
        "at": list(at),
        "n": len(waits.days),
        "events": len(done),
        "censored": len(still_open),
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
    }


def survival_curve(waits: LogWaits) -> KaplanMeier:
    """The whole curve, to draw: `times`, `survival`, `low`, `high` step by step, `follow_up`."""
    return kaplan_meier(waits.days, waits.completed)


def _observed(days: Numbers, share: float) -> float | None:
    """A quantile of observed values, by linear interpolation (type 7)."""
    return float(np.quantile(days, share)) if len(days) else None


def _key(day: float) -> str:
    return str(int(day)) if day == int(day) else str(float(day))
