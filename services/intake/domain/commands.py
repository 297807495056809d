"""What intake can be asked to do. Each command says when the thing happened, and when it is asked."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from services.intake.domain.facts import CloseReason, Code, Outcome
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
class CloseCase(Registered):
    """Somebody closes the case."""

    reason: CloseReason


@dataclass(frozen=True, kw_only=True)
class ReopenCase(Registered):
    """The case had been closed in error."""


@dataclass(frozen=True, kw_only=True)
class LapseCase:
    """A timer asks whether a rule closes the case by now."""

    now: datetime


Typed: TypeAlias = (
    RegisterContact
    | ReceiveApplication
    | RequestCompletion
    | CompleteApplication
    | WithdrawApplication
    | StartAssessment
    | CompleteAssessment
    | MakeDecision
    | CloseCase
    | ReopenCase
)
Opening: TypeAlias = RegisterContact | ReceiveApplication
AboutApplication: TypeAlias = (
    RequestCompletion | CompleteApplication | WithdrawApplication | StartAssessment | CompleteAssessment | MakeDecision
)
Command: TypeAlias = Typed | LapseCase
