"""The HTTP and JWT rows of the design's table of bad inputs, at the doors of the running street: who is refused, and how.

Each row that a unit test of the gate already holds (tests/unit/shared/test_http_gate.py, test_http_models.py, test_auth.py) is here once
more as one or two requests over a real connection, at every service: what is new is the server below the gate.

Numbers and names of persons are refused in tests/integration/intake/test_persons.py, at the same gate.

Not applicable yet, and why: another agency's case and `agency_id` (one municipality a street; partners come with a later issue), paging
and cursors (no list is paged), client certificates and forged edge headers (no edge; TLS ends before us), 429 (no quota a caller yet;
uvicorn refuses beyond 200 connections), revoked clients (tokens live twelve hours at most, the issuer's keys are the revocation),
webhooks, e-mail, calendars, exports, booking, row-level security, break-glass (the houses that have them are not built).
"""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from deploy.local.record import StreetRecord
from shared.auth import new_signing_key
from tests.street import service_client, token
from tests.tokens import Forge

KINDS = Forge(new_signing_key(), {"iss": "x", "aud": "x", "sub": "x", "iat": 0, "exp": 1, "roles": []}).bad().keys() - {"empty"}
A_CASE = "cases/01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"
WHERE = {
    "intake": ("/intake/cases", "intake-staff"),
    "leadtimes": ("/leadtimes/links", "operator"),
    "referrals": (f"/referrals/{A_CASE}/referrals", "referrals-staff"),
}
READ = {"intake": f"/intake/{A_CASE}", "leadtimes": "/leadtimes/measures", "referrals": f"/referrals/{A_CASE}"}
SECRET = "850709-9805"
GOOD: dict[str, Any] = {"happened": {"on": "1990-02-01"}, "channel": "phone", "source_system": "intake"}
SERVICES = pytest.mark.parametrize("service", WHERE)


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"].removeprefix("urn:sluss:error:"))


@pytest.fixture  # for each test anew: what is in the future now is not by the end of a long run
def bad_tokens(street: StreetRecord) -> dict[str, str]:
    """Every bad token, signed with the key of the street's own issuer where it is signed with a key of ours."""
    now = int(datetime.now(UTC).timestamp())
    claims: dict[str, Any] = {"iss": street.tokens.issuer, "aud": street.tokens.audience, "sub": "test", "iat": now, "exp": now + 600}
    forge = Forge(
        json.loads(street.tokens.private_key_file.read_text()), claims | {"roles": ["operator", "intake-staff", "referrals-staff"]}
    )
    with httpx.Client(base_url=street.services["leadtimes"].url, trust_env=False) as leadtimes:
        good = leadtimes.get("/leadtimes/measures", headers={"authorization": f"Bearer {forge.signed()}"})
        assert good.status_code == 200, "but for the one thing they are right"
    return forge.bad()


@SERVICES
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_token_that_is_not_wholly_right_opens_nothing(street: StreetRecord, bad_tokens: dict[str, str], service: str, kind: str) -> None:
    headers = {"authorization": f"Bearer {bad_tokens[kind]}"}
    answer = httpx.get(street.services[service].url + READ[service], headers=headers, trust_env=False)
    assert (answer.status_code, code(answer)) == (401, "token_invalid")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


JSON = {"content-type": "application/json"}
BODIES: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "declared larger than 256 kB": (b" " * (256 * 1024 + 1), JSON, 413, "body_too_large"),
    "a gzip bomb": (b"\x1f\x8b", {**JSON, "content-encoding": "gzip"}, 415, "content_encoding_unsupported"),
    "too deep": (b"[" * 100_000, JSON, 400, "json_invalid"),
    "a million keys": (b"{" + b",".join(b'"%d":1' % number for number in range(25_000)) + b"}", JSON, 422, "request_invalid"),
    "an integer of 5,000 digits": (b'{"a":' + b"9" * 5000 + b"}", JSON, 400, "json_invalid"),
    "1e400": (b'{"a":1e400}', JSON, 400, "json_invalid"),
    "NaN": (b'{"a":NaN}', JSON, 400, "json_invalid"),
    "the same key twice": (b'{"a":1,"a":2}', JSON, 400, "json_invalid"),
    "a lone surrogate": (b'{"a":"\\ud800"}', JSON, 400, "json_invalid"),
    "a byte order mark": (b"\xef\xbb\xbf{}", JSON, 400, "json_invalid"),
    "JSON in UTF-16": ("{}".encode("utf-16"), {"content-type": "application/json; charset=utf-16"}, 415, "media_type_unsupported"),
    "JSON called text": (b"{}", {"content-type": "text/plain"}, 415, "media_type_unsupported"),
    "an unknown field": (b'{"isAdmin":true}', JSON, 422, "request_invalid"),
    "another agency": (b'{"agency_id":"0115"}', JSON, 422, "request_invalid"),
}


@SERVICES
@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_cannot_be_taken_is_refused(street: StreetRecord, service: str, kind: str) -> None:
    body, headers, status, problem = BODIES[kind]
    path, role = WHERE[service]
    with service_client(street, service, role) as client:
        answer = client.post(path, content=body, headers={**headers, "idempotency-key": str(uuid4())})
    assert (answer.status_code, code(answer)) == (status, problem)


FIELDS: dict[str, dict[str, Any]] = {
    "NUL": {"person_ref": "\x00"},
    "a control character": {"channel": "phone\x1b[31m"},
    "two lines": {"channel": "phone\r\n2026 INFO admin login"},
    "a direction override": {"channel": "phone\u202e"},
    "a line separator": {"channel": "phone\u2028"},
    "a homoglyph": {"channel": "ph\u043ene"},
    "SQL": {"channel": "phone'; DROP TABLE state; --"},
    "a template": {"channel": "{{7*7}}${7*7}%(x)s"},
    "a megabyte of nothing": {"channel": "x" * 200_000},
    "a number for a text": {"channel": 1},
    "a number for an identity": {"person_ref": 1},
    "a day that is none": {"happened": {"on": "2026-02-30"}},
    "a time without an offset": {"happened": {"at": "1990-02-01T10:00:00"}},
    "a number for a time": {"happened": {"at": "978307200"}},
    "the year 9999": {"happened": {"on": "9999-01-01"}},
    "the future": {"happened": {"on": "2199-01-01"}},
    "both a day and an instant": {"happened": {"on": "1990-02-01", "at": "1990-02-01T10:00:00Z"}},
    "a personnummer for a reference": {"person_ref": SECRET},
    "an unknown field that is a personnummer": {SECRET: SECRET},
}


@pytest.mark.parametrize("kind", FIELDS)
def test_a_field_that_cannot_be_taken_is_refused_and_never_repeated(street: StreetRecord, kind: str) -> None:
    with service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        answer = intake.post("/intake/cases", json=GOOD | FIELDS[kind], headers={"idempotency-key": str(uuid4())})
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert "DROP" not in answer.text


@pytest.mark.parametrize("function", ["'; DROP TABLE state; --", "{{7*7}}", SECRET, "Anna Andersson", "jobbcentrum\u202e", "x" * 200, ""])
def test_a_function_that_is_no_code_is_refused_and_never_repeated(street: StreetRecord, function: str) -> None:
    draft = {"happened": {"on": "1990-02-01"}, "kind": "assessment", "to_function": function}
    path, role = WHERE["referrals"]
    with service_client(street, "referrals", role) as referrals:
        for answer in (
            referrals.post(path, json=draft, headers={"idempotency-key": str(uuid4())}),
            referrals.get("/referrals/worklist", params={"to_function": function}),
        ):
            assert answer.status_code in (400, 422)
            assert not function or function not in answer.text
    assert SECRET not in (street.folder / "log" / "referrals.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("service", "role"), [("intake", "intake-staff"), ("referrals", "referrals-staff")])
def test_who_guesses_learns_nothing_from_the_answer(street: StreetRecord, service: str, role: str) -> None:
    with service_client(street, service, role) as client:
        answers = [client.get(f"/{service}/cases/{guess}") for guess in (uuid4(), uuid4(), "00000000-0000-0000-0000-000000000001")]
        assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
        assert SECRET not in client.get(f"/{service}/cases/{SECRET}?person={SECRET}").text
    assert SECRET not in (street.folder / "log" / f"{service}.log").read_text(encoding="utf-8")


@SERVICES
@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "DELETE", "PATCH", "BREW"])
def test_a_method_that_is_not_there_is_405_and_an_unknown_path_404(street: StreetRecord, service: str, method: str) -> None:
    path, role = WHERE[service]
    with service_client(street, service, role) as client:
        assert client.request(method, path).status_code == 405
        assert client.request(method, f"/{service}/nothing").status_code == 404
        assert client.get("/metrics").status_code == 404, "on a port of its own"
    assert httpx.request(method, street.services[service].url + path, trust_env=False).status_code == 401


class Wire:
    """A bare connection to a service, for what no HTTP client would send."""

    def __init__(self, street: StreetRecord, service: str) -> None:
        place = urlsplit(street.services[service].url)
        self._socket = socket.create_connection((place.hostname, place.port or 0), timeout=30)
        path, role = WHERE[service]
        self._head = f"POST {path} HTTP/1.1\r\nHost: street\r\nAuthorization: Bearer {token(street, role)}\r\n".encode()

    def send(self, *headers: bytes, body: bytes = b"", head: bytes | None = None) -> tuple[int, bytes]:
        """The status of the answer (0: the connection was closed without one) and all that came."""
        first = self._head if head is None else head
        self._socket.sendall(first + b"".join(each + b"\r\n" for each in headers) + b"\r\n" + body)
        return self.rest()

    def rest(self) -> tuple[int, bytes]:
        came = b""
        try:
            while piece := self._socket.recv(65536):
                came += piece
        except ConnectionResetError:
            pass
        self._socket.close()
        found = re.match(rb"HTTP/1\.1 (\d+)", came)
        return int(found[1]) if found else 0, came

    def drip(self, piece: bytes) -> None:
        self._socket.sendall(piece)


KEY = b"Idempotency-Key: 0197"
ON_THE_WIRE: dict[str, tuple[list[bytes], bytes, set[int]]] = {
    "a length and chunks": ([b"Content-Length: 2", b"Transfer-Encoding: chunked"], b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", {400}),
    "two lengths": ([b"Content-Length: 2", b"Content-Length: 3"], b"{}", {400}),
    "a length that is no number": ([b"Content-Length: 2x"], b"{}", {400}),
    "an encoding nobody knows": ([b"Transfer-Encoding: x, chunked"], b"0\r\n\r\n", {400, 501}),
    "headers of 40 kB": ([b"X-Long: " + b"x" * 40_960, b"Content-Length: 0", b"Connection: close"], b"", {201, 400, 431}),
    "a traceparent of 10 kB": ([b"traceparent: " + b"0" * 10_240, b"Content-Length: 0", b"Connection: close"], b"", {201, 400, 422}),
    "baggage about a person": ([b"baggage: pnr=" + SECRET.encode(), b"Content-Length: 0", b"Connection: close"], b"", {201, 400, 422}),
}
ENDLESS = ([b"Content-Type: application/json", b"Transfer-Encoding: chunked"], b"1000\r\n" + b" " * 4096 + b"\r\n")


BAD_KEYS: dict[str, tuple[list[bytes], bytes, set[int]]] = {
    "a bare CR in a header": ([KEY + b"\rX: y", b"Content-Length: 0", b"Connection: close"], b"", {400}),
    "a NUL in a header": ([KEY + b"\x00", b"Content-Length: 0", b"Connection: close"], b"", {400}),
    "a folded header": ([KEY + b"\r\n folded", b"Content-Length: 0", b"Connection: close"], b"", {400}),
    "a key of 10 kB": (
        [KEY + b"0" * 10_240, b"Content-Type: application/json", b"Content-Length: 2", b"Connection: close"],
        b"{}",
        {400},
    ),
}


@pytest.mark.parametrize("kind", BAD_KEYS)
def test_a_key_that_is_no_key_is_refused(street: StreetRecord, kind: str) -> None:
    headers, body, expected = BAD_KEYS[kind]
    status, came = Wire(street, "intake").send(*headers, body=body)
    assert status in expected, came[:300]


@SERVICES
@pytest.mark.parametrize("kind", ON_THE_WIRE)
def test_what_no_client_would_send_is_refused_on_the_wire_and_repeats_nothing(street: StreetRecord, service: str, kind: str) -> None:
    headers, body, expected = ON_THE_WIRE[kind]
    status, came = Wire(street, service).send(*headers, body=body)
    assert status in expected, came[:300]
    assert came.count(b"HTTP/1.1 ") == 1, "one request, one answer: nothing was smuggled"
    assert SECRET.encode() not in came


@SERVICES
def test_a_chunked_body_that_grows_beyond_256_kb_is_cut_off(street: StreetRecord, service: str) -> None:
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    status, came = Wire(street, service).send(b"Content-Type: application/json", b"Transfer-Encoding: chunked", body=chunk * 17)
    assert status == 413
    assert b"connection: close" in came.lower()


def test_a_client_that_sends_its_head_or_its_chunks_too_slowly_is_hung_up_on(street: StreetRecord) -> None:
    """All at once, for each takes the service its whole patience."""

    def drip(service: str, sent: bytes) -> int:
        wire = Wire(street, service)
        wire.drip(sent)
        return wire.rest()[0]

    def endless(service: str) -> int:
        headers, body = ENDLESS
        return Wire(street, service).send(*headers, body=body)[0]

    began = time.monotonic()
    with ThreadPoolExecutor(3 * len(street.services)) as several:
        heads = [several.submit(drip, service, sent) for service in street.services for sent in (b"", b"GET / HTTP/1.1\r\nHost: s")]
        bodies = [several.submit(endless, service) for service in street.services]
    assert {each.result() for each in heads} <= {0, 408}
    assert {each.result() for each in bodies} == {408}
    assert time.monotonic() - began < 20


def test_an_answer_to_http_1_0_ends_its_connection(street: StreetRecord) -> None:
    status, came = Wire(street, "leadtimes").send(head=b"GET /leadtimes/measures HTTP/1.0\r\nConnection: keep-alive\r\n")
    assert (status, came.count(b"HTTP/1.1 ")) == (401, 1)
