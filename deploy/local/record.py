"""Where the parts of a street are: street.json, written by the launcher when all is healthy, read by commands and tests.

That of a street in containers is written by deploy/trial_secrets.py.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.kafka.topics import password_file
from deploy.local import keys
from deploy.local.failures import NothingRuns, WrongSetting
from deploy.local.places import Places
from shared.kafka import Access

APACHE, TANSU = "apache", "tansu"


@dataclass(frozen=True)
class BrokerRecord:
    """`kind`: apache (ours), tansu (what stands in for it), own (the one that SLUSS_KAFKA names) or docker (a container).

    `secrets`: its users' passwords; None: it lets anybody in.
    """

    kind: str
    bootstrap: str
    secrets: Path | None

    def access(self, user: str) -> Access:
        """The broker, come to as one of its users."""
        if self.secrets:
            return Access(self.bootstrap, user, password_file(self.secrets, user))
        return Access(self.bootstrap, idempotence=not self.in_memory)

    @property
    def in_memory(self) -> bool:
        """Whether it loses what it holds when it stops; such a one knows no idempotent producer either."""
        return self.kind == TANSU


@dataclass(frozen=True)
class PostgresRecord:
    """`kind`: embedded (ours), own (the one that SLUSS_POSTGRES names) or docker (a container). `address` is host:port."""

    kind: str
    address: str


@dataclass(frozen=True)
class ServiceRecord:
    """A service: its API without the prefix, its port for health and metrics, its database and the file with its password."""

    url: str
    ops: str
    database_url: str
    password_file: Path


@dataclass(frozen=True)
class TokenRecord:
    """What a token needs that the services accept."""

    private_key_file: Path
    issuer: str
    audience: str


@dataclass(frozen=True)
class LauncherRecord:
    """The process that watches. `started` (seconds since 1970) tells it from another that got its pid."""

    pid: int
    started: float


@dataclass(frozen=True)
class StreetRecord:
    """A street that runs; without a launcher, one in containers, which Docker watches."""

    folder: Path
    broker: BrokerRecord
    postgres: PostgresRecord
    services: Mapping[str, ServiceRecord]
    tokens: TokenRecord
    history_secret_file: Path
    launcher: LauncherRecord | None
    simulation: bool

    @property
    def start(self) -> str:
        """The command that starts it."""
        return "make up" if self.launcher else "docker compose up -d --wait"


def write_record(record: StreetRecord) -> None:
    """Writes street.json, whole or not at all."""
    keys.write_private(Places(record.folder).record, json.dumps(asdict(record), default=str, indent=2).encode())


def read_record(folder: Path) -> StreetRecord:
    """The street that runs in a folder. Raises NothingRuns when none does, also when its launcher was killed.

    Whether a street in containers runs is not known here: its services answer or do not.
    """
    try:
        found = json.loads(Places(folder).record.read_text(encoding="utf-8"))
        launcher = LauncherRecord(**found["launcher"]) if found["launcher"] else None
        if launcher and not _lives(launcher):
            raise NothingRuns
    except (OSError, psutil.NoSuchProcess, NothingRuns):
        raise NothingRuns(f"No street runs in {folder}. Start it with: make up") from None
    return StreetRecord(
        folder=Path(found["folder"]),
        broker=_broker(**found["broker"]),
        postgres=PostgresRecord(**found["postgres"]),
        services={name: _service(one) for name, one in found["services"].items()},
        tokens=TokenRecord(Path(found["tokens"]["private_key_file"]), found["tokens"]["issuer"], found["tokens"]["audience"]),
        history_secret_file=Path(found["history_secret_file"]),
        launcher=launcher,
        simulation=found["simulation"],
    )


def _broker(kind: str, bootstrap: str, secrets: str | None) -> BrokerRecord:
    return BrokerRecord(kind, bootstrap, Path(secrets) if secrets else None)


def _lives(launcher: LauncherRecord) -> bool:
    process = psutil.Process(launcher.pid)
    return process.create_time() == launcher.started and process.status() != psutil.STATUS_ZOMBIE


def refuse_containers(folder: Path) -> None:
    """Raises WrongSetting where the folder is that of a street in containers, which only Docker starts and stops."""
    try:
        record = read_record(folder)
    except NothingRuns:
        return
    if record.launcher is None:
        raise WrongSetting(f"The street of {folder} is in containers: docker compose up -d --wait starts it, docker compose down stops it.")


def _service(found: Mapping[str, str]) -> ServiceRecord:
    return ServiceRecord(found["url"], found["ops"], found["database_url"], Path(found["password_file"]))
