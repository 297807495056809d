"""The SQL of what other systems deliver in batches: by their key of each item, what it did. Decides nothing."""

from dataclasses import dataclass
from uuid import UUID

from shared.postgres import Transaction, lock

FIND = "SELECT item_sha256, case_id, application_ref, assignment_ref FROM import_item WHERE source_system = $1 AND key = $2"
KEEP = """
    INSERT INTO import_item (source_system, key, item_sha256, case_id, application_ref, assignment_ref) VALUES ($1, $2, $3, $4, $5, $6)
"""


@dataclass(frozen=True)
class ItemKey:
    """Another system's own key of one thing that it tells."""

    system: str
    key: str


@dataclass(frozen=True)
class Brought:
    """What an item did: in which case, to which application and assignment; and the SHA-256 of what it said."""

    sha256: bytes
    case_id: UUID
    application_ref: UUID | None
    assignment_ref: UUID | None


async def claim(tx: Transaction, key: ItemKey) -> Brought | None:
    """What an item of this key did before, or None. Holds the key to the end of the transaction; waits for whoever holds it."""
    await lock(tx, f"import {key.system} {key.key}")
    return await find(tx, key)


async def find(tx: Transaction, key: ItemKey) -> Brought | None:
    """What an item of this key did, without waiting."""
    row = await tx.fetchrow(FIND, key.system, key.key)
    return Brought(row["item_sha256"], row["case_id"], row["application_ref"], row["assignment_ref"]) if row else None


async def keep(tx: Transaction, key: ItemKey, brought: Brought) -> None:
    """Keeps what an item did, in the transaction in which it did it."""
    await tx.execute(KEEP, key.system, key.key, brought.sha256, brought.case_id, brought.application_ref, brought.assignment_ref)
