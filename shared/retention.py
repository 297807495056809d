"""Retention: what HTTP remembers is forgotten when its time has passed. In real time, also under simulation."""

import asyncio
from datetime import timedelta

from shared.clock import real_now
from shared.idempotency import forget_older
from shared.log import logger
from shared.pause import pause
from shared.postgres import Database, is_transient, transaction
from shared.sessions import forget_ended

KEYS_KEPT = timedelta(days=8)  # promised: seven
ROUND_S = 3600.0


class Retention:
    """Background work of a service: a round an hour. It may run in several processes at once.

    `sessions`: whether the database has those of browsers too, beside the keys of requests.
    """

    def __init__(self, db: Database, *, sessions: bool = True) -> None:
        self._db, self._sessions = db, sessions

    async def run(self, stop: asyncio.Event) -> None:
        """Forgets until `stop`; a database that is away is asked again at the next round."""
        while not stop.is_set():
            try:
                await self.forget()
            except Exception as error:
                if not is_transient(error):
                    raise
                logger.warning("retention waits for the database", error=type(error).__name__)
            await pause(ROUND_S, stop)

    async def forget(self) -> None:
        """One round."""
        async with transaction(self._db) as tx:
            await forget_older(tx, real_now() - KEYS_KEPT)
            if self._sessions:
                await forget_ended(tx)
