"""What an operator does, and the one-time links that open the pages. Each may be sent twice: the second time it finds it done."""

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime, BaseModel, Field

from contracts.envelope import Unreadable
from services.leadtimes import handlers
from shared import operations, quarantine, sessions
from shared.auth import Caller, caller
from shared.broker import Hearing, NotAlone
from shared.http import StrictModel
from shared.operations import Operation, Operator
from shared.postgres import Database, transaction
from shared.problems import Problem
from shared.quarantine import NotQuarantined

OPEN = "/open"
PLAIN = re.compile(r"(/[a-z0-9_-]*)+(\?[!-\[\]-~]*)?")
"""A path of plain names, so that none of them can step out of this service, and a query."""
Reader = Annotated[Caller, Depends(caller("leadtimes-reader", "operator"))]
Number = Annotated[int, Path(ge=1, lt=2**63, description="The record's number in the list")]


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

    records: list[QuarantinedShown]


class Settled(BaseModel):
    """What became of a record."""

    id: int
    state: str


class Discard(StrictModel):
    """Why a record is given up. Its stream stays incomplete."""

    reason: Annotated[str, Field(min_length=3, max_length=500)]


class Rewound(BaseModel):
    """The topic that is heard again from its beginning."""

    topic: str


class Rebuilt(BaseModel):
    """How many cases' clocks were made anew."""

    cases: int


class VerifiedShown(BaseModel):
    """How many cases were made anew and compared, how many kept clocks differ, and how many logs were counted wrongly."""

    cases: int
    differing: int
    miscounted_logs: int


class MakeLink(StrictModel):
    """Where the link leads: a page of this service."""

    page: Annotated[str, Field(max_length=2000)] | None = None


class LinkShown(BaseModel):
    """A link that opens one browser once, within five minutes."""

    url: str


def routes(db: Database, hearing: Hearing, prefix: str) -> APIRouter:
    """The routes of the operator and of the links."""
    router = APIRouter(tags=["operations"])
    home = f"{prefix}/"

    @router.get("/quarantine", summary="The records in quarantine")
    async def list_quarantine(_: Operator) -> QuarantineShown:
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
    async def rewind(topic: Annotated[str, Path(max_length=200)], who: Operator) -> Rewound:
        if topic not in hearing.topics:
            raise Problem("not_found")
        async with transaction(db) as tx:
            await operations.keep(tx, Operation.REWIND, topic, None, who)
        try:
            await hearing.rewind(topic)
        except NotAlone:
            raise Problem("heard_by_several") from None
        return Rewound(topic=topic)

    @router.post("/rebuild", summary="Make the clocks of every case anew from the events kept")
    async def rebuild(_: Operator) -> Rebuilt:
        return Rebuilt(cases=await handlers.rebuild(db))

    @router.post("/verify", summary="Compare the clocks kept with what their events give")
    async def verify(_: Operator) -> VerifiedShown:
        verified = await handlers.verify(db)
        return VerifiedShown(cases=verified.cases, differing=verified.differing, miscounted_logs=verified.miscounted_logs)

    @router.post("/links", status_code=201, summary="Make a link that opens the pages in a browser")
    async def make_link(request: Request, who: Reader, link: MakeLink | None = None) -> LinkShown:
        page = _own_page(link.page if link and link.page else home, home)
        async with transaction(db) as tx:
            code = await sessions.make_link(tx, who)
        return LinkShown(url=str(request.base_url.replace(path=f"{prefix}{OPEN}", query=urlencode({"code": code, "page": page}))))

    @router.get(OPEN, summary="Open a one-time link", status_code=303, response_class=RedirectResponse)
    async def open_link(
        request: Request, code: Annotated[str, Query(max_length=200)], page: Annotated[str, Query(max_length=2000)] = home
    ) -> Response:
        async with transaction(db) as tx:
            secret = await sessions.open_link(tx, code)
        answer = RedirectResponse(_own_page(page, home), status_code=303)
        sessions.set_cookie(answer, secret, prefix, secure=request.url.scheme == "https")
        return answer

    return router


def _own_page(page: str, home: str) -> str:
    """A page of this service and no other address; anything else is the first page."""
    return page if page.startswith(home) and PLAIN.fullmatch(page) else home
