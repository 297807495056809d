"""Where people are 30, 90, 180 and 365 days after contact, and who held the ball on the way to an insats, over many cases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from services.leadtimes.domain.cases import ENTERED_IN_ERROR
from services.leadtimes.domain.insats_measures import ALREADY_IN_INSATS
from services.leadtimes.domain.measures import RULE_SET, Interval, Outcome
from services.leadtimes.domain.moments import Limit, local_midnight, moment_of, reaches
from services.leadtimes.domain.passage import DAYS, Passage, Place
from services.leadtimes.domain.report import by_reason
from services.leadtimes.domain.responsibility import CLIENT, CONSENT, EXTERNAL_DECISION, GAP, MUNICIPALITY, PARTNER

Case: TypeAlias = tuple[Interval, Passage]
"""The L20 of a case, and its passage."""


ALWAYS: Final = (MUNICIPALITY, CLIENT, CONSENT, EXTERNAL_DECISION, GAP)
"""Shown with 0 too."""
ORDER: Final = (MUNICIPALITY, CLIENT, CONSENT, PARTNER, EXTERNAL_DECISION, GAP)
Number = TypeVar("Number", int, float)


def where_document(cases: Iterable[Case], as_of: Limit, known_at: Limit) -> dict[str, Any]:
    """Where all are whose day N has passed: counts that sum to `n`. Void cases are only counted (`void`).

    Of a case that began before we knew it, a day before that is left out (`before_known_from`): such a case was open by then for certain.
    """
    every = list(cases)
    return _head(as_of, known_at) | {"days": [_on(number, days, every, as_of) for number, days in enumerate(DAYS)]}


def _on(number: int, days: int, cases: Sequence[Case], as_of: Limit) -> dict[str, Any]:
    places: Counter[Place] = Counter()
    closed: Counter[str] = Counter()
    unseen = already = void = 0
    for wait, way in cases:
        day = wait.start.day + timedelta(days=days)
        if not _has_passed(as_of, day):
            continue
        if wait.reason == ENTERED_IN_ERROR:
            void += 1
            continue
        if wait.known_from is not None and day < wait.known_from:
            unseen += 1
            continue
        places[way.places[number]] += 1
        already += wait.reason == ALREADY_IN_INSATS
        if way.places[number] is Place.CLOSED:
            closed[way.closed_as or ""] += 1
    return {
        "day": days,
        "n": places.total(),
        **{place.value: places[place] for place in Place if place is not Place.CLOSED},
        "closed": dict(sorted(closed.items())),
        "already_in_insats": already,
        "before_known_from": unseen,
        "void": void,
    }


def _has_passed(as_of: Limit, day: date) -> bool:
    """Whether a day is over by then; an as-of that is a day lasts to its end."""
    return reaches(as_of, local_midnight(day + timedelta(days=1)) - timedelta(microseconds=1))


def responsibility_document(cases: Iterable[Case], as_of: Limit, known_at: Limit) -> dict[str, Any]:
    """Who held the ball, over every case that L20 counts: days that sum to its waits, up to as-of of those that wait still.

    `seconds` are given where all those waits begin and end at instants. Cases whose L20 is negative are only counted (`negative`), so are
    those outside L20, by rule (`excluded`), and void ones. Bounces, no-shows and hops are of every case that is not void (`all_cases`).
    """
    told = list(cases)
    every = [case for case in told if case[0].reason != ENTERED_IN_ERROR]
    found = [way.held.until(moment_of(as_of)) for wait, way in every if wait.outcome is not Outcome.EXCLUDED]
    parts = [each for each in found if each is not None]
    days, shared = _sum(of.days for of in parts), _sum(of.shared_days for of in parts)
    held_by = _sum(dict.fromkeys(of.shared_days, 1) for of in parts)
    exact = [of.seconds for of in parts if of.seconds is not None]
    seconds = _sum(exact) if len(exact) == len(parts) else None
    total = sum(days.values())
    return _head(as_of, known_at) | {
        "cases": len(parts),
        "days": total,
        "seconds": sum(seconds.values()) if seconds is not None else None,
        "parts": [
            {
                "holder": holder,
                "days": days.get(holder, 0),
                "share": days.get(holder, 0) / total if total else None,
                "seconds": seconds.get(holder, 0.0) if seconds is not None else None,
                "cases": held_by.get(holder, 0),
                "shared_days": shared.get(holder, 0),
            }
            for holder in sorted({*ALWAYS, *shared}, key=_rank)
        ],
        "negative": len(found) - len(parts),
        "excluded": by_reason([wait for wait, _ in every], Outcome.EXCLUDED),
        "void": len(told) - len(every),
        "all_cases": len(every),
        "bounces": sum(way.bounces for _, way in every),
        "no_shows": sum(way.no_shows for _, way in every),
        "hops": sum(way.hops for _, way in every),
    }


def _sum(each: Iterable[Mapping[str, Number]]) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for parts in each:
        for holder, part in parts.items():
            found[holder] = found[holder] + part if holder in found else part
    return found


def _rank(holder: str) -> tuple[int, str]:
    """In the order in which a stretch is attributed, partners by their code."""
    return (ORDER.index(PARTNER if holder.startswith(PARTNER) else holder), holder)


def _head(as_of: Limit, known_at: Limit) -> dict[str, Any]:
    return {"as_of": as_of.isoformat(), "known_at": known_at.isoformat(), "rule_set": RULE_SET}
