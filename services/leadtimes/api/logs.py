"""/leadtimes/logs: what imported logs are called, how far their import has come, and the waits between two of their activities."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AfterValidator, BaseModel, Field, field_validator

from contracts.history import MOST_ATTRIBUTES, MOST_ROWS, ActivityCode, AttributeCode, OrganisationCode, ResourceCode, Sha256, ValueCode
from services.leadtimes import handlers
from services.leadtimes.api.drawing import Form
from services.leadtimes.api.limits import LimitText, last_instant
from services.leadtimes.api.render import render_picture
from services.leadtimes.api.words import Language
from services.leadtimes.domain.waits import AT
from services.leadtimes.store.logs import USUAL, Log
from shared.auth import caller
from shared.http import StrictModel
from shared.postgres import Database
from shared.problems import Problem

MOST_CALLED = 500
MOST_VALUES = 1000
MOST_DAYS = 100
MOST_COMPETING = 20
MOST_MILESTONES = 50
LONGEST_DAY = 100_000
ARROW = " => "
Name = Annotated[str, Path(pattern="^[a-z0-9_-]{1,64}$", description="What people call the log")]
Called = Annotated[str, Field(min_length=1, max_length=MOST_CALLED)]
Activity = Annotated[str, Query(min_length=1, max_length=MOST_CALLED, description="The activity's name in the log")]
Competing = Annotated[
    Sequence[Annotated[str, Field(min_length=1, max_length=MOST_CALLED)]],
    Query(max_length=MOST_COMPETING, description="Other ends: whichever comes strictly before `to` ends the wait otherwise"),
]


class State(StrEnum):
    """How far an import has come."""

    IMPORTING = "importing"
    COMPLETE = "complete"


class ActivityCalled(StrictModel):
    """An activity of the log: its name, and how many events it has."""

    name: Called
    events: Annotated[int, Field(ge=0, le=MOST_ROWS)]


class AttributeCalled(StrictModel):
    """A further attribute that was taken along: its name, and what its values are called."""

    name: Called
    values: dict[ValueCode, Called] = Field(max_length=MOST_VALUES)


class Vocabulary(StrictModel):
    """What the codes of a log are called. The bus carries the codes only."""

    activities: dict[ActivityCode, ActivityCalled]
    organisations: dict[OrganisationCode, Called] = Field(default_factory=dict)
    resources: dict[ResourceCode, Called] = Field(default_factory=dict)
    attributes: dict[AttributeCode, AttributeCalled] = Field(default_factory=dict, max_length=MOST_ATTRIBUTES)

    @field_validator("attributes")
    @classmethod
    def _told_apart(cls, attributes: dict[AttributeCode, AttributeCalled]) -> dict[AttributeCode, AttributeCalled]:
        names = [*USUAL, *(attribute.name for attribute in attributes.values())]
        if len(set(names)) < len(names):
            raise ValueError(f"each has a name of its own, and none is called {' or '.join(USUAL)}")
        return attributes


class NameLog(StrictModel):
    """A log to be imported under a name: `sha256` of the file, how many events it has, and its vocabulary."""

    log_id: UUID
    sha256: Sha256
    events: Annotated[int, Field(ge=0, le=MOST_ROWS)]
    vocabulary: Vocabulary


class ActivityShown(BaseModel):
    """An activity under its code."""

    code: str
    name: str
    events: int


class LogShown(BaseModel):
    """A log under one of its names."""

    name: str
    log_id: UUID
    state: State
    events_expected: int
    events_stored: int
    first_event: datetime | None
    last_event: datetime | None
    activities: list[ActivityShown]
    fields: Annotated[list[str], Field(description="What its waits can be told apart by")]


class LogForgotten(BaseModel):
    """A name that means no log any more, and how many events went with it: null while the log has another name."""

    name: str
    events_removed: int | None


class LogsShown(BaseModel):
    """Every log under every name."""

    logs: list[LogShown]


def _days(text: str) -> list[float]:
    """Days with commas between, in their order. Raises ValueError."""
    days = sorted({float(each) for each in text.split(",")})
    if len(days) > MOST_DAYS or not all(0 < day <= LONGEST_DAY for day in days):
        raise ValueError("days between 0 and 100 000, at most 100 of them")
    return days


Milestones = Annotated[
    Sequence[Annotated[str, Field(pattern=f"^.{{1,{MOST_CALLED}}}{ARROW}.{{1,{MOST_CALLED}}}$")]],
    Query(max_length=MOST_MILESTONES, description="`A => B`: from the first A of a case to the first B after it"),
]
MEDIA_TYPES = {Form.PNG: "image/png", Form.SVG: "image/svg+xml"}
By = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MOST_CALLED,
        description="Also apart by what was known of this at the start of each wait: one of the log's `fields`",
    ),
]
USUAL_DAYS = ",".join(map(str, AT))
Days = Annotated[str, AfterValidator(lambda text: _days(text) and text), Query(description="Days, with commas between", max_length=1000)]


def routes(db: Database) -> APIRouter:
    """The routes of the logs."""
    router = APIRouter(tags=["logs"], dependencies=[Depends(caller("leadtimes-reader", "operator"))])
    for_operators = [Depends(caller("operator"))]

    @router.get("/logs", summary="Every imported log")
    async def every_log() -> LogsShown:
        return LogsShown(logs=[_shown(log) for log in await handlers.logs(db)])

    @router.get("/logs/{name}", summary="One imported log")
    async def one_log(name: Name) -> LogShown:
        try:
            return _shown(await handlers.log(db, name))
        except handlers.NoSuchLog:
            raise Problem("not_found") from None

    @router.put(
        "/logs/{name}",
        summary="Name a log and say what its codes are called",
        dependencies=for_operators,
        responses={201: {"model": LogShown, "description": "The name is new"}},
    )
    async def name_log(name: Name, log: NameLog, response: Response) -> LogShown:
        vocabulary = log.vocabulary.model_dump(mode="json")
        try:
            named, is_new = await handlers.name_log(db, name, log.log_id, log.sha256, log.events, vocabulary)
        except handlers.NameTaken:
            raise Problem("already_there") from None
        response.status_code = 201 if is_new else 200
        return _shown(named)

    @router.delete(
        "/logs/{name}", summary="Forget a log under this name; under its last name all its events too", dependencies=for_operators
    )
    async def forget_log(name: Name) -> LogForgotten:
        with problems():
            return LogForgotten(name=name, events_removed=await handlers.forget_log(db, name))

    @router.get("/logs/{name}/waits", summary="The waits from one activity to another")
    async def log_waits(
        name: Name,
        start: Annotated[Activity, Query(alias="from")],
        end: Annotated[Activity, Query(alias="to")],
        competing: Competing = (),
        as_of: Annotated[LimitText | None, Query(description="The log's last event when left out")] = None,
        known_at: Annotated[LimitText | None, Query(description="Whatever the log's keeper has recorded, when left out")] = None,
        at: Days = USUAL_DAYS,
        by: By = None,
    ) -> dict[str, Any]:
        happened, recorded = (None if limit is None else last_instant(limit) for limit in (as_of, known_at))
        found = await asked(db, name, handlers.Asked(start, end, competing, happened, recorded, by, _days(at)))
        whole = found.figures | {"as_of_is_last_event": as_of is None, "months": found.months}
        if by is None:
            return whole
        return whole | {"by": by, "groups": [{"group": group, **figures} for group, figures in found.groups.items()]}

    @router.get(
        "/logs/{name}/waits/picture",
        summary="The curve of the waits as a file",
        response_class=Response,
        responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}, "description": "PNG or SVG, as asked for"}},
    )
    async def waits_picture(
        name: Name,
        start: Annotated[Activity, Query(alias="from")],
        end: Annotated[Activity, Query(alias="to")],
        competing: Competing = (),
        as_of: Annotated[LimitText | None, Query(description="The log's last event when left out")] = None,
        known_at: Annotated[LimitText | None, Query(description="Whatever the log's keeper has recorded, when left out")] = None,
        at: Days = USUAL_DAYS,
        form: Form = Form.PNG,
        lang: Language = Language.ENGLISH,
    ) -> Response:
        happened, recorded = (None if limit is None else last_instant(limit) for limit in (as_of, known_at))
        found = await asked(db, name, handlers.Asked(start, end, competing, happened, recorded, at=_days(at)))
        return Response(render_picture(name, found.waits, found.figures, lang, form), media_type=MEDIA_TYPES[form])

    @router.get("/logs/{name}/stats", summary="What follows what in a log, and how long it takes")
    async def stats(name: Name, milestone: Milestones = ()) -> dict[str, Any]:
        with problems():
            return await handlers.log_stats(db, name, [(start, end) for start, _, end in (each.partition(ARROW) for each in milestone)])

    return router


@contextmanager
def problems() -> Iterator[None]:
    """What a question to a log can meet, as a Problem: not_found, not_complete_yet with the progress, request_invalid."""
    try:
        yield
    except handlers.NoSuchLog:
        raise Problem("not_found") from None
    except handlers.NotComplete as importing:
        log = importing.log
        raise Problem("not_complete_yet", progress={"events_stored": log.events_stored, "events_expected": log.events_expected}) from None
    except handlers.NoSuchActivity as unknown:
        faults = [{"in": "query", "pointer": f"/{end}", "kind": "unknown_activity"} for end in unknown.ends]
        raise Problem("request_invalid", errors=faults) from None
    except handlers.NoSuchField:
        raise Problem("request_invalid", errors=[{"in": "query", "pointer": "/by", "kind": "unknown_field"}]) from None
    except handlers.TooManyGroups:
        raise Problem("request_invalid", errors=[{"in": "query", "pointer": "/by", "kind": "too_many_groups"}]) from None


async def asked(db: Database, name: str, asked: handlers.Asked) -> handlers.Found:
    """The waits asked for. Raises Problem, as `problems` says."""
    with problems():
        return await handlers.waits(db, name, asked)


def _shown(log: Log) -> LogShown:
    return LogShown(
        name=log.name,
        log_id=log.log_id,
        state=State.COMPLETE if log.complete else State.IMPORTING,
        events_expected=log.events_expected,
        events_stored=log.events_stored,
        first_event=log.first_event,
        last_event=log.last_event,
        activities=[ActivityShown(code=code, **called) for code, called in log.vocabulary["activities"].items()],
        fields=sorted(name for name, field in log.fields.items() if field.names),
    )
