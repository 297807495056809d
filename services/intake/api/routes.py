"""The routes: one a command, and the case to read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from uuid_utils.compat import uuid7

from services.intake.api import bodies
from services.intake.api.answers import APPLICATION_REF, CASE_ID, CASES, CaseShown, case_shown, next_shown
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
    Typed,
    WithdrawApplication,
)
from services.intake.domain.rules import NotYet
from services.intake.handlers.cases import Asked, Done, NotAllowed, Outdated, Unknown, handle
from services.intake.store import cases as store
from shared.auth import Caller, caller
from shared.clock import Clock
from shared.context import begin
from shared.http import etag, expected_version
from shared.idempotency import Key, idempotency_key
from shared.postgres import Database
from shared.problems import Problem
from shared.telemetry import step

CREATED, DONE = 201, 200
APPLICATION = "/cases/{case_id}/applications/{application_ref}"

staff = caller("intake-staff")
router = APIRouter(dependencies=[Depends(staff)])
CaseId = Annotated[UUID, Path(examples=[CASE_ID])]
ApplicationRef = Annotated[UUID, Path(examples=[APPLICATION_REF])]


@dataclass(frozen=True)
class House:
    """What every request needs of the service."""

    db: Database
    clock: Clock
    source: str


@dataclass(frozen=True)
class Desk:
    """One request being dealt with: `now` is read once, here."""

    house: House
    now: datetime
    who: Caller
    key: Key
    response: Response

    async def carry_out(self, command: Typed, status: int, case_id: UUID | None = None, expected: int | None = None) -> CaseShown:
        """The case after the command. Raises Problem: not_found, version_mismatch, time_in_future, step_not_allowed (with `next`)."""
        asked = Asked(command, self.key, status, case_id, expected)
        try:
            done = await handle(self.house.db, self.house.source, asked, begin(self.now, self.who.subject))
        except Unknown:
            raise Problem("not_found") from None
        except Outdated:
            raise Problem("version_mismatch") from None
        except NotAllowed as error:
            if isinstance(error.refused, NotYet):
                raise Problem("time_in_future") from None
            allowed = [each.model_dump(mode="json") for each in next_shown(error.case_id, error.refused.allowed)]
            raise Problem("step_not_allowed", reason=error.refused.message, next=allowed) from None
        if status == CREATED:
            self.response.headers["Location"] = f"{CASES}/{done.case_id}"
        return _shown(done, self.now, self.response)


async def _desk(
    request: Request, response: Response, who: Annotated[Caller, Depends(staff)], key: Annotated[Key, Depends(idempotency_key)]
) -> Desk:
    house: House = request.app.state.house
    return Desk(house, await house.clock.now(), who, key, response)


At = Annotated[Desk, Depends(_desk)]
Expected = Annotated[int | None, Depends(expected_version)]


def _shown(done: Done, now: datetime, response: Response) -> CaseShown:
    response.headers["ETag"] = etag(done.version)
    return case_shown(done.case_id, done.version, done.case, done.application_ref, now)


@router.get("/cases/{case_id}", summary="Read a case")
@step
async def show_case(case_id: CaseId, request: Request, response: Response) -> CaseShown:
    """The case as it is, its ETag, and the steps allowed now."""
    house: House = request.app.state.house
    stored = await store.read(house.db, case_id)
    if not stored.version:
        raise Problem("not_found")
    return _shown(Done(case_id, stored.version, stored.case), await house.clock.now(), response)


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
    return await at.carry_out(command, CREATED)


@router.post("/applications", status_code=CREATED, summary="Register an application of a person")
@step
async def receive_application(body: bodies.Application, at: At) -> CaseShown:
    """Ansökan. Joins the person's open case, or opens one; dated before a closing by rule, it reopens that case."""
    return await at.carry_out(_application(body, at.now), CREATED)


@router.post("/cases/{case_id}/applications", status_code=CREATED, summary="Register an application in a case")
@step
async def receive_application_in_case(case_id: CaseId, body: bodies.Application, at: At, expected: Expected) -> CaseShown:
    """Ansökan in this very case, also in one whose contact was anonymous."""
    return await at.carry_out(_application(body, at.now), CREATED, case_id, expected)


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
    )


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


@router.post(f"{APPLICATION}/decision", summary="Decide an application")
@step
async def make_decision(case_id: CaseId, application_ref: ApplicationRef, body: bodies.Decision, at: At, expected: Expected) -> CaseShown:
    """Beslut, from every state of an application that is open."""
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
    """Återöppna: within 30 days, at any time when the closing came by rule."""
    return await at.carry_out(ReopenCase(happened=body.happened.when(), now=at.now), DONE, case_id, expected)
