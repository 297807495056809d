"""What somebody may tell intake, each act with its body and the command that it becomes: for its own route, and for an import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from services.intake.api import bodies
from services.intake.domain import commands
from services.intake.domain.commands import Typed
from services.intake.domain.moments import day
from services.intake.domain.steps import Step
from services.intake.handlers.imports import About
from services.intake.store.cases import Override, SourceRef
from shared.auth import Guard, caller
from shared.http import StrictModel

decider = caller("intake-decider")


@dataclass(frozen=True)
class Act:
    """One act: the step of the domain that it takes, its body, how it becomes a command, and who may do it beside the staff.

    `build` takes the body and the time of typing, and the reference where it is about an application or an assignment.
    """

    step: Step
    body: type[StrictModel]
    build: Callable[..., Typed]
    about: About = About.CASE
    guard: Guard | None = None


def contact(body: bodies.Contact, now: datetime) -> commands.RegisterContact:
    return commands.RegisterContact(
        happened=body.happened.when(),
        now=now,
        person_ref=body.person_ref,
        household_ref=body.household_ref,
        channel=body.channel,
        source_system=body.source_system,
        known_from=body.known_from,
    )


def application(body: bodies.Application, now: datetime) -> commands.ReceiveApplication:
    return commands.ReceiveApplication(
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


def known_as(body: StrictModel) -> SourceRef | None:
    """What the other system calls the case, where a body says so."""
    if isinstance(body, bodies.Contact | bodies.Application) and body.source_ref:
        return SourceRef(body.source_system, body.source_ref)
    return None


def override(body: StrictModel, command: Typed) -> Override | None:
    """Why a rule is not followed, where a body says so."""
    if isinstance(body, bodies.Application) and isinstance(command, commands.ReceiveApplication) and body.not_assigned_because:
        return Override("direct_assignment", command.application_ref, body.not_assigned_because)
    return None


def completion_request(body: bodies.CompletionRequest, now: datetime, application_ref: UUID) -> commands.RequestCompletion:
    return commands.RequestCompletion(happened=body.happened.when(), now=now, application_ref=application_ref, due_on=body.due_on)


def completion(body: bodies.Happened, now: datetime, application_ref: UUID) -> commands.CompleteApplication:
    return commands.CompleteApplication(happened=body.happened.when(), now=now, application_ref=application_ref)


def withdrawal(body: bodies.Happened, now: datetime, application_ref: UUID) -> commands.WithdrawApplication:
    return commands.WithdrawApplication(happened=body.happened.when(), now=now, application_ref=application_ref)


def assessment_start(body: bodies.Assessment, now: datetime, application_ref: UUID) -> commands.StartAssessment:
    return commands.StartAssessment(happened=body.happened.when(), now=now, application_ref=application_ref, kind=body.kind)


def assessment_completion(body: bodies.Assessment, now: datetime, application_ref: UUID) -> commands.CompleteAssessment:
    return commands.CompleteAssessment(happened=body.happened.when(), now=now, application_ref=application_ref, kind=body.kind)


def decision(body: bodies.Decision, now: datetime, application_ref: UUID) -> commands.MakeDecision:
    return commands.MakeDecision(
        happened=body.happened.when(),
        now=now,
        application_ref=application_ref,
        decision_ref=uuid7(),
        outcome=body.outcome,
        support_from=body.support_from,
        support_to=body.support_to,
        automated=body.automated,
        decided_by_role=body.decided_by_role,
    )


def hindrance(body: bodies.Hindrance, now: datetime) -> commands.CodeHindrance:
    return commands.CodeHindrance(happened=body.happened.when(), now=now, code=body.code)


def pes_check(body: bodies.PesCheck, now: datetime) -> commands.CheckPes:
    return commands.CheckPes(happened=body.happened.when(), now=now, result=body.result, registered_since=body.registered_since)


def observed_insats(body: bodies.Observed, now: datetime) -> commands.ObserveInsats:
    return commands.ObserveInsats(
        happened=day(body.started_on),
        now=now,
        observed_ref=uuid7(),
        kind=body.kind,
        ended_on=body.ended_on,
        planned_hours_per_week=body.planned_hours_per_week,
        provider_role=body.provider_role,
    )


def responsibility(body: bodies.Responsible, now: datetime) -> commands.AssignCase:
    return commands.AssignCase(happened=body.happened.when(), now=now, unit=body.unit, role=body.role)


def plan(body: bodies.FollowUp, now: datetime) -> commands.AgreePlan:
    return commands.AgreePlan(happened=body.happened.when(), now=now, plan_ref=uuid7(), next_follow_up_on=body.next_follow_up_on)


def plan_expiry(body: bodies.Happened, now: datetime) -> commands.ExpirePlan:
    return commands.ExpirePlan(happened=body.happened.when(), now=now)


def follow_up(body: bodies.FollowUp, now: datetime) -> commands.HoldFollowUp:
    return commands.HoldFollowUp(happened=body.happened.when(), now=now, next_follow_up_on=body.next_follow_up_on)


def introduction_days(body: bodies.Happened, now: datetime) -> commands.AttendIntroDays:
    return commands.AttendIntroDays(happened=body.happened.when(), now=now)


def planning_meeting(body: bodies.Happened, now: datetime) -> commands.HoldPlanningMeeting:
    return commands.HoldPlanningMeeting(happened=body.happened.when(), now=now)


def assignment(body: bodies.Assigned, now: datetime) -> commands.IssueAssignment:
    return commands.IssueAssignment(
        happened=body.happened.when(),
        now=now,
        assignment_ref=uuid7(),
        mode=body.mode,
        insats_kind=body.insats_kind,
        planned_hours_per_week=body.planned_hours_per_week,
        basis=body.basis,
    )


def assignment_answer(body: bodies.Answered, now: datetime, assignment_ref: UUID) -> commands.AnswerAssignment:
    return commands.AnswerAssignment(happened=body.happened.when(), now=now, assignment_ref=assignment_ref, answer=body.answer)


def closing(body: bodies.Closing, now: datetime) -> commands.CloseCase:
    return commands.CloseCase(happened=body.happened.when(), now=now, reason=body.reason)


def reopening(body: bodies.Reopening, now: datetime) -> commands.ReopenCase:
    return commands.ReopenCase(happened=body.happened.when(), now=now, reason=body.reason)


ACTS: Final[Mapping[str, Act]] = {
    "contact": Act(Step.REGISTER_CONTACT, bodies.Contact, contact, About.PERSON),
    "application": Act(Step.RECEIVE_APPLICATION, bodies.Application, application, About.PERSON),
    "completion-request": Act(Step.REQUEST_COMPLETION, bodies.CompletionRequest, completion_request, About.APPLICATION),
    "completion": Act(Step.COMPLETE_APPLICATION, bodies.Happened, completion, About.APPLICATION),
    "withdrawal": Act(Step.WITHDRAW_APPLICATION, bodies.Happened, withdrawal, About.APPLICATION),
    "assessment-start": Act(Step.START_ASSESSMENT, bodies.Assessment, assessment_start, About.APPLICATION),
    "assessment-completion": Act(Step.COMPLETE_ASSESSMENT, bodies.Assessment, assessment_completion, About.APPLICATION),
    "decision": Act(Step.MAKE_DECISION, bodies.Decision, decision, About.APPLICATION, decider),
    "hindrance": Act(Step.CODE_HINDRANCE, bodies.Hindrance, hindrance),
    "pes-check": Act(Step.CHECK_PES, bodies.PesCheck, pes_check),
    "observed-insats": Act(Step.OBSERVE_INSATS, bodies.Observed, observed_insats),
    "responsibility": Act(Step.ASSIGN_CASE, bodies.Responsible, responsibility),
    "plan": Act(Step.AGREE_PLAN, bodies.FollowUp, plan),
    "plan-expiry": Act(Step.EXPIRE_PLAN, bodies.Happened, plan_expiry),
    "follow-up": Act(Step.HOLD_FOLLOW_UP, bodies.FollowUp, follow_up),
    "introduction-days": Act(Step.ATTEND_INTRO_DAYS, bodies.Happened, introduction_days),
    "planning-meeting": Act(Step.HOLD_PLANNING_MEETING, bodies.Happened, planning_meeting),
    "assignment": Act(Step.ISSUE_ASSIGNMENT, bodies.Assigned, assignment),
    "assignment-answer": Act(Step.ANSWER_ASSIGNMENT, bodies.Answered, assignment_answer, About.ASSIGNMENT),
    "closing": Act(Step.CLOSE_CASE, bodies.Closing, closing),
    "reopening": Act(Step.REOPEN_CASE, bodies.Reopening, reopening),
}
