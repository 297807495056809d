"""What the sides of a bench stand on: a database each on the same servers, and our services as they are, a fresh process each."""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from aiokafka import TopicPartition

from deploy.kafka.topics import ADMIN, declared
from deploy.local import keys, postgres, services
from deploy.local.places import Places
from deploy.local.ports import choose
from deploy.local.record import StreetRecord
from shared.postgres import Connection, Database, connect
from tools.bench.children import Child, running
from tools.bench.task import Task


def side_task(record: StreetRecord, side: str) -> Task:
    """What a program of that side is told: all sides come as the servers' administrators."""
    address = f"postgresql://{postgres.ADMIN}@{record.postgres.address}/bench_{side}"
    return Task(address, keys.password(Places(record.folder), postgres.ADMIN).read_text(), record.broker.access(ADMIN))


async def make_database(record: StreetRecord, admin: Connection, side: str) -> Database:
    """A side's own database, empty."""
    await admin.execute(f"CREATE DATABASE bench_{side}")
    told = side_task(record, side)
    return await connect(told.database_url, told.database_password, size=1)


def partitions_of(*names: str) -> list[TopicPartition]:
    """The partitions of topics, as contracts/topics declares them."""
    return [TopicPartition(topic.name, number) for topic in declared() if topic.name in names for number in range(topic.partitions)]


def service(record: StreetRecord, name: str, told: Task, more: Mapping[str, str]) -> AbstractContextManager[Child]:
    """One of our services on the database it is told, its API and its watching with it, until the end of the block."""
    one = next(each for each in services.SERVICES if each.name == name)
    places = Places(record.folder)
    servers = services.Servers(record.postgres.address, record.broker)
    env = services.environment(one, places, servers, choose(places, [name, f"{name}-ops"]), None)
    env["SLUSS_DATABASE_URL"] = told.database_url
    env["SLUSS_DATABASE_PASSWORD_FILE"] = str(keys.password(places, postgres.ADMIN))
    env |= {"SLUSS_VAULT_URL": told.database_url, "SLUSS_VAULT_PASSWORD_FILE": env["SLUSS_DATABASE_PASSWORD_FILE"]}
    if told.kafka.user and told.kafka.password_file:
        env |= {"SLUSS_KAFKA_USER": told.kafka.user, "SLUSS_KAFKA_PASSWORD_FILE": str(told.kafka.password_file)}
    return running(Path(sys.executable), f"services.{name}.main", env={**env, **more})
