"""Two adults of one household apply together: one application, a case each, in one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from services.intake.handlers.cases import Asked, Ours, as_seen, carry_out
from services.intake.store import households as store
from services.intake.store.households import Member
from shared.context import Context
from shared.idempotency import Answer, Key, claim, settle
from shared.postgres import Database, Transaction, lock, transaction
from shared.telemetry import step


@step
async def apply_together(
    db: Database, ours: Ours, key: Key, status: int, household_ref: UUID, asked: Mapping[UUID, tuple[Asked, str]], context: Context
) -> list[Member]:
    """Carries out what is asked for each person, with their role, once for each key; answers the household as it is then.

    Raises what `handle` raises; then nothing has happened to any of them.
    """
    sees_protected = all(each.sees_protected for each, _ in asked.values())
    async with transaction(db) as tx:
        if await claim(tx, key) is None:
            for person_ref in sorted(asked):  # before any case, and always in this order: nobody waits in a circle
                await lock(tx, person_ref)
            for each, role in asked.values():
                done = await carry_out(tx, ours, each, context)
                await store.save_role(tx, done.case_id, role)
            await settle(tx, key, Answer(status, str(household_ref)))
        return await _members(tx, household_ref, sees_protected)


async def household(db: Database, household_ref: UUID, sees_protected: bool) -> list[Member]:
    """The cases of a household that the caller may see."""
    async with transaction(db, snapshot=True) as tx:
        return await _members(tx, household_ref, sees_protected)


async def _members(tx: Transaction, household_ref: UUID, sees_protected: bool) -> list[Member]:
    found = await store.members(tx, household_ref, sees_protected)
    return [replace(each, stored=await as_seen(tx, each.stored, sees_protected)) for each in found]
