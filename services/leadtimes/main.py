"""The composition root of leadtimes: the only file that builds things. Runs its API and its hearing in one process."""

import functools
import time
from pathlib import Path

from contracts.catalogue import TOPICS
from services.leadtimes import store
from services.leadtimes.api import make_api
from services.leadtimes.consumers import hear
from services.leadtimes.settings import Settings
from shared.broker import Hearing, Lag
from shared.clock import open_clock
from shared.health import STUCK_S, Health
from shared.migrate import migrate
from shared.postgres import connect
from shared.process import begin, run
from shared.quarantine import Seal, count_open
from shared.retention import Retention

NAME = "leadtimes"
MIGRATIONS = Path(__file__).parent / "migrations"


class Progress:
    """How long records have waited while nothing moved: 0 while hearing keeps up or goes on."""

    def __init__(self, hearing: Hearing, lag: Lag) -> None:
        self._hearing, self._lag = hearing, lag
        self._behind_since: float | None = None

    async def stuck_s(self) -> float:
        """Seconds, from when lag was first seen or a batch was last settled, whichever is later."""
        if await self._lag.read() == 0:
            self._behind_since = None
            return 0.0
        self._behind_since = self._behind_since or time.monotonic()
        return min(self._hearing.still_for(), time.monotonic() - self._behind_since)


async def house() -> None:
    """Builds the service and runs it until it is told to stop."""
    settings = Settings()
    db = await connect(settings.database_url, settings.database_password)
    lag = Lag(settings.kafka, settings.consumer_group, TOPICS)
    try:
        await migrate(db, MIGRATIONS)
        clock = await open_clock(settings, db)
        seal, instance = Seal(settings.quarantine_key_file), settings.consumer_instance
        hearing = Hearing(settings.kafka, settings.consumer_group, TOPICS, db, seal, functools.partial(hear, db), instance=instance)
        health = Health(NAME)
        health.watch("now", "the service's clock", clock.now)
        health.watch("lag", "records told and not heard yet", lag.read)
        health.watch("stuck_s", "seconds in which records waited and nothing moved", Progress(hearing, lag).stuck_s, limit=STUCK_S)
        health.watch("quarantined", "records that wait for an operator", functools.partial(count_open, db))
        health.watch("conflicts", "events that came with a known id and other content", functools.partial(store.conflicts, db))
        health.watch("incomplete", "cases that miss an event", functools.partial(store.incomplete, db))
        await run(settings, make_api(settings, db, clock, hearing), health.app(), [hearing.run, Retention(db).run, health.run])
    finally:
        await lag.close()
        await db.close()


if __name__ == "__main__":
    begin(NAME, house)
