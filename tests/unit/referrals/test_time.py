"""What time does when nobody answers: a reminder, an escalation, and an end only where somebody wants one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.referrals.domain.facts import NO_REPLY, State
from services.referrals.domain.moments import day, midnight
from services.referrals.domain.referral import Case
from services.referrals.domain.rules import Deadlines, due, overdue
from services.referrals.domain.steps import Actor, Step
from shared.calendar import add_working_days
from shared.testing import Decider
from tests.unit.referrals.scenarios import CONSULTATION, FIRST, PATH, SECOND, act, after, done, fact, in_state, on, state_of

OURS = Deadlines(add_working_days)
ENDING = replace(OURS, expire_after=10)
A_MOMENT = timedelta(microseconds=1)


def sent_until(due_on: date, state: State = State.SENT) -> Decider[Case]:
    begin = done(after(Step.DRAFT), act(Step.SEND, on("03-01"), reply_due_on=due_on))
    return done(begin, *(act(step, on("03-01")) for step in PATH[state][2:]))


def passing(case: Decider[Case], deadlines: Deadlines, until: date) -> tuple[Decider[Case], list[tuple[Step, date]]]:
    """The case once time has done all it does until the end of a day, and what that was, on which days."""
    did = []
    while found := overdue(case.state(), deadlines, midnight(until + timedelta(days=1)) - A_MOMENT):
        for each in found:
            case = done(case, each)
            did.append((each.step, each.fact.happened.date))
    return case, did


def day_by_day(case: Decider[Case], deadlines: Deadlines, until: date) -> tuple[Decider[Case], list[tuple[Step, date]]]:
    """The case once time has done on each day what was due on it."""
    did = []
    while (next_due := due(case.state(), deadlines)) and next_due <= midnight(until):
        [found, *_] = overdue(case.state(), deadlines, next_due)
        case = done(case, found)
        did.append((found.step, found.fact.happened.date))
    return case, did


CALENDAR = [
    # An ordinary Friday; then the reply due on Maundy Thursday (Easter 2026 is 5 April) and on the day before Midsummer's Eve (19 June).
    (date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 16), date(2026, 3, 30)),
    (date(2026, 4, 2), date(2026, 4, 7), date(2026, 4, 14), date(2026, 4, 28)),
    (date(2026, 6, 18), date(2026, 6, 22), date(2026, 6, 29), date(2026, 7, 13)),
    (date(2026, 12, 23), date(2026, 12, 28), date(2027, 1, 7), date(2027, 1, 21)),
]


@pytest.mark.parametrize(("due_on", "reminded", "escalated", "expired"), CALENDAR)
def test_time_reminds_escalates_and_ends_on_working_days(due_on: date, reminded: date, escalated: date, expired: date) -> None:
    case = sent_until(due_on)
    assert due(case.state(), OURS) == midnight(reminded)
    assert overdue(case.state(), OURS, midnight(reminded) - A_MOMENT) == []
    assert overdue(case.state(), OURS, midnight(reminded)) == [
        act(Step.CHASE, day(reminded), by=Actor.RULE, now=midnight(reminded), to_role="recipient")
    ]

    case, did = passing(case, OURS, reminded)
    assert did == [(Step.CHASE, reminded)]
    assert due(case.state(), OURS) == midnight(escalated)
    case, did = passing(case, OURS, escalated - timedelta(days=1))
    assert did == []
    case, did = passing(case, OURS, escalated)
    assert did == [(Step.ESCALATE, escalated)]

    assert due(case.state(), OURS) is None
    assert passing(case, OURS, date(2030, 1, 1))[1] == []
    assert state_of(case) is State.SENT

    assert due(case.state(), ENDING) == midnight(expired)
    case, did = passing(case, ENDING, expired)
    assert did == [(Step.EXPIRE, expired)]
    assert (state_of(case), case.state().referrals[FIRST].reason) == (State.EXPIRED, NO_REPLY)
    assert due(case.state(), ENDING) is None


def test_what_was_typed_late_is_reminded_of_when_it_is_known_and_each_step_leaves_its_days() -> None:
    due_on, reminded, escalated, expired = CALENDAR[0]
    assert day_by_day(sent_until(due_on), ENDING, date(2026, 12, 31))[1] == [
        (Step.CHASE, reminded), (Step.ESCALATE, escalated), (Step.EXPIRE, expired)
    ]  # fmt: skip
    known = date(2026, 5, 4)
    late, did = passing(sent_until(due_on), ENDING, known)
    assert did == [(Step.CHASE, known)], "nobody was reminded in March"
    assert day_by_day(late, ENDING, date(2026, 12, 31))[1] == [(Step.ESCALATE, date(2026, 5, 11)), (Step.EXPIRE, date(2026, 5, 26))]


def test_to_whom_and_how_soon_it_escalates_is_set() -> None:
    theirs = replace(OURS, escalate_after=1, escalate_to="head_of_unit")
    _, did = day_by_day(sent_until(date(2026, 4, 2)), theirs, date(2026, 4, 8))
    assert did == [(Step.CHASE, date(2026, 4, 7)), (Step.ESCALATE, date(2026, 4, 8))]
    found = overdue(passing(sent_until(date(2026, 4, 2)), theirs, date(2026, 4, 7))[0].state(), theirs, midnight(date(2026, 4, 8)))
    assert [each.fact for each in found] == [fact(Step.ESCALATE, day(date(2026, 4, 8)), to_role="head_of_unit")]


@pytest.mark.parametrize("state", State)
def test_time_acts_on_what_waits_for_an_answer_only(state: State) -> None:
    case = sent_until(date(2026, 3, 6), state) if state not in (State.DRAFT, State.ADVISED, State.DISCARDED) else in_state(state)
    waits = state in (State.SENT, State.RECEIVED)
    assert (due(case.state(), ENDING) is not None) is waits
    assert bool(overdue(case.state(), ENDING, midnight(date(2026, 12, 31)))) is waits


def test_a_rest_stops_time_and_what_fell_due_in_it_comes_afterwards() -> None:
    resting = done(sent_until(date(2026, 3, 6)), act(Step.HOLD))
    assert due(resting.state(), ENDING) is None
    assert due(done(resting, act(Step.END_HOLD)).state(), ENDING) == midnight(date(2026, 3, 9))


def test_a_consultation_is_reminded_of_too() -> None:
    assert due(in_state(State.SENT, **CONSULTATION).state(), OURS) == midnight(date(2027, 1, 4))


def test_of_several_the_earliest_comes_first_and_each_once() -> None:
    late = sent_until(date(2026, 3, 20))
    both = done(late, act(Step.DRAFT, ref=SECOND), act(Step.SEND, ref=SECOND, reply_due_on=date(2026, 3, 6)))
    assert due(both.state(), OURS) == midnight(date(2026, 3, 9))
    found = overdue(both.state(), OURS, midnight(date(2026, 12, 31)))
    assert [(each.step, each.fact.referral_id) for each in found] == [(Step.CHASE, SECOND), (Step.CHASE, FIRST)]
    assert [each.fact.referral_id for each in overdue(both.state(), OURS, midnight(date(2026, 3, 9)))] == [SECOND]


def test_a_reminder_by_hand_before_the_answer_was_due_does_not_stand_in_for_the_one_after() -> None:
    nudged = done(sent_until(date(2026, 3, 6)), act(Step.CHASE, on("03-03")), act(Step.ESCALATE, on("03-04")))
    case, did = day_by_day(nudged, OURS, date(2026, 12, 31))
    assert did == [(Step.CHASE, date(2026, 3, 9)), (Step.ESCALATE, date(2026, 3, 16))]
    typed_late = done(case, act(Step.CHASE, on("03-02")), act(Step.ESCALATE, on("03-02")))
    assert passing(typed_late, OURS, date(2026, 12, 31))[1] == []


def test_a_reminder_by_hand_after_the_answer_was_due_is_the_reminder() -> None:
    by_hand = done(sent_until(date(2026, 3, 6)), act(Step.CHASE, on("03-09")))
    assert day_by_day(by_hand, OURS, date(2026, 12, 31))[1] == [(Step.ESCALATE, date(2026, 3, 16))]
    told = done(by_hand, act(Step.ESCALATE, on("03-10")))
    assert passing(told, OURS, date(2026, 12, 31))[1] == []
