"""What is kept beside the events of a log, its count and its columns, never says anything else than the events do."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.envelope import Envelope
from services.leadtimes import handlers, store
from shared.broker import Heard
from shared.postgres import Transaction, transaction
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import LOG_ID, description, import_completed, log_events

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SMALL = [("one", "a1", NOON, 0), ("one", "a2", NOON + timedelta(days=2), 1), ("two", "a1", NOON + timedelta(days=1), 2)]
TOLD = [*log_events(SMALL), import_completed(3)]
CALLED = {"a1": "Registered", "a2": "Answered"}
OF_LOGS = ("event", "id_conflict", "log", "log_name", "log_progress", "log_columns")


async def named(leadtimes: Leadtimes, called: dict[str, str] = CALLED) -> None:
    answer = await leadtimes.operator.put("/leadtimes/logs/small", json=description(called, 3))
    assert answer.status_code in (200, 201), answer.text


async def waits(leadtimes: Leadtimes, start: str = "Registered", end: str = "Answered") -> tuple[int, int, str]:
    found = await leadtimes.reader.get("/leadtimes/logs/small/waits", params={"from": start, "to": end})
    assert found.status_code == 200, found.text
    return found.json()["n"], found.json()["events"], found.json()["as_of"]


async def made(leadtimes: Leadtimes) -> Any:
    """By which one making of the columns is told from another; None without any."""
    return await leadtimes.db.fetchval("SELECT xmin::text FROM log_columns")


async def rows(leadtimes: Leadtimes, tables: Sequence[str] = OF_LOGS) -> dict[str, int]:
    return {table: await leadtimes.db.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def test_columns_are_made_at_the_first_question_and_read_at_the_next(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    assert await made(leadtimes) is None
    first, making = await waits(leadtimes), await made(leadtimes)
    assert making is not None
    assert (await waits(leadtimes), await made(leadtimes)) == (first, making)
    assert (await leadtimes.reader.get("/leadtimes/logs/small/stats")).json()["events"] == 3
    assert await made(leadtimes) == making


async def test_an_event_that_came_since_is_in_the_next_answer(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    assert await waits(leadtimes) == (2, 1, "2026-01-03T12:00:00+00:00")
    await leadtimes.hear(*log_events([("two", "a2", NOON + timedelta(days=9), 3)]))
    assert await waits(leadtimes) == (2, 2, "2026-01-10T12:00:00+00:00")


async def test_a_log_whose_codes_are_called_otherwise_answers_to_the_new_names(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    assert (await waits(leadtimes))[:2] == (2, 1)
    await named(leadtimes, {"a1": "Answered", "a2": "Registered"})
    assert (await waits(leadtimes))[:2] == (1, 0)


async def test_a_log_that_is_described_with_one_attribute_more_can_be_told_apart_by_it(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    assert (await waits(leadtimes))[:2] == (2, 1)
    whole = description(CALLED, 3)
    whole["vocabulary"]["attributes"] = {"f1": {"name": "kind", "values": {"v1": "some"}}}
    assert (await leadtimes.operator.put("/leadtimes/logs/small", json=whole)).status_code == 200
    found = await leadtimes.reader.get("/leadtimes/logs/small/waits", params={"from": "Registered", "to": "Answered", "by": "kind"})
    assert [(of["group"], of["n"]) for of in found.json()["groups"]] == [(None, 2)]


async def test_two_codes_of_one_name_are_one_activity(leadtimes: Leadtimes) -> None:
    await named(leadtimes, {"a1": "Registered", "a2": "Registered"})
    await leadtimes.hear(*TOLD)
    assert (await waits(leadtimes, "Registered", "Registered"))[:2] == (2, 1)


async def test_verify_sees_a_count_that_is_not_that_of_the_events_and_a_rebuild_counts_anew(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    assert await handlers.verify(leadtimes.db) == handlers.Verified(0, 0, 0)
    kept = await leadtimes.db.fetch("SELECT * FROM log_progress")
    for wrong in ("UPDATE log_progress SET stored = 2", "UPDATE log_progress SET told = 4", "DELETE FROM log_progress"):
        await leadtimes.db.execute(wrong)
        assert await handlers.verify(leadtimes.db) == handlers.Verified(0, 0, 1), wrong
        assert await handlers.rebuild(leadtimes.db) == 0
        assert await handlers.verify(leadtimes.db) == handlers.Verified(0, 0, 0)
        assert await leadtimes.db.fetch("SELECT * FROM log_progress") == kept


async def test_of_a_forgotten_log_nothing_is_left_and_nothing_comes_back(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    await waits(leadtimes)
    changed = replace(TOLD[0], envelope=TOLD[0].envelope.model_copy(update={"recordedtime": NOON + timedelta(days=30)}))
    await leadtimes.hear(changed)
    assert list((await rows(leadtimes)).values()) == [4, 1, 1, 1, 1, 1]
    assert (await leadtimes.operator.delete("/leadtimes/logs/small")).status_code == 200
    await leadtimes.hear(*TOLD, changed)
    assert set((await rows(leadtimes)).values()) == {0}


async def test_a_log_that_is_forgotten_while_its_events_come_in_leaves_none_of_them(
    leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await named(leadtimes)
    forgetting: list[asyncio.Task[int | None]] = []
    keep = store.events.keep

    async def keep_while_it_is_forgotten(tx: Transaction, heard: Sequence[Envelope]) -> Any:
        kept = await keep(tx, heard)
        forgetting.append(asyncio.create_task(handlers.forget_log(leadtimes.db, "small")))
        await asyncio.wait(forgetting, timeout=0.5)
        return kept

    monkeypatch.setattr(store.events, "keep", keep_while_it_is_forgotten)
    await leadtimes.hear(*TOLD)
    assert await forgetting[0] == 3
    assert set((await rows(leadtimes)).values()) == {0}


async def test_columns_that_were_made_while_their_log_was_forgotten_are_not_kept(
    leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    copy = store.logs.copy

    async def copy_what_is_gone_then(*asked: Any) -> Any:
        copied = await copy(*asked)
        await handlers.forget_log(leadtimes.db, "small")
        return copied

    monkeypatch.setattr(store.logs, "copy", copy_what_is_gone_then)
    assert (await waits(leadtimes))[:2] == (2, 1)
    assert set((await rows(leadtimes)).values()) == {0}


async def test_columns_that_are_made_while_their_log_is_described_otherwise_are_not_kept(
    leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    asking: list[asyncio.Task[Any]] = []
    describe = store.logs.describe

    async def describe_while_it_is_asked(*said: Any) -> None:
        await describe(*said)
        asking.append(asyncio.create_task(waits(leadtimes)))
        await asyncio.wait(asking, timeout=0.5)

    monkeypatch.setattr(store.logs, "describe", describe_while_it_is_asked)
    whole = description(CALLED, 3)
    whole["vocabulary"]["attributes"] = {"f1": {"name": "kind", "values": {"v1": "some"}}}
    assert (await leadtimes.operator.put("/leadtimes/logs/small", json=whole)).status_code == 200
    assert (await asking[0])[:2] == (2, 1)
    assert await made(leadtimes) is None
    assert (await waits(leadtimes))[:2] == (2, 1)


async def test_a_name_that_was_given_to_another_log_meanwhile_is_not_forgotten(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*TOLD)
    other = description(CALLED, 0, uuid4())
    async with transaction(leadtimes.db) as tx:
        await store.events.lock(tx, [], [LOG_ID])
        forgetting = asyncio.create_task(handlers.forget_log(leadtimes.db, "small"))
        await asyncio.wait([forgetting], timeout=0.5)
        await leadtimes.db.execute("DELETE FROM log_name")
        assert (await leadtimes.operator.put("/leadtimes/logs/small", json=other)).status_code == 201
    with pytest.raises(handlers.NoSuchLog):
        await forgetting
    assert (await leadtimes.reader.get("/leadtimes/logs/small")).json()["log_id"] == other["log_id"]


async def test_an_activity_that_is_named_and_never_happened_is_waited_for(leadtimes: Leadtimes) -> None:
    await named(leadtimes, CALLED | {"a3": "Withdrawn", "a5": "Registered"})
    await leadtimes.hear(*TOLD)
    assert (await waits(leadtimes, "Registered", "Withdrawn"))[:2] == (2, 0)
    assert (await waits(leadtimes, "Withdrawn", "Answered"))[:2] == (0, 0)
    stats = (await leadtimes.reader.get("/leadtimes/logs/small/stats", params={"milestone": "Registered => Withdrawn"})).json()
    assert stats["milestones_first_to_first"]["Registered => Withdrawn"]["not_reached"] == 2
    assert stats["activity_counts"] == {"Answered": 1, "Registered": 2}


async def test_a_microsecond_of_a_far_year_beside_one_before_1970_is_kept(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    far = datetime(2300, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    await leadtimes.hear(*log_events([("one", "a1", datetime(1900, 1, 1, tzinfo=UTC), 0), ("one", "a2", far, 1)]), import_completed(2))
    assert await waits(leadtimes) == (1, 1, far.isoformat())


async def test_batches_of_one_log_that_are_heard_at_once_are_counted_once_each(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    events: list[Heard] = log_events((f"case {row % 9}", f"a{1 + row % 2}", NOON + timedelta(hours=row), row) for row in range(90))
    await asyncio.gather(*(leadtimes.hear(*events[start : start + 20]) for start in range(0, 90, 10)))
    assert (await leadtimes.reader.get("/leadtimes/logs/small")).json()["events_stored"] == 90
    assert (await handlers.verify(leadtimes.db)).miscounted_logs == 0
