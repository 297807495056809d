"""SIGKILL at the worst places of the real services: nothing told is lost, nothing is applied twice, order within a case holds."""

import asyncio
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope, open_message
from deploy.local import keys
from deploy.local.places import ROOT, Places
from deploy.local.record import StreetRecord
from shared.clock import real_now
from shared.crash import CrashPoint
from tests.street import House, free_port, read_topic, token

CASES, HITS = 20, 3


@dataclass(frozen=True)
class Running:
    """A service of the test's own, with a database of its own, beside the street."""

    process: asyncio.subprocess.Process
    url: str
    ops: str

    async def health(self) -> dict[str, float]:
        async with httpx.AsyncClient(timeout=10) as client:
            report: dict[str, float] = (await client.get(f"{self.ops}/health")).json()
            return report


@asynccontextmanager
async def running(service: str, street: StreetRecord, house: House, **told_too: str) -> AsyncIterator[Running]:
    """The service as a process, as an operator would start it; SIGTERM at the end unless it is dead by then."""
    api, ops = free_port(), free_port()
    told = {
        "SLUSS_DATABASE_URL": house.settings.database_url,
        "SLUSS_DATABASE_PASSWORD_FILE": str(house.settings.database_password_file),
        "SLUSS_KAFKA": house.kafka,
        "SLUSS_HTTP_PORT": str(api),
        "SLUSS_OPS_PORT": str(ops),
        "SLUSS_TOKEN_KEYS_FILE": str(keys.token_keys(Places(street.folder))[1]),
        "SLUSS_TOKEN_ISSUER": street.tokens.issuer,
        "SLUSS_QUARANTINE_KEY_FILE": str(house.seal_key),
        "SLUSS_CONSUMER_GROUP": house.topic,
        "SLUSS_CONSUMER_INSTANCE": service,
        **told_too,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}.main", cwd=ROOT, env={**os.environ, **told}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield Running(process, f"http://127.0.0.1:{api}", f"http://127.0.0.1:{ops}")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def dies(service: str, street: StreetRecord, house: House, point: CrashPoint, hit: int) -> None:
    """The service is started and meets its death at the n-th visit of a point; anything else fails the test."""
    async with running(service, street, house, SLUSS_CRASH_AT=f"{point}:{hit}") as started:
        assert await asyncio.wait_for(started.process.wait(), 60) == -signal.SIGKILL


class Ledger:
    """What a client was promised: the only judge. It asks again, with the same key, until it is told yes."""

    def __init__(self, street: StreetRecord) -> None:
        self._headers = {"authorization": f"Bearer {token(street, 'intake-staff')}"}
        self.promised: dict[UUID, int] = {}

    async def fill(self, started: Running) -> None:
        """Registers contacts and applications until the service dies or all are promised."""
        async with httpx.AsyncClient(base_url=started.url, headers=self._headers, timeout=10) as client:
            while len(self.promised) < CASES:
                happened = {"at": real_now().isoformat()}
                contact = {"happened": happened, "channel": "phone", "source_system": "intake"}
                case = await self._ask(client, started, "/intake/cases", contact)
                applied = {"happened": happened, "kind": "new", "channel": "phone", "period_from": "2026-01-01", "period_to": "2026-01-31"}
                await self._ask(client, started, f"/intake/cases/{case}/applications", applied)
                self.promised[case] = 2

    async def _ask(self, client: httpx.AsyncClient, started: Running, path: str, body: dict[str, object]) -> UUID:
        key = str(uuid4())
        while True:
            try:
                answer = await client.post(path, json=body, headers={"idempotency-key": key})
                answer.raise_for_status()
                return UUID(answer.json()["case_id"])
            except httpx.TransportError:
                assert started.process.returncode is None, "the service died although nobody had told it to"
                await asyncio.sleep(0.1)


@pytest.fixture
async def ledger(street: StreetRecord, empty_house: House) -> Ledger:
    """Twenty cases promised by an intake that cannot reach the broker: all of it is still pending."""
    ledger = Ledger(street)
    async with running("intake", street, empty_house, SLUSS_KAFKA=f"127.0.0.1:{free_port()}") as started:
        await ledger.fill(started)
    return ledger


async def told(house: House, cases: set[UUID]) -> dict[UUID, list[Envelope]]:
    """What the topic holds of these cases, in the order it was told."""
    found: dict[UUID, list[Envelope]] = defaultdict(list)
    for record in await read_topic(house.kafka, INTAKE_EVENTS, 0):
        envelope = open_message(record.headers, record.value)
        if isinstance(envelope, Envelope) and envelope.partitionkey in cases:
            found[envelope.partitionkey].append(envelope)
    return found


async def test_a_relay_killed_after_the_send_tells_everything_in_order(street: StreetRecord, empty_house: House, ledger: Ledger) -> None:
    for _ in range(HITS):
        await dies("intake", street, empty_house, CrashPoint.RELAY_AFTER_SEND, 1)
        assert await empty_house.db.fetchval("SELECT count(*) FROM outbox_pending") == CASES * 2, "it died before the ack was recorded"
    async with running("intake", street, empty_house) as started:
        await quiet(started, "outbox_pending")
    streams = await told(empty_house, set(ledger.promised))
    assert {case: {each.sequence for each in events} for case, events in streams.items()} == {case: {1, 2} for case in ledger.promised}
    assert sum(map(len, streams.values())) == CASES * 2 * (HITS + 1), "each kill came after a send"
    for events in streams.values():
        assert list(dict.fromkeys(each.sequence for each in events)) == [1, 2], "the first time each is told, it is told in order"


async def test_a_consumer_killed_after_its_effect_applies_everything_once(
    street: StreetRecord, empty_house: House, another_house: House, ledger: Ledger
) -> None:
    async with running("intake", street, empty_house) as started:
        await quiet(started, "outbox_pending")
    for _ in range(HITS):
        await dies("leadtimes", street, another_house, CrashPoint.CONSUMER_AFTER_EFFECT, 1)
    async with running("leadtimes", street, another_house) as started:
        await quiet(started, "lag")
        assert (await started.health())["incomplete"] == 0
    kept = await another_house.db.fetch("SELECT stream, count(*) AS events FROM event GROUP BY stream")
    assert {row["stream"]: row["events"] for row in kept if row["stream"] in ledger.promised} == ledger.promised
    assert await another_house.db.fetchval("SELECT count(*) FROM id_conflict") == 0


async def quiet(started: Running, what: str) -> None:
    """Waits until a value of the service's health is 0."""
    async with asyncio.timeout(60):
        while True:
            try:
                if (await started.health()).get(what) == 0:
                    return
            except httpx.TransportError:
                assert started.process.returncode is None
            await asyncio.sleep(0.1)
