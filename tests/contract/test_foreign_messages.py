"""The labelled CloudEvents of ../shared/data: what is invalid is refused, what is valid and not ours is passed by."""

import json
from typing import Any

import pytest

from contracts.envelope import Skipped, Unreadable, UnreadableReason, open_message
from tests.shared_data import shared_file

STRUCTURED = ("content-type", b"application/cloudevents+json; charset=utf-8")
JSON_CASES = [
    "minimal", "with-time", "with-subject-data", "data_base64", "null-data", "string-data", "array-data", "ext-int-bool", "missing-id",
    "missing-source", "missing-type", "missing-specversion", "empty-id", "empty-type", "empty-source", "empty-subject", "id-number",
    "bad-time-type", "specversion-2.0", "bad-time-format", "uppercase-extension", "both-data-and-data_base64",
    "dup-source-id-is-same-event",
]  # fmt: skip
ONLY_STRUCTURED = {"id-number", "bad-time-type", "both-data-and-data_base64"}


def cases(kind: str) -> list[dict[str, Any]]:
    return list(json.loads(shared_file("cloudevents/cases.json").read_text("utf-8"))[kind])


def outcome(headers: list[tuple[str, bytes | None]], value: bytes | None) -> str:
    try:
        opened = open_message(headers, value)
    except Unreadable as unreadable:
        return unreadable.reason
    assert isinstance(opened, Skipped)
    return str(opened)


def binary(attributes: dict[str, Any], data: object) -> tuple[list[tuple[str, bytes | None]], bytes]:
    """Attributes as headers, as a producer in binary mode would write them."""
    text = {name: str(worth).lower() if isinstance(worth, bool) else str(worth) for name, worth in attributes.items()}
    content_type = text.pop("datacontenttype", "application/json")
    headers: list[tuple[str, bytes | None]] = [(f"ce_{name}", worth.encode()) for name, worth in text.items()]
    return [*headers, ("content-type", content_type.encode())], json.dumps(data).encode()


def structured(event: dict[str, Any]) -> tuple[list[tuple[str, bytes | None]], bytes]:
    """The whole event as JSON."""
    return [STRUCTURED], json.dumps(event).encode()


def test_every_labelled_case_is_in_the_list() -> None:
    assert [case["name"] for case in cases("json_cases")] == JSON_CASES


@pytest.mark.parametrize("name", JSON_CASES)
def test_a_labelled_case_in_structured_mode_is_refused_or_passed_by(name: str) -> None:
    case = next(case for case in cases("json_cases") if case["name"] == name)
    expected = "unknown type: skipped" if case["expect_valid"] else UnreadableReason.ENVELOPE_INVALID
    assert outcome(*structured(case["event"])) == expected


@pytest.mark.parametrize("name", [name for name in JSON_CASES if name not in ONLY_STRUCTURED])
def test_a_labelled_case_in_binary_mode_is_refused_or_passed_by(name: str) -> None:
    case = next(case for case in cases("json_cases") if case["name"] == name)
    attributes = {key: worth for key, worth in case["event"].items() if key not in {"data", "data_base64"}}
    expected = "unknown type: skipped" if case["expect_valid"] else UnreadableReason.ENVELOPE_INVALID
    assert outcome(*binary(attributes, case["event"].get("data"))) == expected


@pytest.mark.parametrize("number", range(9))
def test_the_conformance_events_of_version_1_are_passed_by_and_the_older_one_is_refused(number: int) -> None:
    case = cases("conformance_yaml")[number]
    attributes = {name: worth for name, worth in case["ContextAttributes"].items() if name != "Extensions"}
    if "time" in attributes:
        attributes["time"] = attributes["time"].replace(" ", "T")
    extensions = {name: worth.strip() for name, worth in case["ContextAttributes"].get("Extensions", {}).items()}
    attributes |= {"specversion": str(attributes["specversion"]), **extensions}
    expected = "unknown type: skipped" if attributes["specversion"] == "1.0" else UnreadableReason.ENVELOPE_INVALID
    headers, _ = binary(attributes, None)
    assert outcome(headers, case["Data"].encode()) == expected
    if case.get("Mode") != "binary":
        assert outcome(*structured({**attributes, "data": case["Data"]})) == expected


FOREIGN = {"specversion": "1.0", "id": "1", "source": "/elsewhere", "type": "org.example.thing"}
WRONG: list[dict[str, Any]] = [
    {"time": "yesterday"}, {"time": "2020-11-07"}, {"time": "20201107T080000Z"}, {"time": "2020-11-07T08:00:00"}, {"source": "/else where"},
    {"dataschema": "<schema>"}, {"dataschema": ""}, {"datacontenttype": ""}, {"id": "one\ntwo"}, {"extension": "\x85"}, {"an-ext": "x"},
]  # fmt: skip
WRONG_IN_JSON: list[dict[str, Any]] = [
    {"id": True}, {"subject": 1}, {"extension": 2**31}, {"extension": 1.5}, {"extension": {}}, {"extension": []}, {"data_base64": 3},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_an_invalid_envelope_is_refused_also_around_a_foreign_type(wrong: dict[str, Any]) -> None:
    assert outcome(*structured(FOREIGN)) == "unknown type: skipped"
    assert outcome(*structured(FOREIGN | wrong)) == UnreadableReason.ENVELOPE_INVALID
    if "datacontenttype" not in wrong:
        assert outcome(*binary(FOREIGN | wrong, {})) == UnreadableReason.ENVELOPE_INVALID


@pytest.mark.parametrize("wrong", WRONG_IN_JSON, ids=str)
def test_an_attribute_of_the_wrong_kind_is_refused_also_around_a_foreign_type(wrong: dict[str, Any]) -> None:
    assert outcome(*structured(FOREIGN | wrong)) == UnreadableReason.ENVELOPE_INVALID


def test_what_a_foreign_message_says_is_not_read() -> None:
    headers, _ = binary(FOREIGN, None)
    assert outcome(headers, b"\xff not JSON") == "unknown type: skipped"
    assert outcome(headers, None) == "unknown type: skipped"
