"""The composition root of intake: the only file that builds things. Runs its API, relay, timers and retention in one process."""

import functools
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.intake.api import make_api
from services.intake.handlers.cases import Ours, fire
from services.intake.settings import Settings
from services.intake.settings.routing import read_routing
from shared import outbox
from shared.clock import open_clock
from shared.context import begin as begin_context
from shared.health import STUCK_S, Health
from shared.migrate import migrate
from shared.outbox import Relay
from shared.postgres import connect
from shared.process import begin, run
from shared.retention import Retention
from shared.timers import Sweeper

NAME = "intake"
MIGRATIONS = Path(__file__).parent / "migrations"


async def house() -> None:
    """Builds the service and runs it until it is told to stop."""
    settings = Settings()
    ours = Ours(settings.source, read_routing(settings.routing_file))
    db = await connect(settings.database_url, settings.database_password)
    try:
        await migrate(db, MIGRATIONS)
        clock = await open_clock(settings, db)

        async def lapse(case_id: UUID, _: datetime) -> None:
            await fire(db, ours, case_id, begin_context(await clock.now(), "timer"))

        relay, sweeper = Relay(settings), Sweeper(settings, db, clock, lapse)
        health = Health(NAME)
        health.watch("now", "the service's clock", clock.now)
        health.watch("outbox_pending", "facts told and not acknowledged by the broker", functools.partial(outbox.depth, db))
        health.watch(
            "oldest_pending_s", "age of the oldest fact not acknowledged", functools.partial(outbox.oldest_pending, db), limit=STUCK_S
        )
        health.watch("timers_due", "timers that are due and not fired", sweeper.due)
        health.watch("next_timer_at", "when the earliest timer is due", sweeper.next_at)
        await run(settings, make_api(settings, db, clock, ours), health.app(), [relay.run, sweeper.run, Retention(db).run, health.run])
    finally:
        await db.close()


if __name__ == "__main__":
    begin(NAME, house)
