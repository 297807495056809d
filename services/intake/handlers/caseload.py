"""Who handles which case is kept, one transaction each; caseload and arrivals are counted as they are when somebody asks."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.catalogue import INTAKE_EVENTS
from services.intake.domain import arrivals as flow
from services.intake.domain import caseload as stock
from services.intake.domain.arrivals import LittlesLaw, Received, Spell, Week
from services.intake.domain.case import Case
from services.intake.domain.caseload import CaseType, Handling, Load, UnitLoad, Worker
from services.intake.domain.corrections import Recorded, in_force
from services.intake.domain.facts import ApplicationReceived
from services.intake.domain.moments import local_date, local_midnight
from services.intake.handlers.cases import Ours, Unknown, beside, is_protected, may_see
from services.intake.store import caseload as store
from services.intake.store import cases
from services.intake.translate import kept
from shared import outbox
from shared.context import Context
from shared.postgres import Database, Transaction, transaction
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
        workers, found = await store.workers(tx), await store.open_cases(tx, now)
    return stock.caseload(found, workers)


async def arrivals(db: Database, now: datetime, weeks: int, sees_protected: bool) -> tuple[list[Week], LittlesLaw]:
    """So many complete weeks and the present one; without the cases that the caller may not see."""
    today = local_date(now)
    first = flow.first_monday(today, weeks)
    async with transaction(db, snapshot=True) as tx:
        rows = await store.open_since(tx, local_midnight(first), sees_protected)
        found = await asyncio.to_thread(_spells, rows, now)
        received = {
            application.ref: (case_id, application.received.date)
            for case_id, (case, spell) in found.items()
            for application in case.applications
            if spell.case_type.counts_in_caseload and application.received.date >= first
        }
        channel_of = await _channels(tx, list({case_id for case_id, _ in received.values()}))
    spells = [spell for _, spell in found.values()]
    counted = flow.arrivals(spells, [Received(on, channel_of.get(ref)) for ref, (_, on) in received.items()], today, weeks)
    return counted, flow.littles_law(spells, counted)


def _spells(rows: Sequence[tuple[UUID, str, CaseType]], now: datetime) -> dict[UUID, tuple[Case, Spell]]:
    type_of = {case_id: case_type for case_id, _, case_type in rows}
    every = flow.read_as_one({case_id: cases.read_body(body) for case_id, body, _ in rows}, now)
    return {case_id: (case, spell) for case_id, case in every.items() if (spell := flow.spell(case, type_of[case_id], now))}


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
