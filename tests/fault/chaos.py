"""Chaos: a plan of faults for the parts of a local street, the same for the same seed, and the hand that carries it out.

SIGKILL; SIGSTOP, and SIGCONT a while later; SIGTERM, and SIGKILL a while later for who has not ended, as Docker and Kubernetes do.
The relay and the timers live in intake and die with it. Who starts what has died is the street's launcher, never we.
"""

import asyncio
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.local.processes import LAUNCHER, parts_of
from shared.pause import pause

POSTGRES = "postgres"
# One client's process in the server: SIGKILL there makes PostgreSQL end all of them and recover.
BACKEND = "postgres backend"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)
# Seconds between faults: as short as leaves the street some time to work on two cores.
PAUSES_S = (2.0, 8.0)
TWO_AT_ONCE = 0.2
# Seconds that a stop lasts, and that an end in peace is waited for. Beyond 30 s the services' own watchdog would end them.
FOR_S = (1.0, 20.0)
DEAD_S = 10.0
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Fault:
    """One signal: how long after the one before, to which part, which of several processes (0 to 1), and for how long."""

    after_s: float
    part: str
    signal: signal.Signals
    for_s: float
    which: float


@dataclass(frozen=True)
class Hit:
    """A fault that met a living process, so long after the beginning. `killed_late`: a SIGTERM that SIGKILL had to follow."""

    at_s: float
    part: str
    signal: signal.Signals
    for_s: float
    killed_late: bool = False


def targets(folder: Path) -> list[str]:
    """What can be hit in a street: its parts as they are now, but for the launcher, and one backend of PostgreSQL."""
    found = set(parts_of(folder).values()) - {LAUNCHER}
    return sorted(found | {BACKEND} if POSTGRES in found else found)


def plan(parts: Sequence[str], seed: int, longest_s: float = FOR_S[1]) -> Iterator[Fault]:
    """Without end: each part once by SIGKILL, as fast as the pauses allow, then at random, every fifth time two parts at once."""
    chance = random.Random(seed)

    def fault(after_s: float, part: str, number: signal.Signals) -> Fault:
        return Fault(after_s, part, number, chance.uniform(FOR_S[0], longest_s), chance.random())

    for part in chance.sample(parts, len(parts)):
        yield fault(PAUSES_S[0], part, signal.SIGKILL)
    while True:
        first, second = chance.sample(parts, 2)
        yield fault(chance.uniform(*PAUSES_S), first, chance.choice(SIGNALS))
        if chance.random() < TWO_AT_ONCE:
            yield fault(0, second, chance.choice(SIGNALS))


@dataclass
class Chaos:
    """Carries a plan out on the street in a folder, and keeps what was hit."""

    folder: Path
    faults: Iterator[Fault]
    hits: list[Hit] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    async def run(self, stop: asyncio.Event) -> None:
        """Hits until `stop`; when it returns nothing is stopped any more, and nobody is waited for to end."""
        async with asyncio.TaskGroup() as group:
            for fault in self.faults:
                await pause(fault.after_s, stop)
                if stop.is_set():
                    break
                group.create_task(self._hit(fault))

    async def _hit(self, fault: Fault) -> None:
        """As soon as the part lives; not at all when it does not within a while."""
        by = time.monotonic() + DEAD_S
        while (process := await asyncio.to_thread(self._process, fault)) is None:
            if time.monotonic() > by:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        at_s, killed_late = time.monotonic() - self.began, False
        with suppress(psutil.NoSuchProcess):
            process.send_signal(fault.signal)
            try:
                if fault.signal is not signal.SIGKILL:
                    await asyncio.sleep(fault.for_s)
            finally:
                if fault.signal is signal.SIGSTOP:
                    process.send_signal(signal.SIGCONT)
                elif fault.signal is signal.SIGTERM and process.status() != psutil.STATUS_ZOMBIE:
                    process.kill()
                    killed_late = True
        self.hits.append(Hit(at_s, fault.part, fault.signal, fault.for_s, killed_late))

    def _process(self, fault: Fault) -> psutil.Process | None:
        parts = parts_of(self.folder)
        named = {process.pid: process for process, part in parts.items() if part == (POSTGRES if fault.part == BACKEND else fault.part)}
        with suppress(psutil.Error):
            # A child that the part has started has its name too.
            found = [process for process in named.values() if process.ppid() not in named]
            if fault.part == BACKEND:
                found = [child for process in found for child in process.children() if _serves_a_client(child)]
            return found[int(fault.which * len(found))] if found else None
        return None


def _serves_a_client(process: psutil.Process) -> bool:
    """PostgreSQL gives its processes titles: `postgres: ROLE DATABASE 127.0.0.1(PORT) idle`."""
    with suppress(psutil.Error):
        return "127.0.0.1(" in " ".join(process.cmdline())
    return False
