"""Migrations: numbered SQL files, applied once, in order, whoever starts first."""

import hashlib
from pathlib import Path

from shared.crash import CrashPoint, reach
from shared.postgres import LONG_COMMAND_S, Database, lock, transaction

OWN = Path(__file__).parent / "migrations"
MADE = "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"


class MigrationChanged(Exception):
    """An applied file was edited afterwards: make a new one instead. Names the file."""


async def migrate(db: Database, folder: Path, *, schema: str | None = None) -> list[str]:
    """Applies what is missing of the chassis' own files and then of `folder`; answers the names applied.

    `schema`: the one that `db` is connected for; it is made if it is not there, and holds nothing of the chassis.

    All in one transaction under one lock: two processes that start at once apply each file once, and a file that
    fails leaves the database as it was. Raises MigrationChanged.
    """
    applied = []
    async with transaction(db) as tx:
        await lock(tx, "migrate")
        if schema:
            await tx.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        await tx.execute(MADE)
        known = {row["name"]: row["sha256"] for row in await tx.fetch("SELECT name, sha256 FROM migration")}
        for file in [*([] if schema else sorted(OWN.glob("*.sql"))), *sorted(folder.glob("*.sql"))]:
            name = f"{'shared' if file.parent == OWN else 'service'}/{file.name}"
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            if name not in known:
                await tx.execute(file.read_text(encoding="utf-8"), timeout=LONG_COMMAND_S)
                reach(CrashPoint.MIGRATION_IN_THE_MIDDLE)
                await tx.execute("INSERT INTO migration (name, sha256) VALUES ($1, $2)", name, digest)
                applied.append(name)
            elif known[name] != digest:
                raise MigrationChanged(f"{name} was changed after it had been applied")
    reach(CrashPoint.MIGRATION_AFTER)
    return applied
