"""Timers: rows that are due at an instant, fired in time order by one holder as ordinary commands, re-checked when they fire."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from shared.clock import Clock
from shared.crash import CrashPoint, reach
from shared.log import logger
from shared.pause import pause
from shared.postgres import Connection, Database, Transaction, connect_alone, hold, is_transient
from shared.settings import ServiceSettings

POLL_S = 1.0
BATCH = 100
Fire = Callable[[UUID, datetime], Awaitable[None]]

SET = "INSERT INTO timer (stream, due_at) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET due_at = excluded.due_at"
CLEAR = "DELETE FROM timer WHERE stream = $1"
DUE = "SELECT stream, due_at FROM timer WHERE due_at <= $1 AND stream <> ALL($2::uuid[]) ORDER BY due_at, stream LIMIT $3"
DUE_COUNT = "SELECT count(*) FROM timer WHERE due_at <= $1"
NEXT = "SELECT min(due_at) FROM timer"


class NotMoved(Exception):
    """A timer was fired and is due at the same instant still: fired at once again, it would never let the loop rest."""


async def set_timer(tx: Transaction, stream: UUID, due_at: datetime | None) -> None:
    """Says when a stream shall be looked at again; None: never. In the transaction of the effect, so the two cannot disagree."""
    if due_at is None:
        await tx.execute(CLEAR, stream)
    else:
        await tx.execute(SET, stream, due_at)
        await tx.execute("SELECT pg_notify('timer', '')")


class Sweeper:
    """Fires due timers. One a service: the holder of a session lock; a second process waits until the first is gone."""

    def __init__(self, settings: ServiceSettings, db: Database, clock: Clock, fire: Fire) -> None:
        self._settings, self._db, self._clock, self._fire = settings, db, clock, fire
        self._woken = asyncio.Event()

    async def due(self) -> float:
        """How many timers are due and not fired yet."""
        return float(await self._db.fetchval(DUE_COUNT, await self._clock.now()))

    async def next_at(self) -> datetime | None:
        """The instant of the earliest timer."""
        at: datetime | None = await self._db.fetchval(NEXT)
        return at

    async def run(self, stop: asyncio.Event) -> None:
        """Sweeps until `stop`; a lost connection is a lost lock, so it is taken anew."""
        while not stop.is_set():
            connection: Connection | None = None
            try:
                connection = await connect_alone(self._settings.database_url, self._settings.database_password)
                await connection.add_listener("timer", lambda *_: self._woken.set())
                await self._sweep_while_holding(connection, stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                logger.warning("timers wait for the database", error=type(error).__name__)
                await pause(POLL_S, stop)
            finally:
                if connection is not None:
                    connection.terminate()

    async def _sweep_while_holding(self, connection: Connection, stop: asyncio.Event) -> None:
        while not await hold(connection, "timers"):
            await pause(POLL_S, stop)
            if stop.is_set():
                return
        while not stop.is_set():
            self._woken.clear()
            await self._sweep(connection, stop)
            await pause(POLL_S, self._woken, stop)

    async def _sweep(self, connection: Connection, stop: asyncio.Event) -> None:
        """Fires all that is due. A timer that fails, or that firing did not move, is passed over until the next round."""
        passed_over: list[UUID] = []
        fired: set[tuple[UUID, datetime]] = set()
        while rows := await self._db.fetch(DUE, await self._clock.now(), passed_over, BATCH):
            await connection.execute("SELECT 1")  # raises when the lock is lost with its connection
            for row in rows:
                if stop.is_set():
                    return
                reach(CrashPoint.TIMER_BEFORE_FIRE)
                try:
                    if (row["stream"], row["due_at"]) in fired:
                        raise NotMoved
                    fired.add((row["stream"], row["due_at"]))
                    await self._fire(row["stream"], row["due_at"])
                    reach(CrashPoint.TIMER_AFTER_FIRE)
                except Exception as error:
                    if is_transient(error):
                        raise
                    passed_over.append(row["stream"])
                    logger.error("a timer could not be fired", exc_info=error)
