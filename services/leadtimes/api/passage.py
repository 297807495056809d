"""GET /leadtimes/where and /leadtimes/responsibility: where people are after contact, and who held the ball on the way to an insats."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.leadtimes import handlers
from services.leadtimes.api.measures import AsOf, KnownAt
from services.leadtimes.domain.moments import Limit
from services.leadtimes.domain.passage_report import responsibility_document, where_document
from services.leadtimes.handlers import Known
from shared.auth import caller
from shared.clock import Clock
from shared.postgres import Database

LIMITS: dict[str, Any] = {"as_of": "2026-11-28", "known_at": "2026-11-28", "rule_set": 3}
WHERE: dict[str, Any] = {
    **{"day": 90, "n": 250, "waiting": 118, "between": 9, "in_insats": 74, "closed": {"moved": 11, "rejected": 38}},
    **{"already_in_insats": 31, "before_known_from": 4, "void": 1},
}
PART: dict[str, Any] = {"holder": "partner:jobbcentrum", "days": 4120, "share": 0.31, "seconds": None, "cases": 87, "shared_days": 5032}


class OnDay(BaseModel):
    """Where everybody is, after all that happened on that day, whose day N after contact has passed by as-of.

    `n` is the sum of `waiting`, `between` (two insatser), `in_insats` and `closed`, by reason. `already_in_insats`: how many of all were in
    one at contact. `before_known_from`: left out, since they were not known to us by that day; `void`: left out, entered in error.
    """

    day: int
    n: int
    waiting: int
    between: int
    in_insats: int
    closed: dict[str, int]
    already_in_insats: int
    before_known_from: int
    void: int


class WhereShown(BaseModel):
    """Where people are 30, 90, 180 and 365 days after contact. `incomplete`: how many cases miss an event that must exist."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**LIMITS, "days": [WHERE], "incomplete": 0}]})

    as_of: str
    known_at: str
    rule_set: int
    days: list[OnDay]
    incomplete: int


class Part(BaseModel):
    """What one holder held: days, which over all holders sum to the waits; their share; and in how many cases.

    Of a shared day (`shared_days`) each holder has one, so those may sum to more. `seconds`: where all waits are between instants.
    """

    holder: str
    days: int
    share: float | None
    seconds: float | None
    cases: int
    shared_days: int


class ResponsibilityShown(BaseModel):
    """Who held the ball between first contact and the stop of L20, or as-of, over `cases` and `days`.

    Holders: municipality, client, consent, partner:<function>, external_decision, gap. `negative`: cases left out whose insats is dated
    before the contact; `excluded`: outside L20, by rule; `void`: entered in error. Of `all_cases` that are not void, those outside L20 too:
    `bounces`: referrals declined or redirected that had a successor. `no_shows`: how often somebody stayed away. `hops`: how often cases
    were routed, returns included.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **LIMITS,
                    **{"cases": 250, "days": 13290, "seconds": None, "parts": [PART]},
                    **{"negative": 0, "excluded": {"already_in_insats": 31}, "void": 2, "all_cases": 281},
                    **{"bounces": 17, "no_shows": 23, "hops": 311, "incomplete": 0},
                }
            ]
        }
    )

    as_of: str
    known_at: str
    rule_set: int
    cases: int
    days: int
    seconds: float | None
    parts: list[Part]
    negative: int
    excluded: dict[str, int]
    void: int
    all_cases: int
    bounces: int
    no_shows: int
    hops: int
    incomplete: int


def routes(db: Database, clock: Clock) -> APIRouter:
    """The routes of what lies between contact and insats."""
    router = APIRouter(tags=["measures"], dependencies=[Depends(caller("leadtimes-reader", "operator"))])

    async def known(as_of: Limit | None, known_at: Limit | None) -> tuple[Known, Limit, Limit]:
        now = await clock.now()
        limits = as_of or now, known_at or now
        return await handlers.known(db, *limits), *limits

    @router.get("/where", summary="Where people are 30, 90, 180 and 365 days after contact", response_model=WhereShown)
    async def where(as_of: AsOf = None, known_at: KnownAt = None) -> dict[str, Any]:
        return where_of(*await known(as_of, known_at))

    @router.get("/responsibility", summary="Who held the ball on the way to an insats", response_model=ResponsibilityShown)
    async def responsibility(as_of: AsOf = None, known_at: KnownAt = None) -> dict[str, Any]:
        return responsibility_of(*await known(as_of, known_at))

    return router


def where_of(known: Known, as_of: Limit, known_at: Limit) -> dict[str, Any]:
    """Where people are, as it is answered."""
    return where_document(known.cases, as_of, known_at) | {"incomplete": known.incomplete}


def responsibility_of(known: Known, as_of: Limit, known_at: Limit) -> dict[str, Any]:
    """Who held the ball, as it is answered."""
    return responsibility_document(known.cases, as_of, known_at) | {"incomplete": known.incomplete}
