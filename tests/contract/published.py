"""Every version of a file of contracts/ that was ever committed, and the one that stands there now."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CONTRACTS: Final = ROOT / "contracts"


def every_version(folder: str) -> list[tuple[str, bytes]]:
    """Name and content of each file of `contracts/<folder>`, as it is now and as it was in every commit that this clone has."""
    standing = {(path.name, path.read_bytes()) for path in (CONTRACTS / folder).iterdir()}
    return sorted(standing | set(_committed(f"contracts/{folder}")))


def _committed(folder: str) -> Iterator[tuple[str, bytes]]:
    """Follows what HEAD reaches; a shallow clone ends where its history ends."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        if os.environ.get("SLUSS_DATA") == "required":
            pytest.fail("no git clone, or no git: the versions ever committed cannot be read, and SLUSS_DATA=required")
        pytest.skip("no git clone, or no git: the versions ever committed cannot be read", allow_module_level=True)
    if _git("rev-parse", "--verify", "--quiet", "HEAD", check=False) == b"":
        return
    for line in _git("rev-list", "--objects", "HEAD", "--", folder).decode().splitlines():
        blob, _, path = line.partition(" ")
        if path.startswith(f"{folder}/"):
            yield Path(path).name, _git("cat-file", "blob", blob)


def _git(*arguments: str, check: bool = True) -> bytes:
    """Git's answer. The clone may belong to another user than the one who tests."""
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=check, capture_output=True).stdout
