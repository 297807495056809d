"""The outbox under twelve writers: the relay loses and reorders nothing, where a reader of `id > last` does lose."""

import asyncio
import random
import time
from collections import defaultdict
from uuid import UUID, uuid4

import pytest

from contracts.codes import Channel, SourceSystem
from contracts.envelope import TimePrecision, open_message
from contracts.intake import FirstContactRegisteredV1
from shared.clock import real_now
from shared.context import begin
from shared.outbox import Relay, Told, append, depth
from shared.postgres import Database, transaction
from tests.street import House, read_topic

WRITERS, SECONDS, STREAMS = 12, 20, 40
NEWER = "SELECT id FROM outbox WHERE id > $1 ORDER BY id"


@pytest.mark.long
async def test_twelve_writers_lose_nothing_and_a_naive_reader_does(house: House) -> None:
    class Raced(FirstContactRegisteredV1):
        topic = house.topic

    fact = Raced(channel=Channel.PHONE, source_system=SourceSystem.INTAKE)
    streams = [uuid4() for _ in range(STREAMS)]
    end_at = time.monotonic() + SECONDS
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(house.settings).run(stop))
    naive = asyncio.create_task(_naive(house.db, stop))

    written = sum(await asyncio.gather(*(_write(house.db, fact, streams, end_at) for _ in range(WRITERS))))
    while await depth(house.db):
        await asyncio.sleep(0.05)
    stop.set()
    await relay
    seen_by_naive = await naive

    sequences: dict[UUID, list[int]] = defaultdict(list)
    for record in await read_topic(house.kafka, house.topic, written):
        envelope = open_message(record.headers, record.value)
        sequences[envelope.subject].append(envelope.sequence)
    assert written > 1000
    assert sum(map(len, sequences.values())) == written
    assert all(told == list(range(1, len(told) + 1)) for told in sequences.values())
    assert len(seen_by_naive) < written, "the negative control lost nothing: the race was not raced"


async def _write(db: Database, fact: FirstContactRegisteredV1, streams: list[UUID], end_at: float) -> int:
    """Transactions of random length, as real ones are: the time between insert and commit is where events are lost."""
    written = 0
    chance = random.Random()
    while time.monotonic() < end_at:
        async with transaction(db) as tx:
            told = Told(fact, chance.choice(streams), real_now(), TimePrecision.INSTANT)
            await append(tx, "/municipality/0114/intake", [told], begin(real_now(), "test"))
            await asyncio.sleep(chance.uniform(0, 0.006))
        written += 1
    return written


async def _naive(db: Database, stop: asyncio.Event) -> set[int]:
    """What many write first: remember the highest id seen."""
    seen: set[int] = set()
    last = 0
    while True:
        ended = stop.is_set()
        for row in await db.fetch(NEWER, last):
            last = row["id"]
            seen.add(last)
        if ended:
            return seen
        await asyncio.sleep(0.01)
