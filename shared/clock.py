"""The only place that knows the time: real, or, under SLUSS_SIMULATION, real time plus an offset that only moves forward."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.postgres import Database
from shared.settings import ServiceSettings

LOCAL = ZoneInfo("Europe/Stockholm")


class Backwards(Exception):
    """Somebody tried to move the clock back. Facts are already recorded at later times."""


def real_now() -> datetime:
    """The real time, UTC: for tokens, leases, retention and telemetry, which no simulation may bend."""
    return datetime.now(UTC)


def local_date(at: datetime) -> date:
    """The calendar date in Sweden at an instant."""
    return at.astimezone(LOCAL).date()


def local_midnight(day: date) -> datetime:
    """The instant at which a day begins in Sweden, with its offset (02:00 UTC+2 nights and all)."""
    return datetime.combine(day, time(), LOCAL)


class Clock:
    """The time that facts are registered at."""

    async def now(self) -> datetime:
        """The present, UTC."""
        return real_now()


class SimulatedClock(Clock):
    """Real time plus the offset kept in one row of the service's database, so that every process of the service agrees.

    While the machine's own clock is set back it stands still: in one process it never goes back.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._latest = real_now()

    async def now(self) -> datetime:
        """The simulated present, UTC."""
        ahead = await self._db.fetchval("SELECT ahead FROM simulated_clock")
        self._latest = max(self._latest, real_now())
        return self._latest + (ahead or timedelta())

    async def move_to(self, at: datetime) -> datetime:
        """Moves the clock forward to an instant and wakes the timers; raises Backwards for an earlier one."""
        ahead = at - real_now()
        moved = await self._db.fetchval("UPDATE simulated_clock SET ahead = $1 WHERE ahead <= $1 RETURNING true", ahead)
        if not moved:
            raise Backwards
        await self._db.execute("SELECT pg_notify('timer', '')")
        return await self.now()


async def open_clock(settings: ServiceSettings, db: Database) -> Clock:
    """The clock the settings ask for; a fresh database's simulated clock begins at `simulation_start`, else at real time."""
    if not settings.simulation:
        return Clock()
    ahead = settings.simulation_start - real_now() if settings.simulation_start else timedelta()
    await db.execute("INSERT INTO simulated_clock (ahead) VALUES ($1) ON CONFLICT DO NOTHING", ahead)
    return SimulatedClock(db)
