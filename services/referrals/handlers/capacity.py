"""Places: a referral takes one and gives it back in the transaction of its act; a programme is registered, planned, and reported on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.referrals.domain import facts
from services.referrals.domain.capacity import FREE, Group, Place, Registered
from services.referrals.domain.facts import Fact, State
from services.referrals.domain.moments import When, local_date
from services.referrals.domain.referral import Referral
from services.referrals.domain.rules import not_later
from services.referrals.domain.seeing import Seer
from services.referrals.domain.steps import Refused
from services.referrals.store import capacity
from services.referrals.store.capacity import Held, Taken
from services.referrals.store.cases import functions
from services.referrals.translate import capacity_reported, group_planned
from shared import outbox
from shared.context import Context
from shared.idempotency import Answer, Key, claim, settle
from shared.postgres import Database, Transaction, transaction
from shared.telemetry import step

ANOTHERS = "The provider is another function's, or none."
NOT_OF_IT = "The referral is not one to that programme: of the same function, and to the same kind of insats."


class NoProgramme(Exception):
    """There is no such programme for the one who asks."""


@dataclass(frozen=True)
class Seen:
    """A programme and all who are or were there, on a Swedish date."""

    registered: Registered
    taken: Sequence[Taken]
    today: date

    @property
    def places(self) -> list[Place]:
        """Every seat that somebody has or had."""
        return [each.place for each in self.taken if each.place]

    @property
    def line(self) -> list[Taken]:
        """Who waits for a seat, the first first, accepted meanwhile or not; who is on hold is passed by and keeps their turn."""
        return [each for each in self.taken if each.state in (State.WAITLISTED, State.ACCEPTED) and not each.from_on]

    @property
    def held(self) -> list[Taken]:
        """Who has begun and has not ended."""
        return [each for each in self.taken if each.started and not each.to_on]

    @property
    def booked(self) -> int:
        """How many have a seat from a day on and have not begun."""
        return sum(bool(each.from_on) and not each.started for each in self.taken)


async def waiting_at(tx: Transaction, fact: Fact, programme_id: UUID, now: datetime) -> Fact:
    """Kölagd, with the position and the day of the forecast, as far as whoever says it has not said others."""
    found = await capacity.programme(tx, programme_id)
    if not isinstance(fact, facts.ReferralWaitlisted) or found is None:
        return fact
    seen = Seen(found, await capacity.taken(tx, programme_id), local_date(now))
    position = fact.position or 1 + sum(each.queued_at <= fact.happened.at for each in seen.line if each.referral_id != fact.referral_id)
    group = found.programme.forecast(seen.places, position, seen.today)[-1]
    starts_on = group.starts_on if group else None
    return replace(fact, position=position, expected_start_on=fact.expected_start_on or starts_on)


@step
async def follow_seat(tx: Transaction, case_id: UUID, fact: Fact, referral: Referral, named: UUID | None, context: Context) -> None:
    """The seat after a fact of its referral: taken, booked, given back, or waited for. `named`: the programme it goes to with that.

    Asks for the locks of `capacity.hold`. Raises Refused: no such programme for it, or no seat on that day.
    """
    was, today = await capacity.of_referral(tx, fact.referral_id), local_date(context.now)
    programme_id = named or (was.programme_id if was else None)
    if programme_id is None:
        return
    if (referral.ended and not referral.started) or referral.state is State.ENTERED_IN_ERROR:
        return await capacity.take_away(tx, fact.referral_id)
    from_on = referral.started.date if referral.started else referral.starts_on
    now = Held(programme_id, None, from_on, context.now)
    if was and was.programme_id == programme_id:
        now = replace(was, from_on=from_on)
    if now != was:
        found, to_function = await capacity.programme(tx, programme_id), (await functions(tx, case_id))[fact.referral_id].to_function
        if found is None or (found.to_function, found.insats_kind) != (to_function, referral.insats_kind):
            raise Refused(NOT_OF_IT)
        others = [each.place for each in await capacity.taken(tx, programme_id) if each.place and each.referral_id != fact.referral_id]
        now = replace(now, group_id=found.programme.place(others, from_on, today) if from_on else None)
    if isinstance(fact, facts.ReferralWaitlisted):
        now = replace(now, queued_at=fact.happened.at)
    await capacity.put(tx, fact.referral_id, case_id, now, referral.started is not None, _date(referral.ended), _date(referral.ready))


async def see(db: Database | Transaction, programme_id: UUID, seer: Seer, now: datetime) -> Seen:
    """A programme as it is. Raises NoProgramme for one that is not there for the asker: a recipient's staff see their functions' own."""
    found = await capacity.programme(db, programme_id)
    if found is None or (seer.functions is not None and found.to_function not in seer.functions):
        raise NoProgramme
    return Seen(found, await capacity.taken(db, programme_id), local_date(now))


async def listed(db: Database, to_function: str | None, seer: Seer, after: UUID, most: int, now: datetime) -> list[Seen]:
    """The programmes that the asker may see, in the order of their ids, beginning after one."""
    found = await capacity.programmes(db, to_function, seer, after, most)
    return [Seen(each, await capacity.taken(db, each.programme_id), local_date(now)) for each in found]


async def register(db: Database, key: Key, new: Registered, seer: Seer, context: Context) -> Seen:
    """Registers a programme, once for each key. Raises NoProgramme for a function that is not the asker's.

    Raises Refused for a provider that is another function's, or whose id is that of a case: it would speak in their stream.
    """
    async with transaction(db) as tx:
        answered = await claim(tx, key)
        if answered is None:
            if await capacity.speaks_for_another(tx, new):
                raise Refused(ANOTHERS)
            await capacity.register(tx, new)
            await settle(tx, key, Answer(201, str(new.programme_id)))
        return await see(tx, UUID(answered.resource) if answered else new.programme_id, seer, context.now)


async def plan(db: Database, source: str, key: Key, programme_id: UUID, group: Group, happened: When, seer: Seer, context: Context) -> Seen:
    """Plans a group, once for each key, and tells of it. Raises NoProgramme, Refused, NotYet."""
    async with transaction(db) as tx:
        await capacity.hold_one(tx, programme_id)
        if await claim(tx, key) is None:
            seen = await see(tx, programme_id, seer, context.now)
            not_later(happened, context.now)
            seen.registered.programme.plan(group)
            await capacity.plan(tx, programme_id, group)
            await outbox.append(tx, source, [group_planned(seen.registered, group, happened)], context)
            await settle(tx, key, Answer(201, str(programme_id)))
        return await see(tx, programme_id, seer, context.now)


async def report(
    db: Database, source: str, key: Key, programme_id: UUID, status: str, happened: When, seer: Seer, context: Context
) -> Seen:
    """Reports on the places, once for each key, and tells of it. Raises NoProgramme, NotYet, and Refused: none is free."""
    async with transaction(db) as tx:
        await capacity.hold_one(tx, programme_id)
        if await claim(tx, key) is None:
            seen = await see(tx, programme_id, seer, context.now)
            not_later(happened, context.now)
            free = seen.registered.programme.free_next(seen.places, seen.today)
            if status == FREE and not free:
                raise Refused("No place of the programme is free.")
            await capacity.report(tx, programme_id, status, happened.at)
            await outbox.append(tx, source, [capacity_reported(seen.registered, status, free, happened)], context)
            await settle(tx, key, Answer(201, str(programme_id)))
        return await see(tx, programme_id, seer, context.now)


def _date(moment: When | None) -> date | None:
    return moment.date if moment else None
