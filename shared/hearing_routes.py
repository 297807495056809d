"""The routes of services that hear, for operators: what could not be read, and a topic heard anew. Each may be sent twice."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.envelope import Unreadable
from shared import operations, quarantine
from shared.broker import Hearing, NotAlone
from shared.http import StrictModel
from shared.operations import Operation, Operator, operator
from shared.postgres import Database, transaction
from shared.problems import Problem
from shared.quarantine import NotQuarantined

Number = Annotated[int, Path(ge=1, lt=2**63, description="The record's number in the list")]
Topic = Annotated[str, Path(max_length=200)]


class QuarantinedShown(BaseModel):
    """A record that could not be read or handled: where it lay and why it is here; nothing of what it says."""

    id: int
    topic: str
    partition: int
    offset: int
    sha256: str
    reason: str
    quarantined_at: AwareDatetime


class QuarantineShown(BaseModel):
    """The records that wait for an operator, oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "records": [
                        {
                            "id": 1,
                            "topic": "some-events",
                            "partition": 0,
                            "offset": 7,
                            "sha256": "ab" * 32,
                            "reason": "not_json",
                            "quarantined_at": "2026-03-02T09:30:00+01:00",
                        }
                    ]
                }
            ]
        }
    )

    records: list[QuarantinedShown]


class Settled(BaseModel):
    """What became of a record."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 1, "state": "redriven"}]})

    id: int
    state: str


class Discard(StrictModel):
    """Why a record is given up. Its stream stays incomplete."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "No event: a test wrote it."}]})

    reason: Annotated[str, Field(min_length=3, max_length=500)]


class Rewound(BaseModel):
    """The topic that is heard again from its beginning."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"topic": "some-events"}]})

    topic: str


def hearing_routes(db: Database, hearing: Hearing) -> APIRouter:
    """The quarantine and the rewinding of a topic, under the service's prefix."""
    router = APIRouter(tags=["operations"], dependencies=[Depends(operator)])

    @router.get("/quarantine", summary="The records in quarantine")
    async def list_quarantine() -> QuarantineShown:
        return QuarantineShown.model_validate({"records": await quarantine.listing(db)}, from_attributes=True)

    @router.post("/quarantine/{number}/redrive", summary="Play a quarantined record again")
    async def redrive(number: Number, who: Operator) -> Settled:
        try:
            await hearing.play_again(number, who.subject)
        except NotQuarantined:
            raise Problem("not_found") from None
        except Unreadable as error:
            raise Problem("still_unreadable", reason=error.reason) from None
        return Settled(id=number, state="redriven")

    @router.post("/quarantine/{number}/discard", summary="Give a quarantined record up")
    async def discard(number: Number, why: Discard, who: Operator) -> Settled:
        try:
            async with transaction(db) as tx:
                await quarantine.discard(tx, number, who.subject, why.reason)
        except NotQuarantined:
            raise Problem("not_found") from None
        return Settled(id=number, state="discarded")

    @router.post("/topics/{topic}/rewind", summary="Hear a topic again from its beginning")
    async def rewind(topic: Topic, who: Operator) -> Rewound:
        if topic not in hearing.topics:
            raise Problem("not_found")
        async with transaction(db) as tx:
            await operations.keep(tx, Operation.REWIND, topic, None, who)
        try:
            await hearing.rewind(topic)
        except NotAlone:
            raise Problem("heard_by_several") from None
        return Rewound(topic=topic)

    return router
