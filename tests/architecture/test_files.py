"""What holds for every file: short, named for what it is, introduced by its first line, and at home on any machine."""

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.repository import files, imported, name, python_files

MOST_LINES: Final = 400
MOST_EXCEPTIONS: Final = 5
NO_NAMES: Final = frozenset({"util", "utils", "common", "helper", "helpers", "manager", "managers", "base", "misc"})
ONE_HOME: Final = {"asyncpg": "shared/postgres.py", "opentelemetry": "shared/telemetry.py"}
SILENCES: Final = re.compile(
    r"#\s*(type:\s*ignore(\[[^\]]*\])?|(ruff:\s*)?noqa(:\s*[A-Z0-9, ]+\b)?|mypy:\s*\S+|pyright:\s*ignore)(?P<rest>.*)"
)
HOSTS: Final = tuple(
    ".".join(parts)
    for parts in [
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("maven", "org"), ("maven", "apache", "org"),
        ("anaconda", "org"), ("crates", "io"), ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("proxy", "golang", "org"),
    ]
)  # fmt: skip
MACHINE_PATH: Final = re.compile(r"(?<![\w./~<>{}*-])/(work|root|Users)\b")


def text(path: Path) -> str:
    """A file as text; what is no text is empty here."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return ""


def silenced(source: str) -> list[str]:
    """Every comment that silences a checker. One in a string is none."""
    comments = [token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT]
    return [comment for comment in comments if SILENCES.search(comment)]


def has_reason(comment: str) -> bool:
    """Whether words follow what is silenced."""
    found = SILENCES.search(comment)
    return bool(found and len(re.findall(r"\w+", found["rest"])) >= 3)


def introduced(source: str) -> bool:
    """Whether the first line is a docstring that says something. A `#!` line may stand above it."""
    lines = source.splitlines()
    first = 2 if lines and lines[0].startswith("#!") else 1
    match ast.parse(source).body:
        case [ast.Expr(value=ast.Constant(value=str(words)), lineno=line), *_]:
            return line == first and bool(words.split("\n")[0].strip())
        case _:
            return False


def at_home_here_only(written: str) -> list[str]:
    """The package indexes and the paths of one machine that a text names."""
    return [host for host in HOSTS if host in written] + [found[0] for found in MACHINE_PATH.finditer(written)]


def libraries(source: str) -> set[str]:
    """The top packages that a source imports."""
    return {module.partition(".")[0] for module in imported(ast.parse(source))}


def test_no_python_file_is_longer_than_400_lines() -> None:
    assert [name(path) for path in python_files() if len(text(path).splitlines()) > MOST_LINES] == []


def test_nothing_is_named_for_being_of_use() -> None:
    assert [name(path) for path in files() if NO_NAMES & {part.partition(".")[0].lower() for part in Path(name(path)).parts}] == []


def test_at_most_five_checks_are_silenced_and_each_says_why() -> None:
    found = [(name(path), comment) for path in python_files() for comment in silenced(text(path))]
    assert len(found) <= MOST_EXCEPTIONS, found
    assert [(path, comment) for path, comment in found if not has_reason(comment)] == []


def test_the_first_line_of_every_python_file_says_what_it_is() -> None:
    assert [name(path) for path in python_files() if not introduced(text(path))] == []


@pytest.mark.parametrize(("library", "home"), ONE_HOME.items())
def test_the_database_driver_and_the_telemetry_have_one_home(library: str, home: str) -> None:
    importing = {name(path) for path in python_files() if library in libraries(text(path))}
    assert {path for path in importing if not path.startswith("tests/")} == {home}


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    assert {name(path): found for path in files() if (found := at_home_here_only(text(path)))} == {}


def test_what_these_tests_look_for_is_found() -> None:
    assert silenced("x = 1  # type: ignore[arg-type]\ny = '# noqa'\n") == ["# type: ignore[arg-type]"]
    assert silenced("import os  # noqa: F401\n") == ["# noqa: F401"]
    assert not has_reason("# type: ignore[arg-type]")
    assert not has_reason("# noqa: F401, E501")
    assert has_reason("# type: ignore[arg-type]  # the library has no types")
    assert has_reason("# noqa: S311 chance is what is tested here")
    assert introduced('"""What it is."""\n')
    assert not introduced('import os\n"""What it is."""\n')
    assert not introduced('# a comment\n"""What it is."""\n')
    assert not introduced('"""\nWhat it is."""\n')
    assert not introduced("")
    assert at_home_here_only("index = 'https://" + "pypi" + ".org/simple'")
    assert at_home_here_only("open('/wo" + "rk/data')")
    assert not at_home_here_only("../shared/data and /municipality/0114/intake and net/work and $HOME/root")
