"""The routes that show and move a service's simulated clock; mounted only under SLUSS_SIMULATION, for operators only."""

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, ConfigDict

from shared.auth import caller
from shared.clock import Backwards, SimulatedClock
from shared.http import StrictModel
from shared.problems import Problem


class ClockShown(StrictModel):
    """The simulated present."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"now": "2026-02-02T08:15:00.250000Z"}]})

    now: AwareDatetime


class MoveClock(StrictModel):
    """Where to move the clock: an instant not before its present."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "2026-03-01T00:00:00+01:00"}]})

    to: AwareDatetime


def clock_routes(clock: SimulatedClock) -> APIRouter:
    """GET and POST /clock under the service's prefix."""
    router = APIRouter(tags=["simulation"], dependencies=[Depends(caller("operator"))])

    @router.get("/clock", summary="Show the simulated clock")
    async def show_clock() -> ClockShown:
        return ClockShown(now=await clock.now())

    @router.post("/clock", summary="Move the simulated clock forward")
    async def move_clock(move: MoveClock) -> ClockShown:
        try:
            return ClockShown(now=await clock.move_to(move.to))
        except Backwards:
            raise Problem("clock_moves_forward_only") from None

    return router
