"""Reads a whole log once before anything is sent: whether it is sound, how many events it has, and what it calls things."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from tools.formats.event import BadLog, LogEvent, Maker
from tools.formats.look import NOTHING_TOLD, Reading, Told, look
from tools.mapping import Mapping
from tools.progress import progress

LOGS: Final = uuid5(NAMESPACE_URL, "urn:sluss:log")
MOST_VOCABULARY: Final = 200_000
"""Bytes. A request may have 256 kB, and a vocabulary is one request."""
AROUND_A_NAME: Final = 40
MOST_VALUES: Final = 200
"""Of one further attribute: what people are told apart by has fewer, and free text and amounts have more."""
LOOK_EVERY: Final = 1000
BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class TooManyNames(Exception):
    """The names of a log do not fit into one vocabulary, or an attribute has so many values that they are none."""


@dataclass(frozen=True)
class LogFile:
    """A log on disk and how to read it."""

    file: Path
    mapping: Mapping
    zone: ZoneInfo | None
    told: Told = NOTHING_TOLD

    @cached_property
    def reading(self) -> Reading:
        """Its form and its keys. Raises BadLog when they cannot be known."""
        with self.file.open("rb") as raw:
            return look(raw, str(self.file), self.mapping, self.told)

    def maker(self) -> Maker:
        """What makes its events, and knows afterwards at which offsets their times stood."""
        return self.reading.maker(str(self.file), self.zone)

    def events(self, task: str, maker: Maker | None = None) -> Iterator[LogEvent]:
        """Every event in the order of the file, while the progress is shown. Raises BadLog."""
        with self.file.open("rb") as raw, progress(task, self.file.stat().st_size) as reach:
            for number, event in enumerate(self.reading.events(raw, maker or self.maker())):
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
        told = {name: said for name, said in asdict(self.reading.told).items() if said}
        return uuid5(LOGS, sha256 + self.reading.mapping.sha256(self.zone.key if self.zone else None, **told))


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

    def __len__(self) -> int:
        return len(self._codes)

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
    attributes: dict[str, Codes] = field(default_factory=dict)

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
                **({"attributes": self._further()} if self.attributes else {}),
            },
        }

    def _further(self) -> dict[str, Any]:
        return {
            f"f{number}": {"name": key, "values": values.names()} for number, (key, values) in enumerate(self.attributes.items(), start=1)
        }


class Names:
    """What a log calls its activities, organisations and resources, and the values of its further attributes."""

    def __init__(self, attributes: Sequence[str] = ()) -> None:
        self.activities, self.organisations, self.resources = Codes("a"), Codes("o"), Codes("r")
        self.attributes = {key: Codes("v") for key in attributes}

    def see(self, event: LogEvent) -> int:
        """Counts the names of an event; answers the bytes that they add to the vocabulary."""
        size = self.activities.see(event.activity) + _see(self.organisations, event.organisation) + _see(self.resources, event.resource)
        return size + sum(_see(values, said) for values, said in zip(self.attributes.values(), event.attributes, strict=True))

    def overfull(self) -> str | None:
        """An attribute with more values than one has that tells people apart."""
        return next((key for key, values in self.attributes.items() if len(values) > MOST_VALUES), None)


def survey(log: LogFile) -> Survey:
    """Reads every event once. Raises BadLog, and TooManyNames before the names fill the memory."""
    sha256 = log.sha256()
    names = Names(log.mapping.attributes)
    events, last = 0, BEFORE_ALL
    for event in check_names(log, log.events("Reading"), names):
        last = max(last, event.time)
        events += 1
    return Survey(log.log_id(sha256), sha256, events, last, names.activities, names.organisations, names.resources, names.attributes)


def check_names(log: LogFile, events: Iterable[LogEvent], names: Names) -> Iterator[LogEvent]:
    """The same events, while their names are kept.

    Raises TooManyNames before they fill the memory, and at the end BadLog for an attribute that no event has.
    """
    size = 0
    for event in events:
        new = names.see(event)
        size += new
        if new and (key := names.overfull()):
            raise TooManyNames(f'{log.file}: "{key}" has more than {MOST_VALUES} different values, so it groups nothing; leave it out')
        if size > MOST_VOCABULARY:
            raise TooManyNames(
                f"{log.file}: has too many different activities, organisations and resources to keep names for. "
                'Say with --map which attributes name them; "" leaves one out'
            )
        yield event
    for key, values in names.attributes.items():
        if not values:
            raise BadLog(str(log.file), 1, 1, f'has no event with "{key}"; see --attribute and --map')


def _see(codes: Codes, name: str | None) -> int:
    return codes.see(name) if name else 0
