"""Referrals heard beside intake, on another topic with its own sequence: what the API says of the way to an insats."""

from typing import Any
from uuid import uuid4

from contracts.referrals import EventCorrectedV1
from services.leadtimes import handlers, store
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import Case


async def asked(leadtimes: Leadtimes, path: str, **limits: str) -> dict[str, Any]:
    answer = await leadtimes.reader.get(f"/leadtimes/{path}", params=limits)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_referrals_make_the_waits_for_an_insats_whatever_came_first(leadtimes: Leadtimes) -> None:
    case, referral = Case(), uuid4()
    of_referrals = [case.drafted("2026-01-10", referral), case.sent("2026-01-12", referral), case.begun("2026-02-04", referral)]
    await leadtimes.hear(*of_referrals[1:])
    assert await store.events.incomplete(leadtimes.db) == 1
    assert (await leadtimes.measure("L20"))["completed"]["n"] == 0
    await leadtimes.hear(of_referrals[0])
    assert await store.events.incomplete(leadtimes.db) == 1, "of intake nothing was heard"
    await leadtimes.hear(case.contacts("2026-01-05"), case.applies("2026-01-05"), *of_referrals)
    assert await store.events.incomplete(leadtimes.db) == 0

    medians = {
        code: (await leadtimes.measure(code))["completed"]["median"] for code in ("L20", "L20any", "L20P", "L21", "L12", "L14", "L17")
    }
    assert medians == {"L20": 30, "L20any": 30, "L20P": 30, "L21": 30, "L12": 2, "L14": 23, "L17": 23}
    by_recipient = await leadtimes.measure("L14", by="recipient")
    assert [(group["group"], group["completed"]["median"]) for group in by_recipient["groups"]] == [("jobbcentrum", 23)]
    before = await leadtimes.measure("L20", as_of="2026-02-03", known_at="2026-02-03")
    assert (before["completed"]["n"], before["still_waiting"]["median_so_far"]) == (0, 29)

    shown = await asked(leadtimes, "where")
    assert shown["days"][0] == {
        **{"day": 30, "n": 1, "waiting": 0, "between": 0, "in_insats": 1, "closed": {}},
        **{"already_in_insats": 0, "before_known_from": 0, "void": 0},
    }
    assert [day["n"] for day in shown["days"]] == [1, 0, 0, 0]
    held = await asked(leadtimes, "responsibility", as_of="2026-03-01")
    assert (held["cases"], held["days"], held["as_of"]) == (1, 30, "2026-03-01")
    parts = {part["holder"]: (part["days"], part["shared_days"]) for part in held["parts"] if part["shared_days"]}
    assert parts == {"municipality": (30, 30), "partner:jobbcentrum": (0, 23)}, "its application is undecided"
    assert await handlers.verify(leadtimes.db) == handlers.Verified(1, 0)
    page = await leadtimes.reader.get("/leadtimes/", params={"lang": "en"})
    assert 'data-of="responsibility.parts.0.days">30<' in page.text
    elsewhere = await leadtimes.reader.get("/leadtimes/", params={"lang": "en", "measure": "L04", "by": "channel"})
    for shown in (page.text, elsewhere.text):
        assert '<data value="1" data-of="headline.groups.0.completed.n">' in shown, "the headline is by hindrance, whatever else is shown"

    wrong = EventCorrectedV1(corrects_event_id=of_referrals[2].envelope.id, entered_in_error=True)
    await leadtimes.hear(case.tell(wrong, "2026-03-20"))
    assert (await leadtimes.measure("L20"))["still_waiting"]["n"] == 1
    assert (await asked(leadtimes, "quality"))["corrected"] == 1
    assert (await leadtimes.measure("L20", known_at="2026-03-19"))["completed"]["n"] == 1

    person = uuid4()
    first, second = Case(), Case()
    await leadtimes.hear(first.contacts("2026-01-01", person=person), first.closed("2026-01-20"))
    await leadtimes.hear(second.contacts("2026-01-26", person=person), second.begun("2026-03-01", uuid4()))
    assert (await leadtimes.measure("L20P"))["completed"]["median"] == 59
    assert (await leadtimes.measure("L20P", as_of="2026-02-10"))["still_waiting"]["n"] == 2
    old = await leadtimes.clocks()
    await leadtimes.db.execute("DELETE FROM clock")
    assert await handlers.rebuild(leadtimes.db) == 3
    assert await leadtimes.clocks() == old


async def test_only_who_reads_lead_times_is_told(leadtimes: Leadtimes) -> None:
    leadtimes.reader.headers.pop("Authorization")
    for path in ("where", "responsibility"):
        assert (await leadtimes.reader.get(f"/leadtimes/{path}")).status_code == 401
        assert (await leadtimes.operator.get(f"/leadtimes/{path}")).status_code == 200
        assert (await leadtimes.operator.get(f"/leadtimes/{path}", params={"as_of": "tomorrow"})).status_code == 422
