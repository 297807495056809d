"""Who handles which case is kept, one transaction each; caseload and arrivals are counted as they are when somebody asks."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.catalogue import INTAKE_EVENTS
from services.intake.domain import arrivals as flow
from services.intake.domain import caseload as stock
from services.intake.domain.arrivals import LittlesLaw, Received, Week
from services.intake.domain.caseload import Handling, Load, OpenCase, UnitLoad, Worker
from services.intake.domain.corrections import Recorded, in_force
from services.intake.domain.duplicates import AsOne, read_as_one
from services.intake.domain.facts import ApplicationReceived
from services.intake.domain.moments import local_date, local_midnight
from services.intake.handlers.cases import Ours, Unknown, beside, is_protected, may_see
from services.intake.store import caseload as store
from services.intake.store import cases
from services.intake.translate import kept
from shared import outbox
from shared.context import Context
from shared.postgres import Database, Row, Transaction, transaction
from shared.telemetry import step


class UnknownWorker(Exception):
    """There is no such worker."""


@step
async def register_worker(db: Database, worker: Worker) -> None:
    """A worker as they are from now on."""
    async with transaction(db) as tx:
        await store.save_worker(tx, worker)


@step
async def remove_worker(db: Database, worker_ref: UUID) -> None:
    """A worker is gone; nobody has their cases then.

    Case by case, each by itself: whoever protects a person holds several of these rows, and would wait for us while we wait for them.
    """
    is_gone = False
    while not is_gone:
        for case_id in await store.handled_by(db, worker_ref):
            await store.take_away(db, case_id, worker_ref)
        async with transaction(db) as tx:
            is_gone = await store.remove_worker(tx, worker_ref)


@step
async def hand_over(db: Database, ours: Ours, case_id: UUID, asked: Handling, sees_protected: bool, context: Context) -> Handling:
    """Who has a case from now on, and its type; of somebody protected the type alone. Raises Unknown, UnknownWorker."""
    async with transaction(db) as tx:
        stored = await cases.load(tx, case_id)  # locked: whoever protects the person meanwhile comes before or after
        hides = is_protected(await beside(ours, stored.case.person_ref, context), stored.case)
        if not may_see(stored, sees_protected) or (hides and not sees_protected):
            raise Unknown
        if asked.worker_ref and not await store.is_worker(tx, asked.worker_ref):
            raise UnknownWorker
        handling = Handling(None, asked.case_type) if hides else asked
        await store.save_handling(tx, case_id, handling)
    return handling


async def caseload(db: Database, now: datetime) -> tuple[Load, list[UnitLoad]]:
    """The open cases, whole and by unit; those of protected persons in the whole and under no unit, whoever asks."""
    async with transaction(db, snapshot=True) as tx:
        workers, rows = await store.workers(tx), await store.open_since(tx, now, protected=True)
    every = await asyncio.to_thread(_read_as_one, rows, now)
    still_open = [each for each in every if each.case.closing is None]
    return stock.caseload(
        [OpenCase(each.unit, each.handling, each.case.person_ref, each.case.household_ref) for each in still_open], workers
    )


async def arrivals(db: Database, now: datetime, weeks: int, sees_protected: bool) -> tuple[list[Week], LittlesLaw]:
    """So many complete weeks and the present one; without the cases that the caller may not see."""
    today = local_date(now)
    first = flow.first_monday(today, weeks)
    async with transaction(db, snapshot=True) as tx:
        rows = await store.open_since(tx, local_midnight(first), sees_protected)
        every = await asyncio.to_thread(_read_as_one, rows, now)
        found = [(each, spell) for each in every if (spell := flow.spell(each.case, each.handling.case_type))]
        came = {  # two adults who apply together have one application in two cases
            application.ref: (each, application)
            for each, spell in found
            for application in each.case.applications
            if spell.case_type.counts_in_caseload and application.received.date >= first
        }
        channel_of = await _channels(tx, list({case_id for each, _ in came.values() for case_id in each.ids}))
    spells = [spell for _, spell in found]
    received = [Received(application.received.date, channel_of.get(application.ref)) for _, application in came.values()]
    counted = flow.arrivals(spells, received, today, weeks)
    return counted, flow.littles_law(spells, counted)


def _read_as_one(rows: Sequence[Row], now: datetime) -> list[AsOne]:
    return read_as_one(store.read(rows), now)


async def _channels(tx: Transaction, case_ids: Sequence[UUID]) -> dict[UUID, str]:
    """How each application of some cases came: the state does not keep it, so it is read from what was told."""
    told = await store.channels(tx, case_ids)
    found = {application_ref: channel for _, application_ref, channel in told}
    again = Counter(application_ref for _, application_ref, _ in told)
    for case_id in {case_id for case_id, application_ref, _ in told if again[application_ref] > 1}:
        history = await outbox.history(tx, INTAKE_EVENTS, case_id)  # one was corrected: what is in force counts, not what was told last
        recorded = [Recorded(each.id, kept(each.data, each.time, each.timeprecision)) for each in history]
        found |= {fact.application_ref: fact.channel for fact in in_force(recorded) if isinstance(fact, ApplicationReceived)}
    return found
