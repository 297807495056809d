"""The SQL of programmes, their groups and their places. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.referrals.domain.capacity import Group, Grouping, Place, Programme, Registered
from services.referrals.domain.seeing import Seer
from shared.postgres import Database, Transaction, lock
from shared.telemetry import step

REGISTER = """
    INSERT INTO programme (programme_id, provider, to_function, insats_kind, target_group, opens_on, closes_on, seats, grouping)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
SPEAKS_FOR_ANOTHER = """
    SELECT EXISTS (SELECT FROM programme WHERE provider = $1 AND to_function <> $2)
        OR EXISTS (SELECT FROM known_case WHERE case_id = $1) OR EXISTS (SELECT FROM state WHERE stream = $1)
"""
PROGRAMME = "SELECT * FROM programme WHERE programme_id = $1"
LIST = """
    SELECT * FROM programme WHERE programme_id > $1 AND ($2::text IS NULL OR to_function = $2)
      AND ($3::text[] IS NULL OR to_function = ANY($3)) ORDER BY programme_id LIMIT $4
"""
GROUPS = "SELECT group_id, starts_on, weeks, seats FROM programme_group WHERE programme_id = $1"
PLAN = "INSERT INTO programme_group (group_id, programme_id, starts_on, weeks, seats) VALUES ($1, $2, $3, $4, $5)"
REPORT = "UPDATE programme SET status = $2, reported_at = $3 WHERE programme_id = $1 AND (reported_at IS NULL OR reported_at <= $3)"
AT = "SELECT DISTINCT programme_id FROM place WHERE case_id = $1"
OF_REFERRAL = "SELECT programme_id, group_id, from_on, queued_at FROM place WHERE referral_id = $1"
OF_PROGRAMME = """
    SELECT place.*, referral.state, coalesce(known_case.protected, false) AS protected
    FROM place JOIN referral USING (referral_id) LEFT JOIN known_case ON known_case.case_id = place.case_id
    WHERE programme_id = $1 ORDER BY queued_at, number
"""
PUT = """
    INSERT INTO place (referral_id, case_id, programme_id, queued_at, group_id, from_on, started, to_on, ready_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (referral_id) DO UPDATE SET programme_id = excluded.programme_id, queued_at = excluded.queued_at,
        group_id = excluded.group_id, from_on = excluded.from_on, started = excluded.started,
        to_on = excluded.to_on, ready_on = excluded.ready_on
"""
TAKE_AWAY = "DELETE FROM place WHERE referral_id = $1"


@dataclass(frozen=True)
class Held:
    """Where a referral is at a programme: in its line since `queued_at`, and once it has a seat, from which day and in which group."""

    programme_id: UUID
    group_id: UUID | None
    from_on: date | None
    queued_at: datetime


@dataclass(frozen=True)
class Taken(Held):
    """The same as its programme sees it: whose, in which state the referral is, and since when it could go on."""

    referral_id: UUID
    case_id: UUID
    started: bool
    to_on: date | None
    ready_on: date | None
    state: str
    protected: bool

    @property
    def place(self) -> Place | None:
        """The seat; None in the line."""
        return Place(self.from_on, self.group_id, self.to_on) if self.from_on else None


@step
async def hold(tx: Transaction, case_id: UUID, named: UUID | None = None) -> None:
    """Locks every programme that referrals of a case are at, and the one that is named, to the end of the transaction.

    The case itself is locked before, and programmes always in the order of their ids: so nobody waits in a circle.
    """
    at = {row["programme_id"] for row in await tx.fetch(AT, case_id)} | ({named} if named else set())
    for programme_id in sorted(at):
        await lock(tx, f"programme {programme_id}")


async def hold_one(tx: Transaction, programme_id: UUID) -> None:
    """Locks one programme, for whoever locks nothing else."""
    await lock(tx, f"programme {programme_id}")


async def register(tx: Transaction, new: Registered) -> None:
    """Keeps a new programme."""
    of = new.programme
    said = (new.provider, new.to_function, new.insats_kind, new.target_group, of.opens_on, of.closes_on, of.seats, of.grouping.value)
    await tx.execute(REGISTER, new.programme_id, *said)


async def speaks_for_another(tx: Transaction, new: Registered) -> bool:
    """Whether the provider of a new programme is another function's, or no provider at all but a case."""
    return bool(await tx.fetchval(SPEAKS_FOR_ANOTHER, new.provider, new.to_function))


async def plan(tx: Transaction, programme_id: UUID, group: Group) -> None:
    """Keeps a new group."""
    await tx.execute(PLAN, group.group_id, programme_id, group.starts_on, group.weeks, group.seats)


async def report(tx: Transaction, programme_id: UUID, status: str, at: datetime) -> None:
    """Keeps what the provider says of its places."""
    await tx.execute(REPORT, programme_id, status, at)


async def programme(db: Database | Transaction, programme_id: UUID) -> Registered | None:
    """A programme with its groups; None: there is none."""
    row = await db.fetchrow(PROGRAMME, programme_id)
    return await _registered(db, row) if row else None


async def programmes(db: Database, to_function: str | None, seer: Seer, after: UUID, most: int) -> list[Registered]:
    """Programmes in the order of their ids, beginning after one: for a recipient's staff those of their functions."""
    own = list(seer.functions) if seer.functions is not None else None
    return [await _registered(db, row) for row in await db.fetch(LIST, after, to_function, own, most)]


async def of_referral(tx: Transaction, referral_id: UUID) -> Held | None:
    """Where a referral is; None: at no programme."""
    row = await tx.fetchrow(OF_REFERRAL, referral_id)
    return Held(**row) if row else None


async def taken(db: Database | Transaction, programme_id: UUID) -> Sequence[Taken]:
    """All who are or were at a programme, in the order in which they came into its line."""
    rows = await db.fetch(OF_PROGRAMME, programme_id)
    return [Taken(**{name: value for name, value in row.items() if name != "number"}) for row in rows]


async def put(
    tx: Transaction, referral_id: UUID, case_id: UUID, held: Held, started: bool, to_on: date | None, ready_on: date | None
) -> None:
    """Keeps where a referral is: whether it has begun there, until when it had its seat, and since when it could go on."""
    said = (held.programme_id, held.queued_at, held.group_id, held.from_on, started, to_on, ready_on)
    await tx.execute(PUT, referral_id, case_id, *said)


async def take_away(tx: Transaction, referral_id: UUID) -> None:
    """A referral that is at no programme any more and never had begun there."""
    await tx.execute(TAKE_AWAY, referral_id)


async def _registered(db: Database | Transaction, row: Any) -> Registered:
    groups = tuple(Group(**each) for each in await db.fetch(GROUPS, row["programme_id"]))
    of = Programme(row["opens_on"], row["closes_on"], row["seats"], Grouping(row["grouping"]), groups)
    said = {name: row[name] for name in ("programme_id", "provider", "to_function", "insats_kind", "target_group", "status", "reported_at")}
    return Registered(programme=of, **said)
