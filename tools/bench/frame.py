"""What benches share: rounds that alternate, ratios held to a floor or a ceiling, their table and JSON, and a street to measure on."""

import asyncio
import os
import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import click
import psutil

from deploy.local import keys, postgres
from deploy.local.places import ROOT, Places
from deploy.local.record import StreetRecord
from deploy.local.street import ALL, Street
from shared.postgres import Connection, connect_alone
from tools.figures import print_columns

FOLDER: Final = ROOT / ".sluss" / "bench"
Measured = Mapping[str, float]
Side = Callable[[], Awaitable[Measured]]


class Miscounted(Exception):
    """What came out is not what went in: no figure of such a run is shown."""


@dataclass(frozen=True)
class Ratio:
    """What was measured beside its limit, a value a round each. Neither `at_most` nor `at_least`: shown, and held to nothing.

    `aim`: its bounds are where we want to be, not what must hold.
    """

    what: str
    unit: str
    limit: Sequence[float]
    subject: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    aim: bool = False

    @property
    def value(self) -> float:
        """The subject's median as a multiple of the limit's."""
        return median(self.subject) / median(self.limit)

    @property
    def reached(self) -> bool:
        """Whether the ratio is within its bounds."""
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)

    @property
    def holds(self) -> bool:
        """Whether it is within its bounds or only aims at them."""
        return self.aim or self.reached

    @property
    def verdict(self) -> str:
        """What is said of it."""
        if self.at_most is None and self.at_least is None:
            return "shown"
        if self.aim:
            return "as aimed" if self.reached else "short of the aim"
        return "holds" if self.holds else "FALLS SHORT"

    def document(self) -> dict[str, Any]:
        """As JSON, every round with it."""
        told = {"what": self.what, "unit": self.unit, "limit": list(self.limit), "measured": list(self.subject)}
        return told | {"ratio": self.value, "at_most": self.at_most, "at_least": self.at_least, "verdict": self.verdict}


async def alternate(rounds: int, sides: Mapping[str, Side]) -> dict[str, dict[str, list[float]]]:
    """Measures every side once a round, the order turned each time; answers each side's values by their names.

    One round before the first is thrown away: what is cold is nobody's fault.
    """
    kept: dict[str, dict[str, list[float]]] = {side: {} for side in sides}
    for number in range(rounds + 1):
        for side in list(sides)[:: 1 if number % 2 else -1]:
            measured = await sides[side]()
            click.echo(f"  {f'round {number}' if number else 'warming up'}, {side}: {_said(measured)}", err=True)
            if number:
                for name, value in measured.items():
                    kept[side].setdefault(name, []).append(value)
    return kept


def _said(measured: Measured) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in measured.items())


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


@contextmanager
def street(services: Sequence[str] = ALL) -> Iterator[StreetRecord]:
    """A fresh local street of the bench's own, whose PostgreSQL notes when each transaction was committed (`pg_xact_commit_timestamp`)."""
    running = Street(FOLDER, services=services, say=lambda text: click.echo(f"  {text}", err=True))
    running.remove()
    try:
        asyncio.run(_note_commits(running.start()))
        yield running.start()
    finally:
        running.remove()


async def _note_commits(record: StreetRecord) -> None:
    admin = await connect_admin(record)
    await admin.execute("ALTER SYSTEM SET track_commit_timestamp = on")  # from the next start on
    await admin.close()


async def connect_admin(record: StreetRecord) -> Connection:
    """The street's PostgreSQL as its superuser."""
    address = f"postgresql://{postgres.ADMIN}@{record.postgres.address}/postgres"
    return await connect_alone(address, keys.password(Places(record.folder), postgres.ADMIN).read_text())


def print_table(ratios: Sequence[Ratio]) -> None:
    """The figures, a line each: medians, and in brackets the least and the most of the rounds."""
    titles = ("What", "Unit", "Limit", "Measured", "Ratio", "Bound", "Verdict")
    print_columns(titles, [_row(each) for each in ratios], left=2)


def _row(ratio: Ratio) -> tuple[str, ...]:
    bounds = [f"{sign} {bound:g}×" for sign, bound in (("≤", ratio.at_most), ("≥", ratio.at_least)) if bound is not None]
    return (ratio.what, ratio.unit, _spread(ratio.limit), _spread(ratio.subject), f"{ratio.value:.2f}×", " ".join(bounds), ratio.verdict)


def _spread(values: Sequence[float]) -> str:
    return f"{_number(median(values))} ({_number(min(values))}–{_number(max(values))})"


def machine() -> dict[str, Any]:
    """What the figures were measured on, without its name."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_1_min": round(os.getloadavg()[0], 1),
    }


def said(on: Mapping[str, Any]) -> str:
    """The machine in one line."""
    return (
        f"{on['cores']} cores, {on['memory_gib']} GiB, {on['system']}, Python {on['python']}; "
        f"{on['load_1_min']} processes wanted to run in the minute before"
    )
