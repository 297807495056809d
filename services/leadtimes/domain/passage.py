"""What is kept of the way of one case to an insats, beside its waits: for L20P, for where people are, and for who holds the ball."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.leadtimes.domain.cases import Spell
from services.leadtimes.domain.facts import FactType
from services.leadtimes.domain.measures import Flag, Interval, Measure, Outcome, flags_of_the_end
from services.leadtimes.domain.moments import Moment, calendar_days, surely_before
from services.leadtimes.domain.referrals import bounces
from services.leadtimes.domain.responsibility import Held, held

DAYS: Final = (30, 90, 180, 365)
LONGEST_BREAK: Final = 92
"""Days between the last closing of one case and the contact of the next, of one person, that make them one wait (L20P)."""


class Place(StrEnum):
    """Where somebody is after all that happened on a day; the later beats the earlier."""

    WAITING = "waiting"
    BETWEEN = "between"
    IN_INSATS = "in_insats"
    CLOSED = "closed"


@dataclass(frozen=True)
class Passage:
    """One case: of whom, when an insats that counts first began, how it closed, where the person was on days 30-365, and who held the ball.

    `places` are those of DAYS, right for every day that has passed by as-of.
    """

    person_ref: str | None
    first_start: Moment | None
    closing: Moment | None
    closed_as: str | None
    places: tuple[Place, ...]
    held: Held
    bounces: int
    no_shows: int
    hops: int
    """How often the case was routed (slussad), returns included."""


def passage(case: Spell) -> Passage:
    """Of a case, as its facts tell it."""
    start, end = case.first_counting_start, case.closing
    return Passage(
        person_ref=case.person_ref,
        first_start=start.moment if start else None,
        closing=end.moment if end else None,
        closed_as=case.closed_as,
        places=tuple(place(case, days) for days in DAYS),
        held=held(case),
        bounces=bounces(case.referrals),
        no_shows=sum(referral.no_shows for referral in case.referrals),
        hops=sum(fact.type is FactType.CASE_ROUTED for fact in case.facts),
    )


def place(case: Spell, days: int) -> Place:
    """Where the person was so many days after contact: closed, in an insats that counts, between two, or waiting.

    Whoever was in an insats already is in it, whatever its kind, while it goes on.
    """
    day = case.contact.day + timedelta(days=days)
    if case.closing is not None and case.closing.moment.day <= day:
        return Place.CLOSED
    every = [insats for insats in case.insatser if insats.counts or (insats.observed and insats.start.moment.day <= case.contact.day)]
    if any(insats.open_after(day) for insats in every):
        return Place.IN_INSATS
    begun = any(insats.start.moment.day <= day and (insats.counts or case.already_in_insats) for insats in every)
    return Place.BETWEEN if begun else Place.WAITING


def chained(cases: Iterable[tuple[Interval, Passage]]) -> list[Interval]:
    """L20P: from the first contact of each chain of cases of a person to the first start in any of them; of each case its L20 is given.

    Once all are closed the last closing ends it otherwise. A case outside L20 is outside here too, alone, by the same rule. Channel,
    hindrance, unit and `known_from` are those of the first case.
    """
    found: list[Interval] = []
    of_person: dict[str, list[tuple[Interval, Passage]]] = {}
    for wait, way in cases:
        if wait.outcome is Outcome.EXCLUDED:
            found.append(replace(wait, measure=Measure.L20P))
        elif way.person_ref is None:
            found.append(_chain([(wait, way)]))
        else:
            of_person.setdefault(way.person_ref, []).append((wait, way))
    return [*found, *(_chain(each) for one in of_person.values() for each in _chains(one))]


def _chains(cases: list[tuple[Interval, Passage]]) -> Iterator[list[tuple[Interval, Passage]]]:
    """The cases of a person in the order of their contacts, apart where all before were closed more than 92 days before the next."""
    chain: list[tuple[Interval, Passage]] = []
    for wait, way in sorted(cases, key=lambda case: case[0].start.time):
        closing = _last_closing(chain)
        if chain and closing is not None and calendar_days(closing[0], wait.start) > LONGEST_BREAK:
            yield chain
            chain = []
        chain.append((wait, way))
    yield chain


def _chain(chain: list[tuple[Interval, Passage]]) -> Interval:
    first, _ = chain[0]
    begun = (way.first_start for wait, way in chain if wait.outcome is Outcome.COMPLETED and way.first_start)
    completion = min(begun, key=lambda moment: moment.time, default=None)
    closing = _last_closing(chain)
    reason: str | None = None
    end, outcome = completion, Outcome.OPEN if completion is None else Outcome.COMPLETED
    if closing is not None and (completion is None or surely_before(closing[0], completion)):
        end, outcome, reason = closing[0], Outcome.ENDED_OTHERWISE, closing[1]
    flags = [flag for flag in first.flags if flag in (Flag.FIRST_CONTACT_INFERRED, Flag.REOPENED_TOO_LATE)]
    return replace(
        first,
        measure=Measure.L20P,
        end=end,
        outcome=outcome,
        reason=reason,
        flags=(*flags, *flags_of_the_end(first.start, end, first.known_from)),
    )


def _last_closing(chain: Iterable[tuple[Interval, Passage]]) -> tuple[Moment, str | None] | None:
    """The last closing of the cases and its reason, once all are closed."""
    closings = [(way.closing, way.closed_as) for _, way in chain]
    known = [(closing, reason) for closing, reason in closings if closing is not None]
    return max(known, key=lambda each: each[0].time) if known and len(known) == len(closings) else None
