"""Health and metrics of a service, on a port of their own: liveness means progress, not "the loop runs"."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import telemetry
from shared.log import logger
from shared.pause import pause

PROBE_S = 2.0
STUCK_S = 30.0
Probe = Callable[[], Awaitable[float | datetime | None]]


@dataclass(frozen=True)
class _Named:
    read: Probe
    limit: float | None


class Health:
    """Named values of a service, read when asked for or sent. Above its limit, or when one cannot be read, the service is not healthy."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._probes: dict[str, _Named] = {}
        self._last: dict[str, float | None] = {}
        self._asked: dict[str, asyncio.Future[float | datetime | None]] = {}
        telemetry.gauge("sluss_healthy", "1 while no value of the service is beyond its limit", lambda: self._last.get("healthy"))

    def watch(self, name: str, description: str, read: Probe, *, limit: float | None = None) -> None:
        """Adds a value under a name; numbers are also the metric `sluss_<name>`."""
        self._probes[name] = _Named(read, limit)
        telemetry.gauge(f"sluss_{name}", description, lambda: self._last.get(name))

    async def read(self) -> dict[str, Any]:
        """All values now, whether the service is healthy, and if not, which values say so."""
        values = dict(zip(self._probes, await asyncio.gather(*map(self._ask, self._probes)), strict=True))
        self._last = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
        reasons = [name for name, value in values.items() if self._is_bad(self._probes[name], value)]
        self._last["healthy"] = float(not reasons)
        shown = {name: value.isoformat() if isinstance(value, datetime) else _unreadable_is_null(value) for name, value in values.items()}
        return {"service": self._service, "healthy": not reasons, "reasons": reasons, **shown}

    async def _ask(self, name: str) -> float | datetime | Exception | None:
        """A value, or why there is none in time. One that does not even end when told to (asyncpg on a hung server) is left alone."""
        task = self._asked.get(name)
        if task is None or task.done():
            task = self._asked[name] = asyncio.ensure_future(self._probes[name].read())
            await asyncio.wait([task], timeout=PROBE_S)
        error: BaseException | None = TimeoutError()
        if task.done():
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            if error is None:
                return task.result()
        task.cancel()
        logger.warning("a health value could not be read", value=name, error=type(error).__name__)
        return error if isinstance(error, Exception) else TimeoutError()

    async def run(self, stop: asyncio.Event) -> None:
        """Reads all values as often as metrics are sent to a collector, until `stop`: nobody may ask for them otherwise."""
        every_s = telemetry.metrics_sent_every_s()
        while every_s is not None and not stop.is_set():
            await self.read()
            await pause(every_s, stop)
        await stop.wait()

    def _is_bad(self, probe: _Named, value: object) -> bool:
        if isinstance(value, Exception):
            return True
        return probe.limit is not None and isinstance(value, int | float) and value > probe.limit

    def app(self) -> Starlette:
        """GET /health (200, or 503 when not healthy) and GET /metrics, without a token: bind it to loopback only."""

        async def health(_: Request) -> Response:
            report = await self.read()
            return JSONResponse(report, status_code=200 if report["healthy"] else 503)

        async def metrics(_: Request) -> Response:
            await self.read()
            text, content_type = telemetry.prometheus_text()
            return Response(text, headers={"content-type": content_type})

        return Starlette(routes=[Route("/health", health), Route("/metrics", metrics)])


def _unreadable_is_null(value: object) -> object:
    return None if isinstance(value, Exception) else value
