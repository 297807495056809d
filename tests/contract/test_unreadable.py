"""What cannot be read ends as Unreadable with a reason, never as another error, and the reason never tells what was in the message."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from contracts.envelope import Envelope, Skipped, Unreadable, UnreadableReason, open_message
from tests.contract.examples import EXAMPLES, Golden

CONTACT = EXAMPLES[0]
HEADERS, VALUE = CONTACT.message()
STRUCTURED = ("content-type", b"application/cloudevents+json")


def reason(headers: list[tuple[str, bytes | None]], value: bytes | None) -> UnreadableReason:
    with pytest.raises(Unreadable) as caught:
        open_message(headers, value)
    return caught.value.reason


def in_structured_mode(example: Golden, **changed: Any) -> bytes:
    attributes = {name.removeprefix("ce_"): text for name, text in example.headers.items() if name.startswith("ce_")}
    return json.dumps({**attributes, "data": example.data, **changed}).encode()


def test_a_header_that_is_not_utf8() -> None:
    assert reason([*HEADERS, ("x-trace", b"\xff\xfe")], VALUE) == UnreadableReason.HEADER_NOT_UTF8


@pytest.mark.parametrize(
    "value",
    [
        VALUE[:-3], b"", None, b"\xff", b"{", b"nothing", b'\xef\xbb\xbf{"a":1}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":"\\ud800"}',
        b"[" * 100_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, VALUE + VALUE, b'{"a":1,}',
    ],
    ids=[
        "truncated", "empty", "tombstone", "not utf-8", "half", "word", "byte order mark", "NaN", "infinity", "lone surrogate",
        "too deep", "too deep and whole", "two documents", "comma",
    ],
)  # fmt: skip
def test_a_value_that_is_not_json(value: bytes | None) -> None:
    assert reason(HEADERS, value) == UnreadableReason.NOT_JSON
    assert reason([STRUCTURED], value) == UnreadableReason.NOT_JSON


@pytest.mark.parametrize(
    "data",
    [{**CONTACT.data, "channel": "pho\x00ne"}, {**CONTACT.data, "new": {"deep": ["\x00"]}}, {**CONTACT.data, "\x00": 1}],
    ids=["in a field of ours", "in a field we do not know", "in a name"],
)
def test_a_nul_in_a_string_wherever_it_is(data: dict[str, Any]) -> None:
    assert reason(*Golden(CONTACT.headers, data).message()) == UnreadableReason.NUL_IN_STRING
    assert reason([STRUCTURED], in_structured_mode(CONTACT, data=data)) == UnreadableReason.NUL_IN_STRING


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    data = {**CONTACT.data, "new": "\\u0000"}
    assert isinstance(open_message(*Golden(CONTACT.headers, data).message()), Envelope)


def test_a_header_given_twice() -> None:
    assert reason([*HEADERS, ("ce_id", b"another")], VALUE) == UnreadableReason.ENVELOPE_INVALID
    assert reason([*HEADERS, ("content-type", b"application/json")], VALUE) == UnreadableReason.ENVELOPE_INVALID


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "7"}, {"id": None}, {"source": "/somewhere"}, {"subject": None}, {"subject": "Anna"}, {"time": None}, {"recordedtime": None},
        {"time": "2026-02-02T09:15:00"}, {"time": "1770000000"}, {"time": "2026-02-30T09:15:00Z"}, {"recordedtime": "1770000000"},
        {"time": "0001-01-01T00:00:00+14:00"}, {"sequence": "0"}, {"sequence": "one"}, {"sequence": "9223372036854775808"},
        {"partitionkey": None}, {"correlationid": None}, {"timeprecision": None}, {"timeprecision": "month"}, {"timeprecision": "day"},
        {"dataschema": None}, {"dataschema": "urn:sluss:schema:another"}, {"specversion": "0.3"}, {"causationid": ""}, {"NotLower": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_an_envelope_of_ours_with_a_wrong_attribute(changed: dict[str, str | None]) -> None:
    assert reason(*CONTACT.with_headers(**changed).message()) == UnreadableReason.ENVELOPE_INVALID


def test_a_content_type_that_is_not_ours() -> None:
    others = [(name, value) for name, value in HEADERS if name != "content-type"]
    assert isinstance(open_message([*others, ("content-type", b"application/json; charset=utf-8")], VALUE), Envelope)
    assert isinstance(open_message(others, VALUE), Envelope)
    for foreign in (b"application/xml", b"application/cloudevents+avro", b"application/cloudevents-batch+json"):
        assert reason([*others, ("content-type", foreign)], VALUE) == UnreadableReason.ENVELOPE_INVALID


@pytest.mark.parametrize(
    "changed",
    [{"channel": None}, {"channel": "By Phone"}, {"channel": 3}, {"person_ref": "19900101-1234"}, {"known_from": "soon"}],
    ids=str,
)
def test_a_body_that_breaks_its_schema(changed: dict[str, Any]) -> None:
    assert reason(*Golden(CONTACT.headers, {**CONTACT.data, **changed}).message()) == UnreadableReason.DATA_INVALID


@pytest.mark.parametrize("value", [b"null", b"[]", b'"words"', b"1" + b"0" * 5000, b"1e999", b"{}"])
def test_a_value_that_is_no_body(value: bytes) -> None:
    assert reason(HEADERS, value) in {UnreadableReason.DATA_INVALID, UnreadableReason.NOT_JSON}


def test_an_unknown_major_of_a_known_type_is_unreadable_and_an_unknown_type_is_skipped() -> None:
    younger = CONTACT.with_headers(type="se.sluss.intake.first-contact-registered.v2")
    assert reason(*younger.message()) == UnreadableReason.UNKNOWN_MAJOR
    assert open_message(*CONTACT.with_headers(type="se.sluss.intake.plan-torn.v1").message()) == Skipped("se.sluss.intake.plan-torn.v1")


def test_a_broken_trace_does_not_hold_up_the_event() -> None:
    others = [(name, value) for name, value in HEADERS if name != "traceparent"]
    envelope = open_message([*others, ("traceparent", b"no trace")], VALUE)
    assert isinstance(envelope, Envelope)
    assert envelope.traceparent is None


def test_the_text_of_the_error_never_holds_a_value() -> None:
    secret = "Anna-Svensson-19900101"
    bad = [
        CONTACT.with_headers(id=secret),
        CONTACT.with_headers(**{secret.lower(): "x"}),
        CONTACT.with_headers(time=secret),
        Golden(CONTACT.headers, {**CONTACT.data, "channel": secret}),
        Golden(CONTACT.headers, {**CONTACT.data, secret: "\x00"}),
    ]
    for message in bad:
        with pytest.raises(Unreadable) as caught:
            open_message(*message.message())
        assert secret.lower() not in str(caught.value).lower()
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


texts = some.one_of(some.binary(max_size=30), some.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")), some.none())
names = some.one_of(some.sampled_from([name for name, _ in HEADERS]), some.text(max_size=20), some.text(max_size=9).map("ce_{}".format))
scalars = some.one_of(some.none(), some.booleans(), some.integers(), some.floats(), some.text())
documents = some.recursive(scalars, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=20)
values = some.one_of(some.binary(), some.none(), documents.map(lambda document: json.dumps(document).encode()))


def open_whatever(headers: list[tuple[str, bytes | None]], value: bytes | None) -> None:
    try:
        open_message(headers, value)
    except Unreadable:
        return


@settings(deadline=None, max_examples=300)
@given(headers=some.lists(some.tuples(names, texts), max_size=12), value=values)
def test_no_bytes_whatever_raise_anything_else(headers: list[tuple[str, bytes | None]], value: bytes | None) -> None:
    open_whatever(headers, value)
    open_whatever([*HEADERS, *headers], value)
    open_whatever([STRUCTURED, *headers], value)


@settings(deadline=None, max_examples=300)
@given(which=some.integers(0, len(HEADERS) - 1), text=texts, field=some.sampled_from(sorted(CONTACT.data)), worth=documents)
def test_no_single_change_to_a_good_message_raises_anything_else(which: int, text: bytes | None, field: str, worth: object) -> None:
    changed = [(name, text if place == which else value) for place, (name, value) in enumerate(HEADERS)]
    open_whatever(changed, VALUE)
    open_whatever(HEADERS, json.dumps({**CONTACT.data, field: worth}).encode())
    open_whatever([STRUCTURED], in_structured_mode(CONTACT, **{HEADERS[which][0].removeprefix("ce_"): worth}))
