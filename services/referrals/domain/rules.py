"""The decider of referrals: an act proposes a fact, and here it becomes true or is refused. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.referrals.domain import facts
from services.referrals.domain.facts import Code, Fact, State
from services.referrals.domain.moments import Precision, When, day, local_date, midnight
from services.referrals.domain.referral import Case, Referral
from services.referrals.domain.steps import DRAFTERS, MATRIX, Actor, Next, NotYet, Refused, Step

CONSULT_FIRST = "sol_12_4"
"""The basis of an assignment before which Arbetsförmedlingen is consulted (SoL 12 kap. 4 §)."""
EMPLOYMENT_SERVICE = "employment_service"
"""The function that stands for Arbetsförmedlingen, where a municipality has no other code for it."""
NOT_OF_CONSULTATION: Final = frozenset({Step.ACCEPT, Step.WAITLIST, Step.SCHEDULE, Step.START})
"""What a consultation does not take: it never moves responsibility."""
BEFORE_START = frozenset({State.SENT, State.RECEIVED, State.INFO_REQUESTED, State.ACCEPTED, State.WAITLISTED, State.SCHEDULED})
OF_RECIPIENT = frozenset(step for state in BEFORE_START for step, by in MATRIX[state].items() if Actor.RECIPIENT in by)
"""What the recipient may say before a start, so also of what has meanwhile ended or rests."""
OF_WHAT_RUNS = frozenset({Step.COMPLETE, Step.DISCONTINUE, Step.REPORT_DEVIATION})
MAY_EVER: Final = {step: frozenset[Actor]().union(*(row.get(step, ()) for row in MATRIX.values())) for step in Step}
"""Who may take a step in some state."""


@dataclass(frozen=True)
class Act:
    """What somebody says has happened. `overriding`: for which coded reason a guard that may be overridden is."""

    step: Step
    by: Actor
    fact: Fact
    now: datetime
    overriding: Code | None = None


@dataclass(frozen=True)
class Beside:
    """What is known beside the referrals: whether the case is closed, and on which basis each assignment of it was issued.

    `addressed`: to whom each referral goes, which its own facts may not say of somebody protected. `consults`: which of these functions
    is Arbetsförmedlingen.
    """

    closed: bool = False
    assignments: Mapping[UUID, Code] = field(default_factory=dict)
    addressed: Mapping[UUID, Code] = field(default_factory=dict)
    consults: Code = EMPLOYMENT_SERVICE


@dataclass(frozen=True)
class Deadlines:
    """When nobody has answered: reminded on the first working day after the reply was due, escalated `escalate_after` working days later.

    `working_day`: the n-th working day after a day. `expire_after`: after so many more days a referral ends as expired; None: never.
    """

    working_day: Callable[[date, int], date]
    escalate_after: int = 5
    escalate_to: Code = "team_leader"
    expire_after: int | None = None


def decide(case: Case, act: Act, beside: Beside) -> tuple[Fact, ...]:
    """The facts of an act, in their order. Raises Refused with the steps allowed now, and NotYet."""
    allowed = tuple(steps(case, beside))
    not_later(act.fact.happened, act.now)
    if act.step is Step.DRAFT:
        _must_be_draftable(case, act, beside, allowed)
        return (act.fact,)
    referral = case.referrals.get(act.fact.referral_id)
    if referral is None:
        raise Refused("There is no such referral in this case.", allowed)
    _must_be_theirs(referral, act, allowed)
    _must_be_in_order(referral, act, allowed)
    _guard(case, referral, act, beside, allowed)
    return _facts(referral, act)


def steps(case: Case, beside: Beside) -> Iterator[Next]:
    """What can be done now, and by whom."""
    if not beside.closed:
        yield Next(Step.DRAFT, by=tuple(sorted(DRAFTERS)))
    for referral_id, referral in case.referrals.items():
        for step, actors in MATRIX[referral.state].items():
            by = tuple(sorted(actors))
            if step in (Step.ACKNOWLEDGE_DEVIATION, Step.HANDLE_DEVIATION):
                open_ones = ((key, each) for key, each in referral.deviations.items() if _takes(step, each.acknowledged, each.handled))
                yield from (
                    Next(step, referral_id, key, by if each.waits_for is Actor.RECIPIENT else (Actor.SENDER,)) for key, each in open_ones
                )
            elif _is_possible(referral, step) and not (step is Step.SEND and beside.closed):
                yield Next(step, referral_id, by=by)


def due(case: Case, deadlines: Deadlines) -> datetime | None:
    """The instant at which time itself next does something; None: never."""
    return min((at for at, _ in _timed(case, deadlines)), default=None)


def overdue(case: Case, deadlines: Deadlines, now: datetime) -> list[Act]:
    """What time has brought about by now, the earliest first: at most one act of each referral, so that it is asked again."""
    today = day(local_date(now))
    step_of = {facts.ReferralChased: Step.CHASE, facts.ReferralEscalated: Step.ESCALATE, facts.ReferralExpired: Step.EXPIRE}
    found = sorted(((at, fact) for at, fact in _timed(case, deadlines) if at <= now), key=lambda each: each[0])
    # Dated when it is done: what was typed late, or rested, was not reminded of before, and each step leaves its days for an answer.
    return [Act(step_of[type(fact)], Actor.RULE, replace(fact, happened=today), now) for _, fact in found]


def _timed(case: Case, deadlines: Deadlines) -> Iterator[tuple[datetime, Fact]]:
    """What time does next with each referral that waits for its recipient: not while their own question is open."""
    for referral_id, referral in case.referrals.items():
        if referral.state not in (State.SENT, State.RECEIVED) or referral.reply_due_on is None:
            continue
        after = deadlines.working_day(referral.reply_due_on, 1)
        # Who is reminded by hand before the answer was due is reminded again when it was.
        if referral.chased is None or referral.chased.date < after:
            yield midnight(after), facts.ReferralChased(day(after), referral_id, "recipient")
        elif referral.escalated is None or referral.escalated.date < after:
            on = deadlines.working_day(referral.chased.date, deadlines.escalate_after)
            yield midnight(on), facts.ReferralEscalated(day(on), referral_id, deadlines.escalate_to)
        elif deadlines.expire_after is not None:
            on = deadlines.working_day(referral.escalated.date, deadlines.expire_after)
            yield midnight(on), facts.ReferralExpired(day(on), referral_id, facts.NO_REPLY)


def not_later(happened: When, now: datetime) -> None:
    """Raises NotYet for what is said to happen later than now."""
    if happened.at > now if happened.precision is Precision.INSTANT else happened.date > local_date(now):
        raise NotYet


def _must_be_draftable(case: Case, act: Act, beside: Beside, allowed: tuple[Next, ...]) -> None:
    draft = act.fact
    assert isinstance(draft, facts.ReferralDrafted)
    if act.by not in DRAFTERS:  # first of all: whoever may not draft learns nothing of the case
        raise Refused("This step belongs to somebody else.", allowed)
    if beside.closed:
        raise Refused("The case is closed.", allowed)
    if draft.referral_id in case.referrals:
        raise Refused("This referral is there already.", allowed)
    if (draft.kind == facts.INSATS) != (draft.insats_kind is not None):
        raise Refused("A referral to an insats says of which kind, and no other does.", allowed)
    if draft.to_function is None:
        raise Refused("A referral says to whom it goes.", allowed)
    if draft.assignment_ref and any(each.assignment_ref == draft.assignment_ref and each.is_open for each in case.referrals.values()):
        raise Refused("There is an open referral for this assignment.", allowed)
    if draft.successor_of is not None:
        before = case.referrals.get(draft.successor_of)
        if before is None or before.sent is None or before.state is State.ENTERED_IN_ERROR:
            raise Refused("What it succeeds is no referral of this case that was sent.", allowed)
        if case.successor(draft.successor_of) is not None:
            raise Refused("What it succeeds has a successor.", allowed)


def _must_be_theirs(referral: Referral, act: Act, allowed: tuple[Next, ...]) -> None:
    """The matrix, and what narrows it."""
    row = MATRIX[referral.state]
    if act.step not in row or not _is_possible(referral, act.step):
        crossed = act.by in MAY_EVER[act.step] and _crossed(referral, act)
        raise Refused("A referral in this state does not take this step.", allowed, crossed=crossed)
    if act.by not in row[act.step]:
        raise Refused("This step belongs to somebody else.", allowed)


def _crossed(referral: Referral, act: Act) -> bool:
    """Whether two who did not know of each other acted: the recipient on what the sender ended, or the sender against a start."""
    if act.step in (Step.RECALL, Step.WITHDRAW):
        return referral.runs
    ended_by_sender = referral.state in (State.RECALLED, State.WITHDRAWN, State.CANCELLED, State.EXPIRED, State.ENTERED_IN_ERROR)
    if ended_by_sender:
        return Actor.RECIPIENT in MAY_EVER[act.step]
    return act.step in OF_RECIPIENT and referral.held_from in BEFORE_START


def _is_possible(referral: Referral, step: Step) -> bool:
    """Whether a step of the state's row can be taken by this very referral."""
    consultation = referral.kind == facts.CONSULTATION
    if consultation and step in NOT_OF_CONSULTATION:
        return False
    match step:
        case Step.ADVISE:
            return consultation
        case Step.EXTEND | Step.READY:
            return referral.is_insats and not (step is Step.READY and referral.ready)
        case Step.CONFIRM_RECALL | Step.REFUSE_RECALL:
            return referral.recall_requested
        case Step.RECALL:
            return not referral.recall_requested
        case Step.NO_SHOW:  # once of each booking
            return referral.missed_on is None or referral.missed_on != referral.starts_on
    if referral.state is not State.ON_HOLD:
        return True
    if step is Step.DISCARD:
        return referral.held_from is State.DRAFT
    if step in (Step.CANCEL, Step.WITHDRAW):
        return referral.held_from in BEFORE_START
    return step not in OF_WHAT_RUNS or referral.runs


def _takes(step: Step, acknowledged: When | None, handled: When | None) -> bool:
    return (handled if step is Step.HANDLE_DEVIATION else acknowledged or handled) is None


def _must_be_in_order(referral: Referral, act: Act, allowed: tuple[Next, ...]) -> None:
    """Nothing happens to a referral before it was written, sent or, when it runs, begun; and no answer comes before what it answers."""
    running = referral.started if act.step in OF_WHAT_RUNS | {Step.EXTEND, Step.READY} else None
    answers = {
        Step.END_HOLD: referral.held, Step.SUPPLY: referral.asked, Step.CONFIRM_RECALL: referral.recall_asked,
        Step.REFUSE_RECALL: referral.recall_asked,
    }  # fmt: skip
    before = (running or referral.sent or referral.drafted, answers.get(act.step))
    if any(each and act.fact.happened.surely_before(each) for each in before):
        raise Refused("It cannot have happened before what it follows on.", allowed)


def _guard(case: Case, referral: Referral, act: Act, beside: Beside, allowed: tuple[Next, ...]) -> None:
    """What a step asks for beyond its state and its actor. Raises Refused."""
    on = act.fact.happened.date
    match act.fact:
        case facts.ReferralSent() as sent:
            if beside.closed:
                raise Refused("The case is closed.", allowed)
            if sent.reply_due_on <= on:
                raise Refused("An answer cannot be due on the day of sending or before.", allowed)
            if (sent.legal_basis == facts.CONSENT) != (sent.consent_ref is not None):
                raise Refused("Consent as the ground names the consent, and no other ground does.", allowed)
            if referral.assignment_ref and referral.assignment_ref not in beside.assignments:
                raise Refused("The assignment is none of this case, or not heard of yet, or it was taken back.", allowed)
            if not act.overriding and _lacks_consultation(case, referral, beside, sent.happened):
                raise Refused("Arbetsförmedlingen is consulted before this assignment (SoL 12 kap. 4 §), or a reason given.", allowed)
        case facts.ReferralInformationRequested() as asked if asked.due_on < on:
            raise Refused("The information cannot be due before it is asked for.", allowed)
        case facts.ReferralDeclined() as declined if referral.state is State.WAITLISTED and declined.reason != facts.NO_CAPACITY:
            raise Refused("From a waiting list only want of places is a reason to decline.", allowed)
        case facts.ReferralScheduled() as booked if booked.starts_on < on:
            raise Refused("What is booked cannot begin before the booking.", allowed)
        case facts.ReferralStarted(planned_end_on=end) | facts.ReferralExtended(planned_end_on=end) if end and end < _begun(referral, on):
            raise Refused("What ends does not end before it began.", allowed)
        case facts.ReferralNoShow() if referral.starts_on is not None and on < referral.starts_on:
            raise Refused("Nobody has missed what has not begun.", allowed)
        case facts.ReferralCompleted(attended=attended, outcome=outcome) if attended == facts.NOT_AT_ALL or outcome == facts.NEVER_ATTENDED:
            raise Refused("What nobody attended was not completed: it is discontinued.", allowed)
        case facts.ReferralDiscontinued(outcome=facts.NEVER_ATTENDED, attended=attended) if attended != facts.NOT_AT_ALL:
            raise Refused("What was never attended was attended: one of the two is wrong.", allowed)
        # The sender is asked. A recipient would learn from the answer whether the person is anywhere else: what they end is true, and a
        # gap that comes of it stands on the sender's worklist.
        case facts.ReferralDiscontinued(reason=facts.INSUFFICIENT_PROGRESS) as ends if not (
            act.by is Actor.RECIPIENT or act.overriding or case.has_next(ends.referral_id, on)
        ):
            raise Refused("Another referral is sent first, so that no gap comes (26-punktsplanen act. 4), or a reason given.", allowed)
        case facts.DeviationReported() as seen:
            if seen.observed_on > on or seen.deviation_id in referral.deviations:
                raise Refused("A deviation is reported once, and after it was seen.", allowed)
            ended = referral.ended.date if referral.ended else on
            if not _begun(referral, on) <= seen.observed_on <= ended:
                raise Refused("What deviated was seen between the start and the end.", allowed)
        case facts.DeviationAcknowledged() | facts.DeviationHandled() as settled:
            told = referral.deviations.get(settled.deviation_id)
            if told is None or not _takes(act.step, told.acknowledged, told.handled):
                raise Refused("There is no such deviation, or this was done.", allowed)
            if act.by is Actor.RECIPIENT and told.waits_for is not act.by:
                raise Refused("This step belongs to somebody else.", allowed)
            if settled.happened.surely_before(told.acknowledged or told.reported):
                raise Refused("It cannot have happened before what it follows on.", allowed)


def _begun(referral: Referral, on: date) -> date:
    return referral.started.date if referral.started else on


def _lacks_consultation(case: Case, referral: Referral, beside: Beside, sent: When) -> bool:
    if referral.assignment_ref is None or referral.kind == facts.CONSULTATION:
        return False
    asked = (each for key, each in case.referrals.items() if each.state is State.ADVISED and beside.addressed.get(key) == beside.consults)
    advised = any(each.answered and not sent.surely_before(each.answered) for each in asked)
    return beside.assignments.get(referral.assignment_ref) == CONSULT_FIRST and not advised


def _facts(referral: Referral, act: Act) -> tuple[Fact, ...]:
    """What the act makes true: what the referral itself knows is filled in."""
    fact = act.fact
    match fact:
        case facts.ReferralStarted() | facts.ReferralExtended():
            hours = referral.planned_hours_per_week if fact.planned_hours_per_week is None else fact.planned_hours_per_week
            funding, of = fact.funding or referral.funding, referral.insats_kind
            whole = replace(fact, kind=referral.kind, insats_kind=of, planned_hours_per_week=hours, funding=funding)
            if act.step is Step.EXTEND or referral.recall_asked is None:
                return (whole,)
            return facts.RecallRefused(max(fact.happened, referral.recall_asked), fact.referral_id), whole
        case facts.ReferralNoShow() if referral.starts_on is not None:
            return (replace(fact, starts_on=referral.starts_on),)
        case facts.ReferralPutOnHold():
            return (replace(fact, held_from=referral.state),)
        case facts.ReferralHoldEnded() if referral.held_from is not None:
            return (replace(fact, held_from=referral.held_from, reason=referral.reason),)
        case facts.ReferralRecalled() if act.step is Step.RECALL and not referral.waits_for_an_answer:
            return (facts.RecallRequested(fact.happened, fact.referral_id),)
    return (fact,)
