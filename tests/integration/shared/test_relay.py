"""The outbox and its relay on a real broker: what is refused leaves nothing, what failed stays pending, and the trace is carried along."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from contracts.codes import Channel, SourceSystem
from contracts.envelope import TimePrecision, open_message
from contracts.intake import FirstContactRegisteredV1
from shared.broker import Heard, Hearing
from shared.clock import real_now
from shared.context import begin
from shared.outbox import LARGEST_BYTES, PENDING, Relay, Told, TooLarge, append, depth, oldest_pending, publish
from shared.postgres import connect_alone, transaction
from shared.quarantine import Seal
from tests.street import PARTITIONS, House, read_topic

SOURCE = "/municipality/0114/intake"


def fact(topic: str, size: int = 0) -> FirstContactRegisteredV1:
    """A fact for a topic of the test's own, as large as it is asked to be."""
    of_topic = topic

    class Padded(FirstContactRegisteredV1):
        topic = of_topic
        padding: str

    return Padded(channel=Channel.PHONE, source_system=SourceSystem.INTAKE, padding="x" * size)


async def tell(house: House, *told: tuple[FirstContactRegisteredV1, UUID]) -> None:
    async with transaction(house.db) as tx:
        facts = [Told(event, stream, real_now(), TimePrecision.INSTANT) for event, stream in told]
        await append(tx, SOURCE, facts, begin(real_now(), "test"))


async def pending(house: House) -> list[tuple[UUID, int]]:
    """The streams and sequences that the broker has not acknowledged."""
    return [(row["stream"], row["sequence"]) for row in await house.db.fetch(PENDING, 1000)]


def streams_apart() -> tuple[UUID, UUID]:
    """Two streams whose records lie in different partitions, so that they are never in one batch of the producer."""
    place, every = DefaultPartitioner(), list(range(PARTITIONS))
    one = uuid4()
    while place(str(one).encode(), every, every) == place(str(other := uuid4()).encode(), every, every):
        pass
    return one, other


@pytest.fixture
async def narrow(house: House) -> AsyncIterator[tuple[str, AIOKafkaAdminClient]]:
    """A topic whose broker takes records of 3,000 bytes at most, and who may change that."""
    admin = AIOKafkaAdminClient(**house.kafka.options())
    await admin.start()
    name = f"{house.topic}-narrow"
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs={"max.message.bytes": "3000"})])
    yield name, admin
    await admin.close()


async def test_too_large_an_event_is_refused_and_leaves_nothing(house: House) -> None:
    stream = uuid4()
    with pytest.raises(TooLarge):
        await tell(house, (fact(house.topic), stream), (fact(house.topic, LARGEST_BYTES), stream))
    for table in ("outbox", "outbox_pending", "stream_sequence"):
        assert await house.db.fetchval(f"SELECT count(*) FROM {table}") == 0
    await tell(house, (fact(house.topic), stream))
    assert await house.db.fetchval("SELECT sequence FROM outbox") == 1


async def test_the_largest_event_that_is_told_is_published(house: House) -> None:
    around = len(b'{"channel":"phone","source_system":"intake","padding":""}')
    await tell(house, (fact(house.topic, LARGEST_BYTES - around), uuid4()))
    await relay_until_empty(house)
    [record] = await read_topic(house.kafka, house.topic, 1)
    assert len(record.value) == LARGEST_BYTES


@pytest.mark.needs_durable_broker  # the other takes records of any size
async def test_what_the_broker_refuses_stays_with_all_that_follows_it_in_its_stream_until_a_new_producer_is_heard(
    house: House, narrow: tuple[str, AIOKafkaAdminClient]
) -> None:
    topic, admin = narrow
    one, other = streams_apart()
    await tell(house, (fact(topic, 5000), one), (fact(topic), other), (fact(topic), one), (fact(topic), other))
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(house.settings).run(stop))
    async with asyncio.timeout(30):
        while await pending(house) != [(one, 1), (one, 2)]:
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.5)  # it begins anew more than once
        assert await pending(house) == [(one, 1), (one, 2)]
        assert await oldest_pending(house.db) > 2
        await tell(house, (fact(topic), other))
        while await depth(house.db) > 2:
            await asyncio.sleep(0.05)
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "100000"})])
        while await depth(house.db):
            await asyncio.sleep(0.05)
    stop.set()
    await relay
    heard = [open_message(record.headers, record.value) for record in await read_topic(house.kafka, topic, 5)]
    for stream, all_of_it in ((one, [1, 2]), (other, [1, 2, 3])):
        assert list(dict.fromkeys(each.sequence for each in heard if each.partitionkey == stream)) == all_of_it


async def test_what_the_producer_itself_refuses_does_not_make_those_before_it_be_told_for_ever(house: House) -> None:
    streams = [uuid4() for _ in range(3)]
    await tell(house, *((fact(house.topic, size), stream) for stream, size in zip(streams, (0, 5000, 0), strict=True)))
    connection = await connect_alone(house.settings.database_url, house.settings.database_password)
    producer = AIOKafkaProducer(**house.kafka.telling(), max_request_size=3000)
    await producer.start()
    with pytest.raises(MessageSizeTooLargeError):
        await publish(connection, producer, await connection.fetch(PENDING, 10))
    assert await pending(house) == [(streams[1], 1), (streams[2], 1)]
    await producer.stop()
    await connection.close()
    await relay_until_empty(house)
    records = await read_topic(house.kafka, house.topic, 3)
    assert sorted(record.key.decode() for record in records) == sorted(map(str, streams))


async def test_a_second_relay_waits_and_takes_over(house: House) -> None:
    stops = [asyncio.Event(), asyncio.Event()]
    relays = [asyncio.create_task(Relay(house.settings).run(stop)) for stop in stops]
    stream = uuid4()
    for told in range(20):
        await tell(house, (fact(house.topic), stream))
        if told == 10:
            stops[0].set()
            await relays[0]
    while await depth(house.db):
        await asyncio.sleep(0.05)
    stops[1].set()
    await relays[1]
    records = await read_topic(house.kafka, house.topic, 20)
    assert [open_message(each.headers, each.value).sequence for each in records] == list(range(1, 21)), "each once, in order"


async def relay_until_empty(house: House) -> None:
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(house.settings).run(stop))
    async with asyncio.timeout(30):
        while await depth(house.db):
            await asyncio.sleep(0.05)
    stop.set()
    await relay


@pytest.fixture
def finished() -> Iterator[InMemorySpanExporter]:
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_the_trace_of_a_fact_is_that_of_its_row_its_record_and_the_links_of_who_sent_and_heard_it(
    house: House, finished: InMemorySpanExporter
) -> None:
    await tell(house, (fact(house.topic), uuid4()))
    stored: str = dict(await house.db.fetchval("SELECT headers FROM outbox"))["traceparent"]
    await relay_until_empty(house)
    [record] = await read_topic(house.kafka, house.topic, 1)
    assert [value for name, value in record.headers if name == "traceparent"] == [stored.encode()]

    heard, stop = asyncio.Event(), asyncio.Event()

    async def hear(_: Sequence[Heard]) -> None:
        heard.set()

    hearing = asyncio.create_task(Hearing(house.kafka, house.topic, [house.topic], house.db, Seal(house.seal_key), hear).run(stop))
    await heard.wait()
    stop.set()
    await hearing
    for name in (f"create {house.topic}", f"send {house.topic}", f"process {house.topic}"):
        [span] = [each for each in finished.get_finished_spans() if each.name == name]
        contexts = [span.context] if name.startswith("create") else [link.context for link in span.links]
        assert [_ids(context) for context in contexts] == [stored.split("-")[1:3]], name
        assert span.parent is None


def _ids(context: Any) -> list[str]:
    return [trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)]
