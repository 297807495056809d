"""Invented clients for the demo: who comes when, what happens to each, and when somebody types it. Seeded, so it is the same each day."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from shared.clock import LOCAL, local_date

CHANNELS = {"phone": 40, "e_service": 30, "visit": 14, "referral_in": 8, "letter": 6, "home_visit": 2}
HINDRANCES = {"unemployed": 50, "sick_without_sgi": 17, "language": 12, "social": 11, "parental": 6, "sick_with_sgi": 4}
REGISTERED = {"registered": 80, "not_registered": 14, "unknown": 6}
OUTCOMES = {"granted": 62, "rejected": 25, "partly": 8, "dismissed": 5}
OPENS, SHUTS = 8, 16


@dataclass(frozen=True)
class Act:
    """Something that happened to a client and, at `typed` or later, was registered. `what` names intake's operation."""

    typed: datetime
    client: int
    what: str
    body: dict[str, Any]


def acts(clients: int, begin: datetime, end: datetime, seed: int) -> list[Act]:
    """All that is typed between two instants, in the order it is typed."""
    chance = random.Random(seed)  # noqa: S311 - invented people, no secret
    arrivals = sorted(begin + (end - begin) * chance.random() for _ in range(clients))
    played = [act for number, arrival in enumerate(arrivals) for act in _typed(number, arrival, chance)]
    return sorted((act for act in played if begin <= act.typed <= end), key=lambda act: act.typed)


def _typed(client: int, arrival: datetime, chance: random.Random) -> Iterator[Act]:
    """A client's life, each fact typed when it happened, the next day or some days later, and never before the one before."""
    last = arrival
    for what, at, body in _life(UUID(int=chance.getrandbits(128), version=4), _open_hours(arrival), chance):
        late = chance.choices((0, 1, chance.randint(2, 6)), (80, 14, 6))[0]
        typed = max(last, _open_hours(at + timedelta(days=late)) if late else at)
        happened = {"on": local_date(at).isoformat()} if late else {"at": at.isoformat()}
        yield Act(typed, client, what, {"happened": happened, **body})
        last = typed


def _life(person: UUID, at: datetime, chance: random.Random) -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """What happens to one client: operation, when, and with what words."""
    channel = _one_of(CHANNELS, chance)
    yield "contact", at, {"person_ref": str(person), "channel": channel, "source_system": "intake"}
    if chance.random() < 0.14:
        return  # never applies: the case lapses by rule after 30 days
    at = at if channel == "e_service" else _later(at, chance.randint(0, 12), chance)
    applied = local_date(at)
    period = {"period_from": _first(applied).isoformat(), "period_to": _last(applied).isoformat()}
    hindrance = _one_of(HINDRANCES, chance)
    yield "application", at, {"kind": "new", "channel": channel, "hindrance": hindrance, **period}
    if hindrance == "unemployed":
        at = _later(at, chance.randint(0, 3), chance)
        yield "pes_check", at, {"result": _one_of(REGISTERED, chance)}
    if chance.random() < 0.45:
        at = _later(at, chance.randint(1, 4), chance)
        yield "completion_request", at, {"due_on": (local_date(at) + timedelta(days=14)).isoformat()}
        if chance.random() < 0.2:
            return  # never answered: still waiting
        at = _later(at, chance.randint(3, 15), chance)
        yield "completion", at, {}
    if chance.random() < 0.05:
        yield "withdrawal", _later(at, 2, chance), {}
        return
    at = _later(at, chance.randint(1, 6), chance)
    yield "assessment_start", at, {"kind": "application"}
    at = _later(at, chance.randint(2, 10), chance)
    yield "assessment_completion", at, {"kind": "application"}
    yield from _end(_later(at, chance.randint(0, 3), chance), chance)


def _end(at: datetime, chance: random.Random) -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """How it ends: moved away before the decision, or decided, and closed when nothing was granted."""
    if chance.random() < 0.04:
        yield "closing", at, {"reason": "moved"}
        return
    outcome, decided = _one_of(OUTCOMES, chance), local_date(at)
    gives = outcome in ("granted", "partly")
    period = {"support_from": _first(decided).isoformat(), "support_to": _last(decided).isoformat()} if gives else {}
    yield "decision", at, {"outcome": outcome, "automated": False, "decided_by_role": "social_worker", **period}
    if not gives:
        yield "closing", at, {"reason": "rejected"}
        return
    at = _later(at, chance.randint(2, 20), chance)
    yield "plan", at, {"next_follow_up_on": (local_date(at) + timedelta(days=30)).isoformat()}
    if chance.random() < 0.6:
        at = _later(at, chance.randint(1, 14), chance)
        yield "assignment", at, {"mode": "planned", "insats_kind": "work_placement", "basis": "sol_12_4", "planned_hours_per_week": 25}


def _one_of(weights: dict[str, int], chance: random.Random) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _later(at: datetime, days: int, chance: random.Random) -> datetime:
    return _open_hours(at + timedelta(days=days, minutes=chance.randint(1, 90)))


def _open_hours(at: datetime) -> datetime:
    """The same instant when somebody is at work then, else the next morning that somebody is."""
    local = at.astimezone(LOCAL)
    if local.weekday() < 5 and OPENS <= local.hour < SHUTS:
        return at
    day = local.date() if local.hour < OPENS else local.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(OPENS, local.minute, local.second), LOCAL)


def _first(day: date) -> date:
    return day.replace(day=1)


def _last(day: date) -> date:
    return _first(_first(day) + timedelta(days=31)) - timedelta(days=1)
