"""The worklist: every reason comes when something waits, says for whom and by when, and goes when it was done."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.referrals.domain.facts import State
from services.referrals.domain.moments import midnight
from services.referrals.domain.referral import Case
from services.referrals.domain.steps import Actor, Step
from services.referrals.domain.worklist import Reason, Task, tasks
from shared.testing import Decider
from tests.unit.referrals.scenarios import ACCEPTED, CONSULTATION, DEVIATION, FIRST, RUNNING, SECOND, SENT, act, after, done, in_state, on

TODAY, TENTH = date(2026, 3, 10), on("03-10")
S, R = Actor.SENDER, Actor.RECIPIENT


def found(case: Decider[Case], reason: Reason, today: date = TODAY, closed: bool = False) -> list[Task]:
    return [each for each in tasks(case.state(), closed, midnight(today)) if each.reason is reason]


def task(reason: Reason, due_on: date, waits_for: Actor, ref: Any = None) -> Task:
    return Task(due_on, reason, waits_for, FIRST, "jobbcentrum", ref, "social_worker" if ref else None)


drafted, accepted, running = (in_state(each) for each in (State.DRAFT, State.ACCEPTED, State.IN_PROGRESS))
sent = done(drafted, act(Step.SEND, on("03-01"), reply_due_on=date(2026, 3, 9)))
asked = done(sent, act(Step.ASK, due_on=date(2026, 3, 12)))
waitlisted, held = in_state(State.WAITLISTED), done(accepted, act(Step.HOLD))
booked = done(accepted, act(Step.SCHEDULE, starts_on=date(2026, 3, 20)))
recalled = done(accepted, act(Step.RECALL))
declined = in_state(State.DECLINED)
ending = done(sent, act(Step.START, planned_end_on=date(2026, 4, 9)))
part_time = done(sent, act(Step.START, planned_hours_per_week=20))
reported = done(running, act(Step.REPORT_DEVIATION))
known = done(reported, act(Step.ACKNOWLEDGE_DEVIATION))
IN_THE_PLACE = (act(Step.DRAFT, ref=SECOND, successor_of=FIRST),)
BESIDE = (act(Step.DRAFT, ref=SECOND), act(Step.SEND, ref=SECOND), act(Step.START, ref=SECOND, planned_hours_per_week=10))

WAITS: dict[Reason, tuple[Decider[Case], date, Actor, Any, list[tuple[Any, ...]]]] = {
    Reason.TO_SEND: (drafted, date(2026, 3, 1), S, None, [(act(Step.SEND),), (act(Step.DISCARD),), (act(Step.HOLD),)]),
    Reason.TO_ANSWER: (sent, date(2026, 3, 9), R, None, [(act(Step.ACCEPT),), (act(Step.RECALL),), (act(Step.HOLD),), (act(Step.ASK),)]),
    Reason.REPLY_OVERDUE: (sent, date(2026, 3, 9), S, None, [(act(Step.DECLINE),), (act(Step.WITHDRAW),), (act(Step.START),)]),
    Reason.INFORMATION_AWAITED: (asked, date(2026, 3, 12), S, None, [(act(Step.SUPPLY),), (act(Step.ACCEPT),), (act(Step.RECALL),)]),
    Reason.TO_BOOK: (
        done(sent, act(Step.ACCEPT, expected_start_on=TODAY)),
        TODAY,
        R,
        None,
        [(act(Step.SCHEDULE),), (act(Step.START),), (act(Step.CANCEL),), (act(Step.HOLD),)],
    ),
    Reason.IN_QUEUE: (waitlisted, date(2026, 3, 1), S, None, [(act(Step.SCHEDULE),), (act(Step.START),), (act(Step.ACCEPT),)]),
    Reason.ON_HOLD: (held, TODAY, S, None, [(act(Step.END_HOLD),), (act(Step.CANCEL),), (act(Step.WITHDRAW),)]),
    Reason.TO_START: (booked, date(2026, 3, 20), R, None, [(act(Step.START),), (act(Step.CANCEL),), (act(Step.HOLD),)]),
    Reason.RECALL_TO_ANSWER: (
        done(accepted, act(Step.RECALL, TENTH)),
        TODAY,
        R,
        None,
        [
            (act(Step.CONFIRM_RECALL, TENTH),),
            (act(Step.REFUSE_RECALL, TENTH),),
            (act(Step.START),),
            (act(Step.HOLD),),
            (act(Step.WITHDRAW),),
        ],
    ),
    Reason.SUCCESSOR_MISSING: (declined, date(2026, 3, 1), S, None, [IN_THE_PLACE]),
    Reason.READY_FOR_NEXT_STEP: (
        done(running, act(Step.READY, on("03-05"))),
        date(2026, 3, 5),
        S,
        None,
        [(act(Step.COMPLETE, on("03-06")),), (act(Step.DISCONTINUE, on("03-06")),)],
    ),
    Reason.END_NEAR_WITHOUT_NEXT: (
        ending,
        date(2026, 4, 9),
        S,
        None,
        [BESIDE[:2], (act(Step.EXTEND, planned_end_on=date(2026, 4, 10)),), (act(Step.COMPLETE),)],
    ),
    Reason.HOURS_BELOW_PLAN: (
        part_time,
        date(2026, 3, 2),
        S,
        None,
        [BESIDE, (act(Step.EXTEND, planned_hours_per_week=30),), (act(Step.COMPLETE),)],
    ),
    Reason.DEVIATION_TO_ACKNOWLEDGE: (
        reported,
        date(2026, 3, 2),
        S,
        DEVIATION,
        [(act(Step.ACKNOWLEDGE_DEVIATION),), (act(Step.HANDLE_DEVIATION),)],
    ),
    Reason.DEVIATION_TO_HANDLE: (known, date(2026, 3, 2), S, DEVIATION, [(act(Step.HANDLE_DEVIATION),)]),
}


@pytest.mark.parametrize("reason", WAITS)
def test_every_reason_comes_and_goes(reason: Reason) -> None:
    case, due_on, waits_for, ref, ends = WAITS[reason]
    assert found(case, reason) == [task(reason, due_on, waits_for, ref)]
    for end in ends:
        assert found(done(case, *end), reason) == [], end


def test_no_reason_is_forgotten_here() -> None:
    assert set(Reason) - set(WAITS) == {Reason.CASE_CLOSED}


def test_a_case_without_referrals_asks_for_nothing() -> None:
    assert list(tasks(Case(), True, midnight(TODAY))) == list(tasks(Case(), False, midnight(TODAY))) == []


@pytest.mark.parametrize("state", State)
def test_in_a_closed_case_every_open_referral_is_to_be_ended(state: State) -> None:
    case = in_state(state)
    assert found(case, Reason.CASE_CLOSED) == []
    expected = [task(Reason.CASE_CLOSED, TODAY, S)] if state.is_open else []
    assert found(case, Reason.CASE_CLOSED, closed=True) == expected


def test_in_a_closed_case_nothing_is_asked_for_that_would_be_refused() -> None:
    assert found(drafted, Reason.TO_SEND, closed=True) == []
    assert found(declined, Reason.SUCCESSOR_MISSING, closed=True) == []


def test_on_its_last_day_a_reply_is_not_overdue() -> None:
    assert found(sent, Reason.REPLY_OVERDUE, date(2026, 3, 9)) == []
    assert found(sent, Reason.TO_ANSWER, date(2026, 3, 9)) == [task(Reason.TO_ANSWER, date(2026, 3, 9), R)]


def test_whoever_has_asked_waits_and_is_asked_for_nothing() -> None:
    assert {each.waits_for for each in tasks(asked.state(), False, midnight(TODAY))} == {S}
    again = done(asked, act(Step.SUPPLY))
    assert found(again, Reason.TO_ANSWER) == [task(Reason.TO_ANSWER, date(2026, 3, 9), R)]


def test_a_recall_can_be_answered_again_after_a_rest() -> None:
    assert found(done(recalled, act(Step.HOLD), act(Step.END_HOLD)), Reason.RECALL_TO_ANSWER)


def test_a_successor_is_missing_until_one_is_written_that_stays() -> None:
    redirected = in_state(State.REDIRECTED)
    assert found(redirected, Reason.SUCCESSOR_MISSING) == [task(Reason.SUCCESSOR_MISSING, date(2026, 3, 1), S)]
    assert found(done(redirected, *IN_THE_PLACE, act(Step.DISCARD, ref=SECOND)), Reason.SUCCESSOR_MISSING)
    assert found(in_state(State.RECALLED), Reason.SUCCESSOR_MISSING) == []


def test_who_was_discharged_for_too_little_progress_is_missed_until_something_follows() -> None:
    ended = done(running, act(Step.DISCONTINUE, reason="insufficient_progress", by=Actor.RECIPIENT))
    assert found(ended, Reason.SUCCESSOR_MISSING) == [task(Reason.SUCCESSOR_MISSING, date(2026, 3, 2), S)]
    assert found(ended, Reason.SUCCESSOR_MISSING, closed=True) == []
    assert found(after(*SENT, begin=ended, ref=SECOND), Reason.SUCCESSOR_MISSING) == []
    assert found(done(ended, *IN_THE_PLACE), Reason.SUCCESSOR_MISSING) == []
    assert found(done(running, act(Step.DISCONTINUE, reason="sick")), Reason.SUCCESSOR_MISSING) == []


def test_of_two_that_end_on_one_day_neither_follows_on_the_other_and_what_never_began_follows_on_nothing() -> None:
    both = done(after(*SENT, begin=sent, ref=SECOND), act(Step.DECLINE), act(Step.DECLINE, ref=SECOND))
    assert [each.referral_id for each in found(both, Reason.SUCCESSOR_MISSING)] == [FIRST, SECOND]
    ended = done(running, act(Step.DISCONTINUE, reason="insufficient_progress", by=R))
    gone = done(after(*SENT, begin=ended, ref=SECOND), act(Step.RECALL, on("03-12"), ref=SECOND))
    assert [each.referral_id for each in found(gone, Reason.SUCCESSOR_MISSING, date(2026, 3, 13))] == [FIRST]
    together = done(running, *(act(step, ref=SECOND) for step in (Step.DRAFT, Step.SEND, Step.START)))
    for ref in (FIRST, SECOND):
        together = done(together, act(Step.DISCONTINUE, ref=ref, reason="insufficient_progress", by=R))
    assert len(found(together, Reason.SUCCESSOR_MISSING)) == 2


def test_two_that_run_follow_on_each_other_only_beyond_their_ends() -> None:
    beside = after(*SENT, begin=ending, ref=SECOND)
    ends_together = done(beside, act(Step.START, ref=SECOND, planned_end_on=date(2026, 4, 9)))
    assert [each.referral_id for each in found(ends_together, Reason.END_NEAR_WITHOUT_NEXT)] == [FIRST, SECOND]
    longer = done(beside, act(Step.START, ref=SECOND, planned_end_on=date(2026, 4, 10)))
    assert [each.referral_id for each in found(longer, Reason.END_NEAR_WITHOUT_NEXT, date(2026, 3, 11))] == [SECOND]


def test_a_recipient_who_has_nobody_here_is_missed_by_the_sender_once_the_day_has_passed() -> None:
    theirs = done(running, act(Step.REPORT_DEVIATION, on("03-02"), to_role="recipient"))
    [told] = found(theirs, Reason.DEVIATION_TO_ACKNOWLEDGE, date(2026, 3, 2))
    assert {each.waits_for for each in found(theirs, Reason.DEVIATION_TO_ACKNOWLEDGE)} == {R, S}
    assert told.waits_for is R
    for case, reason, due_on in (
        (accepted, Reason.TO_BOOK, date(2026, 3, 1)),
        (booked, Reason.TO_START, date(2026, 3, 20)),
        (recalled, Reason.RECALL_TO_ANSWER, date(2026, 3, 2)),
    ):
        assert found(case, reason, due_on) == [task(reason, due_on, R)]
        assert found(case, reason, due_on + timedelta(days=1)) == [task(reason, due_on, R), task(reason, due_on, S)]


def test_a_deviation_waits_for_the_role_that_it_was_reported_to() -> None:
    theirs = done(running, act(Step.REPORT_DEVIATION, to_role="recipient"))
    [waiting] = found(theirs, Reason.DEVIATION_TO_ACKNOWLEDGE, date(2026, 3, 2))
    assert (waiting.waits_for, waiting.to_role) == (R, "recipient")


def test_what_was_declined_beside_something_that_runs_needs_no_successor_and_a_consultation_none_ever() -> None:
    beside = after(*SENT, Step.DECLINE, begin=running, ref=SECOND)
    assert found(beside, Reason.SUCCESSOR_MISSING) == []
    assert found(done(beside, act(Step.COMPLETE, on("03-02"))), Reason.SUCCESSOR_MISSING) == []
    assert found(done(beside, act(Step.ENTER_IN_ERROR)), Reason.SUCCESSOR_MISSING)
    assert found(after(*SENT, Step.DECLINE, **CONSULTATION), Reason.SUCCESSOR_MISSING) == []


def test_an_end_is_near_from_30_days_before_it_on_and_while_it_rests() -> None:
    assert found(ending, Reason.END_NEAR_WITHOUT_NEXT, date(2026, 3, 9)) == []
    assert found(ending, Reason.END_NEAR_WITHOUT_NEXT, date(2026, 3, 10))
    assert found(done(ending, act(Step.HOLD)), Reason.END_NEAR_WITHOUT_NEXT, date(2026, 6, 1))
    assert found(ending, Reason.END_NEAR_WITHOUT_NEXT, date(2026, 6, 1), closed=True) == []


def test_a_draft_or_a_consultation_is_no_next_step() -> None:
    assert found(done(ending, *BESIDE[:1]), Reason.END_NEAR_WITHOUT_NEXT)
    assert found(after(*SENT, begin=ending, ref=SECOND, **CONSULTATION), Reason.END_NEAR_WITHOUT_NEXT)
    assert found(after(*SENT, Step.DECLINE, begin=ending, ref=SECOND), Reason.END_NEAR_WITHOUT_NEXT)


def test_hours_that_nobody_knows_count_as_none_so_that_they_are_asked_for() -> None:
    assert found(running, Reason.HOURS_BELOW_PLAN) == [task(Reason.HOURS_BELOW_PLAN, date(2026, 3, 1), S)]
    assert found(after(*RUNNING, begin=part_time, ref=SECOND), Reason.HOURS_BELOW_PLAN)
    assert found(part_time, Reason.HOURS_BELOW_PLAN, closed=True) == []
    five_more = done(part_time, *BESIDE[:2], act(Step.START, on("03-05"), ref=SECOND, planned_hours_per_week=5))
    assert [(each.referral_id, each.due_on) for each in found(five_more, Reason.HOURS_BELOW_PLAN)] == [(SECOND, date(2026, 3, 5))]
    enrolled = in_state(State.IN_PROGRESS, kind="enrolment", insats_kind=None, planned_hours_per_week=1)
    assert found(enrolled, Reason.HOURS_BELOW_PLAN) == []


def test_a_deviation_of_what_is_over_still_waits() -> None:
    assert found(done(reported, act(Step.COMPLETE)), Reason.DEVIATION_TO_ACKNOWLEDGE)
    assert found(done(known, act(Step.DISCONTINUE)), Reason.DEVIATION_TO_HANDLE)


def test_every_referral_has_its_own_tasks() -> None:
    both = after(*ACCEPTED, Step.RECALL, begin=sent, ref=SECOND)
    assert {(each.referral_id, each.reason) for each in tasks(both.state(), False, midnight(TODAY))} == {
        (FIRST, Reason.TO_ANSWER),
        (FIRST, Reason.REPLY_OVERDUE),
        (SECOND, Reason.RECALL_TO_ANSWER),
    }
