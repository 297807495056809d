"""The Kafka edge: what intake told, by way of the inbox: each fact of a case once and in its order, one transaction each."""

from typing import Final

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope
from services.referrals.handlers.cases import Ours
from services.referrals.handlers.hearing import apply
from shared.clock import Clock
from shared.context import Context
from shared.inbox import Inbox
from shared.postgres import Database, Transaction
from shared.quarantine import Seal

HEARD: Final = (INTAKE_EVENTS,)


def inbox_of(consumer: str, db: Database, seal: Seal, ours: Ours, clock: Clock) -> Inbox:
    """The inbox of this house: what it hears is applied by its handlers, as caused by the event."""

    async def hear(tx: Transaction, told: Envelope) -> None:
        await apply(tx, ours, told, Context(await clock.now(), told.correlationid, told.id, "intake"))

    return Inbox(consumer, db, seal, hear)
