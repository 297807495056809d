"""Any request at all: whatever is sent to the running street, no operation answers 5xx, and each can also succeed.

SLUSS_FUZZ_EXAMPLES says how many random requests each operation gets; `make test-fault` sends many more than `make test`.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis

from contracts.catalogue import HISTORY_EVENTS, INTAKE_EVENTS
from contracts.codes import Channel, SourceSystem
from contracts.envelope import Envelope
from contracts.intake import FirstContactRegisteredV1
from deploy.local import keys
from deploy.local.places import Places
from deploy.local.record import StreetRecord
from shared import quarantine
from shared.inbox import Inbox
from shared.postgres import Transaction, connect, transaction
from shared.quarantine import Record, Seal
from tests.browser.small_log import CONFIRMED, RECEIVED, write_small_log
from tests.e2e.fuzzing import Answers, Preparing, send
from tests.e2e.referral_seeds import Referred
from tests.e2e.seeds import DELIVERED, LATER, Cases, a_number, a_person, link_code, soon
from tests.integration.leadtimes.telling import Case
from tests.integration.shared.streams import told
from tests.scenarios import Desk
from tests.street import service_client
from tools.clock import open_clock

LOG = "any-request"
FEW = 4
EXAMPLES = int(os.environ.get("SLUSS_FUZZ_EXAMPLES", FEW))
OF_REFERRALS = max(FEW, EXAMPLES // 4)  # most of its operations are made from one table
SEED = int(os.environ.get("SLUSS_FUZZ_SEED", "1"))
NAMED = {"sha256": "0" * 64, "events": 1, "vocabulary": {"activities": {"a1": {"name": "Begun", "events": 1}}}}
pytestmark = [pytest.mark.timeout(1800), *([pytest.mark.long] if EXAMPLES > FEW else [])]


class AtIntake(Preparing):
    """Half of the requests about a case or a person find a fresh one in the state they need; the clock moves by seconds only."""

    def __init__(self, intake: httpx.Client, seed: int) -> None:
        super().__init__(seed)
        self._intake, self._cases = intake, Cases(intake)

    def prepare(self, case: schemathesis.Case) -> None:
        if "{case_id}" in case.path and self.now_and_then(case):
            case.path_parameters = {**(case.path_parameters or {}), **self._cases.ready_for(case.path.rpartition("/")[2])}
            if case.path.endswith("/corrections") and isinstance(case.body, dict):
                case.body = {"event_id": self._cases.last_fact(case.path_parameters["case_id"]), "entered_in_error": True}
            if case.path.endswith("/duplicate") and isinstance(case.body, dict):
                case.body = {"of": self._cases.another()}
        if "{person_ref}" in case.path and self.now_and_then(case):
            case.path_parameters = {"person_ref": a_person(self._intake)["person_ref"]}
        if case.path.endswith("/stream"):
            case.query = {**(case.query or {}), "for_s": 0}  # else each takes minutes
        if not isinstance(case.body, dict):
            return
        if case.path.endswith("/imports") and self.often(case):
            case.body = DELIVERED | {"items": [each | {"key": str(uuid4())} for each in DELIVERED["items"]]}
        if "number" in case.body and self.now_and_then(case):
            case.body["number"] = a_person(self._intake)["number"] if case.path.endswith(":lookup") else a_number()
        if "happened" in case.body and self.often(case):
            case.body["happened"] = LATER
        if "started_on" in case.body and self.often(case):
            case.body |= {"started_on": LATER["on"], "ended_on": None}
        if case.path.endswith("/pes-checks") and self.often(case):
            case.body |= {"result": "unknown", "registered_since": None}
        if case.path.endswith("/clock") and "to" in case.body:
            case.body["to"] = soon(self._intake, "intake")


class AtReferrals(Preparing):
    """Half of the requests about a referral find one that was in the state they need: the first ones of each step a fresh one."""

    def __init__(self, intake: httpx.Client, referrals: httpx.Client, records: list[int], gaps: list[UUID], seed: int) -> None:
        super().__init__(seed)
        self._service, self._referred, self._records, self._gaps = referrals, Referred(intake, referrals), records, gaps
        self._rewinds = [INTAKE_EVENTS] * 6
        self._made: dict[str, list[dict[str, str]]] = {}

    def prepare(self, case: schemathesis.Case) -> None:
        body, last = case.body if isinstance(case.body, dict) else {}, case.path.rpartition("/")[2]
        if case.path.endswith("/stream"):
            case.query = {**(case.query or {}), "for_s": 0}
        if last == "clock" and "to" in body:
            body["to"] = soon(self._service, "referrals")
        if last == "rewind" and not self._rewinds:
            case.path_parameters = {"topic": "no-topic"}
        if "happened" in body and self.often(case):
            body |= {"happened": LATER} | ({"observed_on": LATER["on"]} if "observed_on" in body else {})
        if not self.now_and_then(case):
            return
        match last:
            case "referrals" | "{case_id}" if "{case_id}" in case.path:
                case.path_parameters = {"case_id": self._referred.case_id()}
            case _ if "{programme_id}" in case.path:
                case.path_parameters = {"programme_id": self._referred.programme()}
            case "settlement":
                case.path_parameters = {"number": self._referred.crossed()}
            case "discard" if case.path.endswith("/gaps/discard"):
                if self._gaps:
                    case.body = {"topic": INTAKE_EVENTS, "stream": str(self._gaps.pop()), "first_parked": 2, "reason": "lost"}
            case "redrive" | "discard" if self._records:
                case.path_parameters = {"number": self._records.pop()}
            case "rewind" if self._rewinds:
                case.path_parameters = {"topic": self._rewinds.pop()}
            case _ if "{referral_id}" in case.path:
                case.path_parameters = self._ready_for(last)

    def _ready_for(self, step: str) -> dict[str, str]:
        made = self._made.setdefault(step, [])
        if len(made) < OF_REFERRALS:
            made.append(self._referred.ready_for(step))
        return made[-1]


class AtLeadtimes(Preparing):
    """Half of the requests find the log, the activities, the record, the topic or the link that they ask for."""

    def __init__(self, leadtimes: httpx.Client, records: list[int], seed: int) -> None:
        super().__init__(seed)
        self._named: list[str] = []
        self._leadtimes, self._records, self._rewinds = leadtimes, records, [HISTORY_EVENTS, INTAKE_EVENTS] * 2

    def prepare(self, case: schemathesis.Case) -> None:
        if case.path.endswith("/clock") and isinstance(case.body, dict) and "to" in case.body:
            case.body["to"] = soon(self._leadtimes, "leadtimes")
        if case.path.endswith("/rewind") and not self._rewinds:  # each takes seconds: enough of them have been
            case.path_parameters = {"topic": "no-topic"}
        if not self.now_and_then(case):
            return
        match case.path.removeprefix("/leadtimes"):
            case "/topics/{topic}/rewind" if self._rewinds:
                case.path_parameters = {"topic": self._rewinds.pop()}
            case "/open":
                case.query = {"code": link_code(self._leadtimes)}
            case "/logs/{name}" if case.method == "PUT":
                self._named.append(f"any-{uuid4()}")
                case.path_parameters, case.body = {"name": self._named[-1]}, NAMED | {"log_id": str(uuid4())}
            case "/logs/{name}" if case.method == "DELETE":
                case.path_parameters = {"name": self._named.pop() if self._named else "none"}
            case "/logs/{name}" if case.method == "GET":
                case.path_parameters = {"name": LOG}
            case "/logs/{name}/stats":
                case.path_parameters = {"name": LOG}
                case.query = {"milestone": f"{RECEIVED} => {CONFIRMED}"}
            case "/logs/{name}/waits" | "/logs/{name}/waits/picture":
                case.path_parameters = {"name": LOG}
                case.query = {**(case.query or {}), "from": RECEIVED, "to": CONFIRMED}
            case "/quarantine/{number}/redrive" | "/quarantine/{number}/discard" if self._records:
                case.path_parameters = {"number": self._records.pop()}


@asynccontextmanager
async def in_quarantine(street: StreetRecord, service: str) -> AsyncIterator[list[int]]:
    """Records in the quarantine of a service that can be heard by now; whatever is left of them goes with the test."""
    record, seal = street.services[service], Seal(keys.quarantine_key(Places(street.folder)))
    contact = FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE)
    db = await connect(record.database_url, record.password_file.read_text(), size=1)
    async with transaction(db) as tx:
        for number in range(50 * EXAMPLES):
            envelope = Case().tell(contact, "1990-02-01").envelope
            kept = Record("any-request", 0, number, *envelope.message(), str(envelope.partitionkey).encode())
            await quarantine.put(tx, seal, kept, "handler_failed")
    yield [each.id for each in await quarantine.listing(db) if each.topic == "any-request"]
    await db.execute("DELETE FROM quarantine WHERE topic = 'any-request'")
    await db.close()


@pytest.fixture
async def records(street: StreetRecord) -> AsyncIterator[list[int]]:
    """Those of leadtimes."""
    async with in_quarantine(street, "leadtimes") as numbers:
        yield numbers


@pytest.fixture
async def records_of_referrals(street: StreetRecord) -> AsyncIterator[list[int]]:
    """Those of referrals."""
    async with in_quarantine(street, "referrals") as numbers:
        yield numbers


@pytest.fixture
async def gaps(street: StreetRecord) -> AsyncIterator[list[UUID]]:
    """Streams of which referrals has heard the second event and not the first; what still waits goes with the test."""
    record = street.services["referrals"]
    db = await connect(record.database_url, record.password_file.read_text(), size=1)
    streams = [uuid4() for _ in range(10 * OF_REFERRALS)]

    async def never(_: Transaction, __: Envelope) -> None:
        raise AssertionError("what comes too early is not applied")

    inbox = Inbox("referrals", db, Seal(keys.quarantine_key(Places(street.folder))), never)
    await inbox.hear([told(INTAKE_EVENTS, stream, 2) for stream in streams])
    yield [*streams]
    await db.execute("DELETE FROM inbox_parked WHERE stream = ANY($1::uuid[])", streams)
    await db.close()


@pytest.fixture
def log(street: StreetRecord, tmp_path: Path) -> None:
    """A log under the name LOG, whole."""
    file = write_small_log(tmp_path / "small.xes")
    command = [sys.executable, "-m", "tools.cli", "import", str(file), "--name", LOG]
    subprocess.run(command, env={**os.environ, "SLUSS_STREET": str(street.folder)}, check=True, capture_output=True, timeout=120)


@pytest.fixture
def one_time(street: StreetRecord, desk: Desk) -> Iterator[None]:
    """After the worked histories; and at the end one clock again for all, which random requests had moved by seconds in one service."""
    yield
    with open_clock(street) as clock:
        clock.move_to(clock.now() + timedelta(minutes=1))


@pytest.fixture
def intake(street: StreetRecord, one_time: None) -> Iterator[httpx.Client]:
    """A client of intake."""
    with service_client(street, "intake", "intake-staff", "intake-decider", "operator") as client:
        yield client


@pytest.fixture
def referrals(street: StreetRecord, one_time: None) -> Iterator[httpx.Client]:
    """A client of referrals."""
    with service_client(street, "referrals", "referrals-staff", "referrals-protected", "operator") as client:
        yield client


@pytest.fixture
def leadtimes(street: StreetRecord, one_time: None) -> Iterator[httpx.Client]:
    """A client of leadtimes."""
    with service_client(street, "leadtimes", "leadtimes-reader", "operator") as client:
        yield client


def judge(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the table; nothing failed, everything has also succeeded, and operations were chained by what they answered."""
    with capsys.disabled():
        print(f"\n{answers.table()}\n{answers.counted.total()} requests, {answers.chained} of them with what an earlier one had answered")
    assert answers.faults == []
    assert answers.succeeded() == set(answers.operations())
    assert answers.chained > 0


@pytest.mark.long
def test_no_request_makes_intake_fail(street: StreetRecord, intake: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    judge(send(street, "intake", AtIntake(intake, SEED), EXAMPLES, SEED), capsys)


@pytest.mark.long
def test_no_request_makes_referrals_fail(
    street: StreetRecord,
    intake: httpx.Client,
    referrals: httpx.Client,
    records_of_referrals: list[int],
    gaps: list[UUID],
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge(send(street, "referrals", AtReferrals(intake, referrals, records_of_referrals, gaps, SEED), OF_REFERRALS, SEED), capsys)


def test_no_request_makes_leadtimes_fail(
    street: StreetRecord, leadtimes: httpx.Client, records: list[int], log: None, capsys: pytest.CaptureFixture[str]
) -> None:
    judge(send(street, "leadtimes", AtLeadtimes(leadtimes, records, SEED), EXAMPLES, SEED), capsys)
