"""Two adults apply together: one application, a case each, both or neither, and each is followed by itself."""

import asyncio
from typing import Any

from tests.integration.intake.conftest import APPLICATION, CONTACT, GRANTED, HOUSEHOLD, OTHER, PERSON, TOGETHER, Intake

AT = f"/households/{HOUSEHOLD}"


async def apply(intake: Intake, key: str | None = None) -> dict[str, dict[str, Any]]:
    answer = await intake.post(f"{AT}/applications", "2026-01-20", key, **TOGETHER)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/intake{AT}"
    return {each["role"]: each["case"] for each in answer.json()["members"]}


async def test_one_application_is_in_two_cases_of_one_household_and_each_adult_is_assigned_and_decided_alone(intake: Intake) -> None:
    called = await intake.done("/cases", "2026-01-19", **CONTACT)
    of = await apply(intake)
    applicant, other = of["applicant"], of["co_applicant"]
    assert applicant["case_id"] == called["case_id"], "who had called has their application in that case"
    [application], [same] = applicant["applications"], other["applications"]
    assert application["application_ref"] == same["application_ref"]
    assert applicant["household_ref"] == other["household_ref"] == HOUSEHOLD
    [assigned] = applicant["passage"]["assignments"]
    assert (assigned["mode"], other["passage"]["assignments"]) == ("direct", [])
    decision = f"/cases/{other['case_id']}/applications/{same['application_ref']}/decision"
    await intake.done(decision, "2026-01-25", **GRANTED)
    shown = (await intake.staff.get(f"/intake{AT}")).json()
    assert [(each["role"], each["case"]["applications"][0]["stage"]) for each in shown["members"]] == [
        ("applicant", "applied"),
        ("co_applicant", "decided"),
    ]
    found = (await intake.staff.get("/intake/cases?source_system=intake&source_ref=A-1")).json()["cases"]
    assert [each["case_id"] for each in found] == [applicant["case_id"]]
    [week] = [each for each in (await intake.staff.get("/intake/arrivals")).json()["weeks"] if each["arrivals"]]
    assert (week["arrivals"], week["adults"], week["households"], week["applications"]) == (2, 2, 1, 1)


async def test_the_references_of_two_direct_assignments_differ(intake: Intake) -> None:
    both = [adult | {"hindrance": "unemployed"} for adult in TOGETHER["adults"]]
    members = (await intake.done(f"{AT}/applications", "2026-01-20", **TOGETHER | {"adults": both}))["members"]
    assert len({each["case"]["passage"]["assignments"][0]["assignment_ref"] for each in members}) == 2


async def test_both_apply_or_neither_and_once_for_each_key(intake: Intake) -> None:
    closed = await intake.done("/applications", "2026-01-06", **APPLICATION | {"person_ref": OTHER})
    await intake.done(f"/cases/{closed['case_id']}/closing", "2026-01-25", reason="moved")
    before = await intake.counts()
    refused = await intake.post(f"{AT}/applications", "2026-01-20", **TOGETHER)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:sluss:error:step_not_allowed")
    assert await intake.counts() == before, "nothing has happened to the applicant either"
    await intake.done(f"/cases/{closed['case_id']}/reopening", "2026-01-26", reason="closed_in_error")
    first = await apply(intake, "0f7d1c52-9a3e-4b68-8d1f-2e6a5c9b7d30")
    assert await apply(intake, "0f7d1c52-9a3e-4b68-8d1f-2e6a5c9b7d30") == first
    assert len(first["co_applicant"]["applications"]) == 2


async def test_two_couples_with_a_person_in_common_wait_in_no_circle(intake: Intake) -> None:
    turned = TOGETHER | {"adults": [TOGETHER["adults"][1], TOGETHER["adults"][0] | {"source_ref": None}]}
    for _ in range(5):
        answers = await asyncio.gather(*(intake.post(f"{AT}/applications", "2026-01-20", **said) for said in (TOGETHER, turned)))
        assert {each.status_code for each in answers} == {201}


async def test_who_is_protected_is_in_no_answer_for_those_who_may_not_see_them(intake: Intake) -> None:
    person = (await intake.done("/persons", number="198507012394"))["person_ref"]
    await intake.done(f"/persons/{person}/protection", level="secrecy_marking", effective_on="2026-01-05")
    said = TOGETHER | {"adults": [TOGETHER["adults"][0], TOGETHER["adults"][1] | {"person_ref": person}], "happened": {"on": "2026-01-20"}}
    assistant = intake.clients["assistant"]
    headers = {"Idempotency-Key": "2c9e7b14-5d8a-4f36-b0c1-7e3a9d5f8b62"}
    answer = (await assistant.post(f"/intake{AT}/applications", json=said, headers=headers)).json()
    assert [each["role"] for each in answer["members"]] == ["applicant"]
    assert [each["case"]["person_ref"] for each in (await assistant.get(f"/intake{AT}")).json()["members"]] == [PERSON]
    assert len((await intake.staff.get(f"/intake{AT}")).json()["members"]) == 2


async def test_what_is_not_two_adults_in_two_roles_is_refused(intake: Intake) -> None:
    one, other = TOGETHER["adults"]
    for adults in ([one], [one, one | {"person_ref": OTHER}], [one, other | {"person_ref": PERSON}], [one, other, other]):
        refused = await intake.post(f"{AT}/applications", "2026-01-20", **TOGETHER | {"adults": adults})
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:sluss:error:request_invalid")
    assert (await intake.staff.get("/intake/households/01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e")).status_code == 404
