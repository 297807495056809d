"""What a producer keeps is sent again: whole, unchanged, in its order, by the one relay, also while that has a batch on its way."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from contracts.envelope import open_message
from shared.auth import Caller
from shared.operations import Operation, keep
from shared.outbox import PENDING, depth, oldest_pending, publish, send_again
from shared.postgres import connect_alone, transaction
from tests.integration.shared.test_relay import fact, pending, relay_until_empty, tell
from tests.street import House, read_topic

OPERATOR = Caller("an operator", frozenset({"operator"}))


async def ask(house: House, stream: UUID | None = None) -> int:
    async with transaction(house.db) as tx:
        return await send_again(tx, await keep(tx, Operation.REPUBLISH, house.topic, stream, OPERATOR), house.topic, stream)


async def told(house: House, stream: UUID, facts: int) -> None:
    """Facts of one stream, told and at the broker."""
    await tell(house, *((fact(house.topic), stream) for _ in range(facts)))
    await relay_until_empty(house)


async def sequences(house: House, at_least: int) -> list[int]:
    return [open_message(each.headers, each.value).sequence for each in await read_topic(house.kafka, house.topic, at_least)]


async def test_everything_goes_again_as_it_went_the_first_time(house: House) -> None:
    one, other = uuid4(), uuid4()
    await told(house, one, 3)
    await told(house, other, 2)
    first = await read_topic(house.kafka, house.topic, 5)
    assert await ask(house) == 5
    await relay_until_empty(house)
    for stream, facts in ((one, 3), (other, 2)):
        records = [_content(each) for each in await read_topic(house.kafka, house.topic, 10) if each.key == str(stream).encode()]
        assert records == [_content(each) for each in first if each.key == str(stream).encode()] * 2
        assert len(records) == 2 * facts


def _content(record: object) -> Sequence[object]:
    return [getattr(record, name) for name in ("partition", "key", "value", "headers")]


async def test_of_one_stream_only_that_goes_again_however_often_it_is_asked(house: House) -> None:
    one, other = uuid4(), uuid4()
    await told(house, one, 3)
    await told(house, other, 2)
    for _ in range(2):
        assert await ask(house, one) == 3
    assert await pending(house) == [(one, 1), (one, 2), (one, 3)]
    assert await ask(house, uuid4()) == 0
    kept = [tuple(row) for row in await house.db.fetch("SELECT kind, topic, stream, asked_by FROM operation ORDER BY id LIMIT 1")]
    assert kept == [("republish", house.topic, one, "an operator")]


async def test_what_was_on_its_way_when_it_was_asked_goes_once_more_so_that_the_stream_is_whole(house: House) -> None:
    stream = uuid4()
    await told(house, stream, 3)
    await tell(house, (fact(house.topic), stream), (fact(house.topic), stream))
    connection = await connect_alone(house.settings.database_url, house.settings.database_password)
    producer = AIOKafkaProducer(**house.kafka.options(), acks="all")
    await producer.start()
    on_its_way = await connection.fetch(PENDING, 500)
    assert await ask(house) == 5
    await publish(connection, producer, on_its_way)
    await producer.stop()
    await connection.close()
    assert await depth(house.db) == 5
    await relay_until_empty(house)
    assert await sequences(house, 10) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]


async def test_an_old_fact_that_goes_again_has_waited_only_since_it_was_asked_for(house: House) -> None:
    await told(house, uuid4(), 1)
    await house.db.execute("UPDATE outbox SET created_at = now() - interval '30 days'")
    await ask(house)
    assert 0 <= await oldest_pending(house.db) < 60
    await house.db.execute("DELETE FROM outbox_pending; INSERT INTO outbox_pending SELECT id FROM outbox")
    assert await oldest_pending(house.db) > 86_400
