"""Strict models and entity tags: nothing is coerced, nothing unknown is taken, and dates still come as text."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from shared.http import etag, expected_version
from shared.problems import Problem
from tests.unit.shared.conftest import GOOD, Colour, Part, Thing


async def faults(client: httpx.AsyncClient, **changed: Any) -> list[tuple[str, str]]:
    """The pointers and kinds of a refused thing."""
    answer = await client.post("/toy/things", json=GOOD | changed)
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["kind"]) for fault in answer.json()["errors"]]


async def test_times_days_references_and_codes_are_read_from_text(maker: httpx.AsyncClient) -> None:
    answer = await maker.post("/toy/things", json=GOOD | {"parts": [{"name": "a"}], "count": 3})
    assert answer.status_code == 201
    assert answer.json() == {"by": "anna", "day": "2001-03-05", "colour": "Colour"}
    assert answer.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("count", "1", "int_type"),
        ("count", True, "int_type"),
        ("count", 1.0, "int_type"),
        ("day", "2026-02-30", "date_parsing"),
        ("day", "2001-03-05T00:00:00", "date_parsing"),
        ("day", 978307200, "date_type"),
        ("day", "978307200", "time_not_iso"),
        ("at", "978307200", "time_not_iso"),
        ("at", "-1.5", "time_not_iso"),
        ("day", "9999-12-31", "year_out_of_range"),
        ("at", "2001-03-05T12:00:00", "timezone_aware"),
        ("heard", "2001-03-05T12:00:00", "timezone_aware"),
        ("at", "2001-03-05", "datetime_parsing"),
        ("at", 978307200, "datetime_type"),
        ("at", "9999-12-31T23:59:59-05:00", "year_out_of_range"),
        ("at", "0001-01-01T00:00:00+14:00", "year_out_of_range"),
        ("reference", "7", "uuid_parsing"),
        ("colour", "blue", "enum"),
        ("colour", "RED", "enum"),
        ("count", None, "int_type"),
        ("parts", {}, "list_type"),
        ("parts", [{"name": "a"}] * 3, "too_long"),
    ],
)
async def test_nothing_is_coerced(maker: httpx.AsyncClient, field: str, value: Any, kind: str) -> None:
    assert await faults(maker, **{field: value}) == [(f"/{field}", kind)]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\n", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff"])
async def test_a_control_character_in_any_string_is_refused_where_it_stands(maker: httpx.AsyncClient, sign: str) -> None:
    text = f"a{sign}b"
    assert await faults(maker, parts=[{"name": "a"}, {"name": text}]) == [("/parts/1/name", "unwelcome_character")]
    assert await faults(maker, notes={"ours": text}) == [("/notes", "unwelcome_character")]
    assert await faults(maker, notes={text: "ours"}) == [("/notes", "unwelcome_character")]


async def test_letters_of_every_language_are_welcome(maker: httpx.AsyncClient) -> None:
    answer = await maker.post("/toy/things", json=GOOD | {"parts": [{"name": "Åsa Ñandú 李 👩‍👧"}]})
    assert answer.status_code == 201


async def test_an_unknown_field_is_refused_and_not_named(maker: httpx.AsyncClient) -> None:
    assert await faults(maker, isAdmin=True) == [("", "extra_forbidden")]
    assert await faults(maker, parts=[{"name": "a", "isAdmin": True}]) == [("/parts/0", "extra_forbidden")]


async def test_a_missing_field_is_named(maker: httpx.AsyncClient) -> None:
    assert await faults(maker, parts=[{}]) == [("/parts/0/name", "missing")]
    answer = await maker.post("/toy/things")
    assert [fault["kind"] for fault in answer.json()["errors"]] == ["missing"]


async def test_a_parameter_is_named_where_it_stands(maker: httpx.AsyncClient) -> None:
    answer = await maker.get("/toy/things/x?at_least=many")
    assert answer.json()["errors"] == [{"in": "query", "pointer": "/at_least", "kind": "int_parsing"}]


def test_a_strict_model_is_made_from_python_values_too() -> None:
    at = datetime(2001, 3, 5, 12, tzinfo=timezone(timedelta(hours=1)))
    made = Thing(at=at, day=date(2001, 3, 5), reference=UUID(int=7), colour=Colour.RED, parts=[Part(name="a")])
    assert (made.at, made.day, made.colour, made.parts[0].name) == (at, date(2001, 3, 5), Colour.RED, "a")
    assert made.model_fields_set == {"at", "day", "reference", "colour", "parts"}
    assert Thing.model_validate_json(made.model_dump_json()) == made
    with pytest.raises(ValidationError):
        Thing(at=at.replace(tzinfo=None), day=date(2001, 3, 5), reference=UUID(int=7), colour=Colour.RED)
    assert made.at.astimezone(UTC).hour == 11


def test_an_entity_tag_comes_back_as_its_version() -> None:
    assert expected_version(etag(7)) == 7
    assert expected_version(None) is None
    assert expected_version("*") is None


@pytest.mark.parametrize("shown", ["7", '"seven"', 'W/"7"', '"7", "8"', '"07"', '"-7"', '""', "", '"' + "9" * 19 + '"', '"7" '])
def test_an_entity_tag_that_is_not_ours_is_refused(shown: str) -> None:
    with pytest.raises(Problem, match="if_match_invalid"):
        expected_version(shown)


async def test_if_match_is_read_from_the_request(maker: httpx.AsyncClient) -> None:
    assert (await maker.put("/toy/things/x", headers={"If-Match": '"7"'})).json()["version"] == 7
    assert (await maker.put("/toy/things/x")).json()["version"] is None
    assert (await maker.put("/toy/things/x", headers={"If-Match": "7"})).status_code == 400
