"""What tests of outages ask of the machine: a clock that can be set for one process, disks that fill up. Without it they are skipped."""

import functools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE_S = 20.0
PAGE = 1 << 12


def require(there: bool, what: str) -> None:
    """Skips the test when the machine lacks something; fails it where a root has promised that all is there."""
    if not there:
        if os.environ.get("SLUSS_DATA") == "required" and is_root():
            pytest.fail(f"{what}, and SLUSS_DATA=required")
        pytest.skip(what)


def is_root() -> bool:
    """Whether the machine is ours, so that what it lacks could have been installed."""
    return os.geteuid() == 0


@functools.cache
def may_mount() -> bool:
    """Whether small disks can be made: a root in a container may be refused, and nothing that is installed changes that."""
    if not is_root():
        return False
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True)
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return mounted.returncode == 0


def require_small_disks() -> None:
    """Skips the test where they cannot be made."""
    if not may_mount():
        pytest.skip("small disks cannot be mounted here")


def faketime() -> Path | None:
    """The library of Debian's package faketime."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@dataclass(frozen=True)
class FalseClock:
    """The wall clock of a process that is told of it; what it measures durations by stays right."""

    library: Path
    file: Path

    @property
    def env(self) -> Mapping[str, str]:
        """What its process is told."""
        told = {"FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return {"LD_PRELOAD": str(self.library), **told}

    def step(self, seconds: int) -> None:
        """Sets the clock this far from the true time, at once."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}")
        draft.replace(self.file)


@dataclass(frozen=True)
class SmallDisk:
    """A folder on a file system of its own, of so many megabytes."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, *to_the_brim: Path, but: int = 0) -> None:
        """Leaves no page, or so many, and of these files' last pages not one byte."""
        for path, sizes in ((self._ballast, (1 << 20, PAGE)), *((each, (1,)) for each in to_the_brim)):
            with path.open("ab", buffering=0) as file:
                for size in sizes:
                    with suppress(OSError):
                        while file.write(b"\n" * size) == size:
                            pass
        os.truncate(self._ballast, self._ballast.stat().st_size - but * PAGE)

    def free(self) -> None:
        """Somebody made room."""
        self._ballast.unlink()

    def read_only(self, wished: bool) -> None:
        """Lets nobody write, or lets them again; waits until no file is open for writing any more."""
        command = ["mount", "-o", f"remount,{'ro' if wished else 'rw'}", str(self.folder)]
        by = time.monotonic() + PATIENCE_S
        while subprocess.run(command, check=False, capture_output=True).returncode:
            assert time.monotonic() < by, f"{self.folder} is in use"
            time.sleep(0.1)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Puts what is in a folder on a disk of its own, with its owner and mode, until the end of the block; then it is gone."""
    kept = folder.with_name(f"{folder.name}.kept")
    shutil.rmtree(kept, ignore_errors=True)
    folder.rename(kept)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
        shutil.rmtree(kept)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
