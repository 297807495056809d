"""The SQL of the identity vault. Every connection is the role intake_vault's and finds the schema `vault` alone. Decides nothing."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from pydantic import TypeAdapter
from uuid_utils.compat import uuid4

from services.intake.domain.identity import Kind, Particulars, Person, Protection, age
from services.intake.store.sealing import VaultKeys
from shared.context import Context
from shared.postgres import Database, Row, Transaction, lock
from shared.telemetry import step

SCHEMA = "vault"
HELD_BY = "SELECT * FROM person WHERE lookup = $1"
READ = "SELECT * FROM person WHERE person_ref = $1 FOR UPDATE"
WRAPPED = "SELECT wrapped_key FROM person_key WHERE person_ref = $1"
STANDING = """
    SELECT protection_level, effective_on, sealed, wrapped_key FROM person LEFT JOIN person_key USING (person_ref) WHERE person_ref = $1
"""
SEALED = "SELECT sealed FROM person WHERE person_ref = $1"
ADD = "INSERT INTO person (person_ref, kind, lookup, sealed, protection_level, version) VALUES ($1, $2, $3, $4, $5, $6)"
ADD_KEY = "INSERT INTO person_key (person_ref, wrapped_key) VALUES ($1, $2)"
RENUMBER = "UPDATE person SET kind = $2, lookup = $3, sealed = $4, version = $5 WHERE person_ref = $1"
PROTECT = "UPDATE person SET protection_level = $2, effective_on = $3, version = $4 WHERE person_ref = $1"
ERASE_KEY = "DELETE FROM person_key WHERE person_ref = $1 RETURNING person_ref"
ERASE = "UPDATE person SET lookup = NULL, sealed = NULL, version = $2 WHERE person_ref = $1"
LOG = "INSERT INTO identity_access (at, caller, action, purpose, person_ref, correlation) VALUES ($1, $2, $3, $4, $5, $6)"

PARTICULARS = TypeAdapter(Particulars)


@dataclass(frozen=True)
class Vault:
    """The vault's own pool, and the keys that its database never has."""

    db: Database
    keys: VaultKeys


@dataclass(frozen=True)
class Standing:
    """What the house's own decisions may know of a person: the age in years, and the protection; never who it is."""

    age: int | None
    protection: Protection
    effective_on: date | None


async def standing(vault: Vault, person_ref: UUID, today: date) -> Standing | None:
    """How a person stands today; None for somebody whom the vault does not know."""
    row = await vault.db.fetchrow(STANDING, person_ref)
    if row is None:
        return None
    known = None
    if row["wrapped_key"] is not None and row["sealed"] is not None:
        known = PARTICULARS.validate_json(vault.keys.open(person_ref, row["wrapped_key"], row["sealed"])).number
    return Standing(age(known, today), Protection(row["protection_level"]), row["effective_on"])


async def find(tx: Transaction, keys: VaultKeys, number: str) -> Person | None:
    """Who has this number (canonical)."""
    row = await tx.fetchrow(HELD_BY, keys.lookup(number))
    return _person(row) if row else None


async def claim_number(tx: Transaction, keys: VaultKeys, number: str) -> Person | None:
    """Who has this number; nobody else gets it before the end of the transaction."""
    await lock(tx, keys.lookup(number).hex())
    return await find(tx, keys, number)


async def read(tx: Transaction, person_ref: UUID) -> Person | None:
    """The person, locked to the end of the transaction."""
    row = await tx.fetchrow(READ, person_ref)
    return _person(row) if row else None


@step
async def open_particulars(tx: Transaction, keys: VaultKeys, person_ref: UUID) -> Particulars | None:
    """What is sealed of a person; None once the key is gone."""
    wrapped, sealed = await tx.fetchval(WRAPPED, person_ref), await tx.fetchval(SEALED, person_ref)
    return None if wrapped is None else PARTICULARS.validate_json(keys.open(person_ref, wrapped, sealed))


@step
async def add(tx: Transaction, keys: VaultKeys, kind: Kind, particulars: Particulars) -> Person:
    """A new person under a random reference, with a data key of their own."""
    person, wrapped = Person(uuid4(), kind), keys.new_data_key()
    sealed = keys.seal(person.person_ref, wrapped, PARTICULARS.dump_json(particulars))
    await tx.execute(ADD, person.person_ref, kind, _lookup(keys, particulars), sealed, person.protection, person.version)
    await tx.execute(ADD_KEY, person.person_ref, wrapped)
    return person


async def renumber(tx: Transaction, keys: VaultKeys, person: Person, kind: Kind, particulars: Particulars) -> Person:
    """The person under another number, sealed anew under the same data key."""
    after = replace(person, kind=kind, version=person.version + 1)
    sealed = keys.seal(person.person_ref, await tx.fetchval(WRAPPED, person.person_ref), PARTICULARS.dump_json(particulars))
    await tx.execute(RENUMBER, person.person_ref, kind, _lookup(keys, particulars), sealed, after.version)
    return after


async def protect(tx: Transaction, person: Person) -> None:
    """Keeps the level of protection, and from when it holds."""
    await tx.execute(PROTECT, person.person_ref, person.protection, person.effective_on, person.version)


async def erase(tx: Transaction, person: Person) -> Person | None:
    """Deletes the person's key, and with it what it sealed and what the number was found by; None when that is done already."""
    if await tx.fetchval(ERASE_KEY, person.person_ref) is None:
        return None
    after = replace(person, version=person.version + 1)
    await tx.execute(ERASE, person.person_ref, after.version)
    return after


async def log(tx: Transaction, context: Context, action: str, purpose: str, person_ref: UUID | None) -> None:
    """Who did what, when, why and with whose identity, in the transaction of the deed: what cannot be logged is not done."""
    await tx.execute(LOG, context.now, context.caller, action, purpose, person_ref, context.correlation)


def _lookup(keys: VaultKeys, particulars: Particulars) -> bytes | None:
    return keys.lookup(particulars.number) if particulars.number else None


def _person(row: Row) -> Person:
    return Person(row["person_ref"], Kind(row["kind"]), Protection(row["protection_level"]), row["effective_on"], row["version"])
