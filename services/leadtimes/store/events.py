"""The SQL of what was heard: keep events once, read them back by case, save the clocks made from them. Decides nothing."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from contracts.catalogue import BY_TYPE, INTAKE_EVENTS, REFERRAL_EVENTS
from contracts.envelope import Envelope, TimePrecision
from contracts.referrals import CapacityReportedV1, GroupStartPlannedV1
from shared.postgres import LONG_COMMAND_S, Database, Row, Transaction, lock_number
from shared.telemetry import step

OF_CASES: Final = [INTAKE_EVENTS, REFERRAL_EVENTS]
"""The topics whose streams are cases."""
OF_PROVIDERS: Final = [CapacityReportedV1.event_type, GroupStartPlannedV1.event_type]
"""The events on those topics whose stream is a provider: they are kept, and no clock is made from them."""

# Numbers come sorted: two transactions that touch the same cases wait for each other and never in a circle.
LOCK = "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number"
HOLD_MARKS = "SELECT pg_advisory_xact_lock_shared($1)"
HOLD_MARKS_ALONE = "SELECT pg_advisory_xact_lock($1)"
MARKS = "SELECT stream, (data ->> 'of')::uuid AS of FROM event WHERE type = 'se.sluss.intake.case-marked-duplicate.v1'"
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
COUNT = """
    INSERT INTO log_progress AS kept (log_id, stored, told, first_event, last_event)
    SELECT log_id, count(activity_code), max((data ->> 'events')::integer),
           min(time) FILTER (WHERE activity_code IS NOT NULL), max(time) FILTER (WHERE activity_code IS NOT NULL)
"""
KEPT = """
    SELECT event_id, stream, sequence, topic, type, source, subject, time, precision, recorded_at, correlation_id, causation_id, data
    FROM event WHERE event_id = ANY($1)
"""
# What is new of a log is counted by the statement that keeps it, so the two can never differ.
NEW = f"WITH new AS ({INTO} {HEARD} ON CONFLICT (event_id) DO NOTHING RETURNING event_id, log_id, activity_code, time, data)"
ADDED = f"""added AS (
    {COUNT} FROM new WHERE log_id IS NOT NULL GROUP BY log_id
    ON CONFLICT (log_id) DO UPDATE SET
        stored = kept.stored + excluded.stored, told = greatest(kept.told, excluded.told),
        first_event = least(kept.first_event, excluded.first_event), last_event = greatest(kept.last_event, excluded.last_event)
)"""
IDS = "SELECT event_id FROM new"
KEEP = f"{NEW}, {ADDED} {IDS}"
DIFFERING = f"{HEARD} EXCEPT {KEPT}"
RAISE_ALARM = """
    INSERT INTO id_conflict (event_id, content_sha256) SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING
"""
HISTORY = """
    SELECT event_id, stream, sequence, type, source, subject, time, precision, recorded_at, correlation_id, causation_id, data::text AS data
    FROM event WHERE topic = ANY($1::text[])
"""
HISTORY_OF = f"{HISTORY} AND stream = ANY($2::uuid[])"
SAVE = """
    INSERT INTO clock (case_id, body, missing) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])
    ON CONFLICT (case_id) DO UPDATE SET body = excluded.body, missing = excluded.missing
"""
BODIES = "SELECT case_id, body FROM clock ORDER BY case_id"
SAVED = "SELECT case_id, body, missing FROM clock WHERE case_id = ANY($1::uuid[])"
FORGET = "DELETE FROM clock WHERE case_id = ANY($1::uuid[])"
# A case that has clocks and no event is found too: those clocks rest on nothing.
NEXT_CASES = """
    SELECT stream FROM event WHERE topic = ANY($1::text[]) AND stream > $2 AND type <> ALL($4::text[])
    UNION SELECT case_id FROM clock WHERE case_id > $2 ORDER BY stream LIMIT $3
"""
# Counted anew from the events themselves; what rests on the count goes with it.
RECOUNT = (
    "DELETE FROM log_progress",
    f"{COUNT} FROM event WHERE log_id IS NOT NULL GROUP BY log_id",
    "DELETE FROM log_columns",
)
MISCOUNTED = """
    SELECT count(*) FROM log_progress FULL JOIN (
        SELECT log_id, count(activity_code) AS stored, max((data ->> 'events')::integer) AS told
        FROM event WHERE log_id IS NOT NULL GROUP BY log_id
    ) AS counted USING (log_id)
    WHERE (log_progress.stored, log_progress.told) IS DISTINCT FROM (counted.stored, counted.told)
"""
INCOMPLETE = "SELECT count(*) FROM clock WHERE missing > 0"
CONFLICTS = "SELECT count(*) FROM id_conflict"


@dataclass(frozen=True)
class Saved:
    """The clocks of one case as they are kept, and how many of its events nobody has heard."""

    case_id: UUID
    body: str
    missing: int


async def lock(tx: Transaction, cases: Collection[UUID], logs: Collection[UUID] = ()) -> None:
    """Waits until nobody else works on these cases and logs; held to the end of the transaction."""
    numbers = [lock_number(f"{kind} {each}") for kind, many in (("case", cases), ("log", logs)) for each in many]
    if numbers:
        await tx.execute(LOCK, sorted(numbers))


async def hold_marks(tx: Transaction, *, alone: bool = False) -> None:
    """While this is held nobody adds a mark of a duplicate, so that all cases to be locked are known; `alone`: who adds one.

    To be held before any case is locked.
    """
    await tx.execute(HOLD_MARKS_ALONE if alone else HOLD_MARKS, lock_number("duplicate marks"))


async def marks(tx: Transaction) -> set[tuple[UUID, UUID]]:
    """Every mark ever heard, undone ones too: a case, and the one that it was said to be a duplicate of."""
    return {(row["stream"], row["of"]) for row in await tx.fetch(MARKS)}


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
    return _by_stream(await tx.fetch(HISTORY_OF, OF_CASES, list(cases)))


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


async def bodies(tx: Transaction) -> dict[UUID, str]:
    """The clocks of every case, in the order of their ids."""
    return {row["case_id"]: row["body"] for row in await tx.fetch(BODIES, timeout=LONG_COMMAND_S)}


async def next_cases(db: Database, after: UUID, most: int) -> list[UUID]:
    """The ids of the cases we know, in order, beginning after one."""
    return [row["stream"] for row in await db.fetch(NEXT_CASES, OF_CASES, after, most, OF_PROVIDERS)]


async def recount_logs(tx: Transaction) -> None:
    """Counts the events of every log anew, while nobody may keep any."""
    await tx.execute("LOCK TABLE log_progress IN EXCLUSIVE MODE")
    for statement in RECOUNT:
        await tx.execute(statement, timeout=LONG_COMMAND_S)


async def miscounted_logs(tx: Transaction) -> int:
    """Of how many logs the count is not that of their events."""
    return int(await tx.fetchval(MISCOUNTED, timeout=LONG_COMMAND_S))


async def incomplete(db: "Database | Transaction") -> int:
    """How many cases miss an event that a later one says must exist."""
    return int(await db.fetchval(INCOMPLETE))


async def conflicts(db: Database) -> int:
    """How many times an id came with another content than the one kept."""
    return int(await db.fetchval(CONFLICTS))


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
