"""The topics: made from contracts/topics/*.yaml and nothing else. `python -m deploy.local.topics HOST:PORT` makes them on any broker."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from deploy.local.failures import StreetFailure
from deploy.local.places import ROOT

FOLDER = ROOT / "contracts" / "topics"
TIMEOUT_MS = 10_000
MOST_REPLICAS = 3


@dataclass(frozen=True)
class Topic:
    """A topic as its file says. `producer` and `consumers` are services, but for what `tools` send."""

    name: str
    producer: str
    consumers: tuple[str, ...]
    partitions: int
    config: dict[str, str]


def declared(folder: Path = FOLDER) -> list[Topic]:
    """Every topic that contracts/topics declares, by name."""
    found = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml"))]
    configs = [{key: str(value) for key, value in one["config"].items()} for one in found]
    return [
        Topic(one["topic"], one["producer"], tuple(one["consumers"]), one["partitions"], config)
        for one, config in zip(found, configs, strict=True)
    ]


async def answers(bootstrap: str) -> bool:
    """Whether a broker answers there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=TIMEOUT_MS)
    try:
        await admin.start()
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return True


async def make_topics(bootstrap: str, topics: Sequence[Topic]) -> None:
    """Makes the topics that are not there, on three brokers where there are as many; those that are stay as they are.

    Raises StreetFailure when no broker answers, or when it refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=TIMEOUT_MS)
    try:
        await admin.start()
        replicas = min(MOST_REPLICAS, len((await admin.describe_cluster())["brokers"]))
        wanted = [NewTopic(topic.name, topic.partitions, replicas, topic_configs=topic.config) for topic in topics]
        answer = await admin.create_topics(wanted, timeout_ms=TIMEOUT_MS)
        for name, code, *_ in answer.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise StreetFailure(f"The broker did not make the topic {name}: {for_code(code).__name__}")
    except (KafkaError, OSError) as error:
        raise StreetFailure(f"The topics could not be made at {bootstrap} ({type(error).__name__}).") from error
    finally:
        await admin.close()


if __name__ == "__main__":
    asyncio.run(make_topics(sys.argv[1], declared()))
