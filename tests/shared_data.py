"""The data and the oracles beside the repository, and which of them a run has really read."""

import os
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[2] / "shared" / "data"
READ: Final[set[str]] = set()


def shared_file(name: str) -> Path:
    """A file of `../shared/data`, by its path there. A missing one skips the test, or fails it under SLUSS_DATA=required."""
    path = FOLDER / name
    if not path.is_file():
        missing = f"../shared/data/{name} is not here"
        if os.environ.get("SLUSS_DATA") == "required":
            pytest.fail(f"{missing}, and SLUSS_DATA=required")
        pytest.skip(missing)
    READ.add(name)
    return path


def oracles_read() -> int:
    """How many files of `oracles/` this run has read so far."""
    return sum(name.startswith("oracles/") for name in READ)
