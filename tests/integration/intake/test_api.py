"""The API of intake: every operation, what it answers, and what it refuses."""

from datetime import datetime
from typing import Any

from fastapi.routing import APIRoute

from tests.integration.intake.conftest import APPLICATION, CONTACT, GRANTED, HOUSEHOLD, REJECTED, TOGETHER, Intake

MISSING = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"


async def test_every_operation_is_answered(intake: Intake) -> None:
    answered: list[tuple[str, str]] = []

    async def note(response: Any) -> None:
        if response.is_success:
            answered.append((response.request.method, response.request.url.path))

    for client in intake.clients.values():
        client.event_hooks = {"request": [], "response": [note]}
    case = await intake.done("/cases", "2026-01-05", **CONTACT)
    at = f"/cases/{case['case_id']}"
    first = (await intake.done(f"{at}/applications", "2026-01-05", **APPLICATION))["application_ref"]
    of_first = f"{at}/applications/{first}"
    await intake.done(f"{of_first}/completion-requests", "2026-01-07", due_on="2026-01-19")
    await intake.done(f"{of_first}/completion", "2026-01-12")
    await intake.done(f"{of_first}/assessment-start", "2026-01-13", kind="application")
    await intake.done(f"{of_first}/assessment-completion", "2026-01-19", kind="application")
    decided = await intake.done(f"{of_first}/decision", "2026-01-20", **GRANTED)
    assert decided["applications"][0]["stage"] == "decided"
    await intake.done(f"{at}/hindrance", "2026-01-20", code="language")
    await intake.done(f"{at}/hindrance", "2026-01-21", code="unemployed")
    await intake.done(f"{at}/pes-checks", "2026-01-21", result="not_registered")
    observed = {"kind": "af_programme", "started_on": "2025-12-15", "provider_role": "employment_service"}
    await intake.done(f"{at}/observed-insatser", **observed)
    await intake.done(f"{at}/responsibility", "2026-01-21", unit="vuxteamet", role="social_worker")
    await intake.done(f"{at}/introduction-days", "2026-01-21")
    await intake.done(f"{at}/planning-meetings", "2026-01-22")
    await intake.done(f"{at}/plan", "2026-01-22", next_follow_up_on="2026-02-19")
    await intake.done(f"{at}/plan/follow-ups", "2026-01-23", next_follow_up_on="2026-02-20")
    assigned = {"mode": "planned", "insats_kind": "work_training", "basis": "sol_12_1"}
    assignment = (await intake.done(f"{at}/assignments", "2026-01-23", **assigned))["passage"]["assignments"][0]["assignment_ref"]
    await intake.done(f"{at}/assignments/{assignment}/answer", "2026-01-24", answer="declined")
    await intake.done(f"{at}/plan/expiry", "2026-01-24")
    second = (await intake.done("/applications", "2026-01-25", **(APPLICATION | {"kind": "renewal"})))["application_ref"]
    await intake.done(f"{at}/applications/{second}/withdrawal", "2026-01-26")
    await intake.done(f"{at}/closing", "2026-01-27", reason="moved")
    await intake.done(f"{at}/reopening", "2026-01-28", reason="closed_in_error")
    manager, worker = intake.clients["intake-manager"], "/intake/workers/3f0c9a52-6b1d-4e8f-a7c4-0d2b5e9f8a61"
    assert (await manager.put(worker, json={"unit": "basgruppen", "experience": "new"})).status_code == 200
    assert (await intake.staff.put(f"/intake{at}/handling", json={"worker_ref": worker.rpartition("/")[2]})).status_code == 200
    assert (await manager.get("/intake/caseload")).status_code == 200
    assert (await manager.delete(worker)).status_code == 200
    wrong = (await intake.staff.get(f"/intake{at}/facts")).json()["facts"][-5]
    await intake.done(f"{at}/corrections", None, event_id=wrong["event_id"], entered_in_error=True)
    other = await intake.done("/cases", "2026-01-28", channel="phone", source_system="intake")
    await intake.done(f"{at}/duplicate", of=other["case_id"])
    await intake.done(f"{at}/duplicate/undoing")
    brought = [{"key": "K-1", "step": "contact", "body": {"happened": {"on": "2026-01-05"}, "channel": "phone"}}]
    await intake.done("/imports", None, source_system="case_system", items=brought)
    home = f"/households/{HOUSEHOLD}"
    await intake.done(
        f"{home}/applications",
        "2026-01-05",
        **TOGETHER | {"adults": [TOGETHER["adults"][0] | {"person_ref": MISSING}, TOGETHER["adults"][1]]},
    )
    for path in (at, home, "/cases", "/worklist", "/changes", "/changes/stream?for_s=0", "/codes", "/arrivals"):
        assert (await intake.staff.get(f"/intake{path}")).status_code == 200, path
    again = await intake.operator.post("/intake/outbox/republish", json={"topic": "intake-events", "stream": case["case_id"]})
    assert (again.status_code, again.json()) == (200, {"events": 30})
    assert (await intake.operator.get("/intake/clock")).status_code == 200
    await intake.move_to("2026-02-02T00:00:00+01:00")

    number = {"number": "198507012394"}
    person = (await intake.done("/persons", **number))["person_ref"]
    await intake.done("/persons:lookup", **number, purpose="handling")
    await intake.done(f"/persons/{person}/number", **number)
    await intake.done(f"/persons/{person}/protection", level="none", effective_on="2026-01-05")
    await intake.clients["partners"].post(f"/intake/persons/{person}/identity", json={"purpose": "handling"})
    await intake.operator.delete(f"/intake/persons/{person}/key")

    def template(path: str) -> str:
        for known, name in (
            (person, "{person_ref}"),
            (worker.rpartition("/")[2], "{worker_ref}"),
            (HOUSEHOLD, "{household_ref}"),
            (first, "{application_ref}"),
            (second, "{application_ref}"),
            (assignment, "{assignment_ref}"),
            (case["case_id"], "{case_id}"),
        ):
            path = path.replace(known, name)
        return path

    for client in intake.clients.values():
        client.event_hooks = {}
    operations = {
        (method.upper(), path) for path, item in (await intake.staff.get("/intake/openapi.json")).json()["paths"].items() for method in item
    }
    assert operations == {(method, template(path)) for method, path in answered if not path.endswith("openapi.json")}
    assert await intake.names(case["case_id"]) == [
        *("first-contact-registered", "application-received", "case-routed", "completion-requested", "application-completed"),
        *("assessment-started", "assessment-completed", "decision-made", "support-hindrance-coded", "support-hindrance-coded"),
        *("case-routed", "pes-checked", "insats-observed", "case-assigned", "intro-days-attended", "planning-meeting-held"),
        *("plan-agreed", "follow-up-held", "assignment-issued", "assignment-answered", "plan-expired", "case-routed"),
        *("application-received", "application-withdrawn", "case-closed", "case-reopened", "event-corrected"),
        *("case-routed", "case-marked-duplicate", "case-unmarked-duplicate"),
    ]


async def test_every_operation_has_an_example(intake: Intake) -> None:
    described = (await intake.staff.get("/intake/openapi.json")).json()
    schemas = described["components"]["schemas"]

    def has_example(content: dict[str, Any]) -> bool:
        if "content" not in content or "text/event-stream" in content["content"]:
            return True  # done and not shown, or a stream
        schema = content["content"]["application/json"]["schema"]
        return bool((schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema).get("examples"))

    for path, item in described["paths"].items():
        for operation in item.values():
            answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            for shown in (*filter(None, [operation.get("requestBody")]), *answers):
                assert has_example(shown), path
            assert operation["summary"]


async def test_the_examples_can_be_sent_as_they_are(intake: Intake) -> None:
    schemas = (await intake.staff.get("/intake/openapi.json")).json()["components"]["schemas"]

    async def send(path: str, model: str) -> dict[str, Any]:
        [example] = schemas[model]["examples"]
        return await intake.done(path, None, **example)

    case = await send("/cases", "Contact")
    at = f"/cases/{case['case_id']}"
    of_first = f"{at}/applications/{(await send(f'{at}/applications', 'Application'))['application_ref']}"
    for step, model in (
        ("completion-requests", "CompletionRequest"),
        ("completion", "Happened"),
        ("assessment-start", "Assessment"),
        ("assessment-completion", "Assessment"),
        ("decision", "Decision"),
    ):
        await send(f"{of_first}/{step}", model)
    for step, model in (
        ("hindrance", "Hindrance"),
        ("pes-checks", "PesCheck"),
        ("observed-insatser", "Observed"),
        ("responsibility", "Responsible"),
        ("plan", "FollowUp"),
        ("plan/follow-ups", "FollowUp"),
        ("introduction-days", "Happened"),
    ):
        await send(f"{at}/{step}", model)
    assignments = (await send(f"{at}/assignments", "Assigned"))["passage"]["assignments"]
    await send(f"{at}/assignments/{assignments[-1]['assignment_ref']}/answer", "Answered")
    [example] = schemas["Correction"]["examples"]
    [wrong] = [each for each in (await intake.staff.get(f"/intake{at}/facts")).json()["facts"] if each["fact"] == "support-hindrance-coded"]
    await intake.done(f"{at}/corrections", None, **example | {"event_id": wrong["event_id"]})
    [worker], [handling] = schemas["WorkerSent"]["examples"], schemas["HandlingSent"]["examples"]
    assert (await intake.clients["intake-manager"].put(f"/intake/workers/{MISSING}", json=worker)).status_code == 200
    assert (await intake.staff.put(f"/intake{at}/handling", json=handling)).status_code == 200
    await send(f"{at}/closing", "Closing")
    await send(f"{at}/reopening", "Reopening")
    await send(f"/households/{HOUSEHOLD}/applications", "JointApplication")
    assert {each["outcome"] for each in (await send("/imports", "Import"))["items"]} == {"done"}
    person = f"/persons/{(await send('/persons', 'Registration'))['person_ref']}"
    await send("/persons:lookup", "LookUp")
    await send(f"{person}/number", "NewNumber")
    await send(f"{person}/protection", "NewProtection")


async def test_an_answer_names_its_case_its_version_and_the_steps_allowed_now(intake: Intake) -> None:
    answer = await intake.post("/applications", "2026-01-05", **APPLICATION)
    case = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/intake/cases/{case['case_id']}"
    assert answer.headers["etag"] == '"2"'
    assert case["version"] == 2
    assert case["opened"] == {"at": None, "on": "2026-01-05"}
    paths = {each["step"]: each["path"] for each in case["next"]}
    assert paths["make_decision"] == f"/intake/cases/{case['case_id']}/applications/{case['application_ref']}/decision"
    assert paths["receive_application"] == f"/intake/cases/{case['case_id']}/applications"
    assert "complete_application" not in paths


async def test_every_next_step_is_an_operation_that_exists(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    of_first = f"/cases/{case['case_id']}/applications/{case['application_ref']}"
    await intake.done(f"{of_first}/completion-requests", "2026-01-07", due_on="2026-01-19")
    open_case = await intake.done(f"{of_first}/assessment-start", "2026-01-13", kind="mapping")
    await intake.done(f"/cases/{case['case_id']}/plan", "2026-01-20", next_follow_up_on="2026-02-20")
    assigned = {"mode": "planned", "insats_kind": "work_training", "basis": "sol_12_1"}
    planned = await intake.done(f"/cases/{case['case_id']}/assignments", "2026-01-23", **assigned)
    closed_case = await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-27", reason="moved")
    listed = [*open_case["next"], *planned["next"], *closed_case["next"]]
    assert {each["step"] for each in listed} == {
        *("register_contact", "receive_application", "close_case", "reopen_case", "request_completion", "complete_application"),
        *("start_assessment", "complete_assessment", "make_decision", "withdraw_application"),
        *("code_hindrance", "check_pes", "observe_insats", "assign_case", "attend_intro_days", "hold_planning_meeting"),
        *("agree_plan", "hold_follow_up", "expire_plan", "issue_assignment", "answer_assignment", "mark_duplicate"),
    }
    for each in listed:
        assert (await intake.post(each["path"].removeprefix("/intake"))).status_code == 422, each
    await intake.done(f"/cases/{case['case_id']}/duplicate", of=(await intake.done("/cases", "2026-01-28", **CONTACT))["case_id"])
    assert (await intake.post(f"/cases/{case['case_id']}/duplicate/undoing")).status_code == 200


async def test_an_illegal_step_is_answered_with_the_steps_allowed_now(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    of_first = f"/cases/{case['case_id']}/applications/{case['application_ref']}"
    before = await intake.counts()
    refused = await intake.post(f"{of_first}/completion", "2026-01-12")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:sluss:error:step_not_allowed"
    assert refused.json()["next"] == case["next"]
    assert refused.json()["reason"] == "No completion is awaited for this application."
    assert await intake.counts() == before


async def test_a_closed_case_shows_where_a_new_one_begins(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-20", reason="moved")
    refused = await intake.post(f"/cases/{case['case_id']}/applications", "2026-01-25", **APPLICATION)
    assert refused.status_code == 409
    assert [(each["step"], each["path"]) for each in refused.json()["next"]] == [
        ("reopen_case", f"/intake/cases/{case['case_id']}/reopening"),
        ("register_contact", "/intake/cases"),
        ("receive_application", "/intake/applications"),
        ("mark_duplicate", f"/intake/cases/{case['case_id']}/duplicate"),
    ]
    again = await intake.done("/applications", "2026-01-25", **APPLICATION)
    assert again["case_id"] != case["case_id"]
    assert again["person_ref"] == case["person_ref"]


async def test_an_older_version_is_not_built_on(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    path = f"/cases/{case['case_id']}/applications/{case['application_ref']}/completion-requests"
    first = await intake.post(path, "2026-01-07", due_on="2026-01-19", if_match='"2"')
    assert (first.status_code, first.headers["etag"]) == (200, '"3"')
    stale = await intake.post(path, "2026-01-08", due_on="2026-01-19", if_match='"2"')
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:sluss:error:version_mismatch")
    assert (await intake.staff.get(f"/intake/cases/{case['case_id']}")).headers["etag"] == '"3"'


async def test_what_has_not_happened_yet_is_refused(intake: Intake) -> None:
    for happened in ({"on": "2026-02-02"}, {"at": "2026-02-01T12:00:00+01:00"}):
        refused = await intake.post("/cases", happened=happened, **CONTACT)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:sluss:error:time_in_future")
    assert (await intake.counts())[1] == 0


async def test_a_moment_is_either_an_instant_or_a_day(intake: Intake) -> None:
    wrong: list[Any] = [
        None,
        {},
        {"at": "2026-01-05T09:30:00"},
        {"on": "2026-01-05T00:00:00+01:00"},
        {"on": "2026-01-05", "at": "2026-01-05T09:30:00+01:00"},
        {"on": "0001-01-01"},
    ]
    for happened in wrong:
        answer = await intake.post("/cases", happened=happened, **CONTACT)
        assert answer.status_code == 422, happened
        assert "2026" not in answer.text


async def test_a_case_that_is_not_there_is_not_found(intake: Intake) -> None:
    assert (await intake.staff.get(f"/intake/cases/{MISSING}")).status_code == 404
    assert (await intake.post(f"/cases/{MISSING}/closing", "2026-01-05", reason="moved")).status_code == 404
    assert (await intake.post(f"/cases/{MISSING}/applications", "2026-01-05", **APPLICATION)).status_code == 404
    case = await intake.done("/cases", "2026-01-05", **CONTACT)
    answer = await intake.post(f"/cases/{case['case_id']}/applications/{MISSING}/decision", "2026-01-06", **REJECTED)
    assert answer.status_code == 409


async def test_only_staff_may_do_anything_and_only_operators_send_again_and_move_the_clock(intake: Intake) -> None:
    assert (await intake.staff.post("/intake/outbox/republish", json={"topic": "intake-events"})).status_code == 403
    assert (await intake.operator.post("/intake/cases", json={}, headers={"Idempotency-Key": "k"})).status_code == 403
    assert (await intake.staff.get("/intake/clock")).status_code == 403
    for route in intake.app.routes:
        if isinstance(route, APIRoute):
            assert route.dependencies, route.path


async def test_a_post_without_a_key_is_refused(intake: Intake) -> None:
    answer = await intake.staff.post("/intake/cases", json={"happened": {"on": "2026-01-05"}, **CONTACT})
    assert answer.json()["type"] == "urn:sluss:error:idempotency_key_missing"


async def test_an_instant_and_a_day_are_told_as_they_were_typed(intake: Intake) -> None:
    case = await intake.done("/cases", happened={"at": "2026-01-05T09:30:00.250+01:00"}, **CONTACT)
    await intake.done(f"/cases/{case['case_id']}/applications", "2026-01-06", **APPLICATION)
    contact, application, _ = await intake.told(case["case_id"])
    assert (contact.time, contact.timeprecision) == (datetime.fromisoformat("2026-01-05T09:30:00.250+01:00"), "instant")
    assert (application.time.isoformat(), application.timeprecision) == ("2026-01-06T00:00:00+01:00", "day")
    assert (contact.sequence, application.sequence) == (1, 2)
    assert contact.source == "/municipality/0114/intake"


async def test_only_somebody_with_authority_decides_and_an_automated_decision_is_the_systems(intake: Intake) -> None:
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    path = f"/cases/{case['case_id']}/applications/{case['application_ref']}/decision"
    body = {"happened": {"on": "2026-01-20"}, **REJECTED}
    refused = await intake.clients["assistant"].post(f"/intake{path}", json=body, headers={"Idempotency-Key": "without-authority"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:sluss:error:role_missing")
    for wrong in ({"automated": True}, {"decided_by_role": "system"}):
        assert (await intake.post(path, "2026-01-20", **REJECTED | wrong)).status_code == 409
    automated = await intake.done(path, "2026-01-20", **REJECTED | {"automated": True, "decided_by_role": "system"})
    assert automated["applications"][0]["stage"] == "decided"
    assert (await intake.told(case["case_id"]))[-1].data.model_dump()["automated"] is True
