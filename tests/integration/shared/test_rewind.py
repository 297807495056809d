"""A topic is heard again from its beginning: also one that was made anew, in which the group would skip what it had come further."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.broker import NotAlone
from shared.lag import Lag
from tests.integration.shared.kinds import Message, fact
from tests.integration.shared.listening import Listener, caught_up, hearing, tell, until_heard
from tests.street import PARTITIONS, House


async def make_anew(house: House, come_to: int) -> None:
    """The topic as a broker has it that lost its log and kept how far the group had come."""
    admin = AIOKafkaAdminClient(**house.kafka.options())
    await admin.start()
    await admin.delete_topics([house.topic])
    while house.topic in await admin.list_topics():
        await asyncio.sleep(0.05)
    await admin.create_topics([NewTopic(house.topic, PARTITIONS, 1)])
    await admin.close()
    consumer = AIOKafkaConsumer(**house.kafka.options(), group_id=house.topic, enable_auto_commit=False)
    await consumer.start()
    partition = TopicPartition(house.topic, 0)
    consumer.assign([partition])
    await consumer.commit({partition: come_to})
    await consumer.stop()


@pytest.mark.needs_durable_broker
async def test_in_a_topic_that_was_made_anew_nothing_is_skipped_that_was_sent_again(house: House) -> None:
    old, new = [fact() for _ in range(4)], [fact() for _ in range(6)]
    async with hearing(house, first := Listener()):
        await tell(house, old)
        await until_heard(first, _ids(old))
        await caught_up(house)
    await make_anew(house, come_to=4)
    await tell(house, new)
    async with hearing(house, second := Listener()) as ears:
        await until_heard(second, _ids(new[4:]))  # this is what happens by itself: the first four are passed over
        await ears.rewind(house.topic)
        await until_heard(second, _ids([*new[4:], *new]))
        await caught_up(house)
    async with hearing(house, third := Listener()):
        await tell(house, more := [fact()])
        await until_heard(third, _ids(more))


@pytest.mark.needs_durable_broker
async def test_beyond_the_end_of_a_topic_that_was_made_anew_nothing_of_it_was_heard(house: House) -> None:
    new = [fact() for _ in range(3)]
    await make_anew(house, come_to=8)
    await tell(house, new)
    lag = Lag(house.kafka, house.topic, [house.topic])
    assert await lag.read() == 3
    async with hearing(house, listener := Listener()):
        await until_heard(listener, _ids(new))
        await caught_up(house)
    assert await lag.read() == 0
    await lag.close()


async def test_while_it_goes_back_it_is_not_still_and_afterwards_it_was_not(house: House) -> None:
    async with hearing(house, Listener()) as ears:
        await asyncio.sleep(1)
        going, seen, before = asyncio.create_task(ears.rewind(house.topic)), [], ears.still_for()
        while not going.done():
            seen.append(ears.still_for())
            await asyncio.sleep(0.01)
        assert 0.0 in seen, "many rewinds in a row would look to the watchdog like a consumer that hangs"
        assert ears.still_for() < before
        await going


async def test_while_it_is_down_nobody_is_told_that_it_went_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.broker.REWIND_S", 0.1)
    async with hearing(house, Listener()) as ears:
        pass
    with pytest.raises(TimeoutError):
        await ears.rewind(house.topic)


async def test_who_hears_only_a_part_of_a_topic_does_not_go_back(house: House) -> None:
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(hearing(house, Listener())) for _ in range(2)]
        while not all(ears.assigned() for ears in both) or sum(len(ears.assigned()) for ears in both) != PARTITIONS:
            await asyncio.sleep(0.05)
        with pytest.raises(NotAlone):
            await both[0].rewind(house.topic)


def _ids(messages: Sequence[Message]) -> list[UUID]:
    return [each.id for each in messages]
