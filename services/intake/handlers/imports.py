"""Deliveries of another system: each item one command in one transaction, once for each of its keys, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.intake.handlers.cases import Asked, NotAllowed, Ours, TakenReference, Unknown, carry_out, may_see
from services.intake.store import cases, imports
from services.intake.store.cases import SourceRef
from services.intake.store.imports import Brought, ItemKey
from shared.context import Context
from shared.crash import CrashPoint, reach
from shared.postgres import Database, Transaction, transaction
from shared.telemetry import step


class Outcome(StrEnum):
    """What became of an item."""

    DONE = "done"
    AGAIN = "again"
    """it had been done before, and nothing was done now"""
    REFUSED = "refused"
    HELD_BACK = "held_back"
    """an earlier item of the same case had been refused in this delivery"""


class About(StrEnum):
    """What an act speaks of, beside the person."""

    PERSON = "person"
    """the person: it opens a case, or joins one"""
    CASE = "case"
    APPLICATION = "application"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True)
class Item:
    """One thing that another system tells. `case` and `ref`: by our id, or by what the other system calls the case or the item.

    `person_ref`: whom it is about, where it says so. `ask` makes the request of the case and the reference that were found.
    """

    key: ItemKey
    sha256: bytes
    about: About
    case: UUID | str | None
    ref: UUID | str | None
    person_ref: UUID | None
    ask: Callable[[UUID | None, UUID | None], Asked]


@dataclass(frozen=True)
class Result:
    """What became of an item that was not refused. `case_id` and the references are None where the caller may not see the case."""

    outcome: Outcome
    case_id: UUID | None = None
    application_ref: UUID | None = None
    assignment_ref: UUID | None = None


class KeyReused(Exception):
    """The key belongs to an item that said something else."""


class NotTold(Exception):
    """What an item names is not known; `part` is how it names it."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


class Delivery:
    """One delivery of one system. Remembers whose cases wait for what was refused; of persons and references in memory only."""

    def __init__(self, db: Database, ours: Ours, sees_protected: bool) -> None:
        self._db, self._ours, self._sees_protected = db, ours, sees_protected
        self._refused: set[UUID | str] = set()

    @step
    async def bring(self, item: Item, context: Context) -> Result:
        """Does what an item says, or tells what it did before. Raises KeyReused, NotTold, NotAllowed, TakenReference: then nothing is done,
        and later items of its case are held back.
        """
        try:
            return await self._bring(item, context)
        except Unknown:
            await self._hold_back(item)
            raise NotTold("case") from None
        except (KeyReused, NotTold, NotAllowed, TakenReference) as refused:
            await self._hold_back(item, refused.case_id if isinstance(refused, NotAllowed) else None)
            raise

    async def _bring(self, item: Item, context: Context) -> Result:
        async with transaction(self._db) as tx:
            before = await imports.claim(tx, item.key)
            if before is not None:
                return await self._again(tx, item, before)
            case_id = await self._case(tx, item)
            seen = case_id is not None and may_see(await cases.read(tx, case_id), self._sees_protected)
            if not seen and item.about is not About.PERSON:
                raise Unknown  # before anything else is looked for: of a hidden case the same is said as of none
            names = _names(item, case_id if seen else None)
            if self._refused & names:
                self._refused |= names
                return Result(Outcome.HELD_BACK)
            asked = item.ask(case_id, await _ref(tx, item))
            done = await carry_out(tx, self._ours, asked, context)
            brought = Brought(item.sha256, done.case_id, done.application_ref, done.assignment_ref)
            await imports.keep(tx, item.key, brought)
            reach(CrashPoint.API_BEFORE_COMMIT)
        reach(CrashPoint.API_AFTER_COMMIT)
        return self._shown(Outcome.DONE, brought, done.seen)

    async def _again(self, tx: Transaction, item: Item, before: Brought) -> Result:
        if before.sha256 != item.sha256:
            raise KeyReused
        return self._shown(Outcome.AGAIN, before, may_see(await cases.read(tx, before.case_id), self._sees_protected))

    async def _case(self, tx: Transaction, item: Item) -> UUID | None:
        """The case that an item names; None where it may open one. A contact is never told to a case: it finds the person's own."""
        if not isinstance(item.case, str):
            return item.case
        found = await cases.known_as(tx, SourceRef(item.key.system, item.case))
        if found is None and item.about is not About.PERSON:
            raise NotTold("case")
        return found

    async def _hold_back(self, item: Item, case_id: UUID | None = None) -> None:
        """Whoever the refused item was about, by every name that a later one may use.

        Of a case that the caller may not see no other name than the item's own: what is held back would tell whose it is.
        """
        self._refused |= _names(item, case_id)
        said = await cases.known_as(self._db, SourceRef(item.key.system, item.case)) if isinstance(item.case, str) else item.case
        for named in {each for each in (case_id, said) if each is not None}:
            stored = await cases.read(self._db, named)
            if may_see(stored, self._sees_protected):
                self._refused |= {each for each in (named, stored.case.person_ref) if each is not None}

    def _shown(self, outcome: Outcome, brought: Brought, sees: bool) -> Result:
        return Result(outcome, brought.case_id, brought.application_ref, brought.assignment_ref) if sees else Result(outcome)


def _names(item: Item, case_id: UUID | None) -> set[UUID | str]:
    """Everything by which an item may name the same case as another."""
    return {each for each in (item.case, item.person_ref, case_id) if each is not None}


async def _ref(tx: Transaction, item: Item) -> UUID | None:
    """The application or the assignment that an item is about: by our reference, or by the key of the item that told of it."""
    if not isinstance(item.ref, str):
        return item.ref
    told = await imports.find(tx, ItemKey(item.key.system, item.ref))
    found = None
    if told is not None:
        found = told.application_ref if item.about is About.APPLICATION else told.assignment_ref
    if found is None:
        raise NotTold(item.about)
    return found
