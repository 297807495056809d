"""The referrals of a case, folded from their facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from services.referrals.domain import facts
from services.referrals.domain.facts import Code, Fact, State
from services.referrals.domain.moments import When
from services.referrals.domain.steps import Actor


@dataclass(frozen=True)
class Deviation:
    """Something that was not as planned (avvikelse), to which role it was reported, and what became of it."""

    reported: When
    observed_on: date
    scope: Code
    kind: Code
    to_role: Code
    acknowledged: When | None = None
    handled: When | None = None

    @property
    def waits_for(self) -> Actor:
        """Who settles it: the recipient what was reported to them, or the sender told by them; the sender what goes to a role of theirs."""
        return Actor.RECIPIENT if self.to_role == facts.TO_RECIPIENT else Actor.SENDER


@dataclass(frozen=True)
class Referral:
    """One referral (remiss, anvisning), as it is now."""

    kind: Code
    drafted: When
    state: State = State.DRAFT
    insats_kind: Code | None = None
    to_function: Code | None = None
    planned_hours_per_week: int | None = None
    assignment_ref: UUID | None = None
    successor_of: UUID | None = None
    content_ref: UUID | None = None
    sent: When | None = None
    reply_due_on: date | None = None
    answered: When | None = None
    asked_of: Code | None = None
    information_due_on: date | None = None
    asked: When | None = None
    expected_start_on: date | None = None
    position: int | None = None
    starts_on: date | None = None
    no_shows: int = 0
    missed_on: date | None = None
    started: When | None = None
    planned_end_on: date | None = None
    funding: Code | None = None
    ready: When | None = None
    held_from: State | None = None
    held: When | None = None
    recall_asked: When | None = None
    chased: When | None = None
    escalated: When | None = None
    outcome: Code | None = None
    reason: Code | None = None
    suggested_function: Code | None = None
    ended: When | None = None
    deviations: Mapping[UUID, Deviation] = field(default_factory=dict)
    facts: int = 1
    """How many facts were told of it."""

    @property
    def is_open(self) -> bool:
        """Whether something can still come of it."""
        return self.state.is_open

    @property
    def recall_requested(self) -> bool:
        """Whether the sender has asked for it back and nobody has answered."""
        return self.recall_asked is not None

    @property
    def is_insats(self) -> bool:
        """Whether it leads to an insats: a start of anything else is none (`clocks.md` 4, L20any)."""
        return self.kind == facts.INSATS

    @property
    def runs(self) -> bool:
        """Whether it has started and not ended, on hold or not."""
        return self.state is State.IN_PROGRESS or (self.state is State.ON_HOLD and self.held_from is State.IN_PROGRESS)

    @property
    def waits_for_an_answer(self) -> bool:
        """Whether it is sent and no final answer has come; a question is none."""
        return self.state in (State.SENT, State.RECEIVED, State.INFO_REQUESTED)


@dataclass(frozen=True)
class Case:
    """Everything that is sent out of one case. Several open referrals and insatser at once are normal (memo S1)."""

    referrals: Mapping[UUID, Referral] = field(default_factory=dict)

    def successor(self, referral_id: UUID) -> UUID | None:
        """The referral that was written in the place of one that ended; a draft that was discarded is none."""
        written = ((key, each) for key, each in self.referrals.items() if each.state not in (State.DISCARDED, State.ENTERED_IN_ERROR))
        return next((key for key, each in written if each.successor_of == referral_id), None)

    def has_next(self, referral_id: UUID, ends: date) -> bool:
        """Whether something follows on an insats that ends that day: another that was sent and waits to begin, or that runs beyond it."""
        others = (each for key, each in self.referrals.items() if key != referral_id and each.is_insats and each.is_open and each.sent)
        return any(not each.runs or each.planned_end_on is None or each.planned_end_on > ends for each in others)

    @property
    def hours_per_week(self) -> int:
        """The planned hours a week of all that runs (act. 2)."""
        return sum(each.planned_hours_per_week or 0 for each in self.referrals.values() if each.runs and each.is_insats)


BECOMES: Mapping[type[Fact], State] = {
    facts.ReferralDiscarded: State.DISCARDED,
    facts.ReferralReceived: State.RECEIVED,
    facts.ReferralInformationSupplied: State.RECEIVED,
    facts.ReferralAccepted: State.ACCEPTED,
    facts.ReferralWaitlisted: State.WAITLISTED,
    facts.ReferralDeclined: State.DECLINED,
    facts.ReferralRedirected: State.REDIRECTED,
    facts.AdviceGiven: State.ADVISED,
    facts.ReferralCompleted: State.COMPLETED,
    facts.ReferralDiscontinued: State.DISCONTINUED,
    facts.ReferralRecalled: State.RECALLED,
    facts.ReferralWithdrawn: State.WITHDRAWN,
    facts.ReferralCancelled: State.CANCELLED,
    facts.ReferralExpired: State.EXPIRED,
    facts.EnteredInError: State.ENTERED_IN_ERROR,
}


def evolve(case: Case, fact: Fact) -> Case:
    """The case after one of its facts."""
    if isinstance(fact, facts.ReferralDrafted):
        after = Referral(
            kind=fact.kind,
            drafted=fact.happened,
            insats_kind=fact.insats_kind,
            to_function=fact.to_function,
            planned_hours_per_week=fact.planned_hours_per_week,
            assignment_ref=fact.assignment_ref,
            successor_of=fact.successor_of,
            content_ref=fact.content_ref,
        )
    else:
        after = _after(case.referrals[fact.referral_id], fact)
    return Case({**case.referrals, fact.referral_id: after})


def _after(was: Referral, fact: Fact) -> Referral:
    now = replace(was, state=BECOMES.get(type(fact), was.state), facts=was.facts + 1)
    if not now.is_open and was.is_open:
        now = replace(now, ended=fact.happened, reason=getattr(fact, "reason", None), recall_asked=None, held_from=None, held=None)
    match fact:
        case facts.EnteredInError():  # only what it was, and that it never was
            named = {name: getattr(was, name) for name in ("insats_kind", "to_function", "sent")}
            return Referral(was.kind, was.drafted, State.ENTERED_IN_ERROR, **named, ended=fact.happened, facts=now.facts)
        case facts.ReferralSent():
            return replace(now, state=State.SENT, sent=fact.happened, reply_due_on=fact.reply_due_on)
        case facts.ReferralInformationRequested():
            now = replace(now, state=State.INFO_REQUESTED, asked=fact.happened)
            return replace(now, asked_of=fact.asked_of, information_due_on=fact.due_on)
        case facts.ReferralInformationSupplied():
            return replace(now, asked_of=None, information_due_on=None, asked=None)
        case facts.ReferralAccepted():
            return replace(now, answered=was.answered or fact.happened, expected_start_on=fact.expected_start_on)
        case facts.ReferralWaitlisted():
            answered = was.answered or fact.happened
            return replace(now, answered=answered, position=fact.position, expected_start_on=fact.expected_start_on, reason=fact.reason)
        case facts.ReferralDeclined() | facts.ReferralRedirected():
            return replace(now, answered=was.answered or fact.happened, suggested_function=fact.suggested_function)
        case facts.AdviceGiven():
            return replace(now, answered=was.answered or fact.happened)
        case facts.ReferralScheduled():
            return replace(now, state=State.SCHEDULED, answered=was.answered or fact.happened, starts_on=fact.starts_on, missed_on=None)
        case facts.ReferralNoShow():
            return replace(now, no_shows=was.no_shows + 1, missed_on=fact.starts_on)
        case facts.ReferralStarted():
            return replace(
                now, state=State.IN_PROGRESS, answered=was.answered or fact.happened, started=fact.happened, recall_asked=None,
                planned_end_on=fact.planned_end_on, planned_hours_per_week=fact.planned_hours_per_week, funding=fact.funding,
                position=None, reason=None,
            )  # fmt: skip
        case facts.ReferralExtended():
            hours = fact.planned_hours_per_week
            return replace(now, planned_end_on=fact.planned_end_on, planned_hours_per_week=hours, funding=fact.funding)
        case facts.ReferralCompleted() | facts.ReferralDiscontinued():
            return replace(now, outcome=fact.outcome)
        case facts.RecallRequested():
            return replace(now, recall_asked=fact.happened)
        case facts.RecallRefused():
            return replace(now, recall_asked=None)
        case facts.ReferralPutOnHold():
            return replace(now, state=State.ON_HOLD, held_from=fact.held_from, held=fact.happened, reason=fact.reason)
        case facts.ReferralHoldEnded():
            return replace(now, state=fact.held_from, held_from=None, held=None, reason=None)
        case facts.ReferralChased():
            return replace(now, chased=max(was.chased or fact.happened, fact.happened))
        case facts.ReferralEscalated():
            return replace(now, escalated=max(was.escalated or fact.happened, fact.happened))
        case facts.ReadyForNextStep():
            return replace(now, ready=was.ready or fact.happened)
        case facts.DeviationReported():
            reported = Deviation(fact.happened, fact.observed_on, fact.scope, fact.kind, fact.to_role)
            return replace(now, deviations={**was.deviations, fact.deviation_id: reported})
        case facts.DeviationAcknowledged():
            deviation = replace(was.deviations[fact.deviation_id], acknowledged=fact.happened)
            return replace(now, deviations={**was.deviations, fact.deviation_id: deviation})
        case facts.DeviationHandled():
            deviation = replace(was.deviations[fact.deviation_id], handled=fact.happened)
            return replace(now, deviations={**was.deviations, fact.deviation_id: deviation})
    return now
