"""Health: what a service says of itself to who restarts it, and to who draws its curves."""

from datetime import UTC, datetime

import httpx
import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider

from shared import health as rules
from shared import telemetry
from shared.health import Health


@pytest.fixture(scope="module", autouse=True)
def collecting() -> None:
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        telemetry.start("test")


class Gauge:
    """A value that a test sets, or a fault."""

    def __init__(self, value: float | datetime | Exception | None) -> None:
        self.value = value

    async def __call__(self) -> float | datetime | None:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


async def ask(health: Health, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(health.app()), base_url="http://test") as client:
        return await client.get(path)


async def test_a_value_above_its_limit_is_no_health_and_one_at_it_is() -> None:
    health, stuck = Health("test"), Gauge(30.0)
    health.watch("t1_stuck_s", "", stuck, limit=30.0)
    health.watch("t1_depth", "", Gauge(10_000.0))
    answer = await ask(health, "/health")
    assert answer.status_code == 200
    assert answer.json() == {"service": "test", "healthy": True, "reasons": [], "t1_stuck_s": 30.0, "t1_depth": 10_000.0}
    stuck.value = 30.1
    answer = await ask(health, "/health")
    assert (answer.status_code, answer.json()["healthy"], answer.json()["reasons"]) == (503, False, ["t1_stuck_s"])


async def test_a_value_that_cannot_be_read_is_no_health_though_it_has_no_limit() -> None:
    health = Health("test")
    health.watch("t2_depth", "", Gauge(ConnectionRefusedError("postgresql://intake:secret@db")))
    answer = await ask(health, "/health")
    assert answer.status_code == 503
    assert answer.json() == {"service": "test", "healthy": False, "reasons": ["t2_depth"], "t2_depth": None}


async def test_a_value_that_does_not_come_in_time_is_no_health(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> float:
        await rules.asyncio.Event().wait()
        return 0.0

    monkeypatch.setattr(rules, "PROBE_S", 0.05)
    health = Health("test")
    health.watch("t3_lag", "", never)
    answer = await ask(health, "/health")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["t3_lag"])


async def test_an_instant_is_shown_and_none_is_nothing_bad() -> None:
    health = Health("test")
    health.watch("t4_now", "", Gauge(datetime(2026, 1, 5, 8, tzinfo=UTC)), limit=1.0)
    health.watch("t4_next", "", Gauge(None), limit=1.0)
    answer = await ask(health, "/health")
    assert answer.status_code == 200
    assert (answer.json()["t4_now"], answer.json()["t4_next"]) == ("2026-01-05T08:00:00+00:00", None)


async def test_numbers_are_metrics_as_they_are_when_asked_for_and_what_cannot_be_read_is_none() -> None:
    health, depth = Health("test"), Gauge(7.0)
    health.watch("t5_depth", "how deep", depth)
    health.watch("t5_at", "", Gauge(datetime(2026, 1, 5, 8, tzinfo=UTC)))
    assert samples(await ask(health, "/metrics"), "t5") == {"sluss_t5_depth": 7.0}
    depth.value = 8.0
    assert samples(await ask(health, "/metrics"), "t5") == {"sluss_t5_depth": 8.0}
    depth.value = TimeoutError()
    answer = await ask(health, "/metrics")
    assert answer.status_code == 200
    assert samples(answer, "t5") == {}


def samples(answer: httpx.Response, of: str) -> dict[str, float]:
    """The samples of this test, by name."""
    lines = [line for line in answer.text.splitlines() if line.startswith(f"sluss_{of}_")]
    return {line.partition("{")[0].partition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
