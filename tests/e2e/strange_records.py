"""Records that somebody else than a service puts on a topic, with a canary in the key, each header's name and value, and the value."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from contracts.envelope import Envelope, TimePrecision
from contracts.history import LogEventRecordedV1
from tests.e2e.canaries import Canaries, filled, holes


def log_event() -> Envelope:
    """A good event of a log that nobody will ask for."""
    log_id, case = uuid4(), uuid4()
    return Envelope(
        id=uuid4(), source="/municipality/0114/tools", subject=case, time=datetime(2011, 1, 1, tzinfo=UTC),
        recordedtime=datetime(2011, 1, 1, tzinfo=UTC), partitionkey=case, correlationid=log_id, timeprecision=TimePrecision.INSTANT,
        data=LogEventRecordedV1(log_id=log_id, activity_code="a1", row=1),
    )  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A record that somebody else than a service puts on a topic."""

    place: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None


def malformed(canaries: Canaries) -> Iterator[Sent]:
    """Records with a canary in the key, in each header's name and value, and in the value; some are heard or skipped all the same."""
    envelope = log_event()
    headers, value = envelope.message()
    good = Sent("", str(envelope.partitionkey).encode(), tuple(headers), value)
    body = json.loads(value)
    yield replace(good, place="kafka key", key=canaries.sentence("kafka key").encode())
    for name, _ in headers:
        place = f"kafka header {name}"
        for worth in (
            canaries.sentence(place).encode(),
            canaries.word(place).encode(),
            canaries.word(place).encode() + b"\xff",
            b"\x00" + canaries.word(place).encode(),
        ):
            yield replace(good, place=place, headers=tuple((each, worth if each == name else old) for each, old in headers))
        place = f"kafka header twice {name}"
        yield replace(good, place=place, headers=(*headers, (name, canaries.word(place).encode())))
    for name in ("traceparent", "tracestate", "baggage", "reply_to", "correlation_id", "x-name"):
        place = f"kafka more header {name}"
        fresh = log_event()
        more = ((name, canaries.sentence(place).encode()), (canaries.word(place), b"1"), (canaries.word(place), b"\xff"))
        for added in (more[:1], more[1:2], more[2:]):
            yield Sent(place, str(fresh.partitionkey).encode(), (*fresh.message()[0], *added), fresh.message()[1])
    for path in holes(body):
        place = f"kafka value {path}"
        yield replace(good, place=place, value=json.dumps(filled(body, path, canaries.sentence(place))).encode())
        yield replace(good, place=place, value=json.dumps(filled(body, path, canaries.number(place))).encode())
    place = "kafka value"
    yield replace(good, place=place, value=canaries.sentence(place).encode())
    yield replace(good, place=place, value=json.dumps({**body, "note": canaries.sentence(place)}).encode())
    yield replace(good, place=place, value=json.dumps({**body, canaries.sentence(place): "\x00"}).encode())
    place = "kafka structured"
    structured = (("content-type", b"application/cloudevents+json"),)
    for attribute in ("id", "type", "source", canaries.word(place)):
        document = {"specversion": "1.0", "id": "1", "source": "/x", "type": "x", attribute: canaries.sentence(place), "data": body}
        yield Sent(place, good.key, structured, json.dumps(document).encode())
