"""From a fresh clone to a street that runs and stops: as root where nobody else may look, and as an ordinary user from nothing."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from deploy.local.places import ROOT, cache
from deploy.local.processes import parts_of

ORDINARY = "nobody"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# What a machine's owner has set so that its package index is reached at all.
OF_THE_NETWORK = ("PROXY", "CERT", "CA_BUNDLE", "INDEX")

pytestmark = pytest.mark.needs_durable_broker  # the jars
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; the other tests run as the ordinary user then")


def _clone(folder: Path) -> Path:
    """What git keeps of the tree, and the jars, which this run has already fetched."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(cache(), folder / ".sluss" / "cache" / cache().name)
    return folder


def _sluss(folder: Path, *command: str, env: Mapping[str, str], user: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./sluss", *command],
        cwd=folder,
        env=env,
        user=user,
        group=user and pwd.getpwuid(user).pw_gid,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
    )


def _runs_and_stops(folder: Path, env: Mapping[str, str], user: int | None) -> None:
    """The street comes up healthy, PostgreSQL as the ordinary user, and leaves no process."""
    street = folder / ".sluss" / "street"
    up = _sluss(folder, "up", env=env, user=user)
    try:
        assert up.returncode == 0, up.stderr
        status = _sluss(folder, "status", "--format", "json", env=env, user=user)
        assert status.returncode == 0, status.stdout
        parts = {part["part"]: part["healthy"] for part in json.loads(status.stdout)["parts"]}
        assert parts == {"postgres": True, "kafka": True, "intake": True, "leadtimes": True, "referrals": True}
        [postmaster] = [process for process, part in parts_of(street).items() if part == "postgres"]
        assert postmaster.username() == ORDINARY
    finally:
        left = set(parts_of(street))
        down = _sluss(folder, "down", env=env, user=user)
    assert down.returncode == 0, down.stderr
    assert not [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert _sluss(folder, "status", env=env, user=user).returncode == 3


@as_root
@pytest.mark.long
def test_root_starts_the_street_in_a_folder_closed_to_everybody_else_and_opens_none(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    _clone(folder)
    before = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in (folder, *folder.parents)}
    env = {name: value for name, value in os.environ.items() if not name.startswith("SLUSS_")}
    try:
        _runs_and_stops(folder, {**env, "SLUSS_VENV": sys.prefix}, None)
    finally:
        subprocess.run([sys.executable, "-m", "deploy.local.postgres"], cwd=folder, check=True)
    assert {parent: stat.S_IMODE(parent.stat().st_mode) for parent in before} == before


@pytest.fixture
def belongs_to_ordinary_user() -> Iterator[Path]:
    """A clone in a folder of the ordinary user, and nothing else of theirs: no environment, no home."""
    user = pwd.getpwnam(ORDINARY)
    folder = _clone(Path(tempfile.mkdtemp(dir="/var/tmp", prefix="sluss-clone-")))
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, user.pw_uid, user.pw_gid)
    yield folder
    shutil.rmtree(folder)


@as_root
@pytest.mark.long
def test_an_ordinary_user_needs_nothing_but_python_and_the_package_index(belongs_to_ordinary_user: Path) -> None:
    folder, user = belongs_to_ordinary_user, pwd.getpwnam(ORDINARY).pw_uid
    network = {name: value for name, value in os.environ.items() if any(word in name.upper() for word in OF_THE_NETWORK)}
    env = {**network, "PATH": SYSTEM_PATH, "HOME": str(folder / "home")}
    setup = _sluss(folder, "setup", env=env, user=user)
    if "Python 3.11 or newer is needed" in setup.stderr:
        assert os.environ.get("SLUSS_BROKER") != "apache", "the run that must show it has no Python that an ordinary user can start"
        pytest.skip("the system's own Python is too old, and root's is root's")
    assert setup.returncode == 0, setup.stderr
    assert "fetching the packages that requirements.lock pins" in setup.stderr
    _runs_and_stops(folder, env, user)
