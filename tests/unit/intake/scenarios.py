"""Facts and commands of intake in few words: only what a test is about is said."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.intake.domain.case import Case, evolve
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
from services.intake.domain.facts import (
    ApplicationCompleted,
    ApplicationReceived,
    ApplicationWithdrawn,
    AssessmentCompleted,
    AssessmentStarted,
    CaseClosed,
    CaseReopened,
    CloseReason,
    CompletionRequested,
    DecisionMade,
    FirstContactRegistered,
    Outcome,
    ReopenReason,
)
from services.intake.domain.moments import When, day, instant
from services.intake.domain.rules import decide
from shared.testing import Decider

PERSON, ANOTHER = UUID(int=1), UUID(int=2)
FIRST, SECOND = UUID(int=11), UUID(int=12)
DECISION = UUID(int=21)
NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)

a_case = Decider(Case(), decide, evolve)


def on(text: str) -> When:
    """`on("01-05")`: the fifth of January 2026."""
    return day(date.fromisoformat(f"2026-{text}"))


def at(text: str) -> When:
    """`at("01-05T09:30+01:00")`."""
    return instant(datetime.fromisoformat(f"2026-{text}"))


def contact(happened: When, person: UUID | None = PERSON, known_from: date | None = None) -> FirstContactRegistered:
    return FirstContactRegistered(happened, person, None, "phone", "intake", known_from)


def application(happened: When, ref: UUID = FIRST, kind: str = "new") -> ApplicationReceived:
    return ApplicationReceived(happened, ref, PERSON, None, kind, "e_service", date(2026, 1, 1), date(2026, 1, 31))


def asked(happened: When, ref: UUID = FIRST) -> CompletionRequested:
    return CompletionRequested(happened, ref, date(2026, 12, 31))


def completed(happened: When, ref: UUID = FIRST) -> ApplicationCompleted:
    return ApplicationCompleted(happened, ref)


def withdrawn(happened: When, ref: UUID = FIRST) -> ApplicationWithdrawn:
    return ApplicationWithdrawn(happened, ref)


def assessment_started(happened: When, kind: str = "application") -> AssessmentStarted:
    return AssessmentStarted(happened, FIRST, kind)


def assessment_completed(happened: When, kind: str = "application") -> AssessmentCompleted:
    return AssessmentCompleted(happened, FIRST, kind)


def granted(happened: When, first: str, last: str, ref: UUID = FIRST) -> DecisionMade:
    return DecisionMade(happened, ref, DECISION, Outcome.GRANTED, on(first).date, on(last).date, False, "social_worker")


def rejected(happened: When, ref: UUID = FIRST) -> DecisionMade:
    return DecisionMade(happened, ref, DECISION, Outcome.REJECTED, None, None, False, "social_worker")


def closed(happened: When, reason: CloseReason = CloseReason.MOVED) -> CaseClosed:
    return CaseClosed(happened, reason)


def reopened(happened: When) -> CaseReopened:
    return CaseReopened(happened, ReopenReason.CLOSED_IN_ERROR)


def register_contact(happened: When, now: datetime = NOW, **more: Any) -> RegisterContact:
    said: dict[str, Any] = {"person_ref": PERSON, "household_ref": None, "channel": "phone", "source_system": "intake", "known_from": None}
    return RegisterContact(happened=happened, now=now, **(said | more))


def receive_application(happened: When, now: datetime = NOW, **more: Any) -> ReceiveApplication:
    said: dict[str, Any] = {"application_ref": FIRST, "person_ref": PERSON, "household_ref": None, "kind": "new", "channel": "e_service"}
    period = {"period_from": date(2026, 1, 1), "period_to": date(2026, 1, 31)}
    return ReceiveApplication(happened=happened, now=now, **(said | period | more))


def request_completion(happened: When, now: datetime = NOW, ref: UUID = FIRST, due_on: date = date(2026, 12, 31)) -> RequestCompletion:
    return RequestCompletion(happened=happened, now=now, application_ref=ref, due_on=due_on)


def complete_application(happened: When, now: datetime = NOW, ref: UUID = FIRST) -> CompleteApplication:
    return CompleteApplication(happened=happened, now=now, application_ref=ref)


def withdraw_application(happened: When, now: datetime = NOW, ref: UUID = FIRST) -> WithdrawApplication:
    return WithdrawApplication(happened=happened, now=now, application_ref=ref)


def start_assessment(happened: When, now: datetime = NOW, kind: str = "application", ref: UUID = FIRST) -> StartAssessment:
    return StartAssessment(happened=happened, now=now, application_ref=ref, kind=kind)


def complete_assessment(happened: When, now: datetime = NOW, kind: str = "application", ref: UUID = FIRST) -> CompleteAssessment:
    return CompleteAssessment(happened=happened, now=now, application_ref=ref, kind=kind)


def make_decision(happened: When, now: datetime = NOW, **more: Any) -> MakeDecision:
    said: dict[str, Any] = {"application_ref": FIRST, "decision_ref": DECISION, "outcome": Outcome.REJECTED, "automated": False}
    period = {"support_from": None, "support_to": None, "decided_by_role": "social_worker"}
    return MakeDecision(happened=happened, now=now, **(said | period | more))


def close_case(happened: When, now: datetime = NOW, reason: CloseReason = CloseReason.MOVED) -> CloseCase:
    return CloseCase(happened=happened, now=now, reason=reason)


def reopen_case(happened: When, now: datetime = NOW) -> ReopenCase:
    return ReopenCase(happened=happened, now=now)
