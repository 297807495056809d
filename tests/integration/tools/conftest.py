"""`./sluss` as an operator types it, on the street of the test run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result

from deploy.local.record import StreetRecord
from shared.postgres import Database, connect
from tests.e2e.referral_seeds import Referred
from tests.street import service_client
from tools.cli import sluss

Sluss = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(street: StreetRecord) -> Sluss:
    """Runs a command, in a thread because it has an event loop of its own; what it prints lies on the result."""

    async def run(*words: str) -> Result:
        env = {"SLUSS_STREET": str(street.folder), "COLUMNS": "120"}
        return await asyncio.to_thread(CliRunner(env=env).invoke, sluss, words)

    return run


@asynccontextmanager
async def database(street: StreetRecord, service: str) -> AsyncIterator[Database]:
    """A service's own database."""
    record = street.services[service]
    db = await connect(record.database_url, record.password_file.read_text(), size=1)
    yield db
    await db.close()


@pytest.fixture
async def intake(street: StreetRecord) -> AsyncIterator[Database]:
    async with database(street, "intake") as db:
        yield db


@pytest.fixture
async def leadtimes(street: StreetRecord) -> AsyncIterator[Database]:
    async with database(street, "leadtimes") as db:
        yield db


@pytest.fixture
async def referrals(street: StreetRecord) -> AsyncIterator[Database]:
    async with database(street, "referrals") as db:
        yield db


def a_case(street: StreetRecord) -> UUID:
    """A first contact and an application, through intake's API."""
    with service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        today = {"happened": {"on": "2000-06-01"}}
        contact = {"person_ref": str(uuid4()), "channel": "phone", "source_system": "intake", **today}
        case = intake.post("/intake/cases", json=contact, headers={"Idempotency-Key": uuid4().hex}).json()["case_id"]
        applied = {"kind": "new", "channel": "phone", "period_from": "2000-06-01", "period_to": "2000-06-30", **today}
        answer = intake.post(f"/intake/cases/{case}/applications", json=applied, headers={"Idempotency-Key": uuid4().hex})
        assert answer.status_code == 201, answer.text
    return UUID(case)


def a_referral(street: StreetRecord) -> UUID:
    """A referral that was sent and begun, through the API of referrals; its case."""
    with service_client(street, "intake", "intake-staff") as intake, service_client(street, "referrals", "referrals-staff") as referrals:
        return UUID(Referred(intake, referrals).ready_for("completion")["case_id"])
