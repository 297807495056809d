"""The import of a whole log, from the file to the figures, beside reading the file alone; and its memory for a log eight times as long.

The command is the one that people type, a fresh process each time, its start and its two readings of the file with it.
"""

import asyncio
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

import click
import psutil

from deploy.local.places import ROOT
from deploy.local.record import StreetRecord
from shared.postgres import Database, connect
from tools.api import Api, open_api
from tools.bench.frame import FOLDER, Measured, Miscounted, Ratio, alternate, street
from tools.formats.event import LogEvent
from tools.mapping import Mapping
from tools.survey import LogFile

NAME: Final = "import"
LOGS: Final = ROOT.parent / "shared" / "data" / "logs"
CHOSEN: Final = "SLUSS_BENCH_LOG"
TIMES: Final = 8
MORE_MEMORY: Final = 1.15
MEBIBYTE: Final = 2**20
LOOK_S: Final = 0.02
EMPTY: Final = "TRUNCATE event, id_conflict, clock, log, log_name, log_progress, log_columns"


@dataclass(frozen=True)
class Log:
    """A log and how many events it has."""

    file: Path
    events: int


def largest() -> Path | None:
    """The log that SLUSS_BENCH_LOG names, else the largest of those that lie beside the project; None: there is none."""
    if named := os.environ.get(CHOSEN):
        return Path(named)
    return max(LOGS.glob("*"), key=lambda file: file.stat().st_size, default=None)


def events_of(file: Path) -> list[LogEvent]:
    """All of a log."""
    return list(LogFile(file, Mapping(), None).events("Reading"))


def lengthen(events: Iterable[LogEvent], out: Path) -> None:
    """Writes a log eight times as long: every case eight times, each under a name of its own."""
    cases = [(name, list(trace)) for name, trace in groupby(events, key=lambda event: event.case)]
    with gzip.open(out, "wt", encoding="utf-8", compresslevel=1) as xes:
        xes.write('<?xml version="1.0" encoding="UTF-8"?>\n<log>\n')
        for number in range(TIMES):
            for name, trace in cases:
                xes.write(f"<trace>{_attribute('string', 'concept:name', f'{name} {number}')}\n{''.join(map(_event, trace))}</trace>\n")
        xes.write("</log>\n")


def _event(event: LogEvent) -> str:
    told: dict[str, str | datetime | None] = {
        "concept:name": event.activity,
        "time:timestamp": event.time,
        "org:group": event.organisation,
        "org:resource": event.resource,
        "lifecycle:transition": event.lifecycle,
    }
    attributes = [_attribute("date" if isinstance(worth, datetime) else "string", key, worth) for key, worth in told.items() if worth]
    return f"<event>{''.join(attributes)}</event>\n"


def _attribute(kind: str, key: str, worth: str | datetime) -> str:
    return f'<{kind} key="{key}" value={quoteattr(worth.isoformat() if isinstance(worth, datetime) else worth)}/>'


@dataclass(frozen=True)
class Ground:
    """The street, and leadtimes, where logs arrive: its database and its API."""

    record: StreetRecord
    leadtimes: Database
    api: Api

    async def read(self, log: Log) -> Measured:
        """The tool's own reader, and nothing done with what it reads."""
        began = time.monotonic()
        events = sum(1 for _ in LogFile(log.file, Mapping(), None).events("Reading"))
        _expect(events, log)
        return {"events/s": events / (time.monotonic() - began)}

    async def bring(self, log: Log) -> Measured:
        """`./sluss import` of a log that leadtimes does not know: until it is whole there and the first question to it is answered."""
        await self.leadtimes.execute(EMPTY)
        began = time.monotonic()
        memory = await asyncio.to_thread(self._import, log)
        stats = await asyncio.to_thread(self.api.get, "logs", "bench", "stats")
        took = time.monotonic() - began
        _expect(stats["events"], log)
        _expect(int(await self.leadtimes.fetchval("SELECT count(*) - 1 FROM event")), log)  # one says that it is complete
        return {"events/s": log.events / took, "MiB": memory}

    def _import(self, log: Log) -> float:
        """Runs the command; answers the most memory that it had, in MiB."""
        command = [sys.executable, "-m", "tools.cli", "import", str(log.file.absolute()), "--name", "bench", "--no-list"]
        env = {**os.environ, "SLUSS_STREET": str(self.record.folder), "PYTHONPATH": str(ROOT)}
        process, most = psutil.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=env), 0
        while process.poll() is None:
            with suppress(psutil.Error):
                most = max(most, process.memory_info().rss)
            time.sleep(LOOK_S)
        if process.returncode:
            raise Miscounted(f"the import ended with {process.returncode}: see above")
        return float(most / MEBIBYTE)


def _expect(events: int, log: Log) -> None:
    if events != log.events:
        raise Miscounted(f"{events} of {log.events} events of {log.file.name}")


async def _compare(record: StreetRecord, short: Log, long: Log, rounds: int) -> list[Ratio]:
    leadtimes = record.services["leadtimes"]
    db = await connect(leadtimes.database_url, leadtimes.password_file.read_text(), size=1)
    try:
        with open_api(record, "leadtimes") as api:
            on = Ground(record, db, api)
            kept = await alternate(
                rounds,
                {
                    "reading alone": lambda: on.read(long),
                    "the log": lambda: on.bring(short),
                    f"{TIMES} times as long": lambda: on.bring(long),
                },
            )
    finally:
        db.terminate()
    read, brought, longer = kept["reading alone"], kept["the log"], kept[f"{TIMES} times as long"]
    size = f"{short.events:,} events"
    return [
        Ratio(f"events of {short.file.name} ({size}) imported / only read", "1/s", read["events/s"], brought["events/s"]),
        Ratio(f"events of it {TIMES} times over imported / only read", "1/s", read["events/s"], longer["events/s"]),
        Ratio(f"most memory for it {TIMES} times over / for it once", "MiB", brought["MiB"], longer["MiB"], at_most=MORE_MEMORY),
    ]


def bench(rounds: int) -> list[Ratio]:
    """Five rounds of the receipt log take about five minutes. Raises Miscounted. Without a log nothing is measured."""
    file = largest()
    if file is None:
        click.echo(f"  no log lies in ../shared/data/logs; {CHOSEN}=FILE names one", err=True)
        return []
    events = events_of(file)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as place, street() as record:
        longer = Path(place) / f"longer-{file.name.partition('.')[0]}.xes.gz"
        lengthen(events, longer)
        return asyncio.run(_compare(record, Log(file, len(events)), Log(longer, TIMES * len(events)), rounds))
