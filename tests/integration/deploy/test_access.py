"""Who may do what at the broker: what contracts/topics says, tried as every user, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)

from deploy.kafka.prepare import prepare, rules
from deploy.kafka.topics import ADMIN, Topic, declared, password_file, passwords, users
from deploy.local.record import StreetRecord
from shared.kafka import Access
from tests.street import CONTAINERS, House, Servers, new_house

TOPICS = declared()
USERS = users(TOPICS)
PATIENCE_S = 5.0
REFUSED = {"User:leadtimes", "Denied", "WRITE", "Topic:LITERAL:intake-events"}
LOGS_HERE = pytest.mark.skipif(CONTAINERS, reason="the broker's log is in its container")
pytestmark = pytest.mark.needs_durable_broker  # users and rules
each_user = pytest.mark.parametrize("user", USERS)
each_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


@asynccontextmanager
async def producing(access: Access) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that gives up soon."""
    producer = AIOKafkaProducer(**access.options(), request_timeout_ms=5_000)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def consuming(access: Access, group: str | None) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer at the beginning, which commits nothing by itself."""
    consumer = AIOKafkaConsumer(**access.options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def may_write(access: Access, topic: str) -> bool:
    """Whether a record is taken. What is sent is no event: readers skip a type that they do not know."""
    unknown = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/test"), ("ce_type", b"se.example.nothing.v1")]
    async with producing(access) as producer:
        try:
            await producer.send_and_wait(topic, b"{}", headers=unknown)
        except TopicAuthorizationFailedError:
            return False
    return True


async def may_read(access: Access, topic: str) -> bool:
    """Whether the topic's end is told and its records are given."""
    place = TopicPartition(topic, 0)
    async with consuming(access, None) as consumer:
        consumer.assign([place])
        try:
            await asyncio.wait_for(consumer.seek_to_end(place), PATIENCE_S)
            await consumer.getmany(timeout_ms=200)
        except (TopicAuthorizationFailedError, TimeoutError):
            return False
    return True


async def may_join(access: Access, group: str, topic: str) -> bool:
    """Whether the group tells this user its place."""
    place = TopicPartition(topic, 0)
    async with consuming(access, group) as consumer:
        consumer.assign([place])
        try:
            await asyncio.wait_for(consumer.committed(place), PATIENCE_S)
        except (GroupAuthorizationFailedError, TimeoutError):
            return False
    return True


@each_user
@each_topic
async def test_a_topic_is_written_by_its_producer_alone(street: StreetRecord, user: str, topic: Topic) -> None:
    assert await may_write(street.broker.access(user), topic.name) == (user == topic.producer)


async def test_a_topic_is_read_by_those_who_hear_it_alone(street: StreetRecord) -> None:
    pairs = [(user, topic) for user in USERS for topic in TOPICS]
    read = await asyncio.gather(*(may_read(street.broker.access(user), topic.name) for user, topic in pairs))  # a refusal is a silence
    assert [(user, topic.name) for (user, topic), may in zip(pairs, read, strict=True) if may] == [
        (user, topic.name) for user, topic in pairs if user in topic.consumers
    ]


@each_user
async def test_a_group_is_its_own_services_alone(street: StreetRecord, user: str) -> None:
    hears = any(user in topic.consumers for topic in TOPICS)
    for group in ("somebodys-group", *USERS):
        assert await may_join(street.broker.access(user), group, "intake-events") == (hears and group == user)


@each_user
async def test_nobody_but_the_administrator_makes_a_topic(street: StreetRecord, servers: Servers, user: str) -> None:
    admin = AIOKafkaAdminClient(**street.broker.access(user).options())
    await admin.start()
    [made] = (await admin.create_topics([NewTopic(f"made-by-{user}", 1, 1)])).topic_errors
    await admin.close()
    assert for_code(made[1]) in (ClusterAuthorizationFailedError, TopicAuthorizationFailedError)


@pytest.mark.parametrize("wrong", ["password", "user", "nobody"])
async def test_without_the_right_password_nobody_comes_in(street: StreetRecord, tmp_path: Path, wrong: str) -> None:
    (tmp_path / "wrong").write_text("not it")
    right = street.broker.access("intake")
    tried = {
        "password": replace(right, password_file=tmp_path / "wrong"),
        "user": replace(right, user="somebody"),
        "nobody": Access(right.bootstrap),
    }[wrong]
    producer = AIOKafkaProducer(**tried.options(), request_timeout_ms=3_000)
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


def test_every_user_has_a_password_of_its_own(street: StreetRecord) -> None:
    assert street.broker.secrets
    found = [password_file(street.broker.secrets, user).read_text() for user in (ADMIN, *USERS)]
    assert len(set(found)) == len(found) == 5
    assert all(len(each) >= 32 for each in found)


@LOGS_HERE
async def test_a_failed_log_in_leaves_a_line_in_the_brokers_log(street: StreetRecord, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("not it")
    producer = AIOKafkaProducer(**replace(street.broker.access("intake"), password_file=tmp_path / "wrong").options())
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()
    while "Failed authentication" not in (street.folder / "log" / "kafka.log").read_text():
        await asyncio.sleep(0.1)


@LOGS_HERE
async def test_a_refusal_leaves_a_line_in_the_brokers_log(street: StreetRecord) -> None:
    await may_write(street.broker.access("leadtimes"), "intake-events")
    while not [line for line in (street.folder / "log" / "kafka.log").read_text().splitlines() if {*line.split()} >= REFUSED]:
        await asyncio.sleep(0.1)


@LOGS_HERE
def test_the_broker_s_log_holds_no_password_and_no_key(street: StreetRecord) -> None:
    assert street.broker.secrets
    said = (street.folder / "log" / "kafka.log").read_text()
    assert "storedKey" not in said
    assert not [user for user in (ADMIN, *USERS) if password_file(street.broker.secrets, user).read_text() in said]


async def test_a_right_that_no_file_gives_any_more_is_taken_back(servers: Servers, house: House, tmp_path: Path) -> None:
    """A topic whose file loses its reader: the next preparation shuts that reader out."""
    secrets = Path(servers.kafka.password_file or "-").parent
    async with new_house(servers, tmp_path) as other:
        declared_once = replace(TOPICS[0], name=other.topic, partitions=3, producer="tools", consumers=("intake",))
        reader = Access(servers.kafka.bootstrap, "intake", password_file(secrets, "intake"))
        again = {"intake": passwords(secrets, TOPICS)["intake"]}
        for consumers in (("intake",), ()):
            topic = replace(declared_once, consumers=consumers)
            await asyncio.to_thread(prepare, servers.kafka, [topic], again)
            allowed = (bool(consumers), bool(consumers))  # holds once the broker has read its own log that far
            while (await may_read(reader, other.topic), await may_join(reader, "intake", other.topic)) != allowed:
                await asyncio.sleep(0.1)


def test_the_rules_are_only_about_declared_topics_and_the_groups_of_who_hears() -> None:
    named = {rule.resource_pattern.resource_name for rule in rules(TOPICS)}
    assert named == {topic.name for topic in TOPICS} | {name for topic in TOPICS for name in topic.consumers}
    assert {rule.principal for rule in rules(TOPICS)} == {f"User:{user}" for user in USERS}


def test_an_error_of_the_broker_names_no_secret() -> None:
    assert "password" not in repr(Access("127.0.0.1:1", "intake", Path("x"))).replace("password_file", "")
    assert issubclass(TopicAuthorizationFailedError, KafkaError)
