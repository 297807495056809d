"""Every kind of record that reliability.md R17 names, with R19's poison: each with the outcome that it must have."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from contracts.codes import Channel, SourceSystem
from contracts.envelope import Envelope, TimePrecision
from contracts.intake import FirstContactRegisteredV1
from shared.clock import real_now

TYPE = "se.sluss.intake.first-contact-registered"
POISON = "poison"


class Outcome(StrEnum):
    """What may become of a record."""

    QUARANTINED = "quarantined"
    SKIPPED = "skipped"
    HEARD = "heard"


@dataclass(frozen=True)
class Message:
    """A record as it is sent, and the id of the event that it was before anything was done to it."""

    id: UUID
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None

    @property
    def body(self) -> dict[str, Any]:
        """The value as JSON."""
        return dict(json.loads(self.value or b""))


def fact() -> Message:
    """A good event of a stream of its own."""
    subject = uuid4()
    envelope = Envelope(
        id=uuid4(),
        source="/municipality/0114/intake",
        subject=subject,
        time=real_now(),
        recordedtime=real_now(),
        partitionkey=subject,
        sequence=1,
        correlationid=uuid4(),
        timeprecision=TimePrecision.INSTANT,
        data=FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE),
    )
    headers, value = envelope.message()
    return Message(envelope.id, str(subject).encode(), tuple(headers), value)


def with_header(name: str, value: bytes) -> Message:
    good = fact()
    return replace(good, headers=tuple((each, value if each == name else kept) for each, kept in good.headers))


def without_header(name: str) -> Message:
    good = fact()
    return replace(good, headers=tuple(each for each in good.headers if each[0] != name))


def and_headers(*more: tuple[str, bytes]) -> Message:
    good = fact()
    return replace(good, headers=(*good.headers, *more))


def with_value(value: bytes | None) -> Message:
    return replace(fact(), value=value)


def with_field(json_text: str, name: str = "channel") -> Message:
    """A field whose value is this JSON text, which need not be good JSON."""
    good = fact()
    others = {each: worth for each, worth in good.body.items() if each != name}
    return replace(good, value=f'{json.dumps(others)[:-1]}, "{name}": {json_text}}}'.encode())


def with_key(key: bytes | None) -> Message:
    return replace(fact(), key=key)


@dataclass(frozen=True)
class Kind:
    """One kind: how it is made, and what must become of it."""

    message: Message
    outcome: Outcome
    reason: str | None = None


def quarantined(message: Message, reason: str) -> Kind:
    return Kind(message, Outcome.QUARANTINED, reason)


def kinds() -> dict[str, Kind]:
    """Every kind by its name, each made anew."""
    return {
        "an empty value": quarantined(with_value(b""), "not_json"),
        "a tombstone": quarantined(with_value(None), "not_json"),
        "truncated JSON": quarantined(with_value((fact().value or b"")[:-5]), "not_json"),
        "a value that is not UTF-8": quarantined(with_value((fact().value or b"").replace(b"phone", b"ph\xff\xfe")), "not_json"),
        "JSON 20,000 deep": quarantined(with_field("[" * 20_000 + "]" * 20_000, "deep"), "not_json"),
        "NaN": quarantined(with_field("NaN", "new"), "not_json"),
        "a lone surrogate": quarantined(with_field('"\\ud800"', "new"), "not_json"),
        "NUL in a string": quarantined(with_field('"pho\\u0000ne"'), "nul_in_string"),
        "NUL in a header": quarantined(with_header("ce_source", b"/municipality/0114/in\x00take"), "nul_in_string"),
        "a header that is not UTF-8": quarantined(with_header("ce_source", b"/municipality/\xff"), "header_not_utf8"),
        "a missing header": quarantined(without_header("ce_id"), "envelope_invalid"),
        "a header given twice": quarantined(and_headers(("ce_id", str(uuid4()).encode())), "envelope_invalid"),
        "10,000 headers": quarantined(and_headers(*((f"x-{number}", b"1") for number in range(10_000))), "envelope_invalid"),
        "a sequence of 2^63": quarantined(with_header("ce_sequence", str(2**63).encode()), "envelope_invalid"),
        "no key": quarantined(with_key(None), "key_not_stream"),
        "the key of another stream": quarantined(with_key(str(uuid4()).encode()), "key_not_stream"),
        "a code that is a number of 2^63": quarantined(with_field(str(2**63)), "data_invalid"),
        "an unknown major of a known type": quarantined(with_header("ce_type", f"{TYPE}.v9".encode()), "unknown_major"),
        POISON: quarantined(fact(), "handler_failed"),
        "an unknown type": Kind(with_header("ce_type", b"se.sluss.intake.moon-landed.v1"), Outcome.SKIPPED),
        "an unknown code": Kind(with_field('"carrier_pigeon"'), Outcome.HEARD),
        "an unknown field": Kind(with_field(str(2**63), "new"), Outcome.HEARD),
    }


KINDS: Mapping[str, Kind] = kinds()
