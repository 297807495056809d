"""The SQL of referrals: the state document of a case, its referrals by function, and what intake told of it. Decides nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.referrals.domain.facts import Fact
from services.referrals.domain.known import Known
from services.referrals.domain.referral import Case
from services.referrals.domain.seeing import Addressed, Seer
from shared.context import Context
from shared.postgres import Database, Transaction, lock
from shared.telemetry import step

LOAD = "SELECT version, body FROM state WHERE stream = $1"
SAVE = """
    INSERT INTO state (stream, version, body, protected) VALUES ($1, $2, $3, $4)
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, body = excluded.body, protected = excluded.protected
"""
PLACE = """
    INSERT INTO referral (referral_id, case_id, to_function, state, is_open, was_sent)
    SELECT id, $1, coalesce(said, ''), state, is_open, was_sent
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::bool[]) AS new (id, said, state, is_open, was_sent)
    ON CONFLICT (referral_id) DO UPDATE SET state = excluded.state, is_open = excluded.is_open, was_sent = excluded.was_sent
"""
SUGGEST = "UPDATE referral SET suggested_function = $2 WHERE referral_id = $1"
FUNCTIONS = "SELECT referral_id, to_function, suggested_function FROM referral WHERE case_id = $1"
KNOWN = "SELECT closed_by, protected, assignments, corrections FROM known_case WHERE case_id = $1"
KNOW = """
    INSERT INTO known_case (case_id, closed_by, protected, assignments, corrections) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (case_id) DO UPDATE SET closed_by = excluded.closed_by, protected = excluded.protected,
        assignments = excluded.assignments, corrections = excluded.corrections
"""
PROTECT = "UPDATE state SET protected = $2 WHERE stream = $1 AND protected <> $2"
NOTE_CONFLICT = """
    INSERT INTO conflict (case_id, referral_id, step, by_actor, noted_at, noted_by, cause, said) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (cause) DO NOTHING
"""
CONFLICTS = """
    SELECT id, conflict.case_id, referral_id, step, by_actor, noted_at, said FROM conflict LEFT JOIN known_case USING (case_id)
    WHERE settled_at IS NULL AND id > $1 AND ($2 OR protected IS NOT TRUE) ORDER BY id LIMIT $3
"""
SETTLE = """
    UPDATE conflict SET settled_at = $2, settled_by = $3 FROM known_case
    WHERE id = $1 AND settled_at IS NULL AND known_case.case_id = conflict.case_id AND ($4 OR NOT protected) RETURNING id
"""
NOTE_OVERRIDE = """
    INSERT INTO override (case_id, referral_id, step, reason, noted_at, noted_by) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
LIST = """
    SELECT referral_id, referral.case_id FROM referral JOIN known_case USING (case_id)
    WHERE referral_id > $1 AND ($2::text IS NULL OR to_function = $2) AND ($3::text IS NULL OR state = $3)
      AND ($4::text[] IS NULL OR (was_sent AND to_function = ANY($4))) AND ($5 OR NOT protected)
    ORDER BY referral_id LIMIT $6
"""
OF_CASES = "SELECT * FROM whole WHERE stream = ANY($1)"
WORKED_ON = """
    SELECT * FROM whole WHERE stream IN (
        SELECT case_id FROM referral
        WHERE ($1::text[] IS NULL OR (was_sent AND to_function = ANY($1))) AND ($2::text IS NULL OR to_function = $2)
    ) AND ($3 OR NOT protected)
"""
FIRST = UUID(int=0)

BODY, OF_INTAKE = TypeAdapter(Case), TypeAdapter(Known)
FACT: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class Stored:
    """The referrals of a case and their version: how many facts they were folded from."""

    version: int
    case: Case


@dataclass(frozen=True)
class Conflict:
    """Something that was not applied because another came first, for a human to look at: what, by whom, about which referral.

    `said`: the fact that was not taken, in codes and dates.
    """

    id: int
    case_id: UUID
    referral_id: UUID | None
    step: str
    by_actor: str
    noted_at: datetime
    said: Mapping[str, Any]


@step
async def load(tx: Transaction, case_id: UUID) -> Stored:
    """The referrals of a case, locked to the end of the transaction, also when there are none yet."""
    await lock(tx, case_id)
    return await read(tx, case_id)


async def read(db: Database | Transaction, case_id: UUID) -> Stored:
    """The same as last saved, without waiting for anybody."""
    row = await db.fetchrow(LOAD, case_id)
    return Stored(row["version"], BODY.validate_python(row["body"])) if row else Stored(0, Case())


@step
async def save(tx: Transaction, case_id: UUID, stored: Stored, functions: Mapping[UUID, str], protected: bool) -> None:
    """Keeps the referrals of a case in the caller's transaction, which must hold the lock that `load` took.

    `functions`: to whom the new ones go.
    """
    await tx.execute(SAVE, case_id, stored.version, BODY.dump_python(stored.case, mode="json"), protected)
    rows = [(key, functions.get(key), each.state.value, each.is_open, each.sent is not None) for key, each in stored.case.referrals.items()]
    await tx.execute(PLACE, case_id, *(list(column) for column in zip(*rows, strict=True)))


async def suggest(tx: Transaction, referral_id: UUID, function: str) -> None:
    """Whom the recipient suggests in their place."""
    await tx.execute(SUGGEST, referral_id, function)


async def functions(db: Database | Transaction, case_id: UUID) -> dict[UUID, Addressed]:
    """To whom each referral of a case goes."""
    rows = await db.fetch(FUNCTIONS, case_id)
    return {row["referral_id"]: Addressed(row["to_function"], row["suggested_function"]) for row in rows}


async def known(db: Database | Transaction, case_id: UUID) -> Known | None:
    """What intake has told of a case; None: nothing yet."""
    row = await db.fetchrow(KNOWN, case_id)
    return OF_INTAKE.validate_python(dict(row)) if row else None


async def know(tx: Transaction, case_id: UUID, told: Known) -> None:
    """Keeps what intake has told of a case."""
    said = OF_INTAKE.dump_python(told, mode="json")
    await tx.execute(KNOW, case_id, told.closed_by, told.protected, said["assignments"], said["corrections"])
    await tx.execute(PROTECT, case_id, told.protected)


async def note_conflict(
    tx: Transaction,
    case_id: UUID,
    referral_id: UUID | None,
    step: str,
    by_actor: str,
    context: Context,
    cause: UUID,
    said: Fact | None = None,
) -> None:
    """Keeps for a human what was not applied, and what it said; of one cause once."""
    told = FACT.dump_python(said, mode="json") if said else {}
    await tx.execute(NOTE_CONFLICT, case_id, referral_id, step, by_actor, context.now, context.caller, cause, told)


async def conflicts(db: Database, after: int, most: int, seer: Seer) -> list[Conflict]:
    """What waits for a human to look at, the oldest first."""
    return [Conflict(**row) for row in await db.fetch(CONFLICTS, after, seer.protected, most)]


async def settle_conflict(tx: Transaction, number: int, seer: Seer, context: Context) -> bool:
    """A human has looked at it; False when there is no such, or it was."""
    return bool(await tx.fetchval(SETTLE, number, context.now, context.caller, seer.protected))


async def note_override(tx: Transaction, case_id: UUID, referral_id: UUID, step: str, reason: str, context: Context) -> None:
    """Keeps why a guard was overridden, who said so, and when."""
    await tx.execute(NOTE_OVERRIDE, case_id, referral_id, step, reason, context.now, context.caller)


async def listed(db: Database, to_function: str | None, state: str | None, seer: Seer, after: UUID, most: int) -> list[tuple[UUID, UUID]]:
    """Referrals and their cases, in the order of their ids, beginning after one; only what the asker may see."""
    own = list(seer.functions) if seer.functions is not None else None
    rows = await db.fetch(LIST, after, to_function, state, own, seer.protected, most)
    return [(row["referral_id"], row["case_id"]) for row in rows]


async def worked_on(db: Database, to_function: str | None, seer: Seer) -> Sequence[Any]:
    """Of every case with a referral that the asker may see the row that `whole` reads."""
    own = list(seer.functions) if seer.functions is not None else None
    return await db.fetch(WORKED_ON, own, to_function, seer.protected)


async def of_cases(db: Database, case_ids: Collection[UUID]) -> Sequence[Any]:
    """The same of these cases."""
    return await db.fetch(OF_CASES, list(case_ids))


def whole(row: Any) -> tuple[UUID, Stored, Known, Mapping[UUID, Addressed]]:
    """A case, its referrals, what is known of it, and to whom each of its referrals goes."""
    functions = {UUID(key): Addressed(*said) for key, said in row["functions"].items()}
    known = OF_INTAKE.validate_python({each: row[each] for each in ("closed_by", "protected", "assignments", "corrections")})
    return row["stream"], Stored(row["version"], BODY.validate_python(row["body"])), known, functions
