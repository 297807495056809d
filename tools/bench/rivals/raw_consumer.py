"""The least that a consumer can do: aiokafka and msgspec, one statement into leadtimes' own table, one commit of offsets, a batch.

It checks nothing, knows one kind of record, and dies at the first that is not as it thinks.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiokafka import AIOKafkaConsumer

from shared.postgres import connect
from tools.bench.task import Task, task

BATCH = 1000
WAIT_MS = 1000
KEEP = """
    INSERT INTO event (event_id, stream, sequence, topic, type, source, subject, time, precision, recorded_at,
                       correlation_id, causation_id, data)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[],
                         $9::text[], $10::timestamptz[], $11::uuid[], $12::uuid[], $13::text[]::jsonb[])
    ON CONFLICT (event_id) DO NOTHING
"""
NAMED = [(name, str | None, None) for name in ("organisation_code", "resource_code", "lifecycle")]
LogEvent = msgspec.defstruct("LogEvent", [("log_id", UUID), ("activity_code", str), ("row", int), *NAMED])


async def hear(given: Task) -> None:
    """Hears until it is ended."""
    db = await connect(given.database_url, given.database_password)
    read = msgspec.json.Decoder(LogEvent if given.topic == "history-events" else dict[str, object])
    consumer = AIOKafkaConsumer(
        given.topic, **given.kafka.options(), group_id=given.group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    async with db.acquire() as connection:
        while True:
            found = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BATCH)
            rows = [_row(record, read) for records in found.values() for record in records]
            if rows:
                await connection.execute(KEEP, *(list(column) for column in zip(*rows, strict=True)))
                await consumer.commit({partition: records[-1].offset + 1 for partition, records in found.items()})


def _row(record: Any, read: "msgspec.json.Decoder[Any]") -> Sequence[Any]:
    read.decode(record.value)
    told = dict(record.headers)
    return (
        UUID(told["ce_id"].decode()),
        UUID(told["ce_partitionkey"].decode()),
        int(told["ce_sequence"]) if "ce_sequence" in told else None,
        record.topic,
        told["ce_type"].decode(),
        told["ce_source"].decode(),
        UUID(told["ce_subject"].decode()),
        datetime.fromisoformat(told["ce_time"].decode()),
        told["ce_timeprecision"].decode(),
        datetime.fromisoformat(told["ce_recordedtime"].decode()),
        UUID(told["ce_correlationid"].decode()),
        UUID(told["ce_causationid"].decode()) if "ce_causationid" in told else None,
        record.value.decode(),
    )


if __name__ == "__main__":
    asyncio.run(hear(task()))
