"""The pages: GET /leadtimes/ with the measures, and of an imported log GET …/logs/{name}/page with its waits, …/flows with its flows."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import PlainValidator, WithJsonSchema

from services.leadtimes import handlers
from services.leadtimes.api.curves import curve_of
from services.leadtimes.api.drawing import Point
from services.leadtimes.api.limits import last_instant, read_limit
from services.leadtimes.api.logs import MOST_COMPETING, Name, asked, problems
from services.leadtimes.api.measures import figures_of
from services.leadtimes.api.passage import responsibility_of, where_of
from services.leadtimes.api.render import (
    POLICY,
    Address,
    Measures,
    Order,
    Waits,
    render_choice,
    render_flows,
    render_measures,
    render_progress,
    render_waits,
)
from services.leadtimes.api.words import Language, preferred
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.measures import Measure
from services.leadtimes.domain.moments import Limit
from services.leadtimes.domain.report import steps
from services.leadtimes.store.logs import Log
from shared.clock import Clock
from shared.postgres import Database
from shared.problems import Problem
from shared.sessions import page_caller

LONGEST_NAME = 500
HEADLINE = Measure.L20
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie, Authorization",
}

AskedLimit = Annotated[
    Limit | None,
    PlainValidator(lambda text: read_limit(text) if text else None),
    WithJsonSchema({"type": "string", "examples": ["2026-03-31"]}),
]
"""A day or an instant; a form that is sent with the field left empty asks for none."""
Activity = Annotated[str, Query(max_length=LONGEST_NAME)]


def reader_language(
    lang: Annotated[str | None, Query(max_length=20)] = None,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
) -> Language:
    """The language asked for in the address, else what the reader's browser prefers."""
    return preferred(lang, accept_language)


ReaderLanguage = Annotated[Language, Depends(reader_language)]


def routes(db: Database, clock: Clock) -> APIRouter:
    """The routes of the pages; a session or a token opens them."""
    router = APIRouter(dependencies=[Depends(page_caller("leadtimes-reader", "operator"))], include_in_schema=False)

    @router.get("/")
    async def measures(
        request: Request,
        language: ReaderLanguage,
        measure: Measure = HEADLINE,
        by: Grouping = Grouping.HINDRANCE,
        as_of: AskedLimit = None,
        known_at: AskedLimit = None,
    ) -> HTMLResponse:
        now = await clock.now()
        limits = as_of or now, known_at or now
        known = await handlers.known(db, *limits)
        reports = {each.value: figures_of(each, *limits, known, by if each is measure else None) for each in Measure}
        is_headline = measure is HEADLINE and by is Grouping.HINDRANCE
        shown = Measures(
            headline=reports[HEADLINE.value] if is_headline else figures_of(HEADLINE, *limits, known, Grouping.HINDRANCE),
            reports=reports,
            shown=measure.value,
            steps=[Point(step.day, step.share or 0.0, step.low, step.high) for step in steps(measure, known.intervals, limits[0])],
            incomplete=known.incomplete,
            logs={log.name: str(request.url_for("log", name=log.name).path) for log in await handlers.logs(db)},
            where=where_of(known, *limits),
            responsibility=responsibility_of(known, *limits),
        )
        return _page(render_measures(shown, language, _address(request)), language)

    @router.get("/logs/{name}/page", name="log")
    async def log(
        request: Request,
        language: ReaderLanguage,
        name: Name,
        start: Annotated[Activity, Query(alias="from")] = "",
        end: Annotated[Activity, Query(alias="to")] = "",
        competing: Annotated[Sequence[Activity], Query(max_length=MOST_COMPETING)] = (),
        as_of: AskedLimit = None,
    ) -> HTMLResponse:
        named = await _named(db, name)
        address = _address(request)
        if not named.complete:
            return _page(render_progress(name, named.events_stored, named.events_expected, language, address), language)
        if not (start and end):
            return _page(render_choice(name, _activities(named), language, address), language)
        others = [other for other in competing if other]  # a form sends the field left empty too
        found = await asked(db, name, handlers.Asked(start, end, others, last_instant(as_of) if as_of else None))
        shown = Waits(name, found.figures, curve_of(found.waits, found.figures), found.months, as_of_asked=as_of is not None)
        return _page(render_waits(shown, language, address), language)

    @router.get("/logs/{name}/flows")
    async def flows(request: Request, language: ReaderLanguage, name: Name, sort: Order = Order.N) -> HTMLResponse:
        named, address = await _named(db, name), _address(request)
        if not named.complete or not named.events_stored:
            return _page(render_progress(name, named.events_stored, named.events_expected, language, address), language)
        with problems():
            stats = await handlers.log_stats(db, name, ())
        return _page(render_flows(name, stats, sort, language, address), language)

    return router


async def _named(db: Database, name: str) -> Log:
    try:
        return await handlers.log(db, name)
    except handlers.NoSuchLog:
        raise Problem("not_found") from None


def _activities(log: Log) -> dict[str, int]:
    """How often each activity occurs, the most frequent first."""
    counts = {each["name"]: each["events"] for each in log.vocabulary["activities"].values()}
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _address(request: Request) -> Address:
    """Where we are, without the host: the same behind a proxy."""
    asked = {name: request.query_params.getlist(name) for name in request.query_params}
    return Address(request.url.path, {name: values[0] if len(values) == 1 else values for name, values in asked.items()})


def _page(text: str, language: Language) -> HTMLResponse:
    return HTMLResponse(text, headers={**HEADERS, "Content-Language": language})
