"""The outbox: what a service tells is written where it is decided, kept as the record, and published in order by one relay.

No `id > cursor`, no SKIP LOCKED, no xmin: each of them lost or reordered events when measured (`reliability.md` 7).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from uuid_utils.compat import uuid7

from contracts.envelope import Envelope, PublishedEvent, TimePrecision, open_message
from shared.context import Context
from shared.crash import CrashPoint, reach
from shared.kafka import Access
from shared.log import logger
from shared.pause import pause
from shared.postgres import Connection, Database, Row, Transaction, connect_alone, hold, is_transient
from shared.settings import ServiceSettings
from shared.telemetry import creating, sending

LARGEST_BYTES = 900_000  # below the broker's 1 MiB with room for headers, so that every row can be published
BATCH = 500
POLL_S = 1.0
CLOSE_S = 5.0

TAKE_SEQUENCE = """
    INSERT INTO stream_sequence AS known (topic, stream, sequence) VALUES ($1, $2, 1)
    ON CONFLICT (topic, stream) DO UPDATE SET sequence = known.sequence + 1 RETURNING sequence
"""
APPEND = """
    WITH row AS (
        INSERT INTO outbox (event_id, topic, stream, sequence, type, headers, payload) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
    ) INSERT INTO outbox_pending SELECT id FROM row
"""
PENDING = "SELECT outbox.*, again FROM outbox_pending JOIN outbox USING (id) ORDER BY id LIMIT $1"
PUBLISHED = """
    DELETE FROM outbox_pending AS pending USING unnest($1::bigint[], $2::bigint[]) AS sent (id, again)
    WHERE pending.id = sent.id AND pending.again IS NOT DISTINCT FROM sent.again
"""
SEND_AGAIN = """
    INSERT INTO outbox_pending (id, again) SELECT id, $1 FROM outbox WHERE topic = $2 AND ($3::uuid IS NULL OR stream = $3) ORDER BY id
    ON CONFLICT (id) DO UPDATE SET again = excluded.again
"""
HISTORY = "SELECT headers, payload FROM outbox WHERE topic = $1 AND stream = $2 ORDER BY sequence"
DEPTH = "SELECT count(*) FROM outbox_pending"
OLDEST = """
    SELECT extract(epoch FROM now() - min(coalesce(asked_at, created_at)))::float8
    FROM outbox_pending JOIN outbox USING (id) LEFT JOIN operation ON operation.id = again
"""


class TooLarge(Exception):
    """An event is larger than the broker takes; refused before it is told, so no sequence gets a hole."""


@dataclass(frozen=True)
class Told:
    """A fact to be published: what, about which stream (the key), and when it happened; under a new id unless one is given."""

    event: PublishedEvent
    stream: UUID
    time: datetime
    precision: TimePrecision
    event_id: UUID | None = None


async def append(tx: Transaction, source: str, told: Sequence[Told], context: Context) -> None:
    """Writes facts in the caller's transaction: they are told if and only if it commits, in this order within a stream.

    The sequence is taken under the stream's row lock before the row gets its id, so id order = sequence order = commit
    order within a stream. Raises TooLarge, and ValueError for an event that its own closed schema refuses.
    """
    for each in told:
        with creating(each.event.topic, each.event.event_type, append) as traceparent:
            sequence = await tx.fetchval(TAKE_SEQUENCE, each.event.topic, each.stream)
            envelope = Envelope(
                id=each.event_id or uuid7(),
                source=source,
                subject=each.stream,
                time=each.time,
                timeprecision=each.precision,
                recordedtime=context.now,
                partitionkey=each.stream,
                sequence=sequence,
                correlationid=context.correlation,
                causationid=context.cause,
                traceparent=traceparent,
                data=each.event,
            )
            headers, payload = envelope.message()
            if len(payload) > LARGEST_BYTES:
                raise TooLarge(each.event.event_type)
            kept = [[name, value.decode()] for name, value in headers]
            await tx.execute(APPEND, envelope.id, each.event.topic, each.stream, sequence, envelope.type, kept, payload)
    if told:
        await tx.execute("SELECT pg_notify('outbox', '')")


async def history(tx: Transaction, topic: str, stream: UUID) -> list[Envelope]:
    """Everything that was told of a stream, in its order."""
    rows = await tx.fetch(HISTORY, topic, stream)
    return [_opened(row) for row in rows]


def _opened(row: Row) -> Envelope:
    opened = open_message([(name, value.encode()) for name, value in row["headers"]], row["payload"])
    assert isinstance(opened, Envelope), "what we told we can read"
    return opened


async def send_again(tx: Transaction, operation: int, topic: str, stream: UUID | None) -> int:
    """Puts what is kept for a topic, or for one stream of it, back on the pending list; answers how many events.

    The relay sends them as ever: alone, by id. What it has on its way at this moment goes once more too, so that the topic
    gets the whole of each stream in one piece and in order, and only then what is told from now on.
    """
    done = await tx.execute(SEND_AGAIN, operation, topic, stream)
    await tx.execute("SELECT pg_notify('outbox', '')")
    return int(done.rpartition(" ")[2])


async def depth(db: Database) -> float:
    """How many told facts the broker has not acknowledged."""
    return float(await db.fetchval(DEPTH))


async def oldest_pending(db: Database) -> float:
    """For how many seconds (real time) the oldest fact has waited for the broker's ack, since it was told or asked for again; 0: none."""
    return float(await db.fetchval(OLDEST) or 0.0)


class Relay:
    """Publishes pending rows by id. One a service: the holder of a session lock on the very connection that deletes.

    A row leaves `outbox_pending` only after the broker's ack, so a crash in between publishes twice, never not at all.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._woken = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Relays until `stop`. Any fault of the database or the producer closes both and begins anew."""
        while not stop.is_set():
            connection: Connection | None = None
            producer: AIOKafkaProducer | None = None
            try:
                connection = await connect_alone(self._settings.database_url, self._settings.database_password)
                await connection.add_listener("outbox", lambda *_: self._woken.set())
                if await self._become_the_one(connection, stop):
                    producer = _producer(self._settings.kafka_access)
                    await producer.start()
                    await self._relay(connection, producer, stop)
            except Exception as error:
                if not isinstance(error, KafkaError) and not is_transient(error):
                    raise
                logger.warning("relay begins anew", error=type(error).__name__)
                await pause(POLL_S, stop)
            finally:
                await _close(producer)
                if connection is not None:
                    connection.terminate()

    async def _become_the_one(self, connection: Connection, stop: asyncio.Event) -> bool:
        while not await hold(connection, "relay"):
            await pause(POLL_S, stop)
            if stop.is_set():
                return False
        return True

    async def _relay(self, connection: Connection, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            rows = await connection.fetch(PENDING, BATCH)
            if rows:
                reach(CrashPoint.RELAY_AFTER_READ)
                await publish(connection, producer, rows)
            else:
                await pause(POLL_S, self._woken, stop)  # LISTEN only wakes; the poll is the truth


async def publish(connection: Connection, producer: AIOKafkaProducer, rows: Sequence[Row]) -> None:
    """Sends rows in order, waits for every ack, and takes the acknowledged ones off the pending list.

    After a failure the rows of that stream stay pending from the failed one on, and the producer's error is raised:
    an idempotent aiokafka producer does not come back from one by itself (aiokafka #1017).
    """
    created = [dict(row["headers"]).get("traceparent") for row in rows]
    with sending(rows[0]["topic"], created, publish):
        futures, refused = await _send_all(producer, rows)
        reach(CrashPoint.RELAY_AFTER_SEND)
        outcomes: list[Any] = [*await asyncio.gather(*futures, return_exceptions=True), *refused]
        reach(CrashPoint.RELAY_AFTER_ACK)
        failed: set[UUID] = set()
        acknowledged = []
        for row, outcome in zip(rows, outcomes, strict=False):
            if isinstance(outcome, BaseException):
                failed.add(row["stream"])
            elif row["stream"] not in failed:
                acknowledged.append(row)
        await connection.execute(PUBLISHED, [row["id"] for row in acknowledged], [row["again"] for row in acknowledged])
        reach(CrashPoint.RELAY_AFTER_DELETE)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


async def _send_all(producer: AIOKafkaProducer, rows: Sequence[Row]) -> tuple[list[Any], list[Exception]]:
    """The acks to wait for, and what the producer itself refused, if anything: the rows from that one on are not sent."""
    acks: list[Any] = []
    for row in rows:
        headers = [(name, value.encode()) for name, value in row["headers"]]
        try:
            acks.append(await producer.send(row["topic"], row["payload"], key=str(row["stream"]).encode(), headers=headers))
        except Exception as error:
            return acks, [error]
    return acks, []


def _producer(kafka: Access) -> AIOKafkaProducer:
    return AIOKafkaProducer(**kafka.telling(), linger_ms=2, request_timeout_ms=10_000)


async def _close(producer: AIOKafkaProducer | None) -> None:
    if producer is not None:
        try:
            await asyncio.wait_for(producer.stop(), CLOSE_S)
        except Exception as error:  # it is thrown away whatever it says; what was not acknowledged stays pending
            logger.warning("producer did not close", error=type(error).__name__)
            if producer._sender is not None:  # an idempotent one would go on trying for ever, behind its successor's back
                await producer._sender.close()
