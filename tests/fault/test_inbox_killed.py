"""SIGKILL at every step of the inbox, three times each, while events come doubled, shuffled, lost and poisoned: applied once, in order."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local.record import StreetRecord
from shared import quarantine
from shared.broker import Heard
from shared.crash import CrashPoint
from tests.fault.deciding_service import TABLES
from tests.fault.processes import Place, dies_at, forge, quiet, running
from tests.fault.sweep import PATIENCE_S, VISITS, of
from tests.integration.shared.listening import send_records
from tests.integration.shared.streams import told
from tests.street import House

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
SETTLED_S = 300
# In which order the events of a stream come; the third of some is poison, the fifth of others is lost.
REVERSED, POISONED, GAPPED = (6, 5, 4, 3, 2, 1, 1), (1, 3, 4, 2, 6, 5, 2), (1, 2, 6, 3, 4, 6)
MORE = {CrashPoint.INBOX_AFTER_QUARANTINE: POISONED, CrashPoint.INBOX_AFTER_GIVING_UP: GAPPED}


class Telling:
    """What is told before each life, and what must have come of it in the end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.wanted: dict[UUID, list[int]] = {}

    async def tell(self, point: CrashPoint) -> None:
        """Fresh streams of each kind, and of what leads to this step so many that one life meets it as often as it may have to."""
        facts: list[Heard] = []
        for order in [REVERSED, POISONED, GAPPED] + [MORE.get(point, REVERSED)] * max(VISITS):
            stream = uuid4()
            events = {sequence: told(self._house.topic, stream, sequence) for sequence in range(1, 7)}
            if order == POISONED:
                await self._house.db.execute("INSERT INTO poison (event_id) VALUES ($1)", events[3].envelope.id)
            facts += [events[sequence] for sequence in order]
            self.wanted[stream] = sorted(set(order))
        await send_records(self._house, facts)


async def ask(place: Place, path: str) -> None:
    """An operator's deed, for as long as the service lives."""
    with suppress(httpx.TransportError):
        async with httpx.AsyncClient(base_url=place.url, timeout=30, trust_env=False) as client:
            await client.post(path)


async def giving_up(place: Place) -> None:
    while True:
        await ask(place, "/gaps")
        await asyncio.sleep(0.2)


async def shoot(place: Place, telling: Telling) -> Counter[CrashPoint]:
    """Every step three times, each in a life of its own; only where a gap is given up does the operator do so."""
    hits: Counter[CrashPoint] = Counter()
    for point in of("inbox"):
        for visit in VISITS:
            await telling.tell(point)
            operator = asyncio.create_task(giving_up(place)) if point == CrashPoint.INBOX_AFTER_GIVING_UP else None
            hits[point] += await dies_at(place, point, visit, PATIENCE_S)
            if operator is not None:
                operator.cancel()
    return hits


async def settle(place: Place, house: House) -> None:
    """Calm: what is lost is given up, and the poison cured and played again, until nothing waits."""
    await house.db.execute("DELETE FROM poison")
    async with asyncio.timeout(SETTLED_S):
        await quiet(place.ops_url, "lag")
        while (open_ones := await quarantine.listing(house.db)) or await house.db.fetchval("SELECT count(*) FROM inbox_parked"):
            await ask(place, "/gaps")
            for each in open_ones:
                await ask(place, f"/redrive/{each.id}")
            await asyncio.sleep(0.2)


async def test_killed_at_every_step_the_inbox_applies_each_event_once_and_in_order(
    street: StreetRecord, house: House, tmp_path: Path
) -> None:
    await house.db.execute(TABLES)
    telling = Telling(house)
    async with forge("tests.fault.deciding_service") as started_by:
        place = Place("deciding", started_by, street, house, tmp_path / "deciding.log")
        hits = await shoot(place, telling)
        assert hits == {point: len(VISITS) for point in of("inbox")}
        async with running(place):
            await settle(place, house)
    applied: dict[UUID, list[int]] = {stream: [] for stream in telling.wanted}
    for row in await house.db.fetch("SELECT stream, sequence FROM effect ORDER BY id"):
        applied[row["stream"]].append(row["sequence"])
    assert applied == telling.wanted
    assert await counts(house, ("inbox_fork", "inbox_parked")) == [0, 0]
    assert await house.db.fetchval("SELECT count(*) FROM inbox_event") == sum(map(len, applied.values()))
    assert await house.db.fetchval("SELECT count(*) FROM inbox_gap") == list(map(len, applied.values())).count(5)


async def counts(house: House, tables: Sequence[str]) -> list[int]:
    return [await house.db.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
