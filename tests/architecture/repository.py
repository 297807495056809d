"""The files of the repository, as these tests read them."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SERVICES: Final = ROOT / "services"
MADE: Final = {
    ".git",
    ".venv",
    ".sluss",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".import_linter_cache",
}


def files() -> list[Path]:
    """Every file that git keeps, or would keep if it were added now. Without git: every file that no run has made."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return sorted(path for path in ROOT.rglob("*") if path.is_file() and not MADE & set(path.relative_to(ROOT).parts))
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout.decode()
    return sorted(path for path in map(ROOT.joinpath, filter(None, listed.split("\0"))) if path.is_file())


def python_files() -> list[Path]:
    """Every Python file of the repository."""
    return [path for path in files() if path.suffix == ".py"]


def houses() -> list[Path]:
    """The folder of every service."""
    inside = [path.relative_to(SERVICES) for path in files() if path.is_relative_to(SERVICES)]
    return sorted({SERVICES / path.parts[0] for path in inside if len(path.parts) > 1})


def name(path: Path) -> str:
    """A path as a test shows it."""
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted name of every module that is imported, wherever in the file."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
