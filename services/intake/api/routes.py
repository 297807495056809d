"""The routes: one a command, and the case to read."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from services.intake.api import bodies
from services.intake.api.answers import CaseShown
from services.intake.api.desk import APPLICATION, CREATED, DONE, ApplicationRef, At, CaseId, Expected, House, SeesProtected, shown, staff
from services.intake.domain.commands import (
    CloseCase,
    CompleteApplication,
    CompleteAssessment,
    MakeDecision,
    ReceiveApplication,
    RegisterContact,
    ReopenCase,
    RequestCompletion,
    StartAssessment,
    WithdrawApplication,
)
from services.intake.handlers.cases import Done, may_see
from services.intake.store import cases as store
from services.intake.store.cases import Override, SourceRef
from shared.auth import caller
from shared.problems import Problem
from shared.telemetry import step

router = APIRouter(dependencies=[Depends(staff)])


@router.get("/cases/{case_id}", summary="Read a case")
@step
async def show_case(case_id: CaseId, request: Request, response: Response, sees: SeesProtected) -> CaseShown:
    """The case as it is, its ETag, and the steps allowed now. One of a protected person needs the role intake-protected."""
    house: House = request.app.state.house
    stored = await store.read(house.db, case_id)
    if not may_see(stored, sees):
        raise Problem("not_found")
    return shown(Done(case_id, stored.version, stored.case), await house.clock.now(), response)


@router.post("/cases", status_code=CREATED, summary="Register a first contact")
@step
async def register_contact(body: bodies.Contact, at: At) -> CaseShown:
    """Första kontakt. Opens a case, or joins the person's open one; dated before a closing by rule, it reopens that case."""
    command = RegisterContact(
        happened=body.happened.when(),
        now=at.now,
        person_ref=body.person_ref,
        household_ref=body.household_ref,
        channel=body.channel,
        source_system=body.source_system,
        known_from=body.known_from,
    )
    return await at.carry_out(command, CREATED, known_as=_known_as(body))


@router.post("/applications", status_code=CREATED, summary="Register an application of a person")
@step
async def receive_application(body: bodies.Application, at: At) -> CaseShown:
    """Ansökan. Joins the person's open case, or opens one; dated before a closing by rule, it reopens that case."""
    command = _application(body, at.now)
    return await at.carry_out(command, CREATED, known_as=_known_as(body), override=_override(body, command.application_ref))


@router.post("/cases/{case_id}/applications", status_code=CREATED, summary="Register an application in a case")
@step
async def receive_application_in_case(case_id: CaseId, body: bodies.Application, at: At, expected: Expected) -> CaseShown:
    """Ansökan in this very case, also in one whose contact was anonymous."""
    command = _application(body, at.now)
    return await at.carry_out(command, CREATED, case_id, expected, _known_as(body), _override(body, command.application_ref))


def _application(body: bodies.Application, now: datetime) -> ReceiveApplication:
    return ReceiveApplication(
        happened=body.happened.when(),
        now=now,
        application_ref=uuid7(),
        person_ref=body.person_ref,
        household_ref=body.household_ref,
        kind=body.kind,
        channel=body.channel,
        period_from=body.period_from,
        period_to=body.period_to,
        hindrance=body.hindrance,
        assign=body.not_assigned_because is None,
    )


def _known_as(body: bodies.Contact | bodies.Application) -> SourceRef | None:
    return SourceRef(body.source_system, body.source_ref) if body.source_ref else None


def _override(body: bodies.Application, application_ref: UUID) -> Override | None:
    reason = body.not_assigned_because
    return Override("direct_assignment", application_ref, reason) if reason else None


@router.post(f"{APPLICATION}/completion-requests", summary="Ask for completion")
@step
async def request_completion(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.CompletionRequest, at: At, expected: Expected
) -> CaseShown:
    """Begär komplettering; may be asked again until the decision."""
    command = RequestCompletion(happened=body.happened.when(), now=at.now, application_ref=application_ref, due_on=body.due_on)
    return await at.carry_out(command, DONE, case_id, expected)


@router.post(f"{APPLICATION}/completion", summary="Register that the completion came")
@step
async def complete_application(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Happened, at: At, expected: Expected
) -> CaseShown:
    """Ansökan komplett."""
    command = CompleteApplication(happened=body.happened.when(), now=at.now, application_ref=application_ref)
    return await at.carry_out(command, DONE, case_id, expected)


@router.post(f"{APPLICATION}/withdrawal", summary="Register that the application was taken back")
@step
async def withdraw_application(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Happened, at: At, expected: Expected
) -> CaseShown:
    """Ansökan återtagen."""
    command = WithdrawApplication(happened=body.happened.when(), now=at.now, application_ref=application_ref)
    return await at.carry_out(command, DONE, case_id, expected)


@router.post(f"{APPLICATION}/assessment-start", summary="Start an assessment")
@step
async def start_assessment(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Assessment, at: At, expected: Expected
) -> CaseShown:
    """Utredning inledd, once for each kind."""
    command = StartAssessment(happened=body.happened.when(), now=at.now, application_ref=application_ref, kind=body.kind)
    return await at.carry_out(command, DONE, case_id, expected)


@router.post(f"{APPLICATION}/assessment-completion", summary="Complete an assessment")
@step
async def complete_assessment(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Assessment, at: At, expected: Expected
) -> CaseShown:
    """Utredning avslutad."""
    command = CompleteAssessment(happened=body.happened.when(), now=at.now, application_ref=application_ref, kind=body.kind)
    return await at.carry_out(command, DONE, case_id, expected)


@router.post(f"{APPLICATION}/decision", summary="Decide an application", dependencies=[Depends(caller("intake-decider"))])
@step
async def make_decision(case_id: CaseId, application_ref: ApplicationRef, body: bodies.Decision, at: At, expected: Expected) -> CaseShown:
    """Beslut, from every state of an application that is open; by somebody with authority (role intake-decider beside intake-staff).

    An automated one is the system's (förvaltningslagen 28 §), and no other is.
    """
    command = MakeDecision(
        happened=body.happened.when(),
        now=at.now,
        application_ref=application_ref,
        decision_ref=uuid7(),
        outcome=body.outcome,
        support_from=body.support_from,
        support_to=body.support_to,
        automated=body.automated,
        decided_by_role=body.decided_by_role,
    )
    return await at.carry_out(command, DONE, case_id, expected)


@router.post("/cases/{case_id}/closing", summary="Close a case")
@step
async def close_case(case_id: CaseId, body: bodies.Closing, at: At, expected: Expected) -> CaseShown:
    """Avsluta by hand."""
    return await at.carry_out(CloseCase(happened=body.happened.when(), now=at.now, reason=body.reason), DONE, case_id, expected)


@router.post("/cases/{case_id}/reopening", summary="Reopen a case that was closed in error")
@step
async def reopen_case(case_id: CaseId, body: bodies.Reopening, at: At, expected: Expected) -> CaseShown:
    """Återöppna: within 30 days, at any time when the closing came by rule or a decision was changed after an appeal."""
    return await at.carry_out(ReopenCase(happened=body.happened.when(), now=at.now, reason=body.reason), DONE, case_id, expected)
