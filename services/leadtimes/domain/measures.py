"""The measures up to anvisning, L01-L09: from what, to what, and what else ends the wait. One function each, the rule beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.leadtimes.domain.cases import CLOSED, ENTERED_IN_ERROR, Application, Spell
from services.leadtimes.domain.facts import Fact
from services.leadtimes.domain.moments import Moment, calendar_days, seconds, surely_before
from services.leadtimes.domain.referrals import Referral

RULE_SET = 3
"""The version of these rules; a figure says which one it used.

3: the waits for an insats (L10-L23), with counting rule set 1 of `clocks.md` 5; 2: L05-L09 and L24. What was there is as it was.
"""
UNEMPLOYED = "unemployed"
DIRECT = "direct"


class Measure(StrEnum):
    """What is waited for; the headline and what belongs to it first."""

    L20 = "L20"
    L20ANY = "L20any"
    L20P = "L20P"
    L21 = "L21"
    L01 = "L01"
    L02 = "L02"
    L03 = "L03"
    L04 = "L04"
    L05 = "L05"
    L06 = "L06"
    L07 = "L07"
    L08 = "L08"
    L09 = "L09"
    L10 = "L10"
    L12 = "L12"
    L13 = "L13"
    L14 = "L14"
    L14Q = "L14q"
    L15 = "L15"
    L16 = "L16"
    L17 = "L17"
    L22 = "L22"
    L23 = "L23"
    L24 = "L24"


FROM_FIRST_CONTACT = frozenset({Measure.L01, Measure.L04, Measure.L20, Measure.L20ANY, Measure.L20P})
IN_WORKING_DAYS = frozenset({Measure.L09})
"""Those whose headline is in working days, with the calendar days beside; of the others it is the other way round."""


class Outcome(StrEnum):
    """How a wait stands; `reason` says which other end, or which rule."""

    COMPLETED = "completed"
    ENDED_OTHERWISE = "ended_otherwise"
    OPEN = "open"
    EXCLUDED = "excluded"


class Flag(StrEnum):
    """Data quality, shown beside a wait and never repaired."""

    FIRST_CONTACT_INFERRED = "first_contact_inferred"
    NEGATIVE = "negative"
    ENDED_BEFORE_KNOWN_FROM = "ended_before_known_from"
    REOPENED_TOO_LATE = "reopened_too_late"


@dataclass(frozen=True)
class Interval:
    """One wait of one case. `channel`, `hindrance` and `known_from` are the case's, so that an interval can be counted by itself.

    `unit` is the one that was known when the wait began. `recipient` is the function that the referral it is about was written to.
    """

    measure: Measure
    application_ref: str | None
    start: Moment
    end: Moment | None
    outcome: Outcome
    reason: str | None
    channel: str | None
    hindrance: str | None
    unit: str | None
    known_from: date | None
    flags: tuple[Flag, ...]
    referral_id: str | None = None
    recipient: str | None = None

    @property
    def days(self) -> int | None:
        """Calendar days from start to end, negative ones too; None while open or when excluded."""
        return None if self.end is None else calendar_days(self.start, self.end)

    @property
    def seconds(self) -> float | None:
        """Seconds from start to end where both are instants, else None."""
        return None if self.end is None else seconds(self.start, self.end)


@dataclass(frozen=True)
class OtherEnd:
    """Something that would end a wait without completing it, and what that is called."""

    fact: Fact
    reason: str


def measured(case: Spell) -> tuple[Interval, ...]:
    """Every wait of a case up to anvisning: L02, L03, L05 and L06 for each application, the others once. L24 is none: it counts months."""
    once_each = (assessment_to_plan(case), plan_to_assignment(case), unemployed_to_assignment(case))
    return (
        contact_to_application(case),
        *(request_to_completion(case, application) for application in case.applications),
        *(found for application in case.applications if (found := completion_to_decision(case, application))),
        contact_to_decision(case),
        *(application_to_assessment(case, application) for application in case.applications),
        *(each for application in case.applications for each in assessments(case, application)),
        *(each for each in once_each if each),
    )


def contact_to_application(case: Spell) -> Interval:
    """L01: first contact to the first application received. A closing ends it otherwise; an inferred contact makes it 0."""
    first = case.applications[0].received if case.applications else None
    return wait(case, Measure.L01, case.contact, first, closing(case))


def request_to_completion(case: Spell, application: Application) -> Interval:
    """L02 (komplettering): application received to its last completion.

    Not asked to complete it: completed at 0. Asked and unanswered: waiting. A completion nobody asked for does not count.
    A decision without it (`decided`), a withdrawal or a closing ends it otherwise, and what surely follows that end is
    neither asked nor answered any more. A completion answers every request that it is not surely before.
    """
    start = application.received.moment
    ends = [*_decided(application), *_withdrawn(application), *closing(case)]
    asked = _until_ended(application.requests, ends)
    if not asked:
        return wait(case, Measure.L02, start, application.received, closing(case), application)
    answers = [
        completion
        for completion in _until_ended(application.completions, ends)
        if not any(surely_before(completion.moment, request.moment) for request in asked)
    ]
    return wait(case, Measure.L02, start, answers[-1] if answers else None, ends, application)


def completion_to_decision(case: Spell, application: Application) -> Interval | None:
    """L03: application completed (or received, if not asked) to its first decision; None while it has not begun.

    A withdrawal or a closing ends it otherwise. Decided without the completion that was asked for: excluded.
    """
    before = request_to_completion(case, application)
    ends = [*_withdrawn(application), *closing(case)]
    match before.outcome, before.reason:
        case Outcome.COMPLETED, _ if before.end is not None:
            return wait(case, Measure.L03, before.end, _first(application.decisions), ends, application)
        case Outcome.ENDED_OTHERWISE, "decided":
            return excluded(case, Measure.L03, before.start, "decided_without_completion", application)
        case Outcome.EXCLUDED, str(rule):
            return excluded(case, Measure.L03, before.start, rule, application)
        case _:
            return None


def contact_to_decision(case: Spell) -> Interval:
    """L04 (KKiK): first contact to the first decision on the case's first application of kind `new`, once a case.

    That application withdrawn, or the case closed, ends it otherwise. Without such an application it waits. Of cases read as one
    (dubbletter) the first application of each is the same one told twice: whichever is decided first, and withdrawn when all are.
    """
    news: dict[UUID, Application] = {}
    for application in case.applications:
        if application.is_new:
            news.setdefault(application.received.case_id, application)
    decision = min((each.decisions[0] for each in news.values() if each.decisions), key=lambda fact: fact.place, default=None)
    withdrawals = [end for each in news.values() for end in _withdrawn(each)]
    withdrawn = [max(withdrawals, key=lambda end: end.fact.place)] if withdrawals and len(withdrawals) == len(news) else []
    return wait(case, Measure.L04, case.contact, decision, [*withdrawn, *closing(case)], next(iter(news.values()), None))


def application_to_assessment(case: Spell, application: Application) -> Interval:
    """L05 (utredning inledd): application received to the start of its first assessment, of whatever kind.

    A decision without one (`decided`), a withdrawal or a closing ends it otherwise.
    """
    ends = [*_decided(application), *_withdrawn(application), *closing(case)]
    return wait(case, Measure.L05, application.received.moment, _first(application.assessments_started), ends, application)


def assessments(case: Spell, application: Application) -> Iterator[Interval]:
    """L06 (utredning): for each kind of assessment of an application, its first start to its first completion.

    A decision without it (`decided`), a withdrawal or a closing ends it otherwise; a decision or a withdrawal that was there surely
    before the start ends nothing: an assessment that begins after it is one of its own.
    """
    firsts: dict[str | None, Fact] = {}
    for started in application.assessments_started:
        firsts.setdefault(started.body.get("kind"), started)
    for kind, started in firsts.items():
        completion = next((each for each in application.assessments_completed if each.body.get("kind") == kind), None)
        ends = [end for end in (*_decided(application), *_withdrawn(application)) if not surely_before(end.fact.moment, started.moment)]
        yield wait(case, Measure.L06, started.moment, completion, [*ends, *closing(case)], application)


def assessment_to_plan(case: Spell) -> Interval | None:
    """L07: the first assessment completed, of whatever kind and application, to the first plan agreed (handlingsplan), once a case.

    None before any is completed. A closing ends it otherwise.
    """
    completions = [each for application in case.applications for each in application.assessments_completed[:1]]
    if not completions:
        return None
    start = min(completions, key=lambda fact: fact.place).moment
    return wait(case, Measure.L07, start, _first(case.plans), closing(case))


def plan_to_assignment(case: Spell) -> Interval | None:
    """L08: the first plan agreed to the first anvisning of whatever mode, once a case; None without a plan.

    Assigned surely before the plan: excluded (`before_plan`). A closing ends it otherwise.
    """
    plan, issued = _first(case.plans), _first(case.assignments)
    if plan is None:
        return None
    if issued is not None and surely_before(issued.moment, plan.moment):
        return excluded(case, Measure.L08, plan.moment, "before_plan")
    return wait(case, Measure.L08, plan.moment, issued, closing(case))


def unemployed_to_assignment(case: Spell) -> Interval | None:
    """L09 (direktanvisning, 26-punktsplanen act. 10): application received to the first direct anvisning, once a case.

    It is the case's first application at which the hindrance was `unemployed`: the last code dated no later than the day it was received,
    for what the self-rating of an application says is coded with it or later that day. Without such an application: None. What is coded
    on a later day begins no wait and ends none. A closing ends it otherwise; a decision does not, for the anvisning may come before it.
    """
    by_unemployed = (each for each in case.applications if case.hindrance_on(each.received.moment.day) == UNEMPLOYED)
    application = next(by_unemployed, None)
    if application is None:
        return None
    direct = next((each for each in case.assignments if each.body.get("mode") == DIRECT), None)
    return wait(case, Measure.L09, application.received.moment, direct, closing(case), application)


def wait(
    case: Spell,
    measure: Measure,
    start: Moment,
    completion: Fact | None,
    ends: Iterable[OtherEnd],
    about: Application | Referral | None = None,
) -> Interval:
    """The wait from a start: what is not surely before the completion does not beat it; of those that do, the first ends it."""
    if case.closing is not None and surely_before(case.closing.moment, start):
        return excluded(case, measure, start, "starts_after_closing", about)
    beating = [end for end in ends if completion is None or surely_before(end.fact.moment, completion.moment)]
    if beating:
        other = min(beating, key=lambda end: end.fact.place)
        return _interval(case, measure, start, other.fact.moment, Outcome.ENDED_OTHERWISE, other.reason, about)
    if completion is not None:
        return _interval(case, measure, start, completion.moment, Outcome.COMPLETED, None, about)
    return _interval(case, measure, start, None, Outcome.OPEN, None, about)


def excluded(case: Spell, measure: Measure, start: Moment, rule: str, about: Application | Referral | None = None) -> Interval:
    """A wait that counts nowhere, and by which rule."""
    return _interval(case, measure, start, None, Outcome.EXCLUDED, rule, about)


def _interval(
    case: Spell,
    measure: Measure,
    start: Moment,
    end: Moment | None,
    outcome: Outcome,
    reason: str | None,
    about: Application | Referral | None,
) -> Interval:
    """The interval with its flags; every one of a void case is excluded, whatever it was."""
    if case.void:
        end, outcome, reason = None, Outcome.EXCLUDED, ENTERED_IN_ERROR
    return Interval(
        measure=measure,
        application_ref=about.ref if isinstance(about, Application) else None,
        referral_id=about.id if isinstance(about, Referral) else None,
        recipient=about.recipient if isinstance(about, Referral) else None,
        start=start,
        end=end,
        outcome=outcome,
        reason=reason,
        channel=case.channel,
        hindrance=case.hindrance,
        unit=case.unit_at(start),
        known_from=case.known_from,
        flags=tuple(_flags(case, measure, start, end)),
    )


def _flags(case: Spell, measure: Measure, start: Moment, end: Moment | None) -> Iterable[Flag]:
    if case.contact_inferred and measure in FROM_FIRST_CONTACT:
        yield Flag.FIRST_CONTACT_INFERRED
    yield from flags_of_the_end(start, end, case.known_from)
    if case.reopened_too_late:
        yield Flag.REOPENED_TOO_LATE


def flags_of_the_end(start: Moment, end: Moment | None, known_from: date | None) -> Iterable[Flag]:
    """What there is to say of when a wait ended."""
    if end is not None and (calendar_days(start, end) < 0 or (seconds(start, end) or 0) < 0):
        yield Flag.NEGATIVE
    if end is not None and known_from is not None and max(start.day, end.day) < known_from:
        yield Flag.ENDED_BEFORE_KNOWN_FROM


def _until_ended(facts: Iterable[Fact], ends: Iterable[OtherEnd]) -> list[Fact]:
    """Those that no other end is surely before."""
    return [fact for fact in facts if not any(surely_before(end.fact.moment, fact.moment) for end in ends)]


def _decided(application: Application) -> list[OtherEnd]:
    return [OtherEnd(decision, "decided") for decision in application.decisions[:1]]


def _withdrawn(application: Application) -> list[OtherEnd]:
    return [OtherEnd(withdrawal, "withdrawn") for withdrawal in application.withdrawals[:1]]


def closing(case: Spell) -> list[OtherEnd]:
    """The closing in force ends every open wait of the case, with its own reason whatever the code."""
    return [] if case.closing is None else [OtherEnd(case.closing, case.closed_as or CLOSED)]


def _first(facts: tuple[Fact, ...]) -> Fact | None:
    return facts[0] if facts else None
