"""The composition root of referrals: the only file that builds things. Runs its API, hearing, relay, timers and retention."""

import functools
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.referrals.api import make_api
from services.referrals.consumers import HEARD, inbox_of
from services.referrals.handlers.cases import Ours, fire
from services.referrals.settings import Settings
from shared import outbox
from shared.broker import Hearing
from shared.clock import open_clock
from shared.context import begin as begin_context
from shared.health import STUCK_S, Health
from shared.inbox import BATCH
from shared.lag import Lag
from shared.migrate import migrate
from shared.outbox import Relay
from shared.postgres import connect
from shared.process import begin, run
from shared.quarantine import Seal, count_open
from shared.retention import Retention
from shared.timers import Sweeper
from shared.watchdog import Watchdog

NAME = "referrals"
MIGRATIONS = Path(__file__).parent / "migrations"


async def house() -> None:
    """Builds the service and runs it until it is told to stop."""
    settings = Settings()
    async with AsyncExitStack() as open_ones:
        db = await connect(settings.database_url, settings.database_password)
        open_ones.push_async_callback(db.close)
        lag = Lag(settings.kafka_access, settings.consumer_group, HEARD)
        open_ones.push_async_callback(lag.close)
        await migrate(db, MIGRATIONS)
        clock = await open_clock(settings, db)
        ours = Ours(settings.source, settings.deadlines, settings.direct_assignments_to, settings.consults)

        async def overdue(case_id: UUID, _: datetime) -> None:
            await fire(db, ours, case_id, begin_context(await clock.now(), "timer"))

        relay, sweeper = Relay(settings), Sweeper(settings, db, clock, overdue)
        seal = Seal(settings.quarantine_key_file)
        inbox = inbox_of(NAME, db, seal, ours, clock)
        hearing = Hearing(
            settings.kafka_access,
            settings.consumer_group,
            HEARD,
            db,
            seal,
            inbox.hear,
            pass_by=inbox.pass_by,
            most=BATCH,
            instance=settings.consumer_instance,
        )
        watchdog = Watchdog(hearing, lag, settings.stuck_after_s)
        health = Health(NAME)
        health.watch("now", "the service's clock", clock.now)
        health.watch("outbox_pending", "facts told and not acknowledged by the broker", functools.partial(outbox.depth, db))
        health.watch(
            "oldest_pending_s", "age of the oldest fact not acknowledged", functools.partial(outbox.oldest_pending, db), limit=STUCK_S
        )
        health.watch("timers_due", "timers that are due and not fired", sweeper.due)
        health.watch("next_timer_at", "when the earliest timer is due", sweeper.next_at)
        health.watch("lag", "records told and not heard yet", lag.read)
        health.watch("stuck_s", "seconds in which records waited and nothing moved", watchdog.stuck_s, limit=settings.stuck_after_s)
        health.watch("quarantined", "records that wait for an operator", functools.partial(count_open, db))
        health.watch("parked", "events that wait for an earlier one of their stream", inbox.parked)
        health.watch("oldest_parked_s", "age of the oldest event that waits for an earlier one", inbox.oldest_parked)
        health.watch("conflicts", "events that came under a sequence that another one has", inbox.conflicts)
        background = [relay.run, sweeper.run, hearing.run, inbox.run, watchdog.run, Retention(db).run, health.run]
        await run(settings, make_api(settings, db, clock, hearing, inbox, ours), health.app(), background)


if __name__ == "__main__":
    begin(NAME, house)
