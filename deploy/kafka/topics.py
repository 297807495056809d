"""The topics as contracts/topics/*.yaml declares them, and the Kafka users that follow: everybody who writes or reads one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "contracts" / "topics"
ADMIN = "admin"


@dataclass(frozen=True)
class Topic:
    """A topic as its file says, with the one service that writes it and those that read it."""

    name: str
    partitions: int
    config: Mapping[str, str]
    producer: str
    consumers: tuple[str, ...]


def declared(folder: Path = FOLDER) -> list[Topic]:
    """Every topic that contracts/topics declares, by name."""
    return [_topic(file) for file in sorted(folder.glob("*.yaml"))]


def _topic(file: Path) -> Topic:
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    config = {key: str(value) for key, value in told["config"].items()}
    return Topic(told["topic"], told["partitions"], config, told["producer"], tuple(told["consumers"]))


def users(topics: Iterable[Topic]) -> list[str]:
    """Everybody who writes or reads a topic: a Kafka user each."""
    return sorted({name for topic in topics for name in (topic.producer, *topic.consumers)})


def passwords(folder: Path, topics: Iterable[Topic]) -> dict[str, str]:
    """The password of each user, from NAME.kafka-password."""
    return {user: password_file(folder, user).read_text(encoding="utf-8").strip() for user in users(topics)}


def password_file(folder: Path, user: str) -> Path:
    """Where a Kafka user's password lies among the secrets."""
    return folder / f"{user}.kafka-password"
