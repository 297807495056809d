"""Each kind of record of reliability.md R17 has its outcome, once, and the cases before and after it go on."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from contracts.envelope import Unreadable, UnreadableReason
from shared import quarantine
from shared.broker import POISON_PAUSE_S, POISON_TRIES, Hearing
from shared.lag import Lag
from shared.migrate import migrate
from shared.postgres import Row, transaction
from shared.quarantine import NotQuarantined
from tests.integration.shared.kinds import KINDS, POISON, Outcome, fact
from tests.integration.shared.listening import Listener, caught_up, hearing, tell
from tests.street import House, Servers, new_house

CLOCK_STEP_S = 0.01  # an event loop may wake a timer this much early


@dataclass(frozen=True)
class Ears:
    """A house that hears, for all the kinds one after the other."""

    house: House
    hearing: Hearing
    listener: Listener

    async def rows(self, offset: int) -> list[Row]:
        """What quarantine knows of a record, settled or not."""
        return list(await self.house.db.fetch("SELECT * FROM quarantine WHERE record_offset = $1", offset))

    async def discard(self, number: int) -> None:
        async with transaction(self.house.db) as tx:
            await quarantine.discard(tx, number, "operator", "made by a test")


@pytest.fixture(scope="module")
async def ears(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ears]:
    async with new_house(servers, tmp_path_factory.mktemp("ears")) as house:
        await migrate(house.db, Path("no folder of its own"))
        listener = Listener()
        async with hearing(house, listener) as heard:
            yield Ears(house, heard, listener)


def test_every_kind_that_the_design_names_is_here() -> None:
    assert len(KINDS) == 22
    assert Counter(kind.outcome for kind in KINDS.values()) == {Outcome.QUARANTINED: 19, Outcome.SKIPPED: 1, Outcome.HEARD: 2}
    assert {kind.reason for kind in KINDS.values()} - {None} == {*UnreadableReason, "handler_failed"}, "no reason is without a kind"


@pytest.mark.parametrize("name", KINDS)
async def test_a_record_has_its_outcome_and_the_cases_around_it_go_on(ears: Ears, name: str) -> None:
    kind, before, after = KINDS[name], fact(), fact()
    ears.listener.poison = kind.message.id if name == POISON else None
    _, offset, _ = await tell(ears.house, [before, kind.message, after])
    await caught_up(ears.house)
    expected = [before.id, *([kind.message.id] if kind.outcome is Outcome.HEARD else []), after.id]
    assert ears.listener.ids[-len(expected) :] == expected, "each once and in order"
    assert kind.outcome is Outcome.HEARD or kind.message.id not in ears.listener.ids
    assert [row["reason"] for row in await ears.rows(offset)] == ([kind.reason] if kind.reason else [])
    tries = [at for event_id, at in ears.listener.tried_alone if event_id == kind.message.id]
    assert all(later - earlier >= POISON_PAUSE_S - CLOCK_STEP_S for earlier, later in pairwise(tries)), "at most one retry a second"
    assert len(tries) <= POISON_TRIES


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.outcome is Outcome.QUARANTINED and name != POISON])
async def test_what_still_cannot_be_read_stays_until_it_is_discarded_once(ears: Ears, name: str) -> None:
    kind = KINDS[name]
    [offset] = await tell(ears.house, [kind.message])
    await caught_up(ears.house)
    [row] = await ears.rows(offset)
    with pytest.raises(Unreadable) as still:
        await ears.hearing.play_again(row["id"], "operator")
    assert still.value.reason == kind.reason
    await ears.discard(row["id"])
    with pytest.raises(NotQuarantined):
        await ears.discard(row["id"])
    with pytest.raises(NotQuarantined):
        await ears.hearing.play_again(row["id"], "operator")
    assert [row["state"] for row in await ears.rows(offset)] == ["discarded"]


async def test_what_can_be_handled_again_is_redriven_once(ears: Ears) -> None:
    poison = fact()
    ears.listener.poison = poison.id
    [offset] = await tell(ears.house, [poison])
    await caught_up(ears.house)
    [row] = await ears.rows(offset)
    ears.listener.poison = None
    await ears.hearing.play_again(row["id"], "operator")
    with pytest.raises(NotQuarantined):
        await ears.hearing.play_again(row["id"], "operator")
    with pytest.raises(NotQuarantined):
        await ears.discard(row["id"])
    assert ears.listener.ids.count(poison.id) == 1
    assert [row["state"] for row in await ears.rows(offset)] == ["redriven"]


async def test_all_kinds_mixed_and_delivered_twice_are_quarantined_once_each(house: House) -> None:
    kinds = [kind for name, kind in KINDS.items() if name != POISON]
    good = [fact() for _ in kinds]
    offsets = await tell(house, [message for pair in zip((kind.message for kind in kinds), good, strict=True) for message in pair])
    listener = Listener()
    for group in (f"{house.topic}-first", f"{house.topic}-again"):
        async with hearing(house, listener, group):
            await caught_up(house, group)
    once = [
        each.id
        for pair in zip(kinds, good, strict=True)
        for each in (pair[0].message, pair[1])
        if each in good or pair[0].outcome is Outcome.HEARD
    ]
    assert listener.ids == once * 2
    rows = await house.db.fetch("SELECT record_offset, reason FROM quarantine ORDER BY record_offset")
    expected = [(offset, kind.reason) for offset, kind in zip(offsets[::2], kinds, strict=True) if kind.reason]
    assert [tuple(row) for row in rows] == expected


async def test_the_offset_moves_only_after_the_quarantine_row_is_committed(house: House) -> None:
    """A quarantine that cannot be written: the record is tried at most once a second, and is not passed."""
    await house.db.execute("CREATE SEQUENCE tries")
    await house.db.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries'); RAISE 'refused'; END $$"
    )
    await house.db.execute("CREATE TRIGGER refuse BEFORE INSERT ON quarantine FOR EACH ROW EXECUTE FUNCTION refuse()")
    lag, listener, began = Lag(house.kafka, house.topic, [house.topic]), Listener(), time.monotonic()
    await tell(house, [KINDS["truncated JSON"].message])
    async with hearing(house, listener):
        while (tries := await house.db.fetchval("SELECT last_value FROM tries")) < 3:
            await asyncio.sleep(0.1)
        assert await lag.read() == 1, "not passed"
        assert tries <= 1 + (time.monotonic() - began) / POISON_PAUSE_S
        await house.db.execute("DROP TRIGGER refuse ON quarantine")
        await caught_up(house)
    await lag.close()
    assert [each.reason for each in await quarantine.listing(house.db)] == ["not_json"]
