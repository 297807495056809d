"""What an operator does over the API, the one-time links, and that every operation is called with success."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from shared import quarantine
from shared.http import unguarded
from shared.postgres import transaction
from shared.quarantine import Record, Seal
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import decided_case, description, import_completed, log_events
from tests.integration.leadtimes.test_logs import CALLED, ENDS, SMALL


async def quarantined(
    leadtimes: Leadtimes, headers: list[tuple[str, bytes]], value: bytes, offset: int = 0, key: UUID | None = None
) -> int:
    async with transaction(leadtimes.db) as tx:
        record = Record("intake-events", 0, offset, headers, value, str(key).encode())
        await quarantine.put(tx, Seal(leadtimes.settings.quarantine_key_file), record, "handler_failed")
    listed = (await leadtimes.operator.get("/leadtimes/quarantine")).json()["records"]
    return int(listed[-1]["id"])


async def test_a_redriven_record_is_heard_like_any_other(leadtimes: Leadtimes) -> None:
    for offset, fact in enumerate(decided_case()):
        number = await quarantined(leadtimes, *fact.envelope.message(), offset=offset, key=fact.envelope.partitionkey)
        answer = await leadtimes.operator.post(f"/leadtimes/quarantine/{number}/redrive")
        assert answer.json() == {"id": number, "state": "redriven"}
        assert (await leadtimes.operator.post(f"/leadtimes/quarantine/{number}/redrive")).status_code == 404
    assert (await leadtimes.measure("L04"))["completed"]["n"] == 1
    assert (await leadtimes.operator.get("/leadtimes/quarantine")).json() == {"records": []}


async def test_a_record_that_still_cannot_be_read_stays_and_says_why(leadtimes: Leadtimes) -> None:
    number = await quarantined(leadtimes, decided_case()[0].envelope.message()[0], b"{")
    answer = await leadtimes.operator.post(f"/leadtimes/quarantine/{number}/redrive")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_json")
    assert len((await leadtimes.operator.get("/leadtimes/quarantine")).json()["records"]) == 1


async def test_a_record_is_given_up_with_who_and_why_and_its_gap_stays_shown(leadtimes: Leadtimes) -> None:
    contact, application, decision = decided_case()
    await leadtimes.hear(contact, decision)
    number = await quarantined(leadtimes, *application.envelope.message())
    assert (await leadtimes.operator.post(f"/leadtimes/quarantine/{number}/discard", json={})).status_code == 422
    answer = await leadtimes.operator.post(f"/leadtimes/quarantine/{number}/discard", json={"reason": "made by a test"})
    assert answer.json() == {"id": number, "state": "discarded"}
    [row] = await leadtimes.db.fetch("SELECT settled_by, settled_reason FROM quarantine")
    assert tuple(row) == ("test-operator", "made by a test")
    assert (await leadtimes.measure("L04"))["incomplete"] == 1


async def test_a_reader_is_no_operator(leadtimes: Leadtimes) -> None:
    assert (await leadtimes.reader.get("/leadtimes/quarantine")).status_code == 403
    for path in ("rebuild", "verify", "quarantine/1/redrive", "topics/intake-events/rewind"):
        assert (await leadtimes.reader.post(f"/leadtimes/{path}")).status_code == 403, path


async def test_a_link_opens_its_page_once_and_leaves_a_cookie_no_script_can_read(leadtimes: Leadtimes) -> None:
    page = "/leadtimes/logs/small/page?from=A+%26+B&to=C"
    url = (await leadtimes.reader.post("/leadtimes/links", json={"page": page})).json()["url"]
    assert urlsplit(url).netloc == "leadtimes.test"
    leadtimes.reader.headers.pop("Authorization")
    first = await leadtimes.reader.get(url)
    assert (first.status_code, first.headers["location"]) == (303, page)
    for attribute in ("httponly", "samesite=lax", "path=/leadtimes"):
        assert attribute in first.headers["set-cookie"].lower()
    assert (await leadtimes.reader.get("/leadtimes/")).status_code == 200
    assert (await leadtimes.reader.get("/leadtimes/measures")).status_code == 401, "a cookie opens pages, never the rest"
    leadtimes.reader.cookies.clear()
    assert (await leadtimes.reader.get("/leadtimes/")).status_code == 401
    assert (await leadtimes.reader.get(url)).status_code == 410
    assert (await leadtimes.reader.get("/leadtimes/open", params={"code": "guessed"})).status_code == 401
    assert (await leadtimes.reader.get("/leadtimes/open")).status_code == 422


async def test_a_link_leads_to_no_other_address(leadtimes: Leadtimes) -> None:
    for elsewhere in ("https://example.org/leadtimes/", "//example.org", "/intake/", "/leadtimes/../intake/", "/leadtimes/\\..\\x"):
        answer = await leadtimes.operator.post("/leadtimes/links", json={"page": elsewhere})
        [page] = parse_qs(urlsplit(answer.json()["url"]).query)["page"]
        assert page == "/leadtimes/", elsewhere
        code = parse_qs(urlsplit(answer.json()["url"]).query)["code"]
        opened = await leadtimes.operator.get("/leadtimes/open", params={"code": code, "page": elsewhere})
        assert opened.headers["location"] == "/leadtimes/", elsewhere


async def test_the_clock_moves_forward_only(leadtimes: Leadtimes) -> None:
    assert (await leadtimes.operator.get("/leadtimes/clock")).json()["now"].startswith("2026-04-01")
    moved = await leadtimes.operator.post("/leadtimes/clock", json={"to": "2026-05-01T00:00:00Z"})
    assert moved.json()["now"].startswith("2026-05-01")
    assert (await leadtimes.operator.post("/leadtimes/clock", json={"to": "2026-04-01T00:00:00Z"})).status_code == 409
    assert (await leadtimes.reader.get("/leadtimes/clock")).status_code == 403


async def test_a_topic_that_is_not_heard_cannot_be_heard_again(leadtimes: Leadtimes) -> None:
    assert (await leadtimes.operator.post("/leadtimes/topics/leadtime-events/rewind")).status_code == 404
    assert await leadtimes.db.fetchval("SELECT count(*) FROM operation") == 0


async def test_every_operation_is_called_with_success(leadtimes: Leadtimes) -> None:
    ask = leadtimes.operator
    await leadtimes.hear(*decided_case(), *log_events(SMALL), import_completed(3))
    first, second = [
        await quarantined(leadtimes, *fact.envelope.message(), offset=n, key=fact.envelope.partitionkey)
        for n, fact in enumerate(decided_case()[:2])
    ]
    answers = [
        await ask.put("/leadtimes/logs/small", json=description(CALLED, 3)),
        await ask.get("/leadtimes/logs"),
        await ask.get("/leadtimes/logs/small"),
        await ask.get("/leadtimes/logs/small/waits", params=ENDS),
        await ask.get("/leadtimes/measures"),
        await ask.get("/leadtimes/measures/L04"),
        await ask.get("/leadtimes/quarantine"),
        await ask.post(f"/leadtimes/quarantine/{first}/redrive"),
        await ask.post(f"/leadtimes/quarantine/{second}/discard", json={"reason": "made by a test"}),
        await ask.post("/leadtimes/rebuild"),
        await ask.post("/leadtimes/verify"),
        await ask.post("/leadtimes/links"),
        await ask.get("/leadtimes/clock"),
        await ask.post("/leadtimes/clock", json={"to": "2027-01-01T00:00:00Z"}),
    ]
    answers.append(await ask.get(answers[11].json()["url"]))
    answers.append(await ask.get("/leadtimes/logs/small/waits/picture", params=ENDS))
    answers.append(await ask.get("/leadtimes/logs/small/stats"))
    answers.append(await ask.delete("/leadtimes/logs/small"))
    answers += [await ask.get(f"/leadtimes/{each}") for each in ("quality", "where", "responsibility")]
    for answer in answers:
        assert answer.status_code in (200, 201, 303), (str(answer.request.url), answer.text)
    assert answers[9].json() == {"cases": 2}
    assert answers[10].json() == {"cases": 2, "differing": 0, "miscounted_logs": 0}
    described = (await ask.get("/leadtimes/openapi.json")).json()
    operations = {(method, path) for path, methods in described["paths"].items() for method in methods}
    operations.remove(("post", "/leadtimes/topics/{topic}/rewind"))  # it needs a broker: tests/fault/test_lost_log.py
    assert len(operations) == len(answers)


async def test_every_route_names_its_roles_but_the_one_that_opens_a_link(leadtimes: Leadtimes) -> None:
    assert unguarded(leadtimes.app) == ["/leadtimes/open"]
