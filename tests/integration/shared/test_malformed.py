"""Bad records on a topic, beyond their kinds: poison alone, faults that pass, what is kept sealed, and a graceful stop."""

import asyncio
import base64
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from contracts.envelope import Unreadable
from shared import log, quarantine
from shared.broker import POISON_TRIES, Heard, Hearing
from shared.lag import Lag
from shared.postgres import transaction
from shared.quarantine import NotQuarantined, Seal
from tests.integration.shared.kinds import KINDS, fact, with_value
from tests.integration.shared.listening import Listener, caught_up, hearing, tell, until_heard
from tests.street import House, free_port, read_topic


@pytest.fixture(autouse=True)
def logs_as_a_service_does() -> Iterator[None]:
    """Without this, structlog draws every traceback for a terminal, which takes longer than the work."""
    kept, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.start("test")
    yield
    logging.getLogger().handlers[:] = kept
    logging.getLogger().setLevel(level)


def note_the_time_of_each_try(ears: Hearing) -> list[float]:
    """Notes, without changing it, when a batch is taken in hand."""
    times, receive = [], ears.receive

    async def noted(consumer: Any, records: Any) -> None:
        times.append(time.monotonic())
        await receive(consumer, records)

    ears.__dict__["receive"] = noted
    return times


async def test_a_record_that_always_raises_is_quarantined_once_and_alone(house: House) -> None:
    messages = [fact() for _ in range(5)]
    listener = Listener()
    listener.poison = messages[2].id
    await tell(house, messages)
    async with hearing(house, listener) as ears:
        await caught_up(house)
        assert sorted(map(str, listener.ids)) == sorted(str(each.id) for each in messages if each.id != listener.poison)
        [shown] = await quarantine.listing(house.db)
        assert shown.reason == "handler_failed"
        with pytest.raises(RuntimeError):
            await ears.play_again(shown.id, "operator")
        assert await quarantine.count_open(house.db) == 1
        listener.poison = None
        await ears.play_again(shown.id, "operator")
    assert messages[2].id in listener.ids
    assert await quarantine.count_open(house.db) == 0


async def test_a_record_that_can_be_handled_at_the_last_try_is_heard_and_not_quarantined(house: House) -> None:
    good, raised = fact(), 0

    async def raises_at_first(_: Sequence[Heard]) -> None:
        nonlocal raised
        if raised < POISON_TRIES - 1:
            raised += 1
            raise RuntimeError("boom")

    await tell(house, [good])
    async with hearing(house, raises_at_first):
        await caught_up(house)
    assert raised == POISON_TRIES - 1
    assert await quarantine.listing(house.db) == []


async def test_many_records_that_raise_take_no_longer_than_one(house: House) -> None:
    """Two seconds for each would be longer than the group's patience with a consumer, and the batch would never be committed."""
    messages = [fact() for _ in range(200)]

    async def raises(batch: Sequence[Heard]) -> None:
        raise RuntimeError("boom")

    await tell(house, messages)
    async with asyncio.timeout(30), hearing(house, raises):
        await caught_up(house)
    assert len(await quarantine.listing(house.db)) == 200


async def test_a_broker_of_several_addresses_is_heard_though_the_first_does_not_answer(house: House) -> None:
    said, listener = fact(), Listener()
    several = f"127.0.0.1:{free_port()},{house.kafka.bootstrap}"
    of_several = replace(house, settings=house.settings.model_copy(update={"kafka": several}))
    async with hearing(of_several, listener):
        await tell(house, [said])
        await caught_up(house)
    assert listener.ids == [said.id]


async def test_while_one_record_is_tried_again_the_others_are_heard_and_it_is_heard_after_a_stop(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, good, listener, lag = fact(), fact(), Listener(), Lag(house.kafka, house.topic, [house.topic])
    listener.poison = poison.id
    with monkeypatch.context() as patient:
        patient.setattr("shared.broker.POISON_PAUSE_S", 1000.0)
        await tell(house, [poison])
        async with hearing(house, listener):
            while not listener.tried_alone:
                await asyncio.sleep(0.05)
            await tell(house, [good])
            while good.id not in listener.ids:
                await asyncio.sleep(0.05)
            assert await quarantine.listing(house.db) == []
    assert await lag.read() == 2, "no offset is committed before its outcome, nor any after it"
    listener.poison = None
    async with hearing(house, listener):
        await caught_up(house)
    await lag.close()
    assert listener.ids == [good.id, poison.id, good.id]


async def test_a_record_that_fails_and_cannot_be_quarantined_is_tried_on(house: House) -> None:
    await house.db.execute("ALTER TABLE quarantine RENAME TO taken_away")
    poison, listener = fact(), Listener()
    listener.poison = poison.id
    await tell(house, [poison])
    async with hearing(house, listener):
        while len(listener.tried_alone) < POISON_TRIES + 1:
            await asyncio.sleep(0.05)
        await house.db.execute("ALTER TABLE taken_away RENAME TO quarantine")
        await caught_up(house)
    assert [each.reason for each in await quarantine.listing(house.db)] == ["handler_failed"]


async def test_what_cannot_even_be_quarantined_is_tried_again_beside_the_others_and_no_offset_passes_it(house: House) -> None:
    await house.db.execute("ALTER TABLE quarantine RENAME TO taken_away")
    good, later = fact(), fact()
    await tell(house, [KINDS["truncated JSON"].message, good])
    listener, lag = Listener(), Lag(house.kafka, house.topic, [house.topic])
    async with hearing(house, listener):
        await until_heard(listener, [good.id])
        await tell(house, [later])
        await until_heard(listener, [good.id, later.id])
        assert await lag.read() == 3, "no offset was committed"
        await house.db.execute("ALTER TABLE taken_away RENAME TO quarantine")
        await caught_up(house)
    await lag.close()
    assert sorted(listener.ids) == sorted([good.id, later.id]), "each once"
    assert [(each.reason, each.offset) for each in await quarantine.listing(house.db)] == [("not_json", 0)]


async def test_a_fault_while_settling_puts_the_position_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of `hear`: when no more can be kept back, the quarantine itself fails, in a way that no waiting cures. Nothing is passed over."""
    monkeypatch.setattr("shared.broker.MOST_KEPT_BACK", 0)
    await house.db.execute("ALTER TABLE quarantine RENAME TO taken_away")
    good, later = fact(), fact()
    await tell(house, [KINDS["truncated JSON"].message, good])
    listener, lag = Listener(), Lag(house.kafka, house.topic, [house.topic])
    async with hearing(house, listener) as ears:
        tries = note_the_time_of_each_try(ears)
        while len(tries) < 2:
            await asyncio.sleep(0.05)
        await tell(house, [later])
        while len(tries) < 4:
            await asyncio.sleep(0.05)
        assert await lag.read() == 3, "no offset was committed"
        assert tries[-1] - tries[0] > 2.5, "no hot loop"
        await house.db.execute("ALTER TABLE taken_away RENAME TO quarantine")
        await caught_up(house)
    await lag.close()
    assert set(listener.ids) == {good.id, later.id}
    assert [(each.reason, each.offset) for each in await quarantine.listing(house.db)] == [("not_json", 0)]


async def test_a_partition_that_went_to_somebody_else_does_not_keep_the_others_from_being_put_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.broker.MOST_KEPT_BACK", 0)
    await house.db.execute("DROP TABLE quarantine")
    ours, lost = TopicPartition(house.topic, 0), TopicPartition(house.topic, 1)
    producer = AIOKafkaProducer(**house.kafka.options())
    await producer.start()
    for place in (ours, lost):
        await producer.send_and_wait(house.topic, b"{", partition=place.partition)
    await producer.stop()
    records = sorted(await read_topic(house.kafka, house.topic, 2), key=lambda each: each.partition)
    consumer = AIOKafkaConsumer(**house.kafka.options(), enable_auto_commit=False)
    await consumer.start()
    consumer.assign([ours])
    consumer.seek(ours, 1)
    ears = Hearing(house.kafka, house.topic, [house.topic], house.db, Seal(house.seal_key), Listener())
    with pytest.raises(Exception, match='relation "quarantine" does not exist'):
        await ears.receive(consumer, records)
    assert await consumer.position(ours) == 0
    await consumer.stop()


async def test_a_record_that_asks_for_an_answer_gets_none(house: House, another_house: House) -> None:
    good = fact()
    asking = (*good.headers, ("reply_to", another_house.topic.encode()), ("correlation_id", b"1"))
    await tell(house, [replace(good, headers=asking)])
    listener = Listener()
    async with hearing(house, listener):
        await caught_up(house)
    assert listener.ids == [good.id]
    assert await read_topic(house.kafka, another_house.topic, 0) == []


async def test_a_transient_fault_waits_and_quarantines_nothing(house: House) -> None:
    listener = Listener()
    listener.fault = ConnectionRefusedError()
    good = fact()
    await tell(house, [good])
    async with hearing(house, listener):
        while listener.calls < 5 and not await quarantine.count_open(house.db):
            await asyncio.sleep(0.05)
        lag = Lag(house.kafka, house.topic, [house.topic])
        assert await lag.read() == 1, "no offset is committed before its outcome"
        await lag.close()
        listener.fault = None
        await caught_up(house)
    assert listener.ids == [good.id]
    assert await quarantine.listing(house.db) == []


async def test_an_unreadable_record_stays_when_it_is_played_again_until_it_is_discarded(house: House) -> None:
    await tell(house, [KINDS["truncated JSON"].message])
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
    await tell(house, [with_value(words)])
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
    await tell(house, [good])
    stop = asyncio.Event()
    task = asyncio.create_task(Hearing(house.kafka, house.topic, [house.topic], house.db, Seal(house.seal_key), slow).run(stop))
    await begun.wait()
    stop.set()
    await task
    assert ended == [good.id]
    lag = Lag(house.kafka, house.topic, [house.topic])
    assert await lag.read() == 0, "the offset of the finished batch was committed"
    await lag.close()


async def test_lag_asked_before_the_broker_is_there_is_answered_when_it_is(house: House) -> None:
    port = free_port()
    lag = Lag(replace(house.kafka, bootstrap=f"127.0.0.1:{port}"), house.topic, [house.topic])
    for _ in range(2):
        with pytest.raises(KafkaError):
            await lag.read()
    address, _, real = house.kafka.bootstrap.rpartition(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(address, int(real))
        await asyncio.wait({asyncio.create_task(pump(reader, far_writer)), asyncio.create_task(pump(far_reader, writer))})

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await reader.read(65536):
            writer.write(told)
        writer.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", port)
    assert await lag.read() == 0
    await lag.close()
    server.close()


@pytest.mark.needs_durable_broker
async def test_what_the_broker_no_longer_keeps_is_no_lag(house: House) -> None:
    await tell(house, [fact() for _ in range(3)])
    [partition] = {record.partition for record in await read_topic(house.kafka, house.topic, 3)}
    lag = Lag(house.kafka, house.topic, [house.topic])
    assert await lag.read() == 3
    admin = AIOKafkaAdminClient(**house.kafka.options())
    await admin.start()
    await admin.delete_records({TopicPartition(house.topic, partition): RecordsToDelete(before_offset=3)})
    await admin.close()
    assert await lag.read() == 0
    await lag.close()


@pytest.mark.needs_durable_broker  # the other makes any topic that is asked for
async def test_the_lag_of_a_topic_that_is_not_there_is_unknown_and_not_nothing(house: House) -> None:
    lag = Lag(house.kafka, house.topic, [f"{house.topic}-gone"])
    with pytest.raises(KafkaError):
        await lag.read()
    await lag.close()
