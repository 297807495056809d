"""The HTTP edge of referrals."""

from fastapi import FastAPI

from services.referrals.settings import Settings
from shared.broker import Hearing
from shared.clock import Clock, SimulatedClock
from shared.hearing_routes import hearing_routes
from shared.http import make_app
from shared.inbox import Inbox
from shared.inbox_routes import inbox_routes
from shared.operations import republish_routes
from shared.postgres import Database
from shared.simulation import clock_routes

PREFIX = "/referrals"


def make_api(settings: Settings, db: Database, clock: Clock, hearing: Hearing, inbox: Inbox) -> FastAPI:
    """The whole API under /referrals: so far what an operator does, and the simulated clock where there is one."""
    app = make_app(
        settings,
        prefix=PREFIX,
        title="Sluss referrals",
        description="The way of every referral (remiss, anvisning), from the draft to the outcome.",
    )
    app.include_router(republish_routes(db), prefix=PREFIX)
    app.include_router(hearing_routes(db, hearing), prefix=PREFIX)
    app.include_router(inbox_routes(inbox), prefix=PREFIX)
    if isinstance(clock, SimulatedClock):
        app.include_router(clock_routes(clock), prefix=PREFIX)
    return app
