"""Kafka may deliver twice and, over partitions and replays, in another order: leadtimes' tables are the same, byte for byte."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from shared.broker import Heard
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import Case, decided_case, import_completed, in_batches, log_events

CASES, RENEWALS, AT_ONCE = 1_000, 4, 5
LOG_ROWS, LOG_CASES = 15_999, 300
TIMES, WINDOW, DELIVERIES = 2, 50, 50_000
LARGEST_BATCH = 500
# What counts: everything that is kept but the moment of keeping it.
TABLES = {
    "event": "SELECT to_jsonb(event) - 'stored_at' FROM event ORDER BY event_id",
    "clock": "SELECT to_jsonb(clock) FROM clock ORDER BY case_id",
    "log_progress": "SELECT to_jsonb(log_progress) FROM log_progress",
    "id_conflict": "SELECT to_jsonb(id_conflict) - 'seen_at' FROM id_conflict ORDER BY event_id, content_sha256",
}


def life(number: int) -> list[Heard]:
    """A case with a first decision and renewals, some of it typed late."""
    case, day = Case(), date(2020, 1, 1) + timedelta(days=number % 365)
    told = [case.contacts(day.isoformat())]
    for month in range(RENEWALS):
        case.application, applied = uuid4(), day + timedelta(days=30 * month)
        told.append(case.applies(applied.isoformat()))
        decided = applied + timedelta(days=number % 23)
        told.append(case.decided(decided.isoformat(), recorded=(decided + timedelta(days=number % 5)).isoformat()))
    return told


def a_log() -> list[Heard]:
    begin = datetime(2019, 1, 1, tzinfo=UTC)
    rows = [(f"case {row % LOG_CASES}", f"a{1 + row % 7}", begin + timedelta(minutes=row), row) for row in range(LOG_ROWS)]
    return [*log_events(rows), import_completed(LOG_ROWS)]


def in_order(chance: Random) -> list[Heard]:
    """All that is told, each case in its order, a few cases at a time and the log between them."""
    lives = [life(number) for number in range(CASES)]
    told: list[Heard] = []
    for first in range(0, CASES, AT_ONCE):
        queues = [iter(each) for each in lives[first : first + AT_ONCE]]
        turns = [number for number, each in enumerate(lives[first : first + AT_ONCE]) for _ in each]
        chance.shuffle(turns)
        told += [next(queues[turn]) for turn in turns]
    log = iter(a_log())
    places = sorted(chance.sample(range(len(told) + LOG_ROWS + 1), LOG_ROWS + 1))
    for place in places:
        told.insert(place, next(log))
    return told


def shuffled(told: Sequence[Heard], chance: Random) -> list[Heard]:
    """Every message as often as `TIMES` says, none of them further than the window from where it was."""
    delivered = [each for each in told for _ in range(TIMES)]
    places = sorted(range(len(delivered)), key=lambda place: place + chance.uniform(0, WINDOW))
    assert max(abs(place - was) for place, was in enumerate(places)) <= WINDOW
    return [delivered[place] for place in places]


async def tables(leadtimes: Leadtimes) -> dict[str, bytes]:
    return {
        name: "\n".join(row[0] for row in await leadtimes.db.fetch(f"SELECT t::text FROM ({query}) AS q (t)")).encode()
        for name, query in TABLES.items()
    }


async def after(leadtimes: Leadtimes, delivered: Sequence[Heard], chance: Random) -> dict[str, bytes]:
    """The tables of a leadtimes that had heard nothing, after these deliveries in batches of many sizes."""
    await leadtimes.db.execute("TRUNCATE event, clock, id_conflict, log_progress")
    for batch in in_batches(delivered, [chance.randint(1, LARGEST_BATCH) for _ in delivered]):
        await leadtimes.hear(*batch)
    return await tables(leadtimes)


async def test_twice_and_shuffled_gives_the_tables_of_once_and_in_order(leadtimes: Leadtimes) -> None:
    chance = Random(20261124)
    told = in_order(chance)
    delivered = shuffled(told, chance)
    assert len(delivered) == DELIVERIES
    once = await after(leadtimes, told, chance)
    assert once["event"].count(b"\n") == DELIVERIES // TIMES - 1
    assert once["clock"].count(b"\n") == CASES - 1
    assert f'"stored": {LOG_ROWS}'.encode() in once["log_progress"]
    assert await after(leadtimes, delivered, chance) == once
    assert once["id_conflict"] == b""


@pytest.mark.parametrize("fault", ["lost", "doubled", "changed"])
async def test_the_comparison_sees_one_fault_of_delivery(leadtimes: Leadtimes, fault: str) -> None:
    """What would be compared with a fault in it is not the same: the test above can fail."""
    chance = Random(1)
    told = [fact for _ in range(5) for fact in decided_case()]
    once = await after(leadtimes, told, chance)
    victim = told[7]
    another = {"lost": {}, "doubled": {"id": uuid4()}, "changed": {"correlationid": uuid4()}}[fault]
    envelope = victim.envelope.model_copy(update=another)
    twin = Heard(envelope, victim.record)
    wrong = {"lost": [*told[:7], *told[8:]], "doubled": [*told, twin], "changed": [*told[:7], twin, *told[8:]]}[fault]
    assert await after(leadtimes, shuffled(wrong, chance), chance) != once
    assert await after(leadtimes, shuffled(told, chance), chance) == once
