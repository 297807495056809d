"""Facts and acts of referrals in few words: only what a test is about is said."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.referrals.domain import facts
from services.referrals.domain.facts import Fact, State
from services.referrals.domain.moments import When, day, instant
from services.referrals.domain.referral import Case, Referral, evolve
from services.referrals.domain.rules import Act, Beside, decide
from services.referrals.domain.steps import Actor, Step
from shared.testing import Decider

FIRST, SECOND, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)
ASSIGNMENT, CONSENT_REF, DEVIATION = UUID(int=11), UUID(int=12), UUID(int=13)
NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
OPEN = Beside(assignments={ASSIGNMENT: "voluntary"})

a_case = Decider(Case(), lambda case, act: decide(case, act, OPEN), evolve)


def knowing(case: Decider[Case], beside: Beside) -> Decider[Case]:
    """The same case, with something else known beside it."""
    return replace(case, decide=lambda state, act: decide(state, act, beside))


def on(text: str) -> When:
    """`on("01-05")`: the fifth of January 2026."""
    return day(date.fromisoformat(f"2026-{text}"))


def at(text: str) -> When:
    """`at("01-05T09:30+01:00")`."""
    return instant(datetime.fromisoformat(f"2026-{text}"))


FACT_OF: dict[Step, tuple[type[Fact], dict[str, Any]]] = {
    Step.DRAFT: (facts.ReferralDrafted, {"kind": "insats", "insats_kind": "work_training", "to_function": "jobbcentrum"}),
    Step.DISCARD: (facts.ReferralDiscarded, {}),
    Step.SEND: (facts.ReferralSent, {"reply_due_on": date(2026, 12, 31), "legal_basis": "same_authority"}),
    Step.RECEIVE: (facts.ReferralReceived, {}),
    Step.ASK: (facts.ReferralInformationRequested, {"asked_of": "sender", "due_on": date(2026, 12, 31)}),
    Step.SUPPLY: (facts.ReferralInformationSupplied, {}),
    Step.ACCEPT: (facts.ReferralAccepted, {"recorded_by": "recipient"}),
    Step.WAITLIST: (facts.ReferralWaitlisted, {"recorded_by": "recipient"}),
    Step.DECLINE: (facts.ReferralDeclined, {"recorded_by": "recipient", "reason": "no_capacity"}),
    Step.REDIRECT: (facts.ReferralRedirected, {"recorded_by": "recipient"}),
    Step.ADVISE: (facts.AdviceGiven, {}),
    Step.SCHEDULE: (facts.ReferralScheduled, {"starts_on": date(2026, 3, 2)}),
    Step.NO_SHOW: (facts.ReferralNoShow, {"starts_on": date(2026, 1, 1)}),
    Step.START: (facts.ReferralStarted, {"kind": "insats"}),
    Step.EXTEND: (facts.ReferralExtended, {"kind": "insats", "planned_end_on": date(2026, 12, 31)}),
    Step.READY: (facts.ReadyForNextStep, {}),
    Step.COMPLETE: (facts.ReferralCompleted, {"outcome": "goal_reached", "attended": "yes"}),
    Step.DISCONTINUE: (facts.ReferralDiscontinued, {"outcome": "dropped_out", "attended": "yes", "reason": "sick"}),
    Step.RECALL: (facts.ReferralRecalled, {"reason": "got_job"}),
    Step.CONFIRM_RECALL: (facts.ReferralRecalled, {"reason": "got_job"}),
    Step.REFUSE_RECALL: (facts.RecallRefused, {}),
    Step.WITHDRAW: (facts.ReferralWithdrawn, {"reason": "client_declined"}),
    Step.CANCEL: (facts.ReferralCancelled, {"reason": "moved"}),
    Step.EXPIRE: (facts.ReferralExpired, {"reason": "no_reply"}),
    Step.HOLD: (facts.ReferralPutOnHold, {"reason": "sick", "held_from": State.DRAFT}),
    Step.END_HOLD: (facts.ReferralHoldEnded, {"held_from": State.DRAFT}),
    Step.CHASE: (facts.ReferralChased, {"to_role": "recipient"}),
    Step.ESCALATE: (facts.ReferralEscalated, {"to_role": "team_leader"}),
    Step.REPORT_DEVIATION: (
        facts.DeviationReported,
        {"deviation_id": DEVIATION, "scope": "person", "kind": "absence", "observed_on": date(2026, 3, 1), "to_role": "social_worker"},
    ),
    Step.ACKNOWLEDGE_DEVIATION: (facts.DeviationAcknowledged, {"deviation_id": DEVIATION}),
    Step.HANDLE_DEVIATION: (facts.DeviationHandled, {"deviation_id": DEVIATION}),
    Step.ENTER_IN_ERROR: (facts.EnteredInError, {}),
}
"""What each step says, where a test does not say otherwise; the sound thing in every state that takes it."""
OTHERS = {Step.WITHDRAW: Actor.CLIENT, Step.EXPIRE: Actor.RULE}


def fact(step: Step, happened: When = on("03-02"), ref: UUID = FIRST, **more: Any) -> Fact:
    kind, said = FACT_OF[step]
    return kind(happened, ref, **(said | more))


def act(
    step: Step,
    happened: When = on("03-02"),
    ref: UUID = FIRST,
    by: Actor | None = None,
    now: datetime = NOW,
    overriding: str | None = None,
    **more: Any,
) -> Act:
    """An act of the sender, where the step is not another's only."""
    return Act(step, by or OTHERS.get(step, Actor.SENDER), fact(step, happened, ref, **more), now, overriding)


def after(*so_far: Step, begin: Decider[Case] = a_case, ref: UUID = FIRST, **drafted: Any) -> Decider[Case]:
    """A case in which all this was done, on the first of March: the facts of each step, with what the draft says."""
    said = [drafted if step is Step.DRAFT else {} for step in so_far]
    return done(begin, *(act(step, on("03-01"), ref, overriding="urgent", **more) for step, more in zip(so_far, said, strict=True)))


def done(case: Decider[Case], *acts: Act) -> Decider[Case]:
    """The case after acts that must all be allowed."""
    for each in acts:
        outcome = case.when(each)
        outcome.then(*outcome.events)
        case = case.given(*outcome.events)
    return case


def state_of(case: Decider[Case], ref: UUID = FIRST) -> State:
    return case.state().referrals[ref].state


D, S = Step.DRAFT, Step.SEND
SENT = (D, S)
ACCEPTED = (*SENT, Step.ACCEPT)
RUNNING = (*SENT, Step.START)
PATH: dict[State, tuple[Step, ...]] = {
    State.DRAFT: (D,),
    State.SENT: SENT,
    State.RECEIVED: (*SENT, Step.RECEIVE),
    State.INFO_REQUESTED: (*SENT, Step.ASK),
    State.ACCEPTED: ACCEPTED,
    State.WAITLISTED: (*SENT, Step.WAITLIST),
    State.SCHEDULED: (*SENT, Step.SCHEDULE),
    State.IN_PROGRESS: RUNNING,
    State.ON_HOLD: (*SENT, Step.HOLD),
    State.COMPLETED: (*RUNNING, Step.COMPLETE),
    State.DISCONTINUED: (*RUNNING, Step.DISCONTINUE),
    State.DECLINED: (*SENT, Step.DECLINE),
    State.REDIRECTED: (*SENT, Step.REDIRECT),
    State.ADVISED: (*SENT, Step.ADVISE),
    State.RECALLED: (*SENT, Step.RECALL),
    State.WITHDRAWN: (*SENT, Step.WITHDRAW),
    State.CANCELLED: (*ACCEPTED, Step.CANCEL),
    State.EXPIRED: (*SENT, Step.EXPIRE),
    State.DISCARDED: (D, Step.DISCARD),
    State.ENTERED_IN_ERROR: (*RUNNING, Step.ENTER_IN_ERROR),
}
"""The shortest way to every state; advice is given on a consultation only."""
CONSULTATION: dict[str, Any] = {"kind": "consultation", "insats_kind": None}


def in_state(state: State, **drafted: Any) -> Decider[Case]:
    return after(*PATH[state], **(CONSULTATION if state is State.ADVISED else {}) | drafted)


def uncounted(case: Decider[Case]) -> Referral:
    """The first referral, however many facts were told of it."""
    return replace(case.state().referrals[FIRST], facts=0)
