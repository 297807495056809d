"""The Kafka edge: FastStream with our own reading and our own commits, set once for every service.

FastStream's defaults lose messages (`libraries.md` 1.2): so MANUAL, a parser that never raises, bytes in, every outcome
(heard, skipped, quarantined) committed in PostgreSQL, and only then explicit offsets taken from the raw records.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from contracts.envelope import Envelope, Skipped, Unreadable, open_record
from shared import quarantine
from shared.crash import CrashPoint, reach
from shared.kafka import Access
from shared.lag import REQUEST_MS
from shared.log import logger
from shared.pause import pause
from shared.postgres import Database, is_transient, transaction
from shared.quarantine import Record, Seal
from shared.subscriber import BATCH, SESSION_MS, make_subscriber
from shared.telemetry import counter, processing

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 30.0
PATIENCE_S = 60.0  # in place; then the batch is fetched anew, so that a long outage never meets max_poll_interval (300 s)
POISON_TRIES, POISON_PAUSE_S = 3, 1.0
MOST_KEPT_BACK = 1000
REWIND_S = 30.0

outcomes = counter("sluss_heard_records", "records heard, by outcome")


@dataclass(frozen=True)
class Heard:
    """A published fact that arrived, and the record that brought it."""

    envelope: Envelope
    record: Record


@dataclass(frozen=True)
class PassedBy:
    """A record of a type that this version does not know."""

    record: Record


Hear = Callable[[Sequence[Heard]], Awaitable[None]]
PassBy = Callable[[Record], Awaitable[None]]
Readable = Heard | PassedBy


@dataclass
class _KeptBack:
    """A record without an outcome yet, and when (monotonic seconds) something is done about it.

    `heard` raised alone, so often; without it the record cannot be read, for this `reason`.
    """

    record: Record
    due: float
    heard: Readable | None = None
    tries: int = 0
    reason: str = "handler_failed"


class Stopping(Exception):
    """The service is being stopped while a batch waits; it is fetched again after the start."""


class NotAlone(Exception):
    """Other processes hear in the same group: this one cannot go back for all."""


class Hearing:
    """Hears topics as one consumer group, a batch at a time.

    `hear` gets the readable facts of a batch in the order of each partition and returns when its one transaction is
    committed. A transient fault waits; a batch that raises is split, and the record that raises alone, three times, is quarantined.
    Beside its tries, and beside the quarantining of what cannot be read, the records after it are heard, but their offsets are not
    committed: it is delivered again after a crash, they too. `hear` may raise Unreadable of a fact that says too little for it.
    `pass_by`: told, in its turn, of each record whose type nobody here knows; without it they are passed over in silence.
    `most`: the largest batch; small where one takes long, for only its end is seen as progress.
    `instance`: the name of this one process in the group. Started again under it, it need not wait for its own dead session.
    """

    def __init__(
        self,
        kafka: Access,
        group: str,
        topics: Sequence[str],
        db: Database,
        seal: Seal,
        hear: Hear,
        *,
        pass_by: PassBy | None = None,
        instance: str | None = None,
        most: int = BATCH,
    ) -> None:
        self._kafka, self._group, self.topics, self._instance = kafka, group, tuple(topics), instance
        self._db, self._seal, self._hear, self._pass_by, self._most = db, seal, hear, pass_by, most
        self._stop = asyncio.Event()
        self._alive_at = time.monotonic()
        self._waiting = 0  # how many of us wait for what passes
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()  # a batch, or one more try of what failed
        self._commits = asyncio.Lock()  # one after the other, so that none is overtaken by an older one
        self._kept_back: dict[tuple[TopicPartition, int], _KeptBack] = {}
        self._more = asyncio.Event()  # something was kept back
        self._passed: dict[TopicPartition, int] = {}  # the offset after the last one that was settled, or kept back
        self._rewinds: dict[str, asyncio.Future[None]] = {}
        self._asked = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Hears until `stop`; the batch in hand is finished first."""
        self._stop = stop
        while not stop.is_set():
            broker, subscriber = make_subscriber(self._kafka, self._group, self.topics, self._instance, self._most, self.receive)
            self._kept_back.clear()  # a new consumer begins at what is committed, before each of them
            try:
                await self._go_back()
                await broker.start()
                self._consumer = subscriber.consumer
                await self._settle_what_is_kept_back(subscriber.consumer)
            except KafkaError as error:
                logger.warning("hearing waits for the broker", error=type(error).__name__)
                await pause(FIRST_BACKOFF_S * 5, stop)
            finally:
                await broker.stop()

    async def rewind(self, topic: str) -> None:
        """Hears one of `topics` from its beginning again; what was heard before is dropped as known.

        In a topic that was made anew the group would skip what is sent again, as far as it had come in the old one.
        Raises NotAlone, and TimeoutError when the broker does not let us in time; then it may still happen, which harms nobody.
        """
        done = self._rewinds.setdefault(topic, asyncio.get_running_loop().create_future())
        self._asked.set()
        await asyncio.wait_for(asyncio.shield(done), REWIND_S)

    async def _go_back(self) -> None:
        """Commits the beginnings of the topics asked for: as a new member of the group, since only a member may.

        One without a name: to a named one the broker gives what it had, which in a topic made anew is nothing. So it waits until
        the session of ours has ended. Raises KafkaError, also when a topic is not there.
        """
        self._asked.clear()
        if not self._rewinds:
            return
        self._waiting += 1
        consumer = AIOKafkaConsumer(
            *self.topics,
            **self._kafka.options(),
            group_id=self._group,
            session_timeout_ms=SESSION_MS,
            request_timeout_ms=REQUEST_MS,
            enable_auto_commit=False,
        )
        try:
            await consumer.start()
            for topic, done in [*self._rewinds.items()]:
                ours = [each for each in consumer.assignment() if each.topic == topic]
                if ours and len(ours) == len(consumer.partitions_for_topic(topic) or ()):
                    await consumer.commit(await consumer.beginning_offsets(ours))
                    done.set_result(None)
                else:
                    done.set_exception(NotAlone())
                del self._rewinds[topic]
        finally:
            await consumer.stop()
            self._waiting, self._alive_at = self._waiting - 1, time.monotonic()

    async def receive(self, consumer: Any, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> None:
        """Whatever happens, the position is either committed after the outcome or put back: never silently passed."""
        async with self._turn:
            reach(CrashPoint.CONSUMER_AFTER_READ)
            self._alive_at = time.monotonic()
            try:
                kept_back = await self._settle([_record(each) for each in records])
                reach(CrashPoint.CONSUMER_AFTER_COMMIT)
            except BaseException as error:
                for partition, offset in _first_offsets(records).items():
                    with suppress(IllegalStateError):  # it went to somebody else, who begins at what is committed
                        consumer.seek(partition, offset)
                if isinstance(error, Stopping):
                    return
                if isinstance(error, Exception):
                    await asyncio.sleep(POISON_PAUSE_S)  # a fault of our own must not become a hot loop
                raise
            passed = {partition: offset + 1 for partition, offset in _last_offsets(records).items()}
            self._passed |= passed
            self._kept_back |= {_place(each.record): each for each in kept_back}
            self._more.set()
            await self._commit(consumer, passed)
            reach(CrashPoint.CONSUMER_AFTER_OFFSETS)
            self._alive_at = time.monotonic()

    async def _commit(self, consumer: Any, partitions: Iterable[TopicPartition]) -> None:
        """Commits each partition up to the first record that has no outcome yet."""
        async with self._commits:
            first = {each: [at for kept, at in self._kept_back if kept == each] for each in partitions}
            try:
                await consumer.commit({each: min([self._passed[each], *kept]) for each, kept in first.items()})
            except KafkaError as error:  # the partition is somebody else's, or the broker away: it is heard again, and dropped as known
                logger.warning("offsets were not committed", error=type(error).__name__)

    async def _settle_what_is_kept_back(self, consumer: Any) -> None:
        """Until the stop, or a rewind is asked for: what failed is tried again when due, what cannot be read is quarantined at once."""
        while not self._stop.is_set() and not self._asked.is_set():
            self._more.clear()
            now = time.monotonic()
            due_s = min((each.due for each in self._kept_back.values()), default=now + POISON_PAUSE_S) - now
            await pause(due_s, self._stop, self._asked, self._more)
            due = {place: kept for place, kept in self._kept_back.items() if kept.due <= time.monotonic()}
            await self._settle_kept(consumer, {place: kept for place, kept in due.items() if kept.heard is None})
            for place, kept in due.items():
                if kept.heard is not None and not self._stop.is_set():
                    await self._settle_kept(consumer, {place: kept})

    async def _settle_kept(self, consumer: Any, due: Mapping[tuple[TopicPartition, int], _KeptBack]) -> None:
        """One that raised, or any number that cannot be read."""
        kept = list(due.values())
        try:
            if not kept or (kept[0].heard is not None and not await self._is_heard_now(kept[0], kept[0].heard)):
                return
            if kept[0].heard is None:
                await self._patiently(lambda: self._quarantine(kept))
        except Stopping:
            return
        except Exception as error:
            logger.error("records could not be quarantined", topic=kept[0].record.topic, offset=kept[0].record.offset, exc_info=error)
            for each in kept:
                each.due = time.monotonic() + POISON_PAUSE_S
            return
        for place in due:
            del self._kept_back[place]
        await self._commit(consumer, {partition for partition, _ in due})
        self._alive_at = time.monotonic()

    async def _is_heard_now(self, kept: _KeptBack, heard: Readable) -> bool:
        """Whether one more try, the last before the quarantine, gave a record its outcome."""
        async with self._turn:
            self._alive_at = time.monotonic()
            for failed in await self._hear_traced([heard]):
                kept.tries, kept.due, kept.reason = kept.tries + 1, failed.due, failed.reason
                if failed.heard is not None and kept.tries < POISON_TRIES:
                    return False
                await self._patiently(lambda: self._quarantine([kept]))
            return True

    async def _settle(self, records: Sequence[Record]) -> list[_KeptBack]:
        """Answers those that have no outcome yet: what raises alone, and what cannot be read."""
        readable: list[Readable] = []
        unreadable: list[_KeptBack] = []
        for record in records:
            try:
                opened = open_record(record.key, record.headers, record.value)
            except Unreadable as error:
                unreadable.append(_KeptBack(record, time.monotonic(), reason=error.reason))
            else:
                if isinstance(opened, Skipped):
                    outcomes(1, "skipped")
                arrived = _arrived(opened, record)
                if self._pass_by is not None or isinstance(arrived, Heard):
                    readable.append(arrived)
        failed = await self._hear_traced(readable) if readable else []
        if len(self._kept_back) + len(unreadable) > MOST_KEPT_BACK:  # the memory ends before the topic does
            await self._patiently(lambda: self._quarantine(unreadable))
            unreadable = []
        return [*unreadable, *failed]

    async def _hear_traced(self, readable: Sequence[Readable]) -> list[_KeptBack]:
        created = [each.envelope.traceparent for each in readable if isinstance(each, Heard)]
        with processing(readable[0].record.topic, self._group, created, self.receive):
            return await self._hear_or_split(readable)

    async def _hear_or_split(self, readable: Sequence[Readable]) -> list[_KeptBack]:
        """Answers those that raise alone."""
        try:
            await self._patiently(lambda: self._give(readable))
        except Stopping:
            raise
        except Exception as error:
            if len(readable) > 1:
                middle = len(readable) // 2
                return [*await self._hear_or_split(readable[:middle]), *await self._hear_or_split(readable[middle:])]
            [alone] = readable
            if isinstance(error, Unreadable):
                return [_KeptBack(alone.record, time.monotonic(), reason=error.reason)]
            logger.error("a record could not be handled", topic=alone.record.topic, offset=alone.record.offset, exc_info=error)
            return [_KeptBack(alone.record, time.monotonic() + POISON_PAUSE_S, alone, 1)]
        outcomes(sum(isinstance(each, Heard) for each in readable), "heard")
        return []

    async def _give(self, readable: Iterable[Readable]) -> None:
        """Hands facts on together, and between them, in its turn, each record that is passed by."""
        facts: list[Heard] = []
        for each in readable:
            if isinstance(each, Heard):
                facts.append(each)
            elif self._pass_by is not None:
                if facts:
                    await self._hear(facts)
                facts = []
                await self._pass_by(each.record)
        if facts:
            await self._hear(facts)

    async def _quarantine(self, kept: Sequence[_KeptBack]) -> None:
        async with transaction(self._db) as tx:
            for each in kept:
                await quarantine.put(tx, self._seal, each.record, each.reason)
        for each in kept:
            outcomes(1, "quarantined")
            (partition, offset), reason = _place(each.record), each.reason
            logger.error("a record was quarantined", topic=partition.topic, partition=partition.partition, offset=offset, reason=reason)

    async def _patiently(self, act: Callable[[], Awaitable[None]]) -> None:
        """Waits out transient faults with growing pauses; anything else is raised at once. Raises Stopping."""
        backoff, give_back_at = FIRST_BACKOFF_S, time.monotonic() + PATIENCE_S
        while True:
            try:
                return await act()
            except Exception as error:
                self._alive_at = time.monotonic()
                if not is_transient(error):
                    raise
                logger.warning("hearing waits", error=type(error).__name__, seconds=round(backoff, 1))
            if time.monotonic() > give_back_at:
                raise Stopping
            await self._pause(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    async def _pause(self, seconds: float) -> None:
        self._waiting += 1
        try:
            await pause(seconds, self._stop)
        finally:
            self._waiting, self._alive_at = self._waiting - 1, time.monotonic()
        if self._stop.is_set():
            raise Stopping

    def still_for(self) -> float:
        """Seconds since a batch came, was settled or refused, or a topic was gone back in; 0 while either or a fault is waited out."""
        return 0.0 if self._waiting else time.monotonic() - self._alive_at

    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that are ours at the moment."""
        return frozenset(self._consumer.assignment()) if self._consumer is not None else frozenset()

    async def play_again(self, number: int, by: str) -> None:
        """Plays a quarantined record again through the same reading and hearing.

        Raises NotQuarantined, Unreadable when it still cannot be read, and whatever `hear` raises; then it stays quarantined.
        """
        async with transaction(self._db) as tx:
            record = await quarantine.take(tx, self._seal, number)
            opened = open_record(record.key, record.headers, record.value)
            await self._give([_arrived(opened, record)])
            await quarantine.settle_redriven(tx, number, by)


def _arrived(opened: Envelope | Skipped, record: Record) -> Readable:
    return PassedBy(record) if isinstance(opened, Skipped) else Heard(opened, record)


def _place(record: Record) -> tuple[TopicPartition, int]:
    return TopicPartition(record.topic, record.partition), record.offset


def _record(raw: "ConsumerRecord[bytes, bytes]") -> Record:
    return Record(raw.topic, raw.partition, raw.offset, list(raw.headers), raw.value, raw.key)


def _first_offsets(records: Sequence["ConsumerRecord[bytes, bytes]"]) -> dict[TopicPartition, int]:
    return {TopicPartition(each.topic, each.partition): each.offset for each in reversed(records)}


def _last_offsets(records: Sequence["ConsumerRecord[bytes, bytes]"]) -> dict[TopicPartition, int]:
    return {TopicPartition(each.topic, each.partition): each.offset for each in records}
