"""A measure over many cases: the four showings, the curve that fits, and the groups."""

import json
from datetime import date, datetime, timedelta

import pytest

from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.measures import Interval, Measure
from services.leadtimes.domain.moments import Period
from services.leadtimes.domain.report import document, report, steps
from tests.unit.leadtimes.histories import CALENDAR, application, asked, closed, contact, decided, local, told_of, wait

NEW_YEAR = date(2026, 1, 1)
L04 = Measure.L04


def day(number: int) -> str:
    """The day so many days after New Year's Day."""
    return (NEW_YEAR + timedelta(days=number)).isoformat()


def opened(since: int = 0, channel: str = "phone") -> list[Fact]:
    """A case with its new application on one day."""
    return [contact(day(since), channel=channel), application(day(since))]


def done(after: int, since: int = 0, channel: str = "phone") -> Interval:
    """The L04 of a case decided after so many days."""
    return wait("L04", [*opened(since, channel), decided(day(since + after))])


def ended(after: int, reason: str = "moved") -> Interval:
    """The L04 of a case closed undecided."""
    return wait("L04", [*opened(), closed(day(after), reason)])


def waiting(age: int, at: int = 60) -> Interval:
    """The L04 of a case that on day `at` has waited so many days."""
    return wait("L04", opened(at - age))


SIX = [done(10), waiting(20), done(30), waiting(40), done(50), waiting(60)]
AS_OF = date.fromisoformat(day(60))


def test_the_six_waits_of_the_definition_have_the_median_50_and_never_30() -> None:
    shown = report(L04, SIX, AS_OF, AS_OF, CALENDAR)
    assert shown.curve_median == 50
    assert (shown.completed.n, shown.completed.median, shown.still_waiting.n) == (3, 30, 3)
    assert {step.day: round(1 - (step.share or 0), 4) for step in steps(L04, SIX, AS_OF)} == {
        0: 1.0,
        10: 0.8333,
        30: 0.625,
        50: 0.3125,
        60: 0.3125,
    }


def test_the_document_has_the_agreed_shape() -> None:
    answer = document(L04, [*SIX, ended(35)], AS_OF, local("2026-03-05T12:00"), CALENDAR)
    assert json.loads(json.dumps(answer)) == answer
    assert answer | {"completed": None, "curve": None} == {
        "measure": "L04",
        "as_of": "2026-03-02",
        "known_at": "2026-03-05T12:00:00+01:00",
        "rule_set": 3,
        "completed": None,
        "still_waiting": {
            "n": 3,
            "median_so_far": 40,
            "working_days_median_so_far": 28,
            "buckets": {"0-30": 1, "31-90": 2, "91-180": 0, "181-365": 0, "over_365": 0},
        },
        "ended_otherwise": {"moved": 1},
        "curve": None,
        "curve_median": 50,
        "too_few_followed": False,
        "excluded": {},
        "flags": {},
    }
    assert answer["completed"] == {
        "n": 3,
        "mean": 30,
        "median": 30,
        "p75": 40,
        "p90": pytest.approx(46),
        "working_days": {"mean": 20, "median": 20, "p75": 27.5, "p90": pytest.approx(32)},
    }
    assert [point["day"] for point in answer["curve"]] == [30, 90, 180, 365]
    assert set(answer["curve"][0]) == {"day", "share", "low", "high", "beyond_follow_up", "too_few_followed"}


def test_where_nothing_competes_the_curve_has_bands() -> None:
    within_30 = report(L04, SIX, AS_OF, AS_OF, CALENDAR).curve[0]
    assert within_30.share == pytest.approx(0.375)
    assert within_30.low is not None
    assert within_30.high is not None
    assert 0 < within_30.low < 0.375 < within_30.high < 1


def test_a_closing_is_never_counted_as_still_waiting() -> None:
    waits = [done(10), *(ended(5) for _ in range(8)), done(20)]
    within_30 = report(L04, waits, AS_OF, AS_OF, CALENDAR).curve[0]
    assert within_30.share == pytest.approx(0.2), "Kaplan-Meier with the closings censored would say 1"
    assert within_30.low is not None
    assert within_30.high is not None
    assert 0 < within_30.low < 0.2 < within_30.high < 1
    assert report(L04, waits, AS_OF, AS_OF, CALENDAR).curve_median is None


def test_before_anything_was_completed_there_is_no_band() -> None:
    for waits in ([ended(5), *[done(50)] * 3, *[waiting(200, 300)] * 5], [*[done(50)] * 3, *[waiting(200, 300)] * 5]):
        as_of = date.fromisoformat(day(300))
        first, second, *_ = report(L04, waits, as_of, as_of, CALENDAR).curve
        assert (first.share, first.low, first.high) == (0, None, None)
        assert second.share
        assert None not in (second.low, second.high)


def test_beyond_the_longest_follow_up_is_marked_unless_every_wait_has_ended() -> None:
    assert [point.beyond_follow_up for point in report(L04, SIX, AS_OF, AS_OF, CALENDAR).curve] == [False, True, True, True]
    for all_ended in ([done(10), done(20)], [done(10), ended(20)]):
        assert not any(point.beyond_follow_up for point in report(L04, all_ended, AS_OF, AS_OF, CALENDAR).curve)


def test_ages_fall_into_the_buckets_by_their_last_day() -> None:
    until = date.fromisoformat(day(1000))
    ages = [0, 30, 31, 90, 91, 180, 181, 365, 366, 900]
    shown = report(L04, [waiting(age, at=1000) for age in ages], until, until, CALENDAR)
    assert set(shown.still_waiting.buckets.values()) == {2}


def test_on_exact_time_where_every_end_is_an_instant_else_on_days() -> None:
    begun = [contact("2026-01-01T12:00"), application("2026-01-01T12:00")]
    exact = wait("L04", [*begun, decided("2026-01-02T00:00")])
    now = local("2026-02-01T12:00")
    assert [step.day for step in steps(L04, [exact], now)] == [0, 0.5]
    assert [step.day for step in steps(L04, [exact, done(3)], now)] == [0, 1, 3]
    assert [step.day for step in steps(L04, [exact, wait("L04", begun)], date(2026, 2, 1))] == [0, 1, 31]


def test_a_negative_wait_is_counted_as_it_is_and_ends_at_0_in_the_curve() -> None:
    waits = [wait("L04", [contact("2026-01-05"), application("2026-01-05"), decided("2026-01-03")])]
    assert report(L04, waits, AS_OF, AS_OF, CALENDAR).completed.mean == -2
    assert [step.day for step in steps(L04, waits, AS_OF)] == [0, 0]


def test_who_was_known_late_enters_the_curve_late_and_who_had_ended_by_then_not_at_all() -> None:
    late = wait("L04", [contact("2025-08-15", known_from="2026-09-01")])
    by_then = wait("L04", [contact("2025-08-15", known_from="2026-09-01"), application("2025-08-15"), decided("2025-09-01")])
    as_of = date(2026, 11, 22)
    ordinary = wait("L04", [contact("2026-09-05"), application("2026-09-05"), decided("2026-09-15")])
    shown = report(L04, [late, by_then, ordinary], as_of, as_of, CALENDAR)
    assert (shown.still_waiting.n, shown.still_waiting.median_so_far, shown.completed.n) == (1, 464, 2)
    assert shown.still_waiting.buckets["over_365"] == 1
    assert {(point.share, point.too_few_followed) for point in shown.curve} == {(None, True)}, "at day 10 only the ordinary one was at risk"
    assert [(step.day, step.share) for step in steps(L04, [late, by_then, ordinary], as_of)] == [(0, 0), (10, 0)]


def test_one_who_completed_at_once_says_nothing_of_twenty_who_came_late_and_wait() -> None:
    until = date(2026, 12, 31)
    late = [wait("L04", [contact("2026-06-01", known_from="2026-09-01"), application("2026-06-01")])] * 20
    quick = wait("L04", [contact("2026-09-01"), application("2026-09-01"), decided("2026-09-01")])
    beside = wait("L04", [contact("2026-09-01"), application("2026-09-01"), decided("2026-12-20")])
    shown = report(L04, [*late, quick], until, until, CALENDAR)
    assert (shown.still_waiting.n, shown.curve_median, shown.too_few_followed) == (20, None, True)
    assert {(point.share, point.low, point.beyond_follow_up, point.too_few_followed) for point in shown.curve} == {(None, None, True, True)}
    followed = report(L04, [*late, quick, beside], until, until, CALENDAR)
    assert [(point.share, point.too_few_followed) for point in followed.curve[:2]] == [(0.5, False)] * 2
    assert followed.curve_median == 0
    came = [wait("L04", [contact("2026-06-01", known_from="2026-09-01"), application("2026-06-01"), decided("2026-10-01")])]
    assert report(L04, [*came, quick], until, until, CALENDAR).curve[0].too_few_followed, "who came late had not ended, though nobody waits"
    gone = wait("L04", [contact("2026-09-01"), application("2026-09-01"), closed("2026-09-02")])
    assert report(L04, [*late, quick, gone], until, until, CALENDAR).curve[0].too_few_followed, "where another end competes, too"


def test_where_all_have_completed_there_is_no_band_either() -> None:
    first, *_ = report(L04, [done(10), done(20)], AS_OF, AS_OF, CALENDAR).curve
    assert (first.share, first.low, first.high, first.too_few_followed) == (1, None, None, False)


def test_that_too_few_were_followed_is_said_also_where_it_is_after_the_last_day_that_is_asked_for() -> None:
    until = date.fromisoformat(day(500))
    long = report(L04, [done(400), waiting(100, at=500)], until, until, CALENDAR)
    assert (long.curve_median, long.too_few_followed, long.curve[0].too_few_followed) == (None, True, False)


def test_the_longest_wait_completed_says_nothing_of_those_who_wait_still() -> None:
    shown = report(L04, [done(20), waiting(5), waiting(8)], AS_OF, AS_OF, CALENDAR)
    assert (shown.curve_median, shown.curve[0].share, shown.curve[0].too_few_followed) == (None, None, True)
    drawn = steps(L04, [done(5), done(20), waiting(8)], AS_OF)
    assert [(step.day, step.share) for step in drawn[1:]] == [(5, pytest.approx(1 / 3)), (20, pytest.approx(1 / 3))]


def test_a_period_cuts_what_ended_and_nothing_else() -> None:
    waits = [done(10), done(20), ended(20), ended(30, "rejected"), waiting(60)]
    whole = document(L04, waits, AS_OF, AS_OF, CALENDAR, Grouping.CHANNEL)
    period = Period(date.fromisoformat(day(11)), date.fromisoformat(day(20)))
    cut = document(L04, waits, AS_OF, AS_OF, CALENDAR, Grouping.CHANNEL, period)
    assert (cut["completed"]["n"], cut["completed"]["mean"], cut["ended_otherwise"]) == (1, 20, {"moved": 1})
    assert (cut["from"], cut["until"], cut["groups"][0]["until"]) == ("2026-01-12", "2026-01-21", "2026-01-21")
    assert cut["groups"][0]["completed"]["n"] == 1
    for same in ("still_waiting", "curve", "curve_median", "excluded", "flags"):
        assert cut[same] == whole[same]
    counts = [(Period(first, last), n) for first, last, n in ((period.first, None, 1), (None, period.last, 2), (None, None, 2))]
    assert [document(L04, waits, AS_OF, AS_OF, CALENDAR, None, each)["completed"]["n"] for each, _ in counts] == [n for _, n in counts]
    assert not {"from", "until"} & whole.keys()


def test_flags_are_counted_of_all_waits() -> None:
    inferred = [wait("L04", [application("2026-01-05"), decided(at)]) for at in ("2026-01-03", "2026-01-09")]
    assert report(L04, [*inferred, done(3)], AS_OF, AS_OF, CALENDAR).flags == {"first_contact_inferred": 2, "negative": 1}


def test_the_ages_of_those_ready_for_the_next_step_are_in_months_too() -> None:
    until = date.fromisoformat(day(1000))
    ready = ([*opened(), told_of(FactType.READY_FOR_NEXT_STEP, day(1000 - age))] for age in (0, 90, 91, 180, 181, 365, 366))
    shown = document(Measure.L22, [wait("L22", facts) for facts in ready], until, until, CALENDAR)["still_waiting"]
    assert shown["month_buckets"] == {"up_to_3_months": 2, "up_to_6_months": 2, "up_to_12_months": 2, "over_12_months": 1}
    assert "month_buckets" not in document(L04, [], until, until, CALENDAR)["still_waiting"]


def test_excluded_waits_are_counted_by_rule_and_are_in_no_curve() -> None:
    decided_without = wait("L03", [*opened(), asked(day(2)), decided(day(9))])
    shown = report(Measure.L03, [decided_without], AS_OF, AS_OF, CALENDAR)
    assert shown.excluded == {"decided_without_completion": 1}
    assert (shown.completed.n, shown.still_waiting.n, shown.curve[0].share) == (0, 0, None)


def test_groups_are_whole_reports_by_channel_or_month_of_the_start() -> None:
    waits = [done(5, channel="visit"), done(7), done(9, since=40), wait("L04", [contact(day(0), channel="")])]
    by_channel = document(L04, waits, AS_OF, AS_OF, CALENDAR, Grouping.CHANNEL)
    assert by_channel["completed"]["n"] == 3
    assert [(group["group"], group["completed"]["n"]) for group in by_channel["groups"]] == [("phone", 2), ("unknown", 0), ("visit", 1)]
    by_month = document(L04, waits, AS_OF, AS_OF, CALENDAR, Grouping.MONTH)
    assert [(group["group"], group["completed"]["n"]) for group in by_month["groups"]] == [("2026-01", 2), ("2026-02", 1)]


def test_the_month_is_the_local_one() -> None:
    start = wait("L04", [contact("2026-02-01T00:30")])
    assert start.start.time == datetime.fromisoformat("2026-01-31T23:30:00+00:00")
    assert [group["group"] for group in document(L04, [start], AS_OF, AS_OF, CALENDAR, Grouping.MONTH)["groups"]] == ["2026-02"]


def test_a_longest_wait_that_was_completed_says_nothing_beyond_it_of_those_who_wait() -> None:
    waits = [done(20), waiting(5), waiting(8)]
    assert [point.beyond_follow_up for point in report(L04, waits, AS_OF, AS_OF, CALENDAR).curve] == [True, True, True, True]


def test_working_days_stand_beside_calendar_days_and_midsummer_is_none() -> None:
    """Contact on the Thursday before Midsummer 2026: the first waits to the Monday, the second to the Friday after, as of that Friday."""
    begun = [contact("2026-06-18"), application("2026-06-18")]
    friday = date(2026, 6, 26)
    waits = [wait("L04", [*begun, decided("2026-06-22")]), wait("L04", [*begun, decided("2026-06-26")]), wait("L04", begun)]
    shown = report(L04, waits, friday, friday, CALENDAR)
    assert (shown.completed.mean, shown.still_waiting.median_so_far) == (6, 8)
    assert (shown.completed.working_days.mean, shown.completed.working_days.median) == (3, 3)
    assert (shown.completed.working_days.p75, shown.still_waiting.working_days_median_so_far) == (4, 5)


def test_a_negative_wait_is_as_many_working_days_as_the_reverse() -> None:
    waits = [wait("L04", [contact("2026-04-07"), application("2026-04-07"), decided("2026-04-02")])]
    shown = report(L04, waits, AS_OF, AS_OF, CALENDAR)
    assert (shown.completed.mean, shown.completed.working_days.mean) == (-5, -1)


def test_without_a_wait_there_are_no_working_days() -> None:
    shown = report(L04, [], AS_OF, AS_OF, CALENDAR)
    assert (shown.completed.working_days.median, shown.still_waiting.working_days_median_so_far) == (None, None)
