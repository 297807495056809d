"""`./sluss` makes its environment by itself, says in one line when it cannot, and then stays out of the way."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import environment
from deploy.environment import CANNOT, UV, make
from deploy.local.places import ROOT

LOCK = ROOT / "requirements.lock"


def test_the_command_runs_from_any_folder_and_imports_nothing_from_it(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    env = {**os.environ, "SLUSS_VENV": sys.prefix}
    done = subprocess.run([ROOT / "sluss", "--help"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "status" in done.stdout


def test_without_a_python_that_is_new_enough_it_says_so(tmp_path: Path) -> None:
    for name in ("sh", "dirname", "readlink", "cmp"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    env = {"PATH": str(tmp_path), "SLUSS_VENV": str(tmp_path / "venv")}
    done = subprocess.run([ROOT / "sluss", "--help"], env=env, capture_output=True, text=True)
    assert done.returncode == CANNOT
    assert done.stderr == "sluss: Python 3.11 or newer is needed, and no python3 here is one.\n"


def test_without_the_venv_module_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find_spec(name))
    with pytest.raises(SystemExit) as ended:
        make(LOCK, tmp_path / "venv")
    assert ended.value.code == CANNOT
    assert capsys.readouterr().err.splitlines()[-1].endswith("apt-get install python3-venv")


def test_of_two_at_once_the_second_waits_and_finds_the_environment_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = threading.Event()
    monkeypatch.setattr(environment, "say", lambda text: waiting.set())
    monkeypatch.setattr(environment, "_make_empty", lambda venv: pytest.fail("it was made twice"))
    venv = tmp_path / "venv"
    with venv.with_name("venv.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = threading.Thread(target=make, args=(LOCK, venv))
        second.start()
        assert waiting.wait(10)
        (venv / "bin").mkdir(parents=True)
        (venv / "bin" / "python").touch()
        (venv / "installed.lock").write_bytes(LOCK.read_bytes())
    second.join(10)
    assert not second.is_alive()


def test_uv_is_taken_from_the_lock_with_its_hashes() -> None:
    pin = UV.search(LOCK.read_text(encoding="utf-8"))
    assert pin
    first, *hashes = [line.strip(" \\") for line in pin.group().splitlines()]
    assert first.startswith("uv==")
    assert hashes
    assert all(line.startswith("--hash=sha256:") for line in hashes)
