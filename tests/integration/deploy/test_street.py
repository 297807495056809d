"""The local street: closed off inside, started once, stopped wholly, and on its feet again after any kill."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from deploy.local.failures import AlreadyRuns, NothingRuns, StreetFailure
from deploy.local.places import ROOT, cache
from deploy.local.processes import LAUNCHER, end_street, parts_of
from deploy.local.record import StreetRecord, read_record
from deploy.local.street import Street
from shared.postgres import connect_alone
from tests.street import Servers, broker_of, servers_of

PATIENCE_S = 60.0
STARTER = (
    "import time; from pathlib import Path; from deploy.local.street import Street; "
    "Street(Path('{folder}'), services=(), attached={attached}).start()"
)


@pytest.fixture
def small(tmp_path: Path, street: StreetRecord) -> Iterator[Street]:
    """A street of a PostgreSQL of its own and nothing else; its broker is somebody's."""
    small = Street(tmp_path / "small", services=(), extra_env=broker_of(street))
    yield small
    small.remove()


@pytest.fixture
def bare(street: StreetRecord, servers: Servers) -> dict[str, str]:
    """What makes a street of a launcher alone: both servers are somebody's."""
    return servers_of(street, servers)


def _await(what: Callable[[], bool]) -> None:
    by = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < by, "it did not come true"
        time.sleep(0.05)


def _the(part: str, folder: Path) -> psutil.Process:
    return next(process for process, name in parts_of(folder).items() if name == part)


async def test_no_role_can_connect_to_the_database_of_another(street: StreetRecord) -> None:
    for name, service in street.services.items():
        password = service.password_file.read_text()
        own = await connect_alone(service.database_url, password)
        assert await own.fetchval("SELECT current_user || '@' || current_database()") == f"{name}@{name}"
        await own.close()
        for other in street.services.keys() - {name}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connect_alone(service.database_url.rpartition("/")[0] + f"/{other}", password)


async def test_every_role_has_a_password_of_its_own_and_needs_it(street: StreetRecord) -> None:
    passwords = {name: service.password_file.read_text() for name, service in street.services.items()}
    assert len(set(passwords.values())) == len(passwords)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect_alone(street.services["intake"].database_url, passwords["leadtimes"])


def test_the_streets_folder_and_its_secrets_are_their_owners_alone(street: StreetRecord) -> None:
    assert stat.S_IMODE(street.folder.stat().st_mode) == 0o700
    for file in (street.folder / "secrets").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_no_command_line_shows_a_password(street: StreetRecord) -> None:
    passwords = [file.read_text() for file in (street.folder / "secrets").glob("*password")]
    lines = [" ".join(process.cmdline()) for process in parts_of(street.folder)]
    assert lines
    assert not [line for line in lines for password in passwords if password in line]


def test_a_killed_service_comes_back_by_itself(street: StreetRecord) -> None:
    before = _the("intake", street.folder)
    before.kill()
    _await(lambda: not before.is_running() or before.status() == psutil.STATUS_ZOMBIE)
    _await(lambda: _healthy(f"{street.services['intake'].ops}/health"))
    assert _the("intake", street.folder).pid != before.pid


def _healthy(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def test_a_second_launcher_of_the_same_street_says_so_and_leaves_the_first_alone(street: StreetRecord) -> None:
    with pytest.raises(AlreadyRuns, match="already runs"):
        Street(street.folder).start()
    assert read_record(street.folder) == street


def test_of_two_launchers_that_start_at_once_one_runs_the_street_and_the_other_says_so(tmp_path: Path, bare: dict[str, str]) -> None:
    streets = [Street(tmp_path / "street", services=(), extra_env=bare) for _ in range(4)]
    with ThreadPoolExecutor(len(streets)) as at_once:
        starts = [at_once.submit(street.start) for street in streets]
    failures = [start.exception() for start in starts]
    try:
        assert sorted(map(type, failures), key=str) == sorted([type(None), *[AlreadyRuns] * 3], key=str), failures
        [running] = [start.result() for start in starts if not start.exception()]
        assert read_record(tmp_path / "street") == running
    finally:
        for street in streets:
            street.stop()
    assert parts_of(tmp_path / "street") == {}


async def test_after_a_killed_launcher_the_next_start_cleans_and_keeps_data_and_ports(small: Street) -> None:
    first = small.start()
    password = (first.folder / "secrets" / "postgres.password").read_text()
    url = f"postgresql://postgres@{first.postgres.address}/postgres"
    await _run(url, password, "CREATE TABLE kept AS SELECT 1 AS one")
    os.kill(first.launcher.pid, signal.SIGKILL)
    _await(lambda: not psutil.pid_exists(first.launcher.pid) or psutil.Process(first.launcher.pid).status() == psutil.STATUS_ZOMBIE)
    with pytest.raises(NothingRuns):
        read_record(first.folder)
    orphan = _the("postgres", first.folder)

    second = await asyncio.to_thread(small.start)

    assert not orphan.is_running()
    assert second.postgres == first.postgres
    assert await _run(url, password, "SELECT one FROM kept") == 1


async def _run(url: str, password: str, sql: str) -> object:
    connection = await connect_alone(url, password)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_a_street_in_a_folder_that_was_removed_begins_anew(small: Street) -> None:
    folder = small.start().folder
    small.stop()
    shutil.rmtree(folder)
    record = small.start()
    password = (folder / "secrets" / "postgres.password").read_text()
    assert await _run(f"postgresql://postgres@{record.postgres.address}/postgres", password, "SELECT 1") == 1


def test_a_street_that_is_stopped_leaves_no_process(small: Street) -> None:
    folder = small.start().folder
    left = set(parts_of(folder))
    assert left
    small.stop()
    assert not [process for process in left if process.is_running()]
    assert parts_of(folder) == {}


def test_down_ends_also_what_a_killed_launcher_left(small: Street) -> None:
    record = small.start()
    os.kill(record.launcher.pid, signal.SIGKILL)
    orphan = _the("postgres", record.folder)
    assert end_street(record.folder) >= 1
    assert not orphan.is_running()
    assert parts_of(record.folder) == {}


def test_an_attached_street_ends_with_its_starter_however_that_dies(tmp_path: Path, bare: dict[str, str]) -> None:
    folder = tmp_path / "attached"
    starter = [sys.executable, "-c", STARTER.format(folder=folder, attached=True) + "; print('ready', flush=True); time.sleep(600)"]
    with subprocess.Popen(starter, env={**os.environ, **bare}, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        launcher = _the(LAUNCHER, folder)
        process.kill()
    launcher.wait(PATIENCE_S)
    assert parts_of(folder) == {}


def test_a_detached_street_outlives_its_starter_until_down(tmp_path: Path, bare: dict[str, str]) -> None:
    folder = tmp_path / "detached"
    env = {**os.environ, **bare, "SLUSS_STREET": str(folder)}
    subprocess.run([sys.executable, "-c", STARTER.format(folder=folder, attached=False)], env=env, cwd=ROOT, check=True)
    assert read_record(folder).broker.kind == "own"
    subprocess.run([sys.executable, "-m", "tools.cli", "down"], env=env, cwd=ROOT, check=True)
    with pytest.raises(NothingRuns):
        read_record(folder)
    assert parts_of(folder) == {}


@pytest.mark.parametrize(
    ("setting", "exit_code", "says"),
    [
        pytest.param({"SLUSS_BROKER": "redpanda"}, 2, "SLUSS_BROKER can only be apache or tansu", id="another broker"),
        pytest.param(
            {"SLUSS_BROKER": "apache", "SLUSS_CACHE": "{empty}", "HTTPS_PROXY": "http://127.0.0.1:9"},
            4,
            "cannot be fetched",
            id="no way to the jars, and no other broker will do",
        ),
        pytest.param(
            {"SLUSS_BROKER": "", "SLUSS_CACHE": "{tampered}"},
            5,
            "is not the jar that kafka.lock.toml pins",
            id="a jar that is not the pinned one is no reason to fall back",
            marks=pytest.mark.needs_durable_broker,  # the jars
        ),
        pytest.param(
            {"SLUSS_POSTGRES": "postgresql://x:y@127.0.0.1:9/z"}, 1, "that SLUSS_POSTGRES names cannot be used", id="no server there"
        ),
        pytest.param({"SLUSS_KAFKA": "127.0.0.1:9"}, 1, "topics could not be made at 127.0.0.1:9", id="no broker there"),
    ],
)
def test_a_street_that_cannot_start_says_why_in_one_line_with_an_exit_code(
    setting: dict[str, str], exit_code: int, says: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    if "{tampered}" in setting.values():
        _tampered(tmp_path / "tampered" / "kafka-4.3.1")
    env = {**os.environ, "SLUSS_STREET": str(tmp_path / "street")}
    env |= {name: value.format(empty=tmp_path / "empty", tampered=tmp_path / "tampered") for name, value in setting.items()}
    done = subprocess.run([sys.executable, "-m", "tools.cli", "up", "--detach"], env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == exit_code
    assert [line for line in done.stderr.splitlines() if says in line]
    assert "Traceback" not in done.stderr
    assert parts_of(tmp_path / "street") == {}


def _tampered(folder: Path) -> None:
    """The real cache, but for one bit of one jar."""
    folder.mkdir(parents=True)
    for jar in cache().glob("*.jar"):
        (folder / jar.name).symlink_to(jar)
    victim = folder / "kafka-clients-4.3.1.jar"
    content = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_a_part_that_dies_at_once_stops_the_start_and_its_log_is_named(tmp_path: Path, street: StreetRecord) -> None:
    setting = broker_of(street) | {"SLUSS_MUNICIPALITY": "not a code"}
    broken = Street(tmp_path / "broken", services=("intake",), extra_env=setting)
    with pytest.raises(StreetFailure, match=r"intake stops as soon as it is started: see .*intake\.log"):
        broken.start()
    assert parts_of(tmp_path / "broken") == {}
    broken.remove()
