"""Reads an event log in CSV (RFC 4180), a row an event, as a stream: its first row names the columns."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn

from tools.formats.event import BadLog, LogEvent, Maker
from tools.formats.source import Damaged, lines

DELIMITERS: Final = (",", ";", "\t", "|")
MOST_COLUMNS: Final = 1000
LONGEST_FIELD: Final = 1024 * 1024
WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WHAT_IS_WRONG: Final = (
    ("field larger", f"has a quote that never closes, or a field longer than {LONGEST_FIELD // 2**20} MiB, in the record that begins here"),
    ("unexpected end", "has a quote that never closes in the record that begins here"),
    ("expected after", "has something between a closing quote and the next field here"),
    ("new-line character", "ends a line with a lone carriage return here"),
)


def encoding_of(start: bytes, given: str | None) -> str:
    """The one given, else what a byte order mark says, else UTF-8. Never guessed."""
    return given or next((name for mark, name in WIDE.items() if start.startswith(mark)), "utf-8-sig")


class Table:
    """The rows of a table, and where each began."""

    def __init__(self, text: io.BufferedReader, file: str, delimiter: str, encoding: str) -> None:
        self._file, self._encoding, self._line = file, encoding, 0
        self.began = 1
        csv.field_size_limit(LONGEST_FIELD)
        self._rows = csv.reader(self._decoded(text), delimiter=delimiter, strict=True)
        self.columns = [column.strip() for column in next(self._each_row(), [])]
        if len(self.columns) > MOST_COLUMNS:
            self.refuse(f"has more than {MOST_COLUMNS} columns; is the delimiter another? See --delimiter")

    def refuse(self, why: str, column: int = 1) -> NoReturn:
        """Raises BadLog at the record in hand."""
        raise BadLog(self._file, self.began, column, why) from None

    def rows(self) -> Iterator[Sequence[str]]:
        """Every row after the first, with as many fields as that has columns; empty lines are none. Raises BadLog."""
        for row in self._each_row():
            if len(row) != len(self.columns):
                self.refuse(f"has {len(row)} fields here, and the first row {len(self.columns)}")
            yield row

    def _each_row(self) -> Iterator[list[str]]:
        while True:
            self.began = self._line + 1
            try:
                row = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                self.refuse(next((why for word, why in WHAT_IS_WRONG if word in str(error)), "is not CSV here"))
            except Damaged as damaged:
                raise BadLog(self._file, self._line + 1, 1, str(damaged)) from None
            if row:
                yield row

    def _decoded(self, text: io.BufferedReader) -> Iterator[str]:
        if self._encoding == "utf-16":
            text = io.BufferedReader(_Utf8(text))
        encoding = "utf-8" if self._encoding in ("utf-16", "utf-8-sig") else self._encoding
        for line in lines(text):
            try:
                decoded = line.decode(encoding)
            except UnicodeDecodeError as error:
                why = f"is not {encoding.upper()} here; say with --encoding what it is, as in --encoding windows-1252"
                raise BadLog(self._file, self._line + 1, error.start + 1, why) from None
            self._line += 1
            yield decoded.removeprefix("\ufeff") if self._line == 1 else decoded


class _Utf8(io.RawIOBase):
    """UTF-16 as UTF-8, piece by piece, so that its lines are found by their bytes as in every other file."""

    def __init__(self, text: io.BufferedReader) -> None:
        self._text, self._decoder, self._rest = text, codecs.getincrementaldecoder("utf-16")(), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and (piece := self._text.read(io.DEFAULT_BUFFER_SIZE)):
            try:
                self._rest = self._decoder.decode(piece).encode()
            except UnicodeError:
                raise Damaged("is not UTF-16, which its first bytes say it is") from None
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def events(table: Table, maker: Maker) -> Iterator[LogEvent]:
    """The events of a log in the order of the file. Raises BadLog."""
    columns, mapping = table.columns, maker.mapping
    case, time = columns.index(mapping.case), columns.index(mapping.time)
    recorded = columns.index(mapping.recorded) if mapping.recorded else None
    for row in table.rows():
        known = None
        if recorded is not None and row[recorded]:
            known = maker.moment(row[recorded], columns[recorded], (table.began, recorded + 1))
        happened = maker.moment(row[time], mapping.time, (table.began, time + 1))
        yield maker.make(row[case], dict(zip(columns, row, strict=True)), happened, known, (table.began, 1))
    if not maker.made:
        table.refuse("holds no event")
