"""The case (spell): its opening, its applications, its referrals and insatser, and the closing in force."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.insatser import Insats, already, first_start, insatser
from services.leadtimes.domain.moments import Moment, calendar_days, surely_before
from services.leadtimes.domain.referrals import Referral, referrals

CLOSED_BY_RULE = frozenset({"lapsed_no_application", "lapsed_no_support"})
ENTERED_IN_ERROR = "entered_in_error"
CLOSED = "closed"
"""What a closing without a reason is called."""
DAYS_TO_UNDO_A_CLOSING = 30
OPENINGS = frozenset({FactType.FIRST_CONTACT_REGISTERED, FactType.APPLICATION_RECEIVED})


@dataclass(frozen=True)
class Application:
    """One application (ansökan) and every fact about it, each kind in order."""

    ref: str
    received: Fact
    requests: tuple[Fact, ...]
    completions: tuple[Fact, ...]
    decisions: tuple[Fact, ...]
    withdrawals: tuple[Fact, ...]
    assessments_started: tuple[Fact, ...]
    assessments_completed: tuple[Fact, ...]

    @property
    def is_new(self) -> bool:
        """Kind `new` (nyansökan): not a renewal, not supplementary."""
        return self.received.body.get("kind") == "new"


@dataclass(frozen=True)
class Spell:
    """One case, opened: what every clock of it starts from and is ended by.

    `undone`: the closings that a reopening has undone, each with it; of cases read as one, from which on all of them stood closed.
    """

    contact: Moment
    contact_inferred: bool
    channel: str | None
    known_from: date | None
    applications: tuple[Application, ...]
    hindrances: tuple[Fact, ...]
    routings: tuple[Fact, ...]
    plans: tuple[Fact, ...]
    assignments: tuple[Fact, ...]
    closing: Fact | None
    reopened_too_late: bool
    undone: tuple[tuple[Fact, Fact], ...]
    person_ref: str | None
    referrals: tuple[Referral, ...]
    insatser: tuple[Insats, ...]
    facts: tuple[Fact, ...]

    @property
    def void(self) -> bool:
        """Closed as entered in error: no clock of it counts."""
        return self.closed_as == ENTERED_IN_ERROR

    @cached_property
    def closed_as(self) -> str | None:
        """The reason of the closing in force, whatever the code; None while the case is open."""
        return None if self.closing is None else self.closing.body.get("reason") or CLOSED

    @cached_property
    def hindrance(self) -> str | None:
        """Försörjningshinder known at the first decision: the last code not surely after it; the last of all while there is no decision."""
        decisions = [decision for application in self.applications for decision in application.decisions[:1]]
        first = min(decisions, key=lambda fact: fact.place, default=None)
        known = [code for code in self.hindrances if first is None or not surely_before(first.moment, code.moment)]
        return known[-1].body.get("code") if known else None

    @cached_property
    def already_in_insats(self) -> bool:
        """The person was in an insats when they first got in touch: the case is outside L20 and its kin."""
        return already(self.insatser, self.contact)

    @cached_property
    def first_counting_start(self) -> Fact | None:
        """The first start, since the contact, of an insats that counts."""
        return first_start(self.insatser, self.contact, counting=True)

    def hindrance_on(self, day: date) -> str | None:
        """The last code of a day or of an earlier one."""
        known = [code for code in self.hindrances if code.moment.day <= day]
        return known[-1].body.get("code") if known else None

    def unit_at(self, start: Moment) -> str | None:
        """The unit (enhet) of the first routing or handing over that names one and is not surely after a start."""
        return next((each.body["unit"] for each in self.routings if each.body.get("unit") and not surely_before(start, each.moment)), None)


def spell(facts: Sequence[Fact], *, protected: bool = False) -> Spell | None:
    """The case, or several read as one, that ordered facts tell of; None while neither a contact nor an application is known.

    It opens with the earlier of the first contact and the first application, on one date with the contact. Without a
    contact, or with a later one, the application stands in for it: inferred. Of somebody protected neither unit nor recipient is known.
    """
    of_each = _that_count(facts)
    facts = [fact for fact in facts if fact.case_id in of_each]
    contacts = [fact for fact in facts if fact.type is FactType.FIRST_CONTACT_REGISTERED]
    applications = _applications(facts)
    openings = [application.received for application in applications[:1]]
    opening = min([*contacts[:1], *openings], key=lambda fact: (fact.moment.day, fact.type is FactType.APPLICATION_RECEIVED), default=None)
    if opening is None:
        return None
    closing, reopened_too_late, undone = _closing_in_force(of_each.values())
    of_referrals = referrals(facts, protected=protected)

    def all_of(*kinds: FactType) -> tuple[Fact, ...]:
        return tuple(fact for fact in facts if fact.type in kinds)

    known_from = next((fact.body["known_from"] for fact in contacts if fact.body.get("known_from")), None)
    return Spell(
        contact=opening.moment,
        contact_inferred=opening.type is FactType.APPLICATION_RECEIVED,
        channel=opening.body.get("channel"),
        known_from=date.fromisoformat(known_from) if known_from else None,
        applications=applications,
        hindrances=all_of(FactType.SUPPORT_HINDRANCE_CODED),
        routings=() if protected else all_of(FactType.CASE_ROUTED, FactType.CASE_ASSIGNED),
        plans=all_of(FactType.PLAN_AGREED),
        assignments=all_of(FactType.ASSIGNMENT_ISSUED),
        closing=closing,
        reopened_too_late=reopened_too_late,
        undone=undone,
        person_ref=next((fact.body["person_ref"] for fact in facts if fact.type in OPENINGS and fact.body.get("person_ref")), None),
        referrals=of_referrals,
        insatser=tuple(each for each in insatser(facts, of_referrals) if not _over_before(each, opening.moment)),
        facts=tuple(facts),
    )


def _over_before(insats: Insats, contact: Moment) -> bool:
    """Whether an insats that was found had ended before the first contact: it is none of this case."""
    return insats.observed and insats.end is not None and insats.end.day < contact.day


def protected_cases(recorded: Iterable[Fact]) -> frozenset[UUID]:
    """Those of whose person it was last told that they are protected (skyddade personuppgifter); of facts in the order of recording."""
    levels = [fact for fact in recorded if fact.type is FactType.PROTECTION_LEVEL_CHANGED]
    last = {fact.case_id: fact for fact in sorted(levels, key=lambda fact: fact.sequence)}
    return frozenset(case for case, fact in last.items() if fact.body.get("level") != "none")


def _applications(facts: Sequence[Fact]) -> tuple[Application, ...]:
    """In the order they were received; a fact about an application nobody received starts nothing."""
    received: dict[str, Fact] = {}
    for fact in facts:
        if fact.type is FactType.APPLICATION_RECEIVED and fact.application_ref is not None:
            received.setdefault(fact.application_ref, fact)
    return tuple(_application(ref, first, facts) for ref, first in received.items())


def _application(ref: str, received: Fact, facts: Sequence[Fact]) -> Application:
    about = [fact for fact in facts if fact.application_ref == ref]

    def about_it(kind: FactType) -> tuple[Fact, ...]:
        return tuple(fact for fact in about if fact.type is kind)

    return Application(
        ref=ref,
        received=received,
        requests=about_it(FactType.COMPLETION_REQUESTED),
        completions=about_it(FactType.APPLICATION_COMPLETED),
        decisions=about_it(FactType.DECISION_MADE),
        withdrawals=about_it(FactType.APPLICATION_WITHDRAWN),
        assessments_started=about_it(FactType.ASSESSMENT_STARTED),
        assessments_completed=about_it(FactType.ASSESSMENT_COMPLETED),
    )


def _closing_in_force(of_each: Collection[Sequence[Fact]]) -> tuple[Fact | None, bool, tuple[tuple[Fact, Fact], ...]]:
    """The closing that stands, whether a reopening came too late to undo one, and those that were undone.

    Cases read as one (dubbletter) are closed only while all are, with the latest closing.
    """
    standing = [_closing_of_one(of_case) for of_case in of_each]
    ends = [closing for closing, _, _ in standing if closing is not None]
    closing = max(ends, key=lambda fact: fact.place) if len(ends) == len(standing) else None
    undone = standing[0][2] if len(standing) == 1 else _undone_together(standing)
    return closing, any(too_late for _, too_late, _ in standing), undone


Standing = tuple[Fact | None, bool, tuple[tuple[Fact, Fact], ...]]


def _undone_together(standing: Sequence[Standing]) -> tuple[tuple[Fact, Fact], ...]:
    """Of cases read as one: each stretch in which all of them stood closed, from the latest of those closings to the first reopening."""
    in_force = [closing for closing, _, _ in standing if closing is not None]
    changes = [*in_force, *(fact for _, _, undone in standing for pair in undone for fact in pair)]
    last: Fact | None = None
    found, n = [], 0
    for fact in sorted(changes, key=lambda fact: fact.place):
        if fact.type is FactType.CASE_CLOSED:
            n, last = n + 1, fact
            continue
        if n == len(standing) and last is not None:
            found.append((last, fact))
        n -= 1
    return tuple(found)


def _that_count(facts: Sequence[Fact]) -> dict[UUID, list[Fact]]:
    """The facts of each case that has an opening, in their order.

    Of cases read as one (dubbletter) without those closed as entered in error, unless all are: they neither keep the others open nor
    void them, and no clock of them counts (`clocks.md` 2, 4).
    """
    of_each: dict[UUID, list[Fact]] = {fact.case_id: [] for fact in facts if fact.type in OPENINGS}
    for fact in facts:
        if fact.case_id in of_each:
            of_each[fact.case_id].append(fact)
    if len(of_each) == 1:
        return of_each
    closings = {case: _closing_of_one(of_case)[0] for case, of_case in of_each.items()}
    errors = {case for case, closing in closings.items() if closing is not None and closing.body.get("reason") == ENTERED_IN_ERROR}
    return {case: of_case for case, of_case in of_each.items() if case not in errors} or of_each


def _closing_of_one(facts: Sequence[Fact]) -> "Standing":
    """Of one case.

    Of two closings the first counts; a reopening undoes all before it.
    """
    closing: Fact | None = None
    too_late = False
    undone = []
    for fact in facts:
        if fact.type is FactType.CASE_CLOSED and closing is None:
            closing = fact
        elif fact.type is FactType.CASE_REOPENED and closing is not None:
            if _undoes(fact, closing):
                undone.append((closing, fact))
                closing = None
            else:
                too_late = True
    return closing, too_late, tuple(undone)


def _undoes(reopening: Fact, closing: Fact) -> bool:
    """An appeal (överklagande) undoes a closing at any time; an error within 30 days, or whenever where the closing came by rule."""
    if reopening.body.get("reason") == "appeal" or closing.body.get("reason") in CLOSED_BY_RULE:
        return True
    return calendar_days(closing.moment, reopening.moment) <= DAYS_TO_UNDO_A_CLOSING
