"""Questions to an imported log as a process miner asks them: what follows what and how long it takes. Apart from the clocks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.leadtimes.domain.log import NOTHING, Codes, LogColumns, runs

Seconds = NDArray[np.float64]

MICROSECONDS = 1_000_000
DAY_S = 86_400
GAPS = (7, 30, 90, 180, 365)
QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}


ARROW = " -> "
ORGANISATION = "organisation"


@dataclass(frozen=True)
class Flow:
    """How often one activity is followed directly by another, and how long after (`median` in seconds)."""

    before: str
    after: str
    n: int
    median: float
    p90: float


def log_stats(log: LogColumns, milestones: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """The figures of a log: JSON's own types, times in seconds, months in UTC.

    Quantiles interpolate linearly (type 7); `p90_nearest_rank` does not. `milestones`: pairs of activities, from the first of one to the
    first of the other after it. A log without events has none of these figures: it is not asked.
    """
    case, activity, time = log.case, log.activity, log.time
    first = runs(case)
    last = np.concatenate((first[1:], [True]))
    follows = np.flatnonzero(~first)
    gap = _seconds(time[follows] - time[follows - 1])
    before, after = activity[follows - 1], activity[follows]
    begins = np.flatnonzero(first)
    pairs = _by_pair(before, after, gap, log.activities)
    events = np.diff(np.concatenate((begins, [len(case)])))
    return {
        "cases": int(first.sum()),
        "events": len(case),
        "activities": len(np.unique(activity)),
        "first_event": _instant(time.min()),
        "last_event": _instant(time.max()),
        "events_per_case": _spread(events.astype(np.float64)),
        "tied_consecutive_pairs": int((gap == 0).sum()),
        "activity_counts": _counts(activity, log.activities),
        "activity_case_counts": _counts(_once_a_case(case, activity, len(log.activities)), log.activities),
        "mean_place": _mean_places(activity, np.arange(len(case)) - np.repeat(begins, events), log.activities),
        "start_activities": _counts(activity[first], log.activities),
        "end_activities": _counts(activity[last], log.activities),
        "variants": _variants(activity, begins),
        "throughput_s": _spread(_seconds(time[last] - time[first])),
        "cases_started_per_month": _months(time[first]),
        "dfg": {pair: len(gaps) for pair, gaps in pairs},
        "transitions_s": {pair: _spread(gaps) for pair, gaps in pairs},
        "gaps_ge_days": {str(days): int((gap >= days * DAY_S).sum()) for days in GAPS},
        "cases_with_gap_ge_days": {str(days): len(np.unique(case[follows][gap >= days * DAY_S])) for days in GAPS},
        **_handover(log, follows, gap),
        "milestones_first_to_first": {f"{start} => {end}": _milestone(log, start, end) for start, end in milestones},
    }


def flows(stats: Mapping[str, Any]) -> list[Flow]:
    """Each transition of a log's figures with its two activities apart, the most frequent first."""
    found = []
    for pair, spread in stats["transitions_s"].items():
        before, after = _ends(pair, stats["activity_counts"])
        found.append(Flow(before, after, spread["n"], spread["median"], spread["p90"]))
    return sorted(found, key=lambda flow: (-flow.n, flow.before, flow.after))


def _ends(pair: str, activities: Mapping[str, int]) -> tuple[str, str]:
    """The two activities of a transition; a name may hold an arrow itself."""
    parts = pair.split(ARROW)
    cuts = ((ARROW.join(parts[:cut]), ARROW.join(parts[cut:])) for cut in range(1, len(parts)))
    return next((before, after) for before, after in cuts if before in activities and after in activities)


def _mean_places(activity: Codes, places: Codes, names: Sequence[str]) -> dict[str, float]:
    """At which place of its case, from 0, each activity stands on average."""
    times = np.bincount(activity, minlength=len(names))
    sums = np.bincount(activity, weights=places, minlength=len(names))
    return {name: float(sums[code] / times[code]) for name, code in sorted((name, code) for code, name in enumerate(names)) if times[code]}


def _once_a_case(case: Codes, activity: Codes, activities: int) -> Codes:
    """The activities of each case, however often it has them once."""
    codes = np.sort(case.astype(np.int64) * activities + activity)
    return codes[runs(codes)] % activities


def _seconds(microseconds: Codes) -> Seconds:
    return np.asarray(microseconds / MICROSECONDS, dtype=np.float64)


def _spread(seconds: Seconds) -> dict[str, float | int]:
    """n, mean, quantiles and ends; nothing but n of nothing."""
    if not len(seconds):
        return {"n": 0}
    ordered = np.sort(seconds)
    quantiles = np.quantile(ordered, list(QUANTILES.values()))
    return {
        "n": len(ordered),
        "mean": float(ordered.mean()),
        **dict(zip(QUANTILES, quantiles.tolist(), strict=True)),
        "p90_nearest_rank": float(ordered[max(int(np.ceil(0.9 * len(ordered))) - 1, 0)]),
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
    }


def _counts(codes: Codes, names: Sequence[str]) -> dict[str, int]:
    found, times = np.unique(codes, return_counts=True)
    return dict(sorted(((names[code], int(n)) for code, n in zip(found, times, strict=True)), key=lambda each: each[0]))


def _variants(activity: Codes, starts: Codes) -> int:
    """How many different sequences of activities cases have."""
    ends = [*starts[1:].tolist(), len(activity)]
    return len({activity[start:end].tobytes() for start, end in zip(starts.tolist(), ends, strict=True)})


def _months(times: Codes) -> dict[str, int]:
    months, n = np.unique(times.view("datetime64[us]").astype("datetime64[M]"), return_counts=True)
    return {str(month): int(times) for month, times in zip(months, n, strict=True)}


def _by_pair(before: Codes, after: Codes, gap: Seconds, names: Sequence[str]) -> list[tuple[str, Seconds]]:
    """The gaps of each pair of consecutive codes, by the pair's names."""
    pairs = (before.astype(np.int64) * len(names) + after).astype(np.min_scalar_type(len(names) ** 2))  # 16 bits are sorted in one pass
    order = np.argsort(pairs, kind="stable")
    begins = np.flatnonzero(runs(pairs[order]))
    found = pairs[order[begins]].tolist()
    split = np.split(gap[order], begins[1:]) if found else []
    named = ((f"{names[pair // len(names)]}{ARROW}{names[pair % len(names)]}", gaps) for pair, gaps in zip(found, split, strict=True))
    return sorted(named, key=lambda each: each[0])


def _handover(log: LogColumns, follows: Codes, gap: Seconds) -> dict[str, Any]:
    """Between which organisations a case goes from one event to the next, where both are known."""
    said, names = log.fields.get(ORGANISATION, np.full_like(log.case, NOTHING)), log.names.get(ORGANISATION, ())
    before, after = said[follows - 1], said[follows]
    known = (before != NOTHING) & (after != NOTHING)
    other = known & (before != after)
    between = _by_pair(before[other], after[other], gap[other], names)
    return {
        "org_handover": {pair: _spread(gaps) for pair, gaps in between},
        "same_org_s": _spread(gap[known & ~other]),
        "other_org_s": _spread(gap[other]),
    }


def _milestone(log: LogColumns, start: str, end: str) -> dict[str, Any]:
    """In each case from the first start to the first end after it, in the order of its events."""
    begun = log.firsts(log.places_of(start))
    ended = log.following(begun, log.places_of(end))
    there = ended != NOTHING
    waits = _seconds(log.time[ended[there]] - log.time[begun[there]])
    n, through = len(begun), len(waits)
    return {"cases_with_A": n, "reached_B": through, "not_reached": n - through, "wait_s": _spread(waits)}


def _instant(microseconds: Any) -> str:
    return datetime.fromtimestamp(int(microseconds) / MICROSECONDS, UTC).isoformat()
