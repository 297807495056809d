"""What is done with the identity vault, each deed in one transaction of the vault's role, with its row in the access log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.intake.domain.identity import Identity, Kind, Particulars, Person, Protection, Purpose, shown
from services.intake.handlers.cases import Outdated
from services.intake.store import vault as store
from services.intake.store.vault import Vault
from shared.context import Context
from shared.idempotency import Answer, Key, claim, settle
from shared.postgres import Transaction, transaction
from shared.telemetry import step

CREATED, DONE = 201, 200
ERASURE = "erasure"  # the purpose of an erasure alone: nobody reads for it


class UnknownPerson(Exception):
    """Nobody has this reference or number."""


class Erased(Exception):
    """The person's key is deleted: what was sealed cannot be opened any more."""


class NumberTaken(Exception):
    """Somebody else has this number."""


@dataclass(frozen=True)
class Asked:
    """A request about a person that changes something: which person and version of them, under which key."""

    key: Key
    person_ref: UUID
    expected_version: int | None


@step
async def register(vault: Vault, key: Key, identity: Identity | None, particulars: Particulars, context: Context) -> tuple[Person, int]:
    """The person and the status to answer with: a new person, or who has this number already, of whom nothing is changed."""
    async with transaction(vault.db) as tx:
        key = _keyed(vault, key)
        answered = await claim(tx, key)
        if answered is not None:
            return await _known(tx, UUID(answered.resource)), answered.status
        person = await store.claim_number(tx, vault.keys, identity.canonical) if identity else None
        status = DONE if person else CREATED
        person = person or await store.add(tx, vault.keys, identity.kind if identity else Kind.ANONYMOUS, particulars)
        await store.log(tx, context, "register", Purpose.HANDLING, person.person_ref)
        await settle(tx, key, Answer(status, str(person.person_ref)))
    return person, status


@step
async def look_up(vault: Vault, identity: Identity, purpose: Purpose, context: Context) -> Person:
    """Who has a number. Raises UnknownPerson; that it was asked is logged either way."""
    async with transaction(vault.db) as tx:
        person = await store.find(tx, vault.keys, identity.canonical)
        await store.log(tx, context, "look_up", purpose, person.person_ref if person else None)
    if person is None:
        raise UnknownPerson
    return person


@step
async def change_number(vault: Vault, asked: Asked, identity: Identity, context: Context) -> Person:
    """The person under another number, the reference as before. Raises UnknownPerson, Outdated, Erased, NumberTaken."""
    async with _changing(vault, asked, identity) as (tx, person, is_new):
        if not is_new:
            return person
        holder = await store.find(tx, vault.keys, identity.canonical)
        if holder is not None and holder.person_ref != person.person_ref:
            raise NumberTaken
        particulars = await store.open_particulars(tx, vault.keys, person.person_ref)
        if particulars is None:
            raise Erased
        if holder is None:
            person = await store.renumber(tx, vault.keys, person, identity.kind, replace(particulars, number=identity.canonical))
        await store.log(tx, context, "change_number", Purpose.HANDLING, person.person_ref)
    return person


@step
async def protect(vault: Vault, asked: Asked, level: Protection, effective_on: date, context: Context) -> Person:
    """The person at a level of protection from a day on. Raises UnknownPerson, Outdated."""
    async with _changing(vault, asked) as (tx, person, is_new):
        if is_new and (person.protection, person.effective_on) != (level, effective_on):
            person = replace(person, protection=level, effective_on=effective_on, version=person.version + 1)
            await store.protect(tx, person)
            await store.log(tx, context, "protect", Purpose.HANDLING, person.person_ref)
    return person


@step
async def identify(vault: Vault, person_ref: UUID, purpose: Purpose, context: Context) -> tuple[Person, Particulars]:
    """Who a person is, as far as a caller may be told. Raises UnknownPerson, Erased; then nothing is logged, for nothing was read."""
    async with transaction(vault.db) as tx:
        person = await _known(tx, person_ref)
        particulars = await store.open_particulars(tx, vault.keys, person_ref)
        if particulars is None:
            raise Erased
        await store.log(tx, context, "identify", purpose, person_ref)
    return person, shown(person, particulars)


@step
async def erase(vault: Vault, person_ref: UUID, context: Context) -> Person:
    """The person without identity: the key deleted, the reference kept. Erased already: nothing happens. Raises UnknownPerson."""
    async with transaction(vault.db) as tx:
        person = await _known(tx, person_ref)
        after = await store.erase(tx, person)
        if after is None:
            return person
        await store.log(tx, context, "erase", ERASURE, person_ref)
    return after


@asynccontextmanager
async def _changing(vault: Vault, asked: Asked, identity: Identity | None = None) -> AsyncIterator[tuple[Transaction, Person, bool]]:
    """One change, once for each key: the transaction, the person as they are, and whether this is the first time it is asked for.

    The number is locked before the person, so that two who exchange numbers do not wait for each other.
    """
    async with transaction(vault.db) as tx:
        key = _keyed(vault, asked.key)
        answered = await claim(tx, key)
        if identity:
            await store.claim_number(tx, vault.keys, identity.canonical)
        person = await _known(tx, asked.person_ref)
        if answered is None and asked.expected_version not in (None, person.version):
            raise Outdated
        yield tx, person, answered is None
        if answered is None:
            await settle(tx, key, Answer(DONE, str(person.person_ref)))


async def _known(tx: Transaction, person_ref: UUID) -> Person:
    person = await store.read(tx, person_ref)
    if person is None:
        raise UnknownPerson
    return person


def _keyed(vault: Vault, key: Key) -> Key:
    """The key as the vault keeps it: what was asked for holds a number, and of numbers no mere hash is kept."""
    return replace(key, request_sha256=vault.keys.lookup(key.request_sha256))
