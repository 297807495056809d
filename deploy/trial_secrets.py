"""`python -m deploy.trial_secrets FOLDER`: secrets to try docker-compose.yml with, made at random, none of them a default.

Beside them what a trial is used by: env.sh, which a shell reads before `docker compose` and `./sluss`, and the street's record.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.kafka import topics
from deploy.local import keys, postgres
from deploy.local.places import Places
from deploy.local.record import BrokerRecord, PostgresRecord, ServiceRecord, StreetRecord, TokenRecord, write_record
from deploy.local.services import SERVICES, UPPLANDS_VASBY, database_url

KAFKA = "127.0.0.1:29092"
POSTGRES_PORT = "SLUSS_POSTGRES_PORT"
# What docker-compose.yml publishes on loopback: the variable that moves it, and where it is otherwise.
PORTS = {POSTGRES_PORT: 25432} | {
    f"SLUSS_{service.name.upper()}{kind}_PORT": first + number
    for number, service in enumerate(SERVICES, 1)
    for kind, first in (("", 8000), ("_OPS", 9000))
}
# For ./sluss alone. What else is secret is read inside the containers, by users of their own.
OPERATORS_OWN = ("token.private.json", "history.key")


def make(folder: Path) -> Path:
    """Answers the folder of the secrets: closed to others, its files readable by the containers' own users. Safe to repeat."""
    places = Places(folder.absolute())
    secrets = places.secret("")
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in (postgres.ADMIN, *(role for service in SERVICES for role in service.roles)):
        keys.password(places, role)
    for user in (topics.ADMIN, *topics.users(topics.declared())):
        keys.kafka_password(places, user)
    keys.quarantine_key(places)
    keys.vault_key(places)
    keys.lookup_key(places)
    keys.history_secret(places)
    keys.token_keys(places)
    for file in secrets.iterdir():
        file.chmod(0o600 if file.name in OPERATORS_OWN else 0o644)
    ports = {name: int(os.environ.get(name, port)) for name, port in PORTS.items()}
    write_record(_record(places, secrets, ports))
    _write_environment(places, ports)
    return secrets


def _record(places: Places, secrets: Path, ports: Mapping[str, int]) -> StreetRecord:
    """Where the published ports are; whether anything answers there is not known."""
    address = f"127.0.0.1:{ports[POSTGRES_PORT]}"
    return StreetRecord(
        folder=places.folder,
        broker=BrokerRecord("docker", KAFKA, secrets),
        postgres=PostgresRecord("docker", address),
        services={
            service.name: ServiceRecord(
                url=f"http://127.0.0.1:{ports[f'SLUSS_{service.name.upper()}_PORT']}",
                ops=f"http://127.0.0.1:{ports[f'SLUSS_{service.name.upper()}_OPS_PORT']}",
                database_url=database_url(service, address),
                password_file=keys.password(places, service.name),
            )
            for service in SERVICES
        },
        tokens=TokenRecord(places.secret("token.private.json"), keys.ISSUER, keys.AUDIENCE),
        history_secret_file=places.secret("history.key"),
        launcher=None,
        simulation=False,
    )


def _write_environment(places: Places, ports: Mapping[str, int]) -> None:
    told = {
        "SLUSS_SECRETS": places.secret(""),
        "SLUSS_STREET": places.folder,
        "SLUSS_MUNICIPALITY": os.environ.get("SLUSS_MUNICIPALITY", UPPLANDS_VASBY),
        "SLUSS_TOKEN_ISSUER": keys.ISSUER,
        "SLUSS_TOKEN_AUDIENCE": keys.AUDIENCE,
        **ports,
    }
    lines = [f"export {name}={shlex.quote(str(value))}\n" for name, value in told.items()]
    keys.write_private(environment_file(places.folder), "".join(lines).encode())


def environment_file(folder: Path) -> Path:
    """What a shell reads before `docker compose` and `./sluss`."""
    return folder / "env.sh"


if __name__ == "__main__":
    make(Path(sys.argv[1]))
    print(f". {shlex.quote(str(environment_file(Path(sys.argv[1]).absolute())))}")
