"""faststream-outbox as its own documentation sets up a relay to Kafka, with the settings that were fastest: it keeps no order."""

import asyncio
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaResponse
from faststream.security import SASLScram512
from faststream_outbox import OutboxBroker, make_outbox_table
from faststream_outbox.annotations import OutboxMessage
from sqlalchemy import MetaData
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tools.bench.task import Task, task

QUEUE = "relay"
WORKERS = 10
FETCHED = 500
FLUSHED = 100
LOOK_S = 0.01  # its own default, a second, would make it wait between two batches


async def relay(given: Task) -> None:
    """Relays until it is ended; makes its table when it is not there."""
    url = make_url(given.database_url).set(drivername="postgresql+asyncpg", password=given.database_password)
    engine = create_async_engine(url, pool_size=2 * WORKERS)
    tables = MetaData()
    outbox = make_outbox_table(tables, table_name="outbox")
    async with engine.begin() as connection:
        await connection.run_sync(tables.create_all)
    source = OutboxBroker(engine, outbox_table=outbox, logger=None)
    security = SASLScram512(given.kafka.user, given.kafka.password or "", use_ssl=False) if given.kafka.user else None
    kafka = KafkaBroker(given.kafka.bootstrap, security=security, acks="all", linger_ms=2, logger=None)
    publisher = kafka.publisher(given.topic)

    subscriber = source.subscriber(
        QUEUE,
        max_workers=WORKERS,
        fetch_batch_size=FETCHED,
        min_fetch_interval=LOOK_S,
        max_fetch_interval=LOOK_S * 10,
        terminal_flush_batch_size=FLUSHED,
    )

    async def send(body: dict[str, Any], message: OutboxMessage) -> KafkaResponse:
        return KafkaResponse(body, key=message.headers["key"].encode(), headers=message.headers)

    publisher(subscriber(send))
    await FastStream(source, on_startup=[kafka.connect], logger=None).run()


if __name__ == "__main__":
    asyncio.run(relay(task()))
