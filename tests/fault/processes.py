"""Services as processes of a test's own, beside the street, each with a database of its own, started as often as they die."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer

from contracts.catalogue import TOPICS
from deploy.local import keys
from deploy.local.places import ROOT, Places
from deploy.local.record import StreetRecord
from shared.crash import CrashPoint
from shared.kafka import Access
from tests.fault.ledger import Outcome, read
from tests.street import House, free_port, partitions_of

QUIET_S, WELL_S = 90, 120
SERVED_AGAIN = 3
WAITING, WAITS_S = ("oldest_pending_s", "stuck_s"), 3.0
NOTHING: Mapping[str, str] = {}


async def health(ops: str) -> dict[str, float]:
    """What a service says of itself at its port for health. Raises httpx.TransportError while it is down."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        report: dict[str, float] = (await client.get(f"{ops}/health")).json()
        return report


async def quiet(ops: str, *values: str) -> None:
    """Waits until these values of a service's health are 0, twice in a row: they are not read at one instant."""
    calm = 0
    while calm < 2:
        await asyncio.sleep(0.1)
        try:
            report = await health(ops)
        except httpx.TransportError:
            continue
        calm = calm + 1 if all(report.get(each) == 0 for each in values) else 0


async def well(ledger: Path, *ops: str) -> None:
    """Waits until services are healthy by themselves, nothing waits in them and people are served again.

    Raises AssertionError with what they say.
    """
    enough = served(ledger) + SERVED_AGAIN
    try:
        async with asyncio.timeout(WELL_S):
            while served(ledger) < enough or not all([_is_well(await _said(each)) for each in ops]):
                await asyncio.sleep(0.1)
    except TimeoutError:
        reports = [await _said(each) for each in ops]
        raise AssertionError(f"not well again: {served(ledger)} of {enough} served, {reports}") from None


def served(ledger: Path) -> int:
    """How many requests have been promised so far."""
    return sum(each.outcome is Outcome.OK for each in read(ledger))


def _is_well(report: Mapping[str, Any]) -> bool:
    return bool(report.get("healthy")) and max(report.get(name, 0) for name in WAITING) < WAITS_S


async def _said(ops: str) -> Mapping[str, Any]:
    try:
        return await health(ops)
    except httpx.TransportError as error:
        return {"silent": type(error).__name__}


@dataclass(frozen=True)
class Place:
    """Where a service lives through all its deaths: its database, its consumer group and its ports stay the same."""

    service: str
    forge: "Forge"
    street: StreetRecord
    house: House
    log: Path
    api: int = field(default_factory=free_port)
    ops: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api}"

    @property
    def ops_url(self) -> str:
        return f"http://127.0.0.1:{self.ops}"

    def environment(self) -> dict[str, str]:
        """What the service is told, without anybody's wish that it die."""
        return {
            "SLUSS_DATABASE_URL": self.house.settings.database_url,
            "SLUSS_DATABASE_PASSWORD_FILE": str(self.house.settings.database_password_file),
            **self.house.kafka_environment,
            "SLUSS_HTTP_PORT": str(self.api),
            "SLUSS_OPS_PORT": str(self.ops),
            "SLUSS_TOKEN_KEYS_FILE": str(keys.token_keys(Places(self.street.folder))[1]),
            "SLUSS_TOKEN_ISSUER": self.street.tokens.issuer,
            "SLUSS_QUARANTINE_KEY_FILE": str(self.house.seal_key),
            "SLUSS_VAULT_URL": self.house.settings.database_url,
            "SLUSS_VAULT_PASSWORD_FILE": str(self.house.settings.database_password_file),
            "SLUSS_VAULT_KEY_FILE": str(self.house.seal_key),
            "SLUSS_LOOKUP_KEY_FILE": str(self.house.seal_key),
            "SLUSS_CONSUMER_GROUP": self.house.topic,
            "SLUSS_CONSUMER_INSTANCE": "the only one",
        }

    def last_words(self) -> str:
        """The end of what the service has said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])

    async def quiet(self, *values: str) -> None:
        """Waits until these values of the service's health are 0."""
        async with asyncio.timeout(QUIET_S):
            await quiet(self.ops_url, *values)


@dataclass
class Started:
    """One life of a service."""

    pid: asyncio.Future[int]
    code: asyncio.Future[int]


class Forge:
    """The asking end of `tests.fault.forge`: starts processes of one service."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asking, self._told = process.stdin, process.stdout
        self._lives: dict[str, Started] = {}

    async def listen(self) -> None:
        """Hears who was born and who died, until the forge is gone."""
        async for line in self._told:
            told = json.loads(line)
            life = self._lives[told["name"]]
            (life.pid if "pid" in told else life.code).set_result(told.get("pid", told.get("code")))

    async def start(self, log: Path, environment: dict[str, str]) -> Started:
        """A new process of the service."""
        loop, name = asyncio.get_running_loop(), str(len(self._lives))
        life = self._lives[name] = Started(loop.create_future(), loop.create_future())
        asked = {"name": name, "log": str(log), "env": {**os.environ, **environment}}
        self._asking.write(json.dumps(asked).encode() + b"\n")
        await self._asking.drain()
        await asyncio.shield(life.pid)
        return life


@asynccontextmanager
async def forge(service: str, told_too: Mapping[str, str] = NOTHING) -> AsyncIterator[Forge]:
    """A forge of one service; with it end all that it started."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fault.forge",
        service,
        cwd=ROOT,
        env={**os.environ, **told_too},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    made = Forge(process)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening


@asynccontextmanager
async def running(place: Place, **told_too: str) -> AsyncIterator[Started]:
    """A life of the service; SIGTERM at the end unless it is dead by then."""
    started = await place.forge.start(place.log, {**place.environment(), **told_too})
    try:
        yield started
    finally:
        if not started.code.done():
            os.kill(started.pid.result(), signal.SIGTERM)
            await asyncio.shield(started.code)


async def dies_at(place: Place, point: CrashPoint, visit: int, patience_s: float) -> bool:
    """Starts the service to die at the n-th visit of a point; false when it has not got there in time.

    Raises AssertionError when it ends in any other way.
    """
    async with running(place, SLUSS_CRASH_AT=f"{point}:{visit}") as started:
        try:
            ended = await asyncio.wait_for(asyncio.shield(started.code), patience_s)
        except TimeoutError:
            return False
    assert ended == -signal.SIGKILL, f"{place.service} ended by itself ({ended}) on its way to {point}:\n{place.last_words()}"
    return True


async def hear_from_now_on(kafka: Access, group: str) -> None:
    """Gives a new group its place at the present end of every topic: what other tests told is not its concern."""
    consumer = AIOKafkaConsumer(**kafka.options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = await partitions_of(kafka, TOPICS)
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()
