"""The envelope around every event: CloudEvents 1.0 on Kafka, written in binary mode, read in binary and structured mode."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializeAsAny, StringConstraints, ValidationError, model_validator
from pydantic_core import from_json, to_json

from contracts.catalogue import BY_TYPE
from contracts.event import PublishedEvent, TimePrecision, UnmappedCode, is_local_midnight

__all__ = [
    "Envelope", "PublishedEvent", "Skipped", "TimePrecision", "Unreadable", "UnreadableReason", "open_message", "open_record", "schema_uri",
]  # fmt: skip

Headers = Sequence[tuple[str, bytes | None]]

PREFIX: Final = "ce_"
BINARY: Final = "application/json"
STRUCTURED: Final = "application/cloudevents+json"

MOST_HEADERS: Final = 100
CORE: Final = frozenset({"specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype"})
NAMES: Final = frozenset(event_type.rpartition(".")[0] for event_type in BY_TYPE)
ATTRIBUTE_NAME: Final = re.compile("[a-z0-9]+")
RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE)
URI_REFERENCE: Final = re.compile(r"[^\s<>\"{}|\\^`]+")
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
TRACEPARENT: Final = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
JSON_TYPE: Final = re.compile(r"application/json(\s*;.*)?", re.IGNORECASE)
VERSIONED: Final = re.compile(r"(?P<name>.+)\.v[0-9]+")

Source = Annotated[str, StringConstraints(pattern="^/municipality/[0-9]{4}/[a-z]+$")]
Traceparent = Annotated[str, StringConstraints(pattern=f"^{TRACEPARENT.pattern}$")]


class UnreadableReason(StrEnum):
    """Why a message cannot be read, in the order in which it is found out."""

    HEADER_NOT_UTF8 = "header_not_utf8"
    NOT_JSON = "not_json"
    NUL_IN_STRING = "nul_in_string"
    ENVELOPE_INVALID = "envelope_invalid"
    UNKNOWN_MAJOR = "unknown_major"
    DATA_INVALID = "data_invalid"
    KEY_NOT_STREAM = "key_not_stream"


class Unreadable(Exception):
    """A message that goes to quarantine. It says why and where, and never what the message held."""

    def __init__(self, reason: UnreadableReason, where: str = "") -> None:
        super().__init__(f"{reason}: {where}" if where else str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Skipped:
    """A valid message of a type that we do not know: it is passed by."""

    type: str

    def __str__(self) -> str:
        return "unknown type: skipped"


class Envelope(BaseModel):
    """What is said about an event beside its body. A day travels as its local midnight with `timeprecision` day."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: UUID
    source: Source
    subject: UUID
    time: AwareDatetime
    recordedtime: AwareDatetime
    partitionkey: UUID
    sequence: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    correlationid: UUID
    causationid: UUID | None = None
    timeprecision: TimePrecision
    traceparent: Traceparent | None = None
    data: SerializeAsAny[PublishedEvent]

    @property
    def type(self) -> str:
        """The type on the wire, with its version."""
        return self.data.event_type

    @property
    def dataschema(self) -> str:
        """The name of the schema that the writer promises to keep."""
        return schema_uri(self.data.event_type)

    @model_validator(mode="after")
    def _times_can_be_kept(self) -> Self:
        try:
            utc = [at.astimezone(UTC) for at in (self.time, self.recordedtime)]
            if self.timeprecision is TimePrecision.DAY and not is_local_midnight(utc[0]):
                raise ValueError("a day is its local midnight")
        except OverflowError:
            raise ValueError("the time is outside the calendar") from None
        return self

    def message(self) -> tuple[list[tuple[str, bytes]], bytes]:
        """The Kafka headers, in a fixed order, and the value. Raises ValueError for a body that its own closed writer schema refuses."""
        attributes = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": self.source,
            "type": self.type,
            "subject": str(self.subject),
            "time": _rfc3339(self.time),
            "dataschema": self.dataschema,
            "recordedtime": _rfc3339(self.recordedtime),
            "partitionkey": str(self.partitionkey),
            "sequence": str(self.sequence or ""),
            "correlationid": str(self.correlationid),
            "causationid": str(self.causationid or ""),
            "timeprecision": self.timeprecision.value,
        }
        headers = [(PREFIX + name, value.encode()) for name, value in attributes.items() if value]
        headers.append(("content-type", BINARY.encode()))
        if self.traceparent:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers, _written(self.data)


def schema_uri(event_type: str) -> str:
    """The name of an event's writer schema: a URN, so that it promises no address."""
    return f"urn:sluss:schema:{event_type}"


def open_message(headers: Headers, value: bytes | None) -> Envelope | Skipped:
    """Reads a Kafka message in binary or structured mode. Raises Unreadable, and nothing else, whatever the bytes are."""
    if len(headers) > MOST_HEADERS:
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "too many headers")
    texts = _texts(headers)
    if texts.get("content-type", "").lower().startswith("application/cloudevents"):
        return _open_structured(texts, value)
    return _open_binary(texts, value)


def open_record(key: bytes | None, headers: Headers, value: bytes | None) -> Envelope | Skipped:
    """The same of a whole record: under another key than its stream, an event may lie on a partition where nothing keeps its order."""
    opened = open_message(headers, value)
    if isinstance(opened, Envelope) and key != str(opened.partitionkey).encode():
        raise Unreadable(UnreadableReason.KEY_NOT_STREAM)
    return opened


def _open_binary(texts: Mapping[str, str], value: bytes | None) -> Envelope | Skipped:
    attributes = {name.removeprefix(PREFIX): text for name, text in texts.items() if name.startswith(PREFIX)}
    match _type(attributes):
        case Skipped() as skipped:
            return skipped
        case event:
            content_type = texts.get("content-type", BINARY)
            return _sealed(event, {**attributes, "datacontenttype": content_type}, _json(value), texts.get("traceparent"))


def _open_structured(texts: Mapping[str, str], value: bytes | None) -> Envelope | Skipped:
    if texts["content-type"].partition(";")[0].strip().lower() != STRUCTURED:
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "content-type")
    document = _json(value)
    if not isinstance(document, dict) or {"data", "data_base64"} <= document.keys():
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "data")
    if not isinstance(document.pop("data_base64", ""), str):
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "data_base64")
    data = document.pop("data", None)
    attributes = {name: _attribute_text(name, worth) for name, worth in document.items() if worth is not None}
    match _type(attributes):
        case Skipped() as skipped:
            return skipped
        case event:
            return _sealed(event, attributes, data, texts.get("traceparent"))


def _texts(headers: Headers) -> dict[str, str]:
    """Every header as text. A name given twice is refused where it would leave us to choose."""
    texts: dict[str, str] = {}
    for name, value in headers:
        if name in texts and (name.startswith(PREFIX) or name == "content-type"):
            raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "a header given twice")
        try:
            texts[name] = (value or b"").decode()
        except UnicodeDecodeError:
            raise Unreadable(UnreadableReason.HEADER_NOT_UTF8) from None
    return texts


def _attribute_text(name: str, worth: object) -> str:
    """A JSON attribute as the text it would be in a header. Only extensions may be numbers or booleans."""
    match worth:
        case str():
            return worth
        case bool() if name not in CORE:
            return str(worth).lower()
        case int() if name not in CORE and -(2**31) <= worth < 2**31:
            return str(worth)
        case _:
            raise Unreadable(UnreadableReason.ENVELOPE_INVALID, name if name in CORE else "an extension")


def _type(attributes: Mapping[str, str]) -> type[PublishedEvent] | Skipped:
    """The class of the event. Before that, every attribute is held against CloudEvents' own rules, whoever sent it."""
    for name in _broken(attributes):
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, name)
    wire = attributes["type"]
    if wire in BY_TYPE:
        return BY_TYPE[wire]
    versioned = VERSIONED.fullmatch(wire)
    if versioned and versioned["name"] in NAMES:
        raise Unreadable(UnreadableReason.UNKNOWN_MAJOR)
    return Skipped(wire)


def _broken(attributes: Mapping[str, str]) -> Iterator[str]:
    """The attributes that CloudEvents 1.0 does not allow, named only when the name is ours or the standard's."""
    # All in one look; which it was is asked only where one is not as it should be.
    sound = "" not in attributes and ATTRIBUTE_NAME.fullmatch("".join(attributes)) and not CONTROL.search("".join(attributes.values()))
    for name, text in () if sound else attributes.items():
        if "\x00" in text or "\x00" in name:
            raise Unreadable(UnreadableReason.NUL_IN_STRING)
        if not ATTRIBUTE_NAME.fullmatch(name) or CONTROL.search(text):
            yield name if name in CORE else "an extension"
    if attributes.get("specversion") != "1.0":
        yield "specversion"
    yield from (name for name in ("id", "source", "type") if not attributes.get(name))
    yield from (name for name in ("subject", "dataschema", "datacontenttype") if attributes.get(name) == "")
    yield from (name for name in ("source", "dataschema") if name in attributes and not URI_REFERENCE.fullmatch(attributes[name]))
    if "time" in attributes and not _is_time(attributes["time"]):
        yield "time"


def _is_time(text: str) -> bool:
    try:
        return bool(RFC3339.fullmatch(text)) and datetime.fromisoformat(text.upper()) is not None
    except ValueError:
        return False


def _json(value: bytes | None) -> Any:
    """The value as JSON by the letter: no NaN, no lone surrogate, no NUL in any string, and not deeper than the parser goes."""
    value = value or b""
    try:
        document = from_json(value, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise Unreadable(UnreadableReason.NOT_JSON) from None
    if b"\\u0000" in value and any("\x00" in text for text in _strings(document)):  # JSON has no other way to write one
        raise Unreadable(UnreadableReason.NUL_IN_STRING)
    return document


def _strings(document: Any) -> Iterator[str]:
    match document:
        case str():
            yield document
        case dict():
            for name, worth in document.items():
                yield name
                yield from _strings(worth)
        case list():
            for worth in document:
                yield from _strings(worth)


def _sealed(event: type[PublishedEvent], attributes: Mapping[str, str], data: Any, traceparent: str | None) -> Envelope:
    """The envelope of one of our events, its own attributes and its body checked."""
    if attributes.get("dataschema") != schema_uri(event.event_type):
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "dataschema")
    if not JSON_TYPE.fullmatch(attributes.get("datacontenttype", BINARY)):
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "datacontenttype")
    if not ("time" in attributes and _is_time(attributes.get("recordedtime", ""))):  # the form of `time` was seen to
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, "time")
    try:
        body = event.model_validate_json(to_json(data))
    except ValidationError as refused:
        raise Unreadable(UnreadableReason.DATA_INVALID, _where(refused)) from None
    try:
        return Envelope.model_validate({**attributes, "traceparent": _traceparent(traceparent), "data": body})
    except ValidationError as refused:
        raise Unreadable(UnreadableReason.ENVELOPE_INVALID, _where(refused)) from None


def _traceparent(text: str | None) -> str | None:
    """A trace that cannot be read is no trace; it never holds up the event."""
    return text if text and TRACEPARENT.fullmatch(text) else None


def _where(refused: ValidationError) -> str:
    """The names of our own fields that were refused, without their values."""
    return ", ".join(sorted({str(error["loc"][0]) for error in refused.errors(include_input=False) if error["loc"]}))


def _rfc3339(at: datetime) -> str:
    """RFC 3339 knows whole minutes of offset only; local mean time, before 1879, has seconds."""
    offset = at.utcoffset()
    return (at if offset is not None and not offset.seconds % 60 else at.astimezone(UTC)).isoformat()


def _written(data: PublishedEvent) -> bytes:
    unmapped = [name for name, worth in data if isinstance(worth, UnmappedCode)]
    if unmapped:
        raise ValueError(f"{data.event_type} may not be written with an unmapped code in: {', '.join(unmapped)}")
    value = data.model_dump_json(exclude_none=True).encode()
    if type(data).model_validate_json(value) != data:
        raise ValueError(f"{data.event_type} does not read back as it was written")
    return value
