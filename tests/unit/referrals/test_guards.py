"""What a step asks for beyond its state and its actor: of each guard what passes it and what does not."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.referrals.domain import facts
from services.referrals.domain.facts import State
from services.referrals.domain.moments import When
from services.referrals.domain.referral import Case
from services.referrals.domain.rules import CONSULT_FIRST, Beside
from services.referrals.domain.steps import Actor, NotYet, Refused, Step
from shared.testing import Decider
from tests.unit.referrals.scenarios import (
    ACCEPTED,
    ASSIGNMENT,
    CONSENT_REF,
    CONSULTATION,
    DEVIATION,
    FIRST,
    PATH,
    RUNNING,
    SECOND,
    SENT,
    THIRD,
    act,
    after,
    at,
    done,
    fact,
    in_state,
    knowing,
    on,
    state_of,
)

drafted, sent, accepted, running = (in_state(each) for each in (State.DRAFT, State.SENT, State.ACCEPTED, State.IN_PROGRESS))


def refused(case: Decider[Case], step: Step, about: str, *given: Any, **said: Any) -> None:
    """Refused, in words that tell this guard from the others."""
    assert about in case.when(act(step, *given, **said)).refused(Refused).message


def allowed(case: Decider[Case], step: Step, *given: Any, **said: Any) -> Decider[Case]:
    return done(case, act(step, *given, **said))


@pytest.mark.parametrize(
    ("happened", "now"),
    [(on("03-03"), at("03-02T23:59+01:00")), (at("03-02T12:00:01+01:00"), at("03-02T12:00+01:00"))],
)
def test_what_has_not_happened_yet_is_not_registered(happened: When, now: When) -> None:
    for case, step in ((drafted, Step.SEND), (after(), Step.DRAFT), (running, Step.COMPLETE)):
        case.when(act(step, happened, now=now.at)).refused(NotYet)
        allowed(case, step, happened, now=happened.at)
    allowed(drafted, Step.SEND, on("03-02"), now=at("03-02T00:00+01:00").at)


def test_a_referral_is_written_once() -> None:
    refused(drafted, Step.DRAFT, "there already")
    allowed(drafted, Step.DRAFT, ref=SECOND)


def test_a_referral_to_an_insats_says_of_which_kind_and_no_other_does() -> None:
    refused(after(), Step.DRAFT, "of which kind", insats_kind=None)
    for kind in ("consultation", "assessment", "enrolment"):
        refused(after(), Step.DRAFT, "of which kind", kind=kind)
        allowed(after(), Step.DRAFT, kind=kind, insats_kind=None)


def test_an_assignment_has_one_open_referral() -> None:
    first = in_state(State.SENT, assignment_ref=ASSIGNMENT)
    refused(first, Step.DRAFT, "for this assignment", ref=SECOND, assignment_ref=ASSIGNMENT)
    refused(allowed(first, Step.HOLD), Step.DRAFT, "for this assignment", ref=SECOND, assignment_ref=ASSIGNMENT)
    allowed(first, Step.DRAFT, ref=SECOND, assignment_ref=THIRD)
    allowed(allowed(first, Step.DECLINE), Step.DRAFT, ref=SECOND, assignment_ref=ASSIGNMENT)


@pytest.mark.parametrize("state", [state for state in State if state not in (State.DRAFT, State.DISCARDED, State.ENTERED_IN_ERROR)])
def test_whatever_was_sent_may_be_succeeded_once(state: State) -> None:
    bounced = in_state(state)
    again = allowed(bounced, Step.DRAFT, ref=SECOND, successor_of=FIRST)
    assert again.state().successor(FIRST) == SECOND
    refused(again, Step.DRAFT, "has a successor", ref=THIRD, successor_of=FIRST)
    assert state_of(allowed(again, Step.SEND, ref=SECOND)) is state


def test_what_was_never_sent_has_no_successor() -> None:
    for case in (drafted, in_state(State.DISCARDED), allowed(drafted, Step.HOLD), allowed(sent, Step.ENTER_IN_ERROR), after()):
        refused(case, Step.DRAFT, "no referral of this case", ref=SECOND, successor_of=FIRST)
    refused(after(), Step.DRAFT, "no referral of this case", successor_of=FIRST)


def test_a_successor_that_was_discarded_leaves_room_for_another() -> None:
    bounced = allowed(in_state(State.DECLINED), Step.DRAFT, ref=SECOND, successor_of=FIRST)
    given_up = allowed(bounced, Step.DISCARD, ref=SECOND)
    assert given_up.state().successor(FIRST) is None
    assert allowed(given_up, Step.DRAFT, ref=THIRD, successor_of=FIRST).state().successor(FIRST) == THIRD


def test_a_bounce_is_a_chain_of_referrals_each_with_its_own_answer() -> None:
    case = allowed(in_state(State.REDIRECTED), Step.DRAFT, ref=SECOND, successor_of=FIRST)
    case = done(case, act(Step.SEND, ref=SECOND), act(Step.DECLINE, ref=SECOND))
    case = done(case, act(Step.DRAFT, ref=THIRD, successor_of=SECOND), act(Step.SEND, ref=THIRD), act(Step.START, ref=THIRD))
    assert [state_of(case, ref) for ref in (FIRST, SECOND, THIRD)] == [State.REDIRECTED, State.DECLINED, State.IN_PROGRESS]


def test_in_a_closed_case_nothing_is_written_or_sent() -> None:
    closed = Beside(closed=True)
    refused(knowing(after(), closed), Step.DRAFT, "closed")
    refused(knowing(drafted, closed), Step.SEND, "closed")
    allowed(knowing(drafted, closed), Step.DISCARD)
    allowed(knowing(running, closed), Step.COMPLETE)


def test_a_referral_says_to_whom_it_goes() -> None:
    refused(after(), Step.DRAFT, "to whom", to_function=None)
    allowed(after(), Step.DRAFT)


def test_what_begins_or_is_extended_does_not_end_before_it_began() -> None:
    refused(sent, Step.START, "before it began", planned_end_on=date(2026, 3, 1))
    allowed(sent, Step.START, planned_end_on=date(2026, 3, 2))
    begun = allowed(sent, Step.START)
    refused(begun, Step.EXTEND, "before it began", planned_end_on=date(2026, 3, 1))


def test_an_answer_is_due_after_the_day_of_sending() -> None:
    for due in (date(2026, 3, 1), date(2026, 3, 2)):
        refused(drafted, Step.SEND, "due on the day of sending", reply_due_on=due)
    allowed(drafted, Step.SEND, reply_due_on=date(2026, 3, 3))


def test_consent_as_the_ground_names_the_consent_and_no_other_ground_does() -> None:
    refused(drafted, Step.SEND, "names the consent", legal_basis="consent")
    refused(drafted, Step.SEND, "names the consent", legal_basis="osl_10_2", consent_ref=CONSENT_REF)
    allowed(drafted, Step.SEND, legal_basis="consent", consent_ref=CONSENT_REF)


PRACTICE = Beside(assignments={ASSIGNMENT: CONSULT_FIRST, THIRD: "voluntary"}, addressed={SECOND: "employment_service"})


def test_before_practice_or_training_arbetsformedlingen_is_consulted_or_a_reason_given() -> None:
    practice = knowing(in_state(State.DRAFT, assignment_ref=ASSIGNMENT), PRACTICE)
    refused(practice, Step.SEND, "SoL 12 kap. 4 §")
    asked = after(*SENT, begin=practice, ref=SECOND, **CONSULTATION)
    refused(asked, Step.SEND, "SoL 12 kap. 4 §")
    for end in (Step.DECLINE, Step.RECALL):
        refused(allowed(asked, end, ref=SECOND), Step.SEND, "SoL 12 kap. 4 §")
    advised = allowed(asked, Step.ADVISE, ref=SECOND)
    allowed(advised, Step.SEND)
    refused(allowed(asked, Step.ADVISE, on("06-01"), ref=SECOND), Step.SEND, "SoL 12 kap. 4 §", on("05-31"))
    refused(knowing(advised, replace(PRACTICE, consults="af")), Step.SEND, "SoL 12 kap. 4 §")
    refused(knowing(advised, replace(PRACTICE, addressed={SECOND: "rehab_coordinator"})), Step.SEND, "SoL 12 kap. 4 §")
    allowed(practice, Step.SEND, overriding="urgent")


def test_no_other_assignment_and_no_consultation_waits_for_one() -> None:
    allowed(knowing(in_state(State.DRAFT, assignment_ref=THIRD), PRACTICE), Step.SEND)
    allowed(knowing(drafted, PRACTICE), Step.SEND)
    allowed(knowing(in_state(State.DRAFT, assignment_ref=ASSIGNMENT, **CONSULTATION), PRACTICE), Step.SEND)


@pytest.mark.parametrize("state", [State.SENT, State.RECEIVED, State.INFO_REQUESTED])
def test_a_consultation_never_moves_responsibility(state: State) -> None:
    asked = in_state(state, **CONSULTATION)
    for step in (Step.ACCEPT, Step.WAITLIST, Step.SCHEDULE, Step.START):
        for actor in Actor:
            refused(asked, step, "in this state", by=actor)
        allowed(in_state(state), step)
    advised = allowed(asked, Step.ADVISE)
    assert state_of(advised) is State.ADVISED
    assert not advised.state().referrals[FIRST].runs
    refused(in_state(state), Step.ADVISE, "in this state")


def test_what_is_missing_is_not_due_before_it_is_asked_for() -> None:
    refused(sent, Step.ASK, "before it is asked for", due_on=date(2026, 3, 1))
    allowed(sent, Step.ASK, due_on=date(2026, 3, 2))


def test_from_a_waiting_list_one_is_declined_only_for_want_of_places() -> None:
    refused(in_state(State.WAITLISTED), Step.DECLINE, "want of places", reason="language_requirement")
    allowed(in_state(State.WAITLISTED), Step.DECLINE)
    allowed(sent, Step.DECLINE, reason="language_requirement")


def test_what_is_booked_does_not_begin_before_the_booking_and_is_not_missed_before_it_begins() -> None:
    refused(accepted, Step.SCHEDULE, "before the booking", starts_on=date(2026, 3, 1))
    booked = allowed(accepted, Step.SCHEDULE, starts_on=date(2026, 3, 10))
    refused(booked, Step.NO_SHOW, "has not begun", on("03-09"))
    booked.when(act(Step.NO_SHOW, on("03-10"))).then(fact(Step.NO_SHOW, on("03-10"), starts_on=date(2026, 3, 10)))


def test_who_did_not_come_is_booked_again_and_it_is_counted() -> None:
    case = done(in_state(State.SCHEDULED), *[act(step) for step in (Step.NO_SHOW, Step.SCHEDULE, Step.NO_SHOW)])
    assert (state_of(case), case.state().referrals[FIRST].no_shows) == (State.SCHEDULED, 2)
    allowed(case, Step.START)
    refused(case, Step.NO_SHOW, "does not take this step")


def test_what_is_sent_for_an_assignment_is_for_one_that_was_heard_of_in_this_case() -> None:
    refused(in_state(State.DRAFT, assignment_ref=THIRD), Step.SEND, "none of this case")
    allowed(in_state(State.DRAFT, assignment_ref=ASSIGNMENT), Step.SEND)


def test_what_nobody_attended_is_discontinued_and_not_completed() -> None:
    refused(running, Step.COMPLETE, "discontinued", attended="no")
    for attended in ("yes", "unknown"):
        allowed(running, Step.COMPLETE, attended=attended)
    allowed(running, Step.DISCONTINUE, outcome="never_attended", attended="no")


def test_for_too_little_progress_nobody_is_discharged_before_the_next_is_sent() -> None:
    def discharge(case: Decider[Case], **more: Any) -> tuple[Any, ...]:
        return case.when(act(Step.DISCONTINUE, reason="insufficient_progress", **more)).events

    refused(running, Step.DISCONTINUE, "act. 4", reason="insufficient_progress")
    assert discharge(running, overriding="moved_on")
    for no_next in ((Step.DRAFT,), PATH[State.DECLINED], PATH[State.RECALLED], PATH[State.COMPLETED], (Step.DRAFT, Step.HOLD)):
        refused(after(*no_next, begin=running, ref=SECOND), Step.DISCONTINUE, "act. 4", reason="insufficient_progress")
    refused(after(*SENT, begin=running, ref=SECOND, **CONSULTATION), Step.DISCONTINUE, "act. 4", reason="insufficient_progress")
    for following in (SENT, ACCEPTED, RUNNING, PATH[State.WAITLISTED]):
        assert discharge(after(*following, begin=running, ref=SECOND))
    allowed(running, Step.DISCONTINUE, reason="got_job")
    ends_first = done(after(*SENT, begin=running, ref=SECOND), act(Step.START, ref=SECOND, planned_end_on=date(2026, 3, 2)))
    refused(ends_first, Step.DISCONTINUE, "act. 4", reason="insufficient_progress")


def test_a_recipient_learns_from_no_refusal_what_else_there_is_or_whether_the_case_is_closed() -> None:
    elsewhere = after(*RUNNING, begin=running, ref=SECOND)
    for case in (running, elsewhere):
        allowed(case, Step.DISCONTINUE, by=Actor.RECIPIENT, reason="insufficient_progress")
    for beside in (Beside(), Beside(closed=True)):
        refused(knowing(running, beside), Step.DRAFT, "somebody else", by=Actor.RECIPIENT, ref=SECOND)


def test_nothing_is_answered_and_no_rest_ends_before_it_began() -> None:
    for begins, ends in (
        (Step.HOLD, Step.END_HOLD), (Step.ASK, Step.SUPPLY), (Step.RECALL, Step.CONFIRM_RECALL), (Step.RECALL, Step.REFUSE_RECALL)
    ):  # fmt: skip
        begun = done(sent if begins is Step.ASK else accepted, act(begins, on("03-10")))
        refused(begun, ends, "before what it follows on", on("03-09"))
        allowed(begun, ends, on("03-10"))


def test_a_deviation_is_reported_once_and_after_it_was_seen() -> None:
    refused(running, Step.REPORT_DEVIATION, "after it was seen", observed_on=date(2026, 3, 3))
    reported = allowed(running, Step.REPORT_DEVIATION, observed_on=date(2026, 3, 2))
    refused(reported, Step.REPORT_DEVIATION, "once")
    allowed(reported, Step.REPORT_DEVIATION, deviation_id=THIRD)


def test_a_deviation_was_seen_between_the_start_and_the_end() -> None:
    refused(running, Step.REPORT_DEVIATION, "between the start and the end", observed_on=date(2026, 2, 28))
    ended = allowed(running, Step.COMPLETE, on("03-02"))
    allowed(ended, Step.REPORT_DEVIATION, on("03-05"), observed_on=date(2026, 3, 2))
    refused(ended, Step.REPORT_DEVIATION, "between the start and the end", on("03-05"), observed_on=date(2026, 3, 3))


def test_a_deviation_is_handled_not_before_it_was_acknowledged() -> None:
    known = allowed(allowed(running, Step.REPORT_DEVIATION), Step.ACKNOWLEDGE_DEVIATION, on("03-10"))
    refused(known, Step.HANDLE_DEVIATION, "before what it follows on", on("03-09"))
    allowed(known, Step.HANDLE_DEVIATION, on("03-10"))


def test_the_outcome_and_the_attendance_never_contradict_each_other() -> None:
    refused(running, Step.COMPLETE, "is discontinued", outcome="never_attended")
    for attended in ("yes", "unknown"):
        refused(running, Step.DISCONTINUE, "one of the two is wrong", outcome="never_attended", attended=attended)
    allowed(running, Step.DISCONTINUE, outcome="never_attended", attended="no")
    allowed(running, Step.DISCONTINUE, outcome="dropped_out", attended="no")


def test_a_deviation_is_acknowledged_and_handled_once_each_also_when_the_insats_is_over() -> None:
    reported = allowed(running, Step.REPORT_DEVIATION)
    for case in (reported, allowed(reported, Step.COMPLETE), allowed(reported, Step.HOLD)):
        known = allowed(case, Step.ACKNOWLEDGE_DEVIATION)
        refused(known, Step.ACKNOWLEDGE_DEVIATION, "this was done")
        handled = allowed(known, Step.HANDLE_DEVIATION)
        refused(handled, Step.HANDLE_DEVIATION, "this was done")
        refused(allowed(case, Step.HANDLE_DEVIATION), Step.ACKNOWLEDGE_DEVIATION, "this was done")
        refused(case, Step.HANDLE_DEVIATION, "no such deviation", deviation_id=UUID(int=99))
    assert handled.state().referrals[FIRST].deviations[DEVIATION].handled == on("03-02")


@pytest.mark.parametrize("step", [Step.ACKNOWLEDGE_DEVIATION, Step.HANDLE_DEVIATION])
def test_a_deviation_is_not_settled_before_it_was_reported(step: Step) -> None:
    reported = allowed(running, Step.REPORT_DEVIATION, on("03-05"))
    refused(reported, step, "before what it follows on", on("03-04"))
    allowed(reported, step, on("03-05"))


@pytest.mark.parametrize(
    ("case", "step"), [(drafted, Step.SEND), (sent, Step.ACCEPT), (accepted, Step.START), (running, Step.COMPLETE), (running, Step.EXTEND)]
)
def test_nothing_happens_before_what_it_follows_on(case: Decider[Case], step: Step) -> None:
    refused(case, step, "before what it follows on", on("02-28"))
    allowed(case, step, on("03-01"))


def test_what_runs_is_reported_on_from_its_start_and_not_from_the_sending() -> None:
    begun = allowed(sent, Step.START, on("03-10"))
    for step in (Step.COMPLETE, Step.DISCONTINUE, Step.EXTEND, Step.READY, Step.REPORT_DEVIATION):
        seen = {"observed_on": date(2026, 3, 10)} if step is Step.REPORT_DEVIATION else {}
        refused(begun, step, "before what it follows on", on("03-09"), **seen)
        allowed(begun, step, on("03-10"), **seen)


def test_a_time_of_day_and_a_day_are_compared_as_days() -> None:
    begun = allowed(sent, Step.START, at("03-10T15:00+01:00"))
    refused(begun, Step.COMPLETE, "before what it follows on", at("03-10T14:59+01:00"))
    allowed(begun, Step.COMPLETE, on("03-10"))
    assert at("03-10T15:00+01:00").at == datetime.fromisoformat("2026-03-10T14:00Z")


def test_what_the_draft_said_is_told_again_with_the_start_and_the_extension() -> None:
    planned = in_state(State.SENT, planned_hours_per_week=20)
    told = {"kind": "insats", "insats_kind": "work_training", "planned_hours_per_week": 20}
    planned.when(act(Step.START, kind="other", insats_kind="other")).then(fact(Step.START, **told))
    planned.when(act(Step.START, planned_hours_per_week=25)).then(fact(Step.START, **told | {"planned_hours_per_week": 25}))
    begun = allowed(planned, Step.START)
    begun.when(act(Step.EXTEND, kind="other")).then(fact(Step.EXTEND, **told))
    assert isinstance(begun.when(act(Step.EXTEND, planned_hours_per_week=0)).events[0], facts.ReferralExtended)
    assert allowed(begun, Step.EXTEND, planned_hours_per_week=0).state().hours_per_week == 0
