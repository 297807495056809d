"""One act, one transaction: lock, load, decide, evolve, save, tell. Nobody below opens a transaction or commits."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.catalogue import REFERRAL_EVENTS
from services.referrals.domain.facts import EnteredInError, ReferralDeclined, ReferralDrafted, ReferralRedirected
from services.referrals.domain.known import Known
from services.referrals.domain.referral import evolve
from services.referrals.domain.rules import Act, Beside, Deadlines, decide, due, overdue, steps
from services.referrals.domain.seeing import Addressed, Seer
from services.referrals.domain.steps import Actor, Refused, Step
from services.referrals.domain.worklist import Task, tasks
from services.referrals.handlers.capacity import follow_seat, waiting_at
from services.referrals.store import capacity
from services.referrals.store import cases as store
from services.referrals.store.cases import Stored
from services.referrals.translate import name_of, publishable, unplaced
from shared import changes, outbox
from shared.context import Context
from shared.crash import CrashPoint, reach
from shared.idempotency import Answer, Key, claim, settle
from shared.postgres import Database, Transaction, transaction
from shared.telemetry import step
from shared.timers import set_timer


@dataclass(frozen=True)
class Ours:
    """What this municipality decides with: the `source` of what it tells, when it reminds, and to whom a direct assignment goes.

    `consults`: the function that is Arbetsförmedlingen.
    """

    source: str
    deadlines: Deadlines
    direct_to: str
    consults: str


@dataclass(frozen=True)
class Asked:
    """A request: what somebody says has happened in which case, to which version of it, at which programme; and who they are."""

    act: Act
    case_id: UUID
    seer: Seer
    expected_version: int | None = None
    programme_id: UUID | None = None


@dataclass(frozen=True)
class Done:
    """The referrals of a case as they are, as far as the asker may see them."""

    case_id: UUID
    stored: Stored
    known: Known
    functions: Mapping[UUID, Addressed]
    referral_id: UUID | None = None


class Unknown(Exception):
    """There is no such case, or no such referral, for the one who asks."""


class Outdated(Exception):
    """The case has another version than the one that the request builds on."""


class NotAllowed(Exception):
    """The domain refused: what it said, and the case as the asker sees it."""

    def __init__(self, done: Done, refused: Refused) -> None:
        super().__init__(refused.message)
        self.done, self.refused = done, refused


@step
async def handle(db: Database, ours: Ours, key: Key, status: int, asked: Asked, context: Context) -> Done:
    """Carries a request out once for each key; a repeated one gets its case as it is now. `status`: by which it is answered.

    Raises Unknown, Outdated, NotAllowed, and Problem for a key that is in use; then nothing has happened, but that what crossed
    another's act is kept for a human to look at.
    """
    try:
        async with transaction(db) as tx:
            answered = await claim(tx, key)
            if answered is not None:
                return await show(tx, asked.case_id, asked.seer, UUID(answered.resource))
            done = await carry_out(tx, ours, asked, context)
            await settle(tx, key, Answer(status, str(asked.act.fact.referral_id)))
            reach(CrashPoint.API_BEFORE_COMMIT)
    except NotAllowed as error:
        if error.refused.crossed:
            async with transaction(db) as tx:
                act, cause = asked.act, uuid5(NAMESPACE_URL, f"{key.caller} {key.key}")  # sent again, it is the same one
                await store.note_conflict(tx, asked.case_id, act.fact.referral_id, act.step, act.by, context, cause, act.fact)
        raise
    reach(CrashPoint.API_AFTER_COMMIT)
    return done


async def carry_out(tx: Transaction, ours: Ours, asked: Asked, context: Context) -> Done:
    """Carries a request out in the caller's transaction, which must end with whatever this raises: it raises as `handle` does."""
    before = await store.load(tx, asked.case_id)
    await capacity.hold(tx, asked.case_id, asked.programme_id)
    seen = await show(tx, asked.case_id, asked.seer, asked.act.fact.referral_id)
    may_see = asked.seer.sees(before.case, seen.functions)
    if asked.act.step is not Step.DRAFT and asked.act.fact.referral_id not in may_see:
        raise Unknown
    if asked.expected_version not in (None, asked.seer.version(before.version, before.case, may_see)):
        raise Outdated
    try:
        after = await follow(tx, ours, asked.case_id, before, seen.known, asked.act, context, asked.programme_id)
    except Refused as refused:
        raise NotAllowed(seen, refused) from None
    if asked.act.overriding:
        await store.note_override(tx, asked.case_id, asked.act.fact.referral_id, asked.act.step, asked.act.overriding, context)
    return replace(seen, stored=after, functions=await store.functions(tx, asked.case_id))


async def show(db: Database | Transaction, case_id: UUID, seer: Seer, referral_id: UUID | None = None) -> Done:
    """The referrals of a case as they are. Raises Unknown for a case that is not there for the asker."""
    known = await store.known(db, case_id)
    if known is None or (known.protected and not seer.protected):
        raise Unknown
    done = Done(case_id, await store.read(db, case_id), known, await store.functions(db, case_id), referral_id)
    if seer.functions is not None and not seer.sees(done.stored.case, done.functions):
        raise Unknown
    return done


async def follow(
    tx: Transaction,
    ours: Ours,
    case_id: UUID,
    before: Stored,
    known: Known,
    act: Act,
    context: Context,
    programme_id: UUID | None = None,
) -> Stored:
    """Decide, evolve, save, tell: the seat, the timer and the facts with the state, or none of them. Raises Refused."""
    if programme_id:
        act = replace(act, fact=await waiting_at(tx, act.fact, programme_id, context.now))
    sent_to = await store.functions(tx, case_id) if act.step is Step.SEND else {}
    addressed = {key: each.to_function for key, each in sent_to.items()}
    decided = step(decide)(before.case, act, replace(beside(known), addressed=addressed, consults=ours.consults))
    if isinstance(act.fact, EnteredInError):
        told_before = await outbox.history(tx, REFERRAL_EVENTS, case_id)
        of_it = (each.id for each in told_before if getattr(each.data, "referral_id", None) == act.fact.referral_id)
        decided = tuple(replace(act.fact, corrects_event_id=each) for each in of_it)
    functions = {each.referral_id: each.to_function for each in decided if isinstance(each, ReferralDrafted) and each.to_function}
    happened = [unplaced(each) for each in decided] if known.protected else decided
    told = publishable(case_id, happened)
    after = Stored(before.version + len(happened), reduce(step(evolve), happened, before.case))
    try:
        await follow_seat(tx, case_id, act.fact, after.case.referrals[act.fact.referral_id], programme_id, context)
    except Refused as refused:
        raise Refused(refused.message, tuple(steps(before.case, beside(known)))) from None
    await store.save(tx, case_id, after, functions, known.protected)
    for each in decided:
        if isinstance(each, ReferralDeclined | ReferralRedirected) and each.suggested_function:
            await store.suggest(tx, each.referral_id, each.suggested_function)
    await changes.note(tx, case_id, after.version, [name_of(each.event) for each in told], context)
    await remind(tx, ours, case_id, after, known)
    await outbox.append(tx, ours.source, told, context)
    return after


@step
async def fire(db: Database, ours: Ours, case_id: UUID, context: Context) -> None:
    """What time has brought about in a case by now: a timer fires as an ordinary act, re-checked here."""
    async with transaction(db) as tx:
        stored, known = await store.load(tx, case_id), await store.known(tx, case_id) or Known()
        await capacity.hold(tx, case_id)
        while not known.closed and (acts := overdue(stored.case, ours.deadlines, context.now)):
            stored = await follow(tx, ours, case_id, stored, known, acts[0], context)
        await remind(tx, ours, case_id, stored, known)


async def remind(tx: Transaction, ours: Ours, case_id: UUID, stored: Stored, known: Known) -> None:
    """Sets the alarm for what time does next; of a closed case nothing: what is still open there stands on the senders' worklist."""
    await set_timer(tx, case_id, None if known.closed else due(stored.case, ours.deadlines))


def beside(known: Known) -> Beside:
    """What the decider is told of the case."""
    return Beside(known.closed, {each.ref: each.basis for each in known.in_force.values()})


def actor_of(seer: Seer, act: Step) -> Actor:
    """As whom somebody acts: a recipient's staff as the recipient, the senders' as the sender, or for the person."""
    if seer.functions is not None:
        return Actor.RECIPIENT
    return Actor.CLIENT if act is Step.WITHDRAW else Actor.SENDER


async def worklist(db: Database, to_function: str | None, seer: Seer, now: datetime) -> list[tuple[UUID, Task]]:
    """What waits for the asker: for the senders' staff what waits for them, for a recipient's what waits for their function."""
    waits_for = Actor.SENDER if seer.functions is None else Actor.RECIPIENT
    rows = await store.worked_on(db, to_function, seer)

    def waiting() -> Iterator[tuple[UUID, Task]]:
        for row in rows:
            case_id, stored, known, functions = store.whole(row)
            may_see = seer.sees(stored.case, functions)
            for task in tasks(stored.case, known.closed, now):
                addressed = functions[task.referral_id].to_function
                if task.waits_for is waits_for and task.referral_id in may_see and to_function in (None, addressed):
                    yield case_id, replace(task, to_function=addressed)

    # Thousands of cases take a second.
    return await asyncio.to_thread(lambda: sorted(waiting(), key=lambda each: place_of(*each)))


def place_of(case_id: UUID, task: Task) -> str:
    """Where a task stands on the worklist; text sorts as the list does."""
    return f"{task.due_on}_{case_id}_{task.reason}_{task.referral_id}_{task.ref or ''}"


async def settle_conflict(db: Database, key: Key, number: int, seer: Seer, context: Context) -> None:
    """A human has looked at what crossed. Raises Unknown, and Problem for a key that is in use."""
    async with transaction(db) as tx:
        if await claim(tx, key) is not None:
            return
        if not await store.settle_conflict(tx, number, seer, context):
            raise Unknown
        await settle(tx, key, Answer(204, str(number)))
