"""The Kafka edge: facts that others published, as they are, a batch at a time."""

from collections.abc import Sequence

from services.leadtimes import handlers
from shared.broker import Heard
from shared.postgres import Database
from shared.telemetry import step


@step
async def hear(db: Database, batch: Sequence[Heard]) -> None:
    """Hears a batch; when it returns, everything in it is committed, and only then may offsets be."""
    await handlers.remember(db, [each.envelope for each in batch])
