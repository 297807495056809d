"""Own facts to published events and back. The only file that knows both; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from contracts import referrals as told
from contracts.codes import CapacityStatus
from contracts.envelope import Envelope, PublishedEvent, TimePrecision
from services.referrals.domain import facts
from services.referrals.domain.capacity import Group, Registered
from services.referrals.domain.facts import Fact
from services.referrals.domain.moments import LOCAL, Precision, When, day, instant, local_date
from services.referrals.domain.referral import Case, evolve
from shared.outbox import Told

BODY = TypeAdapter(Case)
EVENT_OF: Final[Mapping[type[Fact], type[PublishedEvent]]] = {
    facts.ReferralDrafted: told.ReferralDraftedV1,
    facts.ReferralDiscarded: told.ReferralDiscardedV1,
    facts.ReferralSent: told.ReferralSentV1,
    facts.ReferralReceived: told.ReferralReceivedV1,
    facts.ReferralInformationRequested: told.ReferralInformationRequestedV1,
    facts.ReferralInformationSupplied: told.ReferralInformationSuppliedV1,
    facts.ReferralAccepted: told.ReferralAcceptedV1,
    facts.ReferralWaitlisted: told.ReferralWaitlistedV1,
    facts.ReferralDeclined: told.ReferralDeclinedV1,
    facts.ReferralRedirected: told.ReferralRedirectedV1,
    facts.ReferralScheduled: told.ReferralScheduledV1,
    facts.ReferralNoShow: told.ReferralNoShowV1,
    facts.ReferralStarted: told.ReferralStartedV1,
    facts.ReferralExtended: told.ReferralExtendedV1,
    facts.ReferralCompleted: told.ReferralCompletedV1,
    facts.ReferralDiscontinued: told.ReferralDiscontinuedV1,
    facts.ReferralRecalled: told.ReferralRecalledV1,
    facts.ReferralWithdrawn: told.ReferralWithdrawnV1,
    facts.ReferralCancelled: told.ReferralCancelledV1,
    facts.ReferralExpired: told.ReferralExpiredV1,
    facts.RecallRequested: told.RecallRequestedV1,
    facts.RecallRefused: told.RecallRefusedV1,
    facts.ReferralPutOnHold: told.ReferralPutOnHoldV1,
    facts.ReferralHoldEnded: told.ReferralHoldEndedV1,
    facts.ReferralChased: told.ReferralChasedV1,
    facts.ReferralEscalated: told.ReferralEscalatedV1,
    facts.AdviceGiven: told.AdviceGivenV1,
    facts.ReadyForNextStep: told.ReadyForNextStepV1,
    facts.DeviationReported: told.DeviationReportedV1,
    facts.DeviationAcknowledged: told.DeviationAcknowledgedV1,
    facts.DeviationHandled: told.DeviationHandledV1,
}
FACT_OF: Final = {event: TypeAdapter(fact) for fact, event in EVENT_OF.items()}
AS_JSON: Final[TypeAdapter[Any]] = TypeAdapter(Any)


class NotOurs(Exception):
    """A published event that referrals never told. Names its type."""


def publishable(case_id: UUID, happened: Sequence[Fact]) -> list[Told]:
    """Facts of one case as the street reads them; a day travels as its local midnight."""
    return [Told(_event(fact), case_id, _time(fact.happened), TimePrecision(fact.happened.precision)) for fact in happened]


def group_planned(of: Registered, group: Group, happened: When) -> Told:
    """A planned group as the street reads it; its stream is the provider."""
    event = told.GroupStartPlannedV1(
        provider=of.provider, target_group=of.target_group, starts_on=group.starts_on, weeks=group.weeks, seats=group.seats
    )
    return _of_provider(of, event, happened)


def capacity_reported(of: Registered, status: str, free: int, happened: When) -> Told:
    """What was reported of places as the street reads it; its stream is the provider."""
    event = told.CapacityReportedV1(
        provider=of.provider, target_group=of.target_group, status=CapacityStatus(status), places=of.programme.seats, free=free
    )
    return _of_provider(of, event, happened)


def _of_provider(of: Registered, event: PublishedEvent, happened: When) -> Told:
    return Told(event, of.provider, _time(happened), TimePrecision(happened.precision))


def unplaced(fact: Fact) -> Fact:
    """A fact about somebody with a protected identity, without the function that would tell where they are (`domain.md` 2.3)."""
    match fact:
        case facts.ReferralDrafted():
            return replace(fact, to_function=None)
        case facts.ReferralDeclined() | facts.ReferralRedirected():
            return replace(fact, suggested_function=None)
    return fact


def name_of(event: PublishedEvent) -> str:
    """What an event is called: `referral-sent`."""
    return event.event_type.split(".")[-2]


def fold(envelopes: Iterable[Envelope]) -> dict[str, Any]:
    """The state document that all told events of one case, in the order of their sequence, fold to; `state.body` must equal it."""
    told_of: dict[UUID, UUID] = {}
    case = Case()
    for each in envelopes:
        fact = kept(each, told_of)
        told_of[each.id] = fact.referral_id
        case = evolve(case, fact)
    return as_stored(case)


def kept(envelope: Envelope, told_of: Mapping[UUID, UUID]) -> Fact:
    """The fact that was told as this event; `told_of`: by event the referral that it was told of. Raises NotOurs, KeyError."""
    if type(envelope.data) not in FACT_OF and not isinstance(envelope.data, told.EventCorrectedV1):
        raise NotOurs(envelope.type)
    at_day = envelope.timeprecision is TimePrecision.DAY
    happened = day(local_date(envelope.time)) if at_day else instant(envelope.time)
    if isinstance(envelope.data, told.EventCorrectedV1):
        corrected = envelope.data.corrects_event_id
        return facts.EnteredInError(happened, told_of[corrected], corrected)
    fact: Fact = FACT_OF[type(envelope.data)].validate_python(envelope.data.model_dump() | {"happened": happened})
    return fact


def as_stored(case: Case) -> dict[str, Any]:
    """The referrals of a case as their document."""
    body: dict[str, Any] = BODY.dump_python(case, mode="json")
    return body


def as_stored_now(body: Any) -> dict[str, Any]:
    """A document that an earlier version stored, as this one would store it."""
    return as_stored(BODY.validate_python(body))


def _time(happened: When) -> datetime:
    return happened.at.astimezone(LOCAL) if happened.precision is Precision.DAY else happened.at


def _event(fact: Fact) -> PublishedEvent:
    """A fact and its event have the same fields, but for when it happened, which the envelope says."""
    if isinstance(fact, facts.EnteredInError) and fact.corrects_event_id:
        return told.EventCorrectedV1(corrects_event_id=fact.corrects_event_id, entered_in_error=True)
    said = {name: value for name, value in vars(fact).items() if name != "happened"}
    return EVENT_OF[type(fact)].model_validate_json(AS_JSON.dump_json(said))
