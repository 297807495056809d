"""PostgreSQL and Apache Kafka in containers, for the street of a test run: `SLUSS_BROKER=docker make test-integration`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import yaml
from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from deploy.local import keys, postgres
from deploy.local.places import ROOT, Places
from tests.street import free_port

LOOPBACK: Final = "127.0.0.1"
OUTSIDE: Final = 29092
POSTGRES: Final = 5432
IMAGES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


class Kafka(DockerContainer):
    """One node of the image that docker-compose.yml names.

    Its port on this machine is chosen before the start, because the broker has to tell it to its clients.
    """

    def __init__(self, port: int) -> None:
        super().__init__(IMAGES["kafka"]["image"])
        self.env = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_LISTENERS": f"INSIDE://:9092,CONTROLLER://:9093,OUTSIDE://:{OUTSIDE}",
            "KAFKA_ADVERTISED_LISTENERS": f"INSIDE://localhost:9092,OUTSIDE://{LOOPBACK}:{port}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT,OUTSIDE:PLAINTEXT",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        }
        _publish(self, OUTSIDE, port)
        self.waiting_for(LogMessageWaitStrategy("Kafka Server started"))


@contextmanager
def in_containers(folder: Path) -> Iterator[dict[str, str]]:
    """What tells a local street in this folder to use them; they are gone afterwards, also when this process is killed."""
    places = Places(folder)
    places.make()
    password = keys.password(places, postgres.ADMIN).read_text()
    port = free_port()
    try:
        database = PostgresContainer(IMAGES["postgres"]["image"], username=postgres.ADMIN, password=password, dbname="postgres")
    except DockerException as error:
        pytest.exit(f"SLUSS_BROKER=docker asks for containers, and no Docker engine answers ({type(error).__name__})", returncode=3)
    _publish(database, POSTGRES)
    with ExitStack() as stack:
        stack.enter_context(Kafka(port))
        stack.enter_context(database)
        address = f"{LOOPBACK}:{database.get_exposed_port(POSTGRES)}"
        yield {
            "SLUSS_KAFKA": f"{LOOPBACK}:{port}",
            "SLUSS_POSTGRES": f"postgresql://{postgres.ADMIN}:{quote(password)}@{address}/postgres",
        }


def _publish(container: DockerContainer, inside: int, outside: int | None = None) -> None:
    """On loopback alone, which testcontainers' own methods do not offer; anywhere there, unless told."""
    ports: dict[str, Any] = container.ports
    ports[str(inside)] = (LOOPBACK, outside)
