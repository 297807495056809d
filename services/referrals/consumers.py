"""The Kafka edge: facts of other houses, each once and in its order, by the inbox."""

from typing import Final

from contracts.catalogue import INTAKE_EVENTS
from services.referrals.handlers import apply
from shared.inbox import Inbox
from shared.postgres import Database
from shared.quarantine import Seal

HEARD: Final = (INTAKE_EVENTS,)


def inbox_of(consumer: str, db: Database, seal: Seal) -> Inbox:
    """The inbox of this house: what it hears is applied by its handlers."""
    return Inbox(consumer, db, seal, apply)
