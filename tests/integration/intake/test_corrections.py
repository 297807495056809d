"""A fact that was wrong is corrected over the API: what counts changes, and what was told stays told."""

import asyncio
from typing import Any

from services.intake.translate import fold
from tests.integration.intake.conftest import APPLICATION, CONTACT, GRANTED, REJECTED, Intake

MISSING = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"


async def facts(intake: Intake, case: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await intake.staff.get(f"/intake/cases/{case['case_id']}/facts")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["facts"])


async def decided(intake: Intake) -> dict[str, Any]:
    case = await intake.done("/cases", "2026-01-05", **CONTACT)
    at = f"/cases/{case['case_id']}"
    application = await intake.done(f"{at}/applications", "2026-01-06", **APPLICATION)
    return await intake.done(f"{at}/applications/{application['application_ref']}/decision", "2026-01-20", **REJECTED)


async def correct(intake: Intake, case: dict[str, Any], fact: str, **body: Any) -> Any:
    [wrong] = [each for each in await facts(intake, case) if each["fact"] == fact and each["in_force"]]
    return await intake.post(f"/cases/{case['case_id']}/corrections", None, event_id=wrong["event_id"], **body)


async def agrees(intake: Intake, case: dict[str, Any]) -> None:
    row = await intake.db.fetchrow("SELECT version, body FROM state")
    told = await intake.told(case["case_id"])
    assert (row["version"], row["body"]) == (len(told), fold(told))


async def test_a_decision_that_was_entered_in_error_is_gone(intake: Intake) -> None:
    case = await decided(intake)
    answer = await correct(intake, case, "decision-made", entered_in_error=True)
    assert answer.status_code == 200, answer.text
    assert answer.json()["applications"][0]["stage"] == "applied"
    assert answer.json()["version"] == case["version"] + 1
    assert [each["in_force"] for each in await facts(intake, case)] == [True, True, True, False, True]
    await agrees(intake, case)
    assert (await intake.staff.get("/intake/worklist")).json()["tasks"][0]["reason"] == "assessment_to_start"
    again = await intake.done(f"/cases/{case['case_id']}/applications/{case['application_ref']}/decision", "2026-01-21", **REJECTED)
    assert again["applications"][0]["stage"] == "decided"
    await agrees(intake, case)


async def test_a_fact_is_replaced_by_the_same_with_something_said_otherwise(intake: Intake) -> None:
    case = await decided(intake)
    wrong = (await facts(intake, case))[1]
    answer = await correct(
        intake, case, "application-received", replacement={"happened": {"on": "2026-01-05"}, "fields": {"channel": "letter"}}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["applications"][0]["received"] == {"on": "2026-01-05", "at": None}
    assert answer.json()["applications"][0]["stage"] == "decided", "what was told of the application since then still counts"
    told = await facts(intake, case)
    assert [each["fact"] for each in told[-2:]] == ["application-received", "event-corrected"]
    assert told[-1]["fields"] == {"corrects_event_id": wrong["event_id"], "replaced_by": told[-2]["event_id"]}
    assert (told[1]["in_force"], told[1]["replaced_by"]) == (False, told[-2]["event_id"])
    assert told[-2]["fields"]["channel"] == "letter"
    await agrees(intake, case)
    undone = await intake.done(f"/cases/{case['case_id']}/corrections", None, event_id=told[-1]["event_id"], entered_in_error=True)
    assert [each["received"]["on"] for each in undone["applications"]] == ["2026-01-06"], "what the correction had brought is gone with it"
    assert [each["in_force"] for each in await facts(intake, case)][-3:] == [False, False, True]
    await agrees(intake, case)


async def test_a_correction_moves_the_timer_that_closes_by_rule(intake: Intake) -> None:
    case = await decided(intake)
    due = "SELECT due_at FROM timer"
    assert await intake.db.fetchval(due) is not None
    assert (await correct(intake, case, "decision-made", entered_in_error=True)).status_code == 200
    assert await intake.db.fetchval(due) is None, "an open application keeps the case open"


async def test_what_cannot_be_corrected_is_refused_and_nothing_happens(intake: Intake) -> None:
    case = await decided(intake)
    before = await intake.counts()
    assert (await correct(intake, case, "application-received", entered_in_error=True)).json()["reason"].startswith("Other facts rest")
    for fields in ({"channel": "pigeon"}, {"application_ref": "x"}, {"colour": "red"}, {"period_from": "2026-02-30"}, {"kind": None}):
        refused = await correct(intake, case, "application-received", replacement={"fields": fields})
        assert refused.status_code == 422, (fields, refused.text)
        assert refused.json()["errors"][0]["pointer"] == f"/replacement/fields/{min(fields)}"
        assert "pigeon" not in refused.text
    future = await correct(intake, case, "application-received", replacement={"happened": {"on": "2026-02-02"}})
    assert (future.status_code, future.json()["type"]) == (422, "urn:sluss:error:time_in_future")
    path = f"/cases/{case['case_id']}/corrections"
    for body in ({"event_id": MISSING}, {"event_id": MISSING, "entered_in_error": True, "replacement": {}}, {"entered_in_error": True}):
        assert (await intake.post(path, None, **body)).status_code == 422, body
    assert (await intake.post(path, None, event_id=MISSING, entered_in_error=True)).status_code == 409
    assert (await intake.post(f"/cases/{MISSING}/corrections", None, event_id=MISSING, entered_in_error=True)).status_code == 404
    assert (await intake.staff.get(f"/intake/cases/{MISSING}/facts")).status_code == 404
    assert await intake.counts() == before


async def test_a_correction_is_made_once_for_each_key(intake: Intake) -> None:
    case = await decided(intake)
    event_id = (await facts(intake, case))[-1]["event_id"]
    path = f"/cases/{case['case_id']}/corrections"
    answers = [await intake.post(path, None, key="once", event_id=event_id, entered_in_error=True) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await intake.names(case["case_id"])).count("event-corrected") == 1
    stale = await intake.post(path, None, if_match='"1"', event_id=event_id, entered_in_error=True)
    assert stale.status_code == 412


async def test_a_decision_is_not_turned_into_one_that_contradicts_itself_and_the_worklist_stays(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-06", **APPLICATION)
    period = {"support_from": "2026-02-01", "support_to": "2026-02-28"}
    await intake.done(f"/cases/{case['case_id']}/applications/{case['application_ref']}/decision", "2026-01-20", **GRANTED | period)
    refused = await correct(intake, case, "decision-made", replacement={"fields": {"outcome": "rejected"}})
    assert (refused.status_code, refused.json()["reason"]) == (409, "A decision that grants nothing has no period of support.")
    nothing = {"outcome": "rejected", "support_from": None, "support_to": None}
    assert (await correct(intake, case, "decision-made", replacement={"fields": nothing})).status_code == 200
    assert (await intake.staff.get("/intake/worklist")).status_code == 200
    far = await correct(intake, case, "application-received", replacement={"fields": {"period_to": "9999-12-31"}})
    assert far.json()["errors"][0]["pointer"] == "/replacement/fields/period_to"


async def test_a_correction_is_not_replaced(intake: Intake) -> None:
    case = await decided(intake)
    await correct(intake, case, "decision-made", entered_in_error=True)
    for fields in ({"entered_in_error": None}, {"replaced_by": MISSING}, {}):
        refused = await correct(intake, case, "event-corrected", replacement={"fields": fields})
        assert refused.status_code == 409, refused.text


async def test_a_duplicate_is_marked_of_a_case_that_is_there_and_not_of_itself(intake: Intake) -> None:
    first, second, third = [await intake.done("/cases", "2026-01-05", **CONTACT | {"person_ref": None}) for _ in range(3)]
    at = f"/cases/{second['case_id']}"
    marked = await intake.done(f"{at}/duplicate", of=first["case_id"])
    assert (marked["duplicate_of"], marked["version"]) == (first["case_id"], 2)
    assert (await intake.done(f"{at}/duplicate", of=first["case_id"]))["version"] == 2, "the same mark again says nothing new"
    await intake.done(f"/cases/{third['case_id']}/duplicate", of=second["case_id"])
    for case, of in ((second, second), (first, second), (first, third), (first, {"case_id": MISSING})):
        refused = await intake.post(f"/cases/{case['case_id']}/duplicate", of=of["case_id"])
        assert (refused.status_code, refused.json()["reason"]) == (
            409,
            "There is no such other case, or it is marked as a duplicate of this one.",
        )
    assert (await intake.done(f"{at}/duplicate/undoing"))["duplicate_of"] is None
    assert await intake.names(second["case_id"]) == ["first-contact-registered", "case-marked-duplicate", "case-unmarked-duplicate"]


async def test_a_corrected_hindrance_routes_the_case_by_itself(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    routed = await intake.done(f"/cases/{case['case_id']}/hindrance", "2026-01-20", code="sick_without_sgi")
    assert (await correct(intake, case, "support-hindrance-coded", replacement={"fields": {"code": "parental"}})).status_code == 200
    after = (await intake.staff.get(f"/intake/cases/{case['case_id']}")).json()
    assert after["passage"]["role"] != routed["passage"]["role"]
    assert (await intake.names(case["case_id"]))[-3:] == ["support-hindrance-coded", "event-corrected", "case-routed"]
    await agrees(intake, case)


async def test_of_marks_that_would_close_a_circle_one_is_refused(intake: Intake) -> None:
    for _ in range(5):
        a, b, c, d = [(await intake.done("/cases", "2026-01-05", **CONTACT | {"person_ref": None}))["case_id"] for _ in range(4)]
        for case, of in ((b, c), (d, a)):
            await intake.done(f"/cases/{case}/duplicate", of=of)
        marks = [intake.post(f"/cases/{case}/duplicate", of=of) for case, of in ((a, b), (c, d))]
        assert sorted(answer.status_code for answer in await asyncio.gather(*marks)) == [200, 409]
