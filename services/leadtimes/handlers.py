"""What leadtimes does, one transaction each: keep what was heard and the clocks it moves, make them anew, compare, and answer."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from services.leadtimes import store, translate
from services.leadtimes.domain.clocks import clocks, from_json, to_json
from services.leadtimes.domain.log_stats import log_stats as stats_of
from services.leadtimes.domain.measures import Interval
from services.leadtimes.domain.moments import Limit
from services.leadtimes.domain.waits import LogField, LogWaits, by_month, groups, log_waits
from services.leadtimes.store import Log, Saved
from shared.crash import CrashPoint, reach
from shared.postgres import Database, Transaction, transaction
from shared.telemetry import step

PAGE = 500
BEFORE_ALL = UUID(int=0)

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


class NotComplete(Exception):
    """The log is still being imported, so an answer would be wrong."""

    def __init__(self, log: Log) -> None:
        super().__init__("importing")
        self.log = log


@dataclass(frozen=True)
class Known:
    """Every wait under the two limits asked for, and how many cases miss an event."""

    intervals: tuple[Interval, ...]
    incomplete: int


@dataclass(frozen=True)
class Verified:
    """How many cases were made anew and compared, and of how many the kept clocks are not what their events give."""

    cases: int
    differing: int


@step
async def remember(db: Database, heard: Sequence[Envelope]) -> None:
    """Keeps a batch of events and the clocks of the cases they touch, all or nothing. Hearing twice is hearing once."""
    cases = {envelope.id: envelope.partitionkey for envelope in heard if translate.is_about_a_case(envelope)}
    async with transaction(db) as tx:
        await store.lock(tx, set(cases.values()))
        new = await store.keep(tx, heard)
        touched = {case for event_id, case in cases.items() if event_id in new}
        if touched:
            await store.save(tx, await recompute(tx, touched))
        reach(CrashPoint.CONSUMER_AFTER_EFFECT)


async def recompute(tx: Transaction, cases: Collection[UUID]) -> list[Saved]:
    """The clocks of cases from every event kept of them: the one way they are made, heard live or made anew."""
    histories = await store.histories(tx, cases)
    return [_saved(case, history) for case, history in histories.items()]


def _saved(case: UUID, history: Sequence[Envelope]) -> Saved:
    of_case = clocks_of(translate.facts(history))
    assert of_case is not None, "a case with events has clocks"
    return Saved(case, to_json(of_case), missing(history))


def missing(history: Iterable[Envelope]) -> int:
    """How many events of a stream nobody has heard, though a later one says that they exist."""
    heard = {envelope.sequence for envelope in history if envelope.sequence is not None}
    return max(heard, default=0) - len(heard)


async def rebuild(db: Database) -> int:
    """Makes the clocks of every case anew from the events kept; answers of how many."""
    cases = 0
    async for page in _pages(db):
        async with transaction(db) as tx:
            await store.lock(tx, page)
            await store.forget(tx, page)
            remade = await recompute(tx, page)
            await store.save(tx, remade)
        cases += len(remade)
    return cases


async def verify(db: Database) -> Verified:
    """Makes the clocks of every case anew and compares them with those kept, byte for byte; changes nothing."""
    cases = differing = 0
    async for page in _pages(db):
        async with transaction(db, snapshot=True) as tx:
            kept = await store.saved(tx, page)
            remade = {each.case_id: each for each in await recompute(tx, page)}
        cases += len(page)
        differing += sum(kept.get(case) != remade.get(case) for case in page)
    return Verified(cases, differing)


async def _pages(db: Database) -> AsyncIterator[list[UUID]]:
    after = BEFORE_ALL
    while page := await store.next_cases(db, after, PAGE):
        yield page
        after = page[-1]


async def known(db: Database, as_of: Limit, known_at: Limit) -> Known:
    """The waits of every case, from what had happened by as-of and was recorded by known-at, all read at one moment.

    Kept clocks are used where the limits leave nothing out of them; the others are made from their events.
    """
    async with transaction(db, snapshot=True) as tx:
        kept = [from_json(body) for body in await store.bodies(tx)]
        usable = [each for each in kept if each.answers(as_of, known_at)]
        others = {each.case_id for each in kept} - {each.case_id for each in usable}
        histories = await store.histories(tx, others) if others else {}
        remade = [clocks_of(translate.facts(history), as_of, known_at) for history in histories.values()]
        incomplete = await store.incomplete(tx)
    return Known(tuple(interval for each in [*usable, *remade] if each is not None for interval in each.intervals), incomplete)


async def name_log(db: Database, name: str, log_id: UUID, sha256: str, events: int, vocabulary: Mapping[str, Any]) -> tuple[Log, bool]:
    """Gives a log a name and says what its codes are called; answers the log and whether the name is new.

    The same again changes nothing; another name for the same log is one more name. Raises NameTaken.
    """
    async with transaction(db) as tx:
        await store.describe_log(tx, log_id, sha256, events, vocabulary)
        is_new = await store.name_log(tx, name, log_id)
        named = await _named(tx, name)
        if named.log_id != log_id:
            raise NameTaken
        return named, is_new


async def forget_log(db: Database, name: str) -> int | None:
    """Takes a name from a log; with its last name the log goes with all its events, and the answer is how many. Raises NoSuchLog."""
    async with transaction(db) as tx:
        of_log = await _named(tx, name)
        return of_log.events_stored if await store.forget_name(tx, name, of_log.log_id) else None


async def logs(db: Database) -> list[Log]:
    """Every log under every one of its names."""
    async with transaction(db, snapshot=True) as tx:
        return await store.logs(tx)


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
    by: LogField | None = None


@dataclass(frozen=True)
class Found:
    """The waits asked for, what became of them month by month, and apart from each other the groups asked for."""

    waits: LogWaits
    months: list[dict[str, Any]]
    groups: Mapping[str | None, LogWaits]


async def waits(db: Database, name: str, asked: Asked) -> Found:
    """The waits asked for; as-of is by default the log's last event, and known-at leaves nothing out.

    Raises NoSuchLog, NotComplete and NoSuchActivity.
    """
    async with transaction(db, snapshot=True) as tx:
        of_log = await _named(tx, name)
        last_event = of_log.last_event
        if not of_log.complete or last_event is None:
            raise NotComplete(of_log)
        names = of_log.activity_names
        wanted = [("from", asked.start), ("to", asked.end), *(("competing", each) for each in asked.competing)]
        unknown = [which for which, called in wanted if called not in names.values()]
        if unknown:
            raise NoSuchActivity(unknown)
        codes = [code for code, called in names.items() if called in (asked.start, asked.end, *asked.competing)]
        events = await store.log_events(tx, of_log.log_id, codes, asked.known_at)
        start = [code for code in codes if names[code] == asked.start]
        values = await store.values_at_start(tx, of_log, start, asked.known_at) if asked.by else None

    def found() -> Found:
        rows = [(each.case_id, names[each.activity_code], each.time, each.row) for each in events]
        whole = log_waits(rows, asked.start, asked.end, asked.as_of or last_event, asked.competing)
        return Found(whole, by_month(whole), {} if values is None else groups(whole, values))

    return await asyncio.to_thread(found)  # as below


async def log_stats(db: Database, name: str, milestones: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The figures of a whole log, and of the milestones asked for. Raises NoSuchLog, NotComplete, NoSuchActivity."""
    async with transaction(db, snapshot=True) as tx:
        of_log = await _named(tx, name)
        if not of_log.complete or of_log.last_event is None:
            raise NotComplete(of_log)
        if {activity for pair in milestones for activity in pair} - set(of_log.activity_names.values()):
            raise NoSuchActivity(["milestone"])
        copied = await store.log_columns(tx, of_log.log_id)
    # In a thread: for a large log it takes seconds, in which others ask and events come in.
    return await asyncio.to_thread(lambda: stats_of(store.as_columns(copied, of_log), milestones))


async def _named(tx: Transaction, name: str) -> Log:
    found = await store.log(tx, name)
    if found is None:
        raise NoSuchLog
    return found
