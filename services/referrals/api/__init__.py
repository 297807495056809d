"""The HTTP edge of referrals: a request becomes an act, what it left behind becomes the answer."""

from fastapi import FastAPI

from services.referrals.api import capacity, lists, routes
from services.referrals.api.desk import House, sees_protected, sender, staff
from services.referrals.api.words import CODES
from services.referrals.handlers.cases import Ours
from services.referrals.settings import Settings
from shared.broker import Hearing
from shared.changes import change_routes
from shared.clock import Clock, SimulatedClock
from shared.code_lists import code_routes
from shared.hearing_routes import hearing_routes
from shared.http import make_app
from shared.inbox import Inbox
from shared.inbox_routes import inbox_routes
from shared.operations import republish_routes
from shared.postgres import Database
from shared.simulation import clock_routes

PREFIX = "/referrals"


def make_api(settings: Settings, db: Database, clock: Clock, hearing: Hearing, inbox: Inbox, ours: Ours) -> FastAPI:
    """The whole API under /referrals: for the role referrals-staff all; for referrals-recipient what was sent to the functions that
    its token names (roles `function-…`); for operators what could not be heard, sending again, and the simulated clock.
    """
    app = make_app(
        settings,
        prefix=PREFIX,
        title="Sluss referrals",
        description="The way of every referral (remiss, anvisning), from the draft to the outcome. Answers are the recipient's own, or "
        "written down by the sender, told by telephone. Every POST says when the thing happened: an instant, or a day.",
    )
    app.state.house = House(db, clock, ours)
    app.include_router(routes.router, prefix=PREFIX)
    app.include_router(lists.router, prefix=PREFIX)
    app.include_router(capacity.router, prefix=PREFIX)
    app.include_router(lists.desk, prefix=PREFIX)
    app.include_router(code_routes(staff, CODES), prefix=PREFIX)
    app.include_router(change_routes(db, sender, sees_protected), prefix=PREFIX)
    app.include_router(republish_routes(db), prefix=PREFIX)
    app.include_router(hearing_routes(db, hearing), prefix=PREFIX)
    app.include_router(inbox_routes(inbox), prefix=PREFIX)
    if isinstance(clock, SimulatedClock):
        app.include_router(clock_routes(clock), prefix=PREFIX)
    return app
