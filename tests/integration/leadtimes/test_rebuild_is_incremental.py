"""Whatever the order, the batches, the repetitions and the delays: heard live and made anew, the clocks are the same, byte for byte."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.codes import CloseReason
from services.leadtimes import handlers
from shared.broker import Heard
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import Case, decided_case, in_batches

FIRST_DAY = date(2026, 1, 1)
days = st.integers(0, 60).map(lambda number: (FIRST_DAY + timedelta(days=number)).isoformat())


@st.composite
def histories(draw: st.DrawFn) -> list[Heard]:
    """A few cases whose facts are dated anyhow, some recorded late, some marked as duplicates of the one before."""
    facts: list[Heard] = []
    before = None
    for _ in range(draw(st.integers(1, 3))):
        case = Case()
        facts += [case.contacts(draw(days)), case.applies(draw(days))]
        others = (case.coded, case.assessment_started, case.assessed, case.planned, case.assigned)
        facts += [tell(draw(days)) for tell in draw(st.lists(st.sampled_from(others), max_size=4))]
        if draw(st.booleans()):
            facts += [case.routed(draw(days), "work_group"), case.granted(draw(days), draw(days), draw(days))]
        if draw(st.booleans()):
            happened = draw(days)
            recorded = (date.fromisoformat(happened) + timedelta(days=draw(st.integers(0, 40)))).isoformat()
            facts.append(case.decided(happened, recorded))
        if draw(st.booleans()):
            facts.append(case.closed(draw(days), draw(st.sampled_from(CloseReason))))
        if before and draw(st.booleans()):
            facts.append(case.marked_duplicate(draw(days), before))
            facts += [case.unmarked_duplicate(draw(days), before)] * draw(st.integers(0, 1))
        before = case.id
    return facts


async def test_rebuilt_clocks_are_the_incremental_ones_byte_for_byte(leadtimes: Leadtimes) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(histories(), st.randoms(use_true_random=False), st.lists(st.integers(1, 4), max_size=12))
    def in_any_order(facts: list[Heard], chance: Random, sizes: list[int]) -> None:
        shuffled = [*facts, *facts[::2]]
        chance.shuffle(shuffled)
        asyncio.run_coroutine_threadsafe(heard_and_rebuilt(leadtimes, facts, shuffled, sizes), loop).result(60)

    await asyncio.to_thread(in_any_order)


async def heard_and_rebuilt(leadtimes: Leadtimes, in_order: Sequence[Heard], shuffled: Sequence[Heard], sizes: Sequence[int]) -> None:
    await leadtimes.db.execute("TRUNCATE event, clock CASCADE")
    await leadtimes.hear(*in_order)
    at_once = await leadtimes.clocks()

    await leadtimes.db.execute("TRUNCATE event, clock CASCADE")
    for batch in in_batches(shuffled, sizes):
        await leadtimes.hear(*batch)
    assert await leadtimes.clocks() == at_once

    await leadtimes.db.execute("TRUNCATE clock")
    assert await handlers.rebuild(leadtimes.db) == len(at_once)
    assert await leadtimes.clocks() == at_once
    assert await handlers.verify(leadtimes.db) == handlers.Verified(len(at_once), 0)


async def test_whoever_hears_of_a_case_while_it_is_marked_reads_it_with_its_duplicate(leadtimes: Leadtimes) -> None:
    for _ in range(12):
        first, second = Case(), Case()
        await leadtimes.hear(first.contacts("2026-01-01"), first.applies("2026-01-01"))
        await leadtimes.hear(second.contacts("2026-02-01"), second.applies("2026-02-01"))
        decided, marked = second.decided("2026-03-01", "2026-03-01"), first.marked_duplicate("2026-03-02", second.id)
        await asyncio.gather(leadtimes.hear(marked), leadtimes.hear(decided))
    assert await handlers.verify(leadtimes.db) == handlers.Verified(24, 0)
    before = await leadtimes.measure("L04", as_of="2026-03-31", known_at="2026-03-01")
    assert (before["completed"]["n"], before["still_waiting"]["n"]) == (12, 12)
    after = await leadtimes.measure("L04", as_of="2026-03-31", known_at="2026-03-31")
    assert (after["completed"]["n"], after["completed"]["mean"], after["still_waiting"]["n"]) == (12, 59, 0)


async def test_verify_finds_clocks_that_their_events_do_not_give(leadtimes: Leadtimes) -> None:
    for _ in range(3):
        await leadtimes.hear(*decided_case())
    await leadtimes.db.execute(
        "UPDATE clock SET body = replace(body, '15', '14') WHERE case_id = (SELECT min(case_id::text)::uuid FROM clock)"
    )
    await leadtimes.db.execute("INSERT INTO clock VALUES (gen_random_uuid(), '{}', 0)")
    assert await handlers.verify(leadtimes.db) == handlers.Verified(4, 2)
    assert await handlers.rebuild(leadtimes.db) == 3
    assert await handlers.verify(leadtimes.db) == handlers.Verified(3, 0)


async def test_a_rebuild_of_many_pages_takes_every_case(leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = [fact for _ in range(7) for fact in decided_case()]
    await leadtimes.hear(*facts)
    monkeypatch.setattr(handlers, "PAGE", 2)
    assert await handlers.rebuild(leadtimes.db) == 7
    assert await handlers.verify(leadtimes.db) == handlers.Verified(7, 0)
