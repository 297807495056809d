"""Recall, rest, and what happens when two who do not know of each other act: one outcome in either order, and it can be read."""

from datetime import date

import pytest

from services.referrals.domain import facts
from services.referrals.domain.facts import State
from services.referrals.domain.referral import Case
from services.referrals.domain.rules import BEFORE_START, steps
from services.referrals.domain.steps import Actor, Refused, Step
from shared.testing import Decider
from tests.unit.referrals.scenarios import (
    ACCEPTED,
    FIRST,
    OPEN,
    PATH,
    RUNNING,
    SENT,
    act,
    after,
    done,
    fact,
    in_state,
    on,
    state_of,
    uncounted,
)

sent, accepted, running = (in_state(each) for each in (State.SENT, State.ACCEPTED, State.IN_PROGRESS))
ANSWERED = [State.ACCEPTED, State.WAITLISTED, State.SCHEDULED]
FINAL = [Step.ACCEPT, Step.WAITLIST, Step.DECLINE, Step.REDIRECT, Step.SCHEDULE, Step.START]
requested = done(accepted, act(Step.RECALL))


def crossed(case: Decider[Case], step: Step, by: Actor | None = None) -> bool:
    """Whether a refusal asks a human to look; it always tells what is allowed now."""
    refused = case.when(act(step, by=by)).refused(Refused)
    assert refused.allowed == tuple(steps(case.state(), OPEN))
    return bool(refused.crossed)


@pytest.mark.parametrize("step", [*FINAL, Step.ASK])
@pytest.mark.parametrize("by", [Actor.RECIPIENT, Actor.SENDER])
def test_an_answer_implies_the_steps_before_it(step: Step, by: Actor) -> None:
    for state in (State.SENT, State.RECEIVED, State.INFO_REQUESTED):
        outcome = in_state(state).when(act(step, by=by))
        assert [type(each) for each in outcome.events] == [type(fact(step))]
    answered = done(sent, act(step, by=by)).state().referrals[FIRST].answered
    assert answered == (None if step is Step.ASK else on("03-02"))


def test_the_first_final_answer_stays_the_answer() -> None:
    case = done(
        sent, act(Step.ACCEPT, on("03-02")), act(Step.SCHEDULE, on("03-05"), starts_on=date(2026, 3, 9)), act(Step.START, on("03-09"))
    )
    assert case.state().referrals[FIRST].answered == on("03-02")
    assert case.state().referrals[FIRST].started == on("03-09")
    queued = done(sent, act(Step.WAITLIST, on("03-02")), act(Step.ACCEPT, on("03-05")))
    assert queued.state().referrals[FIRST].answered == on("03-02")


@pytest.mark.parametrize("state", [State.SENT, State.RECEIVED, State.INFO_REQUESTED])
def test_before_an_answer_a_recall_ends_the_referral(state: State) -> None:
    in_state(state).when(act(Step.RECALL)).then(fact(Step.RECALL))


@pytest.mark.parametrize("state", ANSWERED)
def test_after_an_answer_a_recall_is_a_request_that_the_recipient_answers(state: State) -> None:
    answered = in_state(state)
    answered.when(act(Step.RECALL)).then(facts.RecallRequested(on("03-02"), FIRST))
    asked = done(answered, act(Step.RECALL))
    assert state_of(asked) is state
    assert asked.state().referrals[FIRST].recall_requested
    assert not crossed(asked, Step.RECALL)
    confirmed = done(asked, act(Step.CONFIRM_RECALL, by=Actor.RECIPIENT))
    assert state_of(confirmed) is State.RECALLED
    assert not confirmed.state().referrals[FIRST].recall_requested
    refused = done(asked, act(Step.REFUSE_RECALL, by=Actor.RECIPIENT))
    assert state_of(refused) is state
    assert not refused.state().referrals[FIRST].recall_requested
    assert refused.when(act(Step.RECALL)).events == (facts.RecallRequested(on("03-02"), FIRST),)


@pytest.mark.parametrize("state", ANSWERED)
@pytest.mark.parametrize("step", [Step.CONFIRM_RECALL, Step.REFUSE_RECALL])
def test_no_recall_is_answered_that_nobody_asked_for(state: State, step: Step) -> None:
    assert not crossed(in_state(state), step)


@pytest.mark.parametrize("state", ANSWERED)
def test_a_start_overtakes_the_recall_that_was_asked_for(state: State) -> None:
    asked = done(in_state(state), act(Step.RECALL))
    begun = fact(Step.START, insats_kind="work_training")
    asked.when(act(Step.START, by=Actor.RECIPIENT)).then(facts.RecallRefused(on("03-02"), FIRST), begun)
    in_state(state).when(act(Step.START, by=Actor.RECIPIENT)).then(begun)
    earlier = asked.when(act(Step.START, on("03-01"), by=Actor.RECIPIENT)).events
    assert [each.happened for each in earlier] == [on("03-02"), on("03-01")], "no answer before its question"
    overtaken = done(asked, act(Step.START))
    assert overtaken.state().referrals[FIRST].runs
    assert not overtaken.state().referrals[FIRST].recall_requested


@pytest.mark.parametrize("step", [*FINAL, Step.ASK, Step.RECEIVE])
@pytest.mark.parametrize("by", [Actor.RECIPIENT, Actor.SENDER])
def test_an_answer_to_what_was_recalled_withdrawn_or_expired_is_looked_at_by_a_human(step: Step, by: Actor) -> None:
    for end in (Step.RECALL, Step.WITHDRAW, Step.EXPIRE):
        assert crossed(done(sent, act(end)), step, by)
    assert crossed(in_state(State.CANCELLED), step, by)


def test_a_recall_and_an_acceptance_cross() -> None:
    recalled_first = done(sent, act(Step.RECALL))
    assert crossed(recalled_first, Step.ACCEPT, Actor.RECIPIENT)
    assert state_of(recalled_first) is State.RECALLED
    accepted_first = done(sent, act(Step.ACCEPT, by=Actor.RECIPIENT), act(Step.RECALL))
    assert state_of(accepted_first) is State.ACCEPTED
    assert {Step.CONFIRM_RECALL, Step.REFUSE_RECALL} <= {each.step for each in steps(accepted_first.state(), OPEN)}


def test_a_withdrawal_and_a_start_cross() -> None:
    for before in (sent, accepted):
        withdrawn_first = done(before, act(Step.WITHDRAW))
        assert crossed(withdrawn_first, Step.START, Actor.RECIPIENT)
        assert state_of(withdrawn_first) is State.WITHDRAWN
        started_first = done(before, act(Step.START, by=Actor.RECIPIENT))
        assert crossed(started_first, Step.WITHDRAW)
        assert crossed(started_first, Step.RECALL)
        assert state_of(started_first) is State.IN_PROGRESS


def test_consent_withdrawn_and_a_start_cross() -> None:
    hold = act(Step.HOLD, by=Actor.RULE, reason="consent_withdrawn")
    held_first = done(accepted, hold)
    assert crossed(held_first, Step.START, Actor.RECIPIENT)
    started_first = done(accepted, act(Step.START, by=Actor.RECIPIENT), hold)
    assert state_of(started_first) is State.ON_HOLD
    assert started_first.state().referrals[FIRST].runs
    assert crossed(started_first, Step.WITHDRAW)


@pytest.mark.parametrize("state", sorted(BEFORE_START))
def test_an_answer_to_what_rests_is_looked_at_by_a_human_and_applied_afterwards(state: State) -> None:
    resting = done(in_state(state), act(Step.HOLD))
    assert crossed(resting, Step.SCHEDULE, Actor.RECIPIENT)
    assert state_of(done(resting, act(Step.END_HOLD), act(Step.SCHEDULE, by=Actor.RECIPIENT))) is State.SCHEDULED


def test_who_misses_somebody_on_what_was_withdrawn_did_not_know_of_it() -> None:
    assert crossed(done(in_state(State.SCHEDULED), act(Step.WITHDRAW)), Step.NO_SHOW, Actor.RECIPIENT)


def test_what_does_not_cross_is_refused_without_a_human() -> None:
    recalled, held_draft = in_state(State.RECALLED), after(Step.DRAFT, Step.HOLD)
    for case, step in [
        (recalled, Step.CHASE), (recalled, Step.HOLD), (recalled, Step.RECALL), (recalled, Step.WITHDRAW), (recalled, Step.EXPIRE),
        (after(*SENT, Step.HOLD), Step.COMPLETE),
        (running, Step.START), (running, Step.ACCEPT), (running, Step.CANCEL), (held_draft, Step.ACCEPT),
        (done(running, act(Step.HOLD)), Step.START), (done(running, act(Step.HOLD)), Step.CANCEL), (in_state(State.DECLINED), Step.RECALL),
        (in_state(State.COMPLETED), Step.WITHDRAW), (in_state(State.DRAFT), Step.ACCEPT), (in_state(State.DISCARDED), Step.ACCEPT),
    ]:  # fmt: skip
        assert not crossed(case, step), step


def test_what_a_recipient_says_of_what_was_taken_back_or_entered_in_error_crosses() -> None:
    for case, end in ((sent, Step.RECALL), (sent, Step.WITHDRAW), (sent, Step.ENTER_IN_ERROR), (running, Step.ENTER_IN_ERROR)):
        ended = done(case, act(end))
        for step in (Step.COMPLETE, Step.DISCONTINUE, Step.REPORT_DEVIATION, Step.START, Step.EXTEND, Step.READY):
            assert crossed(ended, step, Actor.RECIPIENT), (end, step)
        assert ended.state().referrals[FIRST].sent, "its recipient still sees what became of it"


def test_somebody_elses_step_does_not_cross() -> None:
    assert not crossed(sent, Step.RECALL, Actor.RECIPIENT)
    assert not crossed(sent, Step.WITHDRAW, Actor.RECIPIENT)


@pytest.mark.parametrize("state", [state for state in State if state.is_open and state is not State.ON_HOLD])
@pytest.mark.parametrize("by", [Actor.SENDER, Actor.RULE])
def test_every_open_referral_may_rest_and_goes_on_where_it_was(state: State, by: Actor) -> None:
    before = in_state(state)
    before.when(act(Step.HOLD, by=by)).then(fact(Step.HOLD, held_from=state))
    resting = done(before, act(Step.HOLD, by=by))
    assert (state_of(resting), resting.state().referrals[FIRST].held_from) == (State.ON_HOLD, state)
    resting.when(act(Step.END_HOLD, by=by)).then(fact(Step.END_HOLD, held_from=state, reason="sick"))
    assert uncounted(done(resting, act(Step.END_HOLD, by=by))) == uncounted(before)


def test_a_recall_that_was_asked_for_is_still_to_be_answered_after_a_rest() -> None:
    rested = done(requested, act(Step.HOLD), act(Step.END_HOLD))
    assert uncounted(rested) == uncounted(requested)
    assert state_of(done(rested, act(Step.CONFIRM_RECALL))) is State.RECALLED


def test_what_somebody_may_never_do_crosses_nothing() -> None:
    running = after(*RUNNING)
    for by, crosses in ((Actor.SENDER, True), (Actor.RECIPIENT, False)):
        assert running.when(act(Step.RECALL, by=by)).refused(Refused).crossed is crosses


def test_what_runs_may_end_while_it_rests_and_nothing_else_may() -> None:
    for step, end in ((Step.COMPLETE, State.COMPLETED), (Step.DISCONTINUE, State.DISCONTINUED)):
        over = done(after(*RUNNING, Step.HOLD), act(step))
        assert (state_of(over), over.state().referrals[FIRST].held_from) == (end, None)
        for state in (State.DRAFT, *sorted(BEFORE_START)):
            assert not crossed(after(*PATH[state], Step.HOLD), step)


@pytest.mark.parametrize("so_far", [SENT, ACCEPTED])
def test_what_rests_before_its_start_may_be_cancelled_or_withdrawn(so_far: tuple[Step, ...]) -> None:
    for step, end in ((Step.CANCEL, State.CANCELLED), (Step.WITHDRAW, State.WITHDRAWN)):
        over = done(after(*so_far, Step.HOLD), act(step))
        assert (state_of(over), over.state().referrals[FIRST].held_from) == (end, None)


def test_a_question_is_answered_or_the_answer_comes_all_the_same() -> None:
    asked = done(sent, act(Step.ASK, asked_of="client"))
    assert asked.state().referrals[FIRST].asked_of == "client"
    supplied = done(asked, act(Step.SUPPLY)).state().referrals[FIRST]
    assert (supplied.state, supplied.asked_of, supplied.information_due_on) == (State.RECEIVED, None, None)
    assert state_of(done(asked, act(Step.ACCEPT))) is State.ACCEPTED
