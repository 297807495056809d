"""The commands that show a street, let people in and move its clock."""

import dataclasses
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from click.testing import CliRunner, Result

from deploy.local.record import StreetRecord, read_record, write_record
from shared.auth import TokenVerifier
from shared.postgres import connect_alone
from tests.street import service_client
from tools.cli import sluss
from tools.clock import StreetClock, open_clock

Run = Callable[..., Result]


@pytest.fixture
def run(street: StreetRecord, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the street of this test run."""
    monkeypatch.setenv("SLUSS_STREET", str(street.folder))
    return _run


def _run(*words: str) -> Result:
    return CliRunner().invoke(sluss, words, catch_exceptions=False)


def test_status_shows_every_part_where_it_is_and_how_it_is(run: Run, street: StreetRecord) -> None:
    while (shown := run("status", "--format", "json")).exit_code == 1:  # just after the start a value may come too late
        time.sleep(0.2)
    parts = {part["part"]: part for part in json.loads(shown.stdout)["parts"]}
    assert shown.exit_code == 0, shown.output
    assert set(parts) == {"postgres", "kafka", "intake", "leadtimes", "referrals"}
    assert all(part["healthy"] for part in parts.values())
    assert parts["kafka"]["where"] == street.broker.bootstrap
    assert {"lag", "quarantined", "conflicts"} <= set(parts["leadtimes"])
    assert "outbox_pending" in parts["intake"]


def test_status_for_people_names_broker_lag_and_outbox(run: Run, street: StreetRecord) -> None:
    table = run("status").stdout
    for word in (street.broker.kind, street.postgres.kind, "outbox", "lag", "parked", "quarantined", "conflicts", "healthy"):
        assert word in table


def test_status_shows_how_facts_were_registered(run: Run) -> None:
    counts = json.loads(run("status", "--quality", "--format", "json").stdout)
    assert counts.keys() == {"known_at", "facts", "late", "corrected", "duplicates"}
    assert run("status", "--quality", "--format", "csv").stdout.startswith("known_at,facts,late,corrected,duplicates\n")
    assert "facts registered on a later day than they happened" in run("status", "--quality").stdout


def test_status_of_a_street_with_a_part_that_does_not_answer_is_1(
    run: Run, street: StreetRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = dataclasses.replace(street.services["intake"], ops="http://127.0.0.1:9")
    write_record(dataclasses.replace(street, folder=tmp_path, services={**street.services, "intake": gone}))
    monkeypatch.setenv("SLUSS_STREET", str(tmp_path))
    shown = run("status", "--format", "json")
    parts = {part["part"]: part for part in json.loads(shown.stdout)["parts"]}
    assert shown.exit_code == 1
    assert parts["intake"]["reasons"] == ["does not answer"]
    assert parts["leadtimes"]["healthy"]


@pytest.fixture
def in_containers(street: StreetRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StreetRecord:
    """The street of this run, as if Docker and no launcher watched it."""
    record = dataclasses.replace(
        street,
        folder=tmp_path,
        broker=dataclasses.replace(street.broker, kind="docker"),
        postgres=dataclasses.replace(street.postgres, kind="docker"),
        launcher=None,
        simulation=False,
    )
    write_record(record)
    monkeypatch.setenv("SLUSS_STREET", str(tmp_path))
    return record


@pytest.mark.usefixtures("in_containers")
def test_a_street_in_containers_is_shown_asked_and_verified_like_any_other() -> None:
    for command in (("status",), ("leadtimes",), ("verify",), ("rebuild",), ("quarantine",), ("open", "--print")):
        while (done := _run(*command)).exit_code == 1 and command == ("status",):  # a value may come too late on a busy machine
            time.sleep(0.2)
        assert done.exit_code == 0, done.output
    assert "watched by Docker" in _run("status").stdout


@pytest.mark.usefixtures("in_containers")
@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("up", "--detach"), "docker compose up -d --wait starts it"),
        (("down",), "docker compose down stops it"),
        (("clock",), "is real time, which nobody moves"),
    ],
    ids=lambda value: value[0],
)
def test_what_only_docker_can_do_is_left_to_docker(command: tuple[str, ...], says: str, street: StreetRecord, tmp_path: Path) -> None:
    done = _run(*command)
    assert done.exit_code == 2
    assert says in done.output
    assert {file.name for file in tmp_path.iterdir()} == {"street.json"}
    assert read_record(street.folder) == street, "the street of this run goes on"


def test_a_street_in_containers_that_does_not_answer_says_how_to_start_it(in_containers: StreetRecord) -> None:
    gone = dataclasses.replace(in_containers.services["leadtimes"], url="http://127.0.0.1:9")
    write_record(dataclasses.replace(in_containers, services={**in_containers.services, "leadtimes": gone}))
    done = _run("leadtimes")
    assert done.exit_code == 3
    assert "Nothing: docker compose up -d --wait" in done.output


@pytest.mark.parametrize(
    "command", [("status",), ("status", "--quality"), ("token", "--role", "operator"), ("open",), ("clock",)], ids=" ".join
)
def test_where_nothing_runs_every_command_exits_with_3_and_says_so(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUSS_STREET", str(tmp_path))
    done = _run(*command)
    assert done.exit_code == 3
    assert "No street runs" in done.output


def test_a_token_holds_the_roles_asked_for_and_no_other(run: Run, street: StreetRecord) -> None:
    token = run("token", "--role", "intake-staff", "--role", "operator", "--lifetime", "5").stdout.strip()
    verifier = TokenVerifier(street.folder / "secrets" / "token.public.json", street.tokens.issuer, street.tokens.audience)
    assert verifier.verify(token).roles == {"intake-staff", "operator"}
    recipient = ("referrals-recipient", "function-region-rehab")
    token = run("token", *(word for role in recipient for word in ("--role", role))).stdout.strip()
    assert verifier.verify(token).roles == set(recipient)
    assert {run("token", "--role", wrong).exit_code for wrong in ("function-", "function-Anna", "function-a b", "referrals")} == {2}


def test_a_token_that_would_outlive_a_working_day_is_refused(run: Run) -> None:
    assert run("token", "--role", "operator", "--lifetime", "721").exit_code == 2


def test_open_prints_a_link_that_opens_the_page_once(run: Run) -> None:
    [link] = run("open", "--print").stdout.split()
    first = httpx.get(link, trust_env=False)
    assert first.status_code == httpx.codes.SEE_OTHER
    assert "httponly" in first.headers["set-cookie"].lower()
    assert httpx.get(link, trust_env=False).is_client_error


def test_the_clock_is_the_same_in_every_service(run: Run) -> None:
    shown = json.loads(run("clock", "--format", "json").stdout)
    times = [datetime.fromisoformat(at) for at in shown["services"].values()]
    assert max(times) - min(times) < timedelta(seconds=30)


@pytest.mark.usefixtures("desk")  # which plays its histories before the clock has passed them
def test_the_clock_moves_forward_and_never_back(run: Run, street: StreetRecord) -> None:
    with open_clock(street) as clock:
        target = clock.now() + timedelta(minutes=10)
    assert run("clock", "--to", target.isoformat()).exit_code == 0
    with open_clock(street) as clock:
        assert min(clock.times().values()) >= target
    back = run("clock", "--to", (target - timedelta(hours=1)).isoformat())
    assert back.exit_code == 2
    assert "forward only" in back.output


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "2026-03-01T08:00:00"])
def test_a_time_that_is_none_is_refused_and_not_repeated(run: Run, at: str) -> None:
    refused = run("clock", "--to", at)
    assert refused.exit_code == 2
    assert at not in refused.output


@pytest.mark.usefixtures("desk")  # which plays its histories before the clock has passed them
@pytest.mark.parametrize("by_way_of", [StreetClock.move_to, StreetClock.pass_to], ids=["move_to", "pass_to"])
async def test_what_falls_due_on_the_way_happens_on_the_way(
    street: StreetRecord, by_way_of: Callable[[StreetClock, datetime], None]
) -> None:
    """A contact without application lapses, and is recorded to, at its thirtieth day, not when a clock moved by forty days arrives."""
    with open_clock(street) as clock, service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        contact = {"happened": {"at": clock.now().isoformat()}, "channel": "phone"}
        case = intake.post("/intake/cases", json=contact, headers={"idempotency-key": str(uuid4())}).json()
        due = datetime.fromisoformat(case["lapses_at"])
        by_way_of(clock, clock.now() + timedelta(days=40))
        closed = intake.get(f"/intake/cases/{case['case_id']}").json()["closed"]
    assert closed["reason"] == "lapsed_no_application"
    assert due <= await _last_recorded(street, case["case_id"]) < due + timedelta(minutes=5)


async def _last_recorded(street: StreetRecord, case_id: str) -> datetime:
    """When the last fact of a case was recorded, by its envelope."""
    service = street.services["intake"]
    database = await connect_alone(service.database_url, service.password_file.read_text())
    headers = await database.fetchval("SELECT headers FROM outbox WHERE stream = $1 ORDER BY sequence DESC LIMIT 1", UUID(case_id))
    await database.close()
    return datetime.fromisoformat(dict(headers)["ce_recordedtime"])
