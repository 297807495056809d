"""How figures are printed: JSON and CSV for programs; for people durations in units that fit, shares and aligned columns."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from shared.clock import LOCAL

DAY_S: Final = 86_400
WIDTH: Final = 120
NOT_REACHED: Final = "not reached"
BEYOND: Final = "beyond follow-up"
TOO_FEW: Final = "too few followed from the start"

format_option = click.option(
    "--format", "shown_as", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="How to print it."
)


def print_json(document: object) -> None:
    """As a program reads it."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a row. What lies deeper gets a column of its own, named by its path: `S.30`, `curve.0.day`."""
    flat = [dict(_leaves(row)) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    click.echo(out.getvalue(), nl=False)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for name, below in value.items():
                yield from _leaves(below, f"{path}.{name}" if path else str(name))
        case list():
            yield from _leaves(dict(enumerate(value)), path)
        case _:
            yield path, value


def print_columns(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, err: bool = False) -> None:
    """Aligned columns, the first `left` of them to the left and the others to the right; as wide as the terminal, or 120 characters."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for place, title in enumerate(titles):
        table.add_column(title, justify="left" if place < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if (sys.stderr if err else sys.stdout).isatty() else WIDTH
    Console(stderr=err, markup=False, highlight=False, width=width).print(table)


def duration(days: float | None) -> str:
    """A length of time, given in days, in the unit that fits: 41 seconds, 15 minutes, 21.4 hours, 4.7 days, 218 days."""
    if days is None:
        return NOT_REACHED
    seconds = abs(days) * DAY_S
    unit, size = next(((unit, size) for unit, size, below in UNITS if seconds < below), ("day", DAY_S))
    return with_unit(days * DAY_S / size, unit)


UNITS: Final = (("second", 1, 90), ("minute", 60, 90 * 60), ("hour", 3600, 36 * 3600))


def with_unit(value: float, unit: str) -> str:
    """A number with its unit, one decimal below a hundred."""
    number = f"{value:,.{1 if abs(value) < 100 else 0}f}".removesuffix(".0")
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def share(value: float | None) -> str:
    """A share of one as per cent."""
    return NOT_REACHED if value is None else f"{value * 100:.1f} %"


def moment(text: str) -> str:
    """A day or an instant, as JSON writes it, on the Swedish clock."""
    if len(text) == len("YYYY-MM-DD"):
        return text
    return datetime.fromisoformat(text).astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
