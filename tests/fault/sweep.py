"""The crash sweep: every crash point met three times by real services under load, all at once, then calm.

Three intakes, each with a database and clients of its own, die at the points of the API, of the relay, of the timers; four
leadtimes hear all three and die each at a point of its own. Every intake first dies while it migrates its empty database.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.record import StreetRecord
from shared.crash import CrashPoint
from tests.fault.judge import Event, first_times, in_leadtimes, in_outbox, in_topic
from tests.fault.ledger import Clients, Request, opened, read
from tests.fault.processes import Forge, Place, dies_at, forge, hear_from_now_on, running
from tests.street import House, Servers, new_house, token

VISITS = (1, 2, 5)  # where in its work each death finds a process
PEOPLE, PAUSE_S = 3, 0.05
PATIENCE_S = 60.0  # a point that is not reached by then is no longer in the code, or never was on the way
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"

INTAKES = ("api", "relay", "timer")
MIDDLE, AFTER = CrashPoint.MIGRATION_IN_THE_MIDDLE, CrashPoint.MIGRATION_AFTER


def of(part: str) -> list[CrashPoint]:
    """The points of a part of a service."""
    return [point for point in CrashPoint if point.startswith(f"{part}.")]


@dataclass
class Swept:
    """What the sweep left behind: who died where, what was promised, where the services' databases are, what the topic holds."""

    hits: Counter[CrashPoint] = field(default_factory=Counter)
    tables_after_middle: list[int] = field(default_factory=list)
    intakes: dict[str, House] = field(default_factory=dict)
    leadtimes: dict[CrashPoint, House] = field(default_factory=dict)
    promised: list[Request] = field(default_factory=list)
    lying: dict[str, list[Event]] = field(default_factory=dict)
    told_again: int = 0


class Sweep:
    """One run of it."""

    def __init__(self, street: StreetRecord, servers: Servers, folder: Path) -> None:
        self._street, self._servers, self._folder = street, servers, folder
        self._swept = Swept()
        self._forges: dict[str, Forge] = {}
        self._clients: list[Clients] = []
        self._shooting = len(INTAKES) + len(of("consumer"))
        self._all_shot = asyncio.Event()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Swept]:
        """Everything, from empty databases to calm; these are there until the end of the block."""
        swept = self._swept
        async with AsyncExitStack() as stack:
            for service in ("intake", "leadtimes"):
                self._forges[service] = await stack.enter_async_context(forge(service))
            for part in INTAKES:
                swept.intakes[part] = await stack.enter_async_context(new_house(self._servers, self._folder))
            for point in of("consumer"):
                swept.leadtimes[point] = await stack.enter_async_context(new_house(self._servers, self._folder))
            await asyncio.gather(*(hear_from_now_on(house.kafka, house.topic) for house in swept.leadtimes.values()))
            calm = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                hearing = [group.create_task(self._leadtimes(point, house, calm)) for point, house in swept.leadtimes.items()]
                telling = [group.create_task(self._intake(nth, *each)) for nth, each in enumerate(swept.intakes.items(), 1)]
                await asyncio.gather(*telling)
                calm.set()
                await asyncio.gather(*hearing)
            await self._gather()
            yield swept

    async def _intake(self, nth: int, part: str, house: House) -> None:
        """From its migrations on to the last thing told, with clients who never stop asking."""
        place = Place("intake", self._forges["intake"], self._street, house, self._folder / f"intake-{part}.log")
        with opened(self._ledger(part)) as ledger:
            clients = Clients(place.url, token(self._street, "intake-staff", "intake-decider"), ledger, pause_s=PAUSE_S)
            await self._hit(place, MIDDLE, nth)
            self._swept.tables_after_middle.append(await house.db.fetchval(TABLES))
            await self._hit(place, AFTER, 1)
            async with asyncio.TaskGroup() as group:
                work = group.create_task(clients.work(PEOPLE))
                await self._shoot(place, of(part))
                async with running(place):
                    await self._all_shot.wait()
                    clients.enough.set()
                    await work
                    await place.quiet("outbox_pending", "timers_due")

    async def _leadtimes(self, point: CrashPoint, house: House, calm: asyncio.Event) -> None:
        place = Place("leadtimes", self._forges["leadtimes"], self._street, house, self._folder / f"leadtimes-{point}.log")
        await self._shoot(place, [point])
        async with running(place):
            await calm.wait()
            await place.quiet("lag")

    async def _shoot(self, place: Place, points: Sequence[CrashPoint]) -> None:
        for point in points:
            for visit in VISITS:
                if not await self._hit(place, point, visit):
                    break
        self._shooting -= 1
        if not self._shooting:
            self._all_shot.set()

    async def _hit(self, place: Place, point: CrashPoint, visit: int) -> bool:
        died = await dies_at(place, point, visit, PATIENCE_S)
        self._swept.hits[point] += died
        return died

    async def _gather(self) -> None:
        swept = self._swept
        swept.promised = [request for part in INTAKES for request in read(self._ledger(part))]
        outboxes = [event for house in swept.intakes.values() for event in await in_outbox(house.db)]
        streams = {each.stream for each in outboxes}
        told = await in_topic(self._servers.kafka, streams)
        swept.lying = {"outboxes": outboxes, "topic": first_times(told)}
        swept.told_again = len(told) - len(swept.lying["topic"])
        for point, house in swept.leadtimes.items():
            swept.lying[point] = await in_leadtimes(house.db, streams)

    def _ledger(self, part: str) -> Path:
        return self._folder / f"{part}.jsonl"
