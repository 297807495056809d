"""The routes: one an act, made from the table of acts, and the referrals of a case to read."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from services.referrals.api import bodies
from services.referrals.api.acts import DEEDS, Deed, overriding, programme
from services.referrals.api.answers import CaseShown
from services.referrals.api.desk import (
    CREATED,
    REFERRAL,
    At,
    CaseId,
    DeviationId,
    Expected,
    House,
    Looking,
    ReferralId,
    refusals,
    shown,
    staff,
)
from services.referrals.domain import facts
from services.referrals.domain.steps import Step
from services.referrals.handlers.cases import actor_of, show
from shared.telemetry import step

router = APIRouter(dependencies=[Depends(staff)])


@router.get("/cases/{case_id}", summary="Read the referrals of a case")
@step
async def show_case(case_id: CaseId, request: Request, response: Response, seer: Looking) -> CaseShown:
    """The referrals as they are, the ETag, and the steps that you may take now. A recipient's staff see those sent to their function."""
    house: House = request.app.state.house
    with refusals(seer):
        done = await show(house.db, case_id, seer)
    return shown(done, seer, response)


@router.post("/cases/{case_id}/referrals", status_code=CREATED, summary="Draft a referral")
@step
async def draft(case_id: CaseId, body: bodies.Draft, at: At, expected: Expected) -> CaseShown:
    """Utkast. A case is known here once its first event was heard."""
    fact = facts.ReferralDrafted(
        happened=body.happened.when(),
        referral_id=uuid7(),
        kind=str(body.kind),
        insats_kind=str(body.insats_kind) if body.insats_kind else None,
        to_function=body.to_function,
        planned_hours_per_week=body.planned_hours_per_week,
        assignment_ref=body.assignment_ref,
        successor_of=body.successor_of,
        content_ref=body.content_ref,
    )
    return await at.carry_out(Step.DRAFT, fact, case_id, expected, status=CREATED)


def _route_of(taken: Step, deed: Deed) -> Callable[..., Awaitable[CaseShown]]:
    """The function behind one act of the table, named after it."""

    async def act(case_id: CaseId, referral_id: ReferralId, body: bodies.Happened, at: At, expected: Expected) -> CaseShown:
        fact = deed.fact(body, referral_id, actor_of(at.seer, taken))
        return await at.carry_out(taken, fact, case_id, expected, overriding(body), programme_id=programme(body))

    act.__name__, act.__qualname__, act.__doc__ = taken.value, taken.value, deed.doc
    act.__annotations__["body"] = deed.body
    return step(act)


for taken, deed in DEEDS.items():
    router.add_api_route(f"{REFERRAL}/{deed.path}", _route_of(taken, deed), methods=["POST"], summary=deed.summary)


@router.post(f"{REFERRAL}/deviations", status_code=CREATED, summary="Report a deviation")
@step
async def report_deviation(case_id: CaseId, referral_id: ReferralId, body: bodies.Deviation, at: At, expected: Expected) -> CaseShown:
    """Avvikelse, to the role that answers for the person (26-punktsplanen act. 8)."""
    fact = facts.DeviationReported(
        happened=body.happened.when(),
        referral_id=referral_id,
        deviation_id=uuid7(),
        scope=str(body.scope),
        kind=str(body.kind),
        observed_on=body.observed_on,
        to_role=str(body.to_role),
    )
    return await at.carry_out(Step.REPORT_DEVIATION, fact, case_id, expected, status=CREATED)


@router.post(f"{REFERRAL}/deviations/{{deviation_id}}/acknowledgement", summary="Acknowledge a deviation")
@step
async def acknowledge_deviation(
    case_id: CaseId, referral_id: ReferralId, deviation_id: DeviationId, body: bodies.Happened, at: At, expected: Expected
) -> CaseShown:
    """Avvikelse mottagen."""
    fact = facts.DeviationAcknowledged(body.happened.when(), referral_id, deviation_id)
    return await at.carry_out(Step.ACKNOWLEDGE_DEVIATION, fact, case_id, expected)


@router.post(f"{REFERRAL}/deviations/{{deviation_id}}/handling", summary="Register that a deviation was handled")
@step
async def handle_deviation(
    case_id: CaseId, referral_id: ReferralId, deviation_id: DeviationId, body: bodies.Happened, at: At, expected: Expected
) -> CaseShown:
    """Avvikelse hanterad."""
    fact = facts.DeviationHandled(body.happened.when(), referral_id, deviation_id)
    return await at.carry_out(Step.HANDLE_DEVIATION, fact, case_id, expected)
