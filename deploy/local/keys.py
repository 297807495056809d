"""The street's secrets: made once at random, each in its own file that only its owner reads, kept over restarts."""

import json
import os
import secrets
from pathlib import Path

from deploy.kafka.topics import password_file
from deploy.local.places import Places

ISSUER = "https://street.sluss.invalid"
AUDIENCE = "sluss"


def write_private(file: Path, content: bytes) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    os.replace(draft, file)


def password(places: Places, role: str) -> Path:
    """The file with a database role's password."""
    return _made(places.secret(f"{role}.password"))


def kafka_password(places: Places, user: str) -> Path:
    """The file with a Kafka user's password."""
    return _made(password_file(places.secret(""), user))


def _made(file: Path) -> Path:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32).encode())
    return file


def random_key(places: Places, name: str) -> Path:
    """A file with 32 random bytes."""
    file = places.secret(name)
    if not file.exists():
        write_private(file, secrets.token_bytes(32))
    return file


def quarantine_key(places: Places) -> Path:
    """What seals quarantined messages."""
    return random_key(places, "quarantine.key")


def vault_key(places: Places) -> Path:
    """What wraps the keys of the persons in the identity vault."""
    return random_key(places, "vault.key")


def lookup_key(places: Places) -> Path:
    """What a personal number is looked up by in the identity vault."""
    return random_key(places, "lookup.key")


def history_secret(places: Places) -> Path:
    """What turns the case names of an imported log into random-looking references."""
    return random_key(places, "history.key")


def token_keys(places: Places) -> tuple[Path, Path]:
    """The private key that the street signs access tokens with, and the public keys that the services check them with."""
    private, public = places.secret("token.private.json"), places.secret("token.public.json")
    if not private.exists() or not public.exists():
        from shared.auth import new_signing_key, public_keys  # here: it brings FastAPI, a second, for what happens once

        key = new_signing_key()
        write_private(private, json.dumps(key).encode())
        write_private(public, json.dumps(public_keys([key])).encode())
    return private, public
