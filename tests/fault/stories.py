"""What happens to the lanes of test_outages.py, each story to one of them: faults that end, after each of which all must be well."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import httpx
import psutil

from shared.crash import CrashPoint
from tests.fault.lane import AGO, Lane
from tests.fault.processes import Place, health
from tests.fault.proxy import Mode
from tests.street import token

BOTH = ("postgres", "kafka")
HOUR_S = 3600


async def _through(lane: Lane, faults: Sequence[tuple[Mode, tuple[str, ...], float]]) -> None:
    """One fault after the other: the servers it stands before, and for how many seconds."""
    for mode, servers, seconds in faults:
        await lane.spoil(mode, *servers)
        await asyncio.sleep(seconds)
        await lane.spoil(Mode.PASS, *servers)
        await lane.well()


async def silence(lane: Lane) -> None:
    """The network swallows what is sent, and a connection that lost something is open and silent for ever."""
    await _through(lane, [(Mode.BLACKHOLE, ("postgres",), 8), (Mode.BLACKHOLE, ("kafka",), 8), (Mode.DEAF, BOTH, 5)])


async def breaks(lane: Lane) -> None:
    """Connections are reset, refused, and cut in the middle of an answer, again and again."""
    once = [(mode, (server,), 3.0) for mode in (Mode.RESET, Mode.REFUSE, Mode.CUT) for server in BOTH]
    await _through(lane, [*once, *[(Mode.RESET, BOTH, 0.2)] * 5])


async def slowness(lane: Lane) -> None:
    """Answers are late, come a byte at a time, or wait until lost packets were sent again."""
    await _through(lane, [(Mode.DELAY, BOTH, 6), (Mode.TRICKLE, BOTH, 6), (Mode.STALL, ("postgres",), 10), (Mode.STALL, ("kafka",), 10)])


async def two_at_once(lane: Lane) -> None:
    """Two processes of each service: two relays, two sweepers, two consumers. Those who hold the locks are killed, and come again."""
    intake, leadtimes = lane.another(lane.intake), lane.another(lane.leadtimes)
    await lane.begin(intake)
    await lane.begin(leadtimes, SLUSS_CONSUMER_INSTANCE="the other")
    async with lane.people_at(intake):
        await lane.well(lane.intake, lane.leadtimes, intake, leadtimes)
        for place in (lane.intake, lane.leadtimes):
            lane.kill(place)
        await lane.well(intake, leadtimes)
        for place in (lane.intake, lane.leadtimes):
            await lane.begin(place)
        await lane.well(lane.intake, lane.leadtimes, intake, leadtimes)


async def zombie_relay(lane: Lane) -> None:
    """A relay stands still with rows in hand; its lock is lost with its session, another relay takes over, and it comes to life again."""
    intake = lane.another(lane.intake)
    frozen = psutil.Process((await lane.begin(intake, SLUSS_FREEZE_AT=f"{CrashPoint.RELAY_AFTER_READ}:1")).pid.result())
    async with lane.people_at(intake):
        lane.kill(lane.intake)
        while frozen.status() != psutil.STATUS_STOPPED:
            await asyncio.sleep(0.02)
        await lane.begin(lane.intake)
        lane.networks["postgres"]["intake"].forget_server_sides()
        await lane.intake.quiet("outbox_pending")
        frozen.send_signal(signal.SIGCONT)
        await lane.well(lane.intake, intake, lane.leadtimes)


async def clock_steps_back(lane: Lane) -> None:
    """The clock of one service after the other steps back an hour, and later forward again."""
    simulated = lane.seen["simulated times"] = []
    for service in (lane.intake, lane.leadtimes):
        simulated.append(await _now(lane.leadtimes))
        lane.clocks[service.service].step(-HOUR_S)
        await lane.well()
        if service is lane.intake:
            lane.seen["fresh token"] = await _shown(lane, timedelta())
            lane.seen["older token"] = await _shown(lane, AGO)
            lane.seen["log"] = lane.intake.log.read_text()
        simulated.append(await _now(lane.leadtimes))
        lane.clocks[service.service].step(0)
        await lane.well()
    simulated.append(await _now(lane.leadtimes))


async def _now(place: Place) -> str:
    """The service's clock, as it tells it."""
    return str((await health(f"http://127.0.0.1:{place.ops}"))["now"])


async def _shown(lane: Lane, ago: timedelta) -> int:
    """What intake answers to a question about nobody, asked with a token that was issued some time ago."""
    headers = {"authorization": f"Bearer {token(lane.street, 'intake-staff', 'intake-decider', ago=ago)}"}
    async with httpx.AsyncClient(base_url=lane.intake.url, headers=headers, timeout=15, trust_env=False) as api:
        return (await api.get(f"/intake/cases/{uuid4()}")).status_code


STORIES = {story.__name__: story for story in (silence, breaks, slowness, two_at_once, zombie_relay, clock_steps_back)}
