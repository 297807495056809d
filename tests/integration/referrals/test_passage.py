"""A referral from the draft to the outcome, over the API: who may do what, what is told, and what each side sees."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.codes import AssignmentBasis, AssignmentMode, CloseReason, ReopenReason
from contracts.intake import CaseClosedV1, CaseReopenedV1, EventCorrectedV1
from services.referrals.handlers.cases import fire
from services.referrals.translate import as_stored_now, fold
from shared.context import begin
from tests.integration.referrals.conftest import CONTACT, DRAFT, PROTECTED, SENDING, Referrals, assignment


def steps(case: dict[str, object]) -> set[str]:
    """The steps that an answer offers."""
    offered = case["next"]
    assert isinstance(offered, list)
    return {each["step"] for each in offered}


async def test_from_the_draft_to_the_outcome(referrals: Referrals) -> None:
    case_id = await referrals.case()
    draft = await referrals.done(f"/cases/{case_id}/referrals", "2026-03-02", **DRAFT)
    assert steps(draft) == {"draft", "send", "discard", "hold", "enter_in_error"}
    referral = f"/cases/{case_id}/referrals/{draft['referral_id']}"
    assert (await referrals.clients["jobbcentrum"].get(f"/referrals/cases/{case_id}")).status_code == 404, "a draft is nobody else's"
    sent = await referrals.done(f"{referral}/sending", "2026-03-02", **SENDING)
    assert sent["referrals"][0]["reply_due_on"] == "2026-03-16"
    seen = await referrals.get(f"/cases/{case_id}", "jobbcentrum")
    assert {"receive", "accept", "decline", "start"} <= steps(seen)
    assert steps(seen).isdisjoint({"recall", "withdraw", "send", "draft"})
    acts: list[tuple[str, str, str, dict[str, Any]]] = [
        ("receipt", "2026-03-03", "jobbcentrum", {}),
        ("question", "2026-03-03", "jobbcentrum", {"asked_of": "sender", "due_on": "2026-03-06"}),
        ("information", "2026-03-04", "sender", {}),
        ("acceptance", "2026-03-05", "jobbcentrum", {"expected_start_on": "2026-03-16"}),
        ("booking", "2026-03-05", "jobbcentrum", {"starts_on": "2026-03-16"}),
        ("no-show", "2026-03-16", "jobbcentrum", {}),
        ("booking", "2026-03-16", "jobbcentrum", {"starts_on": "2026-03-18"}),
        ("start", "2026-03-18", "jobbcentrum", {"planned_end_on": "2026-06-15", "funding": "municipality"}),
        ("extension", "2026-05-04", "sender", {"planned_end_on": "2026-09-15"}),
        ("readiness", "2026-05-11", "jobbcentrum", {}),
        ("completion", "2026-05-29", "jobbcentrum", {"outcome": "work", "reason": "got_job", "attended": "yes"}),
    ]
    for path, on, by, body in acts:
        answer = await referrals.done(f"{referral}/{path}", on, by, **body)
    assert (answer["referrals"][0]["state"], answer["referrals"][0]["no_shows"]) == ("completed", 1)
    assert steps(answer) == {"report_deviation"}, "the recipient has nothing more to do but to tell of what was seen before the end"
    assert answer["referrals"][0]["funding"] == "municipality"
    assert await referrals.names(case_id) == [
        "referral-drafted", "referral-sent", "referral-received", "referral-information-requested", "referral-information-supplied",
        "referral-accepted", "referral-scheduled", "referral-no-show", "referral-scheduled", "referral-started", "referral-extended",
        "ready-for-next-step", "referral-completed",
    ]  # fmt: skip
    told = await referrals.told(case_id)
    assert [each.sequence for each in told] == list(range(1, 14))
    started = told[9].data.model_dump(mode="json", exclude_none=True)
    assert started | {"referral_id": None} == {
        "referral_id": None, "kind": "insats", "insats_kind": "work_training", "planned_end_on": "2026-06-15", "planned_hours_per_week": 30,
        "funding": "municipality",
    }  # fmt: skip
    extended = told[10].data.model_dump(mode="json")
    assert (extended["planned_hours_per_week"], extended["funding"]) == (30, "municipality"), "what holds from now on"
    stored = await referrals.db.fetchval("SELECT body FROM state WHERE stream = $1", case_id)
    assert fold(told) == as_stored_now(stored)


async def test_an_answer_by_telephone_is_written_down_by_the_sender_and_says_so(referrals: Referrals) -> None:
    case_id = await referrals.case()
    referral = await referrals.sent(case_id)
    await referrals.done(f"{referral}/acceptance", "2026-03-05")
    other = await referrals.sent(case_id, to_function="region_rehab")
    await referrals.done(f"{other}/decline", "2026-03-05", by="region", reason="language_requirement")
    recorded = [getattr(each.data, "recorded_by", None) for each in await referrals.told(case_id)]
    assert [each for each in recorded if each] == ["sender_on_behalf", "recipient"]
    assert "receive" not in await referrals.names(case_id), "an answer implies the earlier steps"


async def test_a_recipient_sees_what_was_sent_to_their_function_and_nothing_else(referrals: Referrals) -> None:
    case_id = await referrals.case()
    ours, others = await referrals.sent(case_id), await referrals.sent(case_id, to_function="region_rehab")
    seen = await referrals.get(f"/cases/{case_id}", "jobbcentrum")
    assert [each["to_function"] for each in seen["referrals"]] == ["jobbcentrum"]
    assert all(others.rpartition("/")[2] not in each["path"] for each in seen["next"])
    assert (await referrals.post(f"{others}/acceptance", "2026-03-05", "jobbcentrum")).status_code == 404
    assert (await referrals.post(f"/cases/{case_id}/referrals", "2026-03-05", "jobbcentrum", **DRAFT)).status_code == 409
    assert [each["to_function"] for each in (await referrals.get("/referrals", "jobbcentrum"))["referrals"]] == ["jobbcentrum"]
    assert {each["referral_id"] for each in (await referrals.get("/worklist", "region"))["tasks"]} == {others.rpartition("/")[2]}
    assert (await referrals.clients["jobbcentrum"].get("/referrals/conflicts")).status_code == 403
    assert (await referrals.clients["jobbcentrum"].get("/referrals/changes")).status_code == 403
    refused = await referrals.post(f"{ours}/recall", "2026-03-05", "jobbcentrum", reason="moved")
    assert refused.status_code == 409
    assert {each["step"] for each in refused.json()["next"]} == steps(seen)


@pytest.mark.parametrize("by", ["nobody", "operator"])
async def test_others_read_nothing(referrals: Referrals, by: str) -> None:
    case_id = await referrals.case()
    await referrals.sent(case_id)
    for path in (f"/cases/{case_id}", "/referrals", "/worklist", "/changes", "/conflicts", "/codes"):
        assert (await referrals.clients[by].get(f"/referrals{path}")).status_code == 403


async def test_a_case_nobody_told_of_is_not_there(referrals: Referrals) -> None:
    unknown = uuid4()
    assert (await referrals.clients["sender"].get(f"/referrals/cases/{unknown}")).status_code == 404
    assert (await referrals.post(f"/cases/{unknown}/referrals", "2026-03-02", **DRAFT)).status_code == 404


async def test_a_request_sent_twice_changes_things_once_and_an_old_version_is_refused(referrals: Referrals) -> None:
    case_id = await referrals.case()
    twice = [await referrals.post(f"/cases/{case_id}/referrals", "2026-03-02", key="the-same", **DRAFT) for _ in range(2)]
    assert [each.status_code for each in twice] == [201, 201]
    assert twice[0].json() == twice[1].json()
    assert await referrals.names(case_id) == ["referral-drafted"]
    referral = f"/cases/{case_id}/referrals/{twice[0].json()['referral_id']}"
    stale = await referrals.post(f"{referral}/sending", "2026-03-02", if_match='"0"', **SENDING)
    assert stale.status_code == 412
    assert (await referrals.post(f"{referral}/sending", "2026-03-02", if_match=twice[0].headers["ETag"], **SENDING)).is_success


async def test_a_declined_referral_is_followed_by_its_successor(referrals: Referrals) -> None:
    case_id = await referrals.case()
    first = await referrals.sent(case_id)
    await referrals.done(f"{first}/decline", "2026-03-05", reason="not_in_target_group", suggested_function="region_rehab")
    waiting = (await referrals.get("/worklist"))["tasks"]
    assert [each["reason"] for each in waiting] == ["successor_missing"]
    second = await referrals.drafted(case_id, "2026-03-06", to_function="region_rehab", successor_of=first.rpartition("/")[2])
    shown = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    assert [each["successor"] for each in shown] == [second.rpartition("/")[2], None]
    assert [each["reason"] for each in (await referrals.get("/worklist"))["tasks"]] == ["to_send"]


async def test_nobody_answers_so_they_are_reminded_and_it_is_escalated(referrals: Referrals) -> None:
    case_id = await referrals.case()
    referral = await referrals.sent(case_id, "2026-06-01")
    assert (await referrals.get(f"/cases/{case_id}"))["referrals"][0]["reply_due_on"] == "2026-06-15"
    await referrals.move_to("2026-06-15T12:00:00+02:00")
    assert await referrals.names(case_id) == ["referral-drafted", "referral-sent"]
    await referrals.move_to("2026-06-16T00:00:01+02:00")
    assert (await referrals.names(case_id))[2:] == ["referral-chased"]
    await referrals.move_to("2026-06-24T00:00:01+02:00")
    await referrals.move_to("2026-07-20T12:00:00+02:00")
    assert (await referrals.names(case_id))[2:] == ["referral-chased", "referral-escalated"]
    chased, escalated = (await referrals.told(case_id))[2:]
    assert [each.time.date().isoformat() for each in (chased, escalated)] == ["2026-06-16", "2026-06-24"], "Midsummer Eve is no working day"
    assert [getattr(each.data, "to_role", None) for each in (chased, escalated)] == ["recipient", "team_leader"]
    assert await referrals.state(referral) == "sent", "it never expires by itself"


async def test_nobody_is_reminded_in_a_closed_case(referrals: Referrals) -> None:
    case_id = await referrals.case()
    await referrals.sent(case_id, "2026-06-01")
    await referrals.hears(case_id, CaseClosedV1(reason=CloseReason.DECEASED))
    assert await referrals.db.fetch("SELECT FROM timer WHERE stream = $1", case_id) == []
    await referrals.move_to("2026-07-20T12:00:00+02:00")
    await fire(referrals.db, referrals.ours, case_id, begin(await referrals.clock.now(), "timer"))
    assert await referrals.names(case_id) == ["referral-drafted", "referral-sent"]
    await referrals.hears(case_id, CaseReopenedV1(reason=ReopenReason.CLOSED_IN_ERROR))
    await referrals.move_to("2026-07-20T12:00:01+02:00")
    assert (await referrals.names(case_id))[2:] == ["referral-chased"]


async def test_a_direct_assignment_is_drafted_and_consulted_on_first(referrals: Referrals) -> None:
    case_id = await referrals.case()
    issued = assignment(basis=AssignmentBasis.SOL_12_4)
    await referrals.hears(case_id, issued)
    await referrals.hears(case_id, assignment(AssignmentMode.PLANNED))
    [drafted] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    assert (drafted["to_function"], drafted["assignment_ref"], drafted["state"]) == ("jobbcentrum", str(issued.assignment_ref), "draft")
    referral = f"/cases/{case_id}/referrals/{drafted['referral_id']}"
    refused = await referrals.post(f"{referral}/sending", "2026-03-02", **SENDING)
    assert "SoL 12 kap. 4 §" in refused.json()["reason"]
    assert (await referrals.post(f"{referral}/sending", "2026-03-02", **SENDING, not_consulted_because="urgent")).is_success
    assert await referrals.db.fetchval("SELECT reason FROM override WHERE step = 'send'") == "urgent"


async def test_an_assignment_that_is_taken_back_takes_its_draft_along_and_what_was_sent_a_human_looks_at(referrals: Referrals) -> None:
    for sent in (False, True):
        case_id = await referrals.case()
        event_id = await referrals.hears(case_id, assignment())
        [drafted] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
        referral = f"/cases/{case_id}/referrals/{drafted['referral_id']}"
        if sent:
            await referrals.done(f"{referral}/sending", "2026-03-02", **SENDING)
        await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=event_id, entered_in_error=True))
        assert await referrals.state(referral) == ("sent" if sent else "discarded")
    [conflict] = (await referrals.get("/conflicts"))["conflicts"]
    assert (conflict["case_id"], conflict["step"], conflict["by_actor"]) == (str(case_id), "recall", "rule")
    assert (await referrals.post(f"/conflicts/{conflict['id']}/settlement")).status_code == 204
    assert (await referrals.get("/conflicts"))["conflicts"] == []


async def test_what_was_entered_in_error_is_corrected_event_by_event(referrals: Referrals) -> None:
    case_id = await referrals.case()
    wrong, right = await referrals.sent(case_id), await referrals.sent(case_id, to_function="region_rehab")
    await referrals.done(f"{wrong}/start", "2026-03-09")
    before = await referrals.told(case_id)
    assert (await referrals.post(f"{wrong}/error", "2026-03-10", "jobbcentrum")).status_code == 409
    await referrals.done(f"{wrong}/error", "2026-03-10")
    [theirs] = (await referrals.get(f"/cases/{case_id}", "jobbcentrum"))["referrals"]
    assert (theirs["state"], theirs["started"]) == ("entered_in_error", None), "both sides can read it"
    ending = {"outcome": "work", "attended": "yes"}
    assert (await referrals.post(f"{wrong}/completion", "2026-03-12", "jobbcentrum", **ending)).status_code == 409
    assert [each["step"] for each in (await referrals.get("/conflicts"))["conflicts"]] == ["complete"]
    corrections = (await referrals.told(case_id))[len(before) :]
    of_it = [each.id for each in before if str(getattr(each.data, "referral_id", "")) in wrong]
    assert [getattr(each.data, "corrects_event_id", None) for each in corrections] == of_it
    assert (len(of_it), await referrals.state(wrong), await referrals.state(right)) == (3, "entered_in_error", "sent")
    stored = await referrals.db.fetchrow("SELECT version, body FROM state WHERE stream = $1", case_id)
    assert stored is not None
    assert (stored["version"], fold(await referrals.told(case_id))) == (8, as_stored_now(stored["body"]))
    again = await referrals.sent(case_id)
    assert await referrals.state(again) == "sent"


async def test_in_a_closed_case_nothing_is_sent_and_what_is_open_is_on_the_worklist(referrals: Referrals) -> None:
    case_id = await referrals.case()
    referral, draft = await referrals.sent(case_id), await referrals.drafted(case_id)
    closed = await referrals.hears(case_id, CaseClosedV1(reason=CloseReason.MOVED))
    assert (await referrals.post(f"{draft}/sending", "2026-03-02", **SENDING)).status_code == 409
    assert (await referrals.post(f"/cases/{case_id}/referrals", "2026-03-02", **DRAFT)).status_code == 409
    waiting = Counter(each["reason"] for each in (await referrals.get("/worklist"))["tasks"])
    assert waiting["case_closed"] == 2
    assert (await referrals.post(f"{referral}/start", "2026-03-09")).is_success, "what began elsewhere is true, also when intake closed"
    await referrals.hears(case_id, assignment())
    assert [each["step"] for each in (await referrals.get("/conflicts"))["conflicts"]] == ["draft"]
    await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=closed, entered_in_error=True))
    assert (await referrals.post(f"{draft}/sending", "2026-03-02", **SENDING)).is_success
    await referrals.hears(case_id, CaseClosedV1(reason=CloseReason.MOVED))
    await referrals.hears(case_id, CaseReopenedV1(reason=ReopenReason.CLOSED_IN_ERROR))
    assert not (await referrals.get(f"/cases/{case_id}"))["case_closed"]


async def test_of_somebody_protected_nobody_learns_who_may_not_see_and_no_event_tells_where(referrals: Referrals) -> None:
    case_id = await referrals.case()
    open_to_all = await referrals.sent(case_id)
    await referrals.hears(case_id, PROTECTED)
    hidden = await referrals.sent(case_id, to_function="region_rehab")
    await referrals.done(f"{hidden}/redirection", "2026-03-05", suggested_function="jobbcentrum")
    for by in ("assistant", "jobbcentrum", "region"):
        assert (await referrals.clients[by].get(f"/referrals/cases/{case_id}")).status_code == 404
        assert (await referrals.post(f"{open_to_all}/acceptance", "2026-03-05", by)).status_code == 404
        assert (await referrals.get("/referrals", by))["referrals"] == (await referrals.get("/worklist", by))["tasks"] == []
    assert (await referrals.get("/changes", "assistant"))["changes"] == []
    told = [each.data.model_dump(mode="json") for each in await referrals.told(case_id)]
    assert [each.get("to_function") for each in told if "to_function" in each] == ["jobbcentrum", None]
    assert told[-1].get("suggested_function") is None
    shown = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    assert [each["to_function"] for each in shown] == ["jobbcentrum", "region_rehab"]
    stored = await referrals.db.fetchval("SELECT body FROM state WHERE stream = $1", case_id)
    assert fold(await referrals.told(case_id)) == as_stored_now(stored)
    await referrals.done(f"{open_to_all}/withdrawal", "2026-03-05", reason="client_declined")
    await referrals.post(f"{open_to_all}/acceptance", "2026-03-06")
    assert len((await referrals.get("/conflicts"))["conflicts"]) == 1
    assert (await referrals.get("/conflicts", "assistant"))["conflicts"] == []


async def test_a_deviation_is_acknowledged_and_handled_by_the_role_it_was_reported_to(referrals: Referrals) -> None:
    case_id = await referrals.case()
    referral = await referrals.sent(case_id)
    await referrals.done(f"{referral}/start", "2026-03-09", planned_hours_per_week=20)
    seen = {"scope": "person", "kind": "absence", "observed_on": "2026-03-10", "to_role": "labour_market_secretary"}
    await referrals.done(f"{referral}/deviations", "2026-03-12", by="jobbcentrum", **seen)
    tasks = {each["reason"]: each for each in (await referrals.get("/worklist"))["tasks"]}
    assert tasks.keys() == {"deviation_to_acknowledge", "hours_below_plan"}
    assert tasks["deviation_to_acknowledge"]["to_role"] == "labour_market_secretary"
    deviation = f"{referral}/deviations/{tasks['deviation_to_acknowledge']['ref']}"
    for path, on in (("acknowledgement", "2026-03-13"), ("handling", "2026-03-16")):
        answer = await referrals.done(f"{deviation}/{path}", on)
    assert "deviation_to_handle" not in {each["reason"] for each in (await referrals.get("/worklist"))["tasks"]}
    assert answer["referrals"][0]["deviations"][0]["handled"] == {"at": None, "on": "2026-03-16"}
    assert (await referrals.names(case_id))[-3:] == ["deviation-reported", "deviation-acknowledged", "deviation-handled"]
    await referrals.done(f"{referral}/deviations", "2026-03-17", **seen | {"to_role": "recipient"})
    [theirs] = (await referrals.get("/worklist", "jobbcentrum"))["tasks"]
    assert (theirs["reason"], theirs["to_role"]) == ("deviation_to_acknowledge", "recipient")
    await referrals.done(f"{referral}/deviations/{theirs['ref']}/acknowledgement", "2026-03-18", by="jobbcentrum")


Crossed = tuple[str, str, dict[str, Any]]


async def crossing(referrals: Referrals, case_id: UUID, first: Crossed, second: Crossed) -> str:
    """Two acts on one referral at once; its state afterwards, as both sides read it."""
    referral = await referrals.sent(case_id)
    answers = await asyncio.gather(*(referrals.post(f"{referral}/{path}", "2026-03-05", by, **body) for by, path, body in (first, second)))
    assert {each.status_code for each in answers} <= {200, 409}
    assert any(each.is_success for each in answers)
    [theirs] = [
        str(each["state"])
        for each in (await referrals.get(f"/cases/{case_id}", "jobbcentrum"))["referrals"]
        if referral.endswith(each["referral_id"])
    ]
    assert theirs == await referrals.state(referral)
    return theirs


RECALL: Crossed = ("sender", "recall", {"reason": "moved"})
WITHDRAWAL: Crossed = ("sender", "withdrawal", {"reason": "consent_withdrawn"})
ACCEPTANCE: Crossed = ("jobbcentrum", "acceptance", {})
START: Crossed = ("jobbcentrum", "start", {})


@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.long)])
async def test_what_crosses_has_one_outcome_that_both_sides_read(referrals: Referrals, rounds: int) -> None:
    case_id, ended = await referrals.case(), Counter[tuple[str, str]]()
    for number in range(rounds):
        case_id = case_id if number % 5 else await referrals.case()  # so that none becomes long
        for one, other in ((RECALL, ACCEPTANCE), (WITHDRAWAL, START), (RECALL, START)):
            for pair in ((one, other), (other, one)):
                ended["-".join(sorted((one[1], other[1]))), await crossing(referrals, case_id, *pair)] += 1
    assert {pair for pair, _ in ended} == {"acceptance-recall", "start-withdrawal", "recall-start"}
    assert {state for _, state in ended} <= {"recalled", "accepted", "withdrawn", "in_progress"}
    came_second = {("acceptance-recall", "recalled"), ("start-withdrawal", "withdrawn"), ("start-withdrawal", "in_progress")}
    came_second |= {("recall-start", "recalled"), ("recall-start", "in_progress")}
    waiting = await referrals.db.fetchval("SELECT count(*) FROM conflict WHERE settled_at IS NULL")
    assert waiting == sum(times for each, times in ended.items() if each in came_second)


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=pytest.mark.long)])
async def test_an_assignment_that_is_taken_back_while_its_draft_is_sent_has_one_outcome(referrals: Referrals, rounds: int) -> None:
    ended = Counter[str]()
    for _ in range(rounds):
        case_id = await referrals.case()
        event_id = await referrals.hears(case_id, assignment())
        [drafted] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
        referral = f"/cases/{case_id}/referrals/{drafted['referral_id']}"
        reversed_ = referrals.hears(case_id, EventCorrectedV1(corrects_event_id=event_id, entered_in_error=True))
        answer, _ = await asyncio.gather(referrals.post(f"{referral}/sending", "2026-03-02", **SENDING), reversed_)
        ended[await referrals.state(referral)] += 1
        assert answer.status_code == (409 if await referrals.state(referral) == "discarded" else 200)
    assert ended.keys() <= {"discarded", "sent"}
    assert await referrals.db.fetchval("SELECT count(*) FROM conflict WHERE by_actor = 'rule'") == ended["sent"]


async def test_every_code_has_a_name_and_every_change_comes_once(referrals: Referrals) -> None:
    case_id = await referrals.case()
    await referrals.sent(case_id)
    changes = (await referrals.get("/changes"))["changes"]
    assert [each["facts"] for each in changes] == [["referral-drafted"], ["referral-sent"]]
    assert (await referrals.get("/changes", after=changes[-1]["place"]))["changes"] == []
    assert {each["set"] for each in (await referrals.get("/codes"))["sets"]} >= {"step", "state", "reason", "outcome"}


async def test_what_intake_tells_later_of_a_case_moves_nothing_here(referrals: Referrals) -> None:
    case_id = await referrals.case()
    await referrals.hears(case_id, CONTACT)
    assert (await referrals.get(f"/cases/{case_id}"))["referrals"] == []
