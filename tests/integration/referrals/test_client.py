"""The Python client against the running service: both sides of a referral, built with nothing but the client."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

import sluss_client
from deploy.local.record import StreetRecord
from sluss_client import IntakeClient, Referrals, ReferralsClient, Refusal, answers, referral_answers
from tests.integration.intake.test_client import Flaky, operations_in
from tests.integration.referrals.conftest import PROTECTED
from tests.integration.referrals.conftest import Referrals as Service
from tests.street import token

TRAINING: dict[str, Any] = {"kind": "insats", "insats_kind": "work_training", "to_function": "jobbcentrum", "planned_hours_per_week": 30}
SENT: dict[str, Any] = {"legal_basis": "osl_10_2", "reply_within_working_days": 10}
AT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
OF_OPERATORS = ("/referrals/outbox", "/referrals/clock", "/referrals/quarantine", "/referrals/topics", "/referrals/inbox")


def on(day: int, month: int = 3) -> date:
    return date(2026, month, day)


def client_of(service: Service, by: str, transport: httpx.AsyncBaseTransport | None = None) -> ReferralsClient:
    token = service.clients[by].headers["authorization"].removeprefix("Bearer ")
    return ReferralsClient("http://referrals.test", lambda: token, transport=transport or httpx.ASGITransport(app=service.app))


@pytest.fixture
async def sender(referrals: Service) -> AsyncIterator[ReferralsClient]:
    async with client_of(referrals, "sender") as client:
        yield client


@pytest.fixture
async def recipient(referrals: Service) -> AsyncIterator[ReferralsClient]:
    async with client_of(referrals, "jobbcentrum") as client:
        yield client


async def sent(sender: ReferralsClient, case_id: UUID, **said: Any) -> tuple[Referrals, UUID]:
    """A referral that was sent, in an answer to build on."""
    case = await sender.draft(case_id, happened=on(2), **TRAINING | said)
    assert case.referral_id is not None
    return await sender.send(case, case.referral_id, happened=on(2), **SENT), case.referral_id


async def test_both_sides_of_a_referral_from_the_draft_to_the_outcome(
    referrals: Service, sender: ReferralsClient, recipient: ReferralsClient
) -> None:
    case, referral = await sent(sender, await referrals.case())
    assert [task.reason async for task in recipient.worklist()] == ["to_answer"]
    theirs = await recipient.receive(await recipient.case(case.case_id), referral, happened=on(3))
    theirs = await recipient.ask(theirs, referral, happened=on(3), asked_of="sender", due_on=on(6))
    assert [task.reason async for task in sender.worklist(reason="information_awaited")] == ["information_awaited"]
    ours = await sender.supply(await sender.case(case.case_id), referral, happened=on(4))
    theirs = await recipient.waitlist(ours, referral, happened=on(5), reason="no_capacity", position=3)
    theirs = await recipient.accept(theirs, referral, happened=AT, expected_start_on=on(16))
    theirs = await recipient.schedule(theirs, referral, happened=on(6), starts_on=on(16))
    theirs = await recipient.no_show(theirs, referral, happened=on(16))
    theirs = await recipient.start(theirs, referral, happened=on(18), planned_end_on=on(1, 6), funding="municipality")
    theirs = await recipient.extend(theirs, referral, happened=on(20), planned_end_on=on(1, 9))
    theirs = await recipient.ready(theirs, referral, happened=on(23))
    seen = {"scope": "person", "kind": "absence", "observed_on": on(24), "to_role": "labour_market_secretary"}
    theirs = await recipient.report_deviation(theirs, referral, happened=on(25), **seen)
    [deviation] = theirs.referral(referral).deviations
    ours = await sender.acknowledge_deviation(theirs, referral, deviation.deviation_id, happened=on(26))
    ours = await sender.handle_deviation(ours, referral, deviation.deviation_id, happened=on(27))
    ours = await sender.hold(ours, referral, happened=on(28), reason="sick")
    ours = await sender.end_hold(ours, referral, happened=on(30))
    done = await recipient.complete(ours, referral, happened=on(31), outcome="work", attended="yes", reason="got_job")
    ended = done.referral(referral)
    assert (ended.state, ended.no_shows, ended.planned_end_on, ended.outcome) == ("completed", 1, on(1, 9), "work")
    assert ([each.step for each in done.next], ended.funding) == (["report_deviation"], "municipality")
    assert ended.answered is not None
    assert ended.answered.on == on(5)
    assert [(each.case_id, each.referral_id) async for each in sender.referrals(state="completed")] == [(case.case_id, referral)]
    assert [each async for each in sender.referrals(to_function="sfi")] == []
    told = [change async for change in sender.changes()]
    assert sum(len(change.facts) for change in told) == told[-1].version == (await sender.case(case.case_id)).version
    assert (await sender.codes())["state"].codes[0].names["sv"] == "Utkast"
    with pytest.raises(KeyError):
        done.referral(case.case_id)


async def test_the_other_ways_in_which_a_referral_ends(referrals: Service, sender: ReferralsClient) -> None:
    case_id = await referrals.case()
    case, referral = await sent(sender, case_id)
    case = await sender.chase(case, referral, happened=on(3), to_role="recipient")
    case = await sender.escalate(case, referral, happened=on(4), to_role="team_leader")
    case = await sender.accept(case, referral, happened=on(5))
    case = await sender.recall(case, referral, happened=on(6), reason="moved")
    assert (case.referral(referral).recall_requested, case.may("refuse_recall"), case.may("supply")) == (True, True, False)
    case = await sender.refuse_recall(case, referral, happened=on(6))
    case = await sender.recall(case, referral, happened=on(9), reason="moved")
    case = await sender.confirm_recall(case, referral, happened=on(10), reason="moved")
    ended = [case.referral(referral).state]
    endings: list[tuple[str, str, dict[str, Any]]] = [
        ("decline", "declined", {"reason": "language_requirement", "suggested_function": "sfi"}),
        ("redirect", "redirected", {"suggested_function": "rehab_coordinator"}),
        ("withdraw", "withdrawn", {"reason": "client_declined"}),
        ("recall", "recalled", {"reason": "moved"}),
    ]
    for method, state, said in endings:
        case, referral = await sent(sender, case_id)
        case = await getattr(sender, method)(case, referral, happened=on(5), **said)
        assert case.referral(referral).state == state
    case, referral = await sent(sender, case_id)
    case = await sender.cancel(await sender.accept(case, referral, happened=on(3)), referral, happened=on(5), reason="sick")
    ended.append(case.referral(referral).state)
    case, referral = await sent(sender, case_id)
    broken = {"outcome": "goal_not_reached", "reason": "insufficient_progress", "attended": "yes", "no_successor_because": "illness"}
    case = await sender.discontinue(await sender.start(case, referral, happened=on(3)), referral, happened=on(5), **broken)
    ended.append(case.referral(referral).state)
    case, referral = await sent(sender, case_id, kind="consultation", insats_kind=None, to_function="employment_service")
    ended.append((await sender.advise(case, referral, happened=on(5))).referral(referral).state)
    case = await sender.draft(case_id, happened=on(6), **TRAINING)
    assert case.referral_id is not None
    ended.append((await sender.discard(case, case.referral_id, happened=on(6))).referrals[-1].state)
    case, referral = await sent(sender, case_id)
    ended.append((await sender.enter_in_error(case, referral, happened=on(6))).referral(referral).state)
    assert ended == ["recalled", "cancelled", "discontinued", "advised", "discarded", "entered_in_error"]


async def test_a_programme_takes_who_fits_and_forecasts_the_others(referrals: Service, recipient: ReferralsClient) -> None:
    of: dict[str, Any] = {"to_function": "jobbcentrum", "insats_kind": "work_training", "target_group": "jobseekers"}
    programme = await recipient.register_programme(
        provider=UUID(int=7), opens_on=on(1), closes_on=on(1, 12), seats=1, grouping="one_at_a_time", **of
    )
    for month in (6, 7):
        programme = await recipient.plan_group(programme.programme_id, happened=on(1), starts_on=on(8, month), weeks=4, seats=1)
    async with client_of(referrals, "sender") as sender:
        for _ in range(2):
            case, referral = await sent(sender, await referrals.case())
            case = await recipient.waitlist(case, referral, happened=on(4), programme_id=programme.programme_id)
    assert (case.referral(referral).position, case.referral(referral).expected_start_on) == (2, on(8, 7))
    seen = await recipient.report_capacity(programme.programme_id, happened=on(5), status="waitlist")
    assert ([each.starts_on for each in seen.waiting_list], seen.blocked, seen.status) == ([on(8, 6), on(8, 7)], [], "waitlist")
    assert await recipient.programme(programme.programme_id) == seen
    assert [each.waiting async for each in recipient.programmes(to_function="jobbcentrum")] == [2]


async def test_what_is_refused_says_why_and_what_crossed_is_settled(
    referrals: Service, sender: ReferralsClient, recipient: ReferralsClient
) -> None:
    case, referral = await sent(sender, await referrals.case())
    stale = await recipient.case(case.case_id)
    case = await sender.recall(case, referral, happened=on(3), reason="moved")
    with pytest.raises(Refusal) as old:
        await recipient.accept(stale, referral, happened=on(4))
    assert (old.value.status, old.value.code) == (412, "version_mismatch")
    with pytest.raises(Refusal) as refused:
        await recipient.accept(await recipient.case(case.case_id), referral, happened=on(4))
    assert (refused.value.code, refused.value.reason) == ("step_not_allowed", "A referral in this state does not take this step.")
    [conflict] = [each async for each in sender.conflicts()]
    assert (conflict.case_id, conflict.referral_id, conflict.step, conflict.by_actor) == (case.case_id, referral, "accept", "recipient")
    await sender.settle_conflict(conflict.id)
    assert [each async for each in sender.conflicts()] == []
    with pytest.raises(Refusal, match="role_missing"):
        await anext(recipient.conflicts())
    with pytest.raises(Refusal, match="version_mismatch"):
        await sender.draft(case.case_id, happened=on(5), building_on=stale, **TRAINING)
    await referrals.hears(case.case_id, PROTECTED)
    async with client_of(referrals, "assistant") as assistant:
        with pytest.raises(Refusal, match="not_found"):
            await assistant.case(case.case_id)


async def test_a_request_whose_answer_is_lost_has_one_effect_and_changes_are_followed(
    referrals: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sluss_client.connection, "LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr("shared.changes.POLL_S", 0.02)
    case_id, flaky = await referrals.case(), Flaky(httpx.ASGITransport(app=referrals.app))
    async with client_of(referrals, "sender", flaky) as client:
        await sent(client, case_id)
    assert (flaky.carried, flaky.lost) == (4, 2)
    assert await referrals.names(case_id) == ["referral-drafted", "referral-sent"]
    async with client_of(referrals, "sender") as client:
        followed = client.follow_changes(at_a_time_s=1)
        assert [(await asyncio.wait_for(anext(followed), 10)).version for _ in range(2)] == [1, 2]
        await followed.aclose()


async def test_over_http_a_case_that_intake_opened_is_referred_and_answered(street: StreetRecord) -> None:
    """On the street itself: intake tells, referrals hears, and each side has a token of its own."""
    happened, roles = date(1990, 2, 1), ("referrals-recipient", "function-jobbcentrum")
    async with (
        IntakeClient(street.services["intake"].url, token(street, "intake-staff")) as intake,
        ReferralsClient(street.services["referrals"].url, token(street, "referrals-staff")) as sender,
        ReferralsClient(street.services["referrals"].url, token(street, *roles)) as recipient,
    ):
        opened = await intake.receive_application(happened=happened, period_from=happened, period_to=happened, kind="new", channel="phone")
        while (case := await drafted(sender, opened.case_id, happened)) is None:
            await asyncio.sleep(0.05)
        assert case.referral_id is not None
        case = await sender.send(case, case.referral_id, happened=happened, legal_basis="osl_10_2", reply_due_on=date(2090, 3, 1))
        theirs = await recipient.case(case.case_id)
        theirs = await recipient.decline(theirs, case.referrals[0].referral_id, happened=happened, reason="moved")
        assert theirs.referrals[0].state == "declined"
        assert (theirs.may("draft"), (await sender.case(case.case_id)).may("draft")) == (False, True), "each is offered what is theirs"


async def drafted(sender: ReferralsClient, case_id: UUID, happened: date) -> Referrals | None:
    """A draft in a case; None while intake's event has not been heard."""
    try:
        return await sender.draft(case_id, happened=happened, **TRAINING)
    except Refusal as refused:
        if refused.code == "not_found":
            return None
        raise


async def test_every_operation_and_every_field_of_an_answer_is_in_the_client(referrals: Service) -> None:
    described = (await referrals.clients["sender"].get("/referrals/openapi.json")).json()
    operations = {(method, path) for path, item in described["paths"].items() for method in item if not path.startswith(OF_OPERATORS)}
    assert len(operations) == len(operations_in(ReferralsClient))
    shown = {
        "Referral": "ReferralShown", "ListedReferral": "ListedReferral", "Referrals": "CaseShown", "Deviation": "DeviationShown",
        "ReferralTask": "TaskShown", "Conflict": "ConflictShown", "Step": "StepShown", "Moment": "MomentShown", "Change": "ChangeShown",
        "CodeSet": "CodeSetShown", "Programme": "ProgrammeShown", "WholeProgramme": "WholeProgrammeShown", "Group": "GroupShown",
        "InLine": "WaitingShown", "Blocked": "BlockedShown",
    }  # fmt: skip
    for ours, theirs in shown.items():
        fields = set(described["components"]["schemas"][theirs]["properties"])
        assert set(getattr(referral_answers, ours, getattr(answers, ours, None)).model_fields) == fields, ours
