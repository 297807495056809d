"""How a person stands decides in their cases: the age routes, and who is protected has no unit, from then on and in every view."""

from typing import Any

from contracts.envelope import Envelope
from tests.integration.intake.conftest import APPLICATION, REJECTED, Intake

YOUNG, OLD = "200403142391", "198507012394"
UNEMPLOYED = APPLICATION | {"hindrance": "unemployed"}


async def person(intake: Intake, number: str) -> str:
    return str((await intake.done("/persons", number=number))["person_ref"])


async def protect(intake: Intake, person_ref: str, level: str = "secrecy_marking") -> None:
    await intake.done(f"/persons/{person_ref}/protection", level=level, effective_on="2026-01-20")


async def applied(intake: Intake, person_ref: str) -> dict[str, Any]:
    return await intake.done("/applications", "2026-01-05", **UNEMPLOYED | {"person_ref": person_ref})


def units(told: list[Envelope]) -> list[Any]:
    bodies = [each.data.model_dump(mode="json") for each in told]
    return [body["unit"] for body in bodies if "unit" in body]


async def test_the_age_that_a_number_says_routes_the_young_to_their_unit(intake: Intake) -> None:
    for number, unit in ((YOUNG, "st_ung"), (OLD, "jobbaktiv")):
        case = await applied(intake, await person(intake, number))
        assert case["passage"]["unit"] == unit
        planned = await intake.done(f"/cases/{case['case_id']}/plan", "2026-01-06", next_follow_up_on="2026-02-06")
        assert planned["passage"]["unit"] == unit, "what is registered later knows the age as well"


async def test_a_person_who_becomes_protected_has_no_unit_any_more(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    at = f"/cases/{case['case_id']}"
    await protect(intake, person_ref)
    shown = (await intake.staff.get(f"/intake{at}")).json()
    assert (shown["passage"]["unit"], shown["passage"]["role"], shown["passage"]["routes"]) == (None, None, [])
    assert (await intake.staff.get("/intake/cases", params={"unit": "jobbaktiv"})).json()["cases"] == []
    facts = (await intake.staff.get(f"/intake{at}/facts")).text
    assert not any(told in facts for told in ("jobbaktiv", "rule_id", "labour_market_secretary"))
    before = len(await intake.told(case["case_id"]))
    await intake.done(f"{at}/responsibility", "2026-01-21", unit="vuxteamet", role="social_worker")
    await intake.done(f"{at}/plan", "2026-01-22", next_follow_up_on="2026-02-22")
    await intake.done(f"{at}/plan/expiry", "2026-01-23")
    later = (await intake.told(case["case_id"]))[before:]
    assert [each.type.split(".")[-2] for each in later] == ["case-assigned", "plan-agreed", "plan-expired"]
    assert units(later) == [None]
    assert all(task["unit"] is None for task in (await intake.staff.get("/intake/worklist")).json()["tasks"])


async def test_a_correction_brings_no_unit_back(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    await protect(intake, person_ref)
    told = (await intake.staff.get(f"/intake/cases/{case['case_id']}/facts")).json()["facts"]
    [coded] = [each["event_id"] for each in told if each["fact"] == "support-hindrance-coded"]
    corrected = await intake.done(f"/cases/{case['case_id']}/corrections", None, event_id=coded, replacement={"fields": {"code": "social"}})
    assert (corrected["passage"]["hindrance"], corrected["passage"]["unit"]) == ("social", None)


async def test_a_protected_person_who_comes_has_no_unit_from_the_first_fact_on(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    await protect(intake, person_ref, "protected_registration")
    case = await applied(intake, person_ref)
    assert await intake.names(case["case_id"]) == [
        *("application-received", "support-hindrance-coded", "protection-level-changed", "assignment-issued")
    ]


async def test_a_closed_case_learns_of_the_protection_too_and_the_same_level_is_told_once(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    await intake.done(f"/cases/{case['case_id']}/applications/{case['application_ref']}/decision", "2026-01-15", **REJECTED)
    await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-16", reason="moved")
    for _ in range(2):
        await protect(intake, person_ref)
    assert (await intake.names(case["case_id"])).count("protection-level-changed") == 1


async def test_a_case_that_missed_the_protection_learns_it_with_its_next_fact(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    level = "UPDATE person SET protection_level = 'secrecy_marking', effective_on = '2026-01-20'"
    await intake.vault.db.execute(level)  # as after a crash between the vault and the cases
    shown = await intake.done(f"/cases/{case['case_id']}/responsibility", "2026-01-21", unit="vuxteamet", role="social_worker")
    assert shown["passage"]["unit"] is None
    told = await intake.told(case["case_id"])
    assert [each.type.split(".")[-2] for each in told[-2:]] == ["case-assigned", "protection-level-changed"]
    assert units(told)[-1] is None


async def test_protection_that_ends_routes_the_case_anew(intake: Intake) -> None:
    person_ref = await person(intake, YOUNG)
    case = await applied(intake, person_ref)
    await protect(intake, person_ref)
    await protect(intake, person_ref, "none")
    shown = (await intake.staff.get(f"/intake/cases/{case['case_id']}")).json()
    assert [(route["unit"], route["hop"]) for route in shown["passage"]["routes"]] == [("st_ung", 2)]


async def test_a_correction_tells_and_keeps_no_unit_of_somebody_protected(intake: Intake) -> None:
    person_ref = await person(intake, OLD)
    case = await applied(intake, person_ref)
    at = f"/cases/{case['case_id']}"
    await intake.done(f"{at}/responsibility", "2026-01-19", unit="vuxteamet", role="social_worker")
    await protect(intake, person_ref)
    before = len(await intake.told(case["case_id"]))
    told = {each["fact"]: each["event_id"] for each in (await intake.staff.get(f"/intake{at}/facts")).json()["facts"]}
    for fact, said in (("case-assigned", {"happened": {"on": "2026-01-18"}}), ("case-routed", {"fields": {"unit": "basgruppen"}})):
        answer = await intake.done(f"{at}/corrections", None, event_id=told[fact], replacement=said)
        assert answer["passage"]["unit"] is None
    assert set(units((await intake.told(case["case_id"]))[before:])) == {None}
    refused = await intake.post(f"{at}/corrections", None, event_id=told["protection-level-changed"], entered_in_error=True)
    assert refused.status_code == 409


async def test_a_case_of_somebody_protected_is_not_there_for_those_who_may_not_see_it(intake: Intake) -> None:
    person_ref, assistant = await person(intake, OLD), intake.clients["assistant"]
    case = await intake.done("/applications", "2026-01-05", **UNEMPLOYED | {"person_ref": person_ref, "source_ref": "A-1"})
    at = f"/intake/cases/{case['case_id']}"
    missing = await assistant.get("/intake/cases/01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e")

    async def seen() -> list[int]:
        lists = {
            "/intake/cases": "cases",
            "/intake/cases?source_ref=A-1": "cases",
            "/intake/worklist": "tasks",
            "/intake/changes": "changes",
        }
        return [len((await assistant.get(path)).json()[part]) for path, part in lists.items()]

    assert await seen() == [1, 1, 3, 1]
    await protect(intake, person_ref)
    assert await seen() == [0, 0, 0, 0]
    closing = {"happened": {"on": "2026-01-20"}, "reason": "moved"}
    correction = {"event_id": case["case_id"], "entered_in_error": True}
    for answer in (
        await assistant.get(at),
        await assistant.get(f"{at}/facts"),
        await assistant.post(f"{at}/closing", json=closing, headers={"Idempotency-Key": "hidden-1"}),
        await assistant.post(f"{at}/corrections", json=correction, headers={"Idempotency-Key": "hidden-2"}),
    ):
        assert (answer.status_code, answer.json()) == (404, missing.json())
    assert (await assistant.get("/intake/changes/stream?for_s=0")).text.count("data: ") == 0
    assert (await intake.staff.get(at)).status_code == 200
    contact = {"happened": {"on": "2026-01-21"}, "person_ref": person_ref, "channel": "phone"}
    answer = await assistant.post("/intake/cases", json=contact, headers={"Idempotency-Key": "hidden-3"})
    assert answer.status_code == 204, "what somebody tells is registered, whoever takes the call"
