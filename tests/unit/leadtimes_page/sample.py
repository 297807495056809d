"""Figures to put on a page: reports of a few waits, and the waits of a small log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from services.leadtimes.api.curves import curve_of
from services.leadtimes.api.drawing import Point
from services.leadtimes.api.measures import figures_of
from services.leadtimes.api.passage import responsibility_of, where_of
from services.leadtimes.api.render import Address, Measures, Waits, render_measures, render_waits
from services.leadtimes.api.words import Language
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.log import MICROSECOND, microseconds
from services.leadtimes.domain.measures import Interval, Measure, Outcome
from services.leadtimes.domain.moments import Limit, Moment, Precision, local_midnight
from services.leadtimes.domain.passage_report import Case
from services.leadtimes.domain.report import steps
from services.leadtimes.domain.support import Support
from services.leadtimes.domain.waits import COMPLETED, STILL_OPEN, LogWaits, by_month, summary
from services.leadtimes.handlers import Known

AS_OF = date(2026, 3, 31)
KNOWN_AT = datetime(2026, 4, 1, 8, 15, tzinfo=UTC)


def wait(days: int, outcome: Outcome, reason: str | None = None) -> Interval:
    """A wait for a decision of so many days; an open one so many days before as-of."""
    ends = AS_OF if outcome is Outcome.OPEN else AS_OF - timedelta(days=3)
    start, end = (Moment(local_midnight(day), Precision.DAY) for day in (ends - timedelta(days=days), ends))
    closed = outcome in (Outcome.COMPLETED, Outcome.ENDED_OTHERWISE)
    return Interval(Measure.L04, None, start, end if closed else None, outcome, reason, "phone", None, None, None, ())


def support(since: str, outcome: Outcome, reason: str | None = None) -> Support:
    """Support in every month from one (YYYY-MM) to that of as-of."""
    first = date.fromisoformat(f"{since}-01")
    start = Moment(local_midnight(first), Precision.DAY)
    end = Moment(local_midnight(AS_OF), Precision.DAY) if outcome in (Outcome.COMPLETED, Outcome.ENDED_OTHERWISE) else None
    return Support(((first, AS_OF.replace(day=1)),), start, outcome, reason, "phone", None, None, end)


def six() -> list[Interval]:
    """The oracle of the rule set: 10, 20+, 30, 40+, 50, 60+."""
    return [wait(days, Outcome.OPEN if days % 20 == 0 else Outcome.COMPLETED) for days in (10, 20, 30, 40, 50, 60)]


def measures_page(
    waits: list[Interval],
    language: Language = Language.ENGLISH,
    shown: str = "L04",
    support: Sequence[Support] = (),
    by: Grouping = Grouping.HINDRANCE,
    cases: Sequence[Case] = (),
    as_of: Limit = AS_OF,
    asked: Mapping[str, str] | None = None,
    **changed: Any,
) -> str:
    """The page with one measure shown in full, the wait for a decision if no other is asked for."""
    of_cases = Known((), (), tuple(cases), 0), as_of, KNOWN_AT
    of_waits = as_of, KNOWN_AT, Known(tuple(waits), tuple(support), (), 0)
    measures = Measures(
        headline=figures_of(Measure.L20, *of_waits, Grouping.HINDRANCE),
        reports={each.value: figures_of(each, *of_waits, by if each.value == shown else None) for each in Measure},
        shown=shown,
        steps=[Point(step.day, step.share or 0.0, step.low, step.high) for step in steps(Measure(shown), waits, as_of)],
        **({"incomplete": 0, "logs": {}, "where": where_of(*of_cases), "responsibility": responsibility_of(*of_cases)} | changed),
    )
    return render_measures(measures, language, Address("/leadtimes/", {"lang": language, "as_of": "2026-03-31"} | dict(asked or {})))


def log_waits(days: list[float], still_open: list[float], otherwise: Sequence[float] = ()) -> LogWaits:
    """Waits of a log, in days; some of them ended otherwise, by a withdrawal."""
    every = [*days, *still_open, *otherwise]
    until = np.full(len(every), microseconds(KNOWN_AT), dtype=np.int64)
    ended_by = np.array([COMPLETED] * len(days) + [STILL_OPEN] * len(still_open) + [1] * len(otherwise), dtype=np.int64)
    competing = ("Withdrawn",) if otherwise else ()
    began = until - np.array([timedelta(days=each) // MICROSECOND for each in every], dtype=np.int64)
    return LogWaits("Received", "Confirmed", KNOWN_AT, began, until, ended_by, np.arange(len(every)), competing)


def waits_page(waits: LogWaits, language: Language = Language.ENGLISH) -> str:
    """The page of a log's waits."""
    figures = summary(waits)
    shown = Waits("small", figures, curve_of(waits, figures), by_month(waits), as_of_asked=False)
    return render_waits(shown, language, Address("/leadtimes/logs/small/page"))
