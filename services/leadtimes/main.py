"""The composition root of leadtimes: the only file that builds things. Runs its API and its hearing in one process."""

import functools
from pathlib import Path

from contracts.catalogue import TOPICS
from services.leadtimes import store
from services.leadtimes.api import make_api
from services.leadtimes.consumers import hear
from services.leadtimes.settings import Settings
from shared.broker import Hearing
from shared.clock import open_clock
from shared.health import Health
from shared.lag import Lag
from shared.migrate import migrate
from shared.postgres import connect
from shared.process import begin, run
from shared.quarantine import Seal, count_open
from shared.retention import Retention
from shared.watchdog import Watchdog

NAME = "leadtimes"
MIGRATIONS = Path(__file__).parent / "migrations"


async def house() -> None:
    """Builds the service and runs it until it is told to stop."""
    settings = Settings()
    db = await connect(settings.database_url, settings.database_password)
    lag = Lag(settings.kafka_access, settings.consumer_group, TOPICS)
    try:
        await migrate(db, MIGRATIONS)
        clock = await open_clock(settings, db)
        seal, instance = Seal(settings.quarantine_key_file), settings.consumer_instance
        hearing = Hearing(settings.kafka_access, settings.consumer_group, TOPICS, db, seal, functools.partial(hear, db), instance=instance)
        watchdog = Watchdog(hearing, lag, settings.stuck_after_s)
        health = Health(NAME)
        health.watch("now", "the service's clock", clock.now)
        health.watch("lag", "records told and not heard yet", lag.read)
        health.watch("stuck_s", "seconds in which records waited and nothing moved", watchdog.stuck_s, limit=settings.stuck_after_s)
        health.watch("quarantined", "records that wait for an operator", functools.partial(count_open, db))
        health.watch("conflicts", "events that came with a known id and other content", functools.partial(store.events.conflicts, db))
        health.watch("incomplete", "cases that miss an event", functools.partial(store.events.incomplete, db))
        background = [hearing.run, watchdog.run, Retention(db).run, health.run]
        await run(settings, make_api(settings, db, clock, hearing), health.app(), background)
    finally:
        await lag.close()
        await db.close()


if __name__ == "__main__":
    begin(NAME, house)
