"""Leadtimes on a database of its own, its API called in this process, its clock at 1 April 2026."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from contracts.catalogue import TOPICS
from services.leadtimes.api import make_api
from services.leadtimes.consumers import hear
from services.leadtimes.main import MIGRATIONS
from services.leadtimes.settings import Settings
from shared.auth import issue_token, new_signing_key, public_keys
from shared.broker import Heard, Hearing
from shared.clock import open_clock
from shared.migrate import migrate
from shared.postgres import Database, connect, connect_alone
from shared.quarantine import Seal
from tests.street import Servers

NOW = datetime(2026, 4, 1, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Leadtimes:
    """The service without its broker: its database, its ears, its API."""

    db: Database
    settings: Settings
    app: FastAPI
    hearing: Hearing
    operator: httpx.AsyncClient
    reader: httpx.AsyncClient

    async def hear(self, *facts: Heard) -> None:
        await hear(self.db, facts)

    async def measure(self, code: str, **asked: str) -> dict[str, Any]:
        answer = await self.reader.get(f"/leadtimes/measures/{code}", params=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def clocks(self) -> dict[Any, tuple[str, int]]:
        return {row["case_id"]: (row["body"], row["missing"]) for row in await self.db.fetch("SELECT * FROM clock")}


@pytest.fixture
async def leadtimes(servers: Servers, tmp_path: Path) -> AsyncIterator[Leadtimes]:
    name = f"t_{uuid4().hex}"
    admin = await connect_alone(servers.admin_url, servers.admin_password)
    await admin.execute(f"CREATE DATABASE {name}")
    key = new_signing_key()
    (tmp_path / "keys.json").write_text(json.dumps(public_keys([key])))
    (tmp_path / "seal").write_bytes(os.urandom(32))
    (tmp_path / "password").write_text(servers.admin_password)
    settings = Settings(
        database_url=servers.admin_url.rpartition("/")[0] + f"/{name}",
        database_password_file=tmp_path / "password",
        kafka="127.0.0.1:1",
        http_port=0,
        ops_port=0,
        token_keys_file=tmp_path / "keys.json",
        token_issuer="test",
        quarantine_key_file=tmp_path / "seal",
        simulation=True,
        simulation_start=NOW,
    )
    db = await connect(settings.database_url, settings.database_password)
    await migrate(db, MIGRATIONS)

    async def listen(batch: Any) -> None:
        await hear(db, batch)

    hearing = Hearing(settings.kafka_access, "leadtimes", TOPICS, db, Seal(settings.quarantine_key_file), listen)
    app = make_api(settings, db, await open_clock(settings, db), hearing)

    def client(role: str) -> httpx.AsyncClient:
        token = issue_token(key, "test", "sluss", f"test-{role}", [role], timedelta(minutes=10))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://leadtimes.test", headers={"Authorization": f"Bearer {token}"}
        )

    async with client("operator") as operator, client("leadtimes-reader") as reader:
        yield Leadtimes(db, settings, app, hearing, operator, reader)
    db.terminate()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
