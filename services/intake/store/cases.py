"""The SQL of the cases: load and save the state document of a case, and find the cases of a person. Decides nothing."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from services.intake.domain.case import Case
from shared.postgres import Database, Transaction, lock
from shared.telemetry import step

LOAD = "SELECT version, body FROM state WHERE stream = $1"
SAVE = """
    INSERT INTO state (stream, version, body, person_ref, status) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, body = excluded.body, person_ref = excluded.person_ref, status = excluded.status
"""
OF_PERSON = "SELECT stream, body FROM state WHERE person_ref = $1"

BODY = TypeAdapter(Case)


@dataclass(frozen=True)
class Stored:
    """A case and its version: how many facts it was folded from, 0 for a case that does not exist."""

    version: int
    case: Case


@step
async def load(tx: Transaction, case_id: UUID) -> Stored:
    """The case, locked to the end of the transaction, also when it does not exist yet."""
    await lock(tx, case_id)
    return await read(tx, case_id)


async def read(db: Database | Transaction, case_id: UUID) -> Stored:
    """The case as it was last saved, without waiting for anybody."""
    row = await db.fetchrow(LOAD, case_id)
    return Stored(row["version"], BODY.validate_python(row["body"])) if row else Stored(0, Case())


@step
async def save(tx: Transaction, case_id: UUID, stored: Stored) -> None:
    """Keeps the case in the caller's transaction, which must hold the lock that `load` took."""
    body, status = BODY.dump_python(stored.case, mode="json"), "closed" if stored.case.closing else "open"
    await tx.execute(SAVE, case_id, stored.version, body, stored.case.person_ref, status)


async def of_person(tx: Transaction, person_ref: UUID) -> dict[UUID, Case]:
    """Every case of a person. The person is locked, so that two requests cannot both open the first one."""
    await lock(tx, person_ref)
    return {row["stream"]: BODY.validate_python(row["body"]) for row in await tx.fetch(OF_PERSON, person_ref)}
