"""Who holds the ball between first contact and the stop of L20 (`clocks.md` 6): found by folding the facts, without knowing L20."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Final, TypeAlias

from services.leadtimes.domain.cases import Spell
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.moments import Moment, both_instants, calendar_days, seconds, surely_before
from services.leadtimes.domain.referrals import NOT_TAKEN, OF_A_REFERRAL, OVER, Referral

MUNICIPALITY: Final = "municipality"
CLIENT: Final = "client"
CONSENT: Final = "consent"
"""Nobody tells of consents yet; its place in the order is between the client and the partners."""
PARTNER: Final = "partner:"
EXTERNAL_DECISION: Final = "external_decision"
GAP: Final = "gap"
UNKNOWN: Final = "unknown"
NOBODY: Final = ""
APPEAL: Final = "appeal"

Holders: TypeAlias = tuple[str, ...]
"""Who holds a ball at one moment, the one it is attributed to first; never empty."""
DONE: Final = frozenset({FactType.REFERRAL_STARTED, FactType.REFERRAL_DISCARDED, *NOT_TAKEN, *OVER})
CLOSINGS: Final = frozenset({FactType.CASE_CLOSED, FactType.CASE_REOPENED})
DECIDED: Final = frozenset({FactType.DECISION_MADE, FactType.APPLICATION_WITHDRAWN})


@dataclass(frozen=True)
class Held:
    """Who held the ball from when on; the first from the contact. `stop`: when L20 stops, None while it runs on."""

    start: Moment
    stop: Moment | None
    since: tuple[tuple[datetime, Holders], ...]

    def until(self, as_of: Moment) -> "Parts | None":
        """The parts up to the stop, or to as-of; None where the stop is dated before the contact: nobody held anything then."""
        stop = self.stop or as_of
        if calendar_days(self.start, stop) < 0 or (seconds(self.start, stop) or 0) < 0:
            return None
        days, shared = self._days(stop)
        return Parts(days, shared, self._seconds(stop) if both_instants(self.start, stop) else None)

    def _days(self, stop: Moment) -> tuple[Counter[str], Counter[str]]:
        """A day belongs to who holds the ball after its events; the day of the stop to nobody."""
        last_of_day = {Moment(at).day: holders for at, holders in self.since}
        changes: list[tuple[date, Holders]] = [*last_of_day.items(), (stop.day, ())]
        days: Counter[str] = Counter()
        shared: Counter[str] = Counter()
        for (day, holders), (following, _) in pairwise(changes):
            n = (following - day).days
            days[holders[0]] += n
            shared.update(dict.fromkeys(holders, n))
        return +days, +shared

    def _seconds(self, stop: Moment) -> dict[str, float]:
        changes: list[tuple[datetime, Holders]] = [*self.since, (stop.time, ())]
        found: dict[str, float] = {}
        for (at, holders), (following, _) in pairwise(changes):
            found[holders[0]] = found.get(holders[0], 0.0) + (following - at).total_seconds()
        return found


@dataclass(frozen=True)
class Parts:
    """Calendar days of each holder, which sum to L20, and seconds, where both ends are instants.

    Of a shared day each holder has one, so those may sum to more.
    """

    days: Counter[str]
    shared_days: Counter[str]
    seconds: dict[str, float] | None


def held(case: Spell) -> Held:
    """The holders of a case from its contact until its first insats that counts begins, or it closes for good.

    A closing that was undone belongs to `external_decision` (by appeal) or to the municipality (closed in error) until it is reopened.
    """
    balls = Balls(case.referrals)
    undone = {closing.event_id: reopening for closing, reopening in case.undone}
    reopened = {reopening.event_id for reopening in undone.values()}
    between: Holders | None = None
    since: list[tuple[datetime, Holders]] = [(case.contact.time, balls.holders())]
    for fact in case.facts:
        if _stops(case, fact):
            return Held(case.contact, fact.moment, tuple(since))
        if not balls.hear(fact) and fact.type not in CLOSINGS:
            continue
        if fact.event_id in undone:
            between = (EXTERNAL_DECISION if undone[fact.event_id].body.get("reason") == APPEAL else MUNICIPALITY,)
        elif fact.event_id in reopened:
            between = None
        holders = between or balls.holders()
        at = max(fact.time, case.contact.time)
        if at == since[-1][0]:
            since[-1] = (at, holders)
        elif holders != since[-1][1]:
            since.append((at, holders))
    return Held(case.contact, None, tuple(since))


def _stops(case: Spell, fact: Fact) -> bool:
    """A start that counts, or the closing in force; not a closing that a start is not surely after, for ties go to the start."""
    start = case.first_counting_start
    if start is not None and fact is start:
        return True
    return fact is case.closing and (start is None or surely_before(fact.moment, start.moment))


@dataclass
class Way:
    """Where the balls of one referral lie: in a draft, at the recipient since when, with whoever was asked."""

    recipient: str
    assignment: str | None
    draft: bool = False
    sent: datetime | None = None
    asked: str | None = None
    done: bool = False


class Balls:
    """What is open: applications by whom they wait for, anvisningar and deviations unanswered, and the ways of referrals."""

    def __init__(self, every: Iterable[Referral]) -> None:
        self.applications: dict[str, str] = {}
        self.completions: dict[str, Fact] = {}
        self.assignments: set[str] = set()
        self.deviations: set[str] = set()
        self.ways = {referral.id: Way(referral.recipient or UNKNOWN, referral.assignment_ref) for referral in every}

    def hear(self, fact: Fact) -> bool:
        """Moves the balls that a fact moves; answers whether it may have moved any."""
        moves = MOVES.get(fact.type)
        if moves:
            moves(self, fact)
        return moves is not None

    def holders(self) -> Holders:
        """Every holder in the order in which a stretch is attributed; the gap where nothing is open."""
        ways, waited_for = self.ways.values(), self.applications.values()
        asked = {way.asked for way in ways}
        found = []
        if MUNICIPALITY in waited_for or "sender" in asked or self.deviations or any(way.draft for way in ways):
            found.append(MUNICIPALITY)
        if not self.applications or CLIENT in waited_for or self.assignments or "client" in asked:
            found.append(CLIENT)
        out = sorted((way.sent, way.recipient) for way in ways if way.sent)
        found += dict.fromkeys(f"{PARTNER}{recipient}" for _, recipient in out)
        return tuple(found) or (GAP,)

    def application(self, fact: Fact) -> None:
        """Complete and undecided it is the municipality's, asked to be completed the client's; decided nobody's, whatever is asked then."""
        ref = fact.application_ref
        if fact.type is FactType.APPLICATION_RECEIVED and ref is not None:
            self.applications.setdefault(ref, MUNICIPALITY)
        elif ref in self.applications and ref is not None and self.applications[ref] != NOBODY:
            completed = self.completions.get(ref)
            if fact.type in DECIDED:
                self.applications[ref] = NOBODY
            elif fact.type is FactType.APPLICATION_COMPLETED:
                self.completions[ref] = fact
                self.applications[ref] = MUNICIPALITY
            elif completed is None or surely_before(completed.moment, fact.moment):
                self.applications[ref] = CLIENT

    def assignment(self, fact: Fact) -> None:
        """Until it is answered, or what it is about has begun, it is the client's."""
        ref = fact.body.get("assignment_ref") or str(fact.event_id)
        if fact.type is FactType.ASSIGNMENT_ISSUED:
            self.assignments.add(ref)
        else:
            self.assignments.discard(ref)

    def deviation(self, fact: Fact) -> None:
        """Until it is acknowledged it is the municipality's."""
        deviation = fact.body.get("deviation_id") or str(fact.event_id)
        if fact.type is FactType.DEVIATION_REPORTED:
            self.deviations.add(deviation)
        else:
            self.deviations.discard(deviation)

    def referral(self, fact: Fact) -> None:
        """In draft the municipality's; then the recipient's until it has begun or is over, questions and holds included."""
        way = self.ways.get(fact.body.get("referral_id") or "")
        if way is None or way.done:
            return
        if fact.type is FactType.REFERRAL_DRAFTED:
            way.draft = way.sent is None
        elif fact.type in DONE:
            way.draft, way.sent, way.asked, way.done = False, None, None, True
            if fact.type is FactType.REFERRAL_STARTED and way.assignment:
                self.assignments.discard(way.assignment)
        elif fact.type is FactType.REFERRAL_INFORMATION_SUPPLIED:
            way.asked = None
        else:
            way.draft, way.sent = False, way.sent or fact.time
            way.asked = fact.body.get("asked_of") if fact.type is FactType.REFERRAL_INFORMATION_REQUESTED else None


MOVES: Final[Mapping[FactType, Callable[[Balls, Fact], None]]] = {
    **dict.fromkeys(
        (FactType.APPLICATION_RECEIVED, FactType.COMPLETION_REQUESTED, FactType.APPLICATION_COMPLETED, *DECIDED), Balls.application
    ),
    **dict.fromkeys((FactType.ASSIGNMENT_ISSUED, FactType.ASSIGNMENT_ANSWERED), Balls.assignment),
    **dict.fromkeys((FactType.DEVIATION_REPORTED, FactType.DEVIATION_ACKNOWLEDGED, FactType.DEVIATION_HANDLED), Balls.deviation),
    **dict.fromkeys(OF_A_REFERRAL - {FactType.REFERRAL_NO_SHOW, FactType.RECALL_REFUSED, FactType.READY_FOR_NEXT_STEP}, Balls.referral),
}
