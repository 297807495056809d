"""PostgreSQL: the only file that knows asyncpg. A pool, one way to open a transaction, and which faults pass by themselves."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Database: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Transaction: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:  # at run time asyncpg's classes take no parameter
    Database, Transaction, Connection = asyncpg.Pool, asyncpg.pool.PoolConnectionProxy, asyncpg.Connection
Row: TypeAlias = asyncpg.Record

CONNECT_S = 5.0
# A network that swallows packets never says so: what is not answered by then is given up, with its connection. Longer than the
# server waits for a lock, so that the server's own word comes first.
COMMAND_S = 15.0
LONG_COMMAND_S = 60.0  # for what reads a great deal: as long as the server itself would let it
IDLE_S = 10.0  # a connection that nobody used for so long is closed: if it is dead, nobody need find out by waiting
# The server ends what a dead or hung client left open; without these a lock outlives its holder.
SERVER_SETTINGS = {
    "application_name": "sluss",
    "timezone": "UTC",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


async def _learn_types(connection: Any) -> None:
    """jsonb columns are read and written as Python values."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def connect(url: str, password: str | None, *, size: int = 10, schema: str | None = None) -> Database:
    """A pool of at most `size` connections. Raises what `is_transient` calls transient while the server is not there.

    `schema`: the only one in which names without one are looked for.
    """
    return await asyncpg.create_pool(
        url,
        password=password,
        min_size=1,
        max_size=size,
        timeout=CONNECT_S,
        command_timeout=COMMAND_S,
        max_inactive_connection_lifetime=IDLE_S,
        server_settings=SERVER_SETTINGS | ({"search_path": schema} if schema else {}),
        init=_learn_types,
    )


async def connect_alone(url: str, password: str | None) -> Connection:
    """One connection outside the pool, for a session lock or LISTEN: both live and die with the connection."""
    connection: Connection = await asyncpg.connect(
        url,
        password=password,
        timeout=CONNECT_S,
        command_timeout=COMMAND_S,
        server_settings={**SERVER_SETTINGS, "idle_in_transaction_session_timeout": "0"},
    )
    await _learn_types(connection)
    return connection


@asynccontextmanager
async def transaction(db: Database, *, snapshot: bool = False) -> AsyncIterator[Transaction]:
    """One transaction: commits at the end of the block, rolls back on any exception.

    `snapshot`: read-only, and every statement sees the same moment.
    """
    async with db.acquire(timeout=CONNECT_S) as connection:
        isolation: Any = "repeatable_read" if snapshot else "read_committed"
        opened = connection.transaction(isolation=isolation, readonly=snapshot)
        try:
            await opened.start()
            try:
                yield connection
            except TimeoutError:
                raise
            except BaseException:
                await opened.rollback()
                raise
            else:
                await opened.commit()
        except TimeoutError:
            # To ask a silent server to roll back, or whether the connection is clean, is to wait as long again: it does so without us.
            connection.terminate()
            raise


def lock_number(name: str) -> int:
    """The advisory lock number of a name: 63 bits of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


async def lock(tx: Transaction, name: str | UUID) -> None:
    """Waits for the lock on an identity, held to the end of the transaction; it holds before any row of that identity exists."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", lock_number(str(name)))


async def try_lock(tx: Transaction, name: str) -> bool:
    """Takes the lock to the end of the transaction if nobody has it; never waits."""
    return bool(await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_number(name)))


async def hold(connection: Connection, name: str) -> bool:
    """Takes a lock for as long as this very connection lives: the mark of the one relay, the one sweeper."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock_number(name)))


TRANSIENT_CLASSES = ("08", "53", "57")
TRANSIENT_STATES = ("25006", "40001", "40P01", "55P03", "58030")


def is_transient(error: BaseException) -> bool:
    """Whether waiting can cure it: the server is away, full, restarting, a standby, or two transactions met.

    SQLSTATE classes 08 (connection), 53 (resources), 57 (operator), and 25006, 40001, 40P01, 55P03, 58030 (PostgreSQL, appendix A).
    Between a server's last words and the end of its connection asyncpg raises InternalClientError: the next connection is a new one.
    A value that asyncpg refuses to send is an InterfaceError too, and a ValueError: no waiting makes it fit.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        return state[:2] in TRANSIENT_CLASSES or state in TRANSIENT_STATES
    passing = OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError
    return isinstance(error, passing) and not isinstance(error, ValueError)
