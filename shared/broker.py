"""The Kafka edge: FastStream with our own reading and our own commits, set once for every service.

FastStream's defaults lose messages (`libraries.md` 1.2): so MANUAL, a parser that never raises, bytes in, every outcome
(heard, skipped, quarantined) committed in PostgreSQL, and only then explicit offsets taken from the raw records.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IllegalStateError, KafkaError, for_code
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage as InjectedMessage
from faststream.kafka.message import FAKE_CONSUMER, KafkaAckableMessage

from contracts.envelope import Envelope, Skipped, Unreadable, open_record
from shared import quarantine
from shared.crash import CrashPoint, reach
from shared.log import logger
from shared.pause import pause
from shared.postgres import Database, is_transient, transaction
from shared.quarantine import Record, Seal
from shared.telemetry import counter, processing

BATCH = 500
FETCH_WAIT_MS = 50
SESSION_MS = 6_000
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 30.0
PATIENCE_S = 60.0  # in place; then the batch is fetched anew, so that a long outage never meets max_poll_interval (300 s)
POISON_TRIES, POISON_PAUSE_S = 3, 1.0
REWIND_S = 30.0

outcomes = counter("sluss_heard_records", "records heard, by outcome")


@dataclass(frozen=True)
class Heard:
    """A published fact that arrived, and where it lay."""

    envelope: Envelope
    topic: str
    partition: int
    offset: int


Hear = Callable[[Sequence[Heard]], Awaitable[None]]


class Stopping(Exception):
    """The service is being stopped while a batch waits; it is fetched again after the start."""


class NotAlone(Exception):
    """Other processes hear in the same group: this one cannot go back for all."""


class Hearing:
    """Hears topics as one consumer group, a batch at a time.

    `hear` gets the readable facts of a batch in the order of each partition and returns when its one transaction is
    committed. A transient fault waits; a batch that raises is split, and the record that raises alone, three times, is quarantined.
    `instance`: the name of this one process in the group. Started again under it, it need not wait for its own dead session.
    """

    def __init__(
        self, kafka: str, group: str, topics: Sequence[str], db: Database, seal: Seal, hear: Hear, *, instance: str | None = None
    ) -> None:
        self._kafka, self._group, self.topics, self._instance = kafka, group, tuple(topics), instance
        self._db, self._seal, self._hear = db, seal, hear
        self._stop = asyncio.Event()
        self._alive_at = time.monotonic()
        self._waiting = False
        self._consumer: AIOKafkaConsumer | None = None
        self._rewinds: dict[str, asyncio.Future[None]] = {}
        self._asked = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Hears until `stop`; the batch in hand is finished first."""
        self._stop = stop
        while not stop.is_set():
            broker, subscriber = self._make_broker()
            try:
                await self._go_back()
                await broker.start()
                self._consumer = subscriber.consumer
                await pause(None, stop, self._asked)
            except KafkaError as error:
                logger.warning("hearing waits for the broker", error=type(error).__name__)
                await pause(FIRST_BACKOFF_S * 5, stop)
            finally:
                await broker.stop()

    def _make_broker(self) -> tuple[KafkaBroker, Any]:
        broker = KafkaBroker(self._kafka, allow_auto_create_topics=False, ack_policy=AckPolicy.MANUAL, graceful_timeout=15, logger=None)
        subscriber = broker.subscriber(
            *self.topics,
            group_id=self._group,
            group_instance_id=self._instance,
            batch=True,
            max_records=BATCH,
            batch_timeout_ms=FETCH_WAIT_MS,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=1_000,
            no_reply=True,  # a record's `reply_to` header would otherwise make FastStream publish an answer
            parser=_parse_nothing,
            decoder=_decode_nothing,
        )

        async def take(message: InjectedMessage) -> None:
            await self.receive(subscriber.consumer, message.raw_message)

        subscriber(take)
        return broker, subscriber

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
        consumer = AIOKafkaConsumer(
            *self.topics, bootstrap_servers=self._kafka, group_id=self._group, session_timeout_ms=SESSION_MS, enable_auto_commit=False
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

    async def receive(self, consumer: Any, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> None:
        """Whatever happens, the position is either committed after the outcome or put back: never silently passed."""
        reach(CrashPoint.CONSUMER_AFTER_READ)
        self._alive_at = time.monotonic()
        try:
            await self._settle([_record(each) for each in records])
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
        try:
            await consumer.commit({partition: offset + 1 for partition, offset in _last_offsets(records).items()})
        except KafkaError as error:
            # The partition went to somebody else, or the broker is away: it will be heard again, and dropped as known.
            logger.warning("offsets were not committed", error=type(error).__name__)
        reach(CrashPoint.CONSUMER_AFTER_OFFSETS)
        self._alive_at = time.monotonic()

    async def _settle(self, records: Sequence[Record]) -> None:
        heard: list[tuple[Record, Heard]] = []
        unreadable: list[tuple[Record, str]] = []
        for record in records:
            try:
                opened = open_record(record.key, record.headers, record.value)
            except Unreadable as error:
                unreadable.append((record, error.reason))
            else:
                if isinstance(opened, Skipped):
                    outcomes(1, "skipped")
                else:
                    heard.append((record, Heard(opened, record.topic, record.partition, record.offset)))
        if unreadable:
            await self._patiently(lambda: self._quarantine(unreadable))
        if heard:
            with processing(heard[0][1].topic, self._group, [each.envelope.traceparent for _, each in heard], self.receive):
                await self._hear_each(heard)

    async def _hear_each(self, heard: Sequence[tuple[Record, Heard]]) -> None:
        """What raises alone is tried again after all the others, so that many bad records take no longer than one."""
        failed = await self._hear_or_split(heard)
        for _ in range(POISON_TRIES - 1):
            if failed:
                await self._pause(POISON_PAUSE_S)
                failed = [each for one in failed for each in await self._hear_or_split([one])]
        if failed:
            await self._patiently(lambda: self._quarantine([(record, "handler_failed") for record, _ in failed]))

    async def _hear_or_split(self, heard: Sequence[tuple[Record, Heard]]) -> Sequence[tuple[Record, Heard]]:
        """Answers those that raise alone."""
        try:
            await self._patiently(lambda: self._hear([each for _, each in heard]))
        except Stopping:
            raise
        except Exception as error:
            if len(heard) > 1:
                middle = len(heard) // 2
                return [*await self._hear_or_split(heard[:middle]), *await self._hear_or_split(heard[middle:])]
            logger.error("a record could not be handled", topic=heard[0][0].topic, offset=heard[0][0].offset, exc_info=error)
            return heard
        outcomes(len(heard), "heard")
        return []

    async def _quarantine(self, unreadable: Sequence[tuple[Record, str]]) -> None:
        async with transaction(self._db) as tx:
            for record, reason in unreadable:
                await quarantine.put(tx, self._seal, record, reason)
        for record, reason in unreadable:
            outcomes(1, "quarantined")
            logger.error("a record was quarantined", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)

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
        self._waiting = True
        try:
            await pause(seconds, self._stop)
        finally:
            self._waiting, self._alive_at = False, time.monotonic()
        if self._stop.is_set():
            raise Stopping

    def still_for(self) -> float:
        """Seconds since a batch came, was settled or refused; 0 while a fault is waited out, which no restart would cure."""
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
            if isinstance(opened, Envelope):
                await self._hear([Heard(opened, record.topic, record.partition, record.offset)])
            await quarantine.settle_redriven(tx, number, by)


@dataclass(frozen=True)
class Position:
    """How far a group has come in a partition, and the partition's end."""

    committed: int
    end: int

    @property
    def behind(self) -> int:
        """Records that are told and not settled."""
        return self.end - self.committed


class Lag:
    """How far a group is behind, asked of the broker by clients of its own: a stuck consumer cannot vouch for itself."""

    def __init__(self, kafka: str, group: str, topics: Sequence[str]) -> None:
        self._kafka, self._group, self._topics = kafka, group, tuple(topics)
        self._ends: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> float:
        """Records told and not committed yet by the group, over all partitions. Raises KafkaError."""
        return float(sum(each.behind for each in (await self.positions()).values()))

    async def positions(self) -> dict[TopicPartition, Position]:
        """Every partition's end and how far the group has come in it. Raises KafkaError."""
        async with self._one_at_a_time:
            try:
                return await self._read(*await self._clients())
            except BaseException:  # also when the asker gives up waiting: a client that is half started never answers
                await self._close()
                raise

    async def _clients(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        if self._ends is None or self._admin is None:
            self._ends, self._admin = AIOKafkaConsumer(bootstrap_servers=self._kafka), AIOKafkaAdminClient(bootstrap_servers=self._kafka)
            await self._ends.start()
            await self._admin.start()
        return self._ends, self._admin

    async def _read(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> dict[TopicPartition, Position]:
        described = await admin.describe_topics(list(self._topics))
        for topic in described:
            if topic["error_code"]:
                raise for_code(topic["error_code"])
        partitions = [TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]]
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(self._group, partitions=partitions)
        # What the broker no longer keeps was not heard, and never will be: it is no lag. A place beyond the end is one in a topic that
        # was made anew since: there the group has heard nothing.
        places = {each: committed[each].offset if committed[each].offset <= ends[each] else -1 for each in partitions}
        return {each: Position(max(places[each], begins[each]), ends[each]) for each in partitions}

    async def _close(self) -> None:
        ends, admin = self._ends, self._admin
        self._ends = self._admin = None
        if ends is not None:
            await ends.stop()
        if admin is not None:
            await admin.close()

    async def close(self) -> None:
        """Leaves the broker."""
        async with self._one_at_a_time:
            await self._close()


async def _parse_nothing(records: Any) -> KafkaAckableMessage:
    """FastStream's own parser raises on a header that is not UTF-8, and the record is then passed over: so nothing is parsed here."""
    return KafkaAckableMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


async def _decode_nothing(_: Any) -> bytes:
    return b""


def _record(raw: "ConsumerRecord[bytes, bytes]") -> Record:
    return Record(raw.topic, raw.partition, raw.offset, list(raw.headers), raw.value, raw.key)


def _first_offsets(records: Sequence["ConsumerRecord[bytes, bytes]"]) -> dict[TopicPartition, int]:
    return {TopicPartition(each.topic, each.partition): each.offset for each in reversed(records)}


def _last_offsets(records: Sequence["ConsumerRecord[bytes, bytes]"]) -> dict[TopicPartition, int]:
    return {TopicPartition(each.topic, each.partition): each.offset for each in records}
