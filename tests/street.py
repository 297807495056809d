"""The street of a test run: one PostgreSQL, one Apache Kafka (or what stands in); a fresh database and topic for each test that asks."""

import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka.topics import ADMIN
from deploy.local import keys, postgres
from deploy.local.failures import StreetFailure
from deploy.local.places import ROOT, Places
from deploy.local.ports import HIGHEST, LOWEST, is_free
from deploy.local.record import StreetRecord
from deploy.local.street import Street
from shared.auth import issue_token
from shared.clock import real_now
from shared.kafka import Access
from shared.migrate import migrate
from shared.postgres import Database, connect, connect_alone
from shared.settings import ServiceSettings
from tests.spans import Spans, receiving

PARTITIONS = 3
# Asked for once, of the street of the run: the other streets that tests start bring servers of their own.
CONTAINERS = os.environ.get("SLUSS_BROKER") == "docker"
if CONTAINERS:
    os.environ["SLUSS_BROKER"] = "apache"
BIRTH = datetime(2000, 6, 1, 6, tzinfo=UTC)  # before the years of the worked histories: what other tests do is no part of those


def pytest_report_header() -> str:
    """Says what the run's street stands on."""
    return f"PostgreSQL and Apache Kafka of the street: {'containers' if CONTAINERS else 'child processes'}"


@dataclass(frozen=True)
class Servers:
    """Where the two servers of this run are, and the right to make databases."""

    kafka: Access
    admin_url: str
    admin_password: str


@dataclass(frozen=True)
class House:
    """What a service would have: its own database, a topic, and settings that point to both."""

    settings: ServiceSettings
    db: Database
    topic: str

    @property
    def kafka(self) -> Access:
        return self.settings.kafka_access

    @property
    def kafka_environment(self) -> dict[str, str]:
        """What a process is told of the broker."""
        told = {"SLUSS_KAFKA": self.kafka.bootstrap, "SLUSS_KAFKA_IDEMPOTENCE": str(self.kafka.idempotence)}
        if self.kafka.user:
            told |= {"SLUSS_KAFKA_USER": self.kafka.user, "SLUSS_KAFKA_PASSWORD_FILE": str(self.kafka.password_file)}
        return told

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
    """The local street, whole: PostgreSQL, Apache Kafka and every service, its simulated clock born in 2000."""
    folder = ROOT / ".sluss" / f"tests-{os.getpid()}"
    telemetry = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": spans.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    with _servers_of_our_own(folder) as own:
        running = Street(folder, simulation_start=BIRTH, extra_env=telemetry | own)
        try:
            yield running.start()
        except StreetFailure as failure:
            last_words = {file.name: file.read_text(errors="replace").splitlines()[-3:] for file in sorted((folder / "log").glob("*.log"))}
            pytest.exit(f"the street did not start: {failure}\n{json.dumps(last_words, indent=1)}", returncode=3)
        finally:
            running.remove()


def _servers_of_our_own(folder: Path) -> AbstractContextManager[dict[str, str]]:
    """Nothing: the street brings its servers. Under SLUSS_BROKER=docker: two containers, and what tells the street of them."""
    if not CONTAINERS:
        return nullcontext({})
    from tests.docker.servers import in_containers  # here: without an engine nobody needs testcontainers

    return in_containers(folder)


@pytest.fixture(scope="session")
def servers(street: StreetRecord) -> Servers:
    """The street's two servers, for tests of one part alone."""
    password = keys.password(Places(street.folder), postgres.ADMIN).read_text()
    return Servers(street.broker.access(ADMIN), f"postgresql://{postgres.ADMIN}@{street.postgres.address}/postgres", password)


@asynccontextmanager
async def new_house(servers: Servers, folder: Path) -> AsyncIterator[House]:
    """A database without any table and a topic, both gone afterwards."""
    name = f"t_{uuid4().hex}"
    admin = await connect_alone(servers.admin_url, servers.admin_password)
    await admin.execute(f"CREATE DATABASE {name}")
    await _make_topic(servers.kafka, name)
    password, seal = folder / f"{name}.password", folder / f"{name}.seal"
    password.write_text(servers.admin_password)
    seal.write_bytes(os.urandom(32))
    settings = ServiceSettings(
        database_url=servers.admin_url.rpartition("/")[0] + f"/{name}",
        database_password_file=password,
        kafka=servers.kafka.bootstrap,
        kafka_user=servers.kafka.user,
        kafka_password_file=servers.kafka.password_file,
        kafka_idempotence=servers.kafka.idempotence,
        http_port=0,
        ops_port=0,
        token_keys_file=folder / "none",
        token_issuer="test",
        quarantine_key_file=seal,
    )
    db = await connect(settings.database_url, settings.database_password, size=20)
    yield House(settings, db, name)
    db.terminate()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def empty_house(servers: Servers, tmp_path: Path) -> AsyncIterator[House]:
    """A database without any table, and a topic of its own."""
    async with new_house(servers, tmp_path) as made:
        yield made


@pytest.fixture
async def another_house(servers: Servers, tmp_path: Path) -> AsyncIterator[House]:
    """A second one, beside `empty_house`."""
    async with new_house(servers, tmp_path) as made:
        yield made


@pytest.fixture
async def house(empty_house: House) -> House:
    """A database with the chassis' own tables, and a topic of its own."""
    await migrate(empty_house.db, Path("no folder of its own"))
    return empty_house


def broker_of(street: StreetRecord) -> dict[str, str]:
    """What lets another street use this one's broker."""
    return {"SLUSS_KAFKA": street.broker.bootstrap, "SLUSS_KAFKA_SECRETS": str(street.broker.secrets or "")}


def servers_of(street: StreetRecord, servers: Servers) -> dict[str, str]:
    """What lets another street use both of this one's servers."""
    user, host = servers.admin_url.removeprefix("postgresql://").split("@")
    return broker_of(street) | {"SLUSS_POSTGRES": f"postgresql://{user}:{servers.admin_password}@{host}"}


def token(street: StreetRecord, *roles: str, ago: timedelta = timedelta(), lifetime: timedelta = timedelta(hours=1)) -> str:
    """An access token of the street with these roles, issued some time ago and good for `lifetime` from now."""
    key = json.loads(street.tokens.private_key_file.read_text())
    return issue_token(key, street.tokens.issuer, street.tokens.audience, "test", roles, ago + lifetime, real_now() - ago)


def service_client(street: StreetRecord, service: str, *roles: str) -> httpx.Client:
    """A client of a service, with a token of these roles."""
    headers = {"authorization": f"Bearer {token(street, *roles)}"}
    return httpx.Client(base_url=street.services[service].url, headers=headers, timeout=20, trust_env=False)


def free_port() -> int:
    """A loopback port that nobody has."""
    while not is_free(port := LOWEST + secrets.randbelow(HIGHEST - LOWEST)):
        pass
    return port


async def _make_topic(kafka: Access, name: str) -> None:
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    await admin.close()


async def partitions_of(kafka: Access, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of these topics."""
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    described = await admin.describe_topics(list(topics))
    await admin.close()
    return [TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]]


async def read_topic(kafka: Access, topic: str, at_least: int) -> Sequence[Any]:
    """Every record of a topic up to its present end, in the order of each partition; waits until there are `at_least`."""
    return [record async for record in each_record(kafka, topic, at_least)]


async def each_record(kafka: Access, topic: str, at_least: int = 0) -> AsyncIterator[Any]:
    """The same, one record at a time: a long topic is never in memory as a whole."""
    partitions = await partitions_of(kafka, [topic])
    consumer = AIOKafkaConsumer(**kafka.options(), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    consumer.assign(partitions)
    seen, ends = 0, await consumer.end_offsets(partitions)
    while seen < at_least or any([await consumer.position(each) < ends[each] for each in partitions]):
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            seen += len(batch)
            for record in batch:
                yield record
    await consumer.stop()
