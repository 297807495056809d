"""The SQL of the cases: load and save the state document of a case, and find the cases of a person. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from services.intake.domain.case import Case
from services.intake.domain.facts import UNPROTECTED
from shared.context import Context
from shared.postgres import Database, Transaction, lock
from shared.telemetry import step

LOAD = "SELECT version, body FROM state WHERE stream = $1"
SAVE = """
    INSERT INTO state (stream, version, body, person_ref, household_ref, status, unit, protected) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, body = excluded.body, person_ref = excluded.person_ref, household_ref = excluded.household_ref,
        status = excluded.status, unit = excluded.unit, protected = excluded.protected
"""
NO_WORKER = "UPDATE handling SET worker_ref = NULL WHERE case_id = $1"
OF_PERSON = "SELECT stream, body FROM state WHERE person_ref = $1"
LIST = """
    SELECT stream, version, body FROM state
    WHERE stream > $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR unit = $3) AND ($4::uuid IS NULL OR person_ref = $4)
      AND ($5::uuid IS NULL OR household_ref = $5) AND ($6 OR NOT protected)
    ORDER BY stream LIMIT $7
"""
KNOWN_AS = "SELECT case_id FROM source_ref WHERE source_system = $1 AND source_ref = $2"
REMEMBER_SOURCE = """
    INSERT INTO source_ref (source_system, source_ref, case_id) VALUES ($1, $2, $3)
    ON CONFLICT (source_system, source_ref) DO UPDATE SET case_id = source_ref.case_id RETURNING case_id
"""
NOTE_OVERRIDE = """
    INSERT INTO override (case_id, rule, ref, reason, noted_at, noted_by) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
OPEN_OF = "SELECT stream, body::text AS body FROM state WHERE status = 'open' AND ($1::text IS NULL OR unit = $1) AND ($2 OR NOT protected)"
PROTECTED_OF = "SELECT stream FROM state WHERE stream = ANY($1::uuid[]) AND protected"
FIRST = UUID(int=0)

BODY = TypeAdapter(Case)


@dataclass(frozen=True)
class Stored:
    """A case and its version: how many facts it was folded from, 0 for a case that does not exist."""

    version: int
    case: Case


@dataclass(frozen=True)
class Wanted:
    """Which cases are asked for; None: any. `protected`: those too that not everybody may see."""

    status: str | None = None
    unit: str | None = None
    person_ref: UUID | None = None
    household_ref: UUID | None = None
    protected: bool = False


@dataclass(frozen=True)
class SourceRef:
    """What another system calls a case (källsystem, dess ärendenummer). Kept here, never told."""

    system: str
    ref: str


@dataclass(frozen=True)
class Override:
    """A human did not follow a rule: which, about what, for which coded reason."""

    rule: str
    ref: UUID
    reason: str


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
    """Keeps the case in the caller's transaction, which must hold the lock that `load` took. One of somebody protected has no worker."""
    case, answers = stored.case, stored.case.passage.answers
    body, status, unit = BODY.dump_python(case, mode="json"), "closed" if case.closing else "open", answers.unit if answers else None
    protected = case.protection != UNPROTECTED
    await tx.execute(SAVE, case_id, stored.version, body, case.person_ref, case.household_ref, status, unit, protected)
    if protected:  # a worker tells the unit
        await tx.execute(NO_WORKER, case_id)


async def listed(db: Database, wanted: Wanted, after: UUID, most: int) -> dict[UUID, Stored]:
    """Cases in the order of their ids, which is that of their registration, beginning after one."""
    asked = (wanted.status, wanted.unit, wanted.person_ref, wanted.household_ref, wanted.protected)
    rows = await db.fetch(LIST, after, *asked, most)
    return {row["stream"]: Stored(row["version"], BODY.validate_python(row["body"])) for row in rows}


async def open_of(db: Database, unit: str | None, protected: bool) -> list[tuple[UUID, str]]:
    """Every open case of a unit, or of all, each with its document as text; those of protected persons only if they are asked for."""
    return [(row["stream"], row["body"]) for row in await db.fetch(OPEN_OF, unit, protected)]


def read_body(text: str) -> Case:
    """A case from its document."""
    return BODY.validate_json(text)


async def known_as(db: Database | Transaction, reference: SourceRef) -> UUID | None:
    """The case that another system knows by this reference."""
    found: UUID | None = await db.fetchval(KNOWN_AS, reference.system, reference.ref)
    return found


async def remember_source(tx: Transaction, case_id: UUID, reference: SourceRef) -> bool:
    """By which reference another system knows a case; False when it knows another case by it, which stays so."""
    return bool(await tx.fetchval(REMEMBER_SOURCE, reference.system, reference.ref, case_id) == case_id)


async def note_override(tx: Transaction, case_id: UUID, override: Override, context: Context) -> None:
    """Keeps why a rule was not followed, who said so, and when."""
    await tx.execute(NOTE_OVERRIDE, case_id, override.rule, override.ref, override.reason, context.now, context.caller)


async def protected_of(db: Database | Transaction, case_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of some cases that are of protected persons."""
    return frozenset(row["stream"] for row in await db.fetch(PROTECTED_OF, case_ids))


async def of_person(tx: Transaction, person_ref: UUID) -> dict[UUID, Case]:
    """Every case of a person. The person is locked, so that two requests cannot both open the first one."""
    await lock(tx, person_ref)
    return {row["stream"]: BODY.validate_python(row["body"]) for row in await tx.fetch(OF_PERSON, person_ref)}
