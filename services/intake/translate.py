"""Own facts to published events and back. The only file that knows both; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, assert_never
from uuid import UUID

from pydantic import TypeAdapter

from contracts import intake as told
from contracts.envelope import Envelope, PublishedEvent, TimePrecision
from services.intake.domain.case import Case, evolve
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
    Fact,
    FirstContactRegistered,
    Outcome,
    ReopenReason,
)
from services.intake.domain.moments import LOCAL, Precision, When, day, instant, local_date
from shared.outbox import Told

BODY = TypeAdapter(Case)


class NotOurs(Exception):
    """A published event that intake never told. Names its type."""


def publishable(case_id: UUID, facts: Sequence[Fact]) -> list[Told]:
    """Facts of one case as the street reads them; a day travels as its local midnight."""
    return [Told(_event(fact), case_id, _time(fact.happened), TimePrecision(fact.happened.precision)) for fact in facts]


def kept(event: PublishedEvent, time: datetime, precision: TimePrecision) -> Fact:
    """The fact that was told as this event; raises NotOurs for another service's, ValueError for a code that intake does not have."""
    happened = day(local_date(time)) if precision is TimePrecision.DAY else instant(time)
    return _fact(event, happened)


def fold(envelopes: Iterable[Envelope]) -> dict[str, Any]:
    """The state document that all told events of one case, in the order of their sequence, fold to; `state.body` must equal it."""
    facts = (kept(each.data, each.time, each.timeprecision) for each in envelopes)
    body: dict[str, Any] = BODY.dump_python(reduce(evolve, facts, Case()), mode="json")
    return body


def _time(happened: When) -> datetime:
    return happened.at.astimezone(LOCAL) if happened.precision is Precision.DAY else happened.at


def _event(fact: Fact) -> PublishedEvent:
    match fact:
        case FirstContactRegistered():
            return told.FirstContactRegisteredV1(
                person_ref=fact.person_ref,
                household_ref=fact.household_ref,
                channel=told.Channel(fact.channel),
                source_system=told.SourceSystem(fact.source_system),
                known_from=fact.known_from,
            )
        case ApplicationReceived():
            return told.ApplicationReceivedV1(
                person_ref=fact.person_ref,
                household_ref=fact.household_ref,
                application_ref=fact.application_ref,
                kind=told.ApplicationKind(fact.kind),
                channel=told.Channel(fact.channel),
                period_from=fact.period_from,
                period_to=fact.period_to,
            )
        case CompletionRequested():
            return told.CompletionRequestedV1(application_ref=fact.application_ref, due_on=fact.due_on)
        case ApplicationCompleted():
            return told.ApplicationCompletedV1(application_ref=fact.application_ref)
        case ApplicationWithdrawn():
            return told.ApplicationWithdrawnV1(application_ref=fact.application_ref)
        case AssessmentStarted():
            return told.AssessmentStartedV1(application_ref=fact.application_ref, kind=told.AssessmentKind(fact.kind))
        case AssessmentCompleted():
            return told.AssessmentCompletedV1(application_ref=fact.application_ref, kind=told.AssessmentKind(fact.kind))
        case DecisionMade():
            return told.DecisionMadeV1(
                decision_ref=fact.decision_ref,
                application_ref=fact.application_ref,
                outcome=told.DecisionOutcome(fact.outcome),
                support_from=fact.support_from,
                support_to=fact.support_to,
                automated=fact.automated,
                decided_by_role=told.DecidingRole(fact.decided_by_role),
            )
        case CaseClosed():
            return told.CaseClosedV1(reason=told.CloseReason(fact.reason))
        case CaseReopened():
            return told.CaseReopenedV1(reason=told.ReopenReason(fact.reason))
        case _:
            assert_never(fact)


def _fact(event: PublishedEvent, happened: When) -> Fact:
    match event:
        case told.FirstContactRegisteredV1():
            return FirstContactRegistered(
                happened, event.person_ref, event.household_ref, str(event.channel), str(event.source_system), event.known_from
            )
        case told.ApplicationReceivedV1():
            return ApplicationReceived(
                happened,
                event.application_ref,
                event.person_ref,
                event.household_ref,
                str(event.kind),
                str(event.channel),
                event.period_from,
                event.period_to,
            )
        case told.CompletionRequestedV1():
            return CompletionRequested(happened, event.application_ref, event.due_on)
        case told.ApplicationCompletedV1():
            return ApplicationCompleted(happened, event.application_ref)
        case told.ApplicationWithdrawnV1():
            return ApplicationWithdrawn(happened, event.application_ref)
        case told.AssessmentStartedV1():
            return AssessmentStarted(happened, event.application_ref, str(event.kind))
        case told.AssessmentCompletedV1():
            return AssessmentCompleted(happened, event.application_ref, str(event.kind))
        case told.DecisionMadeV1():
            return DecisionMade(
                happened,
                event.application_ref,
                event.decision_ref,
                Outcome(event.outcome),
                event.support_from,
                event.support_to,
                event.automated,
                str(event.decided_by_role),
            )
        case told.CaseClosedV1():
            return CaseClosed(happened, CloseReason(event.reason))
        case told.CaseReopenedV1():
            return CaseReopened(happened, ReopenReason(event.reason))
        case _:
            raise NotOurs(event.event_type)
