"""What an operator does, and the one-time links that open the pages. Each may be sent twice: the second time it finds it done."""

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from services.leadtimes import handlers
from shared import sessions
from shared.auth import Caller, caller
from shared.http import StrictModel
from shared.operations import Operator
from shared.postgres import Database, transaction

OPEN = "/open"
PLAIN = re.compile(r"(/[a-z0-9_-]*)+(\?[!-\[\]-~]*)?")
"""A path of plain names, so that none of them can step out of this service, and a query."""
Reader = Annotated[Caller, Depends(caller("leadtimes-reader", "operator"))]


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


def routes(db: Database, prefix: str) -> APIRouter:
    """The routes of the operator and of the links."""
    router = APIRouter(tags=["operations"])
    home = f"{prefix}/"

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
