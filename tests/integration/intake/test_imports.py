"""The import: a system that delivers in batches tells everything once, however often and however broken off it delivers."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake.api.acts import ACTS
from services.intake.api.items import Import, digest
from tests.integration.intake.conftest import APPLICATION, GRANTED, REJECTED, Intake

PERSON, OTHER = str(uuid4()), str(uuid4())
APPLIED = {name: value for name, value in APPLICATION.items() if name != "person_ref"}
FACTS = "SELECT stream, sequence, type FROM outbox ORDER BY stream, sequence"


def item(key: str, step: str, on: str | None, ref: str = "A-1", told: str | None = None, **body: Any) -> dict[str, Any]:
    """One item; `told`: the key of the item that told of the application or the assignment that it is about."""
    about = {"application" if step != "assignment-answer" else "assignment": {"key": told}} if told else {}
    return {"key": key, "step": step, "case": {"source_ref": ref}, "body": ({"happened": {"on": on}} if on else {}) | body, **about}


WHOLE = [
    item("1", "contact", "2026-01-05", channel="phone", person_ref=PERSON),
    item("2", "application", "2026-01-05", **APPLIED, hindrance="unemployed", not_assigned_because="studies"),
    item("3", "completion-request", "2026-01-06", told="2", due_on="2026-01-19"),
    item("4", "completion", "2026-01-07", told="2"),
    item("5", "assessment-start", "2026-01-08", told="2", kind="application"),
    item("6", "assessment-completion", "2026-01-09", told="2", kind="application"),
    item("7", "decision", "2026-01-12", told="2", **GRANTED),
    item("8", "pes-check", "2026-01-12", result="registered"),
    item("9", "observed-insats", None, kind="sfi", started_on="2026-01-12", provider_role="adult_education"),
    item("10", "responsibility", "2026-01-13", unit="vuxteamet", role="social_worker"),
    item("11", "introduction-days", "2026-01-13"),
    item("12", "planning-meeting", "2026-01-14"),
    item("13", "plan", "2026-01-14", next_follow_up_on="2026-02-14"),
    item("14", "follow-up", "2026-01-15", next_follow_up_on="2026-02-15"),
    item("15", "assignment", "2026-01-15", mode="planned", insats_kind="work_training", basis="sol_12_1"),
    item("16", "assignment-answer", "2026-01-16", told="15", answer="accepted"),
    item("17", "plan-expiry", "2026-01-17"),
    item("18", "application", "2026-01-18", **APPLIED | {"kind": "renewal"}),
    item("19", "withdrawal", "2026-01-19", told="18"),
    item("20", "hindrance", "2026-01-20", code="language"),
    item("21", "closing", "2026-01-21", reason="moved"),
    item("22", "reopening", "2026-01-22", reason="closed_in_error"),
]


async def deliver(intake: Intake, items: Sequence[dict[str, Any]], who: str = "intake-staff") -> httpx.Response:
    """What is answered to a delivery."""
    return await intake.clients[who].post("/intake/imports", json={"source_system": "case_system", "items": list(items)})


async def delivered(intake: Intake, items: Sequence[dict[str, Any]], who: str = "intake-staff") -> list[dict[str, Any]]:
    """What became of each item of a delivery that is taken."""
    answer = await deliver(intake, items, who)
    assert answer.status_code == 200, answer.text
    shown: list[dict[str, Any]] = answer.json()["items"]
    assert [each["key"] for each in shown] == [each["key"] for each in items]
    return shown


def outcomes(shown: list[dict[str, Any]]) -> list[str]:
    return [each["outcome"] for each in shown]


async def facts(intake: Intake) -> list[Any]:
    return [tuple(row) for row in await intake.db.fetch(FACTS)]


def several(cases: int) -> list[dict[str, Any]]:
    """The first steps of several cases, mixed as a file of a day is."""
    steps = [
        [
            item(f"{n}-1", "contact", "2026-01-05", f"B-{n}", channel="phone"),
            item(f"{n}-2", "application", "2026-01-06", f"B-{n}", **APPLIED),
            item(f"{n}-3", "decision", "2026-01-12", f"B-{n}", f"{n}-2", **REJECTED),
        ]
        for n in range(cases)
    ]
    return [each for step in zip(*steps, strict=True) for each in step]


async def test_every_step_can_be_delivered_and_delivered_again_it_is_the_same_once(intake: Intake) -> None:
    assert {each["step"] for each in WHOLE} == set(ACTS)
    first = await delivered(intake, WHOLE)
    assert set(outcomes(first)) == {"done"}, first
    [case_id] = {each["case_id"] for each in first}
    told = await intake.told(case_id)
    assert [each.type.split(".")[-2] for each in told] == [
        *("first-contact-registered", "application-received", "support-hindrance-coded", "case-routed", "completion-requested"),
        *("application-completed", "assessment-started", "assessment-completed", "decision-made", "pes-checked", "insats-observed"),
        *("case-assigned", "intro-days-attended", "planning-meeting-held", "plan-agreed", "follow-up-held", "assignment-issued"),
        *("assignment-answered", "plan-expired", "case-routed", "application-received", "application-withdrawn"),
        *("support-hindrance-coded", "case-closed", "case-reopened"),
    ]
    assert told[0].data.model_dump(mode="json")["source_system"] == "case_system", "the delivery says of which system it is"
    assert (await intake.staff.get("/intake/cases", params={"source_system": "case_system", "source_ref": "A-1"})).json()["cases"]
    assert (first[6]["application_ref"], first[15]["assignment_ref"]) == (first[1]["application_ref"], first[14]["assignment_ref"])
    assert await intake.db.fetchval("SELECT reason FROM override") == "studies"
    before = await facts(intake)
    backwards = [{name: each[name] for name in reversed(each)} for each in WHOLE]
    assert await delivered(intake, backwards) == [each | {"outcome": "again"} for each in first]
    assert await facts(intake) == before


def test_an_item_is_known_by_what_was_said_and_not_by_what_a_version_adds_to_it() -> None:
    """Keys are kept for ever: a field that a younger version gives a default must not make the same item another one."""
    for sent, read in zip(WHOLE, Import.model_validate({"source_system": "case_system", "items": WHOLE}).items, strict=True):
        assert digest(read) == sha256(json.dumps(sent, sort_keys=True, separators=(",", ":")).encode()).digest(), sent["step"]


async def test_nothing_is_done_of_a_delivery_that_cannot_be_read_or_may_not_be_made(intake: Intake) -> None:
    good = WHOLE[:2]
    wrong: list[tuple[dict[str, Any], str]] = [
        (item("3", "completion-request", "2026-01-06", told="2", due_on="soon"), "/items/2/body/due_on"),
        (item("3", "decision", "2026-01-06", told="2", **REJECTED | {"outcome": "maybe"}), "/items/2/body/outcome"),
        (item("3", "closing", "2026-01-06", reason="moved", by="me"), "/items/2/body"),
        (item("3", "completion", "2026-01-06"), "/items/2/application"),
        (item("3", "closing", "2026-01-06", reason="moved") | {"application": {"key": "2"}}, "/items/2/application"),
        (item("3", "party", "2026-01-06"), "/items/2"),
        (item("198507012394", "closing", "2026-01-06", reason="moved"), "/items/2/key"),
        (item("3", "closing", "2026-01-06", "19850701-2394", reason="moved"), "/items/2/case/source_ref"),
        (item("3", "contact", "2026-01-06", channel="phone", source_system="migration"), "/items/2/body/source_system"),
        (item("3", "application", "2026-01-06", **APPLIED, source_ref="A-2"), "/items/2/body/source_ref"),
        ({name: value for name, value in WHOLE[7].items() if name != "case"}, "/items/2/case"),
    ]
    for last, place in wrong:
        answer = await deliver(intake, [*good, last])
        assert answer.status_code == 422, last
        assert place in {each["pointer"] for each in answer.json()["errors"]}, answer.text
        assert "1985" not in answer.text
    assert (await deliver(intake, [])).status_code == 422
    assert (await deliver(intake, several(167))).status_code == 422, "501 items"
    refused = await deliver(intake, WHOLE, "assistant")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:sluss:error:role_missing")
    assert (await deliver(intake, good, "operator")).status_code == 403
    assert await facts(intake) == []
    assert outcomes(await delivered(intake, good, "assistant")) == ["done", "done"], "without a decision the staff may"


async def test_what_is_refused_says_why_and_holds_back_its_case_but_no_other(intake: Intake) -> None:
    items = [
        item("1", "contact", "2026-01-05", channel="phone", person_ref=PERSON),
        item("2", "application", "2026-01-06", **APPLIED),
        item("3", "completion", "2026-01-07", told="2"),
        item("4", "decision", "2026-01-12", told="2", **REJECTED),
        item("5", "contact", "2026-01-13", "A-2", channel="phone", person_ref=PERSON),
        item("6", "application", "2026-01-13", "A-2", **APPLIED),
        item("7", "contact", "2026-01-13", "A-3", channel="phone", person_ref=OTHER),
        item("8", "closing", "2026-01-14", "A-4", reason="moved"),
        item("9", "hindrance", "2026-01-14", "A-3", code="social"),
        item("10", "application", "2026-01-14", "A-5", **APPLIED | {"person_ref": PERSON}),
        item("11", "closing", "2026-02-20", "A-3", reason="moved"),
    ]
    shown = await delivered(intake, items)
    assert outcomes(shown) == [
        *("done", "done", "refused", "held_back", "held_back", "held_back", "done", "refused", "refused", "held_back", "held_back")
    ]
    first, unknown, too_soon = (shown[number]["problem"] for number in (2, 7, 8))
    assert (first["type"], first["status"], first["pointer"]) == ("urn:sluss:error:step_not_allowed", 409, "/items/2")
    assert first["reason"] == "No completion is awaited for this application."
    assert "make_decision" in {each["step"] for each in first["next"]}
    assert (unknown["type"], unknown["pointer"]) == ("urn:sluss:error:not_found", "/items/7/case")
    assert too_soon["reason"] == "The case has no application yet."
    assert [each["case_id"] for each in shown if each["outcome"] != "done"] == [None] * 8
    items[2] = item("3", "completion-request", "2026-01-07", told="2", due_on="2026-01-19")
    again = await delivered(intake, items[:7])
    assert outcomes(again) == ["again", "again", *["done"] * 4, "again"], "what was refused may come again, said otherwise"
    assert {each["case_id"] for each in again[:6]} == {again[0]["case_id"]}, "a person's open case may be known by two references"


async def test_a_key_belongs_to_one_content_and_names_what_it_told_of(intake: Intake) -> None:
    told = [
        item("1", "application", "2026-01-05", **APPLIED, hindrance="unemployed", person_ref=PERSON),
        item("2", "assignment-answer", "2026-02-01", told="1", answer="accepted"),
    ]
    shown = await delivered(intake, told)
    assert outcomes(shown) == ["done", "done"]
    assert shown[0]["assignment_ref"] == shown[1]["assignment_ref"], "what a rule assigned at once is known by the application's key"
    other = [told[0] | {"body": told[0]["body"] | {"channel": "phone"}}, item("3", "plan", "2026-01-07", next_follow_up_on="2026-02-07")]
    refused = await delivered(intake, other)
    assert outcomes(refused) == ["refused", "held_back"]
    assert (refused[0]["problem"]["type"], refused[0]["problem"]["pointer"]) == ("urn:sluss:error:item_key_reused", "/items/0/key")
    missing = await delivered(intake, [item("4", "withdrawal", "2026-01-08", told="2"), item("5", "withdrawal", "2026-01-08", told="no")])
    assert [each["problem"] and each["problem"]["pointer"] for each in missing] == ["/items/0/application", None]
    assert outcomes(missing) == ["refused", "held_back"]
    ours = {"key": "6", "step": "withdrawal", "case": {"case_id": shown[0]["case_id"]}, "body": {"happened": {"on": "2026-01-08"}}}
    assert outcomes(await delivered(intake, [ours | {"application": {"application_ref": shown[0]["application_ref"]}}])) == ["done"]
    for said in (told, [told[1]]):
        answer = await intake.staff.post("/intake/imports", json={"source_system": "migration", "items": said})
        assert outcomes(answer.json()["items"])[0] == ("done" if said is told else "again"), "every system has its own keys"


@pytest.mark.parametrize("cut", [True, False])
async def test_delivered_at_once_and_cut_off_in_the_middle_it_is_the_same_once(intake: Intake, cut: bool) -> None:
    items = several(8)
    running = [asyncio.create_task(deliver(intake, items)) for _ in range(1 if cut else 3)]
    if cut:
        while not 0 < await intake.db.fetchval("SELECT count(*) FROM import_item") < len(items):
            await asyncio.sleep(0)
        running[0].cancel()
        assert 0 < await intake.db.fetchval("SELECT count(*) FROM import_item") < len(items)
    else:
        answers = [(await each).json()["items"] for each in running]
        assert Counter(each["outcome"] for answer in answers for each in answer) == {"done": 24, "again": 48}
        assert len({tuple((each["key"], each["case_id"]) for each in answer) for answer in answers}) == 1
    shown = await delivered(intake, items)
    assert set(outcomes(shown)) == ({"done", "again"} if cut else {"again"})
    assert Counter(row[2].split(".")[-2] for row in await facts(intake)) == {
        **{"first-contact-registered": 8, "application-received": 8, "case-routed": 8, "decision-made": 8}
    }
    assert len(await intake.db.fetch("SELECT FROM state")) == 8


async def test_who_may_not_see_a_protected_case_learns_nothing_of_it(intake: Intake) -> None:
    person = (await intake.done("/persons", number="198507012394"))["person_ref"]
    contact = item("1", "contact", "2026-01-05", channel="phone", person_ref=person)
    assert outcomes(await delivered(intake, [contact], "assistant")) == ["done"]
    await intake.done(f"/persons/{person}/protection", level="secrecy_marking", effective_on="2026-01-20")
    before = await facts(intake)
    shown = await delivered(intake, [contact, item("2", "application", "2026-01-05", **APPLIED)], "assistant")
    assert outcomes(shown) == ["again", "refused"]
    assert [each["case_id"] for each in shown] == [None, None]
    assert (shown[1]["problem"]["type"], shown[1]["problem"]["pointer"]) == ("urn:sluss:error:not_found", "/items/1/case")
    assert await facts(intake) == before
    assert outcomes(await delivered(intake, [contact, item("2", "application", "2026-01-05", **APPLIED)])) == ["again", "done"]
