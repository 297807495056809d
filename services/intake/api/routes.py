"""The routes: one a command, and the case to read."""

from fastapi import APIRouter, Depends, Request, Response

from services.intake.api import acts, bodies
from services.intake.api.answers import CaseShown
from services.intake.api.desk import (
    APPLICATION,
    CREATED,
    DONE,
    UNSHOWN,
    ApplicationRef,
    At,
    CaseId,
    Expected,
    House,
    SeesProtected,
    shown,
    staff,
)
from services.intake.handlers.cases import Done, as_seen, may_see
from services.intake.store import cases as store
from shared.problems import Problem
from shared.telemetry import step

router = APIRouter(dependencies=[Depends(staff)])
deeds = APIRouter(dependencies=[Depends(staff)], responses=UNSHOWN)


@router.get("/cases/{case_id}", summary="Read a case")
@step
async def show_case(case_id: CaseId, request: Request, response: Response, sees: SeesProtected) -> CaseShown:
    """The case as it is, its ETag, and the steps allowed now. One of a protected person needs the role intake-protected."""
    house: House = request.app.state.house
    stored = await store.read(house.db, case_id)
    if not may_see(stored, sees):
        raise Problem("not_found")
    stored = await as_seen(house.db, stored, sees)
    return shown(Done(case_id, stored.version, stored.case), await house.clock.now(), response)


@deeds.post("/cases", status_code=CREATED, summary="Register a first contact")
@step
async def register_contact(body: bodies.Contact, at: At) -> CaseShown:
    """Första kontakt. Opens a case, or joins the person's open one; dated before a closing by rule, it reopens that case."""
    return await at.carry_out(acts.contact(body, at.now), CREATED, known_as=acts.known_as(body))


@deeds.post("/applications", status_code=CREATED, summary="Register an application of a person")
@step
async def receive_application(body: bodies.Application, at: At) -> CaseShown:
    """Ansökan. Joins the person's open case, or opens one; dated before a closing by rule, it reopens that case."""
    command = acts.application(body, at.now)
    return await at.carry_out(command, CREATED, known_as=acts.known_as(body), override=acts.override(body, command))


@deeds.post("/cases/{case_id}/applications", status_code=CREATED, summary="Register an application in a case")
@step
async def receive_application_in_case(case_id: CaseId, body: bodies.Application, at: At, expected: Expected) -> CaseShown:
    """Ansökan in this very case, also in one whose contact was anonymous."""
    command = acts.application(body, at.now)
    return await at.carry_out(command, CREATED, case_id, expected, acts.known_as(body), acts.override(body, command))


@deeds.post(f"{APPLICATION}/completion-requests", summary="Ask for completion")
@step
async def request_completion(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.CompletionRequest, at: At, expected: Expected
) -> CaseShown:
    """Begär komplettering; may be asked again until the decision."""
    return await at.carry_out(acts.completion_request(body, at.now, application_ref), DONE, case_id, expected)


@deeds.post(f"{APPLICATION}/completion", summary="Register that the completion came")
@step
async def complete_application(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Happened, at: At, expected: Expected
) -> CaseShown:
    """Ansökan komplett."""
    return await at.carry_out(acts.completion(body, at.now, application_ref), DONE, case_id, expected)


@deeds.post(f"{APPLICATION}/withdrawal", summary="Register that the application was taken back")
@step
async def withdraw_application(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Happened, at: At, expected: Expected
) -> CaseShown:
    """Ansökan återtagen."""
    return await at.carry_out(acts.withdrawal(body, at.now, application_ref), DONE, case_id, expected)


@deeds.post(f"{APPLICATION}/assessment-start", summary="Start an assessment")
@step
async def start_assessment(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Assessment, at: At, expected: Expected
) -> CaseShown:
    """Utredning inledd, once for each kind."""
    return await at.carry_out(acts.assessment_start(body, at.now, application_ref), DONE, case_id, expected)


@deeds.post(f"{APPLICATION}/assessment-completion", summary="Complete an assessment")
@step
async def complete_assessment(
    case_id: CaseId, application_ref: ApplicationRef, body: bodies.Assessment, at: At, expected: Expected
) -> CaseShown:
    """Utredning avslutad."""
    return await at.carry_out(acts.assessment_completion(body, at.now, application_ref), DONE, case_id, expected)


@deeds.post(f"{APPLICATION}/decision", summary="Decide an application", dependencies=[Depends(acts.decider)])
@step
async def make_decision(case_id: CaseId, application_ref: ApplicationRef, body: bodies.Decision, at: At, expected: Expected) -> CaseShown:
    """Beslut, from every state of an application that is open; by somebody with authority (role intake-decider beside intake-staff).

    An automated one is the system's (förvaltningslagen 28 §), and no other is.
    """
    return await at.carry_out(acts.decision(body, at.now, application_ref), DONE, case_id, expected)


@deeds.post("/cases/{case_id}/closing", summary="Close a case")
@step
async def close_case(case_id: CaseId, body: bodies.Closing, at: At, expected: Expected) -> CaseShown:
    """Avsluta by hand."""
    return await at.carry_out(acts.closing(body, at.now), DONE, case_id, expected)


@deeds.post("/cases/{case_id}/reopening", summary="Reopen a case that was closed in error")
@step
async def reopen_case(case_id: CaseId, body: bodies.Reopening, at: At, expected: Expected) -> CaseShown:
    """Återöppna: within 30 days, at any time when the closing came by rule or a decision was changed after an appeal."""
    return await at.carry_out(acts.reopening(body, at.now), DONE, case_id, expected)
