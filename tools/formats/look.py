"""Finds out what a log's file is: its form by its first bytes, and which of its keys says what, where that can be known."""

import codecs
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import BinaryIO, Final, NoReturn
from zoneinfo import ZoneInfo

from tools.formats import rows, table, xes
from tools.formats.event import BadLog, LogEvent, Maker
from tools.formats.source import Damaged, unpacked
from tools.mapping import REQUIRED, Mapping, found_in

START: Final = 4096
FEW: Final = 100
"""Rows of a JSON file that are looked at for keys: not every row has every key."""


class Form(StrEnum):
    """What a log is written in."""

    XES = "XES"
    CSV = "CSV"
    NDJSON = "NDJSON"
    BATCH = "JSON array"


@dataclass(frozen=True)
class Told:
    """What was said about a file that it does not say itself; None: to be found, or refused."""

    delimiter: str | None = None
    encoding: str | None = None
    time_format: str | None = None


NOTHING_TOLD: Final = Told()


@dataclass(frozen=True)
class Reading:
    """How a file is read: its form, the key for each thing, and for CSV its delimiter and encoding."""

    form: Form
    mapping: Mapping
    told: Told

    def events(self, raw: BinaryIO, maker: Maker) -> Iterator[LogEvent]:
        """Every event in the order of the file. Raises BadLog."""
        text = unpacked(raw)
        match self.form:
            case Form.XES:
                return xes.events(text, maker)
            case Form.CSV:
                return table.events(table.Table(text, maker.file, self.told.delimiter or ",", self.told.encoding or "utf-8"), maker)
            case Form.NDJSON:
                return rows.events(rows.in_lines(text, maker.file), maker)
            case Form.BATCH:
                return rows.events(rows.in_array(text, maker.file), maker)

    def maker(self, file: str, zone: ZoneInfo | None) -> Maker:
        """What makes its events. `file` is what messages call it; `zone` stands in where a time has no offset."""
        return Maker(file, self.mapping, zone, self.told.time_format)


def look(raw: BinaryIO, file: str, asked: Mapping, told: Told) -> Reading:
    """Finds the reading and puts the file back to its beginning. Raises BadLog when it cannot be known."""
    place = raw.tell()
    try:
        start = unpacked(raw).read(START)
    except Damaged as damaged:
        raise BadLog(file, 1, 1, str(damaged)) from None
    if not start.strip():
        raise BadLog(file, 1, 1, "is empty")
    raw.seek(place)
    try:
        return _read(raw, start, file, asked, told)
    finally:
        raw.seek(place)


def read_events(raw: BinaryIO, file: str, asked: Mapping, zone: ZoneInfo | None, told: Told = NOTHING_TOLD) -> Iterator[LogEvent]:
    """The events of a log of any form. Raises BadLog."""
    reading = look(raw, file, asked, told)
    return reading.events(raw, reading.maker(file, zone))


def _form(start: bytes) -> Form:
    first = start.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if first == b"<" or start[:4].strip(b"\0\xff\xfe") == b"<":  # XML may be in UTF-16
        return Form.XES
    return {b"{": Form.NDJSON, b"[": Form.BATCH}.get(first, Form.CSV)


def _read(raw: BinaryIO, start: bytes, file: str, asked: Mapping, told: Told) -> Reading:
    match _form(start):
        case Form.XES:
            return Reading(Form.XES, asked, told)
        case Form.CSV:
            return _of_table(raw, start, file, asked, told)
        case form:
            text = unpacked(raw)
            return _of_rows(form, rows.in_lines(text, file) if form is Form.NDJSON else rows.in_array(text, file), file, asked, told)


def _of_rows(form: Form, found: Iterator[rows.Row], file: str, asked: Mapping, told: Told) -> Reading:
    few = [words for _, words in islice(found, FEW)]
    if not few:
        raise BadLog(file, 1, 1, "holds no event")
    mapping = found_in(asked, list(dict.fromkeys(key for words in few for key in words)))
    if not set(mapping.required()) <= few[0].keys():
        _not_found(mapping, few[0].keys(), file)
    return Reading(form, mapping, told)


def _of_table(raw: BinaryIO, start: bytes, file: str, asked: Mapping, told: Told) -> Reading:
    """With the delimiter that splits the first row into columns of which one is the case, one the activity and one the time."""
    encoding, place = table.encoding_of(start, told.encoding), raw.tell()
    refused: list[BadLog] = []
    split: list[list[str]] = [[]]
    for delimiter in [told.delimiter] if told.delimiter else table.DELIMITERS:
        raw.seek(place)
        try:
            columns = table.Table(unpacked(raw), file, delimiter, encoding).columns
        except BadLog as bad:
            refused.append(bad)
            continue
        split.append(columns)
        mapping = found_in(asked, columns)
        if set(mapping.required()) <= set(columns):
            _require_each_once(mapping, columns, file)
            return Reading(Form.CSV, mapping, replace(told, delimiter=delimiter, encoding=encoding))
    if refused:
        raise refused[0]
    columns = max(split, key=lambda each: len({*found_in(asked, each).required()} & {*each}))
    _not_found(found_in(asked, columns), columns, file)


def _require_each_once(mapping: Mapping, columns: Sequence[str], file: str) -> None:
    for key in mapping.used():
        if columns.count(key) != 1:
            raise BadLog(file, 1, 1, f'has {"more than one" if key in columns else "no"} column "{key}"; see --map')


def _not_found(mapping: Mapping, keys: Collection[str], file: str) -> NoReturn:
    missing = [name for name, key in zip(REQUIRED, mapping.required(), strict=True) if key not in keys]
    raise BadLog(file, 1, 1, f"does not show which of its keys is the {' and the '.join(missing)}; say so with --map")
