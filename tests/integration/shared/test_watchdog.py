"""The watchdog: a consumer that hangs is seen and its process ends with code 1; one that waits for its database lives on."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deploy.local.places import ROOT
from shared.lag import Lag
from tests.integration.shared.kinds import fact
from tests.integration.shared.listening import tell
from tests.street import House, free_port

LIMIT_S = 2.0
PATIENCE_S = 60.0
ASLEEP = """
import asyncio, time
from shared.watchdog import stay_awake

async def main():
    stop = asyncio.Event()
    task = asyncio.create_task(stay_awake(stop, 0.5))
    await asyncio.sleep(1.5)
    print("turned", flush=True)
    time.sleep({seconds})
    await asyncio.sleep(1)
    stop.set()
    await task

asyncio.run(main())
"""


@dataclass(frozen=True)
class Running:
    """The service of the test, as a process, and its port for health."""

    process: asyncio.subprocess.Process
    ops: str

    async def health(self) -> dict[str, Any]:
        """What it says of itself, or nothing while it does not answer."""
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                answer = await client.get(f"{self.ops}/health")
                return {**answer.json(), "status": answer.status_code}
        except httpx.TransportError:
            return {}

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What it says when this holds, asked again and again."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds(report := await self.health()):
                await asyncio.sleep(0.05)
        return report

    async def metrics(self) -> str:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            return (await client.get(f"{self.ops}/metrics")).text


@asynccontextmanager
async def running(house: House, handler: str) -> AsyncIterator[Running]:
    """The service of the test, whose handler does as its name says."""
    ops = free_port()
    told = {
        "SLUSS_DATABASE_URL": house.settings.database_url,
        "SLUSS_DATABASE_PASSWORD_FILE": str(house.settings.database_password_file),
        **house.kafka_environment,
        "SLUSS_HTTP_PORT": str(free_port()),
        "SLUSS_OPS_PORT": str(ops),
        "SLUSS_TOKEN_KEYS_FILE": "none",
        "SLUSS_TOKEN_ISSUER": "test",
        "SLUSS_QUARANTINE_KEY_FILE": str(house.seal_key),
        "SLUSS_STUCK_AFTER_S": str(LIMIT_S),
    }
    command = [sys.executable, "-m", "tests.integration.shared.hanging_service", handler]
    env = {**os.environ, **told, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE)
    try:
        yield Running(process, f"http://127.0.0.1:{ops}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_handler_that_hangs_is_seen_and_its_process_ends_with_code_1(house: House) -> None:
    async with running(house, "hangs") as service:
        await service.until(lambda report: bool(report.get("healthy")))
        await tell(house, [fact()])
        report = await service.until(lambda report: report.get("status") == 503)
        assert report["reasons"] == ["stuck_s"]
        assert (report["lag"], report["stuck_s"] > LIMIT_S) == (1, True)
        assert service.process.stdout is not None
        said = await asyncio.wait_for(service.process.stdout.read(), PATIENCE_S)
        assert await service.process.wait() == 1
        assert b"the consumer is stuck and the process ends" in said


async def test_a_consumer_that_waits_for_its_database_is_unhealthy_also_in_the_metrics_and_lives_on(house: House) -> None:
    async with running(house, "waits") as service:
        await tell(house, [fact()])
        report = await service.until(lambda report: report.get("stuck_s", 0) > 3 * LIMIT_S)
        assert (report["status"], service.process.returncode) == (503, None)
        metrics = await service.metrics()
        assert float(re.findall(r"^sluss_stuck_s\S* (\S+)$", metrics, re.MULTILINE)[0]) > LIMIT_S
        for line in (r"^sluss_healthy\S* 0\.0$", r"^sluss_lag\S* 1\.0$"):
            assert re.search(line, metrics, re.MULTILINE), line


async def test_a_consumer_that_works_is_never_stuck(house: House) -> None:
    async with running(house, "works") as service:
        for _ in range(4):
            await tell(house, [fact()])
            await asyncio.sleep(LIMIT_S / 2)
        report = await service.until(lambda report: report.get("lag") == 0)
        assert (report["healthy"], report["stuck_s"]) == (True, 0)
        assert service.process.returncode is None


@pytest.mark.parametrize(("seconds", "code"), [(0.1, 0), (30, 1)])
async def test_a_loop_that_no_longer_turns_ends_its_process_with_code_1_and_says_where(seconds: float, code: int) -> None:
    command = [sys.executable, "-c", ASLEEP.format(seconds=seconds)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert (out, process.returncode) == (b"turned\n", code)
    assert (b"in main" in errors) is bool(code)


async def test_a_lag_that_was_asked_about_too_impatiently_can_be_asked_again(house: House) -> None:
    lag = Lag(house.kafka, house.topic, [house.topic])
    for patience in (0.0001, 0.001, 0.01, 0.02):
        with suppress(TimeoutError):
            await asyncio.wait_for(lag.read(), patience)
    assert await lag.read() == 0
    await lag.close()
