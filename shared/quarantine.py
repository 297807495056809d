"""Quarantine: where a record is put that could not be read or handled, sealed, and how it is played again or discarded."""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.postgres import Database, Row, Transaction

KEY_BYTES, NONCE_BYTES = 32, 12
Headers = Sequence[tuple[str, bytes | None]]

PUT = """
    INSERT INTO quarantine (topic, partition, record_offset, sha256, reason, sealed) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
"""
# What was played again, parked, and then could not be handled after all is open once more.
PUT_SEALED = """
    INSERT INTO quarantine (topic, partition, record_offset, sha256, reason, sealed) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (topic, partition, record_offset, sha256) DO UPDATE
    SET state = 'open', reason = excluded.reason, quarantined_at = now(), settled_at = NULL, settled_by = NULL
    WHERE quarantine.state = 'redriven'
"""
LIST = "SELECT id, topic, partition, record_offset, sha256, reason, quarantined_at, state FROM quarantine WHERE state = 'open' ORDER BY id"
TAKE = "SELECT * FROM quarantine WHERE id = $1 AND state = 'open' FOR UPDATE"
SETTLE = "UPDATE quarantine SET state = $2, settled_at = now(), settled_by = $3, settled_reason = $4 WHERE id = $1"
OPEN = "SELECT count(*) FROM quarantine WHERE state = 'open'"


class NotQuarantined(Exception):
    """There is no open quarantined record of that number."""


@dataclass(frozen=True)
class Record:
    """A record as the broker had it."""

    topic: str
    partition: int
    offset: int
    headers: Headers
    value: bytes | None
    key: bytes | None


@dataclass(frozen=True)
class Quarantined:
    """What may be shown of a quarantined record: where it lay and why it is here; nothing of what it says."""

    id: int
    topic: str
    partition: int
    offset: int
    sha256: str
    reason: str
    quarantined_at: datetime


class Seal:
    """Encrypts records at rest (AES-256-GCM) under a key that is not in the database: a malformed record may hold anything."""

    def __init__(self, key_file: Path) -> None:
        """Raises ValueError when the file does not hold exactly 32 bytes."""
        key = key_file.read_bytes()
        if len(key) != KEY_BYTES:
            raise ValueError(f"the quarantine key file must hold {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def close(self, record: Record) -> tuple[bytes, bytes]:
        """The sealed record and the SHA-256 of what it holds."""
        headers = [[name, _as_text(value)] for name, value in record.headers]
        plain = json.dumps([headers, _as_text(record.value), _as_text(record.key)]).encode()
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plain, _place(record.topic, record.partition, record.offset))
        return nonce + sealed, hashlib.sha256(plain).digest()

    def open(self, row: Row) -> Record:
        """The record again, bound to the place it came from."""
        sealed = row["sealed"]
        plain = self._cipher.decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _place(row["topic"], row["partition"], row["record_offset"])
        )
        headers, value, key = json.loads(plain)
        return Record(
            row["topic"],
            row["partition"],
            row["record_offset"],
            [(name, _as_bytes(each)) for name, each in headers],
            _as_bytes(value),
            _as_bytes(key),
        )


def _as_text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _as_bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _place(topic: str, partition: int, offset: int) -> bytes:
    return f"{topic}/{partition}/{offset}".encode()


async def put(tx: Transaction, seal: Seal, record: Record, reason: str) -> None:
    """Puts a record aside, once however often it is delivered."""
    sealed, digest = seal.close(record)
    await tx.execute(PUT, record.topic, record.partition, record.offset, digest, reason, sealed)


async def put_sealed(tx: Transaction, row: Row, reason: str) -> None:
    """Puts a record aside that was sealed before, from a row with its place, hash and seal."""
    await tx.execute(PUT_SEALED, row["topic"], row["partition"], row["record_offset"], row["sha256"], reason, row["sealed"])


async def listing(db: Database) -> list[Quarantined]:
    """The open records, oldest first."""
    return [
        Quarantined(
            row["id"], row["topic"], row["partition"], row["record_offset"], row["sha256"].hex(), row["reason"], row["quarantined_at"]
        )
        for row in await db.fetch(LIST)
    ]


async def take(tx: Transaction, seal: Seal, number: int) -> Record:
    """The open record of a number, locked until it is settled. Raises NotQuarantined."""
    row = await tx.fetchrow(TAKE, number)
    if row is None:
        raise NotQuarantined
    return seal.open(row)


async def settle_redriven(tx: Transaction, number: int, by: str) -> None:
    """Marks a record as played again."""
    await tx.execute(SETTLE, number, "redriven", by, None)


async def discard(tx: Transaction, number: int, by: str, reason: str) -> None:
    """Gives a record up, with who and why. Its stream stays incomplete. Raises NotQuarantined."""
    if await tx.fetchrow(TAKE, number) is None:
        raise NotQuarantined
    await tx.execute(SETTLE, number, "discarded", by, reason)


async def count_open(db: Database) -> float:
    """How many records wait for an operator."""
    return float(await db.fetchval(OPEN))
