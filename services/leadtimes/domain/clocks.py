"""The clocks of a case: a pure function of its facts and those of its duplicates, and the canonical document they are stored as."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.leadtimes.domain.cases import protected_cases, spell
from services.leadtimes.domain.duplicates import read_as_one
from services.leadtimes.domain.facts import Fact, in_force, known, ordered
from services.leadtimes.domain.insats_measures import measured_to_insats
from services.leadtimes.domain.measures import RULE_SET, Flag, Interval, Measure, Outcome, measured
from services.leadtimes.domain.moments import Limit, Moment, Precision, reaches
from services.leadtimes.domain.passage import Passage, Place, passage
from services.leadtimes.domain.responsibility import Held
from services.leadtimes.domain.support import Support, support

MADE_BY: Final = 2
"""The version of the code that makes them: a mend by which the same rules give other clocks, or another form of them, raises it."""


@dataclass(frozen=True)
class Clocks:
    """Every wait of one case, its months of support and its passage to an insats, and the latest fact that they rest on.

    Of that fact: when it happened, when it was recorded.
    A case that is read under another one (dubblett) has no waits of its own; the latest fact is then that of them all.
    """

    case_id: UUID
    rule_set: int
    intervals: tuple[Interval, ...]
    support: Support | None
    passage: Passage | None
    latest_time: datetime
    latest_recorded_at: datetime

    @property
    def way(self) -> tuple[Interval, Passage] | None:
        """The case's L20 with its passage; None of one that has no waits of its own."""
        wait = next((each for each in self.intervals if each.measure is Measure.L20), None)
        return (wait, self.passage) if wait and self.passage else None

    def answers(self, as_of: Limit | None = None, known_at: Limit | None = None) -> bool:
        """Whether these clocks are what `clocks` would give under the same limits.

        Limits do nothing but leave facts out, so clocks of all facts are right for every as-of that reaches the latest
        time and every known-at that reaches the latest recording, of a correction too. Otherwise: compute again.
        """
        return (as_of is None or reaches(as_of, self.latest_time)) and (known_at is None or reaches(known_at, self.latest_recorded_at))


def clocks(facts: Iterable[Fact], as_of: Limit | None = None, known_at: Limit | None = None) -> list[Clocks]:
    """The clocks of a case and of those ever marked as its duplicates, one each: of what had happened by as-of and was known by known-at.

    Cases that a mark in force joins are read as one, under one of them. The order of the facts and repetitions of them never matter.
    """
    every = known(facts)
    heard = [
        fact if as_of is None else fact.as_of(as_of)
        for fact in every
        if (known_at is None or reaches(known_at, fact.recorded_at))
        and (as_of is None or fact.obeys_known_at_only or reaches(as_of, fact.time))
    ]
    if not heard:
        return []
    latest_time = max((fact.last_time for fact in heard if not fact.obeys_known_at_only), default=heard[0].time)
    latest_recorded_at = max(fact.recorded_at for fact in heard)
    # Whatever the day, an earlier figure shows no unit either; and in doubt, where a level was corrected, none at all.
    of_each, hidden = _of_each(heard), protected_cases(every) | protected_cases(in_force(every))
    found = []
    for lead, *others in read_as_one(of_each):
        together = [fact for each in (lead, *others) for fact in of_each[each]]
        case = spell(ordered(together), protected=not hidden.isdisjoint((lead, *others)))
        waits = (*measured(case), *measured_to_insats(case)) if case else ()
        months, way = (support(case), passage(case)) if case else (None, None)
        found.append(Clocks(lead, RULE_SET, waits, months, way, latest_time, latest_recorded_at))
        found += [Clocks(other, RULE_SET, (), None, None, latest_time, latest_recorded_at) for other in others]
    return found


def _of_each(recorded: Iterable[Fact]) -> dict[UUID, list[Fact]]:
    of_each: dict[UUID, list[Fact]] = {}
    for fact in recorded:
        of_each.setdefault(fact.case_id, []).append(fact)
    return of_each


def to_json(of: Clocks) -> str:
    """The one document these clocks are stored as: equal clocks give equal bytes. Days and seconds are in it to be read, not read back."""
    document = {
        "case_id": str(of.case_id),
        "rule_set": of.rule_set,
        "made_by": MADE_BY,
        "intervals": [_interval_document(interval) for interval in of.intervals],
        "support": _support_document(of.support) if of.support else None,
        "passage": _passage_document(of.passage) if of.passage else None,
        "latest_time": of.latest_time.isoformat(),
        "latest_recorded_at": of.latest_recorded_at.isoformat(),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Clocks | None:
    """Clocks from a document of `to_json`; None where another rule set or older code made it: those are of no use and are made anew."""
    document = json.loads(text)
    if (document.get("rule_set"), document.get("made_by")) != (RULE_SET, MADE_BY):
        return None
    return Clocks(
        case_id=UUID(document["case_id"]),
        rule_set=document["rule_set"],
        intervals=tuple(_interval(each) for each in document["intervals"]),
        support=_support(document["support"]) if document["support"] else None,
        passage=_passage(document["passage"]) if document["passage"] else None,
        latest_time=datetime.fromisoformat(document["latest_time"]),
        latest_recorded_at=datetime.fromisoformat(document["latest_recorded_at"]),
    )


def _interval_document(interval: Interval) -> dict[str, Any]:
    return {
        "measure": interval.measure,
        "application_ref": interval.application_ref,
        "referral_id": interval.referral_id,
        "recipient": interval.recipient,
        "start": _moment_document(interval.start),
        "end": _moment_document(interval.end) if interval.end else None,
        "outcome": interval.outcome,
        "reason": interval.reason,
        "channel": interval.channel,
        "hindrance": interval.hindrance,
        "unit": interval.unit,
        "known_from": interval.known_from.isoformat() if interval.known_from else None,
        "flags": list(interval.flags),
        "days": interval.days,
        "seconds": interval.seconds,
    }


def _interval(document: dict[str, Any]) -> Interval:
    return Interval(
        measure=Measure(document["measure"]),
        application_ref=document["application_ref"],
        referral_id=document["referral_id"],
        recipient=document["recipient"],
        start=_moment(document["start"]),
        end=_moment(document["end"]) if document["end"] else None,
        outcome=Outcome(document["outcome"]),
        reason=document["reason"],
        channel=document["channel"],
        hindrance=document["hindrance"],
        unit=document["unit"],
        known_from=date.fromisoformat(document["known_from"]) if document["known_from"] else None,
        flags=tuple(Flag(flag) for flag in document["flags"]),
    )


def _support_document(of: Support) -> dict[str, Any]:
    return {
        "stretches": [[first.isoformat(), last.isoformat()] for first, last in of.stretches],
        "start": _moment_document(of.start),
        "outcome": of.outcome,
        "reason": of.reason,
        "channel": of.channel,
        "hindrance": of.hindrance,
        "unit": of.unit,
        "end": _moment_document(of.end) if of.end else None,
    }


def _support(document: dict[str, Any]) -> Support:
    return Support(
        stretches=tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in document["stretches"]),
        start=_moment(document["start"]),
        outcome=Outcome(document["outcome"]),
        reason=document["reason"],
        channel=document["channel"],
        hindrance=document["hindrance"],
        unit=document["unit"],
        end=_moment(document["end"]) if document["end"] else None,
    )


def _passage_document(of: Passage) -> dict[str, Any]:
    return {
        "person_ref": of.person_ref,
        "first_start": _moment_document(of.first_start) if of.first_start else None,
        "closing": _moment_document(of.closing) if of.closing else None,
        "closed_as": of.closed_as,
        "places": list(of.places),
        "start": _moment_document(of.held.start),
        "stop": _moment_document(of.held.stop) if of.held.stop else None,
        "held": [[at.isoformat(), *holders] for at, holders in of.held.since],
        "bounces": of.bounces,
        "no_shows": of.no_shows,
        "hops": of.hops,
    }


def _passage(document: dict[str, Any]) -> Passage:
    return Passage(
        person_ref=document["person_ref"],
        first_start=_moment(document["first_start"]) if document["first_start"] else None,
        closing=_moment(document["closing"]) if document["closing"] else None,
        closed_as=document["closed_as"],
        places=tuple(Place(each) for each in document["places"]),
        held=Held(
            start=_moment(document["start"]),
            stop=_moment(document["stop"]) if document["stop"] else None,
            since=tuple((datetime.fromisoformat(at), tuple(holders)) for at, *holders in document["held"]),
        ),
        bounces=document["bounces"],
        no_shows=document["no_shows"],
        hops=document["hops"],
    )


def _moment_document(moment: Moment) -> dict[str, str]:
    return {"time": moment.time.isoformat(), "precision": moment.precision}


def _moment(document: dict[str, str]) -> Moment:
    return Moment(datetime.fromisoformat(document["time"]), Precision(document["precision"]))
