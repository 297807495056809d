"""The services of the street, and what each finds in its environment: the table that docker-compose.yml is held to."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from deploy.kafka.topics import password_file
from deploy.local import keys
from deploy.local.databases import VAULT
from deploy.local.part import Part
from deploy.local.places import ROOT, Places
from deploy.local.record import BrokerRecord

PROBE_S = 5.0
UPPLANDS_VASBY = "0114"


@dataclass(frozen=True)
class Service:
    """A service by its folder's name. `hears`: it consumes topics, and so may have to quarantine a message.

    `decides`: on what it hears, so that an event may have to wait for an earlier one. `identifies`: it keeps the identity vault.
    """

    name: str
    hears: bool
    decides: bool = False
    identifies: bool = False

    @property
    def vault(self) -> str:
        """The role of its vault."""
        return f"{self.name}{VAULT}"

    @property
    def roles(self) -> tuple[str, ...]:
        """Its roles in PostgreSQL; the first has the name of the database."""
        return (self.name, self.vault) if self.identifies else (self.name,)


SERVICES = (
    Service("intake", hears=False, identifies=True),
    Service("leadtimes", hears=True),
    Service("referrals", hears=True, decides=True),
)


@dataclass(frozen=True)
class Servers:
    """What the services stand on. `postgres` is host:port."""

    postgres: str
    broker: BrokerRecord


def database_url(service: Service, postgres: str) -> str:
    """The service's own database under its own role."""
    return f"postgresql://{service.name}@{postgres}/{service.name}"


def environment(
    service: Service, places: Places, servers: Servers, ports: Mapping[str, int], simulated_from: datetime | None
) -> dict[str, str]:
    """All that a service is told. Secrets are named as files."""
    _, public = keys.token_keys(places)
    told = {
        "SLUSS_MUNICIPALITY": os.environ.get("SLUSS_MUNICIPALITY", UPPLANDS_VASBY),
        "SLUSS_DATABASE_URL": database_url(service, servers.postgres),
        "SLUSS_DATABASE_PASSWORD_FILE": str(keys.password(places, service.name)),
        "SLUSS_KAFKA": servers.broker.bootstrap,
        "SLUSS_HTTP_HOST": "127.0.0.1",
        "SLUSS_HTTP_PORT": str(ports[service.name]),
        "SLUSS_OPS_PORT": str(ports[f"{service.name}-ops"]),
        "SLUSS_TOKEN_KEYS_FILE": str(public),
        "SLUSS_TOKEN_ISSUER": keys.ISSUER,
        "SLUSS_TOKEN_AUDIENCE": keys.AUDIENCE,
    }
    if servers.broker.secrets:
        told["SLUSS_KAFKA_USER"] = service.name
        told["SLUSS_KAFKA_PASSWORD_FILE"] = str(password_file(servers.broker.secrets, service.name))
    if service.identifies:
        told["SLUSS_VAULT_URL"] = f"postgresql://{service.vault}@{servers.postgres}/{service.name}"
        told["SLUSS_VAULT_PASSWORD_FILE"] = str(keys.password(places, service.vault))
        told["SLUSS_VAULT_KEY_FILE"] = str(keys.vault_key(places))
        told["SLUSS_LOOKUP_KEY_FILE"] = str(keys.lookup_key(places))
    if service.hears:
        told["SLUSS_QUARANTINE_KEY_FILE"] = str(keys.quarantine_key(places))
        told["SLUSS_CONSUMER_INSTANCE"] = service.name
    if servers.broker.in_memory:
        told["SLUSS_KAFKA_IDEMPOTENCE"] = "0"
    return told | local_only(simulated_from)


def local_only(simulated_from: datetime | None) -> dict[str, str]:
    """What the local street alone sets: pages of the API without a token, and a clock that can be moved forward."""
    told = {"SLUSS_OPEN_DOCS": "1", "SLUSS_SIMULATION": "1"}
    return told | {"SLUSS_SIMULATION_START": simulated_from.isoformat()} if simulated_from else told


def part(service: Service, places: Places, env: Mapping[str, str]) -> Part:
    """The service as a child process, ready when its health says so."""

    async def ready() -> bool:
        return await asyncio.to_thread(_healthy, int(env["SLUSS_OPS_PORT"]))

    return Part(
        service.name, (sys.executable, "-m", f"services.{service.name}.main"), ready, env={**env, "PYTHONPATH": str(ROOT)}, cwd=ROOT
    )


def _healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=PROBE_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
