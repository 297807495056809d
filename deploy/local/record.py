"""Where the parts of a running street are: street.json, written by the launcher when all is healthy, read by commands and tests."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.local import keys
from deploy.local.failures import NothingRuns
from deploy.local.places import Places

APACHE, TANSU = "apache", "tansu"


@dataclass(frozen=True)
class BrokerRecord:
    """`kind`: apache (ours), tansu (what stands in for it) or own (the one that SLUSS_KAFKA names)."""

    kind: str
    bootstrap: str

    @property
    def in_memory(self) -> bool:
        """Whether it loses what it holds when it stops; such a one knows no idempotent producer either."""
        return self.kind == TANSU


@dataclass(frozen=True)
class PostgresRecord:
    """`kind`: embedded (ours) or own (the one that SLUSS_POSTGRES names). `address` is host:port."""

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
    """A street that runs."""

    folder: Path
    broker: BrokerRecord
    postgres: PostgresRecord
    services: Mapping[str, ServiceRecord]
    tokens: TokenRecord
    history_secret_file: Path
    launcher: LauncherRecord
    simulation: bool


def write_record(record: StreetRecord) -> None:
    """Writes street.json, whole or not at all."""
    keys.write_private(Places(record.folder).record, json.dumps(asdict(record), default=str, indent=2).encode())


def read_record(folder: Path) -> StreetRecord:
    """The street that runs in a folder. Raises NothingRuns when none does, also when its launcher was killed."""
    try:
        found = json.loads(Places(folder).record.read_text(encoding="utf-8"))
        launcher = LauncherRecord(**found["launcher"])
        process = psutil.Process(launcher.pid)
        if process.create_time() != launcher.started or process.status() == psutil.STATUS_ZOMBIE:
            raise NothingRuns
    except (OSError, psutil.NoSuchProcess, NothingRuns):
        raise NothingRuns(f"No street runs in {folder}. Start it with: make up") from None
    return StreetRecord(
        folder=Path(found["folder"]),
        broker=BrokerRecord(**found["broker"]),
        postgres=PostgresRecord(**found["postgres"]),
        services={name: _service(one) for name, one in found["services"].items()},
        tokens=TokenRecord(Path(found["tokens"]["private_key_file"]), found["tokens"]["issuer"], found["tokens"]["audience"]),
        history_secret_file=Path(found["history_secret_file"]),
        launcher=launcher,
        simulation=found["simulation"],
    )


def _service(found: Mapping[str, str]) -> ServiceRecord:
    return ServiceRecord(found["url"], found["ops"], found["database_url"], Path(found["password_file"]))
