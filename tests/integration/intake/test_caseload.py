"""Who handles which case, and what is counted of it: memo S1's 564 cases, who may ask, and that nobody learns of one worker."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from services.intake.domain.case import Application, Case
from services.intake.domain.caseload import CaseType, Experience, Handling, Worker
from services.intake.domain.facts import CaseClosed, CaseRouted, CloseReason, DecisionMade, Outcome
from services.intake.domain.moments import day
from services.intake.domain.passage import Passage
from services.intake.store import caseload as store
from services.intake.store import cases
from services.intake.store.cases import Stored
from shared.postgres import Transaction, transaction
from tests.integration.intake.conftest import APPLICATION, CONTACT, Intake

UNIT = "basgruppen"
TEAM = [*((Experience.EXPERIENCED, load) for load in (84, 82, 80, 78)), *((Experience.NEW, load) for load in (44, 42, 40, 40, 38, 36))]
OLD, WEEK_BEFORE = date(2025, 3, 3), date(2026, 1, 20)  # the clock stands on Sunday 1 February 2026
ROUTED = Passage(routes=(CaseRouted(day(OLD), UNIT, "social_worker", "r1", 1, 1),))
PLACES = {"intake-staff": "/intake/arrivals", "intake-manager": "/intake/caseload"}


def a_case(opened: date = OLD, *applications: Application, closed: CloseReason | None = None, household: UUID | None = None) -> Case:
    closing = CaseClosed(day(opened + timedelta(days=3)), closed) if closed else None
    return Case(uuid4(), household, None, (day(opened),), applications, closing, passage=ROUTED)


def an_application(outcome: Outcome | None = None, on: date = WEEK_BEFORE + timedelta(days=1)) -> Application:
    ref = uuid4()
    decision = outcome and DecisionMade(day(on), ref, uuid4(), outcome, None, None, False, "social_worker")
    return Application(ref, "new", day(on), on, on, decision=decision)


def new_cases() -> Iterable[Case]:
    """Fifteen in one week (Upplands Väsby), two of them one household."""
    both = uuid4()
    yield from (a_case(WEEK_BEFORE, an_application(Outcome.GRANTED), household=both) for _ in range(2))
    yield from (a_case(WEEK_BEFORE, an_application(Outcome.PARTLY)), a_case(WEEK_BEFORE, an_application(Outcome.DISMISSED)))
    yield from (a_case(WEEK_BEFORE, an_application(Outcome.REJECTED), closed=CloseReason.REJECTED) for _ in range(3))
    yield from (a_case(WEEK_BEFORE, an_application()) for _ in range(4))
    yield from (a_case(WEEK_BEFORE), a_case(WEEK_BEFORE))
    yield a_case(WEEK_BEFORE, closed=CloseReason.NO_CONTACT)
    yield a_case(WEEK_BEFORE, an_application(), closed=CloseReason.MOVED)


async def keep(tx: Transaction, case: Case, handling: Handling | None = None) -> UUID:
    case_id = uuid7()
    await cases.save(tx, case_id, Stored(1, case))
    if handling:
        await store.save_handling(tx, case_id, handling)
    return case_id


async def read(intake: Intake, role: str, **asked: Any) -> dict[str, Any]:
    answer = await intake.clients[role].get(PLACES.get(role, "/intake/arrivals"), params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_564_cases_of_memo_s1_come_out_as_the_memo_says(intake: Intake) -> None:
    """564 cases, 11 workers of whom one is away: 56.4 if even (the memo: ca 57), 81 an experienced one and 40 a new one (ca 80, ca 40)."""
    arrived = list(new_cases())
    still_open = [each for each in arrived if not each.closing]
    older = [a_case(OLD, an_application(None, OLD)) for _ in range(564 - len(still_open))]
    workers = [Worker(uuid4(), UNIT, experience, False) for experience, _ in TEAM]
    handlings = [Handling(each.ref) for each, (_, load) in zip(workers, TEAM, strict=True) for _ in range(load)]
    async with transaction(intake.db) as tx:
        for worker in (*workers, Worker(uuid4(), UNIT, Experience.EXPERIENCED, True)):
            await store.save_worker(tx, worker)
        for case, handling in zip([*still_open, *older], handlings, strict=True):
            await keep(tx, case, handling)
        for case_type, n in ((CaseType.FUND_ADMINISTRATION, 7), (CaseType.ESTATE_NOTIFICATION, 3), (CaseType.RENT_GUARANTEE, 2)):
            for _ in range(n):
                await keep(tx, a_case(OLD, an_application(None, OLD)), Handling(workers[0].ref, case_type))
        await keep(tx, a_case(WEEK_BEFORE), Handling(None, CaseType.ESTATE_NOTIFICATION))
        for case in arrived:
            if case.closing:
                await keep(tx, case)
    shown = await read(intake, "intake-manager")
    whole = {"cases": 564, "adults": 564, "households": 563, "workers": 11, "away": 1, "even": 56.4}
    whole |= {"not_counted": {"fund_administration": 7, "estate_notification": 4, "rent_guarantee": 2}}
    assert shown["total"] == whole
    [unit] = shown["units"]
    assert unit == whole | {
        **{"unit": UNIT, "without_worker": 0, "gini": 0.19},
        "by_experience": [
            {"experience": "new", "workers": 6, "away": 0, "cases": 240, "each": 40},
            {"experience": "experienced", "workers": 5, "away": 1, "cases": 324, "each": 81},
        ],
    }
    flow = await read(intake, "assistant", weeks=2)
    assert [(each["week"], each["arrivals"], each["open_at_end"]) for each in flow["weeks"]] == [
        *(("2026-W03", 0, 554), ("2026-W04", 15, 564)),
        ("2026-W05", 0, 564),
    ]
    week = flow["weeks"][1]
    assert (week["adults"], week["households"], week["applied"], week["not_counted"]) == (15, 14, 12, 1)
    assert (week["first_day"], week["last_day"], week["is_complete"]) == ("2026-01-19", "2026-01-25", True)
    assert week["became"] == {
        **{"granted": 2, "partly": 1, "rejected": 3, "dismissed": 1, "withdrawn": 0, "never_applied": 1, "closed_otherwise": 1},
        **{"awaiting_application": 2, "awaiting_decision": 4},
    }
    assert week["closed_otherwise"] == {"moved": 1}
    law = flow["littles_law"]
    assert (law["arrivals_a_week"], law["mean_open"], law["closed"], law["mean_weeks"]) == (7.5, 559, 5, 0.43)
    assert (law["arrivals_times_weeks"], law["still_open"]) == (3.21, 564), "far apart: nearly nobody has left yet"


async def test_only_managers_see_the_caseload_and_keep_the_register(intake: Intake) -> None:
    worker = f"/intake/workers/{uuid4()}"
    for role in ("assistant", "intake-staff", "operator", "partners"):
        for answer in (
            await intake.clients[role].get("/intake/caseload"),
            await intake.clients[role].put(worker, json={"unit": UNIT, "experience": "new"}),
            await intake.clients[role].delete(worker),
        ):
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:sluss:error:role_missing"), role
    manager = intake.clients["intake-manager"]
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    for answer in (
        await manager.put(f"/intake/cases/{case['case_id']}/handling", json={}),
        await manager.get("/intake/arrivals"),
        await manager.get(f"/intake/cases/{case['case_id']}"),
    ):
        assert answer.status_code == 403, "the aggregates are all that a manager's role opens"
    for wrong in ("Anna Svensson", "annsve01", "198507012394"):
        assert (await manager.put(f"/intake/workers/{wrong}", json={"unit": UNIT, "experience": "new"})).status_code == 422
    for weeks in (0, 105):
        assert (await intake.staff.get("/intake/arrivals", params={"weeks": weeks})).status_code == 422


async def test_a_case_is_handed_over_and_nothing_is_told_of_it(intake: Intake) -> None:
    manager, workers = intake.clients["intake-manager"], [str(uuid4()) for _ in range(3)]
    case = await intake.done("/applications", "2026-01-05", **APPLICATION)
    at, told = f"/intake/cases/{case['case_id']}", await intake.names(case["case_id"])
    for worker in workers:
        assert (await manager.put(f"/intake/workers/{worker}", json={"unit": "jobbaktiv", "experience": "new"})).status_code == 200
    unknown = await intake.staff.put(f"{at}/handling", json={"worker_ref": str(uuid4())})
    assert (unknown.status_code, unknown.json()["type"]) == (409, "urn:sluss:error:worker_unknown")
    handed = await intake.staff.put(f"{at}/handling", json={"worker_ref": workers[0]})
    assert handed.json() == {
        **{"case_id": case["case_id"], "worker_ref": workers[0]},
        **{"case_type": "income_support", "counts_in_caseload": True},
    }
    assert [(each["unit"], each["cases"], each["without_worker"]) for each in (await read(intake, "intake-manager"))["units"]] == [
        ("jobbaktiv", 1, 0)
    ]
    await manager.put(f"/intake/workers/{workers[0]}", json={"unit": "vuxteamet", "experience": "experienced", "away": True})
    units = (await read(intake, "intake-manager"))["units"]
    assert [(each["unit"], each["cases"], each["workers"], each["away"]) for each in units] == [
        *(("jobbaktiv", 0, 2, 0), ("vuxteamet", 1, 1, 1))
    ]
    for _ in range(2):
        assert (await manager.delete(f"/intake/workers/{workers[0]}")).json() == {"worker_ref": workers[0]}
    total = (await read(intake, "intake-manager"))["total"]
    assert (total["cases"], total["workers"]) == (1, 2)
    assert not (await intake.staff.put(f"{at}/handling", json={"case_type": "rent_guarantee"})).json()["counts_in_caseload"]
    total = (await read(intake, "intake-manager"))["total"]
    assert (total["cases"], total["not_counted"]) == (0, {"rent_guarantee": 1})
    assert (await intake.staff.put(f"/intake/cases/{uuid4()}/handling", json={})).status_code == 404
    assert await intake.names(case["case_id"]) == told
    assert workers[0] not in (await intake.staff.get(at)).text


async def test_a_case_that_a_rule_has_closed_by_now_is_open_no_more_although_no_timer_told_it(intake: Intake) -> None:
    await intake.done("/cases", "2026-01-05", **CONTACT)
    assert (await read(intake, "intake-manager"))["total"]["cases"] == 1
    assert (await intake.operator.post("/intake/clock", json={"to": "2026-02-10T09:00:00+01:00"})).is_success
    assert (await read(intake, "intake-manager"))["total"]["cases"] == 0
    week = next(each for each in (await read(intake, "assistant"))["weeks"] if each["week"] == "2026-W02")
    assert (week["arrivals"], week["became"]["never_applied"]) == (1, 1)


async def test_cases_that_marks_join_are_counted_once_until_all_are_closed(intake: Intake) -> None:
    anonymous = {"person_ref": None}
    first, second = [await intake.done("/cases", "2026-01-20", **CONTACT | anonymous) for _ in range(2)]
    third = await intake.done("/applications", "2026-01-21", **APPLICATION | anonymous)
    fourth = await intake.done("/cases", "2026-01-22", **CONTACT | anonymous)

    async def counted() -> tuple[int, int, int]:
        weeks = (await read(intake, "assistant"))["weeks"]
        arrived = next(each for each in weeks if each["week"] == "2026-W04")["arrivals"]
        return (await read(intake, "intake-manager"))["total"]["cases"], arrived, weeks[-1]["open_at_end"]

    assert await counted() == (4, 4, 4)
    await intake.done(f"/cases/{second['case_id']}/duplicate", of=first["case_id"])
    assert await counted() == (3, 3, 3)
    await intake.done(f"/cases/{third['case_id']}/duplicate", of=second["case_id"])
    await intake.done(f"/cases/{fourth['case_id']}/duplicate", of=second["case_id"])
    assert await counted() == (1, 1, 1)
    week = next(each for each in (await read(intake, "assistant"))["weeks"] if each["week"] == "2026-W04")
    assert (week["applications"], week["by_e_service"]) == (1, 1), "whichever of the cases the application was told of"
    for case in (second, first, fourth):
        await intake.done(f"/cases/{case['case_id']}/closing", "2026-01-23", reason="moved")
        assert await counted() == (1, 1, 1), "one is open: of the chain, and beside two that are duplicates of a closed one"
    await intake.done(f"/cases/{third['case_id']}/closing", "2026-01-23", reason="moved")
    assert await counted() == (0, 1, 0)


async def test_a_case_closed_before_the_weeks_that_are_shown_still_leads_its_duplicates(intake: Intake) -> None:
    before, worker = date(2025, 10, 1), Worker(uuid4(), UNIT, Experience.NEW, False)
    async with transaction(intake.db) as tx:
        await store.save_worker(tx, worker)
        lead = await keep(tx, a_case(before, an_application(None, before), closed=CloseReason.MOVED), Handling(worker.ref))
        await keep(tx, replace(a_case(WEEK_BEFORE), duplicate_of=lead))
        other = await keep(tx, a_case(WEEK_BEFORE))
        await keep(tx, replace(a_case(before, closed=CloseReason.MOVED), duplicate_of=other))

    async def arrived(role: str, weeks: int) -> dict[str, int]:
        return {each["week"]: each["arrivals"] for each in (await read(intake, role, weeks=weeks))["weeks"] if each["arrivals"]}

    assert [await arrived("assistant", weeks) for weeks in (2, 30)] == [{}, {"2025-W40": 2}], "whichever of the two has the mark"
    shown = await read(intake, "intake-manager")
    assert [(each["unit"], each["cases"]) for each in shown["units"]] == [(UNIT, 2)]
    async with transaction(intake.db) as tx:
        await cases.save(tx, lead, Stored(2, replace((await cases.read(tx, lead)).case, protection="secrecy_marking")))
    assert [await arrived(role, 30) for role in ("assistant", "intake-staff")] == [{"2025-W40": 1, "2026-W04": 1}, {"2025-W40": 2}]
    shown = await read(intake, "intake-manager")
    assert [(each["unit"], each["cases"]) for each in shown["units"]] == [(UNIT, 1), (None, 1)], "nor does the other tell the unit"


async def test_somebody_protected_is_in_the_whole_and_under_no_unit_and_has_no_worker(intake: Intake) -> None:
    manager, worker = intake.clients["intake-manager"], str(uuid4())
    person_ref = (await intake.done("/persons", number="198507012394"))["person_ref"]
    case = await intake.done("/applications", "2026-01-20", **APPLICATION | {"person_ref": person_ref, "hindrance": "unemployed"})
    at = f"/intake/cases/{case['case_id']}/handling"
    await manager.put(f"/intake/workers/{worker}", json={"unit": "jobbaktiv", "experience": "new"})
    assert (await intake.clients["assistant"].put(at, json={"worker_ref": worker})).json()["worker_ref"] == worker
    assert (await read(intake, "assistant"))["weeks"][-2]["arrivals"] == 1
    await intake.done(f"/persons/{person_ref}/protection", level="secrecy_marking", effective_on="2026-01-21")
    assert await intake.db.fetchval("SELECT count(*) FROM handling WHERE worker_ref IS NOT NULL") == 0

    async def seen() -> list[tuple[str | None, int]]:
        shown = await read(intake, "intake-manager")
        assert shown["total"]["cases"] == 1
        return [(each["unit"], each["cases"]) for each in shown["units"]]

    assert await seen() == [("jobbaktiv", 0), (None, 1)]
    assert (await intake.clients["assistant"].put(at, json={})).status_code == 404
    assert (await intake.staff.put(at, json={"worker_ref": worker})).json()["worker_ref"] is None
    assert await seen() == [("jobbaktiv", 0), (None, 1)]
    assert [(await read(intake, role))["weeks"][-2]["arrivals"] for role in ("assistant", "intake-staff")] == [0, 1]


async def test_the_share_of_applications_by_e_service_follows_what_was_corrected(intake: Intake) -> None:
    first = await intake.done("/applications", "2026-01-20", **APPLICATION)
    await intake.done("/applications", "2026-01-21", **APPLICATION | {"kind": "renewal", "channel": "letter"})

    async def by_e_service() -> tuple[int, int, float]:
        week = (await read(intake, "assistant", weeks=1))["weeks"][0]
        return week["applications"], week["by_e_service"], week["share_by_e_service"]

    assert await by_e_service() == (2, 1, 0.5)
    facts = (await intake.staff.get(f"/intake/cases/{first['case_id']}/facts")).json()["facts"]
    at, letter = (
        f"/cases/{first['case_id']}/corrections",
        next(each["event_id"] for each in facts if each["fields"].get("kind") == "renewal"),
    )
    await intake.done(at, None, event_id=letter, replacement={"fields": {"channel": "e_service"}})
    assert await by_e_service() == (2, 2, 1)
    facts = (await intake.staff.get(f"/intake/cases/{first['case_id']}/facts")).json()["facts"]
    await intake.done(at, None, event_id=facts[-1]["event_id"], entered_in_error=True)
    assert await by_e_service() == (2, 1, 0.5)
