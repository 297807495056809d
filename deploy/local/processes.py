"""The processes of a street, found by the mark in their environment: also those that a killed launcher left behind."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.places import MARK, PART

LAUNCHER = "launcher"
# The launcher stops services (20 s at most) and then servers (20 s at most).
LAUNCHER_PATIENCE_S = 50.0
PATIENCE_S = 10.0


def parts_of(folder: Path) -> dict[psutil.Process, str]:
    """Every process of the street but this one and its parents, with the name of its part."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment.get(MARK) == str(folder) and process.pid not in own:
                found[process] = environment.get(PART, "")
    return found


def end_street(folder: Path) -> int:
    """Ends the launcher, if one lives, and then whatever is left. Answers how many processes it ended."""
    launchers = [process for process, part in parts_of(folder).items() if part == LAUNCHER]
    _end(launchers, LAUNCHER_PATIENCE_S)
    return len(launchers) + end_leftovers(folder)


def end_leftovers(folder: Path) -> int:
    """Ends the parts that no launcher watches any more, with the processes that they started.

    Launchers are left alone: one that has not got the street's lock is about to say so and end by itself.
    """
    left = {process for process, part in parts_of(folder).items() if part != LAUNCHER}
    for process in list(left):
        with suppress(psutil.Error):
            left |= set(process.children(recursive=True))
    _end(left, PATIENCE_S)
    return len(left)


def _end(processes: Iterable[psutil.Process], patience_s: float) -> None:
    """Asks, waits, and then kills. PostgreSQL is asked by SIGINT, its fast shutdown."""
    processes = list(processes)
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, patience_s)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, PATIENCE_S)
