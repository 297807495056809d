"""GET /leadtimes/measures: each measure shown whole, as of and known at the two dates asked for."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.leadtimes import handlers
from services.leadtimes.api.limits import DayText, LimitText
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.measures import Measure
from services.leadtimes.domain.moments import ALWAYS, Limit, Period
from services.leadtimes.domain.report import document
from services.leadtimes.domain.support_report import support_document
from services.leadtimes.handlers import Known
from shared.auth import caller
from shared.clock import Clock
from shared.postgres import Database
from shared.problems import Problem

AsOf = Annotated[LimitText | None, Query(description="What had happened by then counts; now when left out")]
KnownAt = Annotated[LimitText | None, Query(description="What was recorded by then counts; now when left out")]
From = Annotated[DayText | None, Query(alias="from", description="Completed and ended otherwise: only what ended on this day or later")]
Until = Annotated[DayText | None, Query(description="... and on this day or earlier; who still waits and the curve are of all")]
By = Annotated[
    Grouping | None,
    Query(description="Also the same for each group: by what was known when the wait began, the hindrance at the first decision"),
]


def period_asked(first: From = None, until: Until = None) -> Period:
    """The days in which what is counted as ended has ended. Raises Problem("request_invalid") where the first is after the last."""
    if first and until and until < first:
        raise Problem("request_invalid", errors=[{"in": "query", "pointer": "/until", "kind": "before_from"}])
    return Period(first, until)


Ended = Annotated[Period, Depends(period_asked)]


class WorkingDays(BaseModel):
    """The waits that were completed, in working days: Monday to Friday, no holiday, not Midsummer, Christmas or New Year's Eve."""

    mean: float | None
    median: float | None
    p75: float | None
    p90: float | None


class Completed(BaseModel):
    """The waits that were completed, in calendar days, and beside them in working days."""

    n: int
    mean: float | None
    median: float | None
    p75: float | None
    p90: float | None
    working_days: WorkingDays


class StillWaiting(BaseModel):
    """Who still waits, by age in calendar days; `working_days_median_so_far` is the median in working days.

    `month_buckets`, of L22 alone: the ages of those ready for the next step as those of blocked places are told, in months.
    """

    n: int
    median_so_far: float | None
    working_days_median_so_far: float | None
    buckets: dict[str, int]
    month_buckets: dict[str, int] | None = None


class Point(BaseModel):
    """The share completed within so many days of the start, with its 95 % band where there is one.

    `beyond_follow_up`: nobody was followed so long, not to be shown. `too_few_followed`: no share, for all who were followed from the
    start had ended by then, and those who came late or wait still had not.
    """

    day: int | float
    share: float | None
    low: float | None
    high: float | None
    beyond_follow_up: bool
    too_few_followed: bool


class Figures(BaseModel):
    """One measure, always all of it together. `curve_median`: days until half of all were completed, those who wait counted; or never.

    `too_few_followed`: of those followed from the start nobody was left from some day on, though others wait still: no share from there.
    `flags`: how many of all waits have each flag of data quality, excluded ones too. `from`, `until`: the days asked for, in which those
    counted as completed or ended otherwise have ended.
    """

    measure: Measure
    as_of: str
    known_at: str
    rule_set: int
    completed: Completed
    still_waiting: StillWaiting
    ended_otherwise: dict[str, int]
    curve: list[Point]
    curve_median: float | None
    too_few_followed: bool
    excluded: dict[str, int]
    flags: dict[str, int]
    first: str | None = Field(default=None, alias="from")
    until: str | None = None


class GroupFigures(Figures):
    """The same of one group."""

    group: str


class MeasureShown(Figures):
    """One measure over every case. `incomplete`: how many cases miss an event that a later one says must exist."""

    by: Grouping | None = None
    groups: list[GroupFigures] | None = None
    incomplete: int


class SupportCompleted(BaseModel):
    """Who came to support themselves by work or studies, in calendar months of support. `target_met`: after at most six."""

    n: int
    mean: float | None
    median: float | None
    target_met: int
    share_target_met: float | None


class StillReceiving(BaseModel):
    """Whose case is open: calendar months of support so far, and how many have had more than six."""

    n: int
    mean_so_far: float | None
    median_so_far: float | None
    over_target: int


class SupportFigures(BaseModel):
    """L24: calendar months touched by granted or partly granted support, up to the month of as-of; not elapsed days."""

    measure: Literal[Measure.L24]
    as_of: str
    known_at: str
    rule_set: int
    completed: SupportCompleted
    still_receiving: StillReceiving
    ended_otherwise: dict[str, int]
    excluded: dict[str, int]
    first: str | None = Field(default=None, alias="from")
    until: str | None = None


class SupportGroup(SupportFigures):
    """The same of one group."""

    group: str


class SupportShown(SupportFigures):
    """L24 over every case with support. `incomplete`: how many cases miss an event that a later one says must exist."""

    by: Grouping | None = None
    groups: list[SupportGroup] | None = None
    incomplete: int


class MeasuresShown(BaseModel):
    """Every measure."""

    measures: list[MeasureShown | SupportShown]


def routes(db: Database, clock: Clock) -> APIRouter:
    """The routes of the measures."""
    router = APIRouter(tags=["measures"], dependencies=[Depends(caller("leadtimes-reader", "operator"))])

    async def known(as_of: Limit | None, known_at: Limit | None) -> tuple[Limit, Limit, Known]:
        now = await clock.now()
        limits = as_of or now, known_at or now
        return *limits, await handlers.known(db, *limits)

    @router.get("/measures", summary="Every measure", response_model=MeasuresShown, response_model_exclude_unset=True)
    async def every_measure(period: Ended, by: By = None, as_of: AsOf = None, known_at: KnownAt = None) -> dict[str, Any]:
        asked = await known(as_of, known_at)
        return {"measures": [figures_of(measure, *asked, by, period) for measure in Measure]}

    @router.get("/measures/{code}", summary="One measure", response_model=MeasureShown | SupportShown, response_model_exclude_unset=True)
    async def one_measure(code: Measure, period: Ended, by: By = None, as_of: AsOf = None, known_at: KnownAt = None) -> dict[str, Any]:
        return figures_of(code, *await known(as_of, known_at), by, period)

    return router


def figures_of(
    measure: Measure, as_of: Limit, known_at: Limit, known: Known, by: Grouping | None = None, period: Period = ALWAYS
) -> dict[str, Any]:
    """A measure as it is answered."""
    if measure is Measure.L24:
        figures = support_document(known.support, as_of, known_at, by, period)
    else:
        figures = document(measure, known.intervals, as_of, known_at, handlers.CALENDAR, by, period)
    return figures | {"incomplete": known.incomplete}
