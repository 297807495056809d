"""Programs that a bench measures, each a fresh process: what it is told on standard input, its processor time, its end."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from tools.bench.task import Task

ROOT: Final = Path(__file__).parents[2]
RIVALS: Final = ROOT / ".sluss" / "rivals"
LOGS: Final = ROOT / ".sluss" / "bench-logs"
LOCK: Final = Path(__file__).parent / "rivals.lock"
END_S: Final = 20.0


class Failed(Exception):
    """A program ended by itself. Names its log."""


@dataclass(frozen=True)
class Child:
    """A program that runs."""

    process: "subprocess.Popen[str]"
    log: Path

    def cpu_s(self) -> float:
        """Seconds of processor time it has used, its user and system time together. Raises Failed when it has ended."""
        if self.process.poll() is not None:
            raise Failed(f"a program ended by itself: see {self.log}")
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system


@contextmanager
def running(python: Path, module: str, *, told: Task | None = None, env: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Runs a module of this project until the end of the block. `told` reaches it on standard input."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{module}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(python), "-m", module],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env={**os.environ, **(env or {}), "PYTHONPATH": str(ROOT)},
            text=True,
        )
    try:
        if process.stdin:
            process.stdin.write(json.dumps(asdict(told) if told else None, default=str) + "\n")
            process.stdin.flush()
        yield Child(process, log)
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()


def rivals_python() -> Path:
    """The interpreter of the rivals' own environment, made as tools/bench/rivals.lock says."""
    _run([sys.executable, str(ROOT / "deploy" / "environment.py"), str(LOCK), str(RIVALS)])
    return RIVALS / "bin" / "python"


def _run(command: Sequence[str]) -> None:
    if subprocess.run(command, stdout=sys.stderr).returncode:
        raise Failed("the environment of the rivals could not be made: see above")
