"""How many told facts a second the relay brings to the broker, beside faststream-outbox and a bare loop over the same rows.

The relay is that of the real intake, its API and timers with it. Each side is a fresh process before a full table, and its pace that
from the first record, by the time its producer gave it, to the empty table. Ours and the bare loop keep each stream's order: it is checked.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.catalogue import INTAKE_EVENTS
from contracts.codes import Channel, SourceSystem
from contracts.envelope import Envelope, TimePrecision
from contracts.intake import FirstContactRegisteredV1
from deploy.local.record import StreetRecord
from shared.clock import real_now
from shared.migrate import migrate
from shared.postgres import Connection, Database
from tools.bench.children import ROOT, Child, rivals_python, running
from tools.bench.frame import Measured, Miscounted, Ratio, alternate, connect_admin, street
from tools.bench.rivals import plain_relay
from tools.bench.sides import make_database, partitions_of, service, side_task
from tools.bench.task import Task

NAME: Final = "relay"
MIGRATIONS: Final = ROOT / "services" / "intake" / "migrations"
ROWS: Final = 30_000
STREAMS: Final = 5_000
LIBRARYS: Final = 5_000  # rows for faststream-outbox, which is slower
TIMES_THE_LIBRARY: Final = 5.0
OF_THE_LIMIT: Final = 0.6
PATIENCE_S: Final = 120.0
# In every database: facts of streams in turn, each with the headers of an envelope and its number, and what is not relayed yet.
FACTS: Final = """
    CREATE FUNCTION fact(rows integer, streams integer) RETURNS TABLE (n integer, stream uuid, number jsonb)
    LANGUAGE sql AS $$ SELECT n, md5((n % streams)::text)::uuid, jsonb_build_array('n', n::text) FROM generate_series(0, rows - 1) AS n $$;
"""
LEFT: Final = {
    "intake": "CREATE VIEW left_over AS SELECT id FROM outbox_pending",
    "plain": "CREATE VIEW left_over AS SELECT id FROM pending",
    "library": "CREATE VIEW left_over AS SELECT id FROM outbox",
}
FILL: Final = {
    "intake": """
        WITH row AS (
            INSERT INTO outbox (event_id, topic, stream, sequence, type, headers, payload)
            SELECT gen_random_uuid(), 'intake-events', stream, 1 + n / $2, '', $3::jsonb || jsonb_build_array(number), $4
            FROM fact($1, $2) ORDER BY n RETURNING id
        ) INSERT INTO outbox_pending SELECT id FROM row
    """,
    "plain": """
        INSERT INTO pending (stream, headers, payload)
        SELECT stream, $3::jsonb || jsonb_build_array(number), $4 FROM fact($1, $2) ORDER BY n
    """,
    "library": """
        WITH told AS (SELECT jsonb_object_agg(each ->> 0, each ->> 1) AS headers FROM jsonb_array_elements($3::jsonb) AS each)
        INSERT INTO outbox (queue, headers, payload)
        SELECT 'relay', headers || jsonb_build_object('n', n::text, 'key', stream, 'correlation_id', stream), $4
        FROM told, fact($1, $2) ORDER BY n
    """,
}
EMPTY: Final = {"intake": "TRUNCATE outbox, outbox_pending", "plain": "TRUNCATE pending", "library": "TRUNCATE outbox"}
FIRST: Final = "SELECT min(id) FROM left_over"
BEGUN: Final = "SELECT NOT EXISTS (SELECT FROM left_over WHERE id = $1)"
DONE: Final = "SELECT $1::bigint > 0 AND NOT EXISTS (SELECT FROM left_over)"


@dataclass(frozen=True)
class Side:
    """One way to relay, its database, how many rows it gets, and whether it promises the order of each stream."""

    name: str
    db: Database
    run: Callable[[Task], AbstractContextManager[Child]]
    rows: int = ROWS
    in_order: bool = True

    async def fill(self) -> None:
        """Its table, full, and the server with nothing else left to write."""
        fact = FirstContactRegisteredV1(
            channel=Channel.PHONE,
            source_system=SourceSystem.INTAKE,
            person_ref=uuid4(),
            household_ref=uuid4(),
            known_from=real_now().date(),
        )
        case = uuid4()
        headers, payload = Envelope(
            id=uuid4(),
            source="/municipality/0114/intake",
            subject=case,
            time=real_now(),
            recordedtime=real_now(),
            partitionkey=case,
            sequence=1,
            correlationid=case,
            timeprecision=TimePrecision.INSTANT,
            traceparent=f"00-{uuid4().hex}-{uuid4().hex[:16]}-01",
            data=fact,
        ).message()
        await self.db.execute(EMPTY[self.name])
        await self.db.execute(FILL[self.name], self.rows, STREAMS, [[name, value.decode()] for name, value in headers], payload)
        await self.db.execute("VACUUM ANALYZE")
        await self.db.execute("CHECKPOINT")


@dataclass(frozen=True)
class Ground:
    """The servers, and a reader of the topic."""

    record: StreetRecord
    reader: AIOKafkaConsumer
    partitions: Sequence[TopicPartition]

    def round_of(self, side: Side) -> Callable[[], Awaitable[Measured]]:
        """One round: from a full table to an empty one. Raises Miscounted when a row is missing, doubled, or before its time."""

        async def measure() -> Measured:
            await side.fill()
            ends = await self.reader.end_offsets(self.partitions)
            first = await side.db.fetchval(FIRST)
            with side.run(replace(side_task(self.record, side.name), topic=INTAKE_EVENTS)) as child:
                await self._until(child, side.db, BEGUN, first)
                cpu = child.cpu_s()
                await self._until(child, side.db, DONE, first)
                ended, cpu = time.time(), child.cpu_s() - cpu
            began = await self._check(side, ends)
            return {"rows/s": side.rows / (ended - began), "µs CPU": 1e6 * cpu / side.rows}

        return measure

    async def _until(self, child: Child, db: Database, question: str, first: int) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while not await db.fetchval(question, first):
            child.cpu_s()  # raises when it has ended
            if time.monotonic() > give_up_at:
                raise Miscounted(f"not all rows were relayed in {PATIENCE_S:.0f} s: see {child.log}")
            await asyncio.sleep(0.01)

    async def _check(self, side: Side, ends: dict[TopicPartition, int]) -> float:
        """The time (seconds since 1970) of the first record, after all of them were counted and each stream's order seen."""
        records: list[Any] = []
        for partition, end in ends.items():
            self.reader.seek(partition, end)
        while len(records) < side.rows and (found := await self.reader.getmany(timeout_ms=5000)):
            records += [record for some in found.values() for record in some]
        numbers = [int(dict(record.headers)["n"]) for record in records]
        if sorted(numbers) != list(range(side.rows)):
            raise Miscounted(f"{side.name}: {len(numbers)} records, {len(set(numbers))} different, of {side.rows} rows")
        last: dict[bytes, int] = {}
        for record, number in zip(records, numbers, strict=True):
            if side.in_order and last.get(record.key, -1) > number:
                raise Miscounted(f"{side.name}: a stream is out of order")
            last[record.key] = number
        return float(min(record.timestamp for record in records)) / 1000


@asynccontextmanager
async def ground(record: StreetRecord) -> AsyncIterator[Ground]:
    """The servers, ready to be measured on."""
    reader = AIOKafkaConsumer(**side_task(record, "").kafka.options(), enable_auto_commit=False)
    await reader.start()
    try:
        partitions = partitions_of(INTAKE_EVENTS)
        reader.assign(partitions)
        yield Ground(record, reader, partitions)
    finally:
        await reader.stop()


async def sides(record: StreetRecord, admin: Connection) -> list[Side]:
    """The three of them, each with its tables."""
    python = await asyncio.to_thread(rivals_python)

    def rival(module: str) -> Callable[[Task], AbstractContextManager[Child]]:
        return lambda told: running(python, f"tools.bench.rivals.{module}", told=told)

    intake, plain, library = [await make_database(record, admin, side) for side in FILL]
    await migrate(intake, MIGRATIONS)
    await plain.execute(plain_relay.TABLE)
    found = [
        Side("intake", intake, lambda told: service(record, "intake", told, {})),
        Side("plain", plain, rival("plain_relay")),
        Side("library", library, rival("faststream_outbox_relay"), LIBRARYS, in_order=False),
    ]
    with found[-1].run(replace(side_task(record, "library"), topic=INTAKE_EVENTS)) as child:
        while not await library.fetchval("SELECT to_regclass('outbox') IS NOT NULL"):
            child.cpu_s()
            await asyncio.sleep(0.1)
    for side in found:
        await side.db.execute(FACTS + LEFT[side.name])
    return found


async def _compare(record: StreetRecord, rounds: int) -> list[Ratio]:
    admin = await connect_admin(record)
    all_sides = await sides(record, admin)
    try:
        async with ground(record) as on:
            kept = await alternate(rounds, {side.name: on.round_of(side) for side in all_sides})
    finally:
        for side in all_sides:
            side.db.terminate()
        await admin.close()
    ours, plain, library = kept["intake"], kept["plain"], kept["library"]
    return [
        Ratio("facts relayed / by faststream-outbox", "1/s", library["rows/s"], ours["rows/s"], at_least=TIMES_THE_LIBRARY),
        Ratio("facts relayed / by a bare ordered loop", "1/s", plain["rows/s"], ours["rows/s"], at_least=OF_THE_LIMIT, aim=True),
        Ratio("processor time of a fact / of a bare ordered loop", "µs", plain["µs CPU"], ours["µs CPU"]),
    ]


def bench(rounds: int) -> list[Ratio]:
    """Five rounds take about three minutes. Raises Miscounted and Failed."""
    with street(services=()) as record:
        return asyncio.run(_compare(record, rounds))
