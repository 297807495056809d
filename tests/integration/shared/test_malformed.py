"""Bad records on a topic: each has the outcome the design says, once, and the good ones of other streams go on."""

import asyncio
import base64
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from contracts.envelope import Envelope, TimePrecision, Unreadable
from contracts.intake import Channel, FirstContactRegisteredV1, SourceSystem
from shared import quarantine
from shared.broker import Heard, Hearing, Lag
from shared.clock import real_now
from shared.postgres import transaction
from shared.quarantine import NotQuarantined, Seal
from tests.street import House

Message = tuple[list[tuple[str, bytes]], bytes]


def fact() -> tuple[UUID, Message]:
    """A good event and its id."""
    subject = uuid4()
    envelope = Envelope(
        id=uuid4(),
        source="/municipality/0114/intake",
        subject=subject,
        time=real_now(),
        recordedtime=real_now(),
        partitionkey=subject,
        sequence=1,
        correlationid=uuid4(),
        timeprecision=TimePrecision.INSTANT,
        data=FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE),
    )
    return envelope.id, envelope.message()


def with_header(name: str, value: bytes) -> Message:
    headers, body = fact()[1]
    return [(each, value if each == name else kept) for each, kept in headers], body


def with_body(body: bytes) -> Message:
    return fact()[1][0], body


TYPE = "se.sluss.intake.first-contact-registered"
BAD: dict[str, tuple[Message, str | None]] = {
    "a header that is not UTF-8": (with_header("ce_source", b"/municipality/\xff"), "header_not_utf8"),
    "truncated JSON": (with_body(b'{"channel":"pho'), "not_json"),
    "NUL in a string": (with_body(b'{"channel":"pho\\u0000ne","source_system":"intake"}'), "nul_in_string"),
    "an unknown major of a known type": (with_header("ce_type", f"{TYPE}.v9".encode()), "unknown_major"),
    "an unknown type": (with_header("ce_type", b"se.sluss.intake.moon-landed.v1"), None),
}


class Listener:
    """A consumer's own work: it remembers, and raises when it is told to."""

    def __init__(self) -> None:
        self.ids: list[UUID] = []
        self.calls = 0
        self.poison: UUID | None = None
        self.fault: Exception | None = None

    async def __call__(self, batch: Sequence[Heard]) -> None:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        if self.poison in {each.envelope.id for each in batch}:
            raise RuntimeError("boom")
        self.ids += [each.envelope.id for each in batch]


@asynccontextmanager
async def hearing(house: House, listener: Listener) -> Any:
    stop = asyncio.Event()
    ears = Hearing(house.kafka, house.topic, [house.topic], house.db, Seal(house.seal_key), listener)
    task = asyncio.create_task(ears.run(stop))
    try:
        yield ears
    finally:
        stop.set()
        await task


async def tell(house: House, messages: Sequence[Message]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=house.kafka)
    await producer.start()
    for headers, value in messages:
        await producer.send_and_wait(house.topic, value, key=b"same", headers=headers)
    await producer.stop()


async def caught_up(house: House) -> None:
    lag = Lag(house.kafka, house.topic, [house.topic])
    while await lag.read():
        await asyncio.sleep(0.05)
    await lag.close()


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_record_has_its_outcome_and_the_good_ones_go_on(house: House, kind: str) -> None:
    message, reason = BAD[kind]
    before, after = fact(), fact()
    await tell(house, [before[1], message, after[1]])
    listener = Listener()
    async with hearing(house, listener):
        await caught_up(house)
    assert listener.ids == [before[0], after[0]]
    assert listener.calls <= 2, "no hot loop"
    assert [each.reason for each in await quarantine.listing(house.db)] == ([reason] if reason else [])


async def test_a_record_that_always_raises_is_quarantined_once_and_alone(house: House) -> None:
    messages = [fact() for _ in range(5)]
    listener = Listener()
    listener.poison = messages[2][0]
    await tell(house, [message for _, message in messages])
    async with hearing(house, listener) as ears:
        await caught_up(house)
        assert sorted(map(str, listener.ids)) == sorted(str(each) for each, _ in messages if each != listener.poison)
        [shown] = await quarantine.listing(house.db)
        assert (shown.reason, shown.offset) == ("handler_failed", 2)
        with pytest.raises(RuntimeError):
            await ears.play_again(shown.id, "operator")
        assert await quarantine.count_open(house.db) == 1
        listener.poison = None
        await ears.play_again(shown.id, "operator")
    assert messages[2][0] in listener.ids
    assert await quarantine.count_open(house.db) == 0


async def test_a_transient_fault_waits_and_quarantines_nothing(house: House) -> None:
    listener = Listener()
    listener.fault = ConnectionRefusedError()
    good = fact()
    await tell(house, [good[1]])
    async with hearing(house, listener):
        while listener.calls < 5 and not await quarantine.count_open(house.db):
            await asyncio.sleep(0.05)
        listener.fault = None
        await caught_up(house)
    assert listener.ids == [good[0]]
    assert await quarantine.listing(house.db) == []


async def test_an_unreadable_record_stays_when_it_is_played_again_until_it_is_discarded(house: House) -> None:
    await tell(house, [BAD["truncated JSON"][0]])
    async with hearing(house, Listener()) as ears:
        await caught_up(house)
        [shown] = await quarantine.listing(house.db)
        with pytest.raises(Unreadable):
            await ears.play_again(shown.id, "operator")
        async with transaction(house.db) as tx:
            await quarantine.discard(tx, shown.id, "operator", "broken at the source")
        with pytest.raises(NotQuarantined):
            await ears.play_again(shown.id, "operator")
    assert await quarantine.listing(house.db) == []


async def test_what_is_quarantined_is_sealed_at_rest(house: House) -> None:
    words = b'{"channel":"19121212-1212 Tolvan'
    await tell(house, [with_body(words)])
    async with hearing(house, Listener()):
        await caught_up(house)
    kept = await house.db.fetchval("SELECT sealed FROM quarantine")
    assert kept
    assert words not in kept
    assert base64.b64encode(words) not in kept


async def test_a_graceful_stop_ends_the_batch_in_hand(house: House) -> None:
    begun, ended = asyncio.Event(), []

    async def slow(batch: Sequence[Heard]) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        ended.extend(each.envelope.id for each in batch)

    good = fact()
    await tell(house, [good[1]])
    stop = asyncio.Event()
    task = asyncio.create_task(Hearing(house.kafka, house.topic, [house.topic], house.db, Seal(house.seal_key), slow).run(stop))
    await begun.wait()
    stop.set()
    await task
    assert ended == [good[0]]
    lag = Lag(house.kafka, house.topic, [house.topic])
    assert await lag.read() == 0, "the offset of the finished batch was committed"
    await lag.close()
