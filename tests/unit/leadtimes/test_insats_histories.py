"""The worked histories of the clocks' definition that need referrals, on hand-made facts. Years are 2026 where nothing else is said."""

from dataclasses import replace
from datetime import date
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.leadtimes.domain.clocks import to_json
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.measures import Flag
from services.leadtimes.domain.moments import calendar_days, moment_of
from services.leadtimes.domain.report import document
from tests.unit.leadtimes.histories import (
    CALENDAR,
    CASE,
    application,
    assigned,
    begun,
    clocks,
    closed,
    contact,
    decided,
    drafted,
    dropped,
    finished,
    found,
    happened,
    reopened,
    sent,
    told,
    told_of,
    wait,
    waits,
)

OTHER = UUID(int=CASE.int + 1)


def of_other(*facts: Fact) -> list[Fact]:
    """The same facts told in another case."""
    return [replace(fact, case_id=OTHER, event_id=UUID(int=fact.event_id.int ^ 1)) for fact in facts]


def opened(at: str, **body: str) -> list[Fact]:
    """First contact and an application that nobody decides."""
    return [contact(at, **body), application(at)]


H3 = [*opened("2026-03-01"), found("2026-01-15", recorded="2026-03-10T09:00")]
H4 = [*opened("2026-03-02T14:05"), begun("2026-03-02")]
H5 = [*opened("2026-03-01"), begun("2026-03-02", "course", 3), begun("2026-09-17", "training")]
H6 = [*opened("2026-01-02"), begun("2026-02-01"), dropped("2026-02-02"), begun("2026-12-01", "S")]
H9A = [*opened("2026-01-05"), begun("2026-01-25")]
H9B = [*opened("2026-01-05"), begun("2026-04-05")]
H10 = [
    *opened("2026-01-05"),
    decided("2026-01-20"),
    closed("2026-01-20", "rejected"),
    reopened("2026-05-28", "appeal"),
    begun("2026-06-20"),
]
H11 = [*opened("2025-01-10", known_from="2026-09-01"), begun("2025-02-01"), told_of(FactType.READY_FOR_NEXT_STEP, "2025-08-15")]
H12 = [*opened("2026-01-05"), begun("2026-03-01", recorded="2026-04-20T09:00")]
H15 = [
    *opened("2026-01-01"),
    begun("2026-01-05", "joar"),
    finished("2026-03-01", "joar"),
    begun("2026-01-10", "jobbcentrum"),
    finished("2026-12-31", "jobbcentrum"),
    begun("2027-01-05", "next"),
]
H17 = [
    *opened("2026-01-01"),
    drafted("2026-01-01"),
    sent("2026-01-01"),
    told_of(FactType.REFERRAL_INFORMATION_REQUESTED, "2026-01-02", asked_of="sender"),
    told_of(FactType.REFERRAL_ACCEPTED, "2026-04-01"),
]
H18 = [*opened("2026-01-01"), sent("2026-01-01"), told_of(FactType.REFERRAL_ACCEPTED, "2026-01-05", recorded_by="sender_on_behalf")]
H19 = [*opened("2026-01-01"), begun("2026-01-21"), begun("2026-02-10", "S")]
H20 = [*opened("2026-01-05"), closed("2026-02-09", "moved")]
EVERY = {"H3": H3, "H4": H4, "H5": H5, "H6": H6, "H10": H10, "H11": H11, "H15": H15, "H17": H17, "H18": H18, "H19": H19, "H20": H20}


def test_h3_who_was_in_an_insats_already_neither_waits_nor_is_done() -> None:
    for measure in ("L20", "L20any", "L21"):
        assert told(wait(measure, H3)) == ("excluded", "already_in_insats", None)
    assert told(wait("L20", H3, known_at=date(2026, 3, 9))) == ("open", None, None), "before the check nobody knew"
    ended = [*opened("2026-03-01"), found("2026-01-15", ended_on="2026-02-28", planned_hours_per_week="30")]
    assert told(wait("L20", ended)) == ("open", None, None)
    assert told(wait("L20", [*opened("2026-03-01"), found("2026-01-15", ended_on="2026-03-01")])) == ("excluded", "already_in_insats", None)
    later = [*opened("2026-03-01"), found("2026-03-05", planned_hours_per_week="30")]
    assert told(wait("L20", later)) == ("completed", None, 4)


def test_h4_a_start_on_the_day_of_the_contact_is_0_days_and_no_seconds() -> None:
    found_wait = wait("L20", H4)
    assert (told(found_wait), found_wait.seconds, found_wait.flags) == (("completed", None, 0), None, ())


def test_h5_a_course_of_three_hours_does_not_hide_the_wait() -> None:
    assert told(wait("L20any", H5)) == ("completed", None, 1)
    assert told(wait("L20", H5)) == told(wait("L21", H5)) == ("completed", None, 200)


@pytest.mark.parametrize(
    ("insats", "hours", "counted"),
    [
        *[("work_training", 10, True), ("work_training", 9, False), ("work_training", None, False), ("adult_education", 40, True)],
        *[("sfi", 40, False), ("job_search_course", 40, False), ("new_kind", 40, False)],
    ],
)
def test_what_counts(insats: str, hours: int | None, counted: bool) -> None:
    history = [*opened("2026-01-01"), begun("2026-01-11", hours=hours, insats=insats)]
    assert wait("L20", history).days == (10 if counted else None)
    assert wait("L20any", history).days == 10


def test_an_enrolment_an_assessment_and_a_consultation_are_no_insats() -> None:
    for kind in ("enrolment", "assessment", "consultation"):
        start = begun("2026-01-11")
        history = [*opened("2026-01-01"), replace(start, body={**start.body, "kind": kind})]
        assert told(wait("L20any", history)) == ("open", None, None)


def test_h6_who_dropped_out_has_started_and_is_between_until_the_next_start() -> None:
    assert told(wait("L20", H6)) == ("completed", None, 30)
    assert [told(each) for each in waits("L23", H6)] == [("completed", None, 302)]
    assert [told(each) for each in waits("L23", H6, as_of=date(2026, 11, 30))] == [("open", None, None)]


def test_who_never_came_has_not_started_from_the_day_that_is_told() -> None:
    history = [*opened("2026-01-01"), begun("2026-02-01"), dropped("2026-02-10", attended="no")]
    assert told(wait("L20", history)) == ("open", None, None)
    assert waits("L23", history) == []
    assert told(wait("L20", history, as_of=date(2026, 2, 9))) == ("completed", None, 31)
    assert told(wait("L20any", history)) == ("completed", None, 31)


def test_h7_h8_closed_before_a_start_ends_otherwise_with_the_reason() -> None:
    first = [*opened("2026-01-01"), decided("2026-01-20"), closed("2026-01-20", "rejected")]
    second = [*opened("2026-01-26"), decided("2026-02-10"), begun("2026-03-01")]
    assert (told(wait("L20", first)), told(wait("L20", second))) == (("ended_otherwise", "rejected", 19), ("completed", None, 34))
    call = [contact("2026-02-10"), closed("2026-03-12T00:00", "lapsed_no_application")]
    assert told(wait("L20", call)) == ("ended_otherwise", "lapsed_no_application", 30)
    assert waits("L21", call) == []


def test_h9_two_adults_of_one_household_wait_20_and_90_days() -> None:
    assert (wait("L20", H9A).days, wait("L20", H9B).days) == (20, 90)


def test_h10_a_closing_that_a_court_undoes_counts_as_if_it_had_not_been() -> None:
    assert told(wait("L20", H10)) == ("completed", None, 166)
    assert told(wait("L20", H10, as_of=date(2026, 5, 27))) == ("ended_otherwise", "rejected", 15)


def test_h11_ready_since_before_go_live_still_waits_464_days_and_enters_the_curve_late() -> None:
    as_of = date(2026, 11, 22)
    waiting = wait("L22", H11, as_of)
    assert (told(waiting), calendar_days(waiting.start, moment_of(as_of))) == (("open", None, None), 464)
    shown = document(waiting.measure, [waiting], as_of, as_of, CALENDAR)
    assert shown["still_waiting"]["buckets"]["over_365"] == 1
    quick = [*opened("2025-01-10", known_from="2026-09-01"), told_of(FactType.READY_FOR_NEXT_STEP, "2026-09-01"), begun("2026-09-01", "S")]
    late = [*H11, begun("2026-09-02", "S")]
    both = [wait("L22", late, as_of), wait("L22", quick, as_of)]
    curve = document(waiting.measure, both, as_of, as_of, CALENDAR)["curve"]
    assert calendar_days(both[0].start, moment_of(date(2026, 9, 1))) == 382
    assert (curve[0]["share"], curve[0]["too_few_followed"]) == (None, True), "at risk from day 382 on, so the one of day 0 was alone"


def test_h12_what_was_typed_later_was_not_known_before() -> None:
    as_of = date(2026, 3, 31)
    before = wait("L20", H12, as_of, known_at=date(2026, 4, 5))
    assert (told(before), calendar_days(before.start, moment_of(as_of))) == (("open", None, None), 85)
    assert told(wait("L20", H12, as_of, known_at=date(2026, 4, 30))) == ("completed", None, 55)


def test_h15_only_a_stretch_with_none_open_is_between_insatser() -> None:
    assert [told(each) for each in waits("L23", H15)] == [("completed", None, 5)]


def test_h16_two_that_are_read_as_one_have_waited_since_the_first_contact() -> None:
    mark = of_other(happened(FactType.CASE_MARKED_DUPLICATE, "2026-08-01", of=str(CASE)))
    facts = [*opened("2026-01-01"), *of_other(*opened("2026-06-01"), begun("2026-07-01")), *mark]
    before = [told(each) for each in waits("L20", facts, known_at=date(2026, 7, 31))]
    assert before == [("open", None, None), ("completed", None, 30)]
    assert [told(each) for each in waits("L20", facts)] == [("completed", None, 181)]


def test_h17_a_question_is_no_answer() -> None:
    assert (wait("L14q", H17).days, wait("L14", H17).days) == (1, 90)
    assert wait("L13", H17).days == 1, "whoever asks has received it"


def test_h18_an_acceptance_by_telephone_is_receipt_answer_and_acceptance() -> None:
    assert [wait(measure, H18).days for measure in ("L13", "L14", "L15")] == [4, 4, 4]
    assert told(wait("L14q", H18)) == ("ended_otherwise", "answered", 4)


def test_h19_two_insatser_of_one_case_are_one_wait() -> None:
    assert [told(each) for each in waits("L20", H19)] == [("completed", None, 20)]
    case = clocks(H19)
    assert case is not None
    assert len([each for each in case.intervals if each.measure == "L20"]) == 1


def test_h20_who_moves_away_has_ended_otherwise_at_35() -> None:
    assert told(wait("L20", H20)) == ("ended_otherwise", "moved", 35)


@settings(max_examples=25)
@given(st.sampled_from(sorted(EVERY)), st.randoms(use_true_random=False))
def test_shuffled_and_doubled_they_are_the_same(name: str, chance: Random) -> None:
    facts = EVERY[name]
    mixed = [*facts, *chance.sample(facts, len(facts) // 2)]
    chance.shuffle(mixed)
    one, other = clocks(facts), clocks(mixed)
    assert one is not None
    assert other is not None
    assert to_json(one) == to_json(other)


def test_a_start_that_was_an_error_starts_nothing_and_one_that_was_dated_wrongly_counts_from_its_own_day() -> None:
    wrong, right = begun("2026-01-11"), begun("2026-01-21", recorded="2026-02-01T09:00")

    def corrects(**how: str) -> Fact:
        return told_of(FactType.EVENT_CORRECTED, "2026-02-01", corrects_event_id=str(wrong.event_id), **how)

    assert told(wait("L20", [*opened("2026-01-01"), wrong, corrects()])) == ("open", None, None)
    replaced = [*opened("2026-01-01"), wrong, right, corrects(replaced_by=str(right.event_id))]
    assert told(wait("L20", replaced)) == ("completed", None, 20)
    assert told(wait("L20", replaced, known_at=date(2026, 1, 31))) == ("completed", None, 10)


def test_a_case_of_which_only_referrals_were_heard_has_no_waits_yet() -> None:
    case = clocks([drafted("2026-01-02"), sent("2026-01-03"), begun("2026-01-05")])
    assert case is not None
    assert case.intervals == ()


def test_a_start_before_the_contact_is_negative_and_flagged() -> None:
    early = wait("L20", [*opened("2026-01-10"), begun("2026-01-05")])
    assert (told(early), early.flags) == (("completed", None, -5), (Flag.NEGATIVE,))


def test_l10_the_first_booking_not_before_the_assignment_whatever_was_booked() -> None:
    booked = [
        told_of(FactType.REFERRAL_SCHEDULED, at, referral, starts_on=at) for at, referral in (("2026-01-04", "Q"), ("2026-01-19", "R"))
    ]
    history = [*opened("2026-01-01"), assigned("2026-01-05"), *booked]
    assert told(wait("L10", history)) == ("completed", None, 14)
    enrolled = told_of(FactType.REFERRAL_STARTED, "2026-01-12", "E", kind="enrolment")
    assert told(wait("L10", [*history, enrolled])) == ("ended_otherwise", "enrolment_started", 7)
    before = told_of(FactType.REFERRAL_STARTED, "2026-01-03", "E", kind="enrolment")
    assert told(wait("L10", [*history, before])) == ("completed", None, 14)
    assert told(wait("L10", [*opened("2026-01-01"), assigned("2026-01-05"), closed("2026-01-09")])) == ("ended_otherwise", "moved", 4)


WAY = [*opened("2026-01-01"), drafted("2026-01-02"), sent("2026-01-05")]
Told = dict[str, tuple[str, str | None, int | None]]


@pytest.mark.parametrize(
    ("end", "reasons"),
    [
        (FactType.REFERRAL_DECLINED, {"L14": None, "L13": None, "L15": "declined", "L17": "declined"}),
        (FactType.REFERRAL_REDIRECTED, {"L14": None, "L13": None, "L15": "redirected", "L17": "redirected"}),
        (FactType.ADVICE_GIVEN, {"L14": None, "L13": None, "L15": "advice_given", "L17": "advice_given"}),
        (FactType.REFERRAL_RECALLED, dict.fromkeys(("L13", "L14", "L14q", "L15", "L17"), "recalled")),
        (FactType.REFERRAL_WITHDRAWN, dict.fromkeys(("L13", "L14", "L14q", "L15", "L17"), "withdrawn")),
        (FactType.REFERRAL_CANCELLED, dict.fromkeys(("L13", "L14", "L14q", "L15", "L17"), "cancelled")),
        (FactType.REFERRAL_EXPIRED, dict.fromkeys(("L13", "L14", "L14q", "L15", "L17"), "expired")),
        (FactType.CASE_CLOSED, dict.fromkeys(("L13", "L14", "L14q", "L15", "L17"), "moved")),
    ],
)
def test_what_ends_a_referral_otherwise(end: FactType, reasons: dict[str, str | None]) -> None:
    last = closed("2026-01-15") if end is FactType.CASE_CLOSED else told_of(end, "2026-01-15")
    history = [*WAY, last]
    assert told(wait("L12", history)) == ("completed", None, 3)
    for measure, reason in reasons.items():
        assert told(wait(measure, history)) == ("ended_otherwise" if reason else "completed", reason, 10), measure
    assert waits("L16", history) == []
    assert told(wait("L20", history))[0] != "completed", "a bounce stops no clock of the case"


def test_a_draft_that_is_discarded_ends_otherwise_and_a_queue_is_an_answer_but_no_acceptance() -> None:
    thrown = [*opened("2026-01-01"), drafted("2026-01-02"), told_of(FactType.REFERRAL_DISCARDED, "2026-01-04")]
    assert told(wait("L12", thrown)) == ("ended_otherwise", "discarded", 2)
    queued = [*WAY, told_of(FactType.REFERRAL_WAITLISTED, "2026-01-12"), told_of(FactType.REFERRAL_SCHEDULED, "2026-02-01")]
    queued += [told_of(FactType.REFERRAL_NO_SHOW, "2026-02-02"), begun("2026-02-10")]
    days = {measure: wait(measure, queued).days for measure in ("L13", "L14", "L15", "L16", "L17")}
    assert days == {"L13": 7, "L14": 7, "L15": 27, "L16": 9, "L17": 36}, "a booking is an acceptance, and no-show stops no clock"
    assert {wait(measure, queued).recipient for measure in days} == {"jobbcentrum"}
    assert wait("L20", queued).recipient is None


def test_no_recipient_is_shown_of_somebody_protected() -> None:
    hidden = happened(FactType.PROTECTION_LEVEL_CHANGED, "2026-01-20", level="secrecy_marking")
    assert wait("L14", WAY).recipient == "jobbcentrum"
    assert wait("L14", [*WAY, hidden]).recipient is None


def test_memo_s1_of_six_who_are_ready_for_the_next_step_two_have_waited_over_a_year() -> None:
    as_of = date(2026, 11, 22)
    ready = ("2026-11-10", "2026-11-20", "2026-02-01", "2026-04-20", "2025-08-15", "2025-10-01")
    cases = [[*opened("2025-01-10"), begun("2025-02-01"), told_of(FactType.READY_FOR_NEXT_STEP, at)] for at in ready]
    shown = document(wait("L22", cases[0]).measure, [wait("L22", each, as_of) for each in cases], as_of, as_of, CALENDAR)
    assert shown["still_waiting"]["buckets"] == {"0-30": 2, "31-90": 0, "91-180": 0, "181-365": 2, "over_365": 2}


def test_l22_ends_with_any_other_start_and_otherwise_with_the_end_of_its_own() -> None:
    ready = [*opened("2026-01-01"), begun("2026-01-05"), told_of(FactType.READY_FOR_NEXT_STEP, "2026-03-01")]
    assert told(wait("L22", [*ready, begun("2026-03-11", "S", hours=2)])) == ("completed", None, 10)
    assert told(wait("L22", [*ready, finished("2026-03-06")])) == ("ended_otherwise", "completed", 5)
    assert told(wait("L22", [*ready, dropped("2026-03-06")])) == ("ended_otherwise", "discontinued", 5)
    assert told(wait("L22", [*ready, closed("2026-03-06")])) == ("ended_otherwise", "moved", 5)


def test_l23_with_an_insats_that_was_found_and_with_one_that_goes_on() -> None:
    counting = {"planned_hours_per_week": "30"}
    ended = [*opened("2026-01-01"), found("2026-01-05", ended_on="2026-02-01", **counting)]
    assert [told(each) for each in waits("L23", [*ended, begun("2026-02-11")])] == [("completed", None, 10)]
    assert waits("L23", [*ended, begun("2026-02-01")]) == [], "the day of the end is its own"
    assert waits("L23", ended, as_of=date(2026, 1, 31)) == [], "by then it had not ended"
    open_still = [*opened("2026-01-01"), found("2026-01-05", **counting), begun("2026-01-10"), finished("2026-02-01")]
    assert waits("L23", open_still) == []
    assert [told(each) for each in waits("L23", [*ended, closed("2026-02-03", "studies")])] == [("ended_otherwise", "studies", 2)]
    of_case = clocks(ended)
    assert of_case is not None
    assert not of_case.answers(as_of=date(2026, 1, 31))
