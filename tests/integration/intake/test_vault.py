"""The identity vault at rest: nobody but its own role reads it, and not one byte of a number or a name is plain in it."""

import base64
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag

from deploy.local import keys
from deploy.local.places import Places
from deploy.local.record import StreetRecord
from services.intake.store.sealing import VaultKeys
from services.intake.store.vault import SCHEMA
from shared.postgres import connect, connect_alone
from shared.retention import KEYS_KEPT, Retention
from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_persons import NUMBER, OTHER, erase, identity, look_up
from tests.street import Servers

BYTES = re.compile(r"\\x((?:[0-9a-f]{2})+)")  # as PostgreSQL writes bytea
TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"


def forms(words: str) -> set[bytes]:
    """What a search for these words finds them by: as text in two encodings, and those as hex and base64, wherever that begins."""
    plain = {words.encode(), words.encode("utf-16-le"), words.encode("utf-16-be"), words.upper().encode()}
    coded = {each.hex().encode() for each in plain} | {each.hex().upper().encode() for each in plain}
    for each in plain:
        for before in range(3):
            text = base64.b64encode(b"\0" * before + each)
            coded.add(text[4 if before else 0 : -4])
    return plain | coded | {json.dumps(words).encode()[1:-1]}


async def pieces(admin: Any, since: float) -> AsyncIterator[bytes]:
    """Every table of the database as the administrator reads it; then its files, written out, and the server's log of changes."""
    for schema, table in await admin.fetch(TABLES):
        rows = [row[0] for row in await admin.fetch(f'SELECT whole_row::text FROM "{schema}"."{table}" whole_row')]
        text = "\n".join(rows)
        yield b"\n".join([text.encode(), *map(bytes.fromhex, BYTES.findall(text))])
    for file in await files(admin):
        if file.stat().st_mtime >= since:
            yield file.read_bytes()


async def files(admin: Any) -> list[Path]:
    """The files of the database and of the log of changes; none where the server's folder is not on this machine."""
    await admin.execute("CHECKPOINT")
    folder = Path(await admin.fetchval("SHOW data_directory"))
    number = await admin.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    return [each for part in (f"base/{number}", "pg_wal") for each in (folder / part).rglob("*") if each.is_file()]


async def found(secret: Iterable[str], admin: Any, since: float) -> set[str]:
    """Which of these words are anywhere, in whatever form."""
    return {words async for raw in pieces(admin, since) for words in secret if any(each in raw for each in forms(words))}


@pytest.fixture
async def admin(intake: Intake, servers: Servers) -> Any:
    connection = await connect_alone(intake.settings.database_url, servers.admin_password)
    yield connection
    await connection.close()


async def test_not_one_byte_is_plain_before_the_erasure_nor_after(intake: Intake, admin: Any) -> None:
    begun = time.time() - 1
    names = {"given_name": "Kanariefågel", "family_name": "Åkesson-Vaultprov"}
    address = {"street": "Sluttningsgränden 71", "postal_code": "194 80", "place": "Ort"}
    secret = [NUMBER, NUMBER[2:], OTHER, OTHER[2:], *names.values(), address["street"]]
    person_ref = (await intake.done("/persons", number=NUMBER, **names, address=address))["person_ref"]
    await intake.done(f"/persons/{person_ref}/number", number=OTHER)
    await look_up(intake, NUMBER)
    assert (await identity(intake, person_ref)).json()["number"] == OTHER
    assert await found(secret, admin, begun) == set()
    assert (await erase(intake, person_ref)).is_success
    assert await found(secret, admin, begun) == set()
    assert await found([person_ref], admin, begun) == {person_ref}, "what was written is found"
    left = await admin.fetchrow("SELECT (SELECT count(*) FROM vault.person_key), lookup, sealed FROM vault.person")
    assert tuple(left) == (0, None, None)


async def test_the_search_finds_words_where_they_are(admin: Any, street: StreetRecord) -> None:
    begun = time.time() - 1
    ways: list[Callable[[str], bytes]] = [
        lambda words: words.encode(),
        lambda words: words.encode("utf-16-le"),
        lambda words: base64.b64encode(b"x" + words.encode()),
        lambda words: words.encode().hex().encode(),
    ]
    words = [f"Sökprovet-{number}-i-klartext" for number in range(len(ways))]
    await admin.execute("CREATE TABLE plain (raw bytea)")
    try:
        for way, each in zip(ways, words, strict=True):
            await admin.execute("INSERT INTO plain VALUES ($1)", way(each))
        assert await found(words, admin, begun) == set(words)
    finally:
        await admin.execute("DROP TABLE plain")
    if street.postgres.kind == "embedded":
        assert await found(words, admin, begun) == set(words), "the table is gone; the server's files are read, and its log still has them"


@pytest.mark.parametrize("table", ["person", "person_key", "identity_access", "idempotency", "migration"])
async def test_intakes_own_role_is_refused_by_the_database(intake: Intake, street: StreetRecord, table: str) -> None:
    await intake.done("/persons", number=NUMBER)
    url = intake.settings.vault_url.replace("intake_vault@", "intake@")
    connection = await connect_alone(url, keys.password(Places(street.folder), "intake").read_text())
    try:
        for statement in (
            f"SELECT * FROM vault.{table}",
            f"DELETE FROM vault.{table}",
            f"CREATE TABLE vault.copy AS SELECT * FROM vault.{table}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement.format(table))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SET ROLE intake_vault")
    finally:
        await connection.close()


@pytest.mark.parametrize("statement", ["SELECT * FROM vault.person", "SELECT * FROM vault.person_key", "DROP SCHEMA vault CASCADE"])
async def test_the_owner_of_the_streets_own_database_is_refused_too(street: StreetRecord, statement: str) -> None:
    record = street.services["intake"]
    connection = await connect_alone(record.database_url, record.password_file.read_text())
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("statement", ["SELECT * FROM", "DELETE FROM", "TRUNCATE", "UPDATE"])
async def test_the_access_log_can_only_be_added_to(intake: Intake, statement: str) -> None:
    await intake.done("/persons", number=NUMBER)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await intake.vault.db.execute(f"{statement} identity_access" + (" SET caller = 'x'" if statement == "UPDATE" else ""))


async def test_the_vaults_role_reads_no_case(intake: Intake) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await intake.vault.db.fetch("SELECT * FROM public.state")


async def test_of_a_request_no_mere_hash_is_kept(intake: Intake) -> None:
    """Against the hash that other requests have, every number there is could be tried in a minute."""
    await intake.post("/persons", number=NUMBER)
    plain = hashlib.sha256(b"POST /intake/persons?b''\n" + f'{{"number":"{NUMBER}"}}'.encode()).digest()
    assert await intake.db.fetchval("SELECT request_sha256 FROM vault.idempotency") == intake.vault.keys.lookup(plain) != plain


async def test_what_is_sealed_opens_for_its_own_person_only(intake: Intake) -> None:
    first, second = [(await intake.done("/persons", number=number))["person_ref"] for number in (NUMBER, OTHER)]
    await intake.db.execute("UPDATE vault.person SET sealed = (SELECT sealed FROM vault.person WHERE person_ref = $1)", UUID(first))
    await intake.db.execute(
        "UPDATE vault.person_key SET wrapped_key = (SELECT wrapped_key FROM vault.person_key WHERE person_ref = $1)", UUID(first)
    )
    assert (await identity(intake, first)).json()["number"] == NUMBER
    assert (await identity(intake, second)).status_code == 500, "bound to another person: never told as this one's"


async def test_a_request_is_forgotten_when_its_time_has_passed(intake: Intake) -> None:
    for key in ("old", "new"):
        await intake.post("/persons", key=key, number=None)
    await intake.db.execute("UPDATE vault.idempotency SET settled_at = now() - $1::interval WHERE key = 'old'", KEYS_KEPT)
    await Retention(intake.vault.db, sessions=False).forget()
    assert [row["key"] for row in await intake.db.fetch("SELECT key FROM vault.idempotency")] == ["new"]


async def test_the_connections_of_the_vault_find_its_schema_alone(intake: Intake) -> None:
    pool = await connect(intake.settings.vault_url, intake.settings.vault_password, size=1, schema=SCHEMA)
    assert await pool.fetchval("SELECT array_to_string(current_schemas(false), ',')") == "vault"
    await pool.close()


def test_a_key_file_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"x" * 31)
    (tmp_path / "good").write_bytes(b"x" * 32)
    for pair in (("short", "good"), ("good", "short")):
        with pytest.raises(ValueError, match="32 bytes"):
            VaultKeys(*(tmp_path / name for name in pair))


def test_a_seal_is_new_each_time_and_opens_under_no_other_key(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 32)
    vault, person = VaultKeys(tmp_path / "a", tmp_path / "b"), UUID(int=1)
    wrapped, other = vault.new_data_key(), vault.new_data_key()
    sealed = [vault.seal(person, wrapped, b"words") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert [vault.open(person, wrapped, each) for each in sealed] == [b"words"] * 2
    for wrong in ((UUID(int=2), wrapped), (person, other)):
        with pytest.raises(InvalidTag):
            vault.open(*wrong, sealed[0])
