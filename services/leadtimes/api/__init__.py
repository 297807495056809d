"""The HTTP edge of leadtimes: measures, imported logs, what an operator does, and the pages."""

from fastapi import FastAPI

from services.leadtimes.api import logs, measures, operations, page, passage, quality
from services.leadtimes.settings import Settings
from shared.broker import Hearing
from shared.clock import Clock, SimulatedClock
from shared.hearing_routes import hearing_routes
from shared.http import make_app
from shared.postgres import Database
from shared.sessions import Sessions
from shared.simulation import clock_routes

PREFIX = "/leadtimes"


def make_api(settings: Settings, db: Database, clock: Clock, hearing: Hearing) -> FastAPI:
    """The whole API under /leadtimes; only the page that opens a one-time link is read without a token or a session."""
    app = make_app(
        settings,
        prefix=PREFIX,
        title="Sluss leadtimes",
        description="How long people wait, those who still wait beside those who do not.",
        free=frozenset({f"{PREFIX}{operations.OPEN}"}),
    )
    app.state.sessions = Sessions(db)
    for router in (
        measures.routes(db, clock),
        passage.routes(db, clock),
        quality.routes(db, clock),
        logs.routes(db),
        operations.routes(db, PREFIX),
        hearing_routes(db, hearing),
        page.routes(db, clock),
    ):
        app.include_router(router, prefix=PREFIX)
    if isinstance(clock, SimulatedClock):
        app.include_router(clock_routes(clock), prefix=PREFIX)
    return app
