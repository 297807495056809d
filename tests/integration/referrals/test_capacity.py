"""Places over the API: memos S0–S3 played through, what is told of a provider, and 50 who start and leave at once."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from contracts.referrals import CapacityReportedV1, GroupStartPlannedV1
from services.referrals.translate import as_stored_now, fold
from tests.integration.referrals.conftest import PROTECTED, Referrals

PROVIDER = "01997f3e-de98-7ecc-8083-a14d9fbecd01"
OF: dict[str, Any] = {"provider": PROVIDER, "to_function": "jobbcentrum", "insats_kind": "work_training", "target_group": "jobseekers"}
DONE: dict[str, Any] = {"outcome": "next_step", "attended": "yes"}


async def programme(referrals: Referrals, by: str = "sender", **said: Any) -> str:
    """A programme of Jobbcentrum for the year, 17 seats; its id."""
    new = OF | {"opens_on": "2026-01-01", "closes_on": "2026-12-31", "seats": 17} | said
    return str((await referrals.done("/programmes", by=by, **new))["programme_id"])


async def sent(referrals: Referrals, many: int) -> list[str]:
    """So many referrals, each of a case of its own."""
    return await asyncio.gather(*[referrals.sent(await referrals.case()) for _ in range(many)])


async def waitlisted(referrals: Referrals, at: str, referral: str, on: str = "2026-03-03") -> None:
    """Puts a referral on the waiting list of a programme."""
    await referrals.done(f"{referral}/waitlisting", on, "jobbcentrum", programme_id=at)


async def test_fifty_who_start_leave_and_move_at_once_never_deadlock_and_sell_no_seat_twice(referrals: Referrals) -> None:
    here, there = await programme(referrals), await programme(referrals)
    line = list(zip(await sent(referrals, 50), [here, there] * 25, strict=True))
    for each, at in line[:10]:
        await waitlisted(referrals, there if at == here else here, each)
    answers = await asyncio.gather(*(referrals.post(f"{each}/start", "2026-03-09", programme_id=at) for each, at in line))
    assert {each.status_code for each in answers} == {200, 409}
    assert [(shown["held"], shown["free"]) for shown in [await referrals.get(f"/programmes/{at}") for at in (here, there)]] == [(17, 0)] * 2
    refused = next(each.json() for each in answers if each.status_code == 409)
    assert (refused["type"].rpartition(":")[2], "seat" in refused["reason"]) == ("step_not_allowed", True)
    again = [
        referrals.post(f"{each}/completion", "2026-04-01", **DONE)
        if answer.is_success
        else referrals.post(f"{each}/start", "2026-04-01", programme_id=at)
        for (each, at), answer in zip(line, answers, strict=True)
    ]
    more = await asyncio.gather(*again)
    assert {each.status_code for each in more} <= {200, 409}
    begun = sum(new.is_success for old, new in zip(answers, more, strict=True) if not old.is_success)
    shown = [await referrals.get(f"/programmes/{at}") for at in (here, there)]
    assert sum(each["held"] for each in shown) == begun


async def test_nobody_starts_outside_the_period_without_a_seat_or_at_another_function_and_the_waiting_list_is_offered(
    referrals: Referrals,
) -> None:
    at = await programme(referrals, opens_on="2026-03-01", closes_on="2026-03-31", seats=1)
    first, second = [await referrals.sent(await referrals.case(), "2026-02-02") for _ in range(2)]
    for outside in ("2026-02-27", "2026-04-01"):
        answer = await referrals.post(f"{first}/start", outside, programme_id=at)
        assert (answer.status_code, "period" in answer.json()["reason"]) == (409, True)
    await referrals.done(f"{first}/booking", "2026-03-02", starts_on="2026-03-09", programme_id=at)
    answer = await referrals.post(f"{second}/start", "2026-03-03", "jobbcentrum", programme_id=at)
    assert (answer.status_code, "seat" in answer.json()["reason"]) == (409, True)
    assert "waitlist" in {each["step"] for each in answer.json()["next"]}
    assert await referrals.names(UUID(second.split("/")[2])) == ["referral-drafted", "referral-sent"], "nothing has happened"
    await referrals.done(f"{first}/start", "2026-03-10")
    await referrals.done(f"{second}/waitlisting", "2026-03-10", programme_id=at)
    shown = await referrals.get(f"/programmes/{at}")
    assert (shown["held"], shown["booked"], shown["waiting"], shown["waiting_list"][0]["starts_on"]) == (1, 0, 1, None)
    await referrals.done(f"{first}/discontinuation", "2026-03-16", outcome="dropped_out", reason="sick", attended="yes")
    await referrals.done(f"{second}/start", "2026-03-16")
    stranger = await referrals.sent(await referrals.case(), to_function="region_rehab")
    other_kind = await referrals.sent(await referrals.case(), insats_kind="mapping")
    for each, named in ((stranger, at), (other_kind, at), (second, str(uuid4()))):
        path = "start" if each != second else "waitlisting"
        answer = await referrals.post(f"{each}/{path}", "2026-03-20", programme_id=named)
        assert (answer.status_code, "that programme" in answer.json()["reason"]) == (409, each != second)
    assert (await referrals.get(f"/programmes/{at}"))["held"] == 1
    await referrals.done(f"{stranger}/start", "2026-04-20"), "at no programme, so nobody's seat"


async def test_memo_s3_position_thirty_is_told_to_start_in_the_third_group(referrals: Referrals) -> None:
    at = await programme(referrals, "jobbcentrum", seats=12, grouping="one_at_a_time")
    for starts_on in ("2026-06-08", "2026-07-06", "2026-08-03"):
        await referrals.done(f"/programmes/{at}/groups", "2026-05-04", "jobbcentrum", starts_on=starts_on, weeks=4, seats=12)
    overlapping = await referrals.post(f"/programmes/{at}/groups", "2026-05-04", starts_on="2026-06-29", weeks=4, seats=12)
    assert (overlapping.status_code, "one group at a time" in overlapping.json()["reason"]) == (409, True)
    line = await sent(referrals, 31)
    early = line.pop()
    for each in line:
        await waitlisted(referrals, at, each)
    waiting = (await referrals.get(f"/programmes/{at}", "jobbcentrum"))["waiting_list"]
    assert [(each["position"], each["starts_on"]) for each in waiting] == [
        (n + 1, ("2026-06-08", "2026-07-06", "2026-08-03")[n // 12]) for n in range(30)
    ]
    case_id = UUID(line[29].split("/")[2])
    told = (await referrals.told(case_id))[-1].data.model_dump(mode="json")
    assert (told["position"], told["expected_start_on"]) == (30, "2026-08-03")
    assert fold(await referrals.told(case_id)) == as_stored_now(
        await referrals.db.fetchval("SELECT body FROM state WHERE stream = $1", case_id)
    )
    await referrals.done(f"{line[5]}/acceptance", "2026-03-09", "jobbcentrum")
    assert len((await referrals.get(f"/programmes/{at}", "jobbcentrum"))["waiting_list"]) == 30, "accepted, and still without a seat"
    await waitlisted(referrals, at, line[5])
    again = (await referrals.told(UUID(line[5].split("/")[2])))[-1].data.model_dump(mode="json")
    assert again["position"] == 30, "behind the 29 others, and not behind itself"
    await referrals.done(f"{line[0]}/withdrawal", "2026-03-09", reason="client_declined")
    await referrals.done(f"{line[1]}/hold", "2026-03-09", reason="sick")
    await waitlisted(referrals, at, early, "2026-03-02")
    await referrals.hears(UUID(early.split("/")[2]), PROTECTED)
    await referrals.done(f"{line[29]}/booking", "2026-03-09", starts_on="2026-06-08")
    waiting = (await referrals.get(f"/programmes/{at}"))["waiting_list"]
    assert (waiting[0]["referral_id"], waiting[11]["starts_on"], len(waiting)) == (early.split("/")[-1], "2026-07-06", 28)
    unseen = (await referrals.get(f"/programmes/{at}", "jobbcentrum"))["waiting_list"]
    assert [each["position"] for each in unseen] == list(range(2, 29)), "a place that is not shown is counted"
    assert (await referrals.post(f"/programmes/{at}/capacity", "2026-06-01", status="free")).is_success
    told_of_provider = [each.data for each in await referrals.told(UUID(PROVIDER))]
    assert [type(each) for each in told_of_provider] == [GroupStartPlannedV1] * 3 + [CapacityReportedV1]
    assert told_of_provider[-1].model_dump(mode="json") == {
        "provider": PROVIDER, "target_group": "jobseekers", "status": "free", "places": 12, "free": 11,
    }  # fmt: skip


async def test_memo_s1_six_are_ready_and_their_places_are_blocked_with_their_age(referrals: Referrals) -> None:
    at = await programme(referrals, opens_on="2025-01-01", seats=6)
    ready = ("2025-03-03", "2025-04-01", "2025-09-01", "2025-10-01", "2026-05-04", "2026-05-18")
    for on in ready:
        referral = await referrals.sent(await referrals.case(), "2025-01-07")
        await referrals.done(f"{referral}/start", "2025-02-03", programme_id=at)
        await referrals.done(f"{referral}/readiness", on, "jobbcentrum")
    shown = await referrals.get(f"/programmes/{at}", "jobbcentrum")
    assert [each["ready_on"] for each in shown["blocked"]] == list(ready)
    ages = [each["blocked_for"] for each in shown["blocked"]]
    assert ages == ["over_12_months"] * 2 + ["up_to_12_months"] * 2 + ["up_to_3_months"] * 2
    assert (shown["held"], shown["free"], shown["blocked"][0]["days"]) == (6, 0, 455)
    free = await referrals.post(f"/programmes/{at}/capacity", "2026-06-01", status="free")
    assert (free.status_code, "free" in free.json()["reason"]) == (409, True)
    assert (await referrals.done(f"/programmes/{at}/capacity", "2026-06-01", status="waitlist"))["status"] == "waitlist"
    assert (await referrals.post(f"/programmes/{at}/capacity", "2026-06-02", status="none")).status_code == 422
    await referrals.hears(UUID(referral.split("/")[2]), PROTECTED)
    assert len((await referrals.get(f"/programmes/{at}", "jobbcentrum"))["blocked"]) == 5
    await referrals.done(f"{referral}/completion", "2026-06-01", **DONE)
    shown = await referrals.get(f"/programmes/{at}")
    assert (shown["held"], shown["free"], len(shown["blocked"])) == (5, 1, 5)


async def test_a_programme_is_its_functions_own_and_a_repeated_request_happens_once(referrals: Referrals) -> None:
    at = await programme(referrals)
    for path, body in (
        ("groups", {"starts_on": "2026-06-08", "weeks": 4, "seats": 12}),
        ("capacity", {"status": "none"}),
    ):
        assert (await referrals.post(f"/programmes/{at}/{path}", "2026-05-04", "region", **body)).status_code == 404
    assert (await referrals.clients["region"].get(f"/referrals/programmes/{at}")).status_code == 404
    assert (await referrals.get("/programmes", "region"))["programmes"] == []
    new = OF | {"opens_on": "2026-01-01", "closes_on": "2026-12-31", "seats": 17}
    assert (await referrals.post("/programmes", by="region", **new)).status_code == 404
    assert (await referrals.post("/programmes", **new | {"closes_on": "2025-12-31"})).status_code == 422
    twice = [await referrals.post("/programmes", key="twice", **new) for _ in range(2)]
    assert twice[0].json()["programme_id"] == twice[1].json()["programme_id"]
    assert twice[0].headers["location"] == twice[1].headers["location"]
    for _ in range(2):
        answer = await referrals.post(f"/programmes/{at}/capacity", "2026-05-04", key="told-once", status="assess_first")
        assert (answer.status_code, answer.json()["status"]) == (201, "assess_first")
    assert len(await referrals.told(UUID(PROVIDER))) == 1
    page = await referrals.get("/programmes", "jobbcentrum", to_function="jobbcentrum", limit=1)
    assert [each["programme_id"] for each in page["programmes"]] == [at]
    rest = await referrals.get("/programmes", after=page["next_after"])
    assert ([each["programme_id"] for each in rest["programmes"]], rest["next_after"]) == ([twice[0].json()["programme_id"]], None)
