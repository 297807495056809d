"""Reads an event log in JSON as a stream: an object a line (NDJSON), or one array of objects, as a batch of CloudEvents is."""

import codecs
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from pydantic_core import from_json

from tools.formats.event import BadLog, LogEvent, Maker
from tools.formats.source import LONGEST_LINE, Damaged, lines

PIECE: Final = 64 * 1024
DEEPEST: Final = 8
TOO_DEEP: Final = "nests objects too deep here"
BLANK: Final = " \t\r\n"
Row = tuple[int, Mapping[str, str]]
"""The line it began on, from 1, and its words; of an object within it each by a name with a dot: `data.outcome`."""


def in_lines(text: io.BufferedReader, file: str) -> Iterator[Row]:
    """The objects of a file that has one a line; empty lines are none. Raises BadLog."""
    number, each = 0, lines(text)
    while True:
        number += 1
        try:
            written = next(each).removeprefix(codecs.BOM_UTF8)
            if written.strip():
                yield number, _words(from_json(written))
        except StopIteration:
            return
        except Damaged as damaged:
            raise BadLog(file, number, 1, str(damaged)) from None
        except UnicodeDecodeError:
            raise BadLog(file, number, 1, "is not UTF-8 here, as JSON has to be") from None
        except ValueError:
            raise BadLog(file, number, 1, "has a line that is not one JSON object") from None


def in_array(text: io.BufferedReader, file: str) -> Iterator[Row]:
    """The objects of a file that is one array of them. Raises BadLog."""
    return iter(_Array(text, file))


class _Array:
    """An array that is read element by element, however long it is."""

    def __init__(self, text: io.BufferedReader, file: str) -> None:
        self._text, self._file = text, file
        self._utf8, self._json = codecs.getincrementaldecoder("utf-8-sig")(), json.JSONDecoder()
        self._rest, self._line = "", 1

    def __iter__(self) -> Iterator[Row]:
        self._take("[")
        if self._next() == "]":
            return
        while True:
            began = self._line
            yield began, self._object()
            if self._take(",", "]") == "]":
                return

    def _object(self) -> Mapping[str, str]:
        if self._next() != "{":
            self._refuse("has an element that is not an object here")
        while True:
            try:
                found, end = self._json.raw_decode(self._rest)
                break
            except RecursionError:
                self._refuse(TOO_DEEP)
            except json.JSONDecodeError:
                if len(self._rest) > LONGEST_LINE:
                    self._refuse("is not JSON, or has an object too long to be an event, where this one begins")
                if not self._more():
                    self._refuse("is truncated, or not JSON, in the object that begins here")
        try:
            words = _words(found)
        except ValueError:
            self._refuse(TOO_DEEP)
        self._pass(end)
        return words

    def _take(self, *wanted: str) -> str:
        found = self._next()
        if found not in wanted:
            self._refuse(f"is not JSON: {' or '.join(wanted)} should stand here")
        self._pass(1)
        return found

    def _next(self) -> str:
        """The next character that is no blank, still to be passed; empty at the end."""
        while True:
            blank = len(self._rest) - len(self._rest.lstrip(BLANK))
            self._pass(blank)
            if self._rest or not self._more():
                return self._rest[:1]

    def _pass(self, characters: int) -> None:
        self._line += self._rest.count("\n", 0, characters)
        self._rest = self._rest[characters:]

    def _more(self) -> bool:
        try:
            piece = self._text.read(PIECE)
            self._rest += self._utf8.decode(piece, final=not piece)
        except Damaged as damaged:
            self._refuse(str(damaged))
        except UnicodeDecodeError:
            self._refuse("is not UTF-8 after this, as JSON has to be")
        return bool(piece)

    def _refuse(self, why: str) -> NoReturn:
        raise BadLog(self._file, self._line, 1, why) from None


def _words(found: Any, before: str = "", depth: int = 1) -> dict[str, str]:
    """What an object says, each by its name; a list says nothing that we could use. Raises ValueError."""
    if not isinstance(found, dict) or depth > DEEPEST:
        raise ValueError("is not an object")
    words: dict[str, str] = {}
    for name, value in found.items():
        match value:
            case str():
                words[before + name] = value
            case bool() | int() | float():
                words[before + name] = json.dumps(value)
            case dict():
                words |= _words(value, f"{before}{name}.", depth + 1)
    return words


def events(rows: Iterable[Row], maker: Maker) -> Iterator[LogEvent]:
    """The events of a log in the order of the file. Raises BadLog."""
    mapping, place = maker.mapping, (1, 1)
    for line, words in rows:
        place = (line, 1)
        happened, known = (
            maker.moment(words[key], key, place) if key and key in words else None for key in (mapping.time, mapping.recorded)
        )
        yield maker.make(words.get(mapping.case), words, happened, known, place)
    if not maker.made:
        maker.refuse(place, "holds no event")
