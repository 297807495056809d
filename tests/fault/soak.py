"""The soak: a real local street under load while its parts die at random; in the end the ledger judges (`make soak MINUTES=60`).

Clients work at intake's API without pause; chaos.py hits services, Kafka and PostgreSQL; the launcher starts again what died. Then
chaos ends, the street has to become calm by itself, and every promise of the ledger is looked for in every place. Exit code 0 only
if nothing was lost, doubled, disordered or invented and everything ended calm.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, TextIO
from uuid import UUID

import click
import httpx
import psutil

from deploy.local.failures import StreetFailure
from deploy.local.places import ROOT
from deploy.local.processes import LAUNCHER, parts_of
from deploy.local.record import StreetRecord
from deploy.local.street import Street
from shared.clock import real_now
from tests.fault.chaos import FOR_S, POSTGRES, Chaos, plan, targets
from tests.fault.ledger import Clients, Ledger, Outcome
from tests.fault.processes import health, quiet
from tests.fault.soak_page import page
from tests.fault.soaked import Judged, Soaked, as_json, commit, judge
from tests.street import token

PEOPLE: Final = 8
PAUSE_S: Final = 0.05
BIN_S: Final = 10
LOOK_EVERY_S: Final = 1.0
CALM_WITHIN_S: Final = 180.0
# A token lives twelve hours at most, and is asked for once: the longest run, with what comes after.
MOST_MINUTES: Final = 11 * 60
Say = Callable[[str], None]


class Tally(Ledger):
    """A ledger that also counts as it is written: what was answered in each ten seconds, and the longest time without a promise."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file)
        self._began = self._last = time.monotonic()
        self._longest_s = 0.0
        self.answered: list[int] = []
        self.promised = 0

    def write(self, mark: UUID, outcome: Outcome, case: UUID | None, closes: bool) -> None:
        """As every ledger, and counts."""
        super().write(mark, outcome, case, closes)
        if outcome in (Outcome.OK, Outcome.FAILED):
            self.reach_now()
            self.answered[-1] += 1
        if outcome is Outcome.OK:
            self.promised += 1
            self._longest_s, self._last = self.longest_stall_s, time.monotonic()

    def reach_now(self) -> None:
        """Lets `answered` reach to the present, however long nothing was."""
        self.answered += [0] * (int((time.monotonic() - self._began) / BIN_S) + 1 - len(self.answered))

    @property
    def stalled_s(self) -> float:
        """For how long nobody has been promised anything."""
        return time.monotonic() - self._last

    @property
    def longest_stall_s(self) -> float:
        """The longest such time so far, the present one too."""
        return max(self._longest_s, self.stalled_s)


class Soak:
    """One run on a street that is up and healthy."""

    def __init__(self, record: StreetRecord, seconds: float, seed: int, say: Say) -> None:
        self._record, self._seconds, self._seed, self._say = record, seconds, seed, say
        self._ops = {name: service.ops for name, service in record.services.items()}
        self._ledger = record.folder / "ledger.jsonl"
        self._troubles: list[str] = []
        self._behind_s = 0.0

    async def run(self) -> Soaked:
        """Load and chaos, calm, judgement. Whatever goes wrong on the way is told in the result."""
        began, parts, memory = real_now(), targets(self._record.folder), self._memory()
        chaos = Chaos(self._record.folder, plan(parts, self._seed, min(FOR_S[1], max(FOR_S[0], self._seconds / 10))))
        with self._ledger.open("a", encoding="utf-8") as file:
            tally = Tally(file)
            await self._load(tally, chaos)
            tally.reach_now()
            stall_s = tally.longest_stall_s
        calm_after_s = await self._calm(set(parts))
        self._say("judging")
        return Soaked(
            began=began.isoformat(timespec="seconds"),
            commit=commit(),
            seed=self._seed,
            minutes=round(self._seconds / 60, 2),
            broker=self._record.broker.kind,
            kafka_nodes=sum(part.startswith("kafka") for part in parts),
            hits=sorted(chaos.hits, key=lambda hit: hit.at_s),
            answered=tally.answered,
            longest_stall_s=stall_s,
            longest_behind_s=self._behind_s,
            calm_after_s=calm_after_s,
            memory_mb={part: (before, self._memory().get(part, 0)) for part, before in memory.items()},
            judged=await self._judge(),
            troubles=self._troubles,
        )

    async def _load(self, tally: Tally, chaos: Chaos) -> None:
        """Clients and chaos for as long as was asked; then the last stops end, and the clients are answered."""
        lifetime = timedelta(minutes=MOST_MINUTES + 30)
        bearer = token(self._record, "intake-staff", "intake-decider", lifetime=lifetime)
        clients = Clients(self._record.services["intake"].url, bearer, tally, pause_s=PAUSE_S)
        stop = asyncio.Event()
        work, hits = asyncio.create_task(clients.work(PEOPLE)), asyncio.create_task(chaos.run(stop))
        watch = asyncio.create_task(self._watch(tally, chaos))
        ended, _ = await asyncio.wait([work, hits, watch], timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        clients.enough.set()
        await asyncio.wait([hits])
        await asyncio.wait([work], timeout=CALM_WITHIN_S)
        if not work.done():
            self._troubles.append(f"clients: somebody was not answered within {CALM_WITHIN_S:.0f} s")
        for name, task in (("clients", work), ("chaos", hits), ("watch", watch)):
            if task in ended or (task.done() and task.exception()):
                self._troubles.append(f"{name}: {_why(task)}")
            task.cancel()
        await asyncio.wait([work, watch])

    async def _watch(self, tally: Tally, chaos: Chaos) -> None:
        """Says now and then how far the run is, and keeps the longest time in which leadtimes had not heard all that was told."""
        began = heard_all = said = time.monotonic()
        every_s = min(30.0, self._seconds / 5)
        while True:
            try:
                if (await health(self._ops["leadtimes"])).get("lag") == 0:
                    heard_all = time.monotonic()
            except (httpx.TransportError, ValueError):
                pass
            self._behind_s = max(self._behind_s, time.monotonic() - heard_all)
            if time.monotonic() - said > every_s:
                said = time.monotonic()
                stalled = f", none for {tally.stalled_s:.0f} s" if tally.stalled_s > 2 else ""
                self._say(f"minute {(said - began) / 60:.1f}: {len(chaos.hits)} hits, {tally.promised:,} promised{stalled}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _calm(self, parts: set[str]) -> float:
        """Seconds until every part lives, all that was told is heard and all that is due is done."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(CALM_WITHIN_S):
                while not parts <= set(await asyncio.to_thread(targets, self._record.folder)):
                    await asyncio.sleep(LOOK_EVERY_S)
                await quiet(self._ops["intake"], "outbox_pending", "timers_due")
                await quiet(self._ops["leadtimes"], "lag")
        except TimeoutError:
            self._troubles.append(f"not calm after {CALM_WITHIN_S:.0f} s")
        return time.monotonic() - began

    async def _judge(self) -> Judged:
        try:
            return await judge(self._record, self._ledger)
        except Exception as error:  # the record of the run is worth most when the street is broken
            self._troubles.append(f"the judge could not read: {type(error).__name__}")
            return Judged()

    def _memory(self) -> dict[str, int]:
        """MB of each part. Not of PostgreSQL, whose processes share most of theirs."""
        used: dict[str, int] = {}
        for process, part in parts_of(self._record.folder).items():
            if part not in (LAUNCHER, POSTGRES):
                with suppress(psutil.Error):
                    used[part] = used.get(part, 0) + process.memory_info().rss // 1_000_000
        return used


def _why(task: asyncio.Task[None]) -> str:
    error = task.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if error else "ended before its time"


def soak(folder: Path, minutes: float, seed: int, say: Say) -> Soaked:
    """A whole run in a folder of its own, which is removed unless it shows something. Raises StreetFailure."""
    street = Street(folder, say=say)
    try:
        soaked = asyncio.run(Soak(street.start(), minutes * 60, seed, say).run())
    finally:
        street.stop()
    if soaked.all_troubles:
        say(f"the ledger, the logs and the data are kept in {folder}")
    else:
        street.remove()
    return soaked


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1, MOST_MINUTES), default=60, show_default=True)
@click.option("--seed", type=int, help="repeat the plan of an earlier run")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=ROOT / "docs" / "soak", help="where the result goes")
@click.option("--street", type=click.Path(path_type=Path, file_okay=False), default=ROOT / ".sluss" / "soak", help="a folder that is made")
def main(minutes: float, seed: int | None, out: Path, street: Path) -> None:
    """Let a local street work for some minutes while its parts are killed, stopped and ended at random.

    \b
    Exit codes: 0 nothing lost, doubled, disordered or invented and all calm in the end, 1 something was, else as `sluss up`.
    """
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    click.echo(f"soak: {minutes:g} minutes, seed {seed}")
    try:
        soaked = soak(street, minutes, seed, click.echo)
    except StreetFailure as failure:
        click.echo(f"soak: {failure}", err=True)
        sys.exit(failure.exit)
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{soaked.began[:10]}-kafka-{soaked.kafka_nodes}.json"
    file.write_text(as_json(soaked), encoding="utf-8")
    file.with_suffix(".html").write_text(page(soaked), encoding="utf-8")
    for trouble in soaked.all_troubles or ["nothing lost, doubled, disordered or invented, and all calm in the end"]:
        click.echo(trouble)
    click.echo(f"{len(soaked.hits)} hits, {soaked.judged.requests[Outcome.OK]:,} promised: see {file.with_suffix('.html')}")
    sys.exit(bool(soaked.all_troubles))


if __name__ == "__main__":
    main()
