"""`sluss verify` at referrals: the kept events of every case fold to its state, and whatever was altered by hand is found."""

import pytest

from tests.integration.referrals.conftest import PROTECTED, Referrals
from tools.verify import REFERRALS, compare

A_CASE_OF_NOBODY = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"
# Each is another way in which a database can come to say what its events do not; $1 is the case.
ALTERED = {
    "a state": "UPDATE state SET body = jsonb_set(body, '{referrals}', '{}') WHERE stream = $1",
    "a version": "UPDATE state SET version = version + 1 WHERE stream = $1",
    "no state": "DELETE FROM state WHERE stream = $1",
    "no event": """
        WITH untold AS (DELETE FROM outbox_pending USING outbox WHERE outbox.id = outbox_pending.id AND stream = $1)
        DELETE FROM outbox WHERE stream = $1 AND sequence = 2
    """,
    "an event of another referral": f"""
        UPDATE outbox SET payload = jsonb_set(convert_from(payload, 'UTF8')::jsonb, '{{referral_id}}', '"{A_CASE_OF_NOBODY}"')::text::bytea
        WHERE stream = $1 AND sequence = 2
    """,
    "an event of intake": """
        UPDATE outbox SET headers = replace(headers::text, 'se.sluss.referral.referral-sent.v1', 'se.sluss.intake.case-closed.v1')::jsonb,
            payload = '{"reason": "moved"}'
        WHERE stream = $1 AND sequence = 2
    """,
    "an event that nobody can read": "UPDATE outbox SET payload = '{' WHERE stream = $1 AND sequence = 2",
}


async def test_every_case_folds_also_of_somebody_protected_and_what_time_did(referrals: Referrals) -> None:
    protected, overdue = await referrals.case(), await referrals.case()
    await referrals.hears(protected, PROTECTED)
    declined = await referrals.sent(protected)
    await referrals.done(f"{declined}/decline", "2026-03-05", reason="wrong_recipient", suggested_function="sfi")
    await referrals.sent(overdue, "2026-06-01")
    await referrals.move_to("2026-06-16T12:00:00+02:00")
    await referrals.move_to("2026-07-20T12:00:00+02:00")
    found = await compare(referrals.db, REFERRALS)
    assert (found.streams, found.events, found.differing) == (2, 7, [])


@pytest.mark.parametrize("kind", ALTERED)
async def test_what_was_altered_is_found(referrals: Referrals, kind: str) -> None:
    altered, sound = await referrals.case(), await referrals.case()
    for case_id in (altered, sound):
        await referrals.sent(case_id)
    assert (await compare(referrals.db, REFERRALS)).differing == []
    assert await referrals.db.execute(ALTERED[kind], altered) in ("UPDATE 1", "DELETE 1")
    assert (await compare(referrals.db, REFERRALS)).differing == [altered]
