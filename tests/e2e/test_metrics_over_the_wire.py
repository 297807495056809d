"""Metrics reach a collector over OTLP, with the values that health knows, also when nobody asks for either."""

import asyncio
from collections.abc import Callable

import httpx
from aiokafka import AIOKafkaProducer

from deploy.kafka.topics import ADMIN
from deploy.local.record import StreetRecord
from tests.spans import Spans
from tests.street import service_client

PATIENCE_S = 60
SENT = {
    ("intake", "sluss_outbox_pending"),
    ("intake", "sluss_oldest_pending_s"),
    ("leadtimes", "sluss_lag"),
    ("leadtimes", "sluss_quarantined"),
}
QUARANTINED = ("leadtimes", "sluss_quarantined")


async def until(true: Callable[[], bool]) -> None:
    """Waits for what comes by itself."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.1)


async def test_the_lag_and_the_outbox_arrive_at_the_collector_without_a_scrape(street: StreetRecord, spans: Spans) -> None:
    await until(lambda: set(spans.metrics()) >= SENT)


async def test_a_value_that_changes_arrives_changed_without_a_scrape(street: StreetRecord, spans: Spans) -> None:
    async with httpx.AsyncClient(trust_env=False) as ops:
        before = (await ops.get(f"{street.services['leadtimes'].ops}/health")).json()["quarantined"]
    await until(lambda: spans.metrics().get(QUARANTINED) == before)
    producer = AIOKafkaProducer(**street.broker.access(ADMIN).options())
    await producer.start()
    sent = await producer.send_and_wait("history-events", b"{", headers=[("ce_type", b"\xff")])
    await producer.stop()
    await until(lambda: spans.metrics()[QUARANTINED] == before + 1)
    with service_client(street, "leadtimes", "operator") as operator:
        records = operator.get("/leadtimes/quarantine").json()["records"]
        [number] = [each["id"] for each in records if (each["partition"], each["offset"]) == (sent.partition, sent.offset)]
        operator.post(f"/leadtimes/quarantine/{number}/discard", json={"reason": "A test made it."}).raise_for_status()
    await until(lambda: spans.metrics()[QUARANTINED] == before)
