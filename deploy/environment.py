"""Makes the project's environment as requirements.lock says. Run by ./sluss with whatever Python there is: standard library only."""

import fcntl
import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

CANNOT = 10
UV = re.compile(r"^uv==(?:.*\\\n)+.*\n", re.MULTILINE)


def say(text: str) -> None:
    """A line for the person who waits; standard output belongs to the command."""
    print(f"sluss: {text}", file=sys.stderr, flush=True)


def give_up(text: str) -> NoReturn:
    """Ends with the one line that says why."""
    say(text)
    sys.exit(CANNOT)


def make(lock: Path, venv: Path) -> None:
    """Makes or renews the environment; when two do so at once, the second waits and finds it made."""
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_name(f"{venv.name}.lock").open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another one is making the environment: waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        wanted, installed = lock.read_bytes(), venv / "installed.lock"
        python = venv / "bin" / "python"
        if python.exists() and installed.exists() and installed.read_bytes() == wanted:
            return
        say(f"fetching the packages that {lock.name} pins from the package index into {venv}")
        if not (python.exists() and installed.exists()):
            _make_empty(venv)
        _install(python, lock)
        installed.write_bytes(wanted)


def _make_empty(venv: Path) -> None:
    """A new environment with pip; one that was left half-made is cleared."""
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        give_up("Python's venv module is not installed. On Debian and Ubuntu: apt-get install python3-venv")
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)]).returncode:
        give_up(f"the environment {venv} could not be made: see above")


def _install(python: Path, lock: Path) -> None:
    """uv by pip, at the locked version with its hashes; the rest by uv, which fetches in parallel."""
    pin = UV.search(lock.read_text(encoding="utf-8"))
    if pin is None:
        give_up(f"{lock.name} does not pin uv")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(pin.group())
        only_uv.flush()
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        if subprocess.run([*pip, "-r", only_uv.name], stdout=sys.stderr).returncode:
            give_up("uv could not be installed from the package index: see above")
    uv = [str(python), "-m", "uv", "pip", "sync", "--require-hashes", "--python", str(python), str(lock)]
    if subprocess.run(uv, stdout=sys.stderr).returncode:
        give_up("the packages could not be installed from the package index: see above")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]).absolute())
