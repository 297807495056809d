"""One command, one transaction: lock, load, decide, evolve, save, tell. Nobody below opens a transaction or commits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from uuid import UUID

from uuid_utils.compat import uuid7

from services.intake.domain.case import Case, evolve, lapse_due
from services.intake.domain.commands import Command, LapseCase, MarkDuplicate, ProtectCase, ReceiveApplication, RegisterContact, Typed
from services.intake.domain.facts import UNPROTECTED
from services.intake.domain.home import home
from services.intake.domain.moments import local_date
from services.intake.domain.routing import Beside, Table
from services.intake.domain.rules import decide, steps
from services.intake.domain.steps import Refused
from services.intake.domain.worklist import Task, tasks
from services.intake.store import cases as store
from services.intake.store import vault
from services.intake.store.cases import Override, SourceRef, Stored
from services.intake.store.vault import Vault
from services.intake.translate import name_of, publishable
from shared import changes, outbox
from shared.context import Context
from shared.crash import CrashPoint, reach
from shared.idempotency import Answer, Key, claim, settle
from shared.outbox import Told
from shared.postgres import Database, Transaction, lock, transaction
from shared.telemetry import step
from shared.timers import set_timer

NO_OTHER = "There is no such other case, or it is marked as a duplicate of this one."


@dataclass(frozen=True)
class Ours:
    """What this municipality decides with: the `source` of what it tells, its routing tables, and the vault of its people."""

    source: str
    tables: Sequence[Table]
    vault: Vault


@dataclass(frozen=True)
class Asked:
    """A request: what, about which case and version of it.

    Without a case it is about the person's, or a new one. `known_as`: by which reference which other system knows the case;
    `override`: why a rule was not followed. `sees_protected`: whether the caller may see cases of protected persons.
    """

    command: Typed
    case_id: UUID | None = None
    expected_version: int | None = None
    known_as: SourceRef | None = None
    override: Override | None = None
    sees_protected: bool = False


@dataclass(frozen=True)
class Done:
    """What a request left behind: the case as it is, and the application and the assignment that the request was about, if any.

    `seen`: whether the caller may see the case; if not, nothing of it is answered.
    """

    case_id: UUID
    version: int
    case: Case
    application_ref: UUID | None = None
    assignment_ref: UUID | None = None
    seen: bool = True


class Unknown(Exception):
    """There is no such case."""


class Outdated(Exception):
    """The case has another version than the one that the request builds on."""


class TakenReference(Exception):
    """Another case is known to that system by that reference."""


class NotAllowed(Exception):
    """The domain refused; which case it was about, None for one that the caller may not see, and its refusal."""

    def __init__(self, case_id: UUID | None, refused: Refused) -> None:
        super().__init__(refused.message)
        self.case_id = case_id
        self.refused = refused


@step
async def handle(db: Database, ours: Ours, key: Key, status: int, asked: Asked, context: Context) -> Done:
    """Carries a request out once for each key; a repeated one gets its case as it is now. `status`: by which it is answered.

    Raises Unknown, Outdated, NotAllowed, TakenReference, and Problem for a key that is in use; then nothing has happened.
    """
    async with transaction(db) as tx:
        answered = await claim(tx, key)
        if answered is not None:
            return await _again(tx, answered, asked)
        done = await carry_out(tx, ours, asked, context)
        await settle(tx, key, Answer(status, _resource(done)))
        reach(CrashPoint.API_BEFORE_COMMIT)
    reach(CrashPoint.API_AFTER_COMMIT)
    return done


async def carry_out(tx: Transaction, ours: Ours, asked: Asked, context: Context) -> Done:
    """Carries a request out in the caller's transaction, which must end with whatever this raises: it raises as `handle` does."""
    if asked.case_id and (person_ref := getattr(asked.command, "person_ref", None)):
        await lock(tx, person_ref)  # before the case, as everywhere: who is protected meanwhile has this case too
    if asked.case_id and isinstance(asked.command, MarkDuplicate):
        await lock(tx, "duplicate marks")  # one at a time: several at once could close a circle that none of them sees
    case_id = asked.case_id or await _home(tx, asked.command)
    before = await store.load(tx, case_id)
    if asked.case_id and not may_see(before, asked.sees_protected):
        raise Unknown
    if asked.expected_version not in (None, before.version):
        raise Outdated
    if isinstance(asked.command, MarkDuplicate):
        shown = await as_seen(tx, before, asked.sees_protected)
        await _must_be_of_another(tx, case_id, shown.case, asked.command, asked.sees_protected)
        await _must_be_protected_alike(tx, ours, case_id, before, asked.command, asked.sees_protected, context)
    stored = await _follow(tx, ours, case_id, before, asked.command, context, asked.sees_protected)
    if asked.known_as and not await store.remember_source(tx, case_id, asked.known_as):
        raise TakenReference
    if asked.override:
        await store.note_override(tx, case_id, asked.override, context)
    assigned = getattr(asked.command, "assignment_ref", None) or _assigned(before.case, stored.case)
    after, seen = await as_seen(tx, stored, asked.sees_protected), may_see(stored, asked.sees_protected)
    return Done(case_id, stored.version, after.case, getattr(asked.command, "application_ref", None), assigned, seen)


def _assigned(before: Case, after: Case) -> UUID | None:
    """The assignment that a rule made of a request, if any."""
    known = {each.ref for each in before.passage.assignments}
    return next((each.ref for each in after.passage.assignments if each.ref not in known), None)


@step
async def fire(db: Database, ours: Ours, case_id: UUID, context: Context) -> None:
    """A timer asks whether a rule closes the case by now; if not, the timer is set anew."""
    async with transaction(db) as tx:
        await _follow(tx, ours, case_id, await store.load(tx, case_id), LapseCase(now=context.now), context)


@step
async def protect(db: Database, ours: Ours, person_ref: UUID, context: Context) -> None:
    """Every case of a person learns how they are protected by now, closed ones too. One that misses it learns it with its next fact."""
    async with transaction(db) as tx:
        cases = await store.of_person(tx, person_ref)  # the person is locked, so what is read of the vault now is the last word
        standing = await vault.standing(ours.vault, person_ref, local_date(context.now))
        if standing is None:
            return
        since = standing.effective_on or local_date(context.now)
        for case_id in sorted(cases):
            command = ProtectCase(level=standing.protection, effective_on=since, now=context.now)
            await _follow(tx, ours, case_id, await store.load(tx, case_id), command, context)


def may_see(stored: Stored, sees_protected: bool) -> bool:
    """Whether a case is there for a caller: one of a protected person is there for those only who may see such."""
    return stored.version > 0 and (sees_protected or stored.case.protection == UNPROTECTED)


async def as_seen(db: Database | Transaction, stored: Stored, sees_protected: bool) -> Stored:
    """A case as a caller sees it: without the mark as a duplicate of one that they may not see."""
    of = stored.case.duplicate_of
    if sees_protected or of is None or not await store.protected_of(db, [of]):
        return stored
    return replace(stored, case=replace(stored.case, duplicate_of=None))


def is_protected(known: Beside, case: Case) -> bool:
    """Whether the person of a case is: by the vault, where it knows them, which the case may not have learnt yet."""
    return (known.protection or case.protection) != UNPROTECTED


async def worklist(db: Database, unit: str | None, now: datetime, sees_protected: bool) -> list[tuple[UUID, Task]]:
    """What waits in the open cases of a unit, or of all: by the day it is due, then by case and reason."""
    rows = await store.open_of(db, unit, sees_protected)

    def found() -> list[tuple[UUID, Task]]:
        waiting = ((case_id, task) for case_id, body in rows for task in tasks(store.read_body(body), now))
        return sorted(waiting, key=lambda each: place_of(*each))

    return await asyncio.to_thread(found)  # thousands of cases take a second


def place_of(case_id: UUID, task: Task) -> tuple[date, UUID, str, str]:
    """Where a task stands on the worklist."""
    return task.due_on, case_id, task.reason, str(task.ref or "")


async def _follow(
    tx: Transaction, ours: Ours, case_id: UUID, stored: Stored, command: Command, context: Context, sees_protected: bool = True
) -> Stored:
    """Decide, evolve, save, tell: the timer and the facts with the state, or none of them. It is decided by what the caller sees."""
    person_ref = None if isinstance(command, LapseCase) else getattr(command, "person_ref", None) or stored.case.person_ref
    known, seen = await beside(ours, person_ref, context), await as_seen(tx, stored, sees_protected)
    try:
        facts = step(decide)(seen.case, command, known)
    except Refused as refused:
        raise NotAllowed(case_id if sees_protected or not is_protected(known, stored.case) else None, refused) from None
    after = Stored(stored.version + len(facts), reduce(step(evolve), facts, stored.case))
    await tell(tx, ours, case_id, after, publishable(case_id, facts), context)
    return after


async def tell(tx: Transaction, ours: Ours, case_id: UUID, after: Stored, told: Sequence[Told], context: Context) -> None:
    """What stands after a decision: the case, its timer, a change for those who follow, and the facts themselves."""
    if told:
        await store.save(tx, case_id, after)
        await changes.note(tx, case_id, after.version, [name_of(each.event) for each in told], context)
    due = lapse_due(after.case)
    await set_timer(tx, case_id, due.at if due else None)
    await outbox.append(tx, ours.source, told, context)


async def beside(ours: Ours, person_ref: UUID | None, context: Context) -> Beside:
    """The rules, and how a person stands, where the vault knows."""
    standing = await vault.standing(ours.vault, person_ref, local_date(context.now)) if person_ref else None
    if standing is None:
        return Beside(ours.tables)
    return Beside(ours.tables, standing.age, standing.protection, standing.effective_on)


async def _must_be_of_another(tx: Transaction, case_id: UUID, case: Case, command: MarkDuplicate, sees_protected: bool) -> None:
    """The other case is there for the caller, and not itself marked as a duplicate of this one, by way of others too. Raises NotAllowed."""
    other = await store.read(tx, command.of)
    is_there, of, seen = may_see(other, sees_protected), other.case.duplicate_of, {command.of}
    while of is not None and of not in seen:
        seen.add(of)
        of = (await store.read(tx, of)).case.duplicate_of
    if not is_there or case_id in seen:
        raise NotAllowed(case_id, Refused(NO_OTHER, steps(case, command.now)))


async def _must_be_protected_alike(
    tx: Transaction, ours: Ours, case_id: UUID, stored: Stored, command: MarkDuplicate, sees_protected: bool, context: Context
) -> None:
    """A mark tells of the other case whoever sees the one: so both are of protected persons, or neither. Raises NotAllowed.

    Nor is a mark that the caller may not see replaced or told of.
    """
    cases, seen = (stored.case, (await store.read(tx, command.of)).case), await as_seen(tx, stored, sees_protected)
    alike = len({is_protected(await beside(ours, each.person_ref, context), each) for each in cases}) == 1
    if not alike or seen is not stored:
        raise NotAllowed(case_id, Refused(NO_OTHER, steps(seen.case, command.now)))


async def _home(tx: Transaction, command: Typed) -> UUID:
    """The case that a contact or an application without an address belongs to; a new one when the person has none for it."""
    if not isinstance(command, RegisterContact | ReceiveApplication):
        raise Unknown
    cases = await store.of_person(tx, command.person_ref) if command.person_ref else {}
    return home(cases, command) or uuid7()


async def _again(tx: Transaction, answered: Answer, asked: Asked) -> Done:
    """The case as it is now. One that was asked for by its id must still be there for the caller."""
    case_id, _, application_ref = answered.resource.partition("/")
    stored = await store.read(tx, UUID(case_id))
    seen, case = may_see(stored, asked.sees_protected), (await as_seen(tx, stored, asked.sees_protected)).case
    if asked.case_id and not seen:
        raise Unknown
    return Done(UUID(case_id), stored.version, case, UUID(application_ref) if application_ref else None, seen=seen)


def _resource(done: Done) -> str:
    return f"{done.case_id}/{done.application_ref}" if done.application_ref else str(done.case_id)
