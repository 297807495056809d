"""The street of a test run: one PostgreSQL, one Apache Kafka; a fresh database and topic for each test that asks."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import keys, postgres
from deploy.local.places import ROOT, Places
from deploy.local.record import StreetRecord
from deploy.local.street import Street
from shared.migrate import migrate
from shared.postgres import Database, connect, connect_alone
from shared.settings import ServiceSettings
from tests.spans import Spans, receiving

PARTITIONS = 3
BIRTH = datetime(2001, 1, 1, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Servers:
    """Where the two servers of this run are, and the right to make databases."""

    kafka: str
    admin_url: str
    admin_password: str


@dataclass(frozen=True)
class House:
    """What a service would have: its own database, a topic, and settings that point to both."""

    settings: ServiceSettings
    db: Database
    topic: str

    @property
    def kafka(self) -> str:
        return self.settings.kafka

    @property
    def seal_key(self) -> Path:
        assert self.settings.quarantine_key_file is not None
        return self.settings.quarantine_key_file


@pytest.fixture(scope="session")
def spans() -> Iterator[Spans]:
    """What the services of the street say of themselves, received over OTLP."""
    with receiving() as received:
        yield received


@pytest.fixture(scope="session")
def street(spans: Spans) -> Iterator[StreetRecord]:
    """The local street, whole: PostgreSQL, Apache Kafka and every service, its simulated clock born in 2001."""
    folder = ROOT / ".sluss" / f"tests-{os.getpid()}"
    telemetry = {"OTEL_EXPORTER_OTLP_ENDPOINT": spans.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    running = Street(folder, simulation_start=BIRTH, extra_env=telemetry, services=() if os.environ.get("X") else ("intake","leadtimes"))
    try:
        yield running.start()
    finally:
        running.remove()


@pytest.fixture(scope="session")
def servers(street: StreetRecord) -> Servers:
    """The street's two servers, for tests of one part alone."""
    password = keys.password(Places(street.folder), postgres.ADMIN).read_text()
    return Servers(street.broker.bootstrap, f"postgresql://{postgres.ADMIN}@{street.postgres.address}/postgres", password)


@pytest.fixture
async def empty_house(servers: Servers, tmp_path: Path) -> AsyncIterator[House]:
    """A database without any table, and a topic of its own."""
    name = f"t_{uuid4().hex}"
    admin = await connect_alone(servers.admin_url, servers.admin_password)
    await admin.execute(f"CREATE DATABASE {name}")
    await _make_topic(servers.kafka, name)
    (tmp_path / "password").write_text(servers.admin_password)
    (tmp_path / "seal").write_bytes(os.urandom(32))
    settings = ServiceSettings(
        database_url=servers.admin_url.rpartition("/")[0] + f"/{name}",
        database_password_file=tmp_path / "password",
        kafka=servers.kafka,
        http_port=0,
        ops_port=0,
        token_keys_file=tmp_path / "none",
        token_issuer="test",
        quarantine_key_file=tmp_path / "seal",
    )
    db = await connect(settings.database_url, settings.database_password, size=20)
    yield House(settings, db, name)
    db.terminate()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def house(empty_house: House) -> House:
    """A database with the chassis' own tables, and a topic of its own."""
    await migrate(empty_house.db, Path("no folder of its own"))
    return empty_house


async def _make_topic(kafka: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    await admin.close()


async def read_topic(kafka: str, topic: str, at_least: int) -> Sequence[Any]:
    """Every record of a topic up to its present end, in the order of each partition; waits until there are `at_least`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    [described] = await admin.describe_topics([topic])
    await admin.close()
    partitions = [TopicPartition(topic, each["partition"]) for each in described["partitions"]]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    consumer.assign(partitions)
    records: list[Any] = []
    ends = await consumer.end_offsets(partitions)
    while len(records) < at_least or any([await consumer.position(each) < ends[each] for each in partitions]):
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            records += batch
    await consumer.stop()
    return records
