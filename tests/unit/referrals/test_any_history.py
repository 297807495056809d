"""What holds of every history of referrals, whoever does what in whichever order."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.referrals.domain import facts
from services.referrals.domain.facts import Fact, State
from services.referrals.domain.moments import day, instant, midnight
from services.referrals.domain.referral import Case, evolve
from services.referrals.domain.rules import CONSULT_FIRST, Act, Beside, Deadlines, decide, due, overdue, steps
from services.referrals.domain.steps import DRAFTERS, MATRIX, Actor, Next, NotYet, Refused, Step
from services.referrals.domain.worklist import tasks
from services.referrals.translate import BODY
from shared.calendar import add_working_days
from tests.unit.referrals.scenarios import ASSIGNMENT, CONSENT_REF, FACT_OF, act

ENDS = {
    Step.DISCARD: State.DISCARDED, Step.WITHDRAW: State.WITHDRAWN, Step.COMPLETE: State.COMPLETED, Step.DISCONTINUE: State.DISCONTINUED
}  # fmt: skip
NOT_THEIRS = ("A referral in this state does not take this step.", "This step belongs to somebody else.", "There is no such referral")
DEADLINES = Deadlines(add_working_days, escalate_after=2, expire_after=3)
BEGIN = date(2026, 1, 2)
REFS = [UUID(int=number) for number in range(1, 7)]
DEVIATIONS = st.integers(101, 103).map(lambda number: UUID(int=number))
DATES = st.dates(BEGIN, date(2026, 12, 31))
MAYBE = st.one_of(st.none(), DATES)
SAID: dict[str, st.SearchStrategy[Any]] = {
    "reply_due_on": DATES,
    "due_on": DATES,
    "observed_on": DATES,
    "starts_on": DATES,
    "planned_end_on": DATES,
    "expected_start_on": MAYBE,
    "kind": st.sampled_from(["insats", "insats", "consultation", "enrolment", "assessment"]),
    "insats_kind": st.sampled_from(["work_training", None]),
    "to_function": st.sampled_from(["jobbcentrum", "af", None]),
    "planned_hours_per_week": st.one_of(st.none(), st.integers(0, 40)),
    "assignment_ref": st.sampled_from([None, ASSIGNMENT]),
    "successor_of": st.sampled_from([None, *REFS]),
    "content_ref": st.none(),
    "legal_basis": st.sampled_from(["consent", "osl_10_2"]),
    "consent_ref": st.sampled_from([None, CONSENT_REF]),
    "reason": st.sampled_from(["no_capacity", "insufficient_progress", "sick"]),
    "attended": st.sampled_from(["yes", "no", "unknown"]),
    "held_from": st.sampled_from(State),
    "position": st.one_of(st.none(), st.integers(1, 9)),
    "deviation_id": DEVIATIONS,
    "to_role": st.sampled_from(["social_worker", "recipient"]),
    "outcome": st.sampled_from(["never_attended", "work"]),
}


@st.composite
def anything(draw: st.DrawFn, today: date) -> Act:
    """Any act that its types allow: of any step, by anybody, of any referral, sound or not."""
    step, ref = draw(st.sampled_from(Step)), draw(st.sampled_from(REFS))
    on = today + timedelta(days=draw(st.integers(-20, 2)))
    happened = draw(st.sampled_from([day(on), day(today), instant(midnight(on) + timedelta(hours=9))]))
    kind = FACT_OF[step][0]
    said = {each.name: draw(SAID.get(each.name, st.just("code"))) for each in fields(kind) if each.name not in ("happened", "referral_id")}
    overriding = draw(st.sampled_from([None, "urgent"]))
    return Act(step, draw(st.sampled_from(Actor)), kind(happened, ref, **said), midnight(today) + timedelta(hours=12), overriding)


class Referrals(RuleBasedStateMachine):
    """One case, in which anything is tried; time goes on, and the case closes and opens."""

    def __init__(self) -> None:
        super().__init__()
        self.case, self.told, self.today, self.closed = Case(), list[Fact](), BEGIN, False

    @property
    def beside(self) -> Beside:
        return Beside(self.closed, {ASSIGNMENT: CONSULT_FIRST})

    def offers(self, tried: Act) -> bool:
        return any(
            each.step is tried.step
            and tried.by in each.by
            and each.referral_id in (None, tried.fact.referral_id)
            and each.deviation_id in (None, getattr(tried.fact, "deviation_id", None))
            for each in steps(self.case, self.beside)
        )

    def apply(self, tried: Act) -> None:
        was, decided = self.case, decide(self.case, tried, self.beside)
        assert decided
        assert self.offers(tried)
        row = MATRIX[was.referrals[tried.fact.referral_id].state] if tried.step is not Step.DRAFT else {Step.DRAFT: DRAFTERS}
        assert tried.by in row[tried.step]
        self.told += decided
        self.case = reduce(evolve, decided, was)

    def refusal(self, tried: Act) -> Refused | None:
        """Why it was not done; any other error than a refusal fails the test."""
        try:
            self.apply(tried)
        except Refused as refused:
            return refused
        return None

    def sound(self, offered: Next, by: Actor) -> Act:
        """What is offered, with all that its guards ask for as far as a single act can."""
        ref = offered.referral_id or next(each for each in [*REFS, UUID(int=99)] if each not in self.case.referrals)
        more: dict[str, Any] = {}
        if offered.step is Step.REPORT_DEVIATION:
            ended = self.case.referrals[ref].ended
            more = {"deviation_id": UUID(int=1000 + len(self.told)), "observed_on": ended.date if ended else self.today}
        elif offered.deviation_id:
            more = {"deviation_id": offered.deviation_id}
        elif offered.step is Step.SCHEDULE:
            more = {"starts_on": self.today}
        on = self.today
        if offered.step is Step.NO_SHOW:
            on = max(on, self.case.referrals[ref].starts_on or on)
        return act(offered.step, day(on), ref, by, midnight(on), "urgent", **more)

    def with_room(self, offered: Iterable[Next]) -> list[Next]:
        """What is offered, without more drafts than there are references, and what no act can make up for."""
        return [
            each
            for each in offered
            if (each.referral_id or len(self.case.referrals) < len(REFS))
            and not (each.step is Step.SEND and self.case.referrals[each.referral_id or REFS[0]].to_function is None)
        ]

    @rule(data=st.data())
    def what_is_offered_is_done(self, data: st.DataObject) -> None:
        for _ in range(3):
            if offered := self.with_room(steps(self.case, self.beside)):
                chosen = data.draw(st.sampled_from(offered))
                self.apply(self.sound(chosen, data.draw(st.sampled_from(chosen.by))))

    @rule(data=st.data())
    def anything_is_tried(self, data: st.DataObject) -> None:
        for _ in range(5):
            tried = data.draw(anything(self.today))
            refused = self.refusal(tried)
            if isinstance(refused, NotYet):
                assert tried.fact.happened.date >= self.today
            elif refused:
                assert refused.allowed == tuple(steps(self.case, self.beside))
                assert not (self.offers(tried) and refused.message.startswith(NOT_THEIRS)), refused.message

    @rule(days=st.integers(1, 9))
    def time_goes_on(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def time_acts(self) -> None:
        now = midnight(self.today)
        for _ in range(3):
            for each in overdue(self.case, DEADLINES, now):
                self.apply(each)
        assert overdue(self.case, DEADLINES, now) == []
        next_due = due(self.case, DEADLINES)
        assert next_due is None or next_due > now

    @rule()
    def the_case_closes_or_opens(self) -> None:
        self.closed = not self.closed

    @invariant()
    def the_facts_fold_to_the_state(self) -> None:
        assert reduce(evolve, self.told, Case()) == self.case
        assert BODY.validate_json(BODY.dump_json(self.case)) == self.case

    @invariant()
    def what_is_offered_would_be_taken_from_each_who_may(self) -> None:
        for each in self.with_room(steps(self.case, self.beside)):
            for by in each.by:
                assert decide(self.case, self.sound(each, by), self.beside)

    @invariant()
    def everything_open_has_a_way_out_and_what_has_ended_has_none_back(self) -> None:
        offered = list(steps(self.case, self.beside))
        for ref, referral in self.case.referrals.items():
            ways = {each.step: each for each in offered if each.referral_id == ref}
            if referral.is_open:
                out = next(step for step in ENDS if step in ways)
                ended = reduce(evolve, decide(self.case, self.sound(ways[out], ways[out].by[0]), self.beside), self.case)
                assert ended.referrals[ref].state is ENDS[out]
            else:
                late = {Step.REPORT_DEVIATION, Step.ACKNOWLEDGE_DEVIATION, Step.HANDLE_DEVIATION, Step.ENTER_IN_ERROR}
                assert ways.keys() <= late
                assert referral.ended
                assert not referral.recall_requested
                assert referral.held_from is None

    @invariant()
    def no_insats_is_lost(self) -> None:
        begun = {each.referral_id for each in self.told if isinstance(each, facts.ReferralStarted)}
        for ref, referral in self.case.referrals.items():
            if referral.state is State.ENTERED_IN_ERROR:
                continue
            assert (ref in begun) == (referral.runs or referral.state in (State.COMPLETED, State.DISCONTINUED))
            assert (referral.outcome is not None) == (referral.state in (State.COMPLETED, State.DISCONTINUED))
            assert ref not in begun or referral.kind != facts.CONSULTATION

    @invariant()
    def the_worklist_can_always_be_read(self) -> None:
        found = list(tasks(self.case, self.closed, midnight(self.today)))
        assert len(set(found)) == len(found)
        assert {each.referral_id for each in found} <= self.case.referrals.keys()


TestReferrals = Referrals.TestCase
TestReferrals.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
