"""One part of the street: a child process that is started, watched, started again when it dies, and stopped."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.failures import StreetFailure
from deploy.local.places import MARK, PART, Places

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
# A part that ran this long is well again: its next death waits the first pause.
WELL_AFTER_S = 20.0
# This many deaths before it was ever ready, and the street gives up.
DEATHS_AT_START = 2
LOG_KEPT_BYTES = 20_000_000
# The administrator's password is in one; the last is the launcher's to say, by the broker that runs.
FOR_US_ALONE = ("SLUSS_POSTGRES", "SLUSS_STREET", "SLUSS_KAFKA_IDEMPOTENCE")


Act = Callable[[], Awaitable[None]]


def note(event: str, **words: object) -> None:
    """One JSON line in the launcher's log, if there is room. Not shared.log: what it brings costs a second at each start."""
    with suppress(OSError):
        print(json.dumps({"service": "launcher", "timestamp": datetime.now(UTC).isoformat(), "event": event, **words}), flush=True)


@dataclass(frozen=True)
class Account:
    """An operating system user that a part runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Part:
    """What to start, how to see that it is ready, and how to stop it."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    ready_within_s: float = 120.0  # three services and two servers on two busy cores have taken a minute


def child_env(places: Places, part: str, env: Mapping[str, str]) -> dict[str, str]:
    """What a child sees: our environment without what is for us alone, the mark that clean-up looks for, and its own."""
    ours = {name: value for name, value in os.environ.items() if name not in FOR_US_ALONE}
    return {**ours, MARK: str(places.folder), PART: part, **env}


async def _nothing() -> None:
    """What most parts' deaths ask of the others."""


class Watched:
    """A part that is running, started again when it dies, with growing pauses, until `stop`.

    `before_return` is awaited after each death before it is started again, `after_return` once it is ready again.
    """

    def __init__(self, part: Part, places: Places, before_return: Act = _nothing, after_return: Act = _nothing) -> None:
        self.part, self._places = part, places
        self._before_return, self._after_return = before_return, after_return
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._deaths = 0

    async def start(self) -> None:
        """Starts the part and waits until it is ready. Raises StreetFailure when it is not ready in time or keeps dying."""
        self._deaths = 0
        self._task = asyncio.create_task(self._keep())
        by = time.monotonic() + self.part.ready_within_s
        while not await self.part.ready():
            if self._task.done():
                self._task.result()
            if self._deaths >= DEATHS_AT_START:
                raise StreetFailure(f"{self.part.name} stops as soon as it is started: see {self._places.log(self.part.name)}")
            if time.monotonic() > by:
                raise StreetFailure(
                    f"{self.part.name} is not ready after {self.part.ready_within_s:.0f} s: see {self._places.log(self.part.name)}"
                )
            await asyncio.sleep(0.05)

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                self._process = await self._spawn()
            except OSError as error:  # no room for its log, no memory for a process: watched on, it starts when that has passed
                note("a part could not be started", part=self.part.name, error=error.strerror, pause_s=pause)
            else:
                code = await self._live(self._process)
                pause = FIRST_PAUSE_S if time.monotonic() - began > WELL_AFTER_S else pause
                note("a part died and is started again", part=self.part.name, exit_code=code, pause_s=pause)
            self._deaths += 1
            await self._before_return()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _live(self, process: asyncio.subprocess.Process) -> int:
        """Until it dies; answers the exit code."""
        returning = asyncio.create_task(self._return())
        try:
            return await process.wait()
        finally:
            returning.cancel()

    async def _return(self) -> None:
        ready = not self._deaths
        while not ready:
            await asyncio.sleep(0.05)
            if ready := await self.part.ready():
                await self._after_return()

    async def _spawn(self) -> asyncio.subprocess.Process:
        file = self._places.log(self.part.name)
        if file.exists() and file.stat().st_size > LOG_KEPT_BYTES:
            os.replace(file, file.with_suffix(".log.1"))
        account = self.part.account
        with file.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                *self.part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.part.cwd,
                env=child_env(self._places, self.part.name, self.part.env),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )

    async def stop(self, patience_s: float = 20.0) -> None:
        """Asks the part to end what it has in hand; ends it hard when it has not stopped in time."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(self.part.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), patience_s)
        except TimeoutError:
            note("a part had to be killed", part=self.part.name)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
