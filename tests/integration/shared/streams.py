"""Facts of streams as a deciding service hears them, with the records that brought them, and an effect that shows what was applied."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Final
from uuid import UUID, uuid4

from contracts.codes import Channel, SourceSystem
from contracts.envelope import Envelope, TimePrecision
from contracts.intake import FirstContactRegisteredV1
from shared.broker import Heard, Hearing
from shared.clock import real_now
from shared.inbox import Inbox
from shared.postgres import Database, Transaction
from shared.quarantine import Record, Seal
from tests.street import House

CONSUMER: Final = "deciding"
EFFECT: Final = "CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, stream uuid, sequence bigint, event_id uuid)"
_offsets = count()


def told(topic: str, stream: UUID, sequence: int | None) -> Heard:
    """A fact of a stream under a fresh id, in a record of its own."""
    envelope = Envelope(
        id=uuid4(),
        source="/municipality/0114/intake",
        subject=stream,
        time=real_now(),
        recordedtime=real_now(),
        partitionkey=stream,
        sequence=sequence,
        correlationid=uuid4(),
        timeprecision=TimePrecision.INSTANT,
        data=FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE),
    )
    headers, value = envelope.message()
    return Heard(envelope, Record(topic, 0, next(_offsets), headers, value, str(stream).encode()))


def again(heard: Heard) -> Heard:
    """The same fact in another record, as when it is sent twice."""
    return replace(heard, record=replace(heard.record, offset=next(_offsets)))


def of_unknown_type(heard: Heard) -> Heard:
    """The record of a fact whose type nobody here knows."""
    named = [(name, b"se.sluss.intake.tomorrow.v1" if name == "ce_type" else value) for name, value in heard.record.headers]
    return replace(heard, record=replace(heard.record, headers=named))


class Deciding:
    """A service that decides, without its broker: an inbox whose effect is a row, and what makes it raise."""

    def __init__(self, house: House) -> None:
        self.db: Database = house.db
        self.topic = house.topic
        self.poison: set[UUID] = set()
        self.seal = Seal(house.seal_key)
        self.inbox = Inbox(CONSUMER, house.db, self.seal, self.apply)
        self.hearing = Hearing(house.kafka, house.topic, [house.topic], house.db, self.seal, self.inbox.hear, pass_by=self.inbox.pass_by)

    async def apply(self, tx: Transaction, envelope: Envelope) -> None:
        """Leaves a row, waits a little so that whoever is not kept waiting comes between, and only then may raise."""
        await tx.execute(
            "INSERT INTO effect (stream, sequence, event_id) VALUES ($1, $2, $3)", envelope.partitionkey, envelope.sequence, envelope.id
        )
        await tx.execute("SELECT pg_sleep(0.002)")
        if envelope.id in self.poison:
            raise RuntimeError("boom")

    async def effects(self, stream: UUID) -> list[int]:
        """The sequences applied to a stream, in the order in which they were."""
        return [row["sequence"] for row in await self.db.fetch("SELECT sequence FROM effect WHERE stream = $1 ORDER BY id", stream)]

    async def parked(self, stream: UUID) -> list[int]:
        rows = await self.db.fetch("SELECT sequence FROM inbox_parked WHERE stream = $1 ORDER BY sequence", stream)
        return [row["sequence"] for row in rows]

    async def at(self, stream: UUID) -> int:
        """How far the inbox says that the stream has come."""
        return int(await self.db.fetchval("SELECT sequence FROM inbox WHERE stream = $1", stream) or 0)

    def stream_of(self, events: int) -> list[Heard]:
        """So many facts of a fresh stream, in order."""
        stream = uuid4()
        return [told(self.topic, stream, sequence) for sequence in range(1, events + 1)]


def stream(facts: Sequence[Heard]) -> UUID:
    """Whose facts these are."""
    return facts[0].envelope.partitionkey
