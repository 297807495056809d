"""Who may do what in which state: `domain.md` 4.3 written out by hand, and held against every combination there is."""

from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from services.referrals.domain.facts import State
from services.referrals.domain.referral import Case
from services.referrals.domain.rules import Beside, decide, steps
from services.referrals.domain.steps import MATRIX, Actor, Refused, Step
from shared.testing import Decider
from tests.unit.referrals.scenarios import (
    ACCEPTED,
    ASSIGNMENT,
    CONSULTATION,
    DEVIATION,
    FIRST,
    OPEN,
    PATH,
    RUNNING,
    SECOND,
    THIRD,
    act,
    after,
    done,
    fact,
    in_state,
)

INITIAL = {"S": Actor.SENDER, "R": Actor.RECIPIENT, "C": Actor.CLIENT, "T": Actor.RULE}

UNANSWERED = "hold ST, recall S, withdraw C, chase ST, escalate ST, expire T"
ADVICE = "ask RS, decline RS, redirect RS, advise RS"
ANSWERS = "ask RS, decline RS, redirect RS, accept RS, waitlist RS, schedule RS, start RS"
ANSWERED = "hold ST, recall S, withdraw C, chase S, escalate S, schedule RS, start RS"
ASKED_BACK = "hold ST, confirm_recall RS, refuse_recall RS, withdraw C, chase S, escalate S, schedule RS, start RS"
RUNS = "complete RS, discontinue RS, report_deviation RS"
LATE = "report_deviation RS"
TO_SETTLE, THEIRS = "acknowledge_deviation S, handle_deviation S", "acknowledge_deviation RS, handle_deviation RS"
TOLD_RECIPIENT = act(Step.REPORT_DEVIATION, to_role="recipient")

H, X = Step.HOLD, Step.REPORT_DEVIATION
SITUATIONS: dict[str, tuple[Decider[Case], str]] = {
    "draft": (in_state(State.DRAFT), "send S, discard ST, hold ST"),
    "sent": (in_state(State.SENT), f"receive RS, {ANSWERS}, {UNANSWERED}"),
    "received": (in_state(State.RECEIVED), f"{ANSWERS}, {UNANSWERED}"),
    "info_requested": (in_state(State.INFO_REQUESTED), f"supply S, {ANSWERS}, {UNANSWERED}"),
    "accepted": (in_state(State.ACCEPTED), f"waitlist RS, cancel RS, {ANSWERED}"),
    "waitlisted": (in_state(State.WAITLISTED), f"accept RS, decline RS, {ANSWERED}"),
    "scheduled": (in_state(State.SCHEDULED), f"no_show RS, cancel RS, {ANSWERED}"),
    "accepted, recall requested": (after(*ACCEPTED, Step.RECALL), f"waitlist RS, cancel RS, {ASKED_BACK}"),
    "waitlisted, recall requested": (after(*PATH[State.WAITLISTED], Step.RECALL), f"accept RS, decline RS, {ASKED_BACK}"),
    "scheduled, recall requested": (after(*PATH[State.SCHEDULED], Step.RECALL), f"no_show RS, cancel RS, {ASKED_BACK}"),
    "accepted, recall refused": (after(*ACCEPTED, Step.RECALL, Step.REFUSE_RECALL), f"waitlist RS, cancel RS, {ANSWERED}"),
    "in_progress": (in_state(State.IN_PROGRESS), f"extend RS, ready RS, hold ST, {RUNS}"),
    "in_progress, ready": (after(*RUNNING, Step.READY), f"extend RS, hold ST, {RUNS}"),
    "in_progress, enrolment": (in_state(State.IN_PROGRESS, kind="enrolment", insats_kind=None), f"hold ST, {RUNS}"),
    "in_progress, assessment": (in_state(State.IN_PROGRESS, kind="assessment", insats_kind=None), f"hold ST, {RUNS}"),
    "in_progress, deviation": (after(*RUNNING, X), f"extend RS, ready RS, hold ST, {RUNS}, {TO_SETTLE}"),
    "in_progress, deviation of the recipient": (
        done(after(*RUNNING), TOLD_RECIPIENT),
        f"extend RS, ready RS, hold ST, {RUNS}, {THEIRS}",
    ),
    "in_progress, acknowledged": (
        after(*RUNNING, X, Step.ACKNOWLEDGE_DEVIATION),
        f"extend RS, ready RS, hold ST, {RUNS}, handle_deviation S",
    ),
    "in_progress, handled": (after(*RUNNING, X, Step.HANDLE_DEVIATION), f"extend RS, ready RS, hold ST, {RUNS}"),
    "held from draft": (after(Step.DRAFT, H), "end_hold ST, discard S"),
    **{
        f"held from {state}": (after(*PATH[state], H), "end_hold ST, cancel RS, withdraw C")
        for state in (State.SENT, State.RECEIVED, State.INFO_REQUESTED, State.ACCEPTED, State.WAITLISTED, State.SCHEDULED)
    },
    "held from accepted, recall requested": (after(*ACCEPTED, Step.RECALL, H), "end_hold ST, cancel RS, withdraw C"),
    "held from in_progress": (after(*RUNNING, H), f"end_hold ST, {RUNS}"),
    "held from in_progress, deviation": (after(*RUNNING, X, H), f"end_hold ST, {RUNS}, {TO_SETTLE}"),
    "completed": (in_state(State.COMPLETED), LATE),
    "completed, deviation": (after(*RUNNING, X, Step.COMPLETE), f"{LATE}, {TO_SETTLE}"),
    "completed, deviation of the recipient": (done(after(*RUNNING), TOLD_RECIPIENT, act(Step.COMPLETE)), f"{LATE}, {THEIRS}"),
    "discontinued": (in_state(State.DISCONTINUED), LATE),
    "discontinued, deviation": (after(*RUNNING, X, Step.DISCONTINUE), f"{LATE}, {TO_SETTLE}"),
    "consultation sent": (in_state(State.SENT, **CONSULTATION), f"receive RS, {ADVICE}, {UNANSWERED}"),
    "consultation received": (in_state(State.RECEIVED, **CONSULTATION), f"{ADVICE}, {UNANSWERED}"),
    "consultation info_requested": (in_state(State.INFO_REQUESTED, **CONSULTATION), f"supply S, {ADVICE}, {UNANSWERED}"),
    **{state: (in_state(state), "") for state in State if not state.is_open and state not in (State.COMPLETED, State.DISCONTINUED)},
}


ANOTHER: dict[Step, dict[str, Any]] = {Step.REPORT_DEVIATION: {"deviation_id": UUID(int=14)}}


def written(may: str) -> set[tuple[Step, Actor]]:
    """The pairs of `"accept RS, withdraw C"`."""
    pairs = (each.split(" ") for each in may.split(", ") if each)
    return {(Step(step), INITIAL[initial]) for step, initials in pairs for initial in initials}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_the_table_allows_works_and_all_else_is_refused_with_the_steps_allowed_now(situation: str) -> None:
    case, may = SITUATIONS[situation]
    allowed = tuple(steps(case.state(), OPEN))
    offered = {(each.step, actor) for each in allowed if each.referral_id for actor in each.by}
    in_error = case.state().referrals[FIRST].state is State.ENTERED_IN_ERROR
    assert offered == written(may) | (set() if in_error else {(Step.ENTER_IN_ERROR, Actor.SENDER)})
    assert {each.deviation_id for each in allowed} <= {None, DEVIATION}
    for step, actor in product(set(Step) - {Step.DRAFT}, Actor):
        outcome = case.when(act(step, by=actor, **ANOTHER.get(step, {})))
        if (step, actor) in offered:
            assert outcome.error is None, f"{actor} {step}: {outcome.error}"
            assert outcome.events
        else:
            assert outcome.refused(Refused).allowed == allowed, f"{actor} {step}"


def test_every_state_stands_in_the_table_and_each_step_leads_where_it_should() -> None:
    assert set(MATRIX) == set(State) == set(PATH)
    assert {state for case, _ in SITUATIONS.values() for state in (case.state().referrals[FIRST].state,)} == set(State)
    for state in State:
        assert in_state(state).state().referrals[FIRST].state is state


@pytest.mark.parametrize("actor", Actor)
def test_a_referral_is_written_by_the_sender_or_a_rule(actor: Actor) -> None:
    for case in (after(), in_state(State.IN_PROGRESS), in_state(State.DECLINED)):
        outcome = case.when(act(Step.DRAFT, ref=SECOND, by=actor))
        if actor in (Actor.SENDER, Actor.RULE):
            outcome.then(act(Step.DRAFT, ref=SECOND).fact)
        else:
            assert outcome.refused(Refused).allowed == tuple(steps(case.state(), OPEN))


def test_in_a_closed_case_nothing_is_written_or_sent_and_what_is_open_goes_on() -> None:
    closed = Beside(closed=True)
    for case, _ in SITUATIONS.values():
        now, then = set(steps(case.state(), OPEN)), set(steps(case.state(), closed))
        assert {each.step for each in now - then} <= {Step.DRAFT, Step.SEND}
        assert then <= now
        for each in then:
            assert decide(case.state(), act(each.step, by=each.by[0], **ANOTHER.get(each.step, {})), closed)


def test_a_referral_that_is_not_there_takes_no_step() -> None:
    case = in_state(State.SENT)
    for step in set(Step) - {Step.DRAFT}:
        assert case.when(act(step, ref=SECOND)).refused(Refused).allowed == tuple(steps(case.state(), OPEN))


def test_several_referrals_are_open_at_once_and_each_goes_its_own_way() -> None:
    case = after(*RUNNING, begin=after(*ACCEPTED, begin=after(*RUNNING), ref=SECOND), ref=THIRD)
    assert [each.state for each in case.state().referrals.values()] == [State.IN_PROGRESS, State.ACCEPTED, State.IN_PROGRESS]
    done = case.given(*case.when(act(Step.COMPLETE)).events)
    assert [each.state for each in done.state().referrals.values()] == [State.COMPLETED, State.ACCEPTED, State.IN_PROGRESS]
    ways = (each.referral_id for each in steps(done.state(), OPEN) if each.step not in (Step.ENTER_IN_ERROR, X))
    assert set(ways) == {None, SECOND, THIRD}


@pytest.mark.parametrize("state", set(State) - {State.ENTERED_IN_ERROR})
def test_what_was_entered_in_error_never_was(state: State) -> None:
    voided = done(in_state(state), act(Step.ENTER_IN_ERROR))
    referral = voided.state().referrals[FIRST]
    assert (referral.runs, referral.started, referral.answered, referral.outcome) == (False, None, None, None)
    told_again = voided.given(fact(Step.ENTER_IN_ERROR)).state().referrals[FIRST]
    assert replace(told_again, facts=referral.facts) == referral, "told by as many corrections as it had events"
    again = done(voided, act(Step.DRAFT, ref=SECOND, assignment_ref=ASSIGNMENT))
    assert again.state().hours_per_week == 0
    assert voided.when(act(Step.DRAFT, ref=SECOND, successor_of=FIRST)).refused(Refused)
