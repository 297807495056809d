"""Canaries: a personnummer, a name and a sentence for each place where somebody may put one, and the search for them in raw bytes."""

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

from tests.shared_data import shared_file

MARK = "kanarie"
MARKED = re.compile(rf"{MARK}([0-9a-f]{{12}})".encode(), re.IGNORECASE)
NUMBER = re.compile(rb"(?<![0-9])((?:18|19|20)?[0-9]{6})[-+]?([0-9]{4})(?![0-9])")


class Canaries:
    """Gives each place words of its own, so that what is found tells where it was put in."""

    def __init__(self) -> None:
        numbers: list[str] = json.loads(shared_file("ids/personnummer_allPins.json").read_text())
        self._numbers = iter(secrets.SystemRandom().sample(numbers, len(numbers)))
        self._place_of: dict[bytes, str] = {}
        self._traces: dict[bytes, str] = {}

    def _new(self, place: str) -> tuple[str, str]:
        mark, number = secrets.token_hex(6), next(self._numbers)
        self._place_of |= {form.encode(): place for form in (mark, number, number[2:])}
        return number, MARK + mark

    def number(self, place: str) -> int:
        """A personnummer as a JSON number."""
        return int(self._new(place)[0])

    def word(self, place: str) -> str:
        """A personnummer and a name without any space: fit for a path, a header or a key."""
        number, mark = self._new(place)
        return f"{number[:8]}-{number[8:]}-Tolvan.{mark}"

    def sentence(self, place: str) -> str:
        """What somebody might type about a person."""
        number, mark = self._new(place)
        return f"Tolvan Åkesson {mark} ({number[2:8]}-{number[8:]}, {number}) orkar inte längre"

    def hexadecimal(self, place: str) -> str:
        """32 hexadecimal digits that hold a personnummer: a good trace id, were it random."""
        digits = self._new(place)[0].rjust(32, "0")
        self._traces |= {digits.encode(): place, bytes.fromhex(digits): place}
        return digits

    def __len__(self) -> int:
        return len(self._place_of) // 3

    def found_in(self, raw: bytes) -> set[str]:
        """The places whose words are in there, whatever they are wrapped in."""
        forms = {match[1].lower() for match in MARKED.finditer(raw)}
        forms |= {match[1] + match[2] for match in NUMBER.finditer(raw)}
        found = {self._place_of[form] for form in forms if form in self._place_of}
        return found | {place for digits, place in self._traces.items() if digits in raw}


def holes(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a document has a value that is no container."""
    match document:
        case dict():
            for name, worth in document.items():
                yield from holes(worth, (*path, name))
        case list():
            for number, worth in enumerate(document):
                yield from holes(worth, (*path, number))
        case _:
            yield path


def filled(document: Any, path: tuple[str | int, ...], worth: object) -> Any:
    """The document with another value at one place."""
    if not path:
        return worth
    head, *rest = path
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[head] = filled(copy[head], tuple(rest), worth)
    return copy
