"""Whatever people type and wherever: it reaches no topic, log, span, metric, error, list or record of the street (I11)."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner

from deploy.kafka.topics import ADMIN
from deploy.local.record import StreetRecord
from shared.auth import issue_token
from tests.e2e.canaries import Canaries, filled, holes
from tests.e2e.strange_records import malformed
from tests.spans import Spans
from tests.street import read_topic, service_client
from tests.unit.tools.logs import xes
from tools.cli import sluss

pytestmark = pytest.mark.timeout(300)
FEWEST, FEWEST_ERRORS = 1_000, 500
BORN_LATER = 50
TOPICS = ("intake-events", "referral-events", "history-events")
SHA256 = "ab" * 32
BODIES: Mapping[str, Any] = {  # of what has no example of its own, by the title of its schema
    "Log": {
        "log_id": str(uuid4()), "sha256": SHA256, "events": 1, "vocabulary": {
            "activities": {"a1": {"name": "x", "events": 1}}, "organisations": {"o1": "x"}, "resources": {"r1": "x"},
        },
    },
    "Why": {"reason": "made by a test"},
    "MakeLink": {"page": "/leadtimes/"},
}  # fmt: skip
PAGES = (
    ("/leadtimes/", ("measure", "as_of", "known_at", "lang")),
    ("/leadtimes/logs/{name}/page", ("from", "to", "as_of", "lang")),
)
# Headers that somebody may send with anything; the words of ours are described by the API and are put in beside them.
HEADERS_OF_OURS = ("idempotency-key", "if-match", "content-type")
HEADERS_OF_OTHERS = (
    "traceparent", "tracestate", "baggage", "user-agent", "referer", "origin", "cookie", "accept", "accept-language", "x-request-id",
    "x-forwarded-for", "x-forwarded-host", "x-client-cert",
)  # fmt: skip
HEADERS = (*HEADERS_OF_OURS, *HEADERS_OF_OTHERS, "content-encoding", "host")


@dataclass
class Played:
    """What was answered, and which records of the topics are our own doing."""

    canaries: Canaries
    errors: list[tuple[str, bytes]] = field(default_factory=list)
    ours: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)
    listing: bytes = b""

    def answered(self, place: str, answer: httpx.Response) -> None:
        """Keeps an answer; only what is no success is searched, for the others are meant for whoever asked."""
        self.statuses.add(answer.status_code)
        if not answer.is_success and not answer.is_redirect:
            self.errors.append((place, answer.content + repr(answer.headers.raw).encode()))


@dataclass(frozen=True)
class Operation:
    """An operation as the API describes it, with a body that it might accept."""

    method: str
    path: str
    query: tuple[str, ...]
    body: Any


def operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            query = tuple(each["name"] for each in operation.get("parameters", []) if each["in"] == "query")
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            named = (schema, *schema.get("anyOf", ()))
            example = next((each for one in named for each in one.get("examples", [BODIES.get(one.get("title"))]) if each), None)
            assert example or not schema, f"a body for {method} {path}"
            yield Operation(method.upper(), path, query, example)


def alike(operation: Operation) -> tuple[str, str]:
    """What operations have in common that are one function: the acts on a referral with the same body, of which one is typed into."""
    is_act = operation.path.startswith("/referrals/cases/{case_id}/referrals/{referral_id}/")
    return operation.method, f"{operation.path.count('{')} {operation.body}" if is_act else operation.path


def in_path(path: str, which: int, worth: str) -> str:
    """The path with a canary in one of its holes, any reference in the others."""
    holes_left, parts = -1, []
    for part in path.split("/"):
        if part.startswith("{"):
            holes_left += 1
            part = worth if holes_left == which else str(uuid4())
        parts.append(part)
    return "/".join(parts)


def type_into(client: httpx.Client, played: Played, operation: Operation, *, in_full: bool = False) -> None:
    """A canary in every place of one operation, one after the other; `in_full`: also each header by itself."""
    canaries, name = played.canaries, f"{operation.method} {operation.path}"

    def ask(place: str, path: str | None = None, **sent: Any) -> None:
        headers = {"idempotency-key": str(uuid4()), **sent.pop("headers", {})}
        if "for_s" in operation.query:
            sent["params"] = {"for_s": "0"} | sent.get("params", {})  # else a stream goes on for minutes
        answer = client.request(operation.method, path or in_path(operation.path, -1, ""), headers=headers, **sent)
        played.answered(place, answer)

    for number in range(operation.path.count("{")):
        place = f"{name} path {number}"
        for worth in (canaries.word(place), canaries.sentence(place)):
            ask(place, in_path(operation.path, number, quote(worth, safe="")), json=operation.body)
    ask(f"{name} more path", in_path(operation.path, -1, "") + "/" + canaries.word(f"{name} more path"))
    for query in (*operation.query, "unknown"):
        ask(f"{name} ?{query}", params={query: canaries.sentence(f"{name} ?{query}")}, json={})
    ask(f"{name} ?name", params={canaries.word(f"{name} ?name"): "1"}, json={})
    for header in HEADERS if in_full else HEADERS_OF_OURS:
        ask(f"{name} header {header}", headers={header: canaries.word(f"{name} header {header}")}, json={})
        ask(f"{name} words {header}", headers={header: canaries.sentence(f"{name} words {header}").encode()}, json={})
    ask(f"{name} headers", headers={header: canaries.word(f"{name} headers {header}") for header in HEADERS_OF_OTHERS}, json={})
    ask(f"{name} header name", headers={canaries.word(f"{name} header name"): "1"}, json={})
    trace = canaries.hexadecimal(f"{name} trace")
    ask(f"{name} trace", headers={"traceparent": f"00-{trace}-{trace[-16:]}-01"}, json={})
    for place, body in bodies(canaries, name, operation.body):
        ask(place, content=body, headers={"content-type": "application/json"})


def bodies(canaries: Canaries, name: str, example: Any) -> Iterator[tuple[str, bytes]]:
    """Bodies with a canary: in each field, as an unknown one, and where there is no JSON at all."""
    for path in holes(example):
        place = f"{name} body {path}"
        for worth in (canaries.sentence(place), canaries.word(place), canaries.number(place), {canaries.word(place): 1}):
            yield place, json.dumps(filled(example, path, worth), ensure_ascii=False).encode()
    known = example if isinstance(example, dict) else {}
    place = f"{name} body"
    yield place, json.dumps({**known, canaries.sentence(place): canaries.sentence(place)}).encode()
    yield place, json.dumps({**known, "name": canaries.sentence(place), "personnummer": canaries.number(place)}).encode()
    yield place, json.dumps(canaries.sentence(place)).encode()
    yield place, canaries.sentence(place).encode()
    yield place, b'{"channel": "' + canaries.sentence(place).encode() + b'\xff"}'
    yield place, json.dumps({**known, "note": canaries.sentence(place) + "\x00"}).encode()


def type_into_services(street: StreetRecord, played: Played) -> None:
    """Every operation and page of every service, and what is no operation."""
    of_intake = ("intake-staff", "intake-decider", "intake-manager", "operator", "notifications")
    of_referrals = ("referrals-staff", "referrals-protected", "operator")
    for service, roles in (("intake", of_intake), ("referrals", of_referrals), ("leadtimes", ("operator", "leadtimes-reader"))):
        with service_client(street, service, *roles) as client:
            methods = set[str]()
            for operation in {alike(each): each for each in operations(client.get(f"/{service}/openapi.json").json())}.values():
                type_into(client, played, operation, in_full=operation.method not in methods)
                methods.add(operation.method)
            for path, query in PAGES if service == "leadtimes" else ():
                type_into(client, played, Operation("GET", path, query, None))
            type_strange_requests(client, service, played)
            type_strange_tokens(street, client, service, played)


def register_a_person(street: StreetRecord, played: Played) -> None:
    """Somebody whose number, name and address are canaries, registered, looked up, told to who may ask, and erased."""
    canaries, place = played.canaries, "a person"
    headers = {"idempotency-key": str(uuid4())}
    names = {"given_name": canaries.sentence(place), "family_name": canaries.word(place)}
    address = {"street": canaries.sentence(place), "postal_code": "194 80", "place": canaries.word(place)}
    with service_client(street, "intake", "intake-staff", "partners", "operator") as client:
        answer = client.post("/intake/persons", json={"number": None, **names, "address": address}, headers=headers)
        person = f"/intake/persons/{answer.raise_for_status().json()['person_ref']}"
        for _ in range(BORN_LATER):  # the street's clock is in 2000: who is born later is refused, and another takes the place
            number = {"number": str(canaries.number(place))}
            answer = client.post(f"{person}/number", json=number, headers={"idempotency-key": str(uuid4())})
            if answer.is_success:
                break
            played.answered(place, answer)
        client.post("/intake/persons:lookup", json={**number, "purpose": "handling"}).raise_for_status()
        told = client.post(f"{person}/identity", json={"purpose": "planning"}).raise_for_status().json()
        assert (told["number"], told["address"]["street"]) == (number["number"], address["street"])
        client.delete(f"{person}/key").raise_for_status()
        played.answered(place, client.post(f"{person}/identity", json={"purpose": "planning"}))


def type_strange_requests(client: httpx.Client, service: str, played: Played) -> None:
    """A method, an address and a request line that hold words, and a request that is no HTTP."""
    canaries = played.canaries
    place = f"{service} method"
    played.answered(place, client.request(canaries.word(place), f"/{service}/cases"))
    place = f"{service} address"
    played.answered(place, client.get("/" + canaries.word(place), params={"q": canaries.sentence(place)}))
    place, at = f"{service} raw", urlsplit(str(client.base_url))
    for line in ("GET /{} HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", "{} {}\r\n\r\n", "GET / HTTP/9.9\r\n{}: {}\r\n\r\n"):
        with socket.create_connection((at.hostname, at.port or 80), timeout=10) as connection:
            connection.sendall(line.format(canaries.word(place), canaries.word(place)).encode())
            played.errors.append((place, connection.recv(65536)))


def type_strange_tokens(street: StreetRecord, client: httpx.Client, service: str, played: Played) -> None:
    """Tokens that are none, and good ones whose subject or role is a person's words."""
    canaries, key = played.canaries, json.loads(street.tokens.private_key_file.read_text())
    place = f"{service} token"
    claims = [
        (canaries.word(place), ["operator"]),
        (canaries.word(place), [canaries.word(place)]),
        ("x", ["operator", canaries.word(place)]),
    ]
    tokens = [
        issue_token(key, street.tokens.issuer, street.tokens.audience, subject, roles, timedelta(minutes=5)) for subject, roles in claims
    ]
    strange = [canaries.word(place), issue_token(key, canaries.word(place), canaries.word(place), "x", ["operator"], timedelta(minutes=5))]
    for token in (*tokens, *strange, f"{tokens[0]}.{canaries.word(place)}"):
        played.answered(place, client.get(f"/{service}/clock", headers={"authorization": f"Bearer {token}"}))
    played.answered(place, client.get(f"/{service}/clock", headers={"authorization": f"{canaries.word(place)} {tokens[0]}"}))


def register_a_case(street: StreetRecord, played: Played) -> None:
    """Requests that are accepted although their headers and their caller are words: they are told on the bus, without them."""
    canaries, key = played.canaries, json.loads(street.tokens.private_key_file.read_text())
    subject = canaries.word("accepted subject")
    roles = ["intake-staff", "referrals-staff"]
    token = issue_token(key, street.tokens.issuer, street.tokens.audience, subject, roles, timedelta(minutes=5))
    headers = {header: canaries.word(f"accepted {header}") for header in (*HEADERS_OF_OTHERS, "idempotency-key")}
    trace = canaries.hexadecimal("accepted traceparent")
    headers |= {"authorization": f"Bearer {token}", "traceparent": f"00-{trace}-{trace[-16:]}-01"}
    happened = {"happened": {"on": "2000-06-01"}}
    applied = {**happened, "person_ref": str(uuid4()), "kind": "new", "channel": "phone"}  # no rule closes a case with an open application
    applied |= {"period_from": "2000-06-01", "period_to": "2000-06-30"}
    with service_client(street, "intake") as client:
        answers = [
            client.post("/intake/applications", json=applied, headers=headers) for _ in range(2)
        ]  # the second is answered from the first
    case_id = answers[0].raise_for_status().json()["case_id"]
    draft = {**happened, "kind": "assessment", "to_function": "health_centre"}
    with service_client(street, "referrals", "referrals-staff") as client:
        while client.get(f"/referrals/cases/{case_id}").status_code == 404:
            time.sleep(0.05)
        answers += [client.post(f"/referrals/cases/{case_id}/referrals", json=draft, headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [201] * 4


async def type_into_topics(street: StreetRecord, played: Played) -> None:
    producer = AIOKafkaProducer(**street.broker.access(ADMIN).options(), client_id="test")
    await producer.start()
    for sent in malformed(played.canaries):
        for topic in TOPICS:
            told = await producer.send_and_wait(topic, sent.value, key=sent.key, headers=list(sent.headers))
            raw = b"\n".join([sent.key or b"", sent.value or b"", *(name.encode() + b" " + value for name, value in sent.headers)])
            played.ours[told.topic, told.partition, told.offset] = raw
    await producer.stop()


def run(street: StreetRecord, *words: str) -> str:
    """What an operator's command prints."""
    return CliRunner(env={"SLUSS_STREET": str(street.folder), "COLUMNS": "120"}).invoke(sluss, words).output


def type_into_commands(street: StreetRecord, played: Played, folder: Path) -> None:
    """A log whose case ids, names and file are words, and words as arguments of every command that takes any."""
    canaries = played.canaries
    activities = [canaries.sentence(f"activity {number}") for number in range(2)]
    people = "".join(
        f'<string key="{key}" value="{canaries.sentence(key)}"/>' for key in ("org:group", "org:resource", "note", canaries.word("log key"))
    )
    noon = datetime(2011, 3, 2, 12, tzinfo=UTC)
    cases = [(canaries.sentence("case id"), [(each, noon + timedelta(days=day)) for day, each in enumerate(activities)]) for _ in range(3)]
    file = folder / f"{canaries.word('file name')}.xes"
    file.write_text(xes(cases, people))
    name = f"log-{uuid4().hex}"
    assert "is in" in run(street, "import", str(file), "--name", name)
    run(street, "waits", name, "--from", activities[0], "--to", activities[1])
    broken = folder / f"{canaries.word('broken file')}.xes"
    broken.write_text(file.read_text().replace("2011-03-02", canaries.sentence("broken time"), 1))
    for words in (
        ("import", str(broken), "--name", f"log-{uuid4().hex}"), ("import", str(file), "--name", canaries.word("argument --name")),
        ("import", str(file), "--name", f"log-{uuid4().hex}", "--zone", canaries.word("argument --zone")),
        ("waits", canaries.word("argument waits")), ("waits", name, "--from", canaries.sentence("argument --from"), "--to", activities[1]),
        ("leadtimes", "--as-of", canaries.word("argument --as-of")), ("leadtimes", "--measure", canaries.word("argument --measure")),
        ("token", "--role", canaries.word("argument --role")), ("clock", "--to", canaries.word("argument --to")),
        ("redrive", canaries.word("argument redrive")), (canaries.word("argument command"),),
        ("status", "--format", canaries.word("argument --format")),
    ):  # fmt: skip
        run(street, *words)
    with service_client(street, "leadtimes", "leadtimes-reader") as reader:
        for path in (f"/leadtimes/logs/{name}/waits", f"/leadtimes/logs/{name}/page"):
            for start, end in (activities, [activities[0], canaries.sentence(f"{path} to")]):
                played.answered(path, reader.get(path, params={"from": start, "to": end}))
        shown = reader.get(f"/leadtimes/logs/{name}").json()
        assert [each["name"] for each in shown["activities"]] == activities, "the vocabulary is where the names may be"


def settle_quarantine(street: StreetRecord, played: Played) -> None:
    """Lists what was quarantined, plays each again in vain, and gives each up for a reason that is about a person."""
    for service, heard in (("leadtimes", TOPICS), ("referrals", ("intake-events",))):
        ours = {place for place in played.ours if place[0] in heard}
        with service_client(street, service, "operator") as operator:
            while httpx.get(f"{street.services[service].ops}/health", trust_env=False).json()["lag"]:
                time.sleep(0.1)
            listed = operator.get(f"/{service}/quarantine")
            played.listing += listed.content + run(street, "quarantine", "--format", "json").encode()
            records = [each for each in listed.json()["records"] if (each["topic"], each["partition"], each["offset"]) in ours]
            assert len(records) > len(ours) // 2
            for number, each in enumerate(records):
                played.answered("redrive", operator.post(f"/{service}/quarantine/{each['id']}/redrive"))
                reason = played.canaries.sentence("discard reason")
                if number % 20 == 0 and service == "leadtimes":
                    run(street, "discard", str(each["id"]), "--reason", reason)
                else:
                    operator.post(f"/{service}/quarantine/{each['id']}/discard", json={"reason": reason}).raise_for_status()


def until_all_is_told(street: StreetRecord, spans: Spans) -> None:
    """Waits for the spans of a last request to each service: what came before has been sent too."""
    for name, service in street.services.items():
        began = time.time_ns()
        httpx.get(f"{service.url}/{name}/docs", trust_env=False).raise_for_status()
        while not any(each.name == f"GET /{name}/docs" and each.start_time_unix_nano > began for each in spans.all()):
            time.sleep(0.1)


@pytest.fixture(scope="module")
async def played(street: StreetRecord, spans: Spans, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Canaries in every input, and time for all that follows from them to be told."""
    played = Played(Canaries())
    await asyncio.to_thread(type_into_services, street, played)
    await asyncio.to_thread(register_a_case, street, played)
    await asyncio.to_thread(register_a_person, street, played)
    await asyncio.to_thread(type_into_commands, street, played, tmp_path_factory.mktemp("typed"))
    await type_into_topics(street, played)
    await asyncio.to_thread(settle_quarantine, street, played)
    await asyncio.to_thread(until_all_is_told, street, spans)
    return played


async def test_no_word_reaches_a_topic_but_by_hands_that_are_not_ours(street: StreetRecord, played: Played) -> None:
    admin = AIOKafkaAdminClient(**street.broker.access(ADMIN).options())
    await admin.start()
    topics = [each for each in await admin.list_topics() if not each.startswith("__")]
    await admin.close()
    assert set(topics) >= set(TOPICS)
    for topic in topics:
        for record in await read_topic(street.broker.access(ADMIN), topic, 0):
            if (record.topic, record.partition, record.offset) not in played.ours:
                headers = [name.encode() + b" " + (value or b"") for name, value in record.headers]
                assert not played.canaries.found_in(b"\n".join([record.key or b"", record.value or b"", *headers])), topic


def test_no_word_reaches_a_log_of_a_service_or_a_server(street: StreetRecord, played: Played) -> None:
    files = sorted((street.folder / "log").glob("**/*.log"))
    assert {file.stem for file in files} >= {"intake", "referrals", "leadtimes", "kafka", "postgres"}
    assert {file.stem: found for file in files if (found := played.canaries.found_in(file.read_bytes()))} == {}


def test_no_word_reaches_a_span_or_a_metric_on_its_way_to_the_collector(spans: Spans, played: Played) -> None:
    assert played.canaries.found_in(spans.raw()) == set()


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_no_word_reaches_health_or_the_metrics(street: StreetRecord, played: Played, path: str) -> None:
    for service in street.services.values():
        assert played.canaries.found_in(httpx.get(f"{service.ops}{path}", trust_env=False).content) == set()


def test_no_error_repeats_a_word(played: Played) -> None:
    assert len(played.errors) > FEWEST_ERRORS
    assert {place: found for place, raw in played.errors if (found := played.canaries.found_in(raw))} == {}
    assert max(played.statuses) < 500


def test_no_word_reaches_the_list_of_the_quarantine_or_the_record_of_the_street(street: StreetRecord, played: Played) -> None:
    assert len(played.listing) > 1000
    assert played.canaries.found_in(played.listing) == set()
    assert played.canaries.found_in((street.folder / "street.json").read_bytes()) == set()


def test_the_search_finds_words_where_they_were_put(played: Played) -> None:
    """Nothing is found because nothing is there: in the records of other hands, each place of Kafka is found."""
    found = set().union(*map(played.canaries.found_in, played.ours.values()))
    assert len(played.canaries) > FEWEST
    assert {place.partition(" (")[0] for place in found} >= {"kafka key", "kafka header ce_id", "kafka more header baggage", "kafka value"}
    trace = played.canaries.hexadecimal("here")
    for raw in (trace.encode(), bytes.fromhex(trace), json.dumps(played.canaries.sentence("here")).encode()):
        assert played.canaries.found_in(b"\x12\x10" + raw + b"\x1a\x08") == {"here"}
