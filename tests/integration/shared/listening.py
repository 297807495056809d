"""A real Hearing on a real topic, with a listener that remembers and raises when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from shared.broker import Hear, Heard, Hearing
from shared.lag import Lag
from shared.quarantine import Seal
from tests.integration.shared.kinds import Message
from tests.street import House


class Listener:
    """A consumer's own work: it remembers, and raises when it is told to."""

    def __init__(self) -> None:
        self.ids: list[UUID] = []
        self.calls = 0
        self.tried_alone: list[tuple[UUID, float]] = []
        self.poison: UUID | None = None
        self.fault: Exception | None = None

    async def __call__(self, batch: Sequence[Heard]) -> None:
        self.calls += 1
        if len(batch) == 1:
            self.tried_alone.append((batch[0].envelope.id, time.monotonic()))
        if self.fault is not None:
            raise self.fault
        if self.poison in {each.envelope.id for each in batch}:
            raise RuntimeError("boom")
        self.ids += [each.envelope.id for each in batch]


@asynccontextmanager
async def hearing(house: House, listener: Hear, group: str | None = None) -> AsyncIterator[Hearing]:
    stop = asyncio.Event()
    ears = Hearing(house.kafka, group or house.topic, [house.topic], house.db, Seal(house.seal_key), listener)
    with capture_logs():  # the usual way to show an exception on a terminal takes longer than the pauses that are measured
        task = asyncio.create_task(ears.run(stop))
        try:
            yield ears
        finally:
            stop.set()
            await task


async def tell(house: House, messages: Sequence[Message]) -> list[int]:
    """Sends them to one partition in this order; their offsets."""
    producer = AIOKafkaProducer(**house.kafka.options())
    await producer.start()
    sent = [
        await producer.send_and_wait(house.topic, each.value, key=each.key, headers=list(each.headers), partition=0) for each in messages
    ]
    await producer.stop()
    return [each.offset for each in sent]


async def send_records(house: House, facts: Sequence[Heard]) -> None:
    """Sends the records of facts to one partition in this order."""
    producer = AIOKafkaProducer(**house.kafka.options())
    await producer.start()
    sent = [await producer.send(house.topic, e.record.value, key=e.record.key, headers=list(e.record.headers), partition=0) for e in facts]
    await asyncio.gather(*sent)
    await producer.stop()


async def caught_up(house: House, group: str | None = None) -> None:
    lag = Lag(house.kafka, group or house.topic, [house.topic])
    while await lag.read():
        await asyncio.sleep(0.05)
    await lag.close()


async def until_heard(listener: Listener, ids: Sequence[UUID]) -> None:
    async with asyncio.timeout(30):
        while listener.ids != list(ids):
            await asyncio.sleep(0.05)
