"""How far a long task is, on stderr: a bar on a terminal, else a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_EVERY_S: Final = 5.0
Reach = Callable[[int], None]


@contextmanager
def progress(task: str, total: int) -> Iterator[Reach]:
    """Gives a function that is told how much of the total is done."""
    if sys.stderr.isatty():
        with Progress(TextColumn(task), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            row = bar.add_task(task, total=total)
            yield lambda done: bar.update(row, completed=done)
    else:
        with _lines(task, total) as reach:
            yield reach


@contextmanager
def _lines(task: str, total: int) -> Iterator[Reach]:
    """Short tasks say nothing; what has said how far it is also says that it is done."""
    began = said = time.monotonic()

    def reach(done: int) -> None:
        nonlocal said
        if time.monotonic() - said > LINE_EVERY_S:
            said = time.monotonic()
            click.echo(f"{task}: {100 * done // max(total, 1)} %", err=True)

    yield reach
    if said > began:
        click.echo(f"{task}: done", err=True)
