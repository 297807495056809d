"""PostgreSQL and Apache Kafka in containers, for the street of a test run: `SLUSS_BROKER=docker make test-integration`."""

import shutil
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

from deploy.kafka import topics
from deploy.local import keys, postgres
from deploy.local.places import ROOT, Places
from tests.street import free_port

LOOPBACK: Final = "127.0.0.1"
OUTSIDE: Final = 29092
POSTGRES: Final = 5432
IMAGES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


class Kafka(DockerContainer):
    """One node, started as docker-compose.yml starts it. `password`: a folder that holds the administrator's.

    Its port on this machine is chosen before the start, because the broker has to tell it to its clients.
    """

    def __init__(self, port: int, password: Path) -> None:
        super().__init__(IMAGES["kafka"]["image"])
        self.env = IMAGES["kafka"]["environment"] | {
            "CLUSTER_ID": "TFNsdXNzLXRlc3RzLTEyMw",
            "HOST": "localhost",
            "ADVERTISED": f"BROKER://localhost:9092,OUTSIDE://{LOOPBACK}:{port}",
        }
        self.with_volume_mapping(str(ROOT / "deploy" / "kafka"), "/settings", "ro")
        self.with_volume_mapping(str(password), "/run/secrets", "ro")
        self.with_kwargs(entrypoint=IMAGES["kafka"]["entrypoint"])
        _publish(self, OUTSIDE, port)
        self.waiting_for(LogMessageWaitStrategy("Kafka Server started"))


@contextmanager
def in_containers(folder: Path) -> Iterator[dict[str, str]]:
    """What tells a local street in this folder to use them; they are gone afterwards, also when this process is killed."""
    places = Places(folder)
    places.make()
    password = keys.password(places, postgres.ADMIN).read_text()
    port, known_inside = free_port(), folder / "inside"
    for user in (topics.ADMIN, *topics.users(topics.declared())):
        keys.kafka_password(places, user)
    known_inside.mkdir()
    shutil.copy(keys.kafka_password(places, topics.ADMIN), known_inside)
    (known_inside / keys.kafka_password(places, topics.ADMIN).name).chmod(0o644)  # the container's user is another
    try:
        database = PostgresContainer(IMAGES["postgres"]["image"], username=postgres.ADMIN, password=password, dbname="postgres")
    except DockerException as error:
        pytest.exit(f"SLUSS_BROKER=docker asks for containers, and no Docker engine answers ({type(error).__name__})", returncode=3)
    _publish(database, POSTGRES)
    with ExitStack() as stack:
        stack.enter_context(Kafka(port, known_inside))
        stack.enter_context(database)
        address = f"{LOOPBACK}:{database.get_exposed_port(POSTGRES)}"
        yield {
            "SLUSS_KAFKA": f"{LOOPBACK}:{port}",
            "SLUSS_KAFKA_SECRETS": str(places.secret("")),
            "SLUSS_POSTGRES": f"postgresql://{postgres.ADMIN}:{quote(password)}@{address}/postgres",
        }


def _publish(container: DockerContainer, inside: int, outside: int | None = None) -> None:
    """On loopback alone, which testcontainers' own methods do not offer; anywhere there, unless told."""
    ports: dict[str, Any] = container.ports
    ports[str(inside)] = (LOOPBACK, outside)
