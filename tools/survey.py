"""Reads a whole log once before anything is sent: whether it is sound, how many events it has, and what it calls things."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from tools.mapping import Mapping
from tools.progress import progress
from tools.xes import LogEvent, read_events

LOGS: Final = uuid5(NAMESPACE_URL, "urn:sluss:log")
MOST_VOCABULARY: Final = 200_000
"""Bytes. A request may have 256 kB, and a vocabulary is one request."""
AROUND_A_NAME: Final = 40
LOOK_EVERY: Final = 1000
BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class TooManyNames(Exception):
    """The names of a log do not fit into one vocabulary."""


@dataclass(frozen=True)
class LogFile:
    """A log on disk and how to read it."""

    file: Path
    mapping: Mapping
    zone: ZoneInfo | None

    def events(self, task: str) -> Iterator[LogEvent]:
        """Every event in the order of the file, while the progress is shown. Raises BadLog."""
        with self.file.open("rb") as raw, progress(task, self.file.stat().st_size) as reach:
            for number, event in enumerate(read_events(raw, str(self.file), self.mapping, self.zone)):
                if number % LOOK_EVERY == 0:
                    reach(raw.tell())
                yield event
            reach(raw.tell())

    def sha256(self) -> str:
        """Of the bytes as they lie there, hex."""
        with self.file.open("rb") as raw:
            return hashlib.file_digest(raw, "sha256").hexdigest()

    def log_id(self, sha256: str) -> UUID:
        """The same bytes read in the same way are the same log, whatever it is called."""
        return uuid5(LOGS, sha256 + self.mapping.sha256(self.zone.key if self.zone else None))


class Codes:
    """Names of one kind and the codes that stand for them on the bus, numbered in the order of first sight: a1, a2, a3."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self._codes: dict[str, str] = {}
        self._seen: Counter[str] = Counter()

    def see(self, name: str) -> int:
        """Counts the name; answers the bytes that a name not seen before adds to the vocabulary, else 0."""
        self._seen[name] += 1
        if name in self._codes:
            return 0
        self._codes[name] = f"{self._letter}{len(self._codes) + 1}"
        return len(name.encode()) + AROUND_A_NAME

    def code(self, name: str) -> str:
        """The code of a name that was seen. Raises KeyError for another."""
        return self._codes[name]

    def names(self) -> dict[str, str]:
        """What each code is called."""
        return {code: name for name, code in self._codes.items()}

    def counted(self) -> dict[str, dict[str, Any]]:
        """What each code is called and how many events have it."""
        return {code: {"name": name, "events": self._seen[name]} for name, code in self._codes.items()}


@dataclass(frozen=True)
class Survey:
    """A log that is sound from its first byte to its last."""

    log_id: UUID
    sha256: str
    events: int
    last: datetime
    activities: Codes
    organisations: Codes
    resources: Codes

    def document(self) -> dict[str, Any]:
        """The log as leadtimes is told of it; the vocabulary goes there and nowhere else."""
        return {
            "log_id": str(self.log_id),
            "sha256": self.sha256,
            "events": self.events,
            "vocabulary": {
                "activities": self.activities.counted(),
                "organisations": self.organisations.names(),
                "resources": self.resources.names(),
            },
        }


def survey(log: LogFile) -> Survey:
    """Reads every event once. Raises BadLog, and TooManyNames before the names fill the memory."""
    sha256 = log.sha256()
    activities, organisations, resources = Codes("a"), Codes("o"), Codes("r")
    events, size, last = 0, 0, BEFORE_ALL
    for event in log.events("Reading"):
        size += activities.see(event.activity) + _see(organisations, event.organisation) + _see(resources, event.resource)
        if size > MOST_VOCABULARY:
            raise TooManyNames(
                f"{log.file}: has too many different activities, organisations and resources to keep names for. "
                'Say with --map which attributes name them; "" leaves one out'
            )
        last = max(last, event.time)
        events += 1
    return Survey(log.log_id(sha256), sha256, events, last, activities, organisations, resources)


def _see(codes: Codes, name: str | None) -> int:
    return codes.see(name) if name else 0
