"""Intake on a database of its own, its vault under a role of its own, its API called in this process, its clock at 1 February 2026."""

import json
import logging
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from contracts.envelope import Envelope, open_message
from deploy.local import keys as street_keys
from deploy.local.databases import SHARE, VAULT
from deploy.local.places import Places
from deploy.local.record import StreetRecord
from services.intake.api import make_api
from services.intake.handlers.cases import Ours, fire
from services.intake.main import MIGRATIONS, OF_VAULT
from services.intake.settings import Settings
from services.intake.settings.routing import read_routing
from services.intake.store.sealing import VaultKeys
from services.intake.store.vault import SCHEMA, Vault
from shared import log
from shared.auth import issue_token, new_signing_key, public_keys
from shared.clock import Clock, open_clock
from shared.context import begin
from shared.migrate import migrate
from shared.postgres import Database, connect, connect_alone
from tests.street import Servers

NOW = datetime(2026, 2, 1, 10, 0, tzinfo=UTC)
PERSON = "0b9e6d5c-4a3f-4c1e-9d2b-7f8a6c5e4d3b"
CONTACT = {"person_ref": PERSON, "channel": "phone"}
APPLICATION = {"person_ref": PERSON, "kind": "new", "channel": "e_service", "period_from": "2026-01-01", "period_to": "2026-01-31"}
HOUSEHOLD, OTHER = "5d7c2f1a-8e4b-4f6d-a1c3-2b9e8d7f6a5c", "7c1d0f4e-2b9a-4d63-8e5f-6a3c9b1d2e7f"
TOGETHER = {name: value for name, value in APPLICATION.items() if name != "person_ref"} | {
    "adults": [
        {"person_ref": PERSON, "role": "applicant", "hindrance": "unemployed", "source_ref": "A-1"},
        {"person_ref": OTHER, "role": "co_applicant", "hindrance": "parental"},
    ]
}
GRANTED = {"outcome": "granted", "support_from": "2026-01-01", "support_to": "2026-01-31", "decided_by_role": "social_worker"}
TABLES = (
    "state, source_ref, import_item, override, handling, worker, household_role, change, change_pending, outbox, outbox_pending, "
    "stream_sequence, timer, idempotency, simulated_clock"
)
REJECTED = {"outcome": "rejected", "decided_by_role": "social_worker"}


@dataclass(frozen=True)
class Intake:
    """The service without its relay and its sweeper: its database, its clock, its API."""

    db: Database
    vault: Vault
    settings: Settings
    ours: Ours
    clock: Clock
    app: FastAPI
    clients: Mapping[str, httpx.AsyncClient]
    keys: "count[int]"

    @property
    def staff(self) -> httpx.AsyncClient:
        return self.clients["intake-staff"]

    @property
    def operator(self) -> httpx.AsyncClient:
        return self.clients["operator"]

    async def post(
        self, path: str, on: str | None = None, key: str | None = None, if_match: str | None = None, **body: Any
    ) -> httpx.Response:
        """Sends a request with a key of its own unless one is given; `on`: the day it happened."""
        headers = {"Idempotency-Key": key or f"key-{next(self.keys)}", **({"If-Match": if_match} if if_match else {})}
        return await self.staff.post(f"/intake{path}", json=({"happened": {"on": on}} if on else {}) | body, headers=headers)

    async def done(self, path: str, on: str | None = None, **body: Any) -> dict[str, Any]:
        """The answer to a request that must be carried out."""
        answer = await self.post(path, on, **body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def told(self, case_id: str) -> list[Envelope]:
        """What was told of a case, in its order."""
        rows = await self.db.fetch("SELECT headers, payload FROM outbox WHERE stream = $1 ORDER BY sequence", UUID(case_id))
        opened = [open_message([(name, value.encode()) for name, value in row["headers"]], row["payload"]) for row in rows]
        assert all(isinstance(each, Envelope) for each in opened)
        return [each for each in opened if isinstance(each, Envelope)]

    async def names(self, case_id: str) -> list[str]:
        """What was told of a case, by name."""
        return [each.type.split(".")[-2] for each in await self.told(case_id)]

    async def move_to(self, at: str) -> None:
        """Moves the clock and fires what is due, as the sweeper would."""
        answer = await self.operator.post("/intake/clock", json={"to": at})
        assert answer.is_success, answer.text
        now = await self.clock.now()
        for row in await self.db.fetch("SELECT stream FROM timer WHERE due_at <= $1 ORDER BY due_at", now):
            await fire(self.db, self.ours, row["stream"], begin(now, "timer"))

    async def counts(self) -> tuple[int, ...]:
        """How many cases, facts and settled requests there are."""
        return tuple([await self.db.fetchval(f"SELECT count(*) FROM {table}") for table in ("state", "outbox", "idempotency")])


@pytest.fixture(scope="session")
async def service(street: StreetRecord, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Intake]:
    """The service, once for all these tests. Its vault is the street's own role's, let into this database too."""
    name, folder = f"t_{uuid4().hex}", tmp_path_factory.mktemp("intake")
    admin = await connect_alone(servers.admin_url, servers.admin_password)
    await admin.execute(f"CREATE DATABASE {name}")
    role = f"intake{VAULT}"
    await admin.execute(SHARE.format(database=name, name=role))
    key = new_signing_key()
    (folder / "keys.json").write_text(json.dumps(public_keys([key])))
    (folder / "password").write_text(servers.admin_password)
    for file in ("vault.key", "lookup.key"):
        (folder / file).write_bytes(os.urandom(32))
    settings = Settings(
        database_url=servers.admin_url.rpartition("/")[0] + f"/{name}",
        database_password_file=folder / "password",
        kafka="127.0.0.1:1",
        http_port=0,
        ops_port=0,
        token_keys_file=folder / "keys.json",
        token_issuer="test",
        vault_url=f"postgresql://{role}@{street.postgres.address}/{name}",
        vault_password_file=street_keys.password(Places(street.folder), role),
        vault_key_file=folder / "vault.key",
        lookup_key_file=folder / "lookup.key",
        simulation=True,
        simulation_start=NOW,
    )
    db = await connect(settings.database_url, settings.database_password)
    await migrate(db, MIGRATIONS)
    keys = VaultKeys(settings.vault_key_file, settings.lookup_key_file)
    vault = Vault(await connect(settings.vault_url, settings.vault_password, schema=SCHEMA), keys)
    await migrate(vault.db, OF_VAULT, schema=SCHEMA)
    clock = await open_clock(settings, db)
    ours = Ours(settings.source, read_routing(settings.routing_file), vault)
    app = make_api(settings, db, vault, clock, ours)

    def client(*roles: str) -> httpx.AsyncClient:
        token = issue_token(key, "test", "sluss", f"test-{roles[0]}", roles, timedelta(hours=1))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://intake.test", headers={"Authorization": f"Bearer {token}"}
        )

    roles = ("operator", "intake-manager", "partners", "meetings", "notifications", "leadtimes-reader")
    clients = {role: client(role) for role in roles} | {"intake-staff": client("intake-staff", "intake-decider", "intake-protected")}
    clients["assistant"] = client("intake-staff")  # staff who may neither decide nor see cases of protected persons
    yield Intake(db, vault, settings, ours, clock, app, clients, count())
    for each in clients.values():
        await each.aclose()
    db.terminate()
    vault.db.terminate()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(autouse=True)
def logs_as_a_service_does() -> Iterator[None]:
    """Without this, structlog draws every traceback for a terminal, which takes longer than the work."""
    kept, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.start("test")
    yield
    logging.getLogger().handlers[:] = kept
    logging.getLogger().setLevel(level)


@pytest.fixture
async def intake(service: Intake) -> Intake:
    """The service with nothing registered yet, its clock back at its birth."""
    await service.db.execute(f"TRUNCATE {TABLES}")
    await service.db.execute("TRUNCATE vault.person, vault.person_key, vault.identity_access, vault.idempotency")
    await open_clock(service.settings, service.db)
    return service
