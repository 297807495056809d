"""One process a service: its API, its own port for health, and its background work, started together and stopped in peace."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from shared import log, telemetry
from shared.log import logger
from shared.settings import ServiceSettings
from shared.slow_clients import HurriedProtocol
from shared.watchdog import stay_awake

GRACE_S = 15
CANCEL_S = 2
Background = Callable[[asyncio.Event], Awaitable[None]]


class EndedByItself(Exception):
    """A part returned although nobody had told it to: the house is not whole without it."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the house stops as one."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Any, host: str, port: int) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=HurriedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=GRACE_S - 5,
            limit_concurrency=200,
            h11_max_incomplete_event_size=32 * 1024,
        )
    )


async def run(settings: ServiceSettings, app: Any, health_app: Any, background: Sequence[Background]) -> None:
    """Serves until SIGTERM or SIGINT, or until a part dies; then every part ends the work it has in hand, 15 s at most.

    Raises what a part died of, or EndedByItself, so that the process ends with an error and is started anew.
    """
    _look_for_garbage_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    servers = [_server(app, settings.http_host, settings.http_port), _server(health_app, settings.http_host, settings.ops_port)]
    parts = [asyncio.create_task(server.serve()) for server in servers]
    parts += [asyncio.ensure_future(work(stop)) for work in (stay_awake, *background)]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([*parts, stopped], return_when=asyncio.FIRST_COMPLETED)
    told_to_stop = stop.is_set()
    stop.set()
    for server in servers:
        server.should_exit = True
    _, late = await asyncio.wait(parts, timeout=GRACE_S)
    if late:
        logger.warning("work in hand was given up", parts=len(late))
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=CANCEL_S)
    for task in parts:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
    if not told_to_stop:
        raise EndedByItself


def _look_for_garbage_seldom() -> None:
    """What was built at the start stays and is never looked through again, and a batch of records is no reason to look for cycles.

    With the usual thresholds that search took a fifth of the time of hearing (docs/decisions/0017).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def begin(service: str, house: Callable[[], Awaitable[None]]) -> None:
    """The `main` of a service: logs and telemetry on, the house run, its death told by kind and place, exit code 1."""
    log.start(service)
    telemetry.start(service)
    try:
        asyncio.run(_as_coroutine(house))
    except Exception as error:
        logger.critical("the service died", exc_info=error)
        sys.exit(1)
    finally:
        telemetry.stop()


async def _as_coroutine(house: Callable[[], Awaitable[None]]) -> None:
    await house()
