"""How a case closes, by hand and by rule, and how it opens again (`clocks.md` 2)."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import pytest

from services.intake.domain.case import Lapse, lapse_due
from services.intake.domain.commands import LapseCase
from services.intake.domain.facts import CloseReason
from services.intake.domain.home import home
from services.intake.domain.rules import steps
from services.intake.domain.steps import NotYet, Refused, Step
from tests.unit.intake.scenarios import (
    NOW,
    PERSON,
    SECOND,
    a_case,
    application,
    at,
    close_case,
    closed,
    contact,
    granted,
    make_decision,
    on,
    receive_application,
    register_contact,
    rejected,
    reopen_case,
    reopened,
    withdrawn,
)

NO_APPLICATION, NO_SUPPORT = CloseReason.LAPSED_NO_APPLICATION, CloseReason.LAPSED_NO_SUPPORT
BY_RULE = [reason for reason in CloseReason if reason.is_rule]
BY_HAND = [reason for reason in CloseReason if not reason.is_rule]

a_call = a_case.given(contact(on("02-10")))
one_decided = a_case.given(contact(on("01-05")), application(on("01-05")), granted(on("01-20"), "01-01", "01-31"))
undecided = a_case.given(contact(on("01-05")), application(on("01-05")))


def midnight(text: str, reason: CloseReason) -> Lapse:
    return Lapse(on(text).at, reason)


def test_h8_a_call_and_nothing_more_lapses_at_the_start_of_the_30th_day() -> None:
    assert lapse_due(a_call.state()) == midnight("03-12", NO_APPLICATION)
    a_call.when(LapseCase(now=at("03-12T00:00+01:00").at)).then(closed(at("03-12T00:00+01:00"), NO_APPLICATION))


def test_a_timer_that_fires_too_early_closes_nothing() -> None:
    a_call.when(LapseCase(now=at("03-11T23:59:59+01:00").at)).nothing_happened()


def test_a_timer_that_fires_late_closes_at_the_rules_own_time() -> None:
    a_call.when(LapseCase(now=NOW)).then(closed(at("03-12T00:00+01:00"), NO_APPLICATION))


def test_the_30_days_run_from_the_last_contact() -> None:
    assert lapse_due(a_call.given(contact(on("02-20"))).state()) == midnight("03-22", NO_APPLICATION)


def test_h1_a_month_without_support_closes_the_case_at_its_end() -> None:
    case_a = one_decided
    for number, month in enumerate(("02", "03", "04", "05"), start=20):
        ref = UUID(int=number)
        case_a = case_a.given(application(on(f"{month}-02"), ref, "renewal"), granted(on(f"{month}-06"), f"{month}-01", f"{month}-28", ref))
    assert lapse_due(case_a.state()) == midnight("07-01", NO_SUPPORT)
    case_a.when(LapseCase(now=NOW)).then(closed(at("07-01T00:00+02:00"), NO_SUPPORT))


def test_an_open_application_keeps_the_case_open() -> None:
    assert lapse_due(undecided.state()) is None
    assert lapse_due(one_decided.given(application(on("02-02"), SECOND, "renewal")).state()) is None


@pytest.mark.parametrize("end", [rejected(on("01-20")), withdrawn(on("01-20"))])
def test_a_case_without_any_support_lapses_after_the_first_whole_month(end: object) -> None:
    assert lapse_due(undecided.given(end).state()) == midnight("03-01", NO_SUPPORT)


def test_a_month_in_which_an_application_was_open_for_one_day_does_not_count() -> None:
    assert lapse_due(undecided.given(rejected(on("02-01"))).state()) == midnight("04-01", NO_SUPPORT)


def test_support_that_touches_a_month_by_one_day_keeps_it() -> None:
    assert lapse_due(undecided.given(granted(on("01-20"), "01-01", "02-01")).state()) == midnight("04-01", NO_SUPPORT)


def test_a_gap_of_one_month_in_support_granted_ahead_closes_the_case() -> None:
    ahead = one_decided.given(application(on("01-21"), SECOND, "renewal"), granted(on("01-22"), "03-01", "03-31", SECOND))
    assert lapse_due(ahead.state()) == midnight("03-01", NO_SUPPORT)


def test_a_decision_typed_late_never_closes_the_case_before_an_application_in_it() -> None:
    late = undecided.given(application(on("03-05"), SECOND, "renewal"), rejected(on("01-20")), rejected(on("03-10"), SECOND))
    assert lapse_due(late.state()) == midnight("05-01", NO_SUPPORT)


def test_a_month_before_a_reopening_is_judged_no_more() -> None:
    again = one_decided.given(closed(at("03-01T00:00+01:00"), NO_SUPPORT), reopened(at("04-10T09:00+02:00")))
    assert lapse_due(again.state()) == midnight("06-01", NO_SUPPORT)
    called = a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION), reopened(at("03-20T09:00+01:00")))
    assert lapse_due(called.state()) == midnight("04-19", NO_APPLICATION)


def test_a_case_taken_over_is_judged_from_the_day_it_is_known() -> None:
    taken_over = a_case.given(contact(on("01-05"), known_from=date(2026, 9, 1)))
    assert lapse_due(taken_over.state()) == midnight("10-01", NO_APPLICATION)
    decided = taken_over.given(application(on("01-05")), granted(on("01-20"), "01-01", "01-31"))
    assert lapse_due(decided.state()) == midnight("10-01", NO_SUPPORT)


def test_a_closed_case_does_not_lapse() -> None:
    assert lapse_due(a_call.given(closed(on("02-20"))).state()) is None


def test_no_case_lapses_before_it_exists() -> None:
    a_case.when(LapseCase(now=NOW)).nothing_happened()


@pytest.mark.parametrize("reason", BY_HAND)
def test_a_hand_closes_for_every_reason_of_its_own(reason: CloseReason) -> None:
    undecided.when(close_case(on("02-09"), reason=reason)).then(closed(on("02-09"), reason))


@pytest.mark.parametrize("reason", BY_RULE)
def test_a_hand_never_closes_for_a_rules_reason(reason: CloseReason) -> None:
    undecided.when(close_case(on("02-09"), reason=reason)).refused(Refused)


def test_a_case_is_closed_once_and_only_when_it_exists() -> None:
    undecided.given(closed(on("02-09"))).when(close_case(on("02-10"))).refused(Refused)
    a_case.when(close_case(on("02-09"))).refused(Refused)


def test_a_closing_is_not_dated_before_what_came_to_the_case() -> None:
    undecided.given(application(on("02-10"), SECOND)).when(close_case(on("02-09"))).refused(Refused)
    undecided.when(close_case(on("01-05"))).then(closed(on("01-05")))


def test_a_closing_by_hand_takes_the_place_of_a_later_one_by_rule() -> None:
    lapsed = a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION))
    lapsed.when(close_case(on("02-20"))).then(closed(on("02-20")))
    lapsed.when(close_case(on("03-12"))).refused(Refused)
    a_call.when(close_case(on("02-20"))).then(closed(on("02-20")))


def test_a_closing_is_dated_after_the_reopening_that_would_undo_it() -> None:
    again = undecided.given(closed(on("02-09")), reopened(at("02-12T10:00+01:00")))
    again.when(close_case(on("02-12"))).refused(Refused)
    again.when(close_case(at("02-12T10:01+01:00"))).then(closed(at("02-12T10:01+01:00")))


def test_a_closing_in_error_is_undone_within_30_days() -> None:
    by_hand = undecided.given(closed(on("02-09")))
    by_hand.when(reopen_case(on("03-11"))).then(reopened(on("03-11")))
    by_hand.when(reopen_case(on("03-12"))).refused(Refused)
    assert Step.REOPEN_CASE not in [each.step for each in steps(by_hand.state(), NOW)]


def test_a_closing_by_rule_is_undone_at_any_time() -> None:
    a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION)).when(reopen_case(on("11-30"))).then(reopened(on("11-30")))


def test_a_reopening_is_dated_after_the_closing_that_it_undoes() -> None:
    undecided.when(reopen_case(on("02-10"))).refused(Refused)
    undecided.given(closed(on("02-09"))).when(reopen_case(on("02-09"))).then(reopened(on("02-09")))
    noon = undecided.given(closed(at("02-09T12:00+01:00")))
    noon.when(reopen_case(on("02-09"))).refused(Refused)
    noon.when(reopen_case(on("02-10"))).then(reopened(on("02-10")))


def test_a_reopened_case_goes_on_where_it_was() -> None:
    again = undecided.given(closed(on("02-09")), reopened(on("02-12")))
    again.when(make_decision(on("02-13"))).then(rejected(on("02-13")))


@pytest.mark.parametrize("happened", [on("02-20"), at("03-11T23:59+01:00")])
def test_a_fact_typed_after_a_closing_by_rule_that_it_shows_to_be_wrong_reopens_the_case(happened) -> None:
    lapsed = a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION))
    now = at("03-20T09:00+01:00")
    lapsed.when(receive_application(happened, now=now.at)).then(reopened(now), application(happened))
    lapsed.when(register_contact(happened, now=now.at)).then(reopened(now), contact(happened))


def test_a_contact_that_is_known_already_reopens_nothing() -> None:
    a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION)).when(register_contact(on("02-10"))).nothing_happened()


def test_a_late_fact_that_is_refused_reopens_nothing_and_tells_the_closed_cases_steps() -> None:
    lapsed = one_decided.given(closed(at("03-01T00:00+01:00"), NO_SUPPORT))
    refused = lapsed.when(make_decision(on("02-10"))).refused(Refused)
    assert refused.allowed[0].step is Step.REOPEN_CASE


@pytest.mark.parametrize("happened", [on("03-12"), at("03-12T00:00+01:00"), on("03-13")])
def test_what_happens_after_a_closing_by_rule_does_not_reopen_the_case(happened) -> None:
    a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION)).when(receive_application(happened)).refused(Refused)


@pytest.mark.parametrize("happened", [on("02-01"), on("02-20")])
def test_a_hands_closing_is_undone_by_a_hand_only(happened) -> None:
    refused = a_call.given(closed(on("02-15"))).when(receive_application(happened, now=on("02-25").at)).refused(Refused)
    opening = (Step.REGISTER_CONTACT, Step.RECEIVE_APPLICATION)
    assert [each.step for each in refused.allowed] == [Step.REOPEN_CASE, *opening, Step.MARK_DUPLICATE]
    a_call.given(closed(on("02-15"))).when(register_contact(happened, now=on("02-25").at)).refused(Refused)


def test_what_is_due_by_rule_comes_before_what_is_typed_after_it() -> None:
    refused = a_call.when(receive_application(on("03-20"), now=on("03-21").at)).refused(Refused)
    assert refused.allowed[0].step is Step.REOPEN_CASE
    now = on("03-21")
    a_call.when(reopen_case(on("03-20"), now=now.at)).then(closed(at("03-12T00:00+01:00"), NO_APPLICATION), reopened(on("03-20")))


def test_a_fact_from_before_a_closing_that_is_due_but_not_told_keeps_the_case_open() -> None:
    a_call.when(receive_application(on("03-10"), now=on("03-21").at)).then(application(on("03-10")))


def test_a_time_in_the_future_is_refused_as_such() -> None:
    undecided.when(close_case(on("02-09"), now=on("02-08").at)).refused(NotYet)


A, B = UUID(int=101), UUID(int=102)


def test_a_person_without_a_case_gets_a_new_one() -> None:
    assert home({}, receive_application(on("02-10"))) is None


def test_the_open_case_takes_all_that_comes() -> None:
    assert home({A: undecided.state()}, receive_application(on("02-10"))) == A
    both: Iterable[UUID] = (A, B)
    assert home(dict.fromkeys(both, undecided.state()), register_contact(on("02-10"))) == B


def test_after_a_closing_a_new_case_begins() -> None:
    over = {A: undecided.given(closed(on("01-20"))).state()}
    for happened in (on("01-26"), on("01-20"), at("01-20T15:00+01:00")):
        assert home(over, register_contact(happened, person_ref=PERSON)) is None


def test_a_closing_that_is_due_counts_before_its_timer_has_fired() -> None:
    assert home({A: a_call.state()}, receive_application(on("03-20"), now=on("03-21").at)) is None
    assert home({A: a_call.state()}, receive_application(on("03-20"), now=on("02-21").at)) == A


def test_a_fact_from_before_a_closing_belongs_to_that_case_also_when_a_later_one_is_open() -> None:
    cases = {A: a_call.given(closed(at("03-12T00:00+01:00"), NO_APPLICATION)).state(), B: a_case.given(application(on("04-01"))).state()}
    assert home(cases, receive_application(on("03-01"))) == A
    assert home(cases, receive_application(on("04-02"))) == B
    assert home(cases, receive_application(on("03-20"))) == B


def test_of_two_closed_cases_the_fact_belongs_to_the_first_that_closed_after_it() -> None:
    first = undecided.given(closed(on("01-20"))).state()
    second = a_case.given(contact(on("02-01")), closed(on("03-01"))).state()
    assert home({B: second, A: first}, register_contact(on("01-10"))) == A
    assert home({B: second, A: first}, register_contact(on("01-25"))) == B


def test_a_case_entered_in_error_is_nobodys_home() -> None:
    mistaken = undecided.given(closed(on("03-01"), CloseReason.ENTERED_IN_ERROR)).state()
    assert home({A: mistaken}, receive_application(on("02-10"))) is None
