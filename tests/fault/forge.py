"""A process that has a service's code in memory and forks one that runs it whenever asked: a start costs 0.1 s, not 2 s.

`python -m tests.fault.forge intake`, or a module with what a service's main has: one JSON object a line, in {"name", "env", "log"}, out
{"name", "pid"} and later {"name", "code"}. The end of its input ends it and every service it has started.
"""

import importlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from typing import Any

POLL_S = 0.02


def serve(service: str) -> None:
    """Forks until nobody asks any more."""
    house = importlib.import_module(service if "." in service else f"services.{service}.main")
    names: dict[int, str] = {}
    for asked in _asked():
        if asked:
            pid = os.fork()
            if not pid:
                _become(house, asked)
            names[pid] = asked["name"]
            _say(name=asked["name"], pid=pid)
        while names and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _say(name=names.pop(ended[0]), code=os.waitstatus_to_exitcode(ended[1]))
    for pid in names:
        os.kill(pid, signal.SIGKILL)


def _asked() -> Iterator[dict[str, Any] | None]:
    """What is asked, or None when nothing has been for a moment; ends with the input."""
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], POLL_S)
        if ready:
            read = os.read(0, 65_536)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            yield from map(json.loads, lines)
        else:
            yield None


def _become(house: Any, asked: dict[str, Any]) -> None:
    """From here on this process is the service, with the environment that was asked for and nothing of the forge's."""
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, opened in ((0, nothing), (1, log), (2, log)):
        os.dup2(opened, number)
    os.environ.clear()
    os.environ.update(asked["env"])
    code = 1
    try:
        house.begin(house.NAME, house.house)
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(**told: Any) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    serve(sys.argv[1])
