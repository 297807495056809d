"""What a recipient's staff do not learn of a case: other functions' referrals, how many facts they have, and that there was one before."""

from uuid import uuid4

from tests.integration.referrals.conftest import PROTECTED, Referrals


async def test_neither_what_went_before_nor_how_much_happens_elsewhere(referrals: Referrals) -> None:
    case_id = await referrals.case()
    first = await referrals.sent(case_id, to_function="region_rehab")
    await referrals.done(f"{first}/decline", "2026-03-05", reason="no_capacity")
    second = await referrals.sent(case_id, "2026-03-06", successor_of=first.rpartition("/")[2])
    seen = await referrals.get(f"/cases/{case_id}", "jobbcentrum")
    assert [(each["successor_of"], each["successor"]) for each in seen["referrals"]] == [(None, None)]
    assert [each["successor_of"] for each in (await referrals.get("/referrals", "jobbcentrum"))["referrals"]] == [None]
    assert seen["version"] == 2, "their own draft and sending"
    for _ in range(3):
        await referrals.sent(case_id, "2026-03-06", to_function="region_rehab")
    assert (await referrals.get(f"/cases/{case_id}", "jobbcentrum"))["version"] == 2
    accepted = await referrals.post(f"{second}/acceptance", "2026-03-09", "jobbcentrum", if_match='"2"')
    assert (accepted.status_code, accepted.headers["ETag"]) == (200, '"3"')
    assert (await referrals.post(f"{second}/start", "2026-03-09", "jobbcentrum", if_match='"2"')).status_code == 412
    whole = await referrals.get(f"/cases/{case_id}")
    assert whole["version"] == sum(1 for _ in await referrals.told(case_id)) == 12


async def test_whom_a_recipient_suggests_is_kept_for_the_sender_also_of_somebody_protected(referrals: Referrals) -> None:
    case_id = await referrals.case()
    await referrals.hears(case_id, PROTECTED)
    referral = await referrals.sent(case_id)
    await referrals.done(f"{referral}/redirection", "2026-03-05", suggested_function="region_rehab")
    assert [each["suggested_function"] for each in (await referrals.get(f"/cases/{case_id}"))["referrals"]] == ["region_rehab"]
    assert "region_rehab" not in await referrals.db.fetchval("SELECT body::text FROM state WHERE stream = $1", case_id)


async def test_no_programme_speaks_in_the_stream_of_a_case_or_for_another_function(referrals: Referrals) -> None:
    case_id, provider = await referrals.case(), str(uuid4())
    of = {"to_function": "jobbcentrum", "insats_kind": "work_training", "target_group": "jobseekers", "seats": 1}
    held = {**of, "opens_on": "2026-01-01", "closes_on": "2026-12-31"}
    assert (await referrals.post("/programmes", by="jobbcentrum", provider=str(case_id), **held)).status_code == 409
    assert (await referrals.post("/programmes", by="jobbcentrum", provider=provider, **held)).status_code == 201
    theirs = {**held, "to_function": "region_rehab"}
    assert (await referrals.post("/programmes", by="region", provider=provider, **theirs)).status_code == 409


async def test_what_crossed_is_kept_once_with_what_was_said(referrals: Referrals) -> None:
    case_id = await referrals.case()
    referral = await referrals.sent(case_id)
    await referrals.done(f"{referral}/recall", "2026-03-04", reason="moved")
    for _ in range(3):
        refused = await referrals.post(f"{referral}/booking", "2026-03-05", "jobbcentrum", key="the-same", starts_on="2026-03-16")
        assert refused.status_code == 409
    [conflict] = (await referrals.get("/conflicts"))["conflicts"]
    assert (conflict["step"], conflict["said"]["starts_on"]) == ("schedule", "2026-03-16")
