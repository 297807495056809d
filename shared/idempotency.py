"""Idempotency: a request sent twice changes things once (`Idempotency-Key`, IETF draft-07)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Header, Request

from shared.auth import Caller, missing_token
from shared.postgres import Transaction, try_lock
from shared.problems import Problem

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")

KNOWN = "SELECT request_sha256, status, resource FROM idempotency WHERE caller = $1 AND key = $2"
SETTLE = "INSERT INTO idempotency (caller, key, request_sha256, status, resource, settled_at) VALUES ($1, $2, $3, $4, $5, now())"
FORGET = "DELETE FROM idempotency WHERE settled_at < $1"


@dataclass(frozen=True)
class Key:
    """A caller's name for one request, and the SHA-256 of what they asked: method, address and body."""

    caller: str
    key: str
    request_sha256: bytes


@dataclass(frozen=True)
class Answer:
    """What is kept of an answer. Its body is rebuilt from the resource, because it may hold personal data."""

    status: int
    resource: str


async def claim(tx: Transaction, key: Key) -> Answer | None:
    """The answer given to the same request before, or None: carry it out and `settle` in the same transaction.

    Holds the key to the end of the transaction. Raises Problem: idempotency_in_flight (somebody else holds it),
    idempotency_key_reused (it belongs to another request).
    """
    if not await try_lock(tx, f"idempotency {key.key} {key.caller}"):
        raise Problem("idempotency_in_flight", headers={"Retry-After": "1"})
    known = await tx.fetchrow(KNOWN, key.caller, key.key)
    if known is None:
        return None
    if known["request_sha256"] != key.request_sha256:
        raise Problem("idempotency_key_reused")
    return Answer(known["status"], known["resource"])


async def settle(tx: Transaction, key: Key, answer: Answer) -> None:
    """Keeps the answer, in the transaction of the effect: both are there, or neither."""
    await tx.execute(SETTLE, key.caller, key.key, key.request_sha256, answer.status, answer.resource)


async def forget_older(tx: Transaction, before: datetime) -> None:
    """Forgets what was settled before an instant of real time. Keys are promised for seven days: never give a later one."""
    await tx.execute(FORGET, before)


async def idempotency_key(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="New for each request, the same when it is repeated: a UUID",
            json_schema_extra={"pattern": f"^{VISIBLE_ASCII.pattern}$"},
        ),
    ] = None,
) -> Key:
    """A dependency that gives the key of a request. Raises Problem when the header is missing or not 1 to 255 visible ASCII characters."""
    values = request.headers.getlist("Idempotency-Key")
    if not values:
        raise Problem("idempotency_key_missing")
    if len(values) > 1 or not VISIBLE_ASCII.fullmatch(values[0]):
        raise Problem("idempotency_key_invalid")
    who = getattr(request.state, "caller", None)
    if not isinstance(who, Caller):
        raise missing_token()
    asked = hashlib.sha256(f"{request.method} {request.scope['path']}?{request.scope['query_string']!r}\n".encode())
    asked.update(await request.body())
    return Key(who.subject, values[0], asked.digest())
