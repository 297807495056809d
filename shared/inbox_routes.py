"""The routes of services that decide on what they hear, for operators: events that wait for an earlier one, and forks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.http import StrictModel
from shared.inbox import GapReason, Inbox, NoSuchGap
from shared.operations import Operator, operator
from shared.problems import Problem

STREAM = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class ParkedStream(BaseModel):
    """A stream whose events wait for an earlier one: the last sequence applied, the first that waits, how many do, and since when.

    `asks_republish`: nothing of the stream was ever applied, so its producer is to send it again.
    """

    topic: str
    stream: UUID
    applied: int
    first_parked: int
    events: int
    since: AwareDatetime
    asks_republish: bool


class ParkedShown(BaseModel):
    """The streams that wait, the longest first; not more than 500."""

    model_config = _example(
        streams=[
            {
                "topic": "some-events",
                "stream": STREAM,
                "applied": 1,
                "first_parked": 3,
                "events": 2,
                "since": "2026-01-05T08:30:00Z",
                "asks_republish": False,
            }
        ]
    )

    streams: list[ParkedStream]


class ForkShown(BaseModel):
    """Two events under one sequence of a stream: the one that counts, and the one that was dropped and where it lay."""

    topic: str
    stream: UUID
    sequence: int
    kept_event_id: UUID
    event_id: UUID
    partition: int
    offset: int
    seen_at: AwareDatetime


class ForksShown(BaseModel):
    """The alarms, oldest first; not more than 500."""

    model_config = _example(
        forks=[
            {
                "topic": "some-events",
                "stream": STREAM,
                "sequence": 2,
                "kept_event_id": "01997f3e-8d43-7f77-8b3e-5c9e4a6f7d8b",
                "event_id": "01997f3e-9a54-7a88-9c4f-6d0f5b7a8e9c",
                "partition": 0,
                "offset": 17,
                "seen_at": "2026-01-05T08:30:00Z",
            }
        ]
    )

    forks: list[ForkShown]


class GiveUp(StrictModel):
    """Which gap is given up, by the first event that waits behind it, and why. The events that wait are then applied."""

    model_config = _example(topic="some-events", stream=STREAM, first_parked=3, reason="lost")

    topic: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,199}$")]
    stream: UUID
    first_parked: Annotated[int, Field(ge=2, lt=2**63)]
    reason: GapReason


class GivenUp(BaseModel):
    """The first and the last sequence that will not be waited for any more."""

    model_config = _example(first=2, last=2)

    first: int
    last: int


def inbox_routes(inbox: Inbox) -> APIRouter:
    """What is parked, forks, and the giving up of a gap, under the service's prefix."""
    router = APIRouter(tags=["operations"], dependencies=[Depends(operator)])

    @router.get("/inbox/parked", summary="The streams whose events wait for an earlier one")
    async def list_parked() -> ParkedShown:
        return ParkedShown.model_validate({"streams": await inbox.waiting()}, from_attributes=True)

    @router.get("/inbox/forks", summary="Events that came under a sequence that another one has")
    async def list_forks() -> ForksShown:
        return ForksShown.model_validate({"forks": await inbox.forks()}, from_attributes=True)

    @router.post("/inbox/gaps/discard", summary="Give up what is missing before the first event that waits")
    async def give_up(gap: GiveUp, who: Operator) -> GivenUp:
        try:
            first, last = await inbox.give_up(gap.topic, gap.stream, gap.first_parked, gap.reason, who.subject)
        except NoSuchGap:
            raise Problem("not_found") from None
        return GivenUp(first=first, last=last)

    return router
