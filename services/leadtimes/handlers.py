"""What leadtimes does, one transaction each: keep what was heard and the clocks it moves, make them anew, compare, and answer."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope
from services.leadtimes import store, translate
from services.leadtimes.domain.clocks import clocks, from_json, to_json
from services.leadtimes.domain.duplicates import Mark, joined
from services.leadtimes.domain.log import LogColumns
from services.leadtimes.domain.log_stats import log_stats as stats_of
from services.leadtimes.domain.measures import Interval
from services.leadtimes.domain.moments import Limit
from services.leadtimes.domain.passage import chained
from services.leadtimes.domain.passage_report import Case
from services.leadtimes.domain.support import Support
from services.leadtimes.domain.waits import AT, LogWaits, by_month, groups, log_waits, summary
from services.leadtimes.store.events import Saved
from services.leadtimes.store.logs import Log
from shared.calendar import HOLIDAYS
from shared.crash import CrashPoint, reach
from shared.postgres import Database, Transaction, transaction
from shared.telemetry import step

PAGE = 500
MOST_GROUPS = 200
BEFORE_ALL = UUID(int=0)
CALENDAR = np.busdaycalendar(holidays=sorted(HOLIDAYS))
"""The Swedish working days, for figures in working days."""

clocks_of = step(clocks)


class NoSuchLog(Exception):
    """No log has that name."""


class NameTaken(Exception):
    """The name already means another log."""


class NoSuchActivity(Exception):
    """The log has no activity of that name: at which ends (`from`, `to`, `competing`, `milestone`)."""

    def __init__(self, ends: Sequence[str]) -> None:
        super().__init__("unknown activity")
        self.ends = ends


class NoSuchField(Exception):
    """The log has nothing of that name to tell waits apart by."""


class TooManyGroups(Exception):
    """What waits were to be told apart by says more different things than anybody reads."""


class NotComplete(Exception):
    """The log is still being imported, so an answer would be wrong."""

    def __init__(self, log: Log) -> None:
        super().__init__("importing")
        self.log = log


@dataclass(frozen=True)
class Known:
    """Every wait and all support under the two limits asked for, each case's L20 with its passage, and how many cases miss an event."""

    intervals: tuple[Interval, ...]
    support: tuple[Support, ...]
    cases: tuple[Case, ...]
    incomplete: int


@dataclass(frozen=True)
class Verified:
    """How many cases were made anew and compared, and of how many the kept clocks are not what their events give.

    Likewise of how many logs the count of events is not that of its events.
    """

    cases: int
    differing: int
    miscounted_logs: int = 0


@step
async def remember(db: Database, heard: Sequence[Envelope]) -> None:
    """Keeps a batch of events and the clocks of the cases they touch, all or nothing. Hearing twice is hearing once."""
    cases = {envelope.id: envelope.partitionkey for envelope in heard if translate.is_about_a_case(envelope)}
    new_marks = translate.marks(heard)
    async with transaction(db) as tx:
        await store.events.hold_marks(tx, alone=bool(new_marks))
        marks = await store.events.marks(tx) | new_marks
        await store.events.lock(tx, _all_of(set(cases.values()), marks), translate.logs_of(heard))
        new = await store.events.keep(tx, heard)
        touched = {case for event_id, case in cases.items() if event_id in new}
        if touched:
            await store.events.save(tx, await recompute(tx, touched, marks))
        reach(CrashPoint.CONSUMER_AFTER_EFFECT)


async def recompute(tx: Transaction, cases: Collection[UUID], marks: Collection[Mark]) -> list[Saved]:
    """The clocks of cases and their duplicates from every event kept of them: the one way they are made, heard live or made anew."""
    groups = joined(cases, marks)
    histories = await store.events.histories(tx, frozenset().union(*groups))
    return [
        Saved(each.case_id, to_json(each), missing(histories[each.case_id]))
        for group in groups
        for each in clocks_of(translate.facts(event for case in group for event in histories.get(case, ())))
    ]


def _all_of(cases: Collection[UUID], marks: Collection[Mark]) -> frozenset[UUID]:
    """The cases and all that were ever marked as duplicates of them, or they of those."""
    return frozenset().union(*joined(cases, marks))


def missing(history: Iterable[Envelope]) -> int:
    """How many events of a case nobody has heard, though a later one of the same topic says that they exist.

    A case that only referrals have told of lacks at least the one event of intake with which every case begins.
    """
    heard: dict[str, set[int]] = {INTAKE_EVENTS: set()}
    for envelope in history:
        heard.setdefault(envelope.data.topic, set())
        if envelope.sequence is not None:
            heard[envelope.data.topic].add(envelope.sequence)
    unheard = sum(max(of_topic, default=0) - len(of_topic) for of_topic in heard.values())
    return unheard + (len(heard) > 1 and not heard[INTAKE_EVENTS])


async def rebuild(db: Database) -> int:
    """Makes the clocks of every case anew from the events kept, and counts the events of logs anew; answers of how many cases."""
    async with transaction(db) as tx:
        await store.events.recount_logs(tx)
    cases = 0
    async for page in _pages(db):
        async with transaction(db) as tx:
            await store.events.hold_marks(tx)
            marks = await store.events.marks(tx)
            together = _all_of(page, marks)
            await store.events.lock(tx, together)
            await store.events.forget(tx, together)
            remade = await recompute(tx, page, marks)
            await store.events.save(tx, remade)
        cases += len({each.case_id for each in remade}.intersection(page))
    return cases


async def verify(db: Database) -> Verified:
    """Makes the clocks of every case anew and compares them with those kept, byte for byte, and counts logs anew; changes nothing."""
    cases = differing = 0
    async for page in _pages(db):
        async with transaction(db, snapshot=True) as tx:
            kept = await store.events.saved(tx, page)
            remade = {each.case_id: each for each in await recompute(tx, page, await store.events.marks(tx))}
        cases += len(page)
        differing += sum(kept.get(case) != remade.get(case) for case in page)
    async with transaction(db, snapshot=True) as tx:
        return Verified(cases, differing, await store.events.miscounted_logs(tx))


async def _pages(db: Database) -> AsyncIterator[list[UUID]]:
    after = BEFORE_ALL
    while page := await store.events.next_cases(db, after, PAGE):
        yield page
        after = page[-1]


async def known(db: Database, as_of: Limit, known_at: Limit) -> Known:
    """The waits of every case, from what had happened by as-of and was recorded by known-at, all read at one moment.

    Kept clocks are used where this rule set made them and the limits leave nothing out of them; the others are made from their events.
    """
    async with transaction(db, snapshot=True) as tx:
        kept = {case: from_json(body) for case, body in (await store.events.bodies(tx)).items()}
        usable = {case: each for case, each in kept.items() if each is not None and each.answers(as_of, known_at)}
        groups = joined(kept.keys() - usable.keys(), await store.events.marks(tx))
        others = frozenset().union(*groups)
        histories = await store.events.histories(tx, others) if others else {}
        incomplete = await store.events.incomplete(tx)
    facts = ([event for case in group for event in histories.get(case, ())] for group in groups)
    remade = [each for of_group in facts for each in clocks_of(translate.facts(of_group), as_of, known_at)]
    every = [*(each for case, each in usable.items() if case not in others), *remade]
    cases = tuple(each.way for each in every if each.way is not None)
    return Known(
        intervals=(*(interval for each in every for interval in each.intervals), *chained(cases)),
        support=tuple(each.support for each in every if each.support is not None),
        cases=cases,
        incomplete=incomplete,
    )


async def name_log(db: Database, name: str, log_id: UUID, sha256: str, events: int, vocabulary: Mapping[str, Any]) -> tuple[Log, bool]:
    """Gives a log a name and says what its codes are called; answers the log and whether the name is new.

    The same again changes nothing; another name for the same log is one more name. Raises NameTaken.
    """
    async with transaction(db) as tx:
        await store.events.lock(tx, [], [log_id])
        await store.logs.describe(tx, log_id, sha256, events, vocabulary)
        is_new = await store.logs.name(tx, name, log_id)
        named = await _named(tx, name)
        if named.log_id != log_id:
            raise NameTaken
        return named, is_new


async def forget_log(db: Database, name: str) -> int | None:
    """Takes a name from a log; with its last name the log goes with all its events, and the answer is how many. Raises NoSuchLog."""
    async with transaction(db) as tx:
        log_id = (await _named(tx, name)).log_id
        await store.events.lock(tx, [], [log_id])
        of_log = await _named(tx, name)
        if of_log.log_id != log_id:
            raise NoSuchLog  # forgotten by somebody else while we waited, and the name given to another one
        return of_log.events_stored if await store.logs.forget_name(tx, name, of_log.log_id) else None


async def logs(db: Database) -> list[Log]:
    """Every log under every one of its names."""
    async with transaction(db, snapshot=True) as tx:
        return await store.logs.every(tx)


async def log(db: Database, name: str) -> Log:
    """The log of that name. Raises NoSuchLog."""
    async with transaction(db, snapshot=True) as tx:
        return await _named(tx, name)


@dataclass(frozen=True)
class Asked:
    """Which waits of a log: between which activities, by their names, ended otherwise by which; as of when and known at when."""

    start: str
    end: str
    competing: Sequence[str] = ()
    as_of: datetime | None = None
    known_at: datetime | None = None
    by: str | None = None
    at: Sequence[float] = AT


@dataclass(frozen=True)
class Found:
    """The waits asked for, their figures, what became of them month by month, and the figures of each of the groups asked for."""

    waits: LogWaits
    figures: dict[str, Any]
    months: list[dict[str, Any]]
    groups: Mapping[str | None, dict[str, Any]]


async def waits(db: Database, name: str, asked: Asked) -> Found:
    """The waits asked for; as-of is by default the log's last event, and known-at leaves nothing out.

    Raises NoSuchLog, NotComplete, NoSuchActivity, NoSuchField and TooManyGroups.
    """
    log = await _columns(db, name)
    wanted = [("from", asked.start), ("to", asked.end), *(("competing", each) for each in asked.competing)]
    if unknown := [which for which, called in wanted if called not in log.activities]:
        raise NoSuchActivity(unknown)
    if asked.by is not None and asked.by not in log.fields:
        raise NoSuchField

    def found() -> Found:
        known = log if asked.known_at is None else log.recorded_by(asked.known_at)
        whole = log_waits(known, asked.start, asked.end, asked.as_of or log.last_event, asked.competing)
        apart = {} if asked.by is None else groups(whole, known, asked.by)
        if len(apart) > MOST_GROUPS:
            raise TooManyGroups
        return Found(whole, summary(whole, asked.at), by_month(whole), {group: summary(of, asked.at) for group, of in apart.items()})

    return await asyncio.to_thread(found)


async def log_stats(db: Database, name: str, milestones: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The figures of a whole log, and of the milestones asked for. Raises NoSuchLog, NotComplete, NoSuchActivity."""
    log = await _columns(db, name)
    if {activity for pair in milestones for activity in pair} - set(log.activities):
        raise NoSuchActivity(["milestone"])
    return await asyncio.to_thread(stats_of, log, milestones)


async def _columns(db: Database, name: str) -> LogColumns:
    """A complete log, all of it: as it was kept at an earlier question, else made of its events and kept. Raises NoSuchLog, NotComplete.

    In threads: for a large log it takes seconds, in which others ask and events come in.
    """
    async with transaction(db, snapshot=True) as tx:
        of_log = await _named(tx, name)
        if not of_log.complete or not of_log.events_stored:
            raise NotComplete(of_log)
        packed = await store.logs.kept_columns(tx, of_log)
        copied = await store.logs.copy(tx, of_log) if packed is None else bytearray()
    if packed is None:
        packed = await asyncio.to_thread(store.logs.pack, copied, of_log)
        async with transaction(db) as tx:
            await store.events.lock(tx, [], [of_log.log_id])
            await store.logs.keep_columns(tx, of_log, packed)
    return await asyncio.to_thread(store.logs.unpack, packed, of_log)


async def _named(tx: Transaction, name: str) -> Log:
    found = await store.logs.called(tx, name)
    if found is None:
        raise NoSuchLog
    return found
