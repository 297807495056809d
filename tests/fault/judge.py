"""The judge: the ledger held against a place where events lie (an outbox, the topic, leadtimes' table). Each breach is named."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope, open_message
from contracts.intake import CaseClosedV1, CaseRoutedV1
from shared.kafka import Access
from shared.postgres import Database, Row
from tests.fault.ledger import Outcome, Request
from tests.street import each_record

CLOSED, ROUTED = CaseClosedV1.event_type, CaseRoutedV1.event_type

TOLD = """
    SELECT event_id, stream, sequence, type, convert_from(payload, 'UTF8')::jsonb ->> 'household_ref' AS mark
    FROM outbox ORDER BY stream, sequence
"""
HEARD = """
    SELECT event_id, stream, sequence, type, data ->> 'household_ref' AS mark FROM event
    WHERE topic = $1 AND stream = ANY($2::uuid[]) ORDER BY stream, sequence
"""


@dataclass(frozen=True)
class Event:
    """One event as it lies somewhere; `mark` is that of the request it came from, none for what a timer did."""

    id: UUID
    stream: UUID
    sequence: int
    type: str
    mark: UUID | None


async def in_outbox(db: Database) -> list[Event]:
    """Everything that a service ever told."""
    return [_event(row) for row in await db.fetch(TOLD)]


async def in_leadtimes(db: Database, streams: set[UUID]) -> list[Event]:
    """What leadtimes keeps of these streams."""
    return [_event(row) for row in await db.fetch(HEARD, INTAKE_EVENTS, list(streams))]


def _event(row: Row) -> Event:
    return Event(UUID(str(row["event_id"])), UUID(str(row["stream"])), row["sequence"], row["type"], _uuid(row["mark"]))


async def in_topic(kafka: Access, streams: set[UUID]) -> list[Event]:
    """What the topic holds of these streams, in its order, duplicates and all."""
    found, keys = [], {str(stream).encode() for stream in streams}
    async for record in each_record(kafka, INTAKE_EVENTS):
        if record.key in keys:  # other tests' records lie on the topic too, some under keys that are no case ids at all
            envelope = open_message(record.headers, record.value)
            assert isinstance(envelope, Envelope)
            assert envelope.sequence is not None
            mark = getattr(envelope.data, "household_ref", None)
            found.append(Event(envelope.id, envelope.partitionkey, envelope.sequence, envelope.type, _uuid(mark)))
    return found


def _uuid(text: object) -> UUID | None:
    return UUID(str(text)) if text else None


def first_times(events: Iterable[Event]) -> list[Event]:
    """The events without those that came again, in the order in which each came first."""
    return list(dict.fromkeys(events))


def lost(requests: Iterable[Request], events: Sequence[Event]) -> list[str]:
    """What was promised and is not there: a request that was answered with yes, or the closing of a case that a rule closes."""
    there = {(each.mark, each.stream) for each in events}
    closed = {each.stream for each in events if each.type == CLOSED}
    begun = {each.mark: each.stream for each in events}
    promised = [each for each in requests if each.outcome is Outcome.OK]
    closing = {begun[each.mark] for each in requests if each.closes and each.mark in begun}
    return [
        *(f"{each.mark} of case {each.case} is lost" for each in promised if (each.mark, each.case) not in there),
        *(f"case {stream} was never closed" for stream in closing - closed),
    ]


def doubled(requests: Iterable[Request], events: Sequence[Event]) -> list[str]:
    """What has more effects than it may: two for one request, one for a refused request, two closings, two events in one place."""
    effects = Counter(each.mark for each in events if each.mark)
    refused = {each.mark for each in requests if each.outcome is Outcome.FAILED}
    closings = Counter(each.stream for each in events if each.type == CLOSED)
    places = Counter((each.stream, each.sequence) for each in events)
    return [
        *(f"{mark} happened {times} times" for mark, times in effects.items() if times > 1),
        *(f"{mark} was refused and happened" for mark in effects.keys() & refused),
        *(f"case {stream} was closed {times} times" for stream, times in closings.items() if times > 1),
        *(f"{times} events are number {number} of {stream}" for (stream, number), times in places.items() if times > 1),
    ]


def invented(requests: Iterable[Request], events: Sequence[Event]) -> list[str]:
    """What nobody asked for: an event of an unknown mark, a closing of a case that no rule closes, a route of one that nothing came to."""
    asked = {each.mark: each for each in requests}
    may_close = {each.stream for each in events if each.mark in asked and asked[each.mark].closes}
    may_be_routed = {each.stream for each in events if each.mark in asked}
    by_rule = {(CLOSED, stream) for stream in may_close} | {(ROUTED, stream) for stream in may_be_routed}
    return [f"nobody asked for {each}" for each in events if each.mark not in asked and (each.type, each.stream) not in by_rule]


def disordered(requests: Iterable[Request], events: Sequence[Event]) -> list[str]:
    """The cases whose events do not lie as 1, 2, 3 ..., or not in the order in which they were asked for, one after the other's answer."""
    turn = {each.mark: number for number, each in enumerate(requests)}
    by_case: dict[UUID, list[Event]] = defaultdict(list)
    for each in events:
        by_case[each.stream].append(each)
    return [f"case {stream} holds {case}" for stream, case in by_case.items() if not _in_order(case, turn)]


def astray(kept: Iterable[Event], events: Iterable[Event]) -> list[str]:
    """The events in which a place differs from the outbox: also what nobody was promised must arrive once it is told."""
    told, there = set(kept), set(events)
    return [*(f"{each} did not arrive" for each in told - there), *(f"the outbox does not keep {each}" for each in there - told)]


def _in_order(case: Sequence[Event], turn: Mapping[UUID, int]) -> bool:
    asked = [turn[each.mark] for each in case if each.mark]
    return [each.sequence for each in case] == list(range(1, len(case) + 1)) and asked == sorted(asked)
