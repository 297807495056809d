"""Each application of a case runs on its own, from received to decided or withdrawn."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.intake.domain.case import Stage
from services.intake.domain.facts import DecisionMade, Outcome
from services.intake.domain.rules import steps
from services.intake.domain.steps import Next, Refused, Step
from tests.unit.intake.scenarios import (
    ANOTHER,
    DECISION,
    FIRST,
    NOW,
    PERSON,
    SECOND,
    a_case,
    application,
    asked,
    assessment_completed,
    assessment_started,
    at,
    closed,
    complete_application,
    complete_assessment,
    completed,
    contact,
    granted,
    make_decision,
    on,
    receive_application,
    register_contact,
    rejected,
    request_completion,
    start_assessment,
    withdraw_application,
    withdrawn,
)

HOUSEHOLD = UUID(int=31)
ABOUT_IT = (
    make_decision(on("01-21")),
    withdraw_application(on("01-21")),
    request_completion(on("01-21")),
    complete_application(on("01-21")),
    start_assessment(on("01-21"), kind="mapping"),
    complete_assessment(on("01-21")),
)

an_application = a_case.given(contact(on("01-05")), application(on("01-05")))


def test_a_contact_opens_a_case() -> None:
    a_case.when(register_contact(on("01-05"))).then(contact(on("01-05")))


def test_an_application_opens_a_case_without_a_contact() -> None:
    a_case.when(receive_application(on("01-05"))).then(application(on("01-05")))


def test_the_same_contact_twice_changes_nothing() -> None:
    a_case.given(contact(on("01-05"))).when(register_contact(on("01-05"))).nothing_happened()


def test_a_later_contact_is_kept_beside_the_first() -> None:
    a_case.given(contact(on("01-05"))).when(register_contact(on("01-07"))).then(contact(on("01-07")))


def test_a_case_is_about_one_person() -> None:
    an_application.when(receive_application(on("01-06"), application_ref=SECOND, person_ref=ANOTHER)).refused(Refused)
    an_application.when(register_contact(on("01-06"), person_ref=ANOTHER)).refused(Refused)


def test_an_anonymous_contact_becomes_a_persons_with_the_application() -> None:
    case = a_case.given(contact(on("01-05"), person=None), application(on("01-06"))).state()
    assert case.person_ref == application(on("01-06")).person_ref


def test_the_household_is_that_of_the_case_unless_another_is_said() -> None:
    together = a_case.given(replace(contact(on("01-05")), household_ref=HOUSEHOLD))
    assert together.when(receive_application(on("01-06"))).events == (replace(application(on("01-06")), household_ref=HOUSEHOLD),)
    assert together.when(register_contact(on("01-06"))).events == (replace(contact(on("01-06")), household_ref=HOUSEHOLD),)
    for command in (receive_application(on("01-06"), household_ref=PERSON), register_contact(on("01-06"), household_ref=PERSON)):
        assert [told.household_ref for told in together.when(command).events] == [PERSON]


def test_an_application_is_received_once() -> None:
    an_application.when(receive_application(on("01-06"))).refused(Refused)


def test_an_application_in_a_known_case_tells_whose_it_is() -> None:
    an_application.when(receive_application(on("02-01"), application_ref=SECOND, kind="renewal", person_ref=None)).then(
        application(on("02-01"), SECOND, "renewal")
    )


def test_nothing_can_be_registered_that_has_not_happened() -> None:
    later = at("01-05T10:00:01+01:00")
    a_case.when(register_contact(later, now=at("01-05T10:00+01:00").at)).refused(Refused)
    a_case.when(register_contact(on("01-06"), now=at("01-05T23:59+01:00").at)).refused(Refused)


def test_what_happens_this_very_moment_has_happened() -> None:
    now = at("01-05T10:00+01:00")
    a_case.when(register_contact(now, now=now.at)).then(contact(now))


def test_a_day_is_a_swedish_day() -> None:
    a_case.when(register_contact(on("01-06"), now=at("01-05T23:30+00:00").at)).then(contact(on("01-06")))


def test_a_period_must_not_end_before_it_begins() -> None:
    a_case.when(receive_application(on("01-05"), period_from=date(2026, 1, 2), period_to=date(2026, 1, 1))).refused(Refused)
    one_day = {"period_from": date(2026, 1, 1), "period_to": date(2026, 1, 1)}
    assert a_case.when(receive_application(on("01-05"), **one_day)).events == (replace(application(on("01-05")), **one_day),)


def test_completion_is_asked_for_given_and_asked_for_again() -> None:
    an_application.when(request_completion(on("01-06"))).then(asked(on("01-06")))
    an_application.given(asked(on("01-06"))).when(complete_application(on("01-08"))).then(completed(on("01-08")))
    an_application.given(asked(on("01-06"))).when(request_completion(on("01-09"))).then(asked(on("01-09")))
    answered = an_application.given(asked(on("01-06")), completed(on("01-08")))
    answered.when(request_completion(on("01-09"))).then(asked(on("01-09")))
    answered.given(asked(on("01-09"))).when(complete_application(on("01-12"))).then(completed(on("01-12")))


def test_only_what_was_asked_for_can_come() -> None:
    an_application.when(complete_application(on("01-08"))).refused(Refused)
    an_application.given(asked(on("01-06")), completed(on("01-08"))).when(complete_application(on("01-09"))).refused(Refused)


def test_an_answer_is_due_after_the_question() -> None:
    an_application.when(request_completion(on("01-06"), due_on=date(2026, 1, 5))).refused(Refused)
    an_application.when(request_completion(on("01-06"), due_on=date(2026, 1, 6))).then(replace(asked(on("01-06")), due_on=date(2026, 1, 6)))


def test_assessments_of_two_kinds_run_beside_each_other() -> None:
    an_application.when(start_assessment(on("01-06"))).then(assessment_started(on("01-06")))
    one = an_application.given(assessment_started(on("01-06")))
    one.when(start_assessment(on("01-07"), kind="mapping")).then(assessment_started(on("01-07"), "mapping"))
    two = one.given(assessment_started(on("01-07"), "mapping"))
    two.when(complete_assessment(on("01-09"), kind="mapping")).then(assessment_completed(on("01-09"), "mapping"))
    two.given(assessment_completed(on("01-09"), "mapping")).when(complete_assessment(on("01-09"))).then(assessment_completed(on("01-09")))


def test_an_assessment_starts_once_and_ends_once() -> None:
    started = an_application.given(assessment_started(on("01-06")))
    started.when(start_assessment(on("01-07"))).refused(Refused)
    started.when(complete_assessment(on("01-07"), kind="mapping")).refused(Refused)
    started.given(assessment_completed(on("01-08"))).when(complete_assessment(on("01-09"))).refused(Refused)
    an_application.when(complete_assessment(on("01-07"))).refused(Refused)


@pytest.mark.parametrize(
    ("way", "stage"),
    [
        ((), Stage.APPLIED),
        ((asked(on("01-06")),), Stage.AWAITING_COMPLETION),
        ((asked(on("01-06")), completed(on("01-07"))), Stage.UNDER_ASSESSMENT),
        ((assessment_started(on("01-06")),), Stage.UNDER_ASSESSMENT),
        ((assessment_started(on("01-06")), assessment_completed(on("01-07"))), Stage.ASSESSED),
    ],
)
def test_a_decision_is_legal_from_every_open_state(way, stage) -> None:
    state = an_application.given(*way)
    assert state.state().applications[0].stage is stage
    state.when(make_decision(on("01-20"))).then(rejected(on("01-20")))
    state.when(withdraw_application(on("01-20"))).then(withdrawn(on("01-20")))


@pytest.mark.parametrize(("end", "stage"), [(rejected(on("01-20")), Stage.DECIDED), (withdrawn(on("01-20")), Stage.WITHDRAWN)])
def test_nothing_more_happens_to_an_application_that_has_ended(end, stage) -> None:
    ended = an_application.given(asked(on("01-06")), assessment_started(on("01-06")), end)
    assert ended.state().applications[0].stage is stage
    for command in ABOUT_IT:
        ended.when(command).refused(Refused)


def test_nothing_more_happens_to_an_application_of_a_case_that_a_hand_has_closed() -> None:
    both = an_application.given(asked(on("01-06")), assessment_started(on("01-06")))
    for command in ABOUT_IT:
        assert both.when(command).error is None
        both.given(closed(on("01-10"))).when(command).refused(Refused)
        both.given(closed(on("01-25"))).when(command).refused(Refused)


@pytest.mark.parametrize("outcome", [Outcome.GRANTED, Outcome.PARTLY])
def test_what_is_granted_has_a_period_of_support(outcome) -> None:
    an_application.when(make_decision(on("01-20"), outcome=outcome)).refused(Refused)
    an_application.when(make_decision(on("01-20"), outcome=outcome, support_from=date(2026, 1, 1))).refused(Refused)
    reversed_period = {"support_from": date(2026, 1, 31), "support_to": date(2026, 1, 1)}
    an_application.when(make_decision(on("01-20"), outcome=outcome, **reversed_period)).refused(Refused)
    one_day = {"support_from": date(2026, 1, 31), "support_to": date(2026, 1, 31)}
    an_application.when(make_decision(on("01-20"), outcome=outcome, **one_day)).then(
        DecisionMade(on("01-20"), FIRST, DECISION, outcome, **one_day, automated=False, decided_by_role="social_worker")
    )


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.DISMISSED])
def test_what_is_not_granted_has_no_period_of_support(outcome) -> None:
    an_application.when(make_decision(on("01-20"), outcome=outcome, support_from=date(2026, 1, 1))).refused(Refused)


def test_several_applications_are_open_at_once_and_do_not_touch_each_other() -> None:
    two = an_application.given(application(on("02-01"), SECOND, "renewal"), asked(on("02-02"), SECOND))
    two.when(complete_application(on("02-03"))).refused(Refused)
    two.when(make_decision(on("02-03"))).then(rejected(on("02-03")))
    after = two.given(granted(on("02-03"), "01-01", "01-31")).state()
    assert [each.stage for each in after.applications] == [Stage.DECIDED, Stage.AWAITING_COMPLETION]


def test_an_application_that_is_not_there_is_refused() -> None:
    an_application.when(make_decision(on("01-20"), application_ref=SECOND)).refused(Refused)
    a_case.when(make_decision(on("01-20"))).refused(Refused)


def test_nothing_happens_to_an_application_surely_before_it_came() -> None:
    for command in (make_decision(on("01-04")), request_completion(on("01-04")), start_assessment(on("01-04"))):
        an_application.when(command).refused(Refused)
    an_application.when(make_decision(at("01-05T00:00+01:00"))).then(rejected(at("01-05T00:00+01:00")))


def test_an_answer_does_not_come_surely_before_its_question() -> None:
    an_application.given(asked(on("01-08"))).when(complete_application(on("01-07"))).refused(Refused)
    an_application.given(assessment_started(on("01-08"))).when(complete_assessment(on("01-07"))).refused(Refused)


def test_a_fact_may_be_typed_late_and_after_one_that_happened_later() -> None:
    an_application.given(application(on("02-01"), SECOND)).when(make_decision(on("01-20"))).then(rejected(on("01-20")))


def test_a_refusal_tells_the_steps_that_are_allowed_now() -> None:
    refused = an_application.when(complete_application(on("01-08"))).refused(Refused)
    assert refused.allowed == steps(an_application.state(), NOW)
    assert Next(Step.MAKE_DECISION, FIRST) in refused.allowed
    assert Next(Step.COMPLETE_APPLICATION, FIRST) not in refused.allowed


BESIDE = {
    *(Step.CODE_HINDRANCE, Step.CHECK_PES, Step.OBSERVE_INSATS, Step.ASSIGN_CASE, Step.ATTEND_INTRO_DAYS, Step.HOLD_PLANNING_MEETING),
    *(Step.AGREE_PLAN, Step.ISSUE_ASSIGNMENT, Step.MARK_DUPLICATE),
}


def test_the_steps_follow_the_state() -> None:
    def listed(state):
        return [each.step for each in steps(state.state(), at("01-20T12:00+01:00").at) if each.step not in BESIDE]

    assert listed(a_case) == [Step.REGISTER_CONTACT, Step.RECEIVE_APPLICATION]
    assert listed(a_case.given(contact(on("01-05"), person=None))) == [Step.RECEIVE_APPLICATION, Step.CLOSE_CASE]
    asked_for = listed(an_application.given(asked(on("01-06")), assessment_started(on("01-06"))))
    assert Step.COMPLETE_APPLICATION in asked_for
    assert Step.COMPLETE_ASSESSMENT in asked_for
    one_of_two = (assessment_started(on("01-06")), assessment_started(on("01-07"), "mapping"), assessment_completed(on("01-08")))
    assert Step.COMPLETE_ASSESSMENT in listed(an_application.given(*one_of_two))
    for untouched in (an_application, an_application.given(assessment_started(on("01-06")), assessment_completed(on("01-07")))):
        assert Step.COMPLETE_ASSESSMENT not in listed(untouched)
    assert listed(an_application.given(rejected(on("01-20")))) == [Step.REGISTER_CONTACT, Step.RECEIVE_APPLICATION, Step.CLOSE_CASE]
    assert listed(an_application.given(closed(on("01-20"))))[0] is Step.REOPEN_CASE


def test_a_case_taken_over_is_known_from_a_day_after_its_contact() -> None:
    a_case.when(register_contact(on("01-05"), known_from=on("09-01").date)).then(contact(on("01-05"), known_from=on("09-01").date))
    for day in (on("01-05").date, on("12-31").date):
        a_case.when(register_contact(on("01-05"), known_from=day)).then(contact(on("01-05"), known_from=day))
    a_case.when(register_contact(on("01-05"), known_from=on("01-04").date)).refused(Refused)
    a_case.when(register_contact(on("01-05"), known_from=date(2027, 1, 1))).refused(Refused)
