"""Referrals on a database of its own, its API called in this process, told by hand what intake would tell; its clock at 1 June 2026."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from contracts import intake
from contracts.codes import AssignmentBasis, AssignmentMode, Channel, InsatsKind, ProtectionLevel, SourceSystem
from contracts.envelope import Envelope, open_message
from contracts.event import PublishedEvent, TimePrecision
from services.referrals.api import make_api
from services.referrals.consumers import HEARD, inbox_of
from services.referrals.handlers.cases import Ours, fire
from services.referrals.handlers.hearing import apply
from services.referrals.main import MIGRATIONS
from services.referrals.settings import Settings
from shared.auth import issue_token, new_signing_key, public_keys
from shared.broker import Hearing
from shared.clock import Clock, local_midnight, open_clock
from shared.context import Context, begin
from shared.migrate import migrate
from shared.postgres import Database, connect, connect_alone, transaction
from shared.quarantine import Seal
from tests.street import Servers

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
TABLES = (
    "state, referral, known_case, conflict, override, change, change_pending, outbox, outbox_pending, stream_sequence, timer, "
    "idempotency, simulated_clock, programme, programme_group, place"
)
ROLES = {
    "sender": ("referrals-staff", "referrals-protected"),
    "assistant": ("referrals-staff",),
    "jobbcentrum": ("referrals-recipient", "function-jobbcentrum"),
    "region": ("referrals-recipient", "function-region-rehab"),
    "operator": ("operator",),
    "nobody": ("leadtimes-reader",),
}
CONTACT = intake.FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE)
DRAFT: dict[str, Any] = {"kind": "insats", "insats_kind": "work_training", "to_function": "jobbcentrum", "planned_hours_per_week": 30}
SENDING: dict[str, Any] = {"reply_within_working_days": 10, "legal_basis": "osl_10_2"}


@dataclass(frozen=True)
class Referrals:
    """The service without its relay, its sweeper and its hearing: its database, its clock, its API."""

    db: Database
    settings: Settings
    ours: Ours
    clock: Clock
    app: FastAPI
    clients: Mapping[str, httpx.AsyncClient]
    keys: "count[int]"

    async def post(
        self, path: str, on: str | None = None, by: str = "sender", key: str | None = None, if_match: str | None = None, **body: Any
    ) -> httpx.Response:
        """Sends a request with a key of its own unless one is given; `on`: the day it happened."""
        headers = {"Idempotency-Key": key or f"key-{next(self.keys)}", **({"If-Match": if_match} if if_match else {})}
        sent = ({"happened": {"on": on}} if on else {}) | body
        return await self.clients[by].post(f"/referrals{path}", json=sent or None, headers=headers)

    async def done(self, path: str, on: str | None = None, by: str = "sender", **body: Any) -> dict[str, Any]:
        """The answer to a request that must be carried out."""
        answer = await self.post(path, on, by, **body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def get(self, path: str, by: str = "sender", **asked: Any) -> dict[str, Any]:
        """What is read."""
        answer = await self.clients[by].get(f"/referrals{path}", params=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def hears(self, case_id: UUID, event: PublishedEvent, on: date = date(2026, 1, 5)) -> UUID:
        """Tells it what intake would have told of a case; answers the id of the event."""
        event_id, now = uuid4(), await self.clock.now()
        envelope = Envelope(
            id=event_id, source="/municipality/0114/intake", subject=case_id, partitionkey=case_id, sequence=1, correlationid=uuid4(),
            time=local_midnight(on), timeprecision=TimePrecision.DAY, recordedtime=now, data=event,
        )  # fmt: skip
        async with transaction(self.db) as tx:
            await apply(tx, self.ours, envelope, Context(now, envelope.correlationid, event_id, "intake"))
        return event_id

    async def case(self) -> UUID:
        """A case that intake has told of."""
        case_id = uuid4()
        await self.hears(case_id, CONTACT)
        return case_id

    async def drafted(self, case_id: UUID, on: str = "2026-03-02", **body: Any) -> str:
        """A referral as a draft; its address."""
        answer = await self.done(f"/cases/{case_id}/referrals", on, **DRAFT | body)
        return f"/cases/{case_id}/referrals/{answer['referral_id']}"

    async def sent(self, case_id: UUID, on: str = "2026-03-02", **body: Any) -> str:
        """A referral that was sent; its address."""
        referral = await self.drafted(case_id, on, **body)
        await self.done(f"{referral}/sending", on, **SENDING)
        return referral

    async def state(self, referral: str) -> str:
        """How far a referral has come."""
        case, _, referral_id = referral.partition("/referrals/")
        return next(str(each["state"]) for each in (await self.get(case))["referrals"] if each["referral_id"] == referral_id)

    async def told(self, case_id: UUID) -> list[Envelope]:
        """What was told of a case, in its order."""
        rows = await self.db.fetch("SELECT headers, payload FROM outbox WHERE stream = $1 ORDER BY sequence", case_id)
        opened = [open_message([(name, value.encode()) for name, value in row["headers"]], row["payload"]) for row in rows]
        return [each for each in opened if isinstance(each, Envelope)]

    async def names(self, case_id: UUID) -> list[str]:
        """What was told of a case, by name."""
        return [each.type.split(".")[-2] for each in await self.told(case_id)]

    async def move_to(self, at: str) -> None:
        """Moves the clock and fires what is due, as the sweeper would."""
        answer = await self.clients["operator"].post("/referrals/clock", json={"to": at})
        assert answer.is_success, answer.text
        now = await self.clock.now()
        for row in await self.db.fetch("SELECT stream FROM timer WHERE due_at <= $1 ORDER BY due_at", now):
            await fire(self.db, self.ours, row["stream"], begin(now, "timer"))


def assignment(
    mode: AssignmentMode = AssignmentMode.DIRECT, basis: AssignmentBasis = AssignmentBasis.SOL_12_1
) -> intake.AssignmentIssuedV1:
    """Anvisning, as intake tells it."""
    return intake.AssignmentIssuedV1(
        assignment_ref=uuid4(), mode=mode, insats_kind=InsatsKind.WORK_TRAINING, planned_hours_per_week=30, basis=basis
    )


PROTECTED = intake.ProtectionLevelChangedV1(level=ProtectionLevel.SECRECY_MARKING, effective_on=date(2026, 1, 5))


@pytest.fixture(scope="session")
async def service(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Referrals]:
    """The service, once for all these tests."""
    name, folder = f"t_{uuid4().hex}", tmp_path_factory.mktemp("referrals")
    admin = await connect_alone(servers.admin_url, servers.admin_password)
    await admin.execute(f"CREATE DATABASE {name}")
    settings, key = _settings(servers, name, folder)
    db = await connect(settings.database_url, settings.database_password)
    await migrate(db, MIGRATIONS)
    clock = await open_clock(settings, db)
    ours = Ours(settings.source, settings.deadlines, settings.direct_assignments_to, settings.consults)

    seal = Seal(settings.quarantine_key_file)
    inbox = inbox_of("referrals", db, seal, ours, clock)
    hearing = Hearing(settings.kafka_access, "referrals", HEARD, db, seal, inbox.hear, pass_by=inbox.pass_by)
    app = make_api(settings, db, clock, hearing, inbox, ours)

    def client(*roles: str) -> httpx.AsyncClient:
        token = issue_token(key, "test", "sluss", f"test-{roles[-1]}", roles, timedelta(hours=1))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://referrals.test", headers=headers)

    clients = {name: client(*roles) for name, roles in ROLES.items()}
    yield Referrals(db, settings, ours, clock, app, clients, count())
    for each in clients.values():
        await each.aclose()
    db.terminate()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


def _settings(servers: Servers, name: str, folder: Path) -> tuple[Settings, dict[str, Any]]:
    key = new_signing_key()
    (folder / "keys.json").write_text(json.dumps(public_keys([key])))
    (folder / "password").write_text(servers.admin_password)
    (folder / "seal").write_bytes(os.urandom(32))
    settings = Settings(
        database_url=servers.admin_url.rpartition("/")[0] + f"/{name}",
        database_password_file=folder / "password",
        kafka="127.0.0.1:1",
        http_port=0,
        ops_port=0,
        token_keys_file=folder / "keys.json",
        token_issuer="test",
        quarantine_key_file=folder / "seal",
        simulation=True,
        simulation_start=NOW,
    )
    return settings, key


@pytest.fixture
async def referrals(service: Referrals) -> Referrals:
    """The service with nothing registered yet, its clock back at its birth."""
    await service.db.execute(f"TRUNCATE {TABLES}")
    await open_clock(service.settings, service.db)
    return service
