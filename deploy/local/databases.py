"""One database and one role a service, each with its own random password: nobody can read a neighbour's tables.

A service that keeps an identity vault has a second role, NAME_vault, which makes a schema of its own in the service's database.
"""

from collections.abc import Iterable, Mapping

from shared.postgres import Connection, connect_alone

MAKE_ROLE = "CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
# The owner of a database must be a role that its maker belongs to; an administrator who is no superuser is not one yet.
JOIN = "GRANT {name} TO CURRENT_USER"
LET_IN = "ALTER ROLE {name} PASSWORD {password}"
MAKE_DATABASE = "CREATE DATABASE {name} OWNER {name}"
CLOSE = "REVOKE ALL ON DATABASE {name} FROM PUBLIC"
VAULT = "_vault"
SHARE = "GRANT CONNECT, CREATE ON DATABASE {database} TO {name}"


async def make_databases(url: str, password: str | None, passwords: Mapping[str, str]) -> None:
    """Makes what is missing for each role in `passwords`, and sets its password; a service's comes before its vault's. Safe to repeat."""
    connection = await connect_alone(url, password)
    try:
        roles = await _names(connection, "SELECT rolname FROM pg_roles")
        databases = await _names(connection, "SELECT datname FROM pg_database")
        for name, secret in passwords.items():
            for statement in statements(name, roles, databases):
                words = {"name": name, "database": name.removesuffix(VAULT), "password": await _quoted(connection, secret)}
                await connection.execute(statement.format(**words))
    finally:
        await connection.close()


def statements(name: str, roles: Iterable[str] = (), databases: Iterable[str] = ()) -> list[str]:
    """What makes one service's role and database, or its vault's role, where they are not among those that are there."""
    if name.endswith(VAULT):
        return [*([] if name in roles else [MAKE_ROLE]), LET_IN, SHARE]
    role = [] if name in roles else [MAKE_ROLE, JOIN]
    database = [] if name in databases else [MAKE_DATABASE]
    return [*role, LET_IN, *database, CLOSE]


async def _names(connection: Connection, query: str) -> set[str]:
    return {row[0] for row in await connection.fetch(query)}


async def _quoted(connection: Connection, text: str) -> str:
    return str(await connection.fetchval("SELECT quote_literal($1::text)", text))
