"""An assignment that intake replaces, takes back, or that is back again: what was referred for it is never silently wrong."""

from uuid import uuid4

from contracts.codes import AssignmentBasis
from contracts.intake import EventCorrectedV1
from tests.integration.referrals.conftest import SENDING, Referrals, assignment


async def test_one_that_is_replaced_is_looked_at_by_a_human(referrals: Referrals) -> None:
    case_id, issued = await referrals.case(), assignment()
    first = await referrals.hears(case_id, issued)
    [drafted] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    second = await referrals.hears(case_id, issued.model_copy(update={"planned_hours_per_week": 10}))
    assert (await referrals.get("/conflicts"))["conflicts"] == []
    await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=first, replaced_by=second))
    [conflict] = (await referrals.get("/conflicts"))["conflicts"]
    assert (conflict["referral_id"], conflict["step"]) == (drafted["referral_id"], "recall")
    sent = await referrals.post(f"/cases/{case_id}/referrals/{drafted['referral_id']}/sending", "2026-03-02", **SENDING)
    assert sent.status_code == 200, "the assignment is there still, by its replacement"


async def test_one_that_is_back_again_is_told_to_a_human_and_counts_again(referrals: Referrals) -> None:
    case_id, issued = await referrals.case(), assignment()
    event_id = await referrals.hears(case_id, issued)
    correction = await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=event_id, entered_in_error=True))
    [gone] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    assert gone["state"] == "discarded"
    again = await referrals.drafted(case_id, assignment_ref=str(issued.assignment_ref))
    assert (await referrals.post(f"{again}/sending", "2026-03-02", **SENDING)).status_code == 409, "it was taken back"
    await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=correction, entered_in_error=True))
    assert [each["step"] for each in (await referrals.get("/conflicts"))["conflicts"]] == ["draft"]
    assert (await referrals.post(f"{again}/sending", "2026-03-02", **SENDING)).status_code == 200


async def test_what_an_undone_correction_had_brought_is_gone_too(referrals: Referrals) -> None:
    case_id, issued = await referrals.case(), assignment(basis=AssignmentBasis.SOL_12_4)
    first = await referrals.hears(case_id, issued)
    [drafted] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    sending = f"/cases/{case_id}/referrals/{drafted['referral_id']}/sending"
    second = await referrals.hears(case_id, issued.model_copy(update={"basis": AssignmentBasis.VOLUNTARY}))
    correction = await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=first, replaced_by=second))
    await referrals.hears(case_id, EventCorrectedV1(corrects_event_id=correction, entered_in_error=True))
    assert "SoL 12 kap. 4 §" in (await referrals.post(sending, "2026-03-02", **SENDING)).json()["reason"]


async def test_one_that_is_corrected_when_it_has_led_to_something_is_not_drafted_again(referrals: Referrals) -> None:
    case_id, issued = await referrals.case(), assignment()
    await referrals.hears(case_id, issued)
    [drafted] = (await referrals.get(f"/cases/{case_id}"))["referrals"]
    referral = f"/cases/{case_id}/referrals/{drafted['referral_id']}"
    await referrals.done(f"{referral}/sending", "2026-03-02", **SENDING)
    await referrals.done(f"{referral}/start", "2026-03-03")
    await referrals.done(f"{referral}/completion", "2026-03-04", outcome="work", attended="yes")
    await referrals.hears(case_id, issued.model_copy(update={"planned_hours_per_week": 10}))
    assert [each["state"] for each in (await referrals.get(f"/cases/{case_id}"))["referrals"]] == ["completed"]


async def test_one_that_nobody_heard_of_is_not_sent_for(referrals: Referrals) -> None:
    case_id = await referrals.case()
    unheard = await referrals.drafted(case_id, assignment_ref=str(uuid4()))
    assert (await referrals.post(f"{unheard}/sending", "2026-03-02", **SENDING)).status_code == 409
