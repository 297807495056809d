"""The consumer of a tutorial: FastStream, one typed message at a time, three statements in a transaction each, and an ack each."""

import asyncio
from datetime import datetime
from uuid import UUID

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512
from pydantic import BaseModel

from shared.kafka import Access
from shared.postgres import connect, transaction
from tools.bench.task import Task, task

TABLES = """
    CREATE TABLE inbox (event_id uuid PRIMARY KEY, heard_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE event (event_id uuid PRIMARY KEY, stream uuid NOT NULL, time timestamptz NOT NULL, data jsonb NOT NULL);
    CREATE INDEX event_of_stream ON event (stream, time);
    CREATE TABLE case_state (stream uuid PRIMARY KEY, events integer NOT NULL, last timestamptz NOT NULL);
"""
NEW = "INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING event_id"
LOG = "INSERT INTO event (event_id, stream, time, data) VALUES ($1, $2, $3, $4)"
STATE = """
    INSERT INTO case_state AS known (stream, events, last) VALUES ($1, 1, $2)
    ON CONFLICT (stream) DO UPDATE SET events = known.events + 1, last = greatest(known.last, excluded.last)
"""


class LogEvent(BaseModel):
    """An event of an imported log."""

    log_id: UUID
    activity_code: str
    organisation_code: str | None = None
    resource_code: str | None = None
    lifecycle: str | None = None
    row: int


async def hear(given: Task) -> None:
    """Hears until it is ended."""
    db = await connect(given.database_url, given.database_password)
    broker = KafkaBroker(given.kafka.bootstrap, security=_security(given.kafka), logger=None)

    @broker.subscriber(given.topic, group_id=given.group, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)
    async def keep(event: LogEvent, message: KafkaMessage) -> None:
        event_id, stream = UUID(message.headers["ce_id"]), UUID(message.headers["ce_partitionkey"])
        at = datetime.fromisoformat(message.headers["ce_time"])
        async with transaction(db) as tx:
            if await tx.fetchval(NEW, event_id):
                await tx.execute(LOG, event_id, stream, at, event.model_dump(mode="json", exclude_none=True))
                await tx.execute(STATE, stream, at)

    await FastStream(broker, logger=None).run()


def _security(kafka: Access) -> SASLScram512 | None:
    return SASLScram512(kafka.user, kafka.password or "", use_ssl=False) if kafka.user is not None else None


if __name__ == "__main__":
    asyncio.run(hear(task()))
