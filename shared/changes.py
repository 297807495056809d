"""What changed, for those who follow a service: kept in the transaction of the effect, read in an order in which nothing appears late.

A row gets its place only when somebody asks and all before it are committed (decision 0019). The service's own tables `change_pending`
and `change` hold it; of a case whose person is protected only those learn who may see such.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from shared.auth import Caller, Guard
from shared.clock import real_now
from shared.context import Context
from shared.postgres import Database, Transaction, transaction
from shared.telemetry import step

MOST, USUAL = 200, 50
STREAM_S, POLL_S, HEARTBEAT_ROUNDS = 300, 1.0, 15

CHANGED = "INSERT INTO change_pending (case_id, version, facts, recorded_at) VALUES ($1, $2, $3, $4)"
# Whoever comes while another moves rows waits for them at those very rows, so places are given by one at a time.
PLACE = """
    WITH moved AS (DELETE FROM change_pending RETURNING *)
    INSERT INTO change (case_id, version, facts, recorded_at) SELECT case_id, version, facts, recorded_at FROM moved ORDER BY id
"""
CHANGES = """
    SELECT change.* FROM change LEFT JOIN state ON stream = case_id
    WHERE place > $1 AND ($3 OR protected IS NOT TRUE) ORDER BY place LIMIT $2
"""


@dataclass(frozen=True)
class Change:
    """A case that changed: at which place of the stream, to which version, by which facts, and when that was registered."""

    place: int
    case_id: UUID
    version: int
    facts: Sequence[str]
    recorded_at: datetime


class ChangeShown(BaseModel):
    """A case that changed: to which version (its ETag), by which facts. `place`: where it stands in the stream."""

    place: int
    case_id: UUID
    version: int
    facts: list[str]
    recorded_at: datetime


class ChangesShown(BaseModel):
    """What changed, the oldest first. Ask again after `next_after`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "changes": [
                        {
                            "place": 7,
                            "case_id": "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e",
                            "version": 2,
                            "facts": ["application-received", "case-routed"],
                            "recorded_at": "2026-01-05T09:30:00+01:00",
                        }
                    ],
                    "next_after": 7,
                }
            ]
        }
    )

    changes: list[ChangeShown]
    next_after: int


async def note(tx: Transaction, case_id: UUID, version: int, facts: Sequence[str], context: Context) -> None:
    """Tells those who follow that a case changed, and by which facts."""
    await tx.execute(CHANGED, case_id, version, facts, context.now)


async def read(db: Database, after: int, most: int, sees_protected: bool) -> list[Change]:
    """What changed after a place, in the order of places; that of one case in the order of its versions."""
    async with transaction(db) as tx:
        await tx.execute(PLACE)
        return [Change(**row) for row in await tx.fetch(CHANGES, after, most, sees_protected)]


def change_routes(db: Database, staff: Guard, sees_protected: Callable[..., Awaitable[bool]]) -> APIRouter:
    """GET /changes and /changes/stream under the service's prefix, for its staff."""
    router = APIRouter(dependencies=[Depends(staff)])
    sees_too = Depends(sees_protected)

    @router.get("/changes", summary="What changed")
    @step
    async def show_changes(
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST, description="how many at most")] = USUAL,
        sees: bool = sees_too,
    ) -> ChangesShown:
        """Ändringar after a place of the stream. Every change comes once, also what a timer did; of one case in the order of versions."""
        found = await read(db, after, limit, sees)
        return ChangesShown(changes=[_shown(each) for each in found], next_after=found[-1].place if found else after)

    @router.get(
        "/changes/stream",
        summary="What changes, as it happens",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events: `id` is the place, `data` a change"}},
    )
    @step
    async def stream_changes(
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        for_s: Annotated[int, Query(ge=0, le=STREAM_S, description="seconds after which the stream ends by itself")] = STREAM_S,
        last_event_id: Annotated[str | None, Header(pattern="^[0-9]{1,18}$", description="where a stream that broke off goes on")] = None,
        sees: bool = sees_too,
    ) -> StreamingResponse:
        """Ändringar as server-sent events. It ends after at most five minutes; a reader comes again, with a token valid then."""
        events = _events(db, int(last_event_id) if last_event_id else after, for_s, sees)
        return StreamingResponse(events, media_type="text/event-stream")

    return router


def may_see_protected(staff: Guard, role: str) -> Callable[..., Awaitable[bool]]:
    """A dependency: whether the caller may see cases of protected persons, as few as possible (`domain.md` 2.3)."""

    async def sees_protected(who: Annotated[Caller, Depends(staff)]) -> bool:
        return role in who.roles

    return sees_protected


async def _events(db: Database, after: int, for_s: int, sees: bool) -> AsyncIterator[str]:
    began, quiet = real_now(), 0
    while (real_now() - began).total_seconds() < for_s:
        found = await read(db, after, MOST, sees)
        for each in found:
            after = each.place
            yield f"id: {each.place}\nevent: change\ndata: {_shown(each).model_dump_json()}\n\n"
        quiet = 0 if found else quiet + 1
        if quiet % HEARTBEAT_ROUNDS == 1:
            yield ": nothing new\n\n"
        if not found:
            await asyncio.sleep(POLL_S)


def _shown(change: Change) -> ChangeShown:
    return ChangeShown(
        place=change.place, case_id=change.case_id, version=change.version, facts=list(change.facts), recorded_at=change.recorded_at
    )
