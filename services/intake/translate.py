"""Own facts to published events and back. The only file that knows both; pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from contracts import intake as told
from contracts.envelope import Envelope, PublishedEvent, TimePrecision
from contracts.event import UnmappedCode
from services.intake.domain import corrections, facts
from services.intake.domain.case import Case
from services.intake.domain.corrections import Recorded
from services.intake.domain.facts import Fact
from services.intake.domain.moments import LOCAL, Precision, When, day, instant, local_date
from shared.http import FIRST_YEAR, LAST_YEAR
from shared.outbox import Told

BODY = TypeAdapter(Case)
FACT: TypeAdapter[Fact] = TypeAdapter(Fact)
EVENT_OF: Final[Mapping[type[Fact], type[PublishedEvent]]] = {
    facts.FirstContactRegistered: told.FirstContactRegisteredV1,
    facts.ApplicationReceived: told.ApplicationReceivedV1,
    facts.CompletionRequested: told.CompletionRequestedV1,
    facts.ApplicationCompleted: told.ApplicationCompletedV1,
    facts.ApplicationWithdrawn: told.ApplicationWithdrawnV1,
    facts.AssessmentStarted: told.AssessmentStartedV1,
    facts.AssessmentCompleted: told.AssessmentCompletedV1,
    facts.SupportHindranceCoded: told.SupportHindranceCodedV1,
    facts.DecisionMade: told.DecisionMadeV1,
    facts.PesChecked: told.PesCheckedV1,
    facts.InsatsObserved: told.InsatsObservedV1,
    facts.CaseRouted: told.CaseRoutedV1,
    facts.CaseAssigned: told.CaseAssignedV1,
    facts.PlanAgreed: told.PlanAgreedV1,
    facts.PlanExpired: told.PlanExpiredV1,
    facts.FollowUpHeld: told.FollowUpHeldV1,
    facts.AssignmentIssued: told.AssignmentIssuedV1,
    facts.AssignmentAnswered: told.AssignmentAnsweredV1,
    facts.IntroDaysAttended: told.IntroDaysAttendedV1,
    facts.PlanningMeetingHeld: told.PlanningMeetingHeldV1,
    facts.CaseClosed: told.CaseClosedV1,
    facts.CaseReopened: told.CaseReopenedV1,
    facts.CaseMarkedDuplicate: told.CaseMarkedDuplicateV1,
    facts.CaseUnmarkedDuplicate: told.CaseUnmarkedDuplicateV1,
    facts.ProtectionLevelChanged: told.ProtectionLevelChangedV1,
    facts.EventCorrected: told.EventCorrectedV1,
}
FACT_OF: Final = {event: TypeAdapter(fact) for fact, event in EVENT_OF.items()}


class NotOurs(Exception):
    """A published event that intake never told. Names its type."""


class BadField(Exception):
    """A field that the event does not have, or a value that it does not take. Names the field, never the value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def publishable(case_id: UUID, facts: Sequence[Fact], ids: Sequence[UUID | None] = ()) -> list[Told]:
    """Facts of one case as the street reads them; a day travels as its local midnight. `ids`: under which, if not new ones."""
    return [
        Told(_event(fact), case_id, _time(fact.happened), TimePrecision(fact.happened.precision), event_id)
        for fact, event_id in zip_longest(facts, ids)
    ]


def replaced(event: PublishedEvent, fields: Mapping[str, Any], happened: When) -> Fact:
    """The fact of an event with some of its fields said otherwise. Raises BadField."""
    if unknown := fields.keys() - type(event).model_fields.keys():
        raise BadField(min(unknown))
    try:
        changed = type(event).model_validate_json(json.dumps(event.model_dump(mode="json") | dict(fields)))
    except ValidationError as error:
        where = error.errors(include_input=False)[0]["loc"]
        raise BadField(str(where[0]) if where else min(fields)) from None
    for name in fields:
        said = getattr(changed, name)
        if isinstance(said, UnmappedCode) or (isinstance(said, date) and not FIRST_YEAR <= said.year <= LAST_YEAR):
            raise BadField(name)
    return _fact(changed, happened)


def name_of(event: PublishedEvent) -> str:
    """What an event is called: `application-received`."""
    return event.event_type.split(".")[-2]


def kept(event: PublishedEvent, time: datetime, precision: TimePrecision) -> Fact:
    """The fact that was told as this event; raises NotOurs for another service's, ValueError for a code that intake does not have."""
    happened = day(local_date(time)) if precision is TimePrecision.DAY else instant(time)
    return _fact(event, happened)


def fold(envelopes: Iterable[Envelope]) -> dict[str, Any]:
    """The state document that all told events of one case, in the order of their sequence, fold to; `state.body` must equal it."""
    recorded = [Recorded(each.id, kept(each.data, each.time, each.timeprecision)) for each in envelopes]
    return as_stored(corrections.fold(recorded))


def as_stored(case: Case) -> dict[str, Any]:
    """A case as its document."""
    body: dict[str, Any] = BODY.dump_python(case, mode="json")
    return body


def as_stored_now(body: Any) -> dict[str, Any]:
    """A document that an earlier version stored, as this one would store it."""
    return as_stored(BODY.validate_python(body))


def _time(happened: When) -> datetime:
    return happened.at.astimezone(LOCAL) if happened.precision is Precision.DAY else happened.at


def _event(fact: Fact) -> PublishedEvent:
    """A fact and its event have the same fields, but for when it happened, which the envelope says."""
    return EVENT_OF[type(fact)].model_validate_json(FACT.dump_json(fact, exclude={"happened"}))


def _fact(event: PublishedEvent, happened: When) -> Fact:
    if type(event) not in FACT_OF:
        raise NotOurs(event.event_type)
    said = {name: str(value) if isinstance(value, UnmappedCode) else value for name, value in event.model_dump().items()}
    try:
        return FACT_OF[type(event)].validate_python(said | {"happened": happened})
    except ValidationError:
        raise ValueError(f"a code that intake does not have, in {event.event_type}") from None
