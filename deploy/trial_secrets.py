"""`python -m deploy.trial_secrets FOLDER`: secrets to try docker-compose.yml with, made at random, none of them a default."""

import sys
from pathlib import Path

from deploy.kafka import topics
from deploy.local import keys, postgres
from deploy.local.places import Places
from deploy.local.services import SERVICES


def make(folder: Path) -> Path:
    """Answers the folder to name as SLUSS_SECRETS: closed to others, its files readable by the containers' own users."""
    places = Places(folder.absolute())
    secrets = places.secret("")
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in (postgres.ADMIN, *(service.name for service in SERVICES)):
        keys.password(places, role)
    for user in (topics.ADMIN, *topics.users(topics.declared())):
        keys.kafka_password(places, user)
    keys.quarantine_key(places)
    keys.token_keys(places)
    for file in secrets.iterdir():
        file.chmod(0o600 if "private" in file.name else 0o644)
    return secrets


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
