"""Programmes over HTTP: what a provider has for whom, its groups, its waiting list with a forecast, and its blocked places."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, model_validator
from uuid_utils.compat import uuid7

from contracts.codes import CapacityStatus, FunctionCode, InsatsKind, TargetGroupCode
from contracts.referrals import Seats, Weeks
from services.referrals.api.answers import CASE_ID, REFERRAL_ID
from services.referrals.api.bodies import ON, Happened
from services.referrals.api.desk import CREATED, At, House, Looking, staff
from services.referrals.api.lists import Function, Limit
from services.referrals.domain.capacity import BlockedFor, Group, Grouping, Programme, Registered, blocked_for
from services.referrals.domain.moments import LOCAL
from services.referrals.domain.seeing import Seer
from services.referrals.domain.steps import NotYet, Refused
from services.referrals.handlers import capacity as handlers
from services.referrals.handlers.capacity import NoProgramme, Seen
from services.referrals.store.cases import FIRST
from shared.changes import USUAL
from shared.context import begin
from shared.http import StrictModel
from shared.problems import Problem
from shared.telemetry import step

PROGRAMME_ID, GROUP_ID = "01997f3e-bc76-7caa-8e61-8f2b7d9cabde", "01997f3e-cd87-7dbb-8f72-903c8eadbcef"
PROVIDER = "01997f3e-de98-7ecc-8083-a14d9fbecd01"
REGISTERED: dict[str, Any] = {
    "provider": PROVIDER,
    "to_function": "jobbcentrum",
    "insats_kind": "work_training",
    "target_group": "jobseekers",
    "opens_on": "2026-06-01",
    "closes_on": "2026-11-30",
    "seats": 12,
    "grouping": "one_at_a_time",
}
EXAMPLE: dict[str, Any] = {
    **REGISTERED,
    "programme_id": PROGRAMME_ID,
    "groups": [{"group_id": GROUP_ID, "starts_on": "2026-06-08", "weeks": 4, "seats": 12, "free": 0}],
    "held": 0,
    "booked": 12,
    "free": 0,
    "waiting": 1,
    "status": "waitlist",
    "reported_at": "2026-06-01T12:00:00+02:00",
}

router = APIRouter(dependencies=[Depends(staff)])
ProgrammeId = Annotated[UUID, Path(examples=[PROGRAMME_ID])]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class NewProgramme(StrictModel):
    """Program: what a provider gives to a target group. `opens_on`, `closes_on`: the first and last day on which anybody starts."""

    model_config = _example(**REGISTERED)

    provider: UUID
    to_function: FunctionCode
    insats_kind: InsatsKind
    target_group: TargetGroupCode
    opens_on: date
    closes_on: date
    seats: Seats
    grouping: Grouping = Grouping.NONE

    @model_validator(mode="after")
    def _in_order(self) -> "NewProgramme":
        if self.closes_on < self.opens_on:
            raise ValueError("closes_on is not before opens_on")
        return self


class NewGroup(Happened):
    """Gruppstart planerad."""

    model_config = _example(happened=ON, starts_on="2026-06-08", weeks=4, seats=12)

    starts_on: date
    weeks: Weeks
    seats: Seats


class Capacity(Happened):
    """Kapacitet, as the provider says; how many places are free is counted here."""

    model_config = _example(happened=ON, status="waitlist")

    status: CapacityStatus


class GroupShown(BaseModel):
    """A group, and how many more can be in it from its first day on."""

    group_id: UUID
    starts_on: date
    weeks: int
    seats: int
    free: int


class ProgrammeShown(BaseModel):
    """A programme: its seats, who has them, and how many can start on the next day on which anybody can. `status`: last reported."""

    model_config = _example(**EXAMPLE)

    programme_id: UUID
    provider: UUID
    to_function: str
    insats_kind: str
    target_group: str
    opens_on: date
    closes_on: date
    seats: int
    grouping: Grouping
    groups: list[GroupShown]
    held: int
    booked: int
    free: int
    waiting: int
    status: str | None
    reported_at: datetime | None


class WaitingShown(BaseModel):
    """Somebody in the line, and the group that they start in as things stand today; null: none is planned for them."""

    position: int
    case_id: UUID
    referral_id: UUID
    group_id: UUID | None
    starts_on: date | None


class BlockedShown(BaseModel):
    """A place held by somebody who is ready for the next step: since when, for how many days, and in which stretch that is."""

    case_id: UUID
    referral_id: UUID
    ready_on: date
    days: int
    blocked_for: BlockedFor


class WholeProgrammeShown(ProgrammeShown):
    """A programme with its waiting list, the first first, and its blocked places, the oldest first.

    Whoever the asker may not see is counted, and left out of both lists.
    """

    model_config = _example(
        **EXAMPLE,
        waiting_list=[{"position": 1, "case_id": CASE_ID, "referral_id": REFERRAL_ID, "group_id": None, "starts_on": None}],
        blocked=[
            {"case_id": CASE_ID, "referral_id": REFERRAL_ID, "ready_on": "2026-01-12", "days": 140, "blocked_for": "up_to_6_months"},
        ],
    )

    waiting_list: list[WaitingShown]
    blocked: list[BlockedShown]


class ProgrammesShown(BaseModel):
    """Programmes in the order of their registration. `next_after`: ask again with it for more; null: there are no more."""

    model_config = _example(programmes=[EXAMPLE], next_after=None)

    programmes: list[ProgrammeShown]
    next_after: UUID | None


@router.get("/programmes", summary="Find programmes and their places")
@step
async def list_programmes(
    request: Request, seer: Looking, to_function: Function = None, after: UUID = FIRST, limit: Limit = USUAL
) -> ProgrammesShown:
    """Program. A recipient's staff find those of their function."""
    house: House = request.app.state.house
    found = await handlers.listed(house.db, to_function, seer, after, limit + 1, await house.clock.now())
    shown = [ProgrammeShown(**_programme(each)) for each in found[:limit]]
    return ProgrammesShown(programmes=shown, next_after=shown[-1].programme_id if len(found) > limit else None)


@router.get("/programmes/{programme_id}", summary="Read a programme, its waiting list and its blocked places")
@step
async def show_programme(programme_id: ProgrammeId, request: Request, seer: Looking) -> WholeProgrammeShown:
    """Kölista with a forecast for every position, and the places of those who are ready for the next step (memo S1)."""
    house: House = request.app.state.house
    with _refusals():
        return _whole(await handlers.see(house.db, programme_id, seer, await house.clock.now()), seer)


@router.post("/programmes", status_code=CREATED, summary="Register a programme")
@step
async def register_programme(body: NewProgramme, at: At) -> WholeProgrammeShown:
    """A recipient's staff register those of their function."""
    of = Programme(body.opens_on, body.closes_on, body.seats, body.grouping)
    new = Registered(uuid7(), body.provider, body.to_function, str(body.insats_kind), body.target_group, of)
    with _refusals():
        seen = await handlers.register(at.house.db, at.key, new, at.seer, begin(at.now, at.who.subject))
    at.response.headers["Location"] = f"/referrals/programmes/{seen.registered.programme_id}"
    return _whole(seen, at.seer)


@router.post("/programmes/{programme_id}/groups", status_code=CREATED, summary="Plan a group")
@step
async def plan_group(programme_id: ProgrammeId, body: NewGroup, at: At) -> WholeProgrammeShown:
    """Gruppstart planerad."""
    group, context = Group(uuid7(), body.starts_on, body.weeks, body.seats), begin(at.now, at.who.subject)
    source, happened = at.house.ours.source, body.happened.when()
    with _refusals():
        return _whole(await handlers.plan(at.house.db, source, at.key, programme_id, group, happened, at.seer, context), at.seer)


@router.post("/programmes/{programme_id}/capacity", status_code=CREATED, summary="Report on the places")
@step
async def report_capacity(programme_id: ProgrammeId, body: Capacity, at: At) -> WholeProgrammeShown:
    """Kapacitet."""
    source, happened, context = at.house.ours.source, body.happened.when(), begin(at.now, at.who.subject)
    status = str(body.status)
    with _refusals():
        return _whole(await handlers.report(at.house.db, source, at.key, programme_id, status, happened, at.seer, context), at.seer)


@contextmanager
def _refusals() -> Iterator[None]:
    """What handlers raise, as a Problem: not_found, time_in_future, step_not_allowed."""
    try:
        yield
    except NoProgramme:
        raise Problem("not_found") from None
    except NotYet:
        raise Problem("time_in_future") from None
    except Refused as refused:
        raise Problem("step_not_allowed", reason=refused.message, next=[]) from None


def _programme(seen: Seen) -> dict[str, Any]:
    of = seen.registered.programme
    reported = seen.registered.reported_at
    groups = [{**vars(each), "free": of.free(seen.places, each.starts_on, seen.today, each)} for each in of.groups]
    return {
        **{name: value for name, value in vars(seen.registered).items() if name != "programme"},
        **{name: getattr(of, name) for name in ("opens_on", "closes_on", "seats", "grouping")},
        "groups": sorted(groups, key=lambda each: each["starts_on"]),
        "held": len(seen.held),
        "booked": seen.booked,
        "free": of.free_next(seen.places, seen.today),
        "waiting": len(seen.line),
        "reported_at": reported.astimezone(LOCAL) if reported else None,
    }


def _whole(seen: Seen, seer: Seer) -> WholeProgrammeShown:
    line = seen.line
    forecast = seen.registered.programme.forecast(seen.places, len(line), seen.today)
    return WholeProgrammeShown(
        **_programme(seen),
        waiting_list=[
            WaitingShown(
                position=position,
                case_id=each.case_id,
                referral_id=each.referral_id,
                group_id=group.group_id if group else None,
                starts_on=group.starts_on if group else None,
            )
            for position, (each, group) in enumerate(zip(line, forecast, strict=True), 1)
            if seer.protected or not each.protected
        ],
        blocked=[
            BlockedShown(
                case_id=each.case_id,
                referral_id=each.referral_id,
                ready_on=each.ready_on,
                days=(seen.today - each.ready_on).days,
                blocked_for=blocked_for(each.ready_on, seen.today),
            )
            for each in sorted(seen.held, key=lambda each: each.ready_on or date.max)
            if each.ready_on and (seer.protected or not each.protected)
        ],
    )
