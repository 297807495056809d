"""Reads an event log in XES (IEEE 1849), plain or gzip, as a stream: memory does not grow with the file."""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NoReturn
from xml.parsers import expat

from tools.formats.event import BadLog, LogEvent, Maker
from tools.formats.source import Damaged

CHUNK: Final = 64 * 1024
LONGEST_TAG: Final = 4 * 1024 * 1024
DEEPEST: Final = 64
ENDS_EARLY: Final = [
    expat.errors.codes[text]
    for text in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION)
]


def events(text: io.BufferedReader, maker: Maker) -> Iterator[LogEvent]:
    """The events of a log in the order of the file.

    Raises BadLog for what is not XES, is truncated, brings a DTD, or has an event without case, activity or time.
    """
    reader = _Reader(maker)
    while chunk := reader.take(text):
        yield from reader.feed(chunk)
    yield from reader.feed(b"", last=True)


class _Reader:
    """Turns the tags that expat finds into events. An attribute within an attribute is not read."""

    def __init__(self, maker: Maker) -> None:
        self._maker, self._mapping = maker, maker.mapping
        self._wanted = self._mapping.used()
        self._fed = 0
        self._path: list[str] = []
        self._case: str | None = None
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._time: datetime | None = None
        self._recorded: datetime | None = None
        self._began = (1, 1)
        self._found: list[LogEvent] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def take(self, text: io.BufferedReader) -> bytes:
        """The next piece of the file, decompressed."""
        try:
            return text.read(CHUNK)
        except Damaged as damaged:
            self._refuse(str(damaged))

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
        if last and not self._maker.made:
            self._refuse("holds no event")
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        match self._path:
            case ["log"] | ["log", _]:
                self._case, self._trace = None, {}
            case [_]:
                self._refuse("is XML, but not XES: its first tag is not <log>")
            case ["log", "trace", "event"]:
                self._event, self._time, self._recorded, self._began = {**self._trace}, None, None, self._here()
            case ["log", "trace", _]:
                self._of_trace(attributes.get("key", ""), attributes.get("value", ""))
            case ["log", "trace", "event", _]:
                self._attribute(attributes.get("key"), attributes.get("value", ""))
            case _ if len(self._path) > DEEPEST:
                self._refuse(f"nests tags deeper than {DEEPEST}")

    def _of_trace(self, key: str, value: str) -> None:
        if key == self._mapping.case:
            self._case = value
        if f"case:{key}" in self._mapping.attributes:
            self._trace[f"case:{key}"] = value

    def _attribute(self, key: str | None, value: str) -> None:
        if key and key == self._mapping.time:
            self._time = self._maker.moment(value, key, self._here())
        if key and key == self._mapping.recorded:
            self._recorded = self._maker.moment(value, key, self._here())
        if key and key in self._wanted:  # an event may have any number of others
            self._event[key] = value

    def _end(self, name: str) -> None:
        match self._path:
            case ["log", "trace", "event"]:
                self._found.append(self._maker.make(self._case, self._event, self._time, self._recorded, self._began))
            case ["log", "event"]:
                self._refuse("has an event outside any <trace>, so it belongs to no case")
        self._path.pop()

    def _doctype(self, *_: object) -> None:
        self._refuse("brings a document type (DTD), which may define entities; a log needs none, so it is not read further")

    def _not_xml(self, error: expat.ExpatError) -> NoReturn:
        line, column = error.lineno, error.offset + 1
        if not self._fed:
            raise BadLog(self._maker.file, line, column, "is empty") from None
        if error.code in ENDS_EARLY:
            raise BadLog(self._maker.file, line, column, "is truncated: it ends before </log>") from None
        raise BadLog(self._maker.file, line, column, f"is not XML: {expat.ErrorString(error.code)}") from None

    def _here(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def _refuse(self, why: str) -> NoReturn:
        raise BadLog(self._maker.file, *self._here(), why) from None
