"""The SQL of the caseload: the workers, who has which case, and the cases that are counted. Decides nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from contracts.catalogue import INTAKE_EVENTS
from contracts.intake import ApplicationReceivedV1
from services.intake.domain.caseload import CaseType, Experience, Handling, Worker
from services.intake.domain.duplicates import Kept
from services.intake.store.cases import read_body
from shared.postgres import Database, Row, Transaction

SAVE_WORKER = """
    INSERT INTO worker (worker_ref, unit, experience, away) VALUES ($1, $2, $3, $4)
    ON CONFLICT (worker_ref) DO UPDATE SET unit = excluded.unit, experience = excluded.experience, away = excluded.away
"""
HANDLED_BY = "SELECT case_id FROM handling WHERE worker_ref = $1"
TAKE_AWAY = "UPDATE handling SET worker_ref = NULL WHERE case_id = $1 AND worker_ref = $2"
HOLD_WORKER = "SELECT FROM worker WHERE worker_ref = $1 FOR UPDATE"
REMOVE_WORKER = "DELETE FROM worker WHERE worker_ref = $1"
IS_WORKER = "SELECT true FROM worker WHERE worker_ref = $1 FOR KEY SHARE"
SAVE_HANDLING = """
    INSERT INTO handling (case_id, worker_ref, case_type) VALUES ($1, $2, $3)
    ON CONFLICT (case_id) DO UPDATE SET worker_ref = excluded.worker_ref, case_type = excluded.case_type
"""
WORKERS = "SELECT worker_ref, unit, experience, away FROM worker"
# Whatever a mark joins belongs to what is counted, however long it is closed.
OPEN_SINCE = """
    WITH mark AS (SELECT stream, (body ->> 'duplicate_of')::uuid AS named FROM state WHERE body ->> 'duplicate_of' IS NOT NULL)
    SELECT stream, body::text AS body, worker_ref, case_type FROM state LEFT JOIN handling ON case_id = stream
    WHERE (status = 'open' OR (body #>> '{closing,happened,at}')::timestamptz >= $1
           OR stream IN (SELECT stream FROM mark) OR stream IN (SELECT named FROM mark))
      AND ($2 OR NOT protected)
"""
CHANNELS = """
    SELECT stream, (said ->> 'application_ref')::uuid AS application_ref, said ->> 'channel' AS channel
    FROM outbox, LATERAL (SELECT convert_from(payload, 'UTF8')::jsonb AS said) AS read
    WHERE topic = $1 AND stream = ANY($2::uuid[]) AND type = $3
"""


async def save_worker(tx: Transaction, worker: Worker) -> None:
    """Keeps a worker as they are now."""
    await tx.execute(SAVE_WORKER, worker.ref, worker.unit, worker.experience, worker.away)


async def handled_by(db: Database | Transaction, worker_ref: UUID) -> list[UUID]:
    """The cases that a worker has."""
    return [row["case_id"] for row in await db.fetch(HANDLED_BY, worker_ref)]


async def take_away(db: Database, case_id: UUID, worker_ref: UUID) -> None:
    """Nobody has a case that a worker had."""
    await db.execute(TAKE_AWAY, case_id, worker_ref)


async def remove_worker(tx: Transaction, worker_ref: UUID) -> bool:
    """The worker is there no more; False, and nothing done, for one who has cases. While the worker is held nobody is given another."""
    await tx.execute(HOLD_WORKER, worker_ref)
    if await handled_by(tx, worker_ref):
        return False
    await tx.execute(REMOVE_WORKER, worker_ref)
    return True


async def is_worker(tx: Transaction, worker_ref: UUID) -> bool:
    """Whether there is such a worker, who then stays to the end of the transaction."""
    return bool(await tx.fetchval(IS_WORKER, worker_ref))


async def save_handling(tx: Transaction, case_id: UUID, handling: Handling) -> None:
    """Keeps who has a case, and of which type it is."""
    await tx.execute(SAVE_HANDLING, case_id, handling.worker_ref, handling.case_type)


async def workers(tx: Transaction) -> list[Worker]:
    """Every worker, in no order."""
    return [Worker(row["worker_ref"], row["unit"], Experience(row["experience"]), row["away"]) for row in await tx.fetch(WORKERS)]


async def open_since(tx: Transaction, since: datetime, protected: bool) -> list[Row]:
    """Every case open at some time since an instant, and all that marks join, each a row for `read`; protected ones only if asked for."""
    return list(await tx.fetch(OPEN_SINCE, since, protected))


def read(rows: Iterable[Row]) -> dict[UUID, Kept]:
    """The cases of such rows. Of thousands it takes a while, and no database."""
    return {
        row["stream"]: Kept(read_body(row["body"]), row["worker_ref"], CaseType(row["case_type"]) if row["case_type"] else None)
        for row in rows
    }


async def channels(tx: Transaction, case_ids: Sequence[UUID]) -> list[tuple[UUID, UUID, str]]:
    """Case, application and channel of each application as it was told, also where that was corrected since."""
    rows = await tx.fetch(CHANNELS, INTAKE_EVENTS, case_ids, ApplicationReceivedV1.event_type)
    return [(row["stream"], row["application_ref"], row["channel"]) for row in rows]
