"""What a domain may not do: it is values in and values out, and needs nothing that a test would have to fake."""

import ast
import sys
from collections.abc import Iterator
from typing import Final

from tests.architecture.repository import imported

OUTSIDE: Final = frozenset(
    {
        "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "signal",
        "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    }
)  # fmt: skip
FOR_LEADTIMES: Final = frozenset({"numpy"})
CLOCKS: Final = frozenset({"now", "today", "utcnow"})
ACTS: Final = CLOCKS | {"uuid1", "uuid4", "uuid7", "open", "print", "input", "eval", "exec", "breakpoint", "default_rng", "urandom"}


def impure(source: str, service: str) -> list[str]:
    """What in a domain's source reaches outside: imports, clocks, chance, input and output, and waiting."""
    tree = ast.parse(source)
    return [*_imports(tree, service), *_acts(tree)]


def _imports(tree: ast.AST, service: str) -> Iterator[str]:
    own = f"services.{service}.domain"
    allowed = (sys.stdlib_module_names - OUTSIDE) | (FOR_LEADTIMES if service == "leadtimes" else frozenset())
    for module in imported(tree):
        outside = module.partition(".")[0] not in allowed or module.endswith(".random")
        if outside and module != own and not module.startswith(f"{own}."):
            yield f"imports {module}"


def _acts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                yield f"line {node.lineno} waits"
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in ACTS:
                yield f"line {node.lineno} calls {called}"
            case ast.Attribute(value=ast.Name(id="datetime" | "date") | ast.Attribute(attr="datetime" | "date"), attr=clock) if (
                clock in CLOCKS
            ):
                yield f"line {node.lineno} reads {clock}"
            case ast.Attribute(attr="random"):
                yield f"line {node.lineno} uses chance"
            case ast.ImportFrom(names=names):
                yield from (f"line {node.lineno} imports {each.name}" for each in names if each.name in ACTS | {"random"})
