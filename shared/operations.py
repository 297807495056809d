"""What an operator asks for is kept with who asked; and the route of services that tell: send kept events again."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from shared import outbox
from shared.auth import Caller, caller
from shared.http import StrictModel
from shared.postgres import Database, Transaction, transaction

KEEP = "INSERT INTO operation (kind, topic, stream, asked_by) VALUES ($1, $2, $3, $4) RETURNING id"

operator = caller("operator")
Operator = Annotated[Caller, Depends(operator)]


class Operation(StrEnum):
    """What can be asked for."""

    REPUBLISH = "republish"
    REWIND = "rewind"


class Republish(StrictModel):
    """What to send again: every event kept for a topic, or those of one stream of it (a case)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"topic": "some-events", "stream": "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"}]})

    topic: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,199}$")]
    stream: UUID | None = None


class Republished(BaseModel):
    """How many events are being sent again, in the order in which they were told."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"events": 12}]})

    events: int


async def keep(tx: Transaction, kind: Operation, topic: str, stream: UUID | None, who: Caller) -> int:
    """Keeps what was asked and by whom, in the transaction of its effect; answers its number."""
    return int(await tx.fetchval(KEEP, kind, topic, stream, who.subject))


def republish_routes(db: Database) -> APIRouter:
    """POST /outbox/republish under the service's prefix, for operators. Asked twice, everything goes twice and is dropped as known."""
    router = APIRouter(tags=["operations"], dependencies=[Depends(operator)])

    @router.post("/outbox/republish", summary="Send kept events again")
    async def republish(asked: Republish, who: Operator) -> Republished:
        async with transaction(db) as tx:
            number = await keep(tx, Operation.REPUBLISH, asked.topic, asked.stream, who)
            return Republished(events=await outbox.send_again(tx, number, asked.topic, asked.stream))

    return router
