"""Who may not see cases of protected persons learns nothing of them: not by a refusal, an answer, an import, a mark or a repeated key."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.handlers.caseload import remove_worker
from shared.postgres import transaction
from sluss_client import Unshown
from tests.integration.intake.conftest import APPLICATION, CONTACT, HOUSEHOLD, REJECTED, TOGETHER, Intake
from tests.integration.intake.test_client import client_of
from tests.integration.intake.test_corrections import correct, facts
from tests.integration.intake.test_imports import APPLIED, delivered, item, outcomes
from tests.integration.intake.test_protection import OLD, UNEMPLOYED, YOUNG, applied, person, protect

ONLY_THE_VAULT = "UPDATE person SET protection_level = 'secrecy_marking', effective_on = '2026-01-20' WHERE person_ref = $1"
BACKWARDS = {"period_from": "2026-01-31", "period_to": "2026-01-01"}
MISSING = str(uuid4())


async def hidden(intake: Intake, number: str = OLD, **said: Any) -> tuple[str, str]:
    """Somebody protected, and their case."""
    person_ref = await person(intake, number)
    case = await intake.done("/applications", "2026-01-05", **UNEMPLOYED | {"person_ref": person_ref} | said)
    await protect(intake, person_ref)
    return person_ref, case["case_id"]


async def asked(intake: Intake, path: str, on: str | None = None, key: str | None = None, **said: Any) -> httpx.Response:
    """What is answered to staff who may neither decide nor see cases of protected persons."""
    body = ({"happened": {"on": on}} if on else {}) | said
    return await intake.clients["assistant"].post(f"/intake{path}", json=body, headers={"Idempotency-Key": key or str(uuid4())})


def says_nothing(problem: dict[str, Any]) -> bool:
    return problem["type"] == "urn:sluss:error:step_not_allowed" and not problem["next"] and not problem.get("reason")


async def test_what_is_refused_in_a_case_that_is_not_seen_tells_nothing_of_it(intake: Intake) -> None:
    person_ref, _ = await hidden(intake)
    nobody_yet = await person(intake, YOUNG)
    await protect(intake, nobody_yet)
    for each in (person_ref, nobody_yet):  # with a case and without one: the same
        wrong = APPLICATION | {"person_ref": each} | BACKWARDS
        refused = await asked(intake, "/applications", "2026-01-05", **wrong)
        assert (refused.status_code, says_nothing(refused.json())) == (409, True), refused.text
        [shown] = await delivered(intake, [item("1", "application", "2026-01-05", **wrong) | {"case": None}], "assistant")
        assert says_nothing(shown["problem"]), shown
        adults = [TOGETHER["adults"][0], TOGETHER["adults"][1] | {"person_ref": each}]
        refused = await asked(intake, f"/households/{HOUSEHOLD}/applications", "2026-01-20", **TOGETHER | BACKWARDS | {"adults": adults})
        assert "next" in refused.json()
        assert each not in refused.text
    mine = await asked(intake, "/applications", "2026-01-05", **APPLICATION | BACKWARDS)
    assert mine.json()["reason"], "of everybody else the refusal says why"


async def test_what_is_done_in_a_case_that_is_not_seen_is_done_and_not_shown(intake: Intake) -> None:
    person_ref, case_id = await hidden(intake)
    before = len(await intake.told(case_id))
    nobody_yet = await person(intake, YOUNG)
    await protect(intake, nobody_yet)
    for each in (person_ref, nobody_yet):
        for path, said in (("/cases", CONTACT), ("/applications", APPLICATION | {"kind": "renewal"})):
            for _ in range(2):  # again under its key: the same
                answer = await asked(intake, path, "2026-01-21", f"unseen-{path}-{each}", **said | {"person_ref": each})
                assert (answer.status_code, answer.content) == (204, b"")
                assert not {"location", "etag"} & set(answer.headers)
    assert len(await intake.told(case_id)) == before + 2, "it is done, once"
    async with client_of(intake, role="assistant") as client:
        with pytest.raises(Unshown):
            await client.register_contact(happened=date(2026, 1, 22), channel="phone", person_ref=UUID(person_ref))
    anonymous = (await intake.done("/cases", "2026-01-20", channel="phone"))["case_id"]
    joined = await asked(intake, f"/cases/{anonymous}/applications", "2026-01-21", **APPLICATION | {"person_ref": person_ref})
    assert joined.status_code == 204, "the case became one of somebody protected by this"
    documented = (await intake.staff.get("/intake/openapi.json")).json()["paths"]
    answers = [operation["responses"] for path in documented.values() for operation in path.values()]
    shows = [each for each in answers if "/CaseShown" in str(each)]
    assert ["204" in each for each in shows].count(False) == 1, "every answer with a case but that of reading one"


async def test_a_repeated_key_shows_no_case_that_became_hidden_since(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    for path, said, status in (
        ("/cases", CONTACT | {"person_ref": person_ref}, 204),
        (f"/cases/{case['case_id']}/hindrance", {"code": "language"}, 404),
    ):
        await intake.vault.db.execute("UPDATE person SET protection_level = 'none'")
        await protect(intake, person_ref, "none")
        assert (await asked(intake, path, "2026-01-20", f"since-{status}", **said)).is_success
        await protect(intake, person_ref)
        again = await asked(intake, path, "2026-01-20", f"since-{status}", **said)
        assert (again.status_code, case["case_id"] in again.text) == (status, False)


async def test_an_import_joins_no_person_to_a_hidden_case(intake: Intake) -> None:
    person_ref, case_id = await hidden(intake, source_system="case_system", source_ref="A-1")
    hindrance = {"key": "1", "step": "hindrance", "body": {"happened": {"on": "2026-01-06"}, "code": "social"}}
    by_id, by_ref = {"case": {"case_id": case_id}}, {"case": {"source_ref": "A-1"}}
    contact = item("2", "contact", "2026-01-21", "A-9", channel="phone", person_ref=person_ref)
    closing = {"key": "3", "step": "closing", "body": {"happened": {"on": "2026-01-22"}, "reason": "moved"}}
    shown = await delivered(intake, [hindrance | by_id, contact, closing | by_ref], "assistant")
    assert outcomes(shown) == ["refused", "done", "refused"]
    assert (shown[2]["problem"]["pointer"], shown[1]["case_id"]) == ("/items/2/case", None)
    application = item("4", "application", "2026-01-22", **APPLIED)
    shown = await delivered(intake, [hindrance | by_id, application], "assistant")
    assert outcomes(shown) == ["refused", "refused"], "held back, it would tell which case A-1 is"
    reused = {**hindrance, **by_id, "key": "2"}
    contact = item("4", "contact", "2026-01-22", "A-8", channel="phone", person_ref=person_ref)
    shown = await delivered(intake, [reused, contact], "assistant")
    assert (outcomes(shown), shown[0]["problem"]["pointer"]) == (["refused", "done"], "/items/0/key")
    other = item("5", "contact", "2026-01-22", channel="phone", person_ref=MISSING)  # A-1 is known already: of whom, is not said
    contact = item("6", "contact", "2026-01-23", "A-7", channel="phone", person_ref=person_ref)
    shown = await delivered(intake, [other, contact], "assistant")
    assert outcomes(shown) == ["refused", "done"]


async def test_an_import_says_the_same_of_a_hidden_case_as_of_none(intake: Intake) -> None:
    _, case_id = await hidden(intake, source_system="case_system", source_ref="A-1")
    for case in ({"case_id": case_id}, {"source_ref": "A-1"}, {"case_id": MISSING}, {"source_ref": "A-2"}):
        for told in ({"key": "nope"}, {"application_ref": MISSING}):
            about = {"case": case, "application": told}
            shown = await delivered(intake, [item("1", "completion", "2026-01-07") | about], "assistant")
            assert shown[0]["problem"]["pointer"] == "/items/0/case", about


async def test_who_may_not_see_a_case_hands_none_over_that_only_the_vault_hides_yet(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    at = f"/intake/cases/{(await applied(intake, person_ref))['case_id']}/handling"
    await intake.vault.db.execute(ONLY_THE_VAULT, UUID(person_ref))
    for said in ({}, {"worker_ref": MISSING}):
        assert (await intake.clients["assistant"].put(at, json=said)).status_code == 404
    assert (await intake.staff.put(at, json={})).status_code == 200


async def test_a_decision_is_corrected_by_who_may_decide_and_so_is_its_correction(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-06", **APPLICATION)
    at = f"/cases/{case['case_id']}"
    await intake.done(f"{at}/applications/{case['application_ref']}/decision", "2026-01-20", **REJECTED)
    for fact in ("decision-made", "event-corrected", "event-corrected"):
        [event_id] = [each["event_id"] for each in await facts(intake, case) if each["fact"] == fact and each["in_force"]]
        refused = await asked(intake, f"{at}/corrections", event_id=event_id, entered_in_error=True)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:sluss:error:role_missing"), fact
        assert (await correct(intake, case, fact, entered_in_error=True)).status_code == 200
    [event_id] = [each["event_id"] for each in await facts(intake, case) if each["fact"] == "application-received"]
    said = {"event_id": event_id, "replacement": {"fields": {"channel": "letter"}}}
    assert (await asked(intake, f"{at}/corrections", **said)).status_code == 200, "every other fact by all staff"
    hidden_at = f"/cases/{(await hidden(intake))[1]}/corrections"
    assert (await asked(intake, hidden_at, event_id=event_id, entered_in_error=True)).status_code == 404


async def test_a_correction_routes_nobody_whom_only_the_vault_protects_yet(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    at = f"/cases/{case['case_id']}/corrections"
    [coded] = [each["event_id"] for each in await facts(intake, case) if each["fact"] == "support-hindrance-coded"]
    [received] = [each["event_id"] for each in await facts(intake, case) if each["fact"] == "application-received"]
    await intake.vault.db.execute(ONLY_THE_VAULT, UUID(person_ref))
    refused = await asked(intake, at, event_id=received, entered_in_error=True)
    assert says_nothing(refused.json())
    before = len(await intake.told(case["case_id"]))
    answer = await asked(intake, at, event_id=coded, replacement={"fields": {"code": "sick_without_sgi"}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await intake.names(case["case_id"]))[before:] == ["support-hindrance-coded", "event-corrected", "protection-level-changed"]
    shown = (await intake.staff.get(f"/intake/cases/{case['case_id']}")).json()
    assert (shown["passage"]["unit"], shown["version"]) == (None, before + 3)


async def test_a_mark_joins_no_case_that_is_seen_to_one_that_is_not(intake: Intake) -> None:
    _, secret = await hidden(intake)
    late = await person(intake, YOUNG)
    vaulted = (await applied(intake, late))["case_id"]
    await intake.vault.db.execute(ONLY_THE_VAULT, UUID(late))
    plain = (await intake.done("/applications", "2026-01-05", **APPLICATION))["case_id"]
    for one, other in ((plain, secret), (secret, plain), (plain, vaulted), (vaulted, plain)):
        refused = await intake.post(f"/cases/{one}/duplicate", of=other)
        missing = await intake.post(f"/cases/{one}/duplicate", of=MISSING)
        assert (refused.status_code, refused.json()) == (409, missing.json())
    assert (await intake.done(f"/cases/{secret}/duplicate", of=vaulted))["duplicate_of"] == vaulted, "both are protected"


async def test_a_mark_is_not_shown_once_the_other_case_is_hidden(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    other = (await applied(intake, person_ref))["case_id"]
    case = await intake.done("/applications", "2026-01-05", **APPLICATION | {"household_ref": HOUSEHOLD, "source_ref": "A-1"})
    third = (await intake.done("/cases", "2026-01-06", channel="phone"))["case_id"]
    at = f"/cases/{case['case_id']}"
    await intake.done(f"{at}/duplicate", of=other)
    await protect(intake, person_ref)
    assistant = intake.clients["assistant"]
    shown = [(await assistant.get(f"/intake{path}")) for path in (at, "/cases", "/cases?source_ref=A-1", f"/households/{HOUSEHOLD}")]
    shown += [await assistant.get(f"/intake{at}/facts"), await asked(intake, f"{at}/hindrance", "2026-01-20", code="social")]
    for answer in shown:
        assert answer.is_success
        assert other not in answer.text
        assert "unmark_duplicate" not in answer.text
    undone = await asked(intake, f"{at}/duplicate/undoing")
    marked, unknown = [await asked(intake, f"{at}/duplicate", of=of) for of in (third, MISSING)]
    unmarked = await asked(intake, f"/cases/{third}/duplicate/undoing")
    assert (undone.status_code, undone.json()["reason"]) == (409, unmarked.json()["reason"])
    assert (marked.status_code, marked.json()) == (409, unknown.json())
    assert "unmark_duplicate" not in undone.text + marked.text
    seen = (await intake.staff.get(f"/intake{at}")).json()
    assert seen["duplicate_of"] == other
    assert (await intake.done(f"{at}/duplicate/undoing"))["duplicate_of"] is None


async def test_a_worker_leaves_while_a_person_with_two_cases_is_protected(intake: Intake) -> None:
    worker, first, second = uuid4(), *sorted((uuid4(), uuid4()))
    await intake.db.execute("INSERT INTO worker VALUES ($1, 'basgruppen', 'new', false)", worker)
    for case_id in (second, first):  # stored in the other order than that in which the cases are locked
        await intake.db.execute("INSERT INTO handling VALUES ($1, $2, 'income_support')", case_id, worker)
    take = "UPDATE handling SET worker_ref = NULL WHERE case_id = $1"
    async with transaction(intake.db) as tx:
        await tx.execute(take, first)
        leaving = asyncio.create_task(remove_worker(intake.db, worker))
        while not await intake.db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        await tx.execute(take, second)
    await leaving
    assert await intake.db.fetchval("SELECT count(*) FROM worker") == 0
    assert await intake.db.fetchval("SELECT count(*) FROM handling WHERE worker_ref IS NULL") == 2
