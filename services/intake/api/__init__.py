"""The HTTP edge of intake: a request becomes a command, what it left behind becomes the answer."""

from fastapi import FastAPI

from services.intake.api import caseload, corrections, households, imports, lists, passage, persons, routes
from services.intake.api.desk import House, Unshown, answer_unshown, sees_protected, staff
from services.intake.api.words import CODES
from services.intake.handlers.cases import Ours
from services.intake.settings import Settings
from services.intake.store.vault import Vault
from shared.changes import change_routes
from shared.clock import Clock, SimulatedClock
from shared.code_lists import code_routes
from shared.http import make_app
from shared.operations import republish_routes
from shared.postgres import Database
from shared.simulation import clock_routes

PREFIX = "/intake"


def make_api(settings: Settings, db: Database, vault: Vault, clock: Clock, ours: Ours) -> FastAPI:
    """The whole API under /intake, for the role intake-staff; for intake-manager the caseload; for three services who a person is;
    for operators sending again, erasing, and the simulated clock where there is one.
    """
    app = make_app(
        settings,
        prefix=PREFIX,
        title="Sluss intake",
        description="From the first contact with försörjningsstöd to the decision, and the closing of the case. "
        "Every POST says when the thing happened: an instant, or a day when no more is known.",
    )
    app.state.house = House(db, clock, ours)
    app.state.vault = vault
    app.add_exception_handler(Unshown, answer_unshown)
    app.include_router(routes.router, prefix=PREFIX)
    app.include_router(routes.deeds, prefix=PREFIX)
    app.include_router(passage.router, prefix=PREFIX)
    app.include_router(imports.router, prefix=PREFIX)
    app.include_router(lists.router, prefix=PREFIX)
    app.include_router(code_routes(staff, CODES), prefix=PREFIX)
    app.include_router(change_routes(db, staff, sees_protected), prefix=PREFIX)
    app.include_router(corrections.router, prefix=PREFIX)
    app.include_router(corrections.deeds, prefix=PREFIX)
    app.include_router(households.router, prefix=PREFIX)
    app.include_router(caseload.router, prefix=PREFIX)
    app.include_router(persons.router, prefix=PREFIX)
    app.include_router(republish_routes(db), prefix=PREFIX)
    if isinstance(clock, SimulatedClock):
        app.include_router(clock_routes(clock), prefix=PREFIX)
    return app
