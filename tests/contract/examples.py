"""The golden examples as Kafka messages."""

import json
from dataclasses import dataclass
from typing import Any

from contracts.catalogue import PUBLISHED
from contracts.event import PublishedEvent
from tests.contract.published import CONTRACTS


@dataclass(frozen=True)
class Golden:
    """An example of a message: its headers as text, and its body."""

    headers: dict[str, str]
    data: dict[str, Any]

    def with_headers(self, **changed: str | None) -> "Golden":
        """The same with other attributes; None leaves one out."""
        headers = {**self.headers, **{f"ce_{name}": text for name, text in changed.items()}}
        return Golden({name: text for name, text in headers.items() if text is not None}, self.data)

    def message(self) -> tuple[list[tuple[str, bytes | None]], bytes]:
        """As it would lie on Kafka."""
        return [(name, text.encode()) for name, text in self.headers.items()], json.dumps(self.data).encode()


def golden(content: bytes) -> Golden:
    """Reads an example file."""
    example = json.loads(content)
    return Golden(example["headers"], example["data"])


def example_of(event: type[PublishedEvent]) -> Golden:
    """The committed example of an event."""
    return golden((CONTRACTS / "examples" / f"{event.event_type}.json").read_bytes())


EXAMPLES = [example_of(event) for event in PUBLISHED]
NAMES = [event.__name__ for event in PUBLISHED]
