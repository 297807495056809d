"""One command, one transaction: state, timer, outbox and key go together; twice is once; together is one after another."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from services.intake.translate import fold
from tests.integration.intake.conftest import APPLICATION, CONTACT, GRANTED, REJECTED, Intake

AT_ONCE = 20


async def due_at(intake: Intake, case_id: str) -> Any:
    at = await intake.db.fetchval("SELECT due_at FROM timer WHERE stream = $1", UUID(case_id))
    return at and at.isoformat()


async def test_the_same_request_twice_has_one_effect_and_one_answer(intake: Intake) -> None:
    first = await intake.post("/applications", "2026-01-05", key="once", **APPLICATION)
    second = await intake.post("/applications", "2026-01-05", key="once", **APPLICATION)
    assert (second.status_code, second.json(), second.headers["etag"]) == (first.status_code, first.json(), first.headers["etag"])
    assert second.headers["location"] == first.headers["location"]
    assert await intake.counts() == (1, 2, 1)


async def test_a_key_is_not_used_for_another_request(intake: Intake) -> None:
    await intake.done("/applications", "2026-01-05", key="once", **APPLICATION)
    other = await intake.post("/applications", "2026-01-06", key="once", **APPLICATION)
    assert (other.status_code, other.json()["type"]) == (422, "urn:sluss:error:idempotency_key_reused")


async def test_a_repeated_request_is_answered_also_when_its_version_has_passed(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    path = f"/cases/{case['case_id']}/closing"
    for _ in range(2):
        answer = await intake.post(path, "2026-01-20", key="close", if_match='"2"', reason="moved")
        assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    assert await intake.names(case["case_id"]) == ["application-received", "case-routed", "case-closed"]


async def test_a_refused_request_can_be_sent_again_with_its_key(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    of_first = f"/cases/{case['case_id']}/applications/{case['application_ref']}"
    assert (await intake.post(f"{of_first}/completion", "2026-01-12", key="answer")).status_code == 409
    await intake.done(f"{of_first}/completion-requests", "2026-01-07", due_on="2026-01-19")
    assert (await intake.post(f"{of_first}/completion", "2026-01-12", key="answer")).status_code == 200


async def test_twenty_decisions_at_once_are_one_fact(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    path = f"/cases/{case['case_id']}/applications/{case['application_ref']}/decision"
    answers = await asyncio.gather(*(intake.post(path, "2026-01-20", **REJECTED) for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert await intake.names(case["case_id"]) == ["application-received", "case-routed", "decision-made"]


async def test_two_hundred_writers_of_one_case_at_once_are_told_in_an_exact_sequence(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    path, body = f"/cases/{case['case_id']}/responsibility", {"unit": "vuxteamet", "role": "social_worker"}
    answers = await asyncio.gather(*(intake.post(path, "2026-01-20", **body) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {200: 200}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(3, 203))
    assert [each.sequence for each in await intake.told(case["case_id"])] == list(range(1, 203))
    same = await asyncio.gather(*(intake.post(path, "2026-01-21", if_match='"202"', **body) for _ in range(200)))
    assert Counter(answer.status_code for answer in same) == {200: 1, 412: 199}
    assert next(answer.json()["cure"] for answer in same if answer.status_code == 412)


async def test_twenty_times_the_same_key_at_once_is_one_case(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.post("/applications", "2026-01-05", key="once", **APPLICATION) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["case_id"] for answer in answers if answer.status_code == 201}) == 1
    assert await intake.counts() == (1, 2, 1)


async def test_twenty_first_contacts_of_one_person_at_once_are_one_case(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.post("/cases", "2026-01-05", **CONTACT) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {201}
    assert await intake.counts() == (1, 1, AT_ONCE)


async def test_anonymous_contacts_are_cases_of_their_own(intake: Intake) -> None:
    for _ in range(2):
        await intake.done("/cases", "2026-01-05", channel="phone")
    assert await intake.counts() == (2, 2, 2)


async def test_the_told_events_fold_to_the_stored_state(intake: Intake) -> None:
    case = await intake.done("/cases", happened={"at": "2026-01-05T09:30:00.123456+01:00"}, **CONTACT)
    application = await intake.done(f"/cases/{case['case_id']}/applications", "2026-01-05", **APPLICATION)
    of_first = f"/cases/{case['case_id']}/applications/{application['application_ref']}"
    await intake.done(f"{of_first}/assessment-start", "2026-01-13", kind="mapping")
    await intake.done(f"{of_first}/decision", "2026-01-20", **GRANTED)
    await intake.move_to("2026-03-01T00:00:00+01:00")
    told = await intake.told(case["case_id"])
    row = await intake.db.fetchrow("SELECT * FROM state")
    assert row["body"] == fold(told)
    assert row["version"] == len(told) == 6
    assert (row["status"], str(row["person_ref"])) == ("closed", CONTACT["person_ref"])


async def test_h8_the_timer_closes_a_call_that_nothing_came_of(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    assert await due_at(intake, case["case_id"]) == "2026-02-18T23:00:00+00:00"
    assert case["lapses_at"] == "2026-02-19T00:00:00+01:00"
    await intake.move_to("2026-02-18T23:59:00+01:00")
    assert await intake.names(case["case_id"]) == ["first-contact-registered"]
    await intake.move_to("2026-02-25T09:00:00+01:00")
    closing = (await intake.told(case["case_id"]))[-1]
    assert (closing.data.model_dump()["reason"], closing.timeprecision) == ("lapsed_no_application", "instant")
    assert closing.time.isoformat() == "2026-02-18T23:00:00+00:00"
    assert closing.recordedtime > closing.time
    assert await due_at(intake, case["case_id"]) is None


async def test_an_application_stops_the_timer_and_its_decision_sets_it_anew(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    application = await intake.done("/applications", "2026-01-21", **APPLICATION)
    assert application["case_id"] == case["case_id"]
    assert await due_at(intake, case["case_id"]) is None
    await intake.done(f"/cases/{case['case_id']}/applications/{application['application_ref']}/decision", "2026-02-01", **REJECTED)
    assert await due_at(intake, case["case_id"]) == "2026-03-31T22:00:00+00:00"


async def test_a_late_fact_with_the_person_only_reopens_the_case_that_a_rule_closed(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    await intake.move_to("2026-02-25T09:00:00+01:00")
    late = await intake.done("/applications", "2026-02-10", **APPLICATION)
    assert (late["case_id"], late["status"]) == (case["case_id"], "open")
    told = ["first-contact-registered", "case-closed", "case-reopened", "application-received", "case-routed"]
    assert await intake.names(case["case_id"]) == told
    reopened, received = (await intake.told(case["case_id"]))[2:4]
    assert reopened.recordedtime == received.recordedtime == reopened.time
    assert reopened.correlationid == received.correlationid


async def test_a_late_contact_with_the_person_only_reopens_the_case_that_a_rule_closed(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    await intake.move_to("2026-02-25T09:00:00+01:00")
    late = await intake.done("/cases", "2026-02-10", **CONTACT)
    assert (late["case_id"], late["lapses_at"]) == (case["case_id"], "2026-03-27T00:00:00+01:00")


async def test_what_comes_after_a_closing_by_rule_is_a_new_case_of_the_same_person(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-20", **CONTACT)
    await intake.move_to("2026-02-25T09:00:00+01:00")
    for path, body in (("/cases", CONTACT), ("/applications", APPLICATION)):
        new = await intake.done(path, "2026-02-20", **body)
        assert new["case_id"] != case["case_id"]
        assert new["person_ref"] == CONTACT["person_ref"]
    assert (await intake.counts())[0] == 2


async def test_a_fact_from_before_a_closing_by_hand_is_refused_with_the_way_to_reopen(intake: Intake) -> None:
    case = await intake.done("/cases", "2026-01-10", **CONTACT)
    await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-20", reason="no_contact")
    refused = await intake.post("/applications", "2026-01-15", **APPLICATION)
    assert refused.status_code == 409
    assert refused.json()["next"][0] == {
        "step": "reopen_case",
        "names": {"sv": "Återöppna ärendet", "en": "Reopen the case"},
        "method": "POST",
        "path": f"/intake/cases/{case['case_id']}/reopening",
    }
