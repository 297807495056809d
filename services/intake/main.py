"""The composition root of intake: the only file that builds things. Runs its API, relay, timers and retention in one process."""

import functools
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.intake.api import make_api
from services.intake.handlers.cases import Ours, fire
from services.intake.settings import Settings
from services.intake.settings.routing import read_routing
from services.intake.store.sealing import VaultKeys
from services.intake.store.vault import SCHEMA, Vault
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
VAULT_CONNECTIONS = 5
MIGRATIONS = Path(__file__).parent / "migrations"
OF_VAULT = MIGRATIONS / "vault"


async def house() -> None:
    """Builds the service and runs it until it is told to stop."""
    settings = Settings()
    tables = read_routing(settings.routing_file)
    keys = VaultKeys(settings.vault_key_file, settings.lookup_key_file)
    async with AsyncExitStack() as pools:
        db = await connect(settings.database_url, settings.database_password)
        pools.push_async_callback(db.close)
        vault = Vault(await connect(settings.vault_url, settings.vault_password, size=VAULT_CONNECTIONS, schema=SCHEMA), keys)
        pools.push_async_callback(vault.db.close)
        ours = Ours(settings.source, tables, vault)
        await migrate(db, MIGRATIONS)
        await migrate(vault.db, OF_VAULT, schema=SCHEMA)
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
        background = [relay.run, sweeper.run, Retention(db).run, Retention(vault.db, sessions=False).run, health.run]
        await run(settings, make_api(settings, db, vault, clock, ours), health.app(), background)


if __name__ == "__main__":
    begin(NAME, house)
