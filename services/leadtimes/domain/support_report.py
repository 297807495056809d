"""L24 over many cases: who supports themselves and after how many months, beside who still receives support and who ended otherwise."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from services.leadtimes.domain.grouping import Grouping, group
from services.leadtimes.domain.measures import RULE_SET, Measure, Outcome
from services.leadtimes.domain.moments import ALWAYS, Limit, Period
from services.leadtimes.domain.report import by_reason, quantile
from services.leadtimes.domain.support import TARGET, Support
from services.leadtimes.domain.survival import Numbers


def support_document(
    every: Iterable[Support], as_of: Limit, known_at: Limit, by: Grouping | None = None, period: Period = ALWAYS
) -> dict[str, Any]:
    """The report as it is answered: the whole, and with `by` also its groups. Support that begins after the month of as-of is left out.

    Completed and ended otherwise are those whose case closed in the period.
    """
    begun = [each for each in every if each.months(as_of)]

    def of(some: Sequence[Support]) -> dict[str, Any]:
        return _report(some, as_of, known_at, period)

    if by is None:
        return of(begun)
    groups: dict[str, list[Support]] = {}
    for each in begun:
        groups.setdefault(group(by, each), []).append(each)
    return of(begun) | {"by": by.value, "groups": [{"group": name, **of(groups[name])} for name in sorted(groups)]}


def _report(begun: Sequence[Support], as_of: Limit, known_at: Limit, period: Period) -> dict[str, Any]:
    """Figures in calendar months up to as-of; shares of one, None of nobody."""
    ended = [each for each in begun if period.has(each.end)]
    done, still = _months(ended, Outcome.COMPLETED, as_of), _months(begun, Outcome.OPEN, as_of)
    within = int(np.count_nonzero(done <= TARGET))
    return {
        "measure": Measure.L24.value,
        "as_of": as_of.isoformat(),
        "known_at": known_at.isoformat(),
        "rule_set": RULE_SET,
        "completed": {
            "n": len(done),
            "mean": _mean(done),
            "median": quantile(done, 0.5),
            "target_met": within,
            "share_target_met": within / len(done) if len(done) else None,
        },
        "still_receiving": {
            "n": len(still),
            "mean_so_far": _mean(still),
            "median_so_far": quantile(still, 0.5),
            "over_target": int(np.count_nonzero(still > TARGET)),
        },
        "ended_otherwise": by_reason(ended, Outcome.ENDED_OTHERWISE),
        "excluded": by_reason(begun, Outcome.EXCLUDED),
        **period.document(),
    }


def _months(begun: Sequence[Support], outcome: Outcome, as_of: Limit) -> Numbers:
    return np.array([each.months(as_of) for each in begun if each.outcome is outcome], dtype=np.float64)


def _mean(months: Numbers) -> float | None:
    return float(months.mean()) if len(months) else None
