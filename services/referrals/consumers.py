"""The Kafka edge: facts of other houses, one transaction each."""

from collections.abc import Sequence
from typing import Final

from contracts.catalogue import INTAKE_EVENTS
from services.referrals.handlers.cases import Ours
from services.referrals.handlers.hearing import apply
from shared.broker import Heard
from shared.clock import Clock
from shared.context import Context
from shared.postgres import Database, transaction
from shared.telemetry import step

HEARD: Final = (INTAKE_EVENTS,)


@step
async def hear(db: Database, ours: Ours, clock: Clock, batch: Sequence[Heard]) -> None:
    """Hears a batch; when it returns, everything in it is committed, and only then may offsets be."""
    for each in batch:
        async with transaction(db) as tx:
            cause = each.envelope
            context = Context(await clock.now(), cause.correlationid, cause.id, "intake")
            await apply(tx, ours, cause, context)
