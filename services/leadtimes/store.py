"""All SQL of leadtimes: keep events once, read them back by case or by log, save the clocks made from them. Decides nothing."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from contracts.catalogue import BY_TYPE, INTAKE_EVENTS
from contracts.envelope import Envelope, TimePrecision
from contracts.history import LogEventRecordedV1
from services.leadtimes.domain.log_stats import Codes, LogColumns
from services.leadtimes.domain.waits import LogValue
from shared.postgres import LONG_COMMAND_S, Database, Row, Transaction, lock_number
from shared.telemetry import step

# Numbers come sorted: two transactions that touch the same cases wait for each other and never in a circle.
LOCK = "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number"
HEARD = """
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[],
                         $9::text[], $10::timestamptz[], $11::uuid[], $12::uuid[], $13::text[]::jsonb[])
      AS heard (event_id, stream, sequence, topic, type, source, subject, time, precision, recorded_at, correlation_id, causation_id, data)
    WHERE NOT EXISTS (SELECT FROM forgotten_log WHERE log_id = (heard.data ->> 'log_id')::uuid)
"""
INTO = """
    INSERT INTO event (event_id, stream, sequence, topic, type, source, subject, time, precision, recorded_at,
                       correlation_id, causation_id, data)
"""
KEPT = """
    SELECT event_id, stream, sequence, topic, type, source, subject, time, precision, recorded_at, correlation_id, causation_id, data
    FROM event WHERE event_id = ANY($1)
"""
KEEP = f"{INTO} {HEARD} ON CONFLICT (event_id) DO NOTHING RETURNING event_id"
DIFFERING = f"{HEARD} EXCEPT {KEPT}"
RAISE_ALARM = """
    INSERT INTO id_conflict (event_id, content_sha256) SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING
"""
HISTORY = """
    SELECT event_id, stream, sequence, type, source, subject, time, precision, recorded_at, correlation_id, causation_id, data::text AS data
    FROM event WHERE topic = $1
"""
HISTORY_OF = f"{HISTORY} AND stream = ANY($2::uuid[])"
SAVE = """
    INSERT INTO clock (case_id, body, missing) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])
    ON CONFLICT (case_id) DO UPDATE SET body = excluded.body, missing = excluded.missing
"""
BODIES = "SELECT body FROM clock ORDER BY case_id"
SAVED = "SELECT case_id, body, missing FROM clock WHERE case_id = ANY($1::uuid[])"
FORGET = "DELETE FROM clock WHERE case_id = ANY($1::uuid[])"
# A case that has clocks and no event is found too: those clocks rest on nothing.
NEXT_CASES = """
    SELECT stream FROM event WHERE topic = $1 AND stream > $2 UNION SELECT case_id FROM clock WHERE case_id > $2 ORDER BY stream LIMIT $3
"""
INCOMPLETE = "SELECT count(*) FROM clock WHERE missing > 0"
CONFLICTS = "SELECT count(*) FROM id_conflict"

DESCRIBE_LOG = """
    INSERT INTO log (log_id, sha256, events, vocabulary) VALUES ($1, $2, $3, $4)
    ON CONFLICT (log_id) DO UPDATE SET sha256 = excluded.sha256, events = excluded.events, vocabulary = excluded.vocabulary
"""
NAME_LOG = "INSERT INTO log_name (name, log_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING true"
REMEMBER_LOG = "DELETE FROM forgotten_log WHERE log_id = $1"
FORGET_NAME = "DELETE FROM log_name WHERE name = $1"
# All of it in one statement: a log with no name left, what is noted of its events, and the events.
FORGET_LOG = """
    WITH forgotten AS (INSERT INTO forgotten_log (log_id) SELECT $1 ON CONFLICT DO NOTHING),
         noted AS (DELETE FROM id_conflict USING event WHERE id_conflict.event_id = event.event_id AND event.log_id = $1)
    DELETE FROM event WHERE log_id = $1
"""
FORGET_DESCRIPTION = "DELETE FROM log WHERE log_id = $1"
NAMED_SO = "SELECT count(*) FROM log_name WHERE log_id = $1"
LOGS = "SELECT name, log_id, sha256, events, vocabulary FROM log_name JOIN log USING (log_id) ORDER BY name"
LOG = "SELECT name, log_id, sha256, events, vocabulary FROM log_name JOIN log USING (log_id) WHERE name = $1"
PROGRESS = """
    SELECT log_id, count(*) FILTER (WHERE type = $2) AS stored, max((data ->> 'events')::integer) AS told,
           min(time) FILTER (WHERE type = $2) AS first_event, max(time) FILTER (WHERE type = $2) AS last_event
    FROM event WHERE log_id = ANY($1::uuid[]) GROUP BY log_id
"""
LOG_EVENTS = """
    SELECT stream AS case_id, activity_code, time, (data ->> 'row')::integer AS row
    FROM event WHERE log_id = $1 AND activity_code = ANY($2::text[]) AND recorded_at <= coalesce($3, 'infinity'::timestamptz)
    ORDER BY time, row
"""

# Nothing that came after the start of its case's wait.
VALUES_AT_START = """
    WITH start AS (
        SELECT stream, min(time) AS time FROM event
        WHERE log_id = $1 AND activity_code = ANY($2::text[]) AND recorded_at <= coalesce($3, 'infinity'::timestamptz) GROUP BY stream
    )
    SELECT event.stream, data ->> 'organisation_code' AS code, event.time, (data ->> 'row')::integer AS row
    FROM event JOIN start ON event.stream = start.stream AND event.time <= start.time
    WHERE log_id = $1 AND data ? 'organisation_code' AND recorded_at <= coalesce($3, 'infinity'::timestamptz)
"""

# Rows of one width, so that a million of them are an array and not a million objects.
LOG_COLUMNS = """
    SELECT stream, (extract(epoch FROM time) * 1000000)::bigint, (data ->> 'row')::integer, substr(activity_code, 2)::integer,
           coalesce(substr(data ->> 'organisation_code', 2)::integer, 0)
    FROM event WHERE log_id = $1 AND activity_code IS NOT NULL
"""

SIGNATURE, TRAILER = 19, 2
"""Bytes before the first row and after the last, in the binary COPY format (PostgreSQL's documentation, COPY, File Formats)."""
ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("case_length", ">i4"), ("case_high", ">u8"), ("case_low", ">u8"),
        ("time_length", ">i4"), ("time", ">i8"),
        ("row_length", ">i4"), ("row", ">i4"),
        ("activity_length", ">i4"), ("activity", ">i4"),
        ("organisation_length", ">i4"), ("organisation", ">i4"),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Saved:
    """The clocks of one case as they are kept, and how many of its events nobody has heard."""

    case_id: UUID
    body: str
    missing: int


@dataclass(frozen=True)
class Log:
    """A log under one of its names: what its codes are called, and how far its import has come."""

    name: str
    log_id: UUID
    sha256: str
    events_expected: int
    vocabulary: Mapping[str, Any]
    events_stored: int
    told_complete: bool
    first_event: datetime | None
    last_event: datetime | None

    @property
    def complete(self) -> bool:
        """The import has said how many events there are, and that many different ones are stored."""
        return self.told_complete and self.events_stored >= self.events_expected

    @property
    def activity_names(self) -> dict[str, str]:
        """What each activity code is called."""
        return {code: activity["name"] for code, activity in self.vocabulary["activities"].items()}


@dataclass(frozen=True)
class LogEvent:
    """One event of a log; `row` is its place in the file."""

    case_id: UUID
    activity_code: str
    time: datetime
    row: int


async def lock(tx: Transaction, cases: Collection[UUID]) -> None:
    """Waits until nobody else works on these cases; held to the end of the transaction."""
    if cases:
        await tx.execute(LOCK, sorted(lock_number(f"case {case}") for case in cases))


@step
async def keep(tx: Transaction, heard: Sequence[Envelope]) -> set[UUID]:
    """Keeps events with one statement and answers the ids that are new.

    An id that is known with other content raises an alarm (a row of `id_conflict`); the one kept first counts.
    """
    columns = [list(column) for column in zip(*map(_row, heard), strict=True)]
    new = {row["event_id"] for row in await tx.fetch(KEEP, *columns)}
    if len(new) < len(heard) and (differing := await tx.fetch(DIFFERING, *columns)):
        await tx.execute(RAISE_ALARM, [row["event_id"] for row in differing], [_sha256(row) for row in differing])
    return new


@step
async def histories(tx: Transaction, cases: Collection[UUID]) -> dict[UUID, list[Envelope]]:
    """Every event kept of each of these cases, in no order."""
    return _by_stream(await tx.fetch(HISTORY_OF, INTAKE_EVENTS, list(cases), timeout=LONG_COMMAND_S))


@step
async def save(tx: Transaction, clocks: Iterable[Saved]) -> None:
    """Writes the clocks of cases with one statement."""
    rows = [(each.case_id, each.body, each.missing) for each in clocks]
    await tx.execute(SAVE, *(list(column) for column in zip(*rows, strict=True)))


async def forget(tx: Transaction, cases: Collection[UUID]) -> None:
    """Takes the clocks of cases away; their events stay."""
    await tx.execute(FORGET, list(cases))


async def saved(tx: Transaction, cases: Collection[UUID]) -> dict[UUID, Saved]:
    """The clocks kept of these cases."""
    return {row["case_id"]: Saved(**row) for row in await tx.fetch(SAVED, list(cases))}


async def bodies(tx: Transaction) -> list[str]:
    """The clocks of every case."""
    return [row["body"] for row in await tx.fetch(BODIES, timeout=LONG_COMMAND_S)]


async def next_cases(db: Database, after: UUID, most: int) -> list[UUID]:
    """The ids of the cases we know, in order, beginning after one."""
    return [row["stream"] for row in await db.fetch(NEXT_CASES, INTAKE_EVENTS, after, most)]


async def incomplete(db: "Database | Transaction") -> int:
    """How many cases miss an event that a later one says must exist."""
    return int(await db.fetchval(INCOMPLETE))


async def conflicts(db: Database) -> int:
    """How many times an id came with another content than the one kept."""
    return int(await db.fetchval(CONFLICTS))


async def name_log(tx: Transaction, name: str, log_id: UUID) -> bool:
    """Gives a described log a name; whether the name is new. An old name stays what it was."""
    return bool(await tx.fetchval(NAME_LOG, name, log_id))


async def forget_name(tx: Transaction, name: str, log_id: UUID) -> bool:
    """Takes a name from a log, and with its last name the log itself and all its events; whether that was it.

    From then on its events are not kept when they are heard.
    """
    await tx.execute(FORGET_NAME, name)
    if await tx.fetchval(NAMED_SO, log_id):
        return False
    await tx.execute(FORGET_LOG, log_id, timeout=LONG_COMMAND_S)
    await tx.execute(FORGET_DESCRIPTION, log_id)
    return True


async def describe_log(tx: Transaction, log_id: UUID, sha256: str, events: int, vocabulary: Mapping[str, Any]) -> None:
    """Says how many events a log has and what its codes are called; said again, the last counts. A forgotten one is so no longer."""
    await tx.execute(REMEMBER_LOG, log_id)
    await tx.execute(DESCRIBE_LOG, log_id, sha256, events, vocabulary)


async def logs(tx: Transaction) -> list[Log]:
    """Every log under every name."""
    return await _with_progress(tx, await tx.fetch(LOGS))


async def log(tx: Transaction, name: str) -> Log | None:
    """The log of that name."""
    return next(iter(await _with_progress(tx, await tx.fetch(LOG, name))), None)


async def log_events(tx: Transaction, log_id: UUID, activities: Collection[str], known_at: datetime | None) -> list[LogEvent]:
    """The events of some activities of a log, recorded by then, in the order of time and, within one time, of the file."""
    return [LogEvent(**row) for row in await tx.fetch(LOG_EVENTS, log_id, list(activities), known_at, timeout=LONG_COMMAND_S)]


async def values_at_start(tx: Transaction, log: Log, start: Collection[str], known_at: datetime | None) -> list[LogValue]:
    """By its name, which organisation events had that came no later than the first start of their case."""
    called = log.vocabulary.get("organisations", {})
    found = await tx.fetch(VALUES_AT_START, log.log_id, list(start), known_at, timeout=LONG_COMMAND_S)
    return [(row["stream"], called.get(row["code"], row["code"]), row["time"], row["row"]) for row in found]


@step
async def log_columns(tx: Transaction, log_id: UUID) -> bytes:
    """Every event of a log in PostgreSQL's binary COPY format, in no order; `LOG_COLUMNS` says which columns."""
    found = bytearray()

    async def keep(piece: bytes) -> None:
        found.extend(piece)

    await tx.copy_from_query(LOG_COLUMNS, log_id, output=keep, format="binary", timeout=LONG_COMMAND_S)
    return bytes(found)


def as_columns(copied: bytes, log: Log) -> LogColumns:
    """What `log_columns` gave of this log: no object an event."""
    rows = np.frombuffer(copied, ROW, count=(len(copied) - SIGNATURE - TRAILER) // ROW.itemsize, offset=SIGNATURE)
    activity, organisation = rows["activity"].astype(np.int64), rows["organisation"].astype(np.int64)
    return LogColumns(
        case=_numbers(rows["case_high"].astype(np.uint64), rows["case_low"].astype(np.uint64)),
        activity=activity - 1,
        organisation=organisation - 1,
        time=rows["time"].astype(np.int64),
        row=rows["row"].astype(np.int64),
        activities=_names(log, "activities", activity),
        organisations=_names(log, "organisations", organisation),
    )


async def _with_progress(tx: Transaction, named: Sequence[Row]) -> list[Log]:
    ids = list({row["log_id"] for row in named})
    progress = {row["log_id"]: row for row in await tx.fetch(PROGRESS, ids, LogEventRecordedV1.event_type, timeout=LONG_COMMAND_S)}
    return [_log(row, progress.get(row["log_id"])) for row in named]


def _log(named: Row, progress: "Row | None") -> Log:
    told = progress["told"] if progress else None
    return Log(
        name=named["name"],
        log_id=named["log_id"],
        sha256=named["sha256"],
        events_expected=named["events"] if told is None else told,
        vocabulary=named["vocabulary"],
        events_stored=progress["stored"] if progress else 0,
        told_complete=told is not None,
        first_event=progress["first_event"] if progress else None,
        last_event=progress["last_event"] if progress else None,
    )


def _row(envelope: Envelope) -> tuple[Any, ...]:
    """An event as its columns."""
    return (
        envelope.id,
        envelope.partitionkey,
        envelope.sequence,
        envelope.data.topic,
        envelope.type,
        envelope.source,
        envelope.subject,
        envelope.time.astimezone(UTC),
        envelope.timeprecision.value,
        envelope.recordedtime.astimezone(UTC),
        envelope.correlationid,
        envelope.causationid,
        envelope.data.model_dump_json(exclude_none=True),
    )


def _sha256(row: Row) -> bytes:
    """By which two contents of one id are told apart."""
    return hashlib.sha256(json.dumps(tuple(row), default=str, sort_keys=True).encode()).digest()


def _by_stream(rows: Iterable[Row]) -> dict[UUID, list[Envelope]]:
    streams: dict[UUID, list[Envelope]] = {}
    for row in rows:
        streams.setdefault(row["stream"], []).append(_envelope(row))
    return streams


def _envelope(row: Row) -> Envelope:
    """The envelope again. It was checked when it was heard."""
    return Envelope.model_construct(
        id=row["event_id"],
        source=row["source"],
        subject=row["subject"],
        time=row["time"],
        recordedtime=row["recorded_at"],
        partitionkey=row["stream"],
        sequence=row["sequence"],
        correlationid=row["correlation_id"],
        causationid=row["causation_id"],
        timeprecision=TimePrecision(row["precision"]),
        traceparent=None,
        data=BY_TYPE[row["type"]].model_validate_json(row["data"]),
    )


def _names(log: Log, kind: str, numbers: Codes) -> list[str]:
    """What codes are called: the n-th name is that of the code with number n + 1; itself, where the vocabulary has none."""
    called = {code: name if isinstance(name, str) else name["name"] for code, name in log.vocabulary.get(kind, {}).items()}
    codes = [f"{kind[0]}{number}" for number in range(1, int(numbers.max(initial=0)) + 1)]
    return [called.get(code, code) for code in codes]


def _numbers(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Codes:
    """A number for each different pair, from 0."""
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    new = np.concatenate(([False], (high[1:] != high[:-1]) | (low[1:] != low[:-1])))
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return numbers
