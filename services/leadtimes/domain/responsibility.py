"""Who holds the ball between first contact and the stop of L20 (`clocks.md` 6): found by folding the facts, without knowing L20."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Final, TypeAlias

from services.leadtimes.domain.cases import Spell
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.moments import Moment, both_instants, calendar_days, seconds, surely_before
from services.leadtimes.domain.referrals import ANSWERS, NOT_TAKEN, OF_A_REFERRAL, OVER, Referral

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
    """Where the balls of one referral lie: in a draft, at the recipient since when, with whoever was asked what was not answered."""

    recipient: str
    assignment: str | None
    draft: bool = False
    sent: datetime | None = None
    question: Fact | None = None
    supplied: list[Fact] = field(default_factory=list)
    answered: bool = False
    done: bool = False

    @property
    def asked(self) -> str | None:
        """Of whom something is asked still; what came on one date with the question has answered it, and a final answer ends it."""
        if self.question is None or self.answered or not _is_open(self.question, self.supplied):
            return None
        return self.question.body.get("asked_of")


@dataclass
class Waiting:
    """One application: what was last asked, every completion, and whether it was decided or withdrawn."""

    asked: Fact | None = None
    completed: list[Fact] = field(default_factory=list)
    over: bool = False

    @property
    def holder(self) -> str:
        """Complete and undecided it is the municipality's, asked to be completed the client's, decided nobody's, whatever is asked then."""
        if self.over:
            return NOBODY
        return CLIENT if self.asked and _is_open(self.asked, self.completed) else MUNICIPALITY


def _is_open(opened: Fact, closed: Iterable[Fact]) -> bool:
    """Whether nothing has closed what was opened: on one date neither is surely before the other, and it is closed (`clocks.md` 1).

    Not even the last is the one to look at: of a day and an instant of one date either may be it.
    """
    return all(surely_before(each.moment, opened.moment) for each in closed)


class Balls:
    """What is open: applications by whom they wait for, anvisningar and deviations unanswered, and the ways of referrals."""

    def __init__(self, every: Iterable[Referral]) -> None:
        self.received: set[str] = set()
        self.applications: dict[str, Waiting] = {}
        self.opened: dict[FactType, dict[str, Fact]] = {FactType.ASSIGNMENT_ISSUED: {}, FactType.DEVIATION_REPORTED: {}}
        self.closed: dict[FactType, dict[str, list[Fact]]] = {FactType.ASSIGNMENT_ISSUED: {}, FactType.DEVIATION_REPORTED: {}}
        self.ways = {referral.id: Way(referral.recipient or UNKNOWN, referral.assignment_ref) for referral in every}

    def hear(self, fact: Fact) -> bool:
        """Moves the balls that a fact moves; whether it may have."""
        moves = MOVES.get(fact.type)
        if moves:
            moves(self, fact)
        return moves is not None

    def holders(self) -> Holders:
        """Every holder in the order in which a stretch is attributed; the gap where nothing is open."""
        ways, waited_for = self.ways.values(), {self.applications[ref].holder for ref in self.received}
        asked = {way.asked for way in ways}
        found = []
        if MUNICIPALITY in waited_for or "sender" in asked or self._any(FactType.DEVIATION_REPORTED) or any(way.draft for way in ways):
            found.append(MUNICIPALITY)
        if not self.received or CLIENT in waited_for or self._any(FactType.ASSIGNMENT_ISSUED) or "client" in asked:
            found.append(CLIENT)
        out = sorted((way.sent, way.recipient) for way in ways if way.sent)
        found += dict.fromkeys(f"{PARTNER}{recipient}" for _, recipient in out)
        return tuple(found) or (GAP,)

    def _any(self, kind: FactType) -> bool:
        return any(_is_open(fact, self.closed[kind].get(ref, ())) for ref, fact in self.opened[kind].items())

    def application(self, fact: Fact) -> None:
        """Received, asked to be completed, completed, decided or withdrawn."""
        ref = fact.application_ref
        if ref is None:
            return
        waiting = self.applications.setdefault(ref, Waiting())
        match fact.type:
            case FactType.APPLICATION_RECEIVED:
                self.received.add(ref)
            case FactType.COMPLETION_REQUESTED:
                waiting.asked = fact
            case FactType.APPLICATION_COMPLETED:
                waiting.completed.append(fact)
            case _:
                waiting.over = True

    def assignment(self, fact: Fact) -> None:
        """Until it is answered, or what it is about has begun, it is the client's."""
        self._open_or_close(FactType.ASSIGNMENT_ISSUED, fact.body.get("assignment_ref") or str(fact.event_id), fact)

    def deviation(self, fact: Fact) -> None:
        """Until it is acknowledged it is the municipality's."""
        self._open_or_close(FactType.DEVIATION_REPORTED, fact.body.get("deviation_id") or str(fact.event_id), fact)

    def _open_or_close(self, kind: FactType, ref: str, fact: Fact) -> None:
        if fact.type is kind:
            self.opened[kind][ref] = fact
        else:
            self.closed[kind].setdefault(ref, []).append(fact)

    def referral(self, fact: Fact) -> None:
        """In draft the municipality's; then the recipient's until it has begun or is over, questions and holds included."""
        way = self.ways.get(fact.body.get("referral_id") or "")
        if way is None or way.done:
            return
        if fact.type is FactType.REFERRAL_DRAFTED:
            way.draft = way.sent is None
        elif fact.type in DONE:
            way.draft, way.sent, way.answered, way.done = False, None, True, True
            if fact.type is FactType.REFERRAL_STARTED and way.assignment:
                self.closed[FactType.ASSIGNMENT_ISSUED].setdefault(way.assignment, []).append(fact)
        elif fact.type is FactType.REFERRAL_INFORMATION_SUPPLIED:
            way.supplied.append(fact)
        else:
            way.draft, way.sent = False, way.sent or fact.time
            way.answered = way.answered or fact.type in ANSWERS
            if fact.type is FactType.REFERRAL_INFORMATION_REQUESTED:
                way.question = fact


MOVES: Final[Mapping[FactType, Callable[[Balls, Fact], None]]] = {
    **dict.fromkeys(
        (FactType.APPLICATION_RECEIVED, FactType.COMPLETION_REQUESTED, FactType.APPLICATION_COMPLETED, *DECIDED), Balls.application
    ),
    **dict.fromkeys((FactType.ASSIGNMENT_ISSUED, FactType.ASSIGNMENT_ANSWERED), Balls.assignment),
    **dict.fromkeys((FactType.DEVIATION_REPORTED, FactType.DEVIATION_ACKNOWLEDGED, FactType.DEVIATION_HANDLED), Balls.deviation),
    **dict.fromkeys(OF_A_REFERRAL - {FactType.REFERRAL_NO_SHOW, FactType.RECALL_REFUSED, FactType.READY_FOR_NEXT_STEP}, Balls.referral),
}
