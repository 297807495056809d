"""No free text on the bus: every string of a published event is a closed code, a reference with a pattern, a date or a URI."""

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import pytest
from pydantic import Field, StringConstraints, create_model

from contracts.catalogue import PUBLISHED
from contracts.envelope import Envelope
from contracts.event import Open, PublishedEvent

FORMATS: Final = {"uuid", "date", "date-time"}
WORDS: Final = ("Anna Svensson", "19900101-1234", "199001011234", "anna@example.org", "Hon mår dåligt.", "")


def words(schema: Any, where: str = "") -> Iterator[str]:
    """Where a schema lets words through: a string without a rule, a pattern that words match, or a value of any kind."""
    match schema:
        case {"$ref": str()} | {"enum": list()} | {"const": _}:
            return
        case {"anyOf": list(options)}:
            for option in options:
                yield from words(option, where)
        case {"type": "string"}:
            if not _is_ruled(schema):
                yield where
        case {"type": "object"}:
            if "properties" not in schema and schema.get("additionalProperties") is not False and where:
                yield where
            for name, field in schema.get("properties", {}).items():
                yield from words(field, f"{where}.{name}")
            for pattern, field in schema.get("patternProperties", {}).items():
                if not _is_ruled({"pattern": pattern}):
                    yield f"{where}.<name>"
                yield from words(field, f"{where}.*")
            if isinstance(schema.get("additionalProperties"), dict):
                yield from words(schema["additionalProperties"], f"{where}.*")
        case {"type": "array"}:
            yield from words(schema.get("items", {}), f"{where}[]")
        case {"type": "integer" | "boolean" | "null" | "number"}:
            return
        case _:
            yield where


def _is_ruled(string: dict[str, Any]) -> bool:
    pattern = string.get("pattern")
    if pattern is None:
        return string.get("format") in FORMATS
    return bool(pattern.startswith("^") and pattern.endswith("$")) and not any(re.search(pattern, word) for word in WORDS)


def words_in(event: type[PublishedEvent]) -> list[str]:
    """The fields of an event that could hold words."""
    schema = event.model_json_schema()
    return [where for part in [schema, *schema.get("$defs", {}).values()] for where in words(part)]


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda event: event.__name__)
def test_no_published_event_can_hold_words(event: type[PublishedEvent]) -> None:
    assert words_in(event) == []


def test_the_envelope_cannot_hold_words() -> None:
    schema = Envelope.model_json_schema()
    del schema["properties"]["data"]
    assert list(words(schema)) == []


class Colour(StrEnum):
    """A set of codes."""

    RED = "red"


def planted(field: Any) -> type[PublishedEvent]:
    """An event with one field more than it should have."""
    return create_model("Planted", __base__=PublishedEvent, ref=(UUID, ...), planted=(field, ...))


CLOSED = Field(json_schema_extra={"additionalProperties": False})
Code = Annotated[str, StringConstraints(pattern="^f[0-9]+$")]
Word = Annotated[str, StringConstraints(pattern="^[A-Za-z ]+$")]
PLANTED = {
    "a bare string": str,
    "an optional one": str | None,
    "one with only a length": Annotated[str, Field(max_length=40)],
    "a pattern that is no rule": Annotated[str, StringConstraints(pattern="^.*$")],
    "a pattern without an end": Annotated[str, StringConstraints(pattern="^[a-z]+")],
    "a name": Annotated[str, StringConstraints(pattern="^[A-Z][a-z]+ [A-Z][a-z]+$")],
    "a list of strings": list[str],
    "words by code": dict[str, str],
    "words by a code with a rule": Annotated[dict[Code, str], CLOSED],
    "codes by word": Annotated[dict[Word, Code], CLOSED],
    "codes by code, and by anything else": dict[Code, Code],
    "a code or words": Colour | str,
    "anything": Any,
    "bytes": bytes,
}


@pytest.mark.parametrize("field", PLANTED)
def test_a_planted_field_for_words_is_found(field: str) -> None:
    assert words_in(planted(PLANTED[field]))


class Ruled(PublishedEvent):
    """One field of each kind that is allowed."""

    code: Open[Colour]
    code_or_none: Open[Colour] | None
    reference: Annotated[str, StringConstraints(pattern="^a[0-9]+$")]
    codes_by_code: Annotated[dict[Code, Code], CLOSED]
    person_ref: UUID
    on: date
    places: int
    automated: bool


def test_a_code_a_reference_and_a_date_are_no_words() -> None:
    assert words_in(Ruled) == []
