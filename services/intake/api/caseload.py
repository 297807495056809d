"""The routes of the caseload: who handles which case, and for managers how many cases there are and what became of the new ones."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from contracts.codes import UnitCode
from services.intake.api.answers import CASE_ID
from services.intake.api.desk import CaseId, House, SeesProtected, refusals, staff
from services.intake.domain import arrivals as flow
from services.intake.domain.arrivals import Became, LittlesLaw, Week
from services.intake.domain.caseload import Bucket, CaseType, Experience, Handling, Load, UnitLoad, Worker
from services.intake.domain.facts import CloseReason
from services.intake.handlers import caseload as handlers
from shared.auth import Caller, caller
from shared.clock import LOCAL
from shared.context import begin
from shared.http import StrictModel
from shared.problems import Problem
from shared.telemetry import step

WORKER = "3f0c9a52-6b1d-4e8f-a7c4-0d2b5e9f8a61"
USUAL_WEEKS, MOST_WEEKS = 12, 104
manager = caller("intake-manager")
router = APIRouter()
WorkerRef = Annotated[UUID, Path(examples=[WORKER], description="a random reference that staff's own system made; never a name or a login")]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class WorkerSent(StrictModel):
    """Handläggare: the unit, how experienced, and whether away, but never why."""

    model_config = _example(unit="basgruppen", experience="experienced", away=False)

    unit: UnitCode
    experience: Experience
    away: bool = False


class WorkerShown(BaseModel):
    """A worker as they are registered now."""

    model_config = _example(worker_ref=WORKER, unit="basgruppen", experience="experienced", away=False)

    worker_ref: UUID
    unit: str
    experience: Experience
    away: bool


class WorkerGone(BaseModel):
    """Nobody is registered under this reference any more."""

    model_config = _example(worker_ref=WORKER)

    worker_ref: UUID


class HandlingSent(StrictModel):
    """Who has a case, and of which type it is. What is left out is taken away: nobody has it, and it is one of income support."""

    model_config = _example(case_type="income_support")

    worker_ref: Annotated[UUID | None, Field(description="of a registered worker; none: nobody has the case")] = None
    case_type: CaseType = CaseType.INCOME_SUPPORT


class HandlingShown(BaseModel):
    """Who has the case now. `worker_ref` is null of somebody protected, whatever was sent: a worker tells the unit."""

    model_config = _example(case_id=CASE_ID, worker_ref=WORKER, case_type="income_support", counts_in_caseload=True)

    case_id: UUID
    worker_ref: UUID | None
    case_type: CaseType
    counts_in_caseload: bool


class LoadShown(BaseModel):
    """Open cases that count, also by adult and household; those that do not, by type; `even`: for each present worker if spread evenly."""

    cases: int
    adults: int
    households: int
    not_counted: dict[CaseType, int]
    workers: int
    away: int
    even: float | None


class BucketShown(BaseModel):
    """The workers of one experience: `each` is what one of them who is present has, as it is."""

    experience: Experience
    workers: int
    away: int
    cases: int
    each: float | None


class UnitLoadShown(LoadShown):
    """The load of a unit; `unit` null: cases of none. `gini`: 0 all present workers have as many, towards 1 one has all.

    Null or empty where fewer than three present workers stand behind a figure about workers.
    """

    unit: str | None
    without_worker: int | None
    gini: float | None
    by_experience: list[BucketShown]


LOAD: dict[str, Any] = {
    **{"cases": 564, "adults": 560, "households": 490, "not_counted": {"fund_administration": 12}},
    **{"workers": 11, "away": 1, "even": 56.4},
}


class CaseloadShown(BaseModel):
    """The caseload now: the whole, and each unit. A household that two units know is one in the whole."""

    model_config = _example(
        as_of="2026-02-01T11:00:00+01:00",
        total=LOAD,
        units=[
            {
                **LOAD,
                **{"unit": "basgruppen", "without_worker": 0, "gini": 0.18},
                "by_experience": [
                    {"experience": "new", "workers": 6, "away": 0, "cases": 240, "each": 40.0},
                    {"experience": "experienced", "workers": 5, "away": 1, "cases": 324, "each": 81.0},
                ],
            }
        ],
    )

    as_of: datetime
    total: LoadShown
    units: list[UnitLoadShown]


class WeekShown(BaseModel):
    """The cases opened in an ISO week; `became`: what became of them by now, which adds up to `arrivals`; `closed_otherwise`: why.

    `applied`: how many of them applied at all. `applications`: all received in the week, of older cases too. `open_at_end`: all open then.
    """

    week: str
    first_day: date
    last_day: date
    is_complete: bool
    arrivals: int
    adults: int
    households: int
    applied: int
    became: dict[Became, int]
    closed_otherwise: dict[CloseReason, int]
    not_counted: int
    applications: int
    by_e_service: int
    share_by_e_service: float | None
    open_at_end: int


class LittlesLawShown(BaseModel):
    """Both sides of Little's law over the complete weeks: `mean_open` beside `arrivals_a_week` x `mean_weeks` of those that closed.

    They are alike where as many come as go. `mean_weeks_so_far`: how long those have been open that still are.
    """

    mean_open: float
    arrivals_times_weeks: float | None
    arrivals_a_week: float
    closed: int
    mean_weeks: float | None
    still_open: int
    mean_weeks_so_far: float | None


class ArrivalsShown(BaseModel):
    """New cases week by week, the oldest first and the present one last, and Little's law on them."""

    model_config = _example(
        as_of="2026-02-01T11:00:00+01:00",
        weeks=[
            {
                **{"week": "2026-W04", "first_day": "2026-01-19", "last_day": "2026-01-25", "is_complete": True},
                **{"arrivals": 15, "adults": 15, "households": 14, "applied": 13},
                "became": dict.fromkeys(Became, 0) | {"awaiting_decision": 8, "granted": 3, "rejected": 2, "never_applied": 2},
                **{"closed_otherwise": {}, "not_counted": 1, "applications": 120, "by_e_service": 78, "share_by_e_service": 0.65},
                "open_at_end": 564,
            }
        ],
        littles_law={
            **{"mean_open": 560.0, "arrivals_times_weeks": 540.0, "arrivals_a_week": 15.0, "closed": 14, "mean_weeks": 36.0},
            **{"still_open": 564, "mean_weeks_so_far": 60.0},
        },
    )

    as_of: datetime
    weeks: list[WeekShown]
    littles_law: LittlesLawShown


@router.put("/workers/{worker_ref}", summary="Register a caseworker, or what is new of them", dependencies=[Depends(manager)])
@step
async def register_worker(worker_ref: WorkerRef, body: WorkerSent, request: Request) -> WorkerShown:
    """Handläggare: kept for the caseload alone. No operation tells what one worker has."""
    house: House = request.app.state.house
    await handlers.register_worker(house.db, Worker(worker_ref, body.unit, body.experience, body.away))
    return WorkerShown(worker_ref=worker_ref, unit=body.unit, experience=body.experience, away=body.away)


@router.delete("/workers/{worker_ref}", summary="Remove a caseworker", dependencies=[Depends(manager)])
@step
async def remove_worker(worker_ref: WorkerRef, request: Request) -> WorkerGone:
    """Somebody who left. Nobody has their cases then; removed twice is removed."""
    house: House = request.app.state.house
    await handlers.remove_worker(house.db, worker_ref)
    return WorkerGone(worker_ref=worker_ref)


@router.put("/cases/{case_id}/handling", summary="Say who has a case, and of which type it is", dependencies=[Depends(staff)])
@step
async def hand_over(
    case_id: CaseId, body: HandlingSent, request: Request, sees: SeesProtected, who: Annotated[Caller, Depends(staff)]
) -> HandlingShown:
    """Handläggare and ärendetyp of a case, in place of what was said before. It is no fact: nothing is told, and the version stays."""
    house: House = request.app.state.house
    asked, context = Handling(body.worker_ref, body.case_type), begin(await house.clock.now(), who.subject)
    with refusals():
        try:
            handling = await handlers.hand_over(house.db, house.ours, case_id, asked, sees, context)
        except handlers.UnknownWorker:
            raise Problem("worker_unknown") from None
    counts = handling.case_type.counts_in_caseload
    return HandlingShown(case_id=case_id, worker_ref=handling.worker_ref, case_type=handling.case_type, counts_in_caseload=counts)


@router.get("/caseload", summary="How many open cases there are, by unit and by experience", dependencies=[Depends(manager)])
@step
async def show_caseload(request: Request) -> CaseloadShown:
    """Ärendebelastning, as it is now. Cases of protected persons are in the whole and under no unit, whoever asks."""
    house: House = request.app.state.house
    now = await house.clock.now()
    total, units = await handlers.caseload(house.db, now)
    return CaseloadShown(as_of=now.astimezone(LOCAL), total=LoadShown(**_load(total)), units=[_unit(each) for each in units])


@router.get("/arrivals", summary="How many cases came each week, and what became of them", dependencies=[Depends(staff)])
@step
async def show_arrivals(
    request: Request,
    sees: SeesProtected,
    weeks: Annotated[int, Query(ge=1, le=MOST_WEEKS, description="so many complete weeks before the present one")] = USUAL_WEEKS,
) -> ArrivalsShown:
    """Inflöde, as it is known now. Cases of protected persons are counted for those who may see them."""
    house: House = request.app.state.house
    now = await house.clock.now()
    found, law = await handlers.arrivals(house.db, now, weeks, sees)
    return ArrivalsShown(as_of=now.astimezone(LOCAL), weeks=[_week(each) for each in found], littles_law=_law(law))


def _load(load: Load) -> dict[str, Any]:
    counted = vars(load.counted)
    return {**counted, "not_counted": load.not_counted, "workers": load.workers, "away": load.away, "even": _rounded(load.even)}


def _unit(load: UnitLoad) -> UnitLoadShown:
    return UnitLoadShown(
        **_load(load),
        unit=load.unit,
        without_worker=load.without_worker,
        gini=_rounded(load.gini),
        by_experience=[_bucket(each) for each in load.buckets],
    )


def _bucket(bucket: Bucket) -> BucketShown:
    return BucketShown(**vars(bucket), each=_rounded(bucket.each))


def _week(week: Week) -> WeekShown:
    year, number, _ = week.monday.isocalendar()
    return WeekShown(
        week=f"{year}-W{number:02}",
        first_day=week.monday,
        last_day=week.monday + flow.WEEK - flow.DAY,
        is_complete=week.complete,
        arrivals=week.counted.cases,
        adults=week.counted.adults,
        households=week.counted.households,
        applied=week.applied,
        became={each: week.became.get(each, 0) for each in Became},
        closed_otherwise=dict(week.closed_otherwise),
        not_counted=week.not_counted,
        applications=week.applications,
        by_e_service=week.by_e_service,
        share_by_e_service=_rounded(week.by_e_service / week.applications) if week.applications else None,
        open_at_end=week.open_at_end,
    )


def _law(law: LittlesLaw) -> LittlesLawShown:
    return LittlesLawShown(
        mean_open=round(law.mean_open, 2),
        arrivals_times_weeks=_rounded(law.arrivals_times_weeks),
        arrivals_a_week=round(law.arrivals_a_week, 2),
        closed=law.closed,
        mean_weeks=_rounded(law.mean_weeks),
        still_open=law.still_open,
        mean_weeks_so_far=_rounded(law.mean_weeks_so_far),
    )


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 2)
