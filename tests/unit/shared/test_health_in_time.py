"""Health: it always answers, also when a value cannot be read, and one that hangs does not even end when it is told to."""

import asyncio
import time
from contextlib import suppress

import httpx
import pytest

from shared.health import Health


async def seven() -> float:
    return 7


async def fails() -> float:
    raise ConnectionRefusedError


class Hangs:
    """Waits, and goes on waiting when it is cancelled, until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = 0, asyncio.Event()

    async def __call__(self) -> float:
        self.begun += 1
        while not self.let_go.is_set():
            with suppress(asyncio.CancelledError):
                await self.let_go.wait()
        return 7


async def asked(health: Health) -> tuple[int, dict[str, object]]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(health.app()), base_url="http://ops") as client:
        answer = await client.get("/health")
        return answer.status_code, answer.json()


async def test_values_within_their_limits_are_healthy() -> None:
    health = Health("test")
    health.watch("a", "a value", seven, limit=7)
    assert await asked(health) == (200, {"service": "test", "healthy": True, "reasons": [], "a": 7})


async def test_a_value_beyond_its_limit_and_one_that_cannot_be_read_are_named() -> None:
    health = Health("test")
    health.watch("b", "too much", seven, limit=6)
    health.watch("c", "fails", fails)
    assert await asked(health) == (503, {"service": "test", "healthy": False, "reasons": ["b", "c"], "b": 7, "c": None})


async def test_a_value_that_hangs_holds_up_nobody_and_is_asked_for_once_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.health.PROBE_S", 0.05)
    health, hangs = Health("test"), Hangs()
    health.watch("d", "hangs", hangs)
    health.watch("e", "a value", seven)
    began = time.monotonic()
    for _ in range(3):
        status, report = await asked(health)
        assert (status, report["reasons"], report["e"]) == (503, ["d"], 7)
    assert time.monotonic() - began < 5
    assert hangs.begun == 1
    hangs.let_go.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (await asked(health))[0] == 200
