"""Reads an event log in XES (IEEE 1849), plain or gzip, as a stream: memory does not grow with the file."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final, NoReturn
from xml.parsers import expat
from zoneinfo import ZoneInfo

from shared.json_check import UNWELCOME
from tools.mapping import Mapping

CHUNK: Final = 64 * 1024
LONGEST_TAG: Final = 4 * 1024 * 1024
LONGEST_NAME: Final = 200
DEEPEST: Final = 64
MOST_ROWS: Final = 2**27
"""Rows that a file numbers itself are checked for repeats with one bit each: at most 16 MiB."""
GZIP_MAGIC: Final = b"\x1f\x8b"
ENDS_EARLY: Final = [
    expat.errors.codes[text]
    for text in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION)
]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event, in the words of the file. `time` has an offset; `row` is its place in the file, from 0, or the file's own number."""

    case: str
    activity: str
    time: datetime
    organisation: str | None
    resource: str | None
    lifecycle: str | None
    row: int


class BadLog(Exception):
    """A file that cannot be imported: where, counted from 1, and why. Never repeats what the file says."""

    def __init__(self, file: str, line: int, column: int, why: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {why}")


def read_events(raw: BinaryIO, file: str, mapping: Mapping, zone: ZoneInfo | None) -> Iterator[LogEvent]:
    """The events of a log in the order of the file. `file` is what messages call it; `zone` stands in where a time has no offset.

    Raises BadLog for what is not XES, is truncated, brings a DTD, or has an event without case, activity or time.
    """
    reader = _Reader(file, mapping, zone)
    text = _plain(raw)
    while chunk := reader.take(text):
        yield from reader.feed(chunk)
    yield from reader.feed(b"", last=True)


def _plain(raw: BinaryIO) -> BinaryIO | gzip.GzipFile:
    """The file without its compression, which its first bytes show, whatever it is called."""
    start = raw.tell()
    magic = raw.read(len(GZIP_MAGIC))
    raw.seek(start)
    return gzip.GzipFile(fileobj=raw) if magic == GZIP_MAGIC else raw


class _Reader:
    """Turns the tags that expat finds into events."""

    def __init__(self, file: str, mapping: Mapping, zone: ZoneInfo | None) -> None:
        self._file, self._mapping, self._zone = file, mapping, zone
        self._fed, self._count = 0, 0
        self._path: list[str] = []
        self._case: str | None = None
        self._event: dict[str, str] = {}
        self._time: datetime | None = None
        self._began = (1, 1)
        self._found: list[LogEvent] = []
        self._rows = bytearray()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def take(self, text: BinaryIO | gzip.GzipFile) -> bytes:
        """The next piece of the file, decompressed."""
        try:
            return text.read(CHUNK)
        except EOFError:
            self._refuse("is truncated: the compressed data ends in the middle")
        except (gzip.BadGzipFile, zlib.error):
            self._refuse("is damaged: the compressed data cannot be read")

    def feed(self, chunk: bytes, *, last: bool = False) -> list[LogEvent]:
        """The events that end in this piece."""
        self._fed += len(chunk)
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            self._not_xml(error)
        except (LookupError, ValueError):
            self._refuse("is written in an encoding that cannot be read; UTF-8 can")
        if self._fed - self._parser.CurrentByteIndex > LONGEST_TAG:
            self._refuse(f"has a tag or a text longer than {LONGEST_TAG // 2**20} MiB here")
        found, self._found = self._found, []
        self._count += len(found)
        if last and not self._count:
            self._refuse("holds no event")
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        match self._path:
            case ["log"] | ["log", _]:
                self._case = None
            case [_]:
                self._refuse("is XML, but not XES: its first tag is not <log>")
            case ["log", "trace", "event"]:
                self._event, self._time, self._began = {}, None, self._here()
            case ["log", "trace", _] if attributes.get("key") == self._mapping.case:
                self._case = attributes.get("value")
            case ["log", "trace", "event", _]:
                self._attribute(attributes.get("key"), attributes.get("value", ""))
            case _ if len(self._path) > DEEPEST:
                self._refuse(f"nests tags deeper than {DEEPEST}")

    def _attribute(self, key: str | None, value: str) -> None:
        if key == self._mapping.time:
            self._time = self._moment(value)
        if key:
            self._event[key] = value

    def _end(self, name: str) -> None:
        match self._path:
            case ["log", "trace", "event"]:
                self._found.append(self._whole_event())
            case ["log", "event"]:
                self._refuse("has an event outside any <trace>, so it belongs to no case")
        self._path.pop()

    def _whole_event(self) -> LogEvent:
        activity = self._name(self._mapping.activity)
        if not self._case:
            self._refuse_event(f'no "{self._mapping.case}" on the trace before this event, so it belongs to no case')
        if activity is None:
            self._refuse_event(f'this event has no "{self._mapping.activity}", which should name its activity')
        if self._time is None:
            self._refuse_event(f'this event has no "{self._mapping.time}", which should say when it happened')
        return LogEvent(
            self._case,
            activity,
            self._time,
            self._name(self._mapping.organisation),
            self._name(self._mapping.resource),
            self._name(self._mapping.lifecycle),
            self._row(),
        )

    def _name(self, key: str) -> str | None:
        """What somebody called something, on one line; None where nothing is said."""
        name = " ".join(UNWELCOME.sub(" ", self._event.get(key, "")).split())
        if len(name) > LONGEST_NAME:
            self._refuse_event(f'"{key}" is longer than {LONGEST_NAME} characters here, so it is no name; see --map')
        return name or None

    def _row(self) -> int:
        if self._mapping.row is None:
            return self._count + len(self._found)
        text = self._event.get(self._mapping.row, "")
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < MOST_ROWS):
            self._refuse_event(f'"{self._mapping.row}" should number this event, from 0 to {MOST_ROWS - 1}')
        row = int(text)
        if not self._first_sight(row):
            self._refuse_event(f'"{self._mapping.row}" gives this event a number that an earlier one has')
        return row

    def _first_sight(self, row: int) -> bool:
        place, bit = divmod(row, 8)
        if place >= len(self._rows):
            self._rows.extend(bytes(place + 1 - len(self._rows)))
        seen = self._rows[place] >> bit & 1
        self._rows[place] |= 1 << bit
        return not seen

    def _moment(self, text: str) -> datetime:
        """A time with an offset: its own, else the zone's (of an hour that comes twice in autumn, the first)."""
        try:
            at = datetime.fromisoformat(text.strip())
            if at.tzinfo is None and self._zone is not None:
                at = at.replace(tzinfo=self._zone)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            self._refuse(f'"{self._mapping.time}" is not a time (ISO 8601) here')
        self._refuse("a time without an offset; say where its clock stood with --zone, as in --zone Europe/Stockholm")

    def _doctype(self, *_: object) -> None:
        self._refuse("brings a document type (DTD), which may define entities; a log needs none, so it is not read further")

    def _not_xml(self, error: expat.ExpatError) -> NoReturn:
        line, column = error.lineno, error.offset + 1
        if not self._fed:
            raise BadLog(self._file, line, column, "is empty") from None
        if error.code in ENDS_EARLY:
            raise BadLog(self._file, line, column, "is truncated: it ends before </log>") from None
        raise BadLog(self._file, line, column, f"is not XML: {expat.ErrorString(error.code)}") from None

    def _here(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def _refuse(self, why: str) -> NoReturn:
        raise BadLog(self._file, *self._here(), why) from None

    def _refuse_event(self, why: str) -> NoReturn:
        raise BadLog(self._file, *self._began, why)
