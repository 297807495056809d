"""The worked histories of the clocks' definition, on hand-made facts. Years are 2026."""

from datetime import date

from services.leadtimes.domain.cases import spell
from services.leadtimes.domain.facts import FactType, in_order
from services.leadtimes.domain.measures import Flag, Outcome
from services.leadtimes.domain.moments import calendar_days, moment_of
from services.leadtimes.domain.support import support
from services.leadtimes.domain.support_report import support_document
from tests.unit.leadtimes.histories import application, closed, contact, decided, granted, happened, local, told, wait, waits


def test_h1_a_case_that_lapses_and_a_new_one_have_15_and_21_days_to_their_decisions() -> None:
    renewals = [
        fact
        for month in ("02", "03", "04", "05")
        for fact in (
            application(f"2026-{month}-01", ref=month, kind="renewal"),
            granted(f"2026-{month}-10", f"2026-{month}-01", f"2026-{month}-28", ref=month),
        )
    ]
    case_a = [contact("2026-01-05"), application("2026-01-05"), granted("2026-01-20", "2026-01-01", "2026-01-31"), *renewals]
    case_a.append(closed("2026-07-01T00:00", "lapsed_no_support"))
    case_b = [contact("2026-08-03"), application("2026-08-03"), decided("2026-08-24")]

    assert told(wait("L04", case_a)) == ("completed", None, 15)
    assert told(wait("L04", case_b)) == ("completed", None, 21)
    assert [told(each) for each in waits("L03", case_a)] == [("completed", None, days) for days in (15, 9, 9, 9, 9)]
    case = spell(in_order(case_a))
    assert case is not None
    assert case.closing is not None
    assert (case.closing.time, case.closing.body["reason"]) == (local("2026-07-01T00:00"), "lapsed_no_support")
    months = support(case)
    assert months is not None
    assert (months.months(date(2026, 12, 31)), months.outcome, months.reason) == (5, Outcome.ENDED_OTHERWISE, "lapsed_no_support")


def test_h2_a_rejection_that_closes_on_its_day_completes_the_wait_and_a_new_case_waits_for_itself() -> None:
    first = [contact("2026-01-05"), application("2026-01-05"), decided("2026-01-20"), closed("2026-01-20", "rejected")]
    second = [contact("2026-02-03"), application("2026-02-03"), decided("2026-02-10")]
    assert told(wait("L04", first)) == ("completed", None, 15)
    assert told(wait("L04", second)) == ("completed", None, 7)


def test_h2_a_renewal_has_no_wait_from_first_contact_of_its_own() -> None:
    history = [
        contact("2026-01-05"),
        application("2026-01-05"),
        decided("2026-01-20"),
        application("2026-02-03", ref="B", kind="renewal"),
        decided("2026-02-10", ref="B"),
    ]
    assert told(wait("L04", history)) == ("completed", None, 15)


def test_h7_two_cases_of_one_person_have_19_and_15_days() -> None:
    first = [contact("2026-01-01"), application("2026-01-01"), decided("2026-01-20"), closed("2026-01-20", "rejected")]
    second = [contact("2026-01-26"), application("2026-01-26"), decided("2026-02-10")]
    assert told(wait("L04", first)) == ("completed", None, 19)
    assert told(wait("L04", second)) == ("completed", None, 15)


def test_h8_a_call_and_nothing_more_ends_otherwise_at_30() -> None:
    history = [contact("2026-02-10"), closed("2026-03-12T00:00", "lapsed_no_application")]
    assert told(wait("L04", history)) == ("ended_otherwise", "lapsed_no_application", 30)
    assert told(wait("L01", history)) == ("ended_otherwise", "lapsed_no_application", 30)


def test_h12_what_was_typed_later_was_not_known_before() -> None:
    history = [contact("2026-01-05"), application("2026-01-05"), decided("2026-03-01", recorded="2026-04-20T09:00")]
    as_of = date(2026, 3, 31)
    before = wait("L04", history, as_of, known_at=date(2026, 4, 5))
    assert told(before) == ("open", None, None)
    assert calendar_days(before.start, moment_of(as_of)) == 85
    assert told(wait("L04", history, as_of, known_at=date(2026, 4, 30))) == ("completed", None, 55)


def test_h14_six_months_of_support_and_then_work_meet_the_target() -> None:
    history = [
        contact("2026-01-05"),
        application("2026-01-05"),
        granted("2026-01-20", "2026-02-01", "2026-07-31"),
        closed("2026-07-31", "self_supporting_work"),
    ]
    case = spell(in_order(history))
    assert case is not None
    months = support(case)
    assert months is not None
    shown = support_document([months], date(2026, 12, 31), date(2026, 12, 31))
    assert shown["completed"] == {"n": 1, "mean": 6, "median": 6, "target_met": 1, "share_target_met": 1}


def test_h20_who_moves_away_has_ended_otherwise_at_35() -> None:
    history = [contact("2026-01-05"), application("2026-01-05"), closed("2026-02-09", "moved")]
    assert told(wait("L04", history)) == ("ended_otherwise", "moved", 35)


def test_h11_what_began_before_go_live_is_known_from_go_live_on() -> None:
    history = [happened(FactType.FIRST_CONTACT_REGISTERED, "2025-08-15", recorded="2026-09-01T08:00", known_from="2026-09-01")]
    waiting = wait("L04", history)
    assert (waiting.known_from, waiting.flags) == (date(2026, 9, 1), ())


def test_what_ended_before_we_knew_the_case_is_flagged() -> None:
    history = [contact("2025-08-15", known_from="2026-09-01"), application("2025-09-01"), decided("2026-10-01")]
    assert wait("L01", history).flags == (Flag.ENDED_BEFORE_KNOWN_FROM,)
    assert wait("L01", [history[0], application("2026-09-01")]).flags == ()
    assert wait("L04", history).flags == ()
