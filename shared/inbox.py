"""The inbox of a service that decides on what it hears: each event of a stream once, in its order, in the transaction of its effect.

Per (consumer, topic, stream) the last sequence applied. Lower: dropped as known, or a fork alarm when it is another event. Next:
applied. Beyond: parked until what is missing has come, or an operator gives it up (`reliability.md` D4, D7).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.envelope import Envelope, Skipped, Unreadable, UnreadableReason, open_record
from shared import quarantine
from shared.broker import POISON_TRIES, Heard
from shared.crash import CrashPoint, reach
from shared.log import logger
from shared.pause import pause
from shared.postgres import Database, Row, Transaction, is_transient, transaction
from shared.quarantine import Record, Seal

POLL_S = 5.0
BATCH = 50  # facts that a service which decides takes in hand at once: each is a transaction or more
MOST_SHOWN = 500
Apply = Callable[[Transaction, Envelope], Awaitable[None]]

BEGIN = "INSERT INTO inbox (consumer, topic, stream) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
LOCK = "SELECT sequence FROM inbox WHERE (consumer, topic, stream) = ($1, $2, $3) FOR UPDATE"
KNOWN = """
    SELECT (SELECT event_id FROM inbox_event WHERE (consumer, topic, stream) = ($1, $2, $3) AND sequence = $4) AS applied,
           (SELECT event_id FROM inbox_parked WHERE (consumer, topic, stream) = ($1, $2, $3) AND sequence = $4) AS parked,
           EXISTS (SELECT FROM inbox_parked WHERE (consumer, topic, stream) = ($1, $2, $3)) AS waiting
"""
MOVE = "UPDATE inbox SET sequence = $4 WHERE (consumer, topic, stream) = ($1, $2, $3)"
APPLIED = "INSERT INTO inbox_event (consumer, topic, stream, sequence, event_id) VALUES ($1, $2, $3, $4, $5)"
PARK = """
    INSERT INTO inbox_parked (consumer, topic, stream, sequence, event_id, partition, record_offset, sha256, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
PARKED = "SELECT * FROM inbox_parked WHERE (consumer, topic, stream) = ($1, $2, $3) AND sequence = $4"
UNPARK = "DELETE FROM inbox_parked WHERE (consumer, topic, stream) = ($1, $2, $3) AND sequence = $4"
FIRST_PARKED = "SELECT min(sequence) FROM inbox_parked WHERE (consumer, topic, stream) = ($1, $2, $3)"
FORK = """
    INSERT INTO inbox_fork (consumer, topic, stream, sequence, kept_event_id, event_id, partition, record_offset)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
GIVE_UP = """
    INSERT INTO inbox_gap (consumer, topic, stream, first_sequence, last_sequence, reason, given_up_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
READY = """
    SELECT topic, stream FROM inbox_parked AS parked JOIN inbox USING (consumer, topic, stream)
    WHERE consumer = $1 AND parked.sequence = inbox.sequence + 1 ORDER BY parked_at
"""
WAITING = """
    SELECT topic, stream, inbox.sequence AS applied, min(parked.sequence) AS first_parked, count(*) AS events, min(parked_at) AS since
    FROM inbox_parked AS parked JOIN inbox USING (consumer, topic, stream)
    WHERE consumer = $1 GROUP BY topic, stream, inbox.sequence ORDER BY since, stream LIMIT $2
"""
FORKS = "SELECT * FROM inbox_fork WHERE consumer = $1 ORDER BY seen_at, event_id LIMIT $2"
COUNT_PARKED = "SELECT count(*) FROM inbox_parked WHERE consumer = $1"
OLDEST_PARKED = "SELECT extract(epoch FROM now() - min(parked_at))::float8 FROM inbox_parked WHERE consumer = $1"
COUNT_FORKS = "SELECT count(*) FROM inbox_fork WHERE consumer = $1"


class GapReason(StrEnum):
    """Why a gap is given up."""

    LOST = "lost"  # whoever told it no longer has it
    UNREADABLE = "unreadable"  # its record lay in quarantine, and was given up there
    NEVER_TOLD = "never_told"  # the sequence was taken, and no event ever was


class NoSuchGap(Exception):
    """No event of that stream and sequence is the first that waits for an earlier one."""


@dataclass(frozen=True)
class Place:
    """Where an event stands: its topic, stream and sequence; and which event it is."""

    topic: str
    stream: UUID
    sequence: int
    event_id: UUID


@dataclass(frozen=True)
class Waiting:
    """A stream whose events wait for an earlier one. `applied`: the last sequence that was, 0: none; `since`: real time."""

    topic: str
    stream: UUID
    applied: int
    first_parked: int
    events: int
    since: datetime

    @property
    def asks_republish(self) -> bool:
        """Whether the stream was never seen from its beginning: only whoever told it can send that again."""
        return self.applied == 0


@dataclass(frozen=True)
class Fork:
    """Two events under one sequence: the one that counts and the one that was dropped, and where that lay."""

    topic: str
    stream: UUID
    sequence: int
    kept_event_id: UUID
    event_id: UUID
    partition: int
    offset: int
    seen_at: datetime


class Inbox:
    """What a service hears, handed to `apply` in order and once. `consumer`: the service's name, whatever group it hears under.

    `apply` does the whole effect in the transaction it is given. What its domain refuses is an outcome, committed by `apply` as such;
    whatever it raises is a fault: of the database, waited out by `Hearing`; any other, tried again and quarantined.
    """

    def __init__(self, consumer: str, db: Database, seal: Seal, apply: Apply) -> None:
        self._consumer, self._db, self._seal, self._apply = consumer, db, seal, apply
        self._woken = asyncio.Event()

    async def hear(self, batch: Sequence[Heard]) -> None:
        """Hears each fact in a transaction of its own. Raises Unreadable for one without a sequence: it has no place in any order."""
        for each in batch:
            await self._take(_place(each), each.record, each.envelope)

    async def pass_by(self, record: Record) -> None:
        """A record of an unknown type: nothing is done, and its stream goes on behind it. One that is of no stream is let be."""
        place = _place_of_unknown(record)
        if place is not None:
            await self._take(place, record, None)

    async def _take(self, place: Place, record: Record, envelope: Envelope | None) -> None:
        of_stream = (self._consumer, place.topic, place.stream)
        async with transaction(self._db) as tx:
            await tx.execute(BEGIN, *of_stream)
            last = await tx.fetchval(LOCK, *of_stream)
            reach(CrashPoint.INBOX_AFTER_LOCK)
            known = await tx.fetchrow(KNOWN, *of_stream, place.sequence)
            assert known is not None, "a row of subqueries"
            await self._decide(tx, place, last, known["applied"] or known["parked"], record, envelope)
        reach(CrashPoint.INBOX_AFTER_COMMIT)
        if known["waiting"]:
            await self._drain(place.topic, place.stream)

    async def _decide(
        self, tx: Transaction, place: Place, last: int, known: UUID | None, record: Record, envelope: Envelope | None
    ) -> None:
        if known is not None:
            if known != place.event_id:
                await self._alarm(tx, place, known, record)
        elif place.sequence <= last:
            logger.warning("an event came after its gap was given up", topic=place.topic, offset=record.offset)
        elif place.sequence == last + 1:
            await self._advance(tx, place, envelope)
        else:
            await self._park(tx, place, record)

    async def _advance(self, tx: Transaction, place: Place, envelope: Envelope | None) -> None:
        if envelope is not None:
            await self._apply(tx, envelope)
        reach(CrashPoint.INBOX_AFTER_APPLY)
        await tx.execute(MOVE, self._consumer, place.topic, place.stream, place.sequence)
        await tx.execute(APPLIED, self._consumer, place.topic, place.stream, place.sequence, place.event_id)
        reach(CrashPoint.INBOX_AFTER_ADVANCE)

    async def _park(self, tx: Transaction, place: Place, record: Record) -> None:
        sealed, digest = self._seal.close(record)
        lay = (record.partition, record.offset)
        await tx.execute(PARK, self._consumer, place.topic, place.stream, place.sequence, place.event_id, *lay, digest, sealed)
        reach(CrashPoint.INBOX_AFTER_PARK)

    async def _alarm(self, tx: Transaction, place: Place, known: UUID, record: Record) -> None:
        lay = (record.partition, record.offset)
        await tx.execute(FORK, self._consumer, place.topic, place.stream, place.sequence, known, place.event_id, *lay)
        logger.error("two events under one sequence", topic=place.topic, offset=record.offset)

    async def _drain(self, topic: str, stream: UUID) -> None:
        """Applies what is parked and next, one transaction each. One that raises every time goes to quarantine, and the rest waits on."""
        tries = 0
        while True:
            try:
                if not await self._apply_parked(topic, stream):
                    return
                tries = 0
                reach(CrashPoint.INBOX_AFTER_DRAIN)
            except Exception as error:
                if is_transient(error):
                    raise
                tries += 1
                if tries == POISON_TRIES:
                    logger.error("a parked record could not be handled", topic=topic, exc_info=error)
                    await self._quarantine(topic, stream, error)
                    return

    async def _apply_parked(self, topic: str, stream: UUID) -> bool:
        """Whether one was next and is applied."""
        async with transaction(self._db) as tx:
            row = await self._next_parked(tx, topic, stream)
            if row is None:
                return False
            record = self._seal.open(row)
            opened = open_record(record.key, record.headers, record.value)
            place = Place(topic, stream, row["sequence"], row["event_id"])
            await self._advance(tx, place, None if isinstance(opened, Skipped) else opened)
            await tx.execute(UNPARK, self._consumer, topic, stream, place.sequence)
            reach(CrashPoint.INBOX_AFTER_UNPARK)
            return True

    async def _quarantine(self, topic: str, stream: UUID, error: Exception) -> None:
        async with transaction(self._db) as tx:
            row = await self._next_parked(tx, topic, stream)
            if row is not None:
                await quarantine.put_sealed(tx, row, error.reason if isinstance(error, Unreadable) else "handler_failed")
                await tx.execute(UNPARK, self._consumer, topic, stream, row["sequence"])
                reach(CrashPoint.INBOX_AFTER_QUARANTINE)

    async def _next_parked(self, tx: Transaction, topic: str, stream: UUID) -> Row | None:
        last = await tx.fetchval(LOCK, self._consumer, topic, stream)
        return await tx.fetchrow(PARKED, self._consumer, topic, stream, last + 1)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, drains what a given-up gap or a death in between has left ready, which no event to come may ever touch."""
        while not stop.is_set():
            self._woken.clear()
            try:
                for row in await self._db.fetch(READY, self._consumer):
                    await self._drain(row["topic"], row["stream"])
            except Exception as error:
                if not is_transient(error):
                    raise
                logger.warning("the inbox waits for the database", error=type(error).__name__)
            await pause(POLL_S, self._woken, stop)

    async def give_up(self, topic: str, stream: UUID, first_parked: int, reason: GapReason, by: str) -> tuple[int, int]:
        """Gives up what is missing before the first parked event of a stream, with who and why; that one and the next ones follow.

        Answers the first and the last sequence given up. Raises NoSuchGap, also when it was closed or given up meanwhile.
        """
        of_stream = (self._consumer, topic, stream)
        async with transaction(self._db) as tx:
            last = await tx.fetchval(LOCK, *of_stream)
            if last is None or await tx.fetchval(FIRST_PARKED, *of_stream) != first_parked or first_parked == last + 1:
                raise NoSuchGap
            await tx.execute(MOVE, *of_stream, first_parked - 1)
            await tx.execute(GIVE_UP, *of_stream, last + 1, first_parked - 1, reason, by)
            reach(CrashPoint.INBOX_AFTER_GIVING_UP)
        self._woken.set()
        return last + 1, first_parked - 1

    async def waiting(self) -> list[Waiting]:
        """The streams whose events are parked, those that wait longest first; at most MOST_SHOWN."""
        return [Waiting(**row) for row in await self._db.fetch(WAITING, self._consumer, MOST_SHOWN)]

    async def forks(self) -> list[Fork]:
        """The alarms, oldest first; at most MOST_SHOWN."""
        return [
            Fork(
                row["topic"],
                row["stream"],
                row["sequence"],
                row["kept_event_id"],
                row["event_id"],
                row["partition"],
                row["record_offset"],
                row["seen_at"],
            )
            for row in await self._db.fetch(FORKS, self._consumer, MOST_SHOWN)
        ]

    async def parked(self) -> float:
        """How many events are parked."""
        return float(await self._db.fetchval(COUNT_PARKED, self._consumer))

    async def oldest_parked(self) -> float:
        """For how many seconds (real time) the oldest parked event has waited; 0: none."""
        return float(await self._db.fetchval(OLDEST_PARKED, self._consumer) or 0.0)

    async def conflicts(self) -> float:
        """How many events came under a sequence that another one has."""
        return float(await self._db.fetchval(COUNT_FORKS, self._consumer))


def _place(heard: Heard) -> Place:
    if heard.envelope.sequence is None:
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "sequence")
    return Place(heard.record.topic, heard.envelope.partitionkey, heard.envelope.sequence, heard.envelope.id)


def _place_of_unknown(record: Record) -> Place | None:
    """Where a record of an unknown type says it stands; None when it does not say it as our own events do, or under another key."""
    told = dict(record.headers)
    attributes = {name.removeprefix("ce_"): (value or b"").decode() for name, value in told.items() if name.startswith("ce_")}
    try:
        if (told.get("content-type") or b"").lower().startswith(b"application/cloudevents"):
            attributes = {name: str(worth) for name, worth in json.loads(record.value or b"").items()}
        stream, event_id, sequence = UUID(attributes["partitionkey"]), UUID(attributes["id"]), int(attributes["sequence"])
    except (KeyError, ValueError):
        return None
    sound = record.key == str(stream).encode() and 1 <= sequence < 2**63
    return Place(record.topic, stream, sequence, event_id) if sound else None
