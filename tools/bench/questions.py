"""A million events questioned: what follows what, how long after, and who still waits; beside pm4py's own API, polars and DuckDB.

Ours is what anybody asks of the running leadtimes, over HTTP, from PostgreSQL to JSON, and it answers more: every figure of a log, and
bands. The others are fresh processes that hold the log already; their time is that of the question alone. What all of them found must be
the same. The first question to a log is measured apart: it makes what the next ones read.
"""

import asyncio
import csv
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isclose
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import numpy as np
import psutil

from contracts.history import ImportCompletedV1, LogEventRecordedV1
from deploy.local.processes import parts_of
from deploy.local.record import StreetRecord
from shared.postgres import LONG_COMMAND_S, Database, connect
from tools.api import Api, open_api
from tools.bench.children import LOGS, ROOT, Failed, rivals_python
from tools.bench.frame import FOLDER, Measured, Miscounted, Ratio, alternate, street

NAME: Final = "questions"
CASES: Final = 100_000
STEPS: Final = 10
SIZES: Final = (5, 15)  # events a case, 10 on average
GAP_S: Final = 12 * 86_400.0
STARTING_S: Final = 3 * 365 * 86_400
PIECE: Final = 20_000
DAYS: Final = "30,90,180"
TIMES_PM4PY: Final = 5.0
MEBIBYTE: Final = 2**20
LOOK_S: Final = 0.005
BEGINNING: Final = datetime(2023, 1, 1, tzinfo=UTC)
LOG: Final = "large"
RIVALS: Final = ("pm4py", "polars", "duckdb")
KEEP: Final = """
    INSERT INTO event (event_id, topic, stream, type, source, subject, time, precision, recorded_at, correlation_id, data)
    SELECT gen_random_uuid(), 'history-events', stream, $1, '/municipality/0114/tools', stream, time, 'instant', time, $2,
           jsonb_build_object('log_id', $2::uuid, 'row', row, 'activity_code', 'a' || step + 1)
    FROM unnest($3::uuid[], $4::timestamptz[], $5::integer[], $6::integer[]) AS kept (stream, time, row, step)
"""
COMPLETED: Final = """
    INSERT INTO event (event_id, topic, stream, type, source, subject, time, precision, recorded_at, correlation_id, data)
    SELECT gen_random_uuid(), 'history-events', $2, $1, '/municipality/0114/tools', $2, now(), 'instant', now(), $2,
           jsonb_build_object('log_id', $2::uuid, 'events', $3::integer)
"""


@dataclass(frozen=True)
class Event:
    """What happened to a case: one of the steps, at a time of its own in that case."""

    case: int
    step: int
    at: datetime


def large_log() -> list[Event]:
    """Some million events of 100,000 cases in the order of time. Every case begins with step 0, has it once, and not all reach step 9."""
    chance = np.random.default_rng(20261125)
    sizes = chance.integers(*SIZES, CASES, endpoint=True)
    begins = np.cumsum(sizes) - sizes
    step = chance.integers(1, STEPS, sizes.sum())
    step[begins] = 0
    after_s = np.cumsum(1 + chance.exponential(GAP_S, len(step)).astype(np.int64))
    start_s = chance.integers(0, STARTING_S, CASES) - after_s[begins]
    at_s = after_s + np.repeat(start_s, sizes)
    rows = zip(np.repeat(np.arange(CASES), sizes).tolist(), step.tolist(), at_s.tolist(), strict=True)
    return sorted((Event(case, did, BEGINNING + timedelta(seconds=at)) for case, did, at in rows), key=lambda event: event.at)


def write(events: Sequence[Event], out: Path) -> None:
    """The log as a file that every program reads."""
    with out.open("w", newline="", encoding="utf-8") as text:
        rows = csv.writer(text)
        rows.writerow(("case_id", "activity", "time", "seq"))
        rows.writerows((f"c{each.case}", f"step {each.step}", each.at.isoformat(), row) for row, each in enumerate(events))


async def store(db: Database, leadtimes: Api, events: Sequence[Event]) -> None:
    """The log in leadtimes, as if it had been heard: its events, its name, and the count that `rebuild` makes."""
    log_id = uuid4()
    cases = [uuid5(log_id, str(case)) for case in range(CASES)]
    for start in range(0, len(events), PIECE):
        piece = events[start : start + PIECE]
        streams: list[UUID] = [cases[each.case] for each in piece]
        places, steps = list(range(start, start + len(piece))), [each.step for each in piece]
        await db.execute(KEEP, LogEventRecordedV1.event_type, log_id, streams, [each.at for each in piece], places, steps)
    await db.execute(COMPLETED, ImportCompletedV1.event_type, log_id, len(events))
    await db.execute("VACUUM ANALYZE event", timeout=LONG_COMMAND_S)
    activities = {f"a{step + 1}": {"name": f"step {step}", "events": 0} for step in range(STEPS)}
    described = {"log_id": str(log_id), "sha256": "0" * 64, "events": len(events), "vocabulary": {"activities": activities}}
    await asyncio.to_thread(leadtimes.put, "logs", LOG, body=described)
    await asyncio.to_thread(leadtimes.post, "rebuild", patience_s=LONG_COMMAND_S)


@dataclass(frozen=True)
class Ground:
    """The log in leadtimes and as a file; `found`: what the first that was asked has found, which all others must find too."""

    record: StreetRecord
    db: Database
    leadtimes: Api
    rivals: Path
    file: Path
    events: int
    found: dict[str, Any]

    async def first(self) -> Measured:
        """Ours, of a log that nobody has asked anything before."""
        await self.db.execute("TRUNCATE log_columns")
        return await self.ours()

    async def ours(self) -> Measured:
        """Ours."""
        return await asyncio.to_thread(self._ask)

    def _ask(self) -> Measured:
        [leadtimes] = [process for process, part in parts_of(self.record.folder).items() if part == "leadtimes"]
        with _most_memory(leadtimes) as memory:
            began = time.perf_counter()
            stats = self.leadtimes.get("logs", LOG, "stats")
            waits = self.leadtimes.get("logs", LOG, "waits", **{"from": "step 0", "to": f"step {STEPS - 1}", "at": DAYS})
            seconds = time.perf_counter() - began
        if stats["events"] != self.events:
            raise Miscounted(f"{stats['events']} of {self.events} events")
        self._agree("leadtimes", {"transitions": stats["transitions_s"], "done": waits["events"], "S": waits["S"]})
        return {"1/s": 1 / seconds, "MiB": memory[0]}

    def rival(self, name: str) -> Callable[[], Any]:
        """One of the others, a fresh process."""

        return lambda: asyncio.to_thread(self._run, name)

    def _run(self, name: str) -> Measured:
        module = f"tools.bench.rivals.by_{name}"
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{module}.log"
        with log.open("wb") as errors:
            command = [str(self.rivals), "-m", module, str(self.file)]
            process = psutil.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, text=True)
            with _most_memory(process) as memory:
                said, _ = process.communicate()
        if process.returncode:
            raise Failed(f"a program ended by itself: see {log}")
        found = json.loads(said.splitlines()[-1])
        self._agree(name, found)
        return {"1/s": 1 / found["seconds"], "MiB": memory[0]}

    def _agree(self, who: str, found: Mapping[str, Any]) -> None:
        expected = self.found.setdefault("first", found)
        if apart := differences(found, expected):
            raise Miscounted(f"{who} found something else: {', '.join(apart[:3])}")


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Where two answers are not the same, of what both say."""
    shares = [f"S of {day} days" for day in expected["S"] if not isclose(found["S"][day], expected["S"][day], abs_tol=1e-9)]
    if found["done"] != expected["done"] or found["transitions"].keys() != expected["transitions"].keys():
        return [*shares, "how many there are"]
    return shares + [
        f"{key} of {pair}"
        for pair, spread in expected["transitions"].items()
        for key in spread.keys() & found["transitions"][pair].keys()
        if not isclose(found["transitions"][pair][key], spread[key], rel_tol=1e-9, abs_tol=1e-6)
    ]


@contextmanager
def _most_memory(process: psutil.Process) -> Iterator[list[float]]:
    """The most memory that a program has during the block, in MiB."""
    most, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            with suppress(psutil.Error):
                most[0] = max(most[0], process.memory_info().rss / MEBIBYTE)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        over.set()
        looking.join()


async def _compare(record: StreetRecord, place: Path, rounds: int) -> list[Ratio]:
    rivals, events = await asyncio.to_thread(rivals_python), large_log()
    write(events, file := place / "large.csv")
    leadtimes = record.services["leadtimes"]
    db = await connect(leadtimes.database_url, leadtimes.password_file.read_text(), size=1)
    with open_api(record, "leadtimes") as api:
        try:
            await store(db, api, events)
            on = Ground(record, db, api, rivals, file, len(events), {})
            kept = await alternate(rounds, {**{name: on.rival(name) for name in RIVALS}, "first question": on.first, "leadtimes": on.ours})
        finally:
            db.terminate()
    pm4py, ours, first = kept["pm4py"], kept["leadtimes"], kept["first question"]
    return [
        Ratio(f"{len(events):,} events questioned / through pm4py", "1/s", pm4py["1/s"], ours["1/s"], at_least=TIMES_PM4PY),
        Ratio("the first question to them, which makes the columns / pm4py", "1/s", pm4py["1/s"], first["1/s"]),
        Ratio("most memory of leadtimes for it / of pm4py", "MiB", pm4py["MiB"], ours["MiB"], at_most=1),
        Ratio("most memory of leadtimes for the first / of pm4py", "MiB", pm4py["MiB"], first["MiB"], at_most=1),
        *(Ratio(f"it / the bare query of {name}", "1/s", kept[name]["1/s"], ours["1/s"]) for name in RIVALS[1:]),
        *(Ratio(f"its memory / that of {name}", "MiB", kept[name]["MiB"], ours["MiB"]) for name in RIVALS[1:]),
    ]


def bench(rounds: int) -> list[Ratio]:
    """Five rounds take about four minutes. Raises Miscounted and Failed."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as place, street() as record:
        return asyncio.run(_compare(record, Path(place), rounds))
