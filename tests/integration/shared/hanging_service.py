"""A service of the tests: hears one topic under its own group, and handles what it hears as its only argument says."""

import asyncio
import sys
from collections.abc import Sequence

from starlette.applications import Starlette

from shared.broker import Heard, Hearing
from shared.health import Health
from shared.lag import Lag
from shared.postgres import connect
from shared.process import begin, run
from shared.quarantine import Seal
from shared.settings import ServiceSettings
from shared.watchdog import Watchdog


async def hear(batch: Sequence[Heard]) -> None:
    """hangs: never comes back; waits: its database is away; works: does nothing."""
    match sys.argv[1]:
        case "hangs":
            await asyncio.Event().wait()
        case "waits":
            raise ConnectionRefusedError


async def house() -> None:
    """The parts of a service that hears, and nothing else."""
    settings = ServiceSettings()
    topic = settings.database_url.rpartition("/")[2]
    db = await connect(settings.database_url, settings.database_password)
    assert settings.quarantine_key_file is not None
    hearing = Hearing(settings.kafka_access, topic, [topic], db, Seal(settings.quarantine_key_file), hear)
    lag = Lag(settings.kafka_access, topic, [topic])
    watchdog = Watchdog(hearing, lag, settings.stuck_after_s)
    health = Health("hanging")
    health.watch("lag", "records told and not heard yet", lag.read)
    health.watch("stuck_s", "seconds in which records waited and nothing moved", watchdog.stuck_s, limit=settings.stuck_after_s)
    await run(settings, Starlette(), health.app(), [hearing.run, watchdog.run])


if __name__ == "__main__":
    begin("hanging", house)
