"""Healthy cases beside a stream of bad records: how long a fact takes from intake's commit to leadtimes', with and without them.

Every kind of reliability.md R17, five in a hundred, and then the same with R19's poison among them, on the real street. On every side
the healthy facts are told at the same steady rate, through outbox, relay and Kafka. Both commits are PostgreSQL's own times, on one clock.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from contracts.catalogue import INTAKE_EVENTS
from contracts.codes import Channel, SourceSystem
from contracts.envelope import TimePrecision
from contracts.intake import FirstContactRegisteredV1
from deploy.kafka.topics import ADMIN
from deploy.local.record import ServiceRecord, StreetRecord
from shared import outbox
from shared.clock import real_now
from shared.context import begin
from shared.outbox import Told
from shared.postgres import Database, connect, transaction
from tests.integration.shared.kinds import POISON, Kind, Message, Outcome, kinds
from tools.bench.frame import Measured, Miscounted, Ratio, alternate, street

NAME: Final = "malformed"
RATE_PER_S: Final = 50  # beyond any municipality, and what two busy cores can keep up
ROUND_S: Final = 16.0
OF_EACH_KIND: Final = 2  # of 21 kinds, or 22: 42 or 44 bad records beside 800 healthy facts
MOST: Final = 1.2  # R17: healthy cases go on
MOST_MS: Final = 2000.0  # R19: the lag of others
WRITERS: Final = 8
LOOKS: Final = 60  # a second apart, until all that was told has its outcome
SOURCE: Final = "/municipality/0114/intake"
POISONED: Final = "/municipality/9999/intake"
# In the place of a fault of ours that one fact meets every time.
POISON_ACTS: Final = f"""
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$;
    CREATE TRIGGER poison BEFORE INSERT ON event FOR EACH ROW WHEN (NEW.source = '{POISONED}') EXECUTE FUNCTION fail();
"""
TOLD_AT: Final = "SELECT event_id, pg_xact_commit_timestamp(xmin) AS at FROM outbox WHERE event_id = ANY($1::uuid[])"
HEARD_AT: Final = TOLD_AT.replace("outbox", "event")
HEARD: Final = "SELECT event_id FROM event"
QUARANTINED: Final = "SELECT partition, record_offset, reason FROM quarantine"


@dataclass
class Owed:
    """What must be found at the end of a round: the facts kept, and the records quarantined, each by its place and reason."""

    facts: set[UUID] = field(default_factory=set)
    quarantined: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Ground:
    """The two databases and the topic between them."""

    intake: Database
    leadtimes: Database
    producer: AIOKafkaProducer
    owed: Owed = field(default_factory=Owed)
    writers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WRITERS))

    async def healthy(self) -> Measured:
        """A round without bad records."""
        return await self._round([])

    async def malformed(self) -> Measured:
        """A round with five bad ones in a hundred, none of which is handled."""
        return await self._round([each for each in _of_each_kind() if each[0] != POISON])

    async def poisoned(self) -> Measured:
        """The same, and poison: each time the whole batch that it lies in has to be heard in parts."""
        return await self._round(_of_each_kind())

    async def _round(self, bad: Sequence[tuple[str, Kind]]) -> Measured:
        clock = asyncio.get_running_loop().time
        begin_at = clock() + 0.5
        async with asyncio.TaskGroup() as group:
            telling = [group.create_task(self._tell(begin_at + number / RATE_PER_S)) for number in range(int(ROUND_S * RATE_PER_S))]
            for number, (name, kind) in enumerate(bad):
                group.create_task(self._send(begin_at + number * ROUND_S / len(bad), name, kind))
        took = clock() - begin_at
        await self._settled()
        waits = sorted(await self._waits([task.result() for task in telling]))
        return {"p50": waits[len(waits) // 2], "p99": waits[len(waits) * 99 // 100], "longest": waits[-1], "facts/s": len(waits) / took}

    async def _tell(self, at: float) -> UUID:
        """Tells a fact of a new case as intake does; answers its id."""
        await _until(at)
        fact = FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE)
        case, now = uuid4(), real_now()
        async with self.writers, transaction(self.intake) as tx:
            await outbox.append(tx, SOURCE, [Told(fact, case, now, TimePrecision.INSTANT)], begin(now, "bench"))
            told = UUID(str(await tx.fetchval("SELECT event_id FROM outbox WHERE stream = $1", case)))
        self.owed.facts.add(told)
        return told

    async def _send(self, at: float, name: str, kind: Kind) -> None:
        """Puts a bad record on the topic; no outbox would."""
        await _until(at)
        message = poison(kind.message) if name == POISON else kind.message
        sent = await self.producer.send_and_wait(INTAKE_EVENTS, message.value, key=message.key, headers=list(message.headers))
        if kind.reason:
            self.owed.quarantined.append((sent.partition, sent.offset, kind.reason))
        if kind.outcome is Outcome.HEARD:
            self.owed.facts.add(message.id)

    async def _settled(self) -> None:
        """Waits until what was told is kept and what is bad is quarantined, each exactly once. Raises Miscounted."""
        for _ in range(LOOKS):
            if not (wrong := await self._wrong()):
                return
            await asyncio.sleep(1)
        raise Miscounted(wrong)

    async def _wrong(self) -> str:
        heard = Counter(UUID(str(row["event_id"])) for row in await self.leadtimes.fetch(HEARD))
        aside = Counter(tuple(row) for row in await self.leadtimes.fetch(QUARANTINED))
        if heard == Counter(self.owed.facts) and aside == Counter(self.owed.quarantined):
            return ""
        return f"{heard.total()} of {len(self.owed.facts)} facts kept, {aside.total()} of {len(self.owed.quarantined)} records quarantined"

    async def _waits(self, told: Sequence[UUID]) -> list[float]:
        """Milliseconds from commit to commit of each."""
        began = {row["event_id"]: row["at"] for row in await self.intake.fetch(TOLD_AT, told)}
        return [1000 * (row["at"] - began[row["event_id"]]).total_seconds() for row in await self.leadtimes.fetch(HEARD_AT, told)]


def _of_each_kind() -> list[tuple[str, Kind]]:
    return [each for _ in range(OF_EACH_KIND) for each in kinds().items()]


def poison(message: Message) -> Message:
    """The record again, so that whoever handles it fails."""
    headers = tuple((name, POISONED.encode() if name == "ce_source" else value) for name, value in message.headers)
    return replace(message, headers=headers)


async def _until(at: float) -> None:
    await asyncio.sleep(max(0, at - asyncio.get_running_loop().time()))


@asynccontextmanager
async def ground(record: StreetRecord) -> AsyncIterator[Ground]:
    """The street, ready to be measured."""
    producer = AIOKafkaProducer(**record.broker.access(ADMIN).options())
    intake, leadtimes = await _open(record.services["intake"]), await _open(record.services["leadtimes"])
    await producer.start()
    try:
        await leadtimes.execute(POISON_ACTS)
        yield Ground(intake, leadtimes, producer)
    finally:
        await producer.stop()
        intake.terminate()
        leadtimes.terminate()


async def _open(service: ServiceRecord) -> Database:
    return await connect(service.database_url, service.password_file.read_text())


async def _compare(record: StreetRecord, rounds: int) -> list[Ratio]:
    async with ground(record) as on:
        kept = await alternate(rounds, {"without": on.healthy, "malformed": on.malformed, "with poison": on.poisoned})
    without, malformed, poisoned = kept["without"], kept["malformed"], kept["with poison"]
    return [
        Ratio("p99 of a healthy fact, beside 5 % malformed / without", "ms", without["p99"], malformed["p99"], at_most=MOST),
        Ratio("p50 of a healthy fact, beside 5 % malformed / without", "ms", without["p50"], malformed["p50"]),
        Ratio("p99 of a healthy fact, with poison among them / without", "ms", without["p99"], poisoned["p99"]),
        Ratio("longest wait, with poison among them / two seconds", "ms", [MOST_MS] * rounds, poisoned["longest"], at_most=1),
    ]


def bench(rounds: int) -> list[Ratio]:
    """Five rounds of each side take about five minutes. Raises Miscounted."""
    with street() as record:
        return asyncio.run(_compare(record, rounds))
