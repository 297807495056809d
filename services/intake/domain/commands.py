"""What intake can be asked to do. Each command says when the thing happened, and when it is asked."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from services.intake.domain.facts import Answer, CloseReason, Code, Mode, Outcome, ReopenReason
from services.intake.domain.moments import When


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Every command that somebody types: `happened` is never later than `now`, the time of typing."""

    happened: When
    now: datetime


@dataclass(frozen=True, kw_only=True)
class RegisterContact(Registered):
    """Somebody asked about support. Without `person_ref` it was anonymous (SoL 11 kap. 5 §)."""

    person_ref: UUID | None
    household_ref: UUID | None
    channel: Code
    source_system: Code
    known_from: date | None


@dataclass(frozen=True, kw_only=True)
class ReceiveApplication(Registered):
    """Somebody applied: the first time, again, or for something beside."""

    application_ref: UUID
    person_ref: UUID | None
    household_ref: UUID | None
    kind: Code
    channel: Code
    period_from: date
    period_to: date
    hindrance: Code | None = None
    """What the person says keeps them from supporting themselves (självskattning)."""
    assign: bool = True
    """False: a human has a reason not to assign at once (`Override`)."""


@dataclass(frozen=True, kw_only=True)
class RequestCompletion(Registered):
    """Something is missing in the application and is asked for."""

    application_ref: UUID
    due_on: date


@dataclass(frozen=True, kw_only=True)
class CompleteApplication(Registered):
    """What was asked for has come."""

    application_ref: UUID


@dataclass(frozen=True, kw_only=True)
class WithdrawApplication(Registered):
    """The one who applied takes the application back."""

    application_ref: UUID


@dataclass(frozen=True, kw_only=True)
class StartAssessment(Registered):
    """An assessment of one kind begins."""

    application_ref: UUID
    kind: Code


@dataclass(frozen=True, kw_only=True)
class CompleteAssessment(Registered):
    """The assessment of that kind is done."""

    application_ref: UUID
    kind: Code


@dataclass(frozen=True, kw_only=True)
class MakeDecision(Registered):
    """The application is decided; the days of support are both included."""

    application_ref: UUID
    decision_ref: UUID
    outcome: Outcome
    support_from: date | None
    support_to: date | None
    automated: bool
    decided_by_role: Code


@dataclass(frozen=True, kw_only=True)
class CodeHindrance(Registered):
    """What keeps this adult from supporting themselves is coded."""

    code: Code


@dataclass(frozen=True, kw_only=True)
class CheckPes(Registered):
    """Arbetsförmedlingen has been asked whether the person is registered there."""

    result: Code
    registered_since: date | None


@dataclass(frozen=True, kw_only=True)
class ObserveInsats(Registered):
    """An insats was found that began without us, on the day that it happened."""

    observed_ref: UUID
    kind: Code
    ended_on: date | None
    planned_hours_per_week: int | None
    provider_role: Code


@dataclass(frozen=True, kw_only=True)
class AssignCase(Registered):
    """Somebody decides which unit and role answer for the case, whatever the rules say."""

    unit: Code
    role: Code


@dataclass(frozen=True, kw_only=True)
class AgreePlan(Registered):
    """A plan is agreed, the first or a new version of it."""

    plan_ref: UUID
    next_follow_up_on: date


@dataclass(frozen=True, kw_only=True)
class ExpirePlan(Registered):
    """The plan is valid no more."""


@dataclass(frozen=True, kw_only=True)
class HoldFollowUp(Registered):
    """The plan was followed up."""

    next_follow_up_on: date


@dataclass(frozen=True, kw_only=True)
class IssueAssignment(Registered):
    """The person is assigned to an insats."""

    assignment_ref: UUID
    mode: Mode
    insats_kind: Code
    planned_hours_per_week: int | None
    basis: Code


@dataclass(frozen=True, kw_only=True)
class AnswerAssignment(Registered):
    """The person has answered an assignment, or let the day pass."""

    assignment_ref: UUID
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class AttendIntroDays(Registered):
    """The person has been to the introduction days."""


@dataclass(frozen=True, kw_only=True)
class HoldPlanningMeeting(Registered):
    """The planning meeting was held."""


@dataclass(frozen=True, kw_only=True)
class CloseCase(Registered):
    """Somebody closes the case."""

    reason: CloseReason


@dataclass(frozen=True, kw_only=True)
class ReopenCase(Registered):
    """The case had been closed in error, or a decision was changed after an appeal."""

    reason: ReopenReason = ReopenReason.CLOSED_IN_ERROR


@dataclass(frozen=True, kw_only=True)
class MarkDuplicate(Registered):
    """Two cases were found to be of one matter. `happened` is when it is registered, as for every mark."""

    of: UUID


@dataclass(frozen=True, kw_only=True)
class UnmarkDuplicate(Registered):
    """Two cases that were marked as one are two."""


@dataclass(frozen=True, kw_only=True)
class ProtectCase:
    """The person of the case is protected at this level from a day on, or no more."""

    level: Code
    effective_on: date
    now: datetime


@dataclass(frozen=True, kw_only=True)
class LapseCase:
    """A timer asks whether a rule closes the case by now."""

    now: datetime


OnPassage: TypeAlias = (
    CodeHindrance
    | CheckPes
    | ObserveInsats
    | AssignCase
    | AgreePlan
    | ExpirePlan
    | HoldFollowUp
    | IssueAssignment
    | AnswerAssignment
    | AttendIntroDays
    | HoldPlanningMeeting
)
Typed: TypeAlias = (
    RegisterContact
    | ReceiveApplication
    | RequestCompletion
    | CompleteApplication
    | WithdrawApplication
    | StartAssessment
    | CompleteAssessment
    | MakeDecision
    | OnPassage
    | CloseCase
    | ReopenCase
    | MarkDuplicate
    | UnmarkDuplicate
)
Opening: TypeAlias = RegisterContact | ReceiveApplication
AboutApplication: TypeAlias = (
    RequestCompletion | CompleteApplication | WithdrawApplication | StartAssessment | CompleteAssessment | MakeDecision
)
Command: TypeAlias = Typed | ProtectCase | LapseCase
