"""A lane: an intake and a leadtimes of its own behind networks that can be spoilt, clients with a ledger, and what is there at the end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy.local.record import StreetRecord
from services.leadtimes.handlers import verify
from tests.fault.judge import Event, first_times, in_leadtimes, in_outbox, in_topic
from tests.fault.ledger import Clients, Ledger, Request, opened, read
from tests.fault.machine import FalseClock
from tests.fault.processes import Forge, Place, Started, hear_from_now_on, running, well
from tests.fault.proxy import Mode, Proxy, before
from tests.street import House, Servers, free_port, new_house, token
from tools.verify import compare

SERVICES = ("intake", "leadtimes")
PEOPLE, PAUSE_S = 2, 0.1
# People's clocks and tokens are two hours old: nothing of theirs lies in the future of a service whose clock is an hour back.
AGO = timedelta(hours=2)


@dataclass
class Lane:
    """Its two services, and the networks between them and each server, by the server's name."""

    name: str
    street: StreetRecord
    intake: Place
    leadtimes: Place
    networks: Mapping[str, Mapping[str, Proxy]]
    file: Path
    ledger: Ledger
    clocks: Mapping[str, FalseClock]
    lives: AsyncExitStack
    latest: dict[Path, Started] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)

    async def spoil(self, mode: Mode, *servers: str) -> None:
        """What the networks to these servers do from now on, for both services."""
        for server in servers:
            for network in self.networks[server].values():
                await network.set(mode)

    async def well(self, *places: Place) -> None:
        """Waits until these, or else the first two, are well. Raises AssertionError with what they say."""
        chosen = places or (self.intake, self.leadtimes)
        try:
            await well(self.file, *(place.ops_url for place in chosen))
        except AssertionError as error:
            error.add_note("\n".join([self.name, *(place.last_words() for place in chosen)]))
            raise

    async def calm(self) -> None:
        """Nobody asks any more; waits until all is done, told and heard."""
        await self.intake.quiet("outbox_pending", "timers_due")
        await self.leadtimes.quiet("lag")

    def another(self, place: Place) -> Place:
        """A second process of a service, on the same database, in the same group, with ports of its own."""
        return replace(place, api=free_port(), ops=free_port(), log=place.log.with_name(f"{place.log.stem}-another.log"))

    async def begin(self, place: Place, **told_too: str) -> Started:
        """A life of a service, up to the end of the lane."""
        clock = self.clocks.get(place.service)
        return await self.lives.enter_async_context(self._living(place, **(clock.env if clock else {}), **told_too))

    def kill(self, place: Place) -> None:
        """Ends the latest life of a service by SIGKILL."""
        os.kill(self.latest[place.log].pid.result(), signal.SIGKILL)

    @asynccontextmanager
    async def _living(self, place: Place, **told_too: str) -> AsyncIterator[Started]:
        """An end that comes by itself is written down."""
        async with running(place, **told_too) as life:
            self.latest[place.log] = life
            yield life
            if life.code.done() and life.code.result() != -signal.SIGKILL:
                self.deaths.append(f"{place.service} with {life.code.result()}: {place.last_words()}")

    @asynccontextmanager
    async def people_at(self, place: Place) -> AsyncIterator[None]:
        """People ask there while the block runs; when it ends, nothing is in flight."""
        shown = token(self.street, "intake-staff", "intake-decider", ago=AGO)
        clients = Clients(place.url, shown, self.ledger, pause_s=PAUSE_S, ago=AGO)
        async with asyncio.TaskGroup() as group:
            group.create_task(clients.work(PEOPLE))
            yield
            clients.enough.set()


Story = Callable[[Lane], Awaitable[None]]


@dataclass(frozen=True)
class Lived:
    """What a lane left behind."""

    promised: list[Request]
    lying: dict[str, list[Event]]
    told_again: int
    alarms: dict[str, int]
    differing: int
    deaths: list[str]
    seen: dict[str, Any]


async def live(
    street: StreetRecord, servers: Servers, folder: Path, forges: Mapping[str, Forge], story: Story, clocks: Mapping[str, FalseClock]
) -> Lived:
    """A lane from empty databases to calm, with people at it all the while. Where its clocks are false, leadtimes' one is simulated too."""
    name = story.__name__
    async with AsyncExitStack() as stack:
        houses = {service: await stack.enter_async_context(new_house(servers, folder)) for service in SERVICES}
        await hear_from_now_on(servers.kafka, houses["leadtimes"].topic)
        to_postgres = {service: await stack.enter_async_context(before(street.postgres.address)) for service in SERVICES}
        to_kafka = {service: await stack.enter_async_context(before(servers.kafka.bootstrap, of_kafka=True)) for service in SERVICES}
        behind = {service: _behind(houses[service], street, to_postgres[service], to_kafka[service]) for service in SERVICES}
        places = {
            service: Place(service, forges[service], street, behind[service], folder / f"{name}-{service}.log") for service in SERVICES
        }
        ledger = stack.enter_context(opened(folder / f"{name}.jsonl"))
        lives = await stack.enter_async_context(AsyncExitStack())
        lane = Lane(
            name, street, places["intake"], places["leadtimes"], {"postgres": to_postgres, "kafka": to_kafka}, folder / f"{name}.jsonl",
            ledger, clocks, lives,
        )  # fmt: skip
        await lane.begin(lane.intake)
        await lane.begin(lane.leadtimes, **({"SLUSS_SIMULATION": "1"} if clocks else {}))
        async with lane.people_at(lane.intake):
            await lane.well()
            await story(lane)
        await lane.calm()
        await lives.aclose()
        return await _gather(servers, lane)


def _behind(house: House, street: StreetRecord, postgres: Proxy, kafka: Proxy) -> House:
    """The house as its service sees it."""
    url = house.settings.database_url.replace(street.postgres.address, postgres.address)
    return replace(house, settings=house.settings.model_copy(update={"database_url": url, "kafka": kafka.address}))


async def _gather(servers: Servers, lane: Lane) -> Lived:
    told, heard = lane.intake.house.db, lane.leadtimes.house.db
    outbox = await in_outbox(told)
    streams = {each.stream for each in outbox}
    topic = await in_topic(servers.kafka, streams)
    folded, remade = await compare(told), await verify(heard)
    return Lived(
        promised=read(lane.file),
        lying={"outbox": outbox, "topic": first_times(topic), "leadtimes": await in_leadtimes(heard, streams)},
        told_again=len(topic) - len(first_times(topic)),
        alarms={table: await heard.fetchval(f"SELECT count(*) FROM {table}") for table in ("quarantine", "id_conflict")},
        differing=len(folded.differing) + remade.differing,
        deaths=lane.deaths,
        seen=lane.seen,
    )
