"""Bad records on a topic, beyond their kinds: poison alone, faults that pass, what is kept sealed, and a graceful stop."""

import asyncio
import base64
from collections.abc import Sequence
from uuid import UUID

import pytest

from contracts.envelope import Unreadable
from shared import quarantine
from shared.broker import Heard, Hearing, Lag
from shared.postgres import transaction
from shared.quarantine import NotQuarantined, Seal
from tests.integration.shared.kinds import KINDS, fact, with_value
from tests.integration.shared.listening import Listener, caught_up, hearing, tell
from tests.street import House


async def test_a_record_that_always_raises_is_quarantined_once_and_alone(house: House) -> None:
    messages = [fact() for _ in range(5)]
    listener = Listener()
    listener.poison = messages[2].id
    await tell(house, messages)
    async with hearing(house, listener) as ears:
        await caught_up(house)
        assert sorted(map(str, listener.ids)) == sorted(str(each.id) for each in messages if each.id != listener.poison)
        [shown] = await quarantine.listing(house.db)
        assert shown.reason == "handler_failed"
        with pytest.raises(RuntimeError):
            await ears.play_again(shown.id, "operator")
        assert await quarantine.count_open(house.db) == 1
        listener.poison = None
        await ears.play_again(shown.id, "operator")
    assert messages[2].id in listener.ids
    assert await quarantine.count_open(house.db) == 0


async def test_a_transient_fault_waits_and_quarantines_nothing(house: House) -> None:
    listener = Listener()
    listener.fault = ConnectionRefusedError()
    good = fact()
    await tell(house, [good])
    async with hearing(house, listener):
        while listener.calls < 5 and not await quarantine.count_open(house.db):
            await asyncio.sleep(0.05)
        listener.fault = None
        await caught_up(house)
    assert listener.ids == [good.id]
    assert await quarantine.listing(house.db) == []


async def test_an_unreadable_record_stays_when_it_is_played_again_until_it_is_discarded(house: House) -> None:
    await tell(house, [KINDS["truncated JSON"].message])
    async with hearing(house, Listener()) as ears:
        await caught_up(house)
        [shown] = await quarantine.listing(house.db)
        with pytest.raises(Unreadable):
            await ears.play_again(shown.id, "operator")
        async with transaction(house.db) as tx:
            await quarantine.discard(tx, shown.id, "operator", "broken at the source")
        with pytest.raises(NotQuarantined):
            await ears.play_again(shown.id, "operator")
    assert await quarantine.listing(house.db) == []


async def test_what_is_quarantined_is_sealed_at_rest(house: House) -> None:
    words = b'{"channel":"19121212-1212 Tolvan'
    await tell(house, [with_value(words)])
    async with hearing(house, Listener()):
        await caught_up(house)
    kept = await house.db.fetchval("SELECT sealed FROM quarantine")
    assert kept
    assert words not in kept
    assert base64.b64encode(words) not in kept


async def test_a_graceful_stop_ends_the_batch_in_hand(house: House) -> None:
    begun, ended = asyncio.Event(), list[UUID]()

    async def slow(batch: Sequence[Heard]) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        ended.extend(each.envelope.id for each in batch)

    good = fact()
    await tell(house, [good])
    stop = asyncio.Event()
    task = asyncio.create_task(Hearing(house.kafka, house.topic, [house.topic], house.db, Seal(house.seal_key), slow).run(stop))
    await begun.wait()
    stop.set()
    await task
    assert ended == [good.id]
    lag = Lag(house.kafka, house.topic, [house.topic])
    assert await lag.read() == 0, "the offset of the finished batch was committed"
    await lag.close()
