"""The least that an ordered relay can do: the oldest rows, aiokafka's batches a partition, every ack, a delete.

No lock, no listening, no care for a crash between ack and delete beyond the order of the two; a fault ends it.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from shared.postgres import connect_alone
from tools.bench.task import Task, task

BATCH = 500
BATCH_BYTES = 1_000_000
POLL_S = 0.05
TABLE = """
    CREATE TABLE pending (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream uuid NOT NULL, headers jsonb NOT NULL, payload bytea NOT NULL
    );
"""
OLDEST = "SELECT id, stream, headers, payload FROM pending ORDER BY id LIMIT $1"
DONE = "DELETE FROM pending WHERE id = ANY($1::bigint[])"


async def relay(given: Task) -> None:
    """Relays until it is ended."""
    connection = await connect_alone(given.database_url, given.database_password)
    producer = AIOKafkaProducer(**given.kafka.options(), acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    partitions, place = list(await producer.partitions_for(given.topic)), DefaultPartitioner()
    while True:
        rows = await connection.fetch(OLDEST, BATCH)
        if not rows:
            await asyncio.sleep(POLL_S)
            continue
        batches: dict[int, Any] = {}
        for row in rows:
            key = str(row["stream"]).encode()
            partition = place(key, partitions, partitions)
            batch = batches.setdefault(partition, producer.create_batch())
            headers = [(name, value.encode()) for name, value in row["headers"]]
            assert batch.append(timestamp=None, key=key, value=row["payload"], headers=headers), "the batch is large enough"
        acks = [await producer.send_batch(batch, given.topic, partition=partition) for partition, batch in batches.items()]
        await asyncio.gather(*acks)
        await connection.execute(DONE, [row["id"] for row in rows])


if __name__ == "__main__":
    asyncio.run(relay(task()))
