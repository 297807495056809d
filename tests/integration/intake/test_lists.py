"""What an upstream screen reads: its own cases again, worklists that move, every change once, and codes with their names."""

import asyncio
import json
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from shared import changes
from shared.postgres import transaction
from tests.integration.intake.conftest import APPLICATION, CONTACT, GRANTED, Intake

MISSING = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5f"
OTHER = "1b9e6d5c-4a3f-4c1e-9d2b-7f8a6c5e4d3b"
UNEMPLOYED = APPLICATION | {"hindrance": "unemployed"}


async def read(intake: Intake, path: str, **asked: Any) -> dict[str, Any]:
    answer = await intake.staff.get(f"/intake{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def waiting(intake: Intake, **asked: Any) -> list[tuple[str, str]]:
    return [(task["reason"], task["due_on"]) for task in (await read(intake, "/worklist", **asked))["tasks"]]


async def test_a_case_is_found_by_the_reference_of_the_system_that_registered_it(intake: Intake) -> None:
    known = {"source_system": "case_system", "source_ref": "2026-0417/IFO"}
    case = await intake.done("/cases", "2026-01-05", **CONTACT, **known)
    application = await intake.done("/applications", "2026-01-05", **APPLICATION, source_system="e_service", source_ref="EA-77")
    for reference in (known, {"source_system": "e_service", "source_ref": "EA-77"}):
        found = await read(intake, "/cases", **reference)
        assert [each["case_id"] for each in found["cases"]] == [case["case_id"]] == [application["case_id"]]
    assert (await read(intake, "/cases", source_system="intake", source_ref="EA-77"))["cases"] == []
    for each in await intake.told(case["case_id"]):
        assert b"EA-77" not in each.message()[1]
        assert b"IFO" not in each.message()[1]


async def test_a_reference_never_means_two_cases_and_never_looks_like_a_persons_number(intake: Intake) -> None:
    await intake.done("/cases", "2026-01-05", **CONTACT, source_ref="A1")
    of_digits = "01234567-8901-4a2b-8c3d-1234567890ef"
    assert (await intake.post("/cases", "2026-01-05", channel="phone", source_ref=of_digits)).status_code == 201, "a UUID holds no number"
    before = await intake.counts()
    taken = await intake.post("/cases", "2026-01-05", channel="phone", person_ref=OTHER, source_ref="A1")
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:sluss:error:reference_taken")
    for ref in ("8507099805", "198507099805", "850709-9805", "19850709.9805", "IFO-850709/9805", "", "a b", "x" * 65, "å"):
        refused = await intake.post("/cases", "2026-01-05", channel="phone", source_ref=ref)
        assert refused.status_code == 422, ref
        assert not ref.isdigit() or ref not in refused.text
    assert await intake.counts() == before


async def test_cases_are_listed_by_unit_state_person_and_household_page_by_page(intake: Intake) -> None:
    household = "5d7c2f1a-8e4b-4f6d-a1c3-2b9e8d7f6a5c"
    cases = []
    for number, hindrance in enumerate(("unemployed", "social", "unemployed", None, "unemployed")):
        body = APPLICATION | {"person_ref": str(UUID(int=number + 1)), "household_ref": household if number < 2 else None}
        cases.append((await intake.done("/applications", "2026-01-05", **body, hindrance=hindrance))["case_id"])
    await intake.done(f"/cases/{cases[4]}/closing", "2026-01-20", reason="moved")

    async def listed(**asked: Any) -> list[str]:
        found, after = [], None
        while True:
            page = await read(intake, "/cases", limit=2, **({"after": after} if after else {}), **asked)
            found += [each["case_id"] for each in page["cases"]]
            after = page["next_after"]
            if after is None:
                return found

    assert await listed() == cases
    assert await listed(unit="jobbaktiv") == [cases[0], cases[2], cases[4]]
    assert await listed(unit="jobbaktiv", status="open") == [cases[0], cases[2]]
    assert await listed(household_ref=household) == cases[:2]
    assert await listed(person_ref=str(UUID(int=3))) == [cases[2]]
    for wrong in ({"unit": "Anna Svensson"}, {"limit": 201}, {"status": "x"}, {"after": "1; DROP TABLE state"}):
        assert (await intake.staff.get("/intake/cases", params=wrong)).status_code == 422, wrong


async def test_who_says_unemployed_is_assigned_at_once_unless_a_human_has_a_reason(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **UNEMPLOYED)
    assert await intake.names(case["case_id"]) == ["application-received", "support-hindrance-coded", "case-routed", "assignment-issued"]
    issued = (await intake.told(case["case_id"]))[-1]
    assert issued.data.model_dump(mode="json")["mode"] == "direct"
    assert issued.time == issued.recordedtime, "it is assigned when it is registered, not when the application was written"
    body = UNEMPLOYED | {"person_ref": OTHER, "not_assigned_because": "illness"}
    other = await intake.done("/applications", "2026-01-05", **body)
    assert await intake.names(other["case_id"]) == ["application-received", "support-hindrance-coded", "case-routed"]
    noted = await intake.db.fetchrow("SELECT * FROM override")
    assert (str(noted["case_id"]), str(noted["ref"])) == (other["case_id"], other["application_ref"])
    assert (noted["rule"], noted["reason"], noted["noted_by"]) == ("direct_assignment", "illness", "test-intake-staff")
    assert "illness" not in json.dumps([each.data.model_dump(mode="json") for each in await intake.told(other["case_id"])])


async def test_the_worklist_moves_as_the_case_does(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    at = f"/cases/{case['case_id']}"
    assert await waiting(intake) == [("application_awaited", "2026-02-19")]
    ref = (await intake.done(f"{at}/applications", "2026-01-21", **UNEMPLOYED))["application_ref"]
    first = [("assessment_to_start", "2026-01-21"), ("pes_check", "2026-01-21"), ("assignment_unanswered", "2026-02-15")]
    assert await waiting(intake) == first
    assert await waiting(intake, due_by="2026-01-31") == first[:2]
    assert await waiting(intake, reason="pes_check") == first[1:2]
    assert await waiting(intake, unit="basgruppen") == []
    assert await waiting(intake, unit="jobbaktiv") == first
    assignment = (await read(intake, at))["passage"]["assignments"][0]["assignment_ref"]
    await intake.done(f"{at}/assignments/{assignment}/answer", "2026-02-01", answer="accepted")
    await intake.done(f"{at}/pes-checks", "2026-01-22", result="unknown")
    await intake.done(f"{at}/applications/{ref}/completion-requests", "2026-01-22", due_on="2026-02-05")
    assert await waiting(intake) == [("completion_awaited", "2026-02-05"), ("pes_check", "2026-02-22")]
    await intake.done(f"{at}/pes-checks", "2026-01-23", result="registered", registered_since="2025-11-01")
    await intake.done(f"{at}/applications/{ref}/assessment-start", "2026-01-23", kind="application")
    await intake.done(f"{at}/applications/{ref}/completion", "2026-01-24")
    assert await waiting(intake) == [("decision_to_make", "2026-02-21")]
    period = {"support_from": "2026-02-01", "support_to": "2026-02-28"}
    await intake.done(f"{at}/applications/{ref}/decision", "2026-01-30", **GRANTED | period)
    assert await waiting(intake) == [("plan_missing", "2026-01-30")]
    await intake.done(f"{at}/plan", "2026-01-31", next_follow_up_on="2026-02-27")
    assert await waiting(intake) == [("follow_up", "2026-02-27")]
    await intake.done(f"{at}/plan/expiry", "2026-02-01")
    assert await waiting(intake) == [("plan_missing", "2026-02-01")]
    await intake.done(f"{at}/closing", "2026-02-01", reason="moved")
    assert await waiting(intake) == []


async def test_the_worklist_is_read_page_by_page_and_a_place_that_is_none_is_refused(intake: Intake) -> None:
    for number in range(5):
        await intake.done("/applications", f"2026-01-{10 + number % 3}", **APPLICATION | {"person_ref": str(UUID(int=number + 1))})
    whole = (await read(intake, "/worklist"))["tasks"]
    paged, after = [], None
    while True:
        page = await read(intake, "/worklist", limit=2, **({"after": after} if after else {}))
        paged += page["tasks"]
        after = page["next_after"]
        if after is None:
            break
    assert paged == whole
    assert len(whole) == 5
    assert all((one["due_on"], one["case_id"]) < (other["due_on"], other["case_id"]) for one, other in pairwise(whole))
    for wrong in ("x", "2026-01-10", f"2026-01-10_{MISSING}_x' OR 1=1", "9" * 200):
        assert (await intake.staff.get("/intake/worklist", params={"after": wrong})).status_code == 422, wrong


async def test_a_place_that_no_number_has_is_refused(intake: Intake) -> None:
    for path in ("/changes", "/changes/stream"):
        assert (await intake.staff.get(f"/intake{path}", params={"after": 2**63})).status_code == 422


async def changed(intake: Intake, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
    return list((await read(intake, "/changes", after=after, limit=limit))["changes"])


async def test_every_change_is_told_once_also_what_a_timer_did(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    first = await changed(intake)
    assert [(each["case_id"], each["version"], each["facts"]) for each in first] == [(case["case_id"], 1, ["first-contact-registered"])]
    await intake.post("/cases", "2026-01-20", **CONTACT)  # the same contact again is nothing new
    await intake.move_to("2026-02-25T09:00:00+01:00")
    later = await changed(intake, first[-1]["place"])
    assert [(each["version"], each["facts"]) for each in later] == [(2, ["case-closed"])]
    assert await changed(intake, later[-1]["place"]) == []
    assert await changed(intake) == [*first, *later]
    assert await changed(intake, 0, 1) == first


async def test_a_change_that_commits_late_comes_after_those_that_were_read(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    async with transaction(intake.db) as tx:
        values = (UUID(MISSING), 1, ["first-contact-registered"])
        await tx.execute("INSERT INTO change_pending (case_id, version, facts, recorded_at) VALUES ($1, $2, $3, now())", *values)
        await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-21", reason="moved")
        read_before = await changed(intake)
    assert [each["version"] for each in read_before] == [1, 2]
    assert [each["case_id"] for each in await changed(intake, read_before[-1]["place"])] == [MISSING]


async def test_many_readers_at_once_read_the_same(intake: Intake) -> None:
    for number in range(20):
        await intake.done("/cases", "2026-01-20", channel="phone", person_ref=str(UUID(int=number + 1)))
    found = await asyncio.gather(*(changed(intake) for _ in range(5)))
    assert len({each["place"] for each in found[0]}) == 20
    assert all(each == found[0] for each in found)


async def test_changes_come_as_they_happen_and_go_on_where_the_stream_broke_off(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "POLL_S", 0.05)
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    [first] = await changed(intake)
    stream = asyncio.create_task(intake.staff.get("/intake/changes/stream?for_s=1", headers={"Last-Event-ID": str(first["place"])}))
    await asyncio.sleep(0.3)
    await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-21", reason="moved")
    answer = await stream
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert told == await changed(intake, first["place"])
    assert f"id: {told[0]['place']}" in answer.text
    assert (await intake.staff.get("/intake/changes/stream", headers={"Last-Event-ID": "x"})).status_code == 422


async def test_every_code_that_the_api_speaks_in_has_its_names(intake: Intake) -> None:
    sets = {each["set"]: {code["code"] for code in each["codes"]} for each in (await read(intake, "/codes"))["sets"]}
    described = (await intake.staff.get("/intake/openapi.json")).json()
    spoken = [set(schema["enum"]) for schema in described["components"]["schemas"].values() if "enum" in schema]
    assert spoken
    for codes in spoken:
        assert codes in sets.values(), codes
    names = [code["names"] for each in (await read(intake, "/codes"))["sets"] for code in each["codes"]]
    assert all(each["sv"] and each["en"] for each in names)
