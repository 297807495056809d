"""The Kafka edge: facts of other houses, one transaction each."""

from collections.abc import Sequence
from typing import Final

from contracts.catalogue import INTAKE_EVENTS
from services.referrals.handlers import apply
from shared.broker import Heard
from shared.postgres import Database, transaction
from shared.telemetry import step

HEARD: Final = (INTAKE_EVENTS,)


@step
async def hear(db: Database, batch: Sequence[Heard]) -> None:
    """Hears a batch; when it returns, everything in it is committed, and only then may offsets be."""
    for each in batch:
        async with transaction(db) as tx:
            await apply(tx, each.envelope)
