"""Hearing: each event counts once, whatever the order, and what is missing or contradicts itself is shown."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.codes import CapacityStatus, Channel, SourceSystem
from contracts.envelope import TimePrecision
from contracts.intake import FirstContactRegisteredV1
from contracts.referrals import CapacityReportedV1, GroupStartPlannedV1
from services.leadtimes import handlers, store
from shared.broker import Heard
from shared.postgres import Transaction
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import Case, decided_case, heard


def with_other_content(told: Heard) -> Heard:
    other = FirstContactRegisteredV1(channel=Channel.LETTER, source_system=SourceSystem.INTAKE)
    return heard(told.envelope.model_copy(update={"data": other}))


async def test_an_event_heard_twice_counts_once(leadtimes: Leadtimes) -> None:
    facts = decided_case()
    await leadtimes.hear(*facts, *facts)
    await leadtimes.hear(*facts)
    assert await leadtimes.db.fetchval("SELECT count(*) FROM event") == 3
    assert (await leadtimes.measure("L04"))["completed"]["n"] == 1
    assert await store.events.conflicts(leadtimes.db) == 0


async def test_an_id_with_other_content_raises_one_alarm_and_the_first_counts(leadtimes: Leadtimes) -> None:
    contact = Case().contacts("2026-01-05")
    await leadtimes.hear(contact)
    await leadtimes.hear(with_other_content(contact))
    await leadtimes.hear(with_other_content(contact), contact)
    assert await store.events.conflicts(leadtimes.db) == 1
    assert list(await groups(leadtimes)) == ["phone"]


async def test_two_contents_of_one_id_in_one_batch_raise_an_alarm(leadtimes: Leadtimes) -> None:
    contact = Case().contacts("2026-01-05")
    await leadtimes.hear(contact, with_other_content(contact))
    assert await store.events.conflicts(leadtimes.db) == 1
    assert list(await groups(leadtimes)) == ["phone"]


@pytest.mark.parametrize(
    "change",
    [
        {"source": "/municipality/0114/another"},
        {"subject": uuid4()},
        {"time": datetime(2026, 1, 6, tzinfo=UTC)},
        {"timeprecision": TimePrecision.INSTANT},
        {"recordedtime": datetime(2026, 1, 6, tzinfo=UTC)},
        {"partitionkey": uuid4()},
        {"sequence": None},
        {"correlationid": uuid4()},
        {"causationid": uuid4()},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_whatever_differs_under_a_known_id_raises_an_alarm(leadtimes: Leadtimes, change: dict[str, Any]) -> None:
    contact = Case().contacts("2026-01-05")
    await leadtimes.hear(contact)
    await leadtimes.hear(heard(contact.envelope.model_copy(update=change)))
    assert await store.events.conflicts(leadtimes.db) == 1


async def groups(leadtimes: Leadtimes) -> list[str]:
    return [group["group"] for group in (await leadtimes.measure("L04", by="channel"))["groups"]]


async def test_a_gap_is_shown_as_incomplete_until_it_is_filled(leadtimes: Leadtimes) -> None:
    contact, application, decision = decided_case()
    await leadtimes.hear(contact, decision)
    assert (await leadtimes.measure("L04"))["incomplete"] == 1
    assert await store.events.incomplete(leadtimes.db) == 1
    await leadtimes.hear(application)
    assert (await leadtimes.measure("L04"))["incomplete"] == 0


async def test_an_unknown_code_is_kept_and_shown_as_it_came(leadtimes: Leadtimes) -> None:
    event = FirstContactRegisteredV1.model_validate_json('{"channel": "carrier_pigeon", "source_system": "intake"}')
    await leadtimes.hear(Case().tell(event, "2026-01-05"))
    assert list(await groups(leadtimes)) == ["carrier_pigeon"]


async def test_consumers_that_hear_one_case_at_once_lose_nothing(leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch) -> None:
    contact, application, decision = decided_case()
    others: list[asyncio.Task[None]] = []
    save = store.events.save

    async def save_after_the_other_has_tried(tx: Transaction, clocks: Iterable[store.events.Saved]) -> None:
        if not others:
            others.append(asyncio.create_task(leadtimes.hear(decision)))
            await asyncio.wait(others, timeout=0.5)
        await save(tx, clocks)

    monkeypatch.setattr(store.events, "save", save_after_the_other_has_tried)
    await leadtimes.hear(contact, application)
    await others[0]
    assert (await leadtimes.measure("L04"))["completed"]["n"] == 1
    assert await handlers.verify(leadtimes.db) == handlers.Verified(1, 0)


async def test_consumers_that_hear_the_same_cases_in_other_orders_end(leadtimes: Leadtimes) -> None:
    cases = [decided_case() for _ in range(8)]
    first = [fact for case in cases for fact in case[:2]]
    second = [fact for case in reversed(cases) for fact in case[1:]]
    await asyncio.gather(leadtimes.hear(*first), leadtimes.hear(*second), leadtimes.hear(*reversed(second)))
    shown = await leadtimes.measure("L04")
    assert shown["completed"]["n"] == 8
    assert shown["incomplete"] == 0


async def test_a_batch_with_a_fact_that_cannot_be_handled_leaves_nothing(leadtimes: Leadtimes) -> None:
    good = decided_case()
    bad = heard(good[0].envelope.model_copy(update={"id": uuid4(), "sequence": 2**70}))
    try:
        await leadtimes.hear(*good, bad)
    except Exception:
        assert await leadtimes.db.fetchval("SELECT count(*) FROM event") == 0
    else:
        raise AssertionError("2**70 fits no bigint")


async def test_what_a_provider_says_of_its_places_is_kept_and_is_no_case(leadtimes: Leadtimes) -> None:
    provider, case = Case(), Case()
    about: dict[str, Any] = {"provider": provider.id, "target_group": "jobseekers"}
    group = GroupStartPlannedV1(**about, starts_on=date(2026, 6, 1), weeks=4, seats=12)
    capacity = CapacityReportedV1(**about, status=CapacityStatus.WAITLIST, places=12, free=0)
    await leadtimes.hear(
        provider.tell(group, "2026-01-05", "2026-01-07"), case.contacts("2026-01-05"), provider.tell(capacity, "2026-01-06")
    )
    assert await leadtimes.db.fetchval("SELECT count(*) FROM event") == 3
    for again in ("verify", "rebuild"):
        answer = await leadtimes.operator.post(f"/leadtimes/{again}")
        assert (answer.status_code, answer.json()["cases"]) == (200, 1)
    assert (await leadtimes.clocks()).keys() == {case.id}
    assert (await leadtimes.measure("L04"))["incomplete"] == 0
    quality = (await leadtimes.reader.get("/leadtimes/quality")).json()
    assert (quality["facts"], quality["late"]) == (1, 0)
