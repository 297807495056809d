"""The SQL of how facts were registered: late, corrected, as duplicates. Decides nothing."""

from dataclasses import dataclass
from typing import Final

from contracts import referrals
from contracts.codes import CloseReason
from contracts.intake import CaseClosedV1, CaseMarkedDuplicateV1, CaseUnmarkedDuplicateV1, EventCorrectedV1, InsatsObservedV1
from services.leadtimes.domain.quality import Correction
from services.leadtimes.store.events import OF_CASES, OF_PROVIDERS
from shared.postgres import LONG_COMMAND_S, Transaction

MARKS: Final = (CaseMarkedDuplicateV1.event_type, CaseUnmarkedDuplicateV1.event_type)
CORRECTED: Final = [EventCorrectedV1.event_type, referrals.EventCorrectedV1.event_type]
BY_RULE: Final = [CloseReason.LAPSED_NO_APPLICATION.value, CloseReason.LAPSED_NO_SUPPORT.value]

# Routes, direct assignments, corrections and marks are dated by the system when it tells them, so none of them is ever late.
LATE: Final = """
    WITH told AS (
        SELECT event_id, stream, type, data, (time AT TIME ZONE 'Europe/Stockholm')::date AS happened,
               (recorded_at AT TIME ZONE 'Europe/Stockholm')::date AS registered
        FROM event WHERE topic = ANY($1::text[]) AND type <> ALL($6::text[])
    ), taken_over AS (
        SELECT stream, min((data ->> 'known_from')::date) AS known_from FROM told WHERE data ? 'known_from' GROUP BY stream
    ), replacement AS (
        SELECT (data ->> 'replaced_by')::uuid AS event_id FROM told WHERE type = ANY($2::text[]) AND data ? 'replaced_by'
    )
    SELECT count(*) AS facts, count(*) FILTER (
        WHERE registered > happened
          AND type <> $3
          AND NOT (type = $4 AND data ->> 'reason' = ANY($5::text[]))
          AND happened >= coalesce(known_from, '-infinity')
          AND replacement.event_id IS NULL
    ) AS late
    FROM told LEFT JOIN taken_over USING (stream) LEFT JOIN replacement USING (event_id)
"""
CORRECTIONS: Final = """
    SELECT event_id::text AS event_id, data ->> 'corrects_event_id' AS corrects, data ->> 'replaced_by' AS replaced_by
    FROM event WHERE topic = ANY($1::text[]) AND type = ANY($2::text[]) ORDER BY recorded_at, stream, topic, sequence
"""
DUPLICATES: Final = """
    SELECT count(*) FROM (
        SELECT DISTINCT ON (stream) type FROM event WHERE type IN ($1, $2) ORDER BY stream, sequence DESC
    ) AS latest WHERE type = $1
"""


@dataclass(frozen=True)
class Registered:
    """How many facts of cases were heard, how many of them were registered late, and how many cases are marked as duplicates."""

    facts: int
    late: int
    duplicates: int


async def registered(tx: Transaction) -> Registered:
    """Counted over every event of intake and of referrals.

    Late: registered on a later date, in Sweden, than it happened. What was taken over from before the day a case is known from does not
    count, nor an insats that was found (it happens when it begins), a closing by rule, or what replaces another fact.
    """
    observed, closed = InsatsObservedV1.event_type, CaseClosedV1.event_type
    asked = (OF_CASES, CORRECTED, observed, closed, BY_RULE, OF_PROVIDERS)
    row = (await tx.fetch(LATE, *asked, timeout=LONG_COMMAND_S))[0]
    duplicates = await tx.fetchval(DUPLICATES, *MARKS, timeout=LONG_COMMAND_S)
    return Registered(row["facts"], row["late"], int(duplicates))


async def corrections(tx: Transaction) -> list[Correction]:
    """Every correction, in the order of recording."""
    rows = await tx.fetch(CORRECTIONS, OF_CASES, CORRECTED, timeout=LONG_COMMAND_S)
    return [Correction(**row) for row in rows]
