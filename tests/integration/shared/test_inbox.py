"""The inbox: whatever is doubled, late, lost or poisoned, each event of a stream is applied once and in its order, or waits and is seen."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from contracts.envelope import Envelope, Unreadable
from shared import quarantine
from shared.broker import Heard
from shared.inbox import GapReason, Inbox, NoSuchGap
from shared.postgres import Transaction, transaction
from tests.integration.shared.listening import caught_up, send_records
from tests.integration.shared.streams import CONSUMER, EFFECT, Deciding, again, of_unknown_type, stream, told
from tests.street import House


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The usual way to show an exception on a terminal takes longer than the work."""
    with capture_logs():
        yield


@pytest.fixture
async def deciding(house: House) -> Deciding:
    await house.db.execute(EFFECT)
    return Deciding(house)


async def deliver(deciding: Deciding, facts: Sequence[Heard]) -> None:
    """As `Hearing` does: what raises is quarantined, and the others are heard."""
    for each in facts:
        try:
            await deciding.inbox.hear([each])
        except RuntimeError:
            async with transaction(deciding.db) as tx:
                await quarantine.put(tx, deciding.seal, each.record, "handler_failed")


async def redrive_all(deciding: Deciding) -> None:
    for each in await quarantine.listing(deciding.db):
        await deciding.hearing.play_again(each.id, "operator")


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[int], set[int], set[int], list[int]]:
    """How many events each stream has; of all, by number: the lost ones, the poison, and the order in which each comes twice."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    numbers = st.sets(st.integers(0, sum(lengths) - 1), max_size=2)
    return lengths, draw(numbers), draw(numbers), draw(st.permutations([*range(sum(lengths))] * 2))


async def test_shuffled_doubled_lost_and_poisoned_every_event_is_applied_once_and_in_order(deciding: Deciding) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(deliveries())
    def however_it_comes(made: tuple[list[int], set[int], set[int], list[int]]) -> None:
        asyncio.run_coroutine_threadsafe(comes_right(deciding, *made), loop).result(60)

    await asyncio.to_thread(however_it_comes)


async def comes_right(deciding: Deciding, lengths: list[int], lost: set[int], poison: set[int], order: list[int]) -> None:
    streams = [deciding.stream_of(length) for length in lengths]
    every = [each for facts in streams for each in facts]
    missing = {every[number].envelope.id for number in lost}
    deciding.poison |= (bad := {every[number].envelope.id for number in poison} - missing)
    await deliver(deciding, [again(every[number]) for number in order if number not in lost])
    for facts in streams:
        until = next((n for n, each in enumerate(facts) if each.envelope.id in missing | bad), len(facts))
        assert await deciding.effects(stream(facts)) == list(range(1, until + 1)), "in order, up to what is missing"
        waits = [each.envelope.sequence for each in facts[until + 1 :] if each.envelope.id not in missing]
        assert await deciding.parked(stream(facts)) == waits
    deciding.poison.clear()
    await deliver(deciding, [each for each in every if each.envelope.id in missing])  # sent again
    await redrive_all(deciding)
    for facts in streams:
        assert await deciding.effects(stream(facts)) == list(range(1, len(facts) + 1))
        assert (await deciding.at(stream(facts)), await deciding.parked(stream(facts))) == (len(facts), [])
    assert (await deciding.inbox.parked(), await deciding.inbox.oldest_parked(), await deciding.inbox.conflicts()) == (0, 0, 0)
    assert await quarantine.count_open(deciding.db) == 0


async def test_two_processes_at_once_apply_each_event_once_and_in_order(deciding: Deciding) -> None:
    facts = deciding.stream_of(8)
    other = Inbox(CONSUMER, deciding.db, deciding.seal, deciding.apply)
    await asyncio.gather(deciding.inbox.hear(facts), other.hear([*facts[4:], *facts]), *(deciding.inbox.hear([each]) for each in facts))
    assert await deciding.effects(stream(facts)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await deciding.inbox.parked() == 0


async def test_a_second_event_under_a_taken_sequence_is_an_alarm_and_moves_nothing(deciding: Deciding) -> None:
    facts = deciding.stream_of(5)
    await deliver(deciding, [*facts[:3], facts[4]])
    twins = {sequence: told(deciding.topic, stream(facts), sequence) for sequence in (2, 3, 5)}
    await deliver(deciding, [*twins.values(), again(twins[2])])
    forks = await deciding.inbox.forks()
    assert [(each.sequence, each.kept_event_id, each.event_id) for each in forks] == [
        (sequence, facts[sequence - 1].envelope.id, twin.envelope.id) for sequence, twin in twins.items()
    ]
    assert (await deciding.at(stream(facts)), await deciding.parked(stream(facts)), await deciding.inbox.conflicts()) == (3, [5], 3)
    await deliver(deciding, [facts[3]])
    applied = [row["event_id"] for row in await deciding.db.fetch("SELECT event_id FROM effect ORDER BY id")]
    assert applied == [each.envelope.id for each in facts], "the first one seen counts"


async def test_a_stream_that_is_first_seen_in_its_middle_asks_for_republish(deciding: Deciding) -> None:
    begun, unseen = deciding.stream_of(4), deciding.stream_of(3)
    await deliver(deciding, [begun[0], begun[3], *unseen[1:]])
    shown = {each.stream: each for each in await deciding.inbox.waiting()}
    assert [(shown[stream(each)].asks_republish, shown[stream(each)].events) for each in (begun, unseen)] == [(False, 1), (True, 2)]
    assert (shown[stream(begun)].applied, shown[stream(begun)].first_parked) == (1, 4)
    assert await deciding.inbox.oldest_parked() > 0
    await deliver(deciding, unseen)
    assert [each.stream for each in await deciding.inbox.waiting()] == [stream(begun)]


async def test_a_given_up_gap_is_kept_with_who_and_why_and_what_waited_follows(deciding: Deciding) -> None:
    facts = deciding.stream_of(6)
    at = stream(facts)
    await deliver(deciding, [facts[0], facts[3], facts[4]])
    for wrong in (2, 3, 5):
        with pytest.raises(NoSuchGap):
            await deciding.inbox.give_up(deciding.topic, at, wrong, GapReason.LOST, "operator")
    assert await deciding.at(at) == 1
    assert await deciding.inbox.give_up(deciding.topic, at, 4, GapReason.LOST, "operator") == (2, 3)
    with pytest.raises(NoSuchGap):
        await deciding.inbox.give_up(deciding.topic, at, 4, GapReason.LOST, "operator")
    stop = asyncio.Event()
    running = asyncio.create_task(deciding.inbox.run(stop))  # nothing more need come for what waited to be applied
    async with asyncio.timeout(30):
        while await deciding.inbox.parked():
            await asyncio.sleep(0.02)
    stop.set()
    await running
    await deliver(deciding, [facts[1], facts[5]])
    assert (await deciding.effects(at), await deciding.parked(at)) == ([1, 4, 5, 6], []), "what comes after it was given up is dropped"
    [gap] = await deciding.db.fetch("SELECT * FROM inbox_gap")
    assert (gap["first_sequence"], gap["last_sequence"], gap["reason"], gap["given_up_by"]) == (2, 3, "lost", "operator")
    with pytest.raises(NoSuchGap):
        await deciding.inbox.give_up(deciding.topic, uuid4(), 2, GapReason.LOST, "operator")


async def test_a_record_played_again_too_early_that_fails_later_is_open_in_quarantine_once_more(deciding: Deciding) -> None:
    first, second = deciding.stream_of(2)
    async with transaction(deciding.db) as tx:
        await quarantine.put(tx, deciding.seal, second.record, "data_invalid")
    await redrive_all(deciding)
    assert (await deciding.parked(stream([first])), await quarantine.count_open(deciding.db)) == ([2], 0)
    deciding.poison = {second.envelope.id}
    await deliver(deciding, [first])
    [shown] = await quarantine.listing(deciding.db)
    assert shown.reason == "handler_failed"
    deciding.poison.clear()
    await redrive_all(deciding)
    assert await deciding.effects(stream([first])) == [1, 2]


async def test_an_unknown_type_takes_its_sequence_and_nothing_else(deciding: Deciding) -> None:
    facts = deciding.stream_of(4)
    second, third = of_unknown_type(facts[1]).record, of_unknown_type(facts[2]).record
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in third.headers if value and name.startswith("ce_")}
    structured = replace(third, headers=[("content-type", b"application/cloudevents+json")], value=json.dumps(attributes).encode())
    await deliver(deciding, [facts[3], facts[0]])
    await deciding.inbox.pass_by(structured)
    await deciding.inbox.pass_by(second)
    await deciding.inbox.pass_by(second)
    assert await deciding.effects(stream(facts)) == [1, 4]
    for header in ("ce_sequence", "ce_partitionkey", "ce_id"):
        await deciding.inbox.pass_by(replace(second, headers=[each for each in second.headers if each[0] != header]))
    await deciding.inbox.pass_by(replace(of_unknown_type(told(deciding.topic, uuid4(), 1)).record, key=b"another"))
    assert (await deciding.at(stream(facts)), await deciding.inbox.conflicts(), await deciding.inbox.parked()) == (4, 0, 0)
    assert await deciding.db.fetchval("SELECT count(*) FROM inbox") == 1, "what is of no stream is let be"


async def test_through_the_broker_a_fact_without_a_sequence_and_poison_are_quarantined_and_others_go_on(
    house: House, deciding: Deciding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.broker.POISON_PAUSE_S", 0.05)
    facts, calm, nowhere = deciding.stream_of(5), deciding.stream_of(3), told(deciding.topic, uuid4(), None)
    deciding.poison = {facts[1].envelope.id}
    with pytest.raises(Unreadable):
        await deciding.inbox.hear([nowhere])
    unknown = of_unknown_type(facts[3])
    await send_records(house, [facts[0], nowhere, facts[1], unknown, facts[4], facts[2], *calm, facts[0]])
    stop = asyncio.Event()
    running = asyncio.create_task(deciding.hearing.run(stop))
    await caught_up(house)
    assert await deciding.effects(stream(calm)) == [1, 2, 3]
    assert await deciding.effects(stream(facts)) == [1]
    assert await deciding.parked(stream(facts)) == [3, 4, 5], "behind the poison, the unknown one too"
    reasons = {each.reason: each.id for each in await quarantine.listing(house.db)}
    assert set(reasons) == {"envelope_invalid", "handler_failed"}
    deciding.poison.clear()
    await deciding.hearing.play_again(reasons["handler_failed"], "operator")
    assert await deciding.effects(stream(facts)) == [1, 2, 3, 5]
    with suppress(Unreadable):
        await deciding.hearing.play_again(reasons["envelope_invalid"], "operator")
    assert [each.reason for each in await quarantine.listing(house.db)] == ["envelope_invalid"], "it has no place still"
    stop.set()
    await running


async def test_two_consumers_of_one_database_do_not_know_of_each_other(deciding: Deciding) -> None:
    facts, seen = deciding.stream_of(2), list[UUID]()

    async def see(_: Transaction, envelope: Envelope) -> None:
        seen.append(envelope.id)

    other = Inbox("another", deciding.db, deciding.seal, see)
    await deliver(deciding, facts)
    await other.hear([facts[1]])
    assert (await other.parked(), await deciding.inbox.parked()) == (1, 0)
    await other.hear([facts[0]])
    assert seen == [each.envelope.id for each in facts]
