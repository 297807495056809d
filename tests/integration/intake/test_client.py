"""The Python client against the running service: a family's way, built with nothing but the client."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

import sluss_client
from sluss_client import Case, IntakeClient, Refusal, answers
from sluss_client.connection import Connection
from tests.integration.intake.conftest import Intake

HOUSEHOLD = UUID("5d7c2f1a-8e4b-4f6d-a1c3-2b9e8d7f6a5c")
ANNA, BERTIL = UUID(int=1), UUID(int=2)
APPLIED = {"kind": "new", "channel": "e_service", "period_from": date(2026, 1, 1), "period_to": date(2026, 1, 31)}


AT = datetime(2026, 1, 7, 9, tzinfo=UTC)


class Flaky(httpx.AsyncBaseTransport):
    """A network that loses the answer to every second request that it carried."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.carried, self.lost = inner, 0, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        self.carried += 1
        if self.carried % 2:
            self.lost += 1
            raise httpx.ReadError("lost on the way back")
        return answer


@pytest.fixture
async def client(intake: Intake) -> AsyncIterator[IntakeClient]:
    async with client_of(intake) as client:
        yield client


def operations_in(client: type[Connection]) -> list[str]:
    """The methods of a client, also those that every client has."""
    return [name for name in dir(client) if name.islower() and not name.startswith("_")]


def client_of(intake: Intake, transport: httpx.AsyncBaseTransport | None = None, role: str = "intake-staff") -> IntakeClient:
    token = intake.clients[role].headers["authorization"].removeprefix("Bearer ")
    return IntakeClient("http://intake.test", lambda: token, transport=transport or httpx.ASGITransport(app=intake.app))


async def test_two_adults_of_a_family_go_from_contact_to_plan_and_assignment(client: IntakeClient) -> None:
    for person, ref in ((ANNA, "F-1/A"), (BERTIL, "F-1/B")):
        contact = {"happened": date(2026, 1, 5), "channel": "phone", "person_ref": person, "household_ref": HOUSEHOLD}
        await client.register_contact(**contact, source_system="case_system", source_ref=ref)
    adults = [{"person_ref": ANNA, "role": "applicant", "hindrance": "unemployed"}]
    adults.append({"person_ref": BERTIL, "role": "co_applicant", "hindrance": "language"})
    family = await client.apply_together(HOUSEHOLD, happened=date(2026, 1, 6), adults=adults, **APPLIED)
    assert [(each.role, each.case.person_ref) for each in family.members] == [("applicant", ANNA), ("co_applicant", BERTIL)]
    anna, bertil = [await through_to_the_plan(client, each.case) for each in family.members]
    [assigned] = anna.passage.assignments
    assert (assigned.mode, assigned.answer, bertil.passage.assignments) == ("direct", None, [])
    anna = await client.answer_assignment(anna, assigned.assignment_ref, happened=date(2026, 2, 1), answer="accepted")
    anna = await client.check_pes(anna, happened=date(2026, 1, 20), result="registered", registered_since=date(2025, 11, 1))
    bertil = await client.issue_assignment(bertil, happened=date(2026, 1, 30), mode="planned", insats_kind="sfi", basis="sol_12_4")
    assert (anna.passage.unit, bertil.passage.unit) == ("jobbaktiv", "bidragsgruppen")
    assert [each.case_id async for each in client.cases(household_ref=HOUSEHOLD)] == [anna.case_id, bertil.case_id]
    assert [each.case for each in (await client.household(HOUSEHOLD)).members] == [anna, bertil]
    assert await client.case_known_as("case_system", "F-1/A") == await client.case(anna.case_id)
    assert await client.case_known_as("case_system", "F-2") is None
    assert {(task.case_id, task.reason) async for task in client.worklist()} == {
        (anna.case_id, "follow_up"),
        (bertil.case_id, "follow_up"),
        (bertil.case_id, "assignment_unanswered"),
    }
    told = [change async for change in client.changes()]
    for case in (anna, bertil):
        versions = [change.version for change in told if change.case_id == case.case_id]
        assert versions == sorted(versions)
        assert sum(len(change.facts) for change in told if change.case_id == case.case_id) == versions[-1] == case.version
    assert (await client.codes())["support_hindrance"].codes[0].names["sv"] == "Arbetslös"


async def through_to_the_plan(client: IntakeClient, case: Case) -> Case:
    """From the application by completion, assessment and decision to a plan that is followed up; the worklist moves on the way."""
    application, adult = case.applications[0].application_ref, case.case_id

    async def waits_for() -> set[str]:
        return {task.reason async for task in client.worklist() if task.case_id == adult} - {"pes_check", "assignment_unanswered"}

    case = await client.request_completion(case, application, happened=date(2026, 1, 7), due_on=date(2026, 1, 19))
    assert await waits_for() == {"completion_awaited"}
    case = await client.complete_application(case, application, happened=date(2026, 1, 12))
    assert await waits_for() == {"assessment_to_start"}
    case = await client.start_assessment(case, application, happened=date(2026, 1, 13), kind="application")
    case = await client.complete_assessment(case, application, happened=date(2026, 1, 19), kind="application")
    assert await waits_for() == {"decision_to_make"}
    period = {"support_from": date(2026, 2, 1), "support_to": date(2026, 2, 28)}
    at = datetime.fromisoformat("2026-01-20T09:30:00+01:00")
    case = await client.make_decision(case, application, happened=at, outcome="granted", decided_by_role="social_worker", **period)
    assert case.applications[0].decision is not None
    assert case.applications[0].ended is not None
    assert case.applications[0].ended.at == at
    assert await waits_for() == {"plan_missing"}
    case = await client.attend_intro_days(case, happened=date(2026, 1, 21))
    case = await client.hold_planning_meeting(case, happened=date(2026, 1, 22))
    case = await client.agree_plan(case, happened=date(2026, 1, 23), next_follow_up_on=date(2026, 2, 23))
    assert await waits_for() == {"follow_up"}
    return await client.hold_follow_up(case, happened=date(2026, 1, 30), next_follow_up_on=date(2026, 3, 2))


async def test_the_other_steps_of_a_case(client: IntakeClient) -> None:
    case = await client.receive_application(person_ref=ANNA, happened=date(2026, 1, 6), **APPLIED)
    application = case.applications[0].application_ref
    case = await client.code_hindrance(case, happened=date(2026, 1, 7), code="parental")
    found = {"kind": "af_programme", "started_on": date(2025, 12, 1), "provider_role": "employment_service"}
    case = await client.observe_insats(case, **found, planned_hours_per_week=30)
    case = await client.assign_case(case, happened=date(2026, 1, 8), unit="vuxteamet", role="social_worker")
    case = await client.agree_plan(case, happened=date(2026, 1, 9), next_follow_up_on=date(2026, 2, 9))
    case = await client.issue_assignment(case, happened=date(2026, 1, 9), mode="planned", insats_kind="work_training", basis="sol_12_4")
    case = await client.expire_plan(case, happened=date(2026, 1, 10))
    case = await client.withdraw_application(case, application, happened=date(2026, 1, 11))
    case = await client.close_case(case, happened=date(2026, 1, 12), reason="withdrawn")
    assert case.may("reopen_case")
    assert not case.may("close_case")
    assert case.next[0].names == {"sv": "Återöppna ärendet", "en": "Reopen the case"}
    case = await client.reopen_case(case, happened=date(2026, 1, 13))
    told = {each.fact: each.event_id for each in await client.facts(case.case_id)}
    case = await client.correct(case, told["support-hindrance-coded"], happened=date(2026, 1, 8), fields={"code": "social"})
    case = await client.correct(case, told["insats-observed"])
    assert (case.passage.hindrance, case.passage.observed_insatser) == ("social", 0)
    assert case.status == "open"
    again = await client.register_contact(happened=date(2026, 1, 13), channel="visit")
    again = await client.mark_duplicate(again, of=case.case_id)
    assert (again.duplicate_of, again.may("unmark_duplicate")) == (case.case_id, True)
    assert (await client.unmark_duplicate(again)).duplicate_of is None


async def test_a_manager_keeps_the_workers_and_reads_the_caseload(intake: Intake, client: IntakeClient) -> None:
    case = await client.receive_application(person_ref=ANNA, happened=date(2026, 1, 20), **APPLIED)
    async with client_of(intake, role="intake-manager") as manager:
        worker = await manager.register_worker(BERTIL, unit="basgruppen", experience="new")
        assert (await client.hand_over(case.case_id, worker.worker_ref)).worker_ref == worker.worker_ref
        shown = await manager.caseload()
        assert [(each.unit, each.cases, each.workers) for each in shown.units] == [("basgruppen", 1, 1)]
        await manager.remove_worker(worker.worker_ref)
        assert (await client.hand_over(case.case_id, None, case_type="rent_guarantee")).counts_in_caseload is False
        assert (await manager.caseload()).total.not_counted == {"rent_guarantee": 1}
    assert [(each.arrivals, each.not_counted) for each in (await client.arrivals(weeks=1)).weeks] == [(0, 1), (0, 0)]


async def test_a_batch_is_delivered_with_days_and_references_as_they_are(client: IntakeClient) -> None:
    items = [
        {"key": "1", "step": "contact", "case": {"source_ref": "A-1"}, "body": {"happened": {"on": date(2026, 1, 5)}, "channel": "phone"}},
        {"key": "2", "step": "application", "case": {"source_ref": "A-1"}, "body": {"happened": {"on": date(2026, 1, 6)}, **APPLIED}},
        {"key": "3", "step": "completion", "case": {"source_ref": "A-1"}, "application": {"key": "2"}, "body": {"happened": {"on": AT}}},
    ]
    with pytest.raises(Refusal, match="request_invalid"):
        await client.import_batch("case_system", items)
    items[2]["body"] = {"happened": {"at": AT}}
    contact, application, completion = await client.import_batch("case_system", items)
    assert (contact.outcome, application.outcome, completion.outcome) == ("done", "done", "refused")
    assert completion.problem is not None
    assert (completion.problem.pointer, completion.problem.reason) == ("/items/2", "No completion is awaited for this application.")
    known = await client.case_known_as("case_system", "A-1")
    assert known is not None
    assert (known.case_id, known.applications[0].application_ref) == (contact.case_id, application.application_ref)
    assert [each.outcome for each in await client.import_batch("case_system", items)] == ["again", "again", "refused"]


async def test_what_is_refused_says_why_and_what_is_allowed(client: IntakeClient) -> None:
    case = await client.receive_application(person_ref=ANNA, happened=date(2026, 1, 6), **APPLIED)
    with pytest.raises(Refusal) as refused:
        await client.complete_application(case, case.applications[0].application_ref, happened=date(2026, 1, 7))
    assert (refused.value.status, refused.value.code) == (409, "step_not_allowed")
    assert refused.value.reason == "No completion is awaited for this application."
    assert [step.step for step in refused.value.next] == [step.step for step in case.next]
    with pytest.raises(Refusal) as invalid:
        await client.close_case(case, happened=date(2026, 1, 7), reason="bored")
    assert (invalid.value.code, invalid.value.errors[0]["pointer"]) == ("request_invalid", "/reason")
    await client.agree_plan(case, happened=date(2026, 1, 9), next_follow_up_on=date(2026, 2, 9))
    with pytest.raises(Refusal) as stale:
        await client.close_case(case, happened=date(2026, 1, 12), reason="moved")
    assert (stale.value.status, stale.value.code) == (412, "version_mismatch")


async def test_a_request_whose_answer_is_lost_has_one_effect(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sluss_client.connection, "LONGEST_PAUSE_S", 0.01)
    flaky = Flaky(httpx.ASGITransport(app=intake.app))
    async with client_of(intake, flaky) as client:
        for person in (ANNA, BERTIL):
            await client.receive_application(person_ref=person, happened=date(2026, 1, 6), **APPLIED)
    assert (flaky.carried, flaky.lost) == (4, 2)
    assert (await intake.counts())[0] == 2
    assert await intake.db.fetchval("SELECT count(*) FROM outbox WHERE type LIKE '%application-received%'") == 2


async def test_changes_are_followed_as_they_happen(intake: Intake, client: IntakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.changes.POLL_S", 0.02)
    followed = client.follow_changes(at_a_time_s=1)
    case = await client.receive_application(person_ref=ANNA, happened=date(2026, 1, 6), **APPLIED)
    assert (await asyncio.wait_for(anext(followed), 10)).version == case.version
    case = await client.close_case(case, happened=date(2026, 1, 7), reason="moved")
    assert (await asyncio.wait_for(anext(followed), 10)).version == case.version
    await followed.aclose()


async def test_every_operation_and_every_field_of_an_answer_is_in_the_client(intake: Intake) -> None:
    described = (await intake.staff.get("/intake/openapi.json")).json()
    said: set[str] = set()

    async def note(request: httpx.Request) -> httpx.Response:
        said.add(request.method)
        return httpx.Response(500)

    operations = {
        (method, path)
        for path, item in described["paths"].items()
        for method in item
        if not path.startswith(("/intake/outbox", "/intake/clock", "/intake/persons"))
    }
    methods = operations_in(IntakeClient)
    assert len(operations) == len(methods), "receive_application is two operations, and two methods read cases"
    shown = {
        **{"Case": "CaseShown", "Application": "ApplicationShown", "Passage": "PassageShown", "Plan": "PlanShown", "Route": "RouteShown"},
        **{"Assignment": "AssignmentShown", "Step": "StepShown", "Task": "TaskShown", "Change": "ChangeShown", "CodeSet": "CodeSetShown"},
        **{"Moment": "MomentShown", "Decision": "DecisionShown", "Closing": "ClosingShown", "Code": "CodeShown", "Fact": "FactShown"},
        **{"Worker": "WorkerShown", "Handling": "HandlingShown", "Load": "LoadShown", "Bucket": "BucketShown", "UnitLoad": "UnitLoadShown"},
        **{"Caseload": "CaseloadShown", "Week": "WeekShown", "LittlesLaw": "LittlesLawShown", "Arrivals": "ArrivalsShown"},
        **{"Household": "HouseholdShown", "Member": "MemberShown"},
        **{"ImportedItem": "ItemShown", "ItemProblem": "ItemProblem"},
    }
    for ours, theirs in shown.items():
        fields = set(described["components"]["schemas"][theirs]["properties"])
        assert set(getattr(answers, ours).model_fields) == fields, ours


def test_a_younger_service_is_understood() -> None:
    moment: dict[str, Any] = {"on": "2026-01-05", "certainty": "high"}
    assert answers.Moment.model_validate(moment) == answers.Moment(on=date(2026, 1, 5))
    assert Case.model_config["extra"] == "ignore"
