"""What people read of a measure: who still waits first, in days, and no share that nobody was followed to."""

from typing import Any

import pytest
from click.testing import CliRunner

from services.leadtimes.domain.measures import Measure
from tools.leadtimes import FROM_TO, leadtimes, print_measure, show_passage

EMPTY: dict[str, Any] = {
    "measure": "L04",
    "as_of": "2026-03-31",
    "known_at": "2026-04-01T10:00:00+00:00",
    "rule_set": 3,
    "completed": {
        **{"n": 0, "mean": None, "median": None, "p75": None, "p90": None},
        "working_days": {"mean": None, "median": None, "p75": None, "p90": None},
    },
    "still_waiting": {
        **{"n": 0, "median_so_far": None, "working_days_median_so_far": None},
        "buckets": {"0-30": 0, "31-90": 0, "91-180": 0, "181-365": 0, "over_365": 0},
    },
    "ended_otherwise": {},
    "curve": [
        {"day": day, "share": None, "low": None, "high": None, "beyond_follow_up": True, "too_few_followed": False}
        for day in (30, 90, 180, 365)
    ],
    "curve_median": None,
    "too_few_followed": False,
    "excluded": {},
    "flags": {},
}
SOME: dict[str, Any] = {
    **EMPTY,
    "completed": {
        **{"n": 3, "mean": 20.0, "median": 15.0, "p75": 22.5, "p90": 34.5},
        "working_days": {"mean": 14.0, "median": 11.0, "p75": 16.5, "p90": 24.5},
    },
    "still_waiting": {
        **{"n": 2, "median_so_far": 41.5, "working_days_median_so_far": 29.0},
        "buckets": {"0-30": 1, "31-90": 1, "91-180": 0, "181-365": 0, "over_365": 0},
    },
    "ended_otherwise": {"moved": 1},
    "curve": [
        {"day": 30, "share": 0.5, "low": 0.1, "high": 0.8, "beyond_follow_up": False, "too_few_followed": False},
        {"day": 90, "share": 0.75, "low": None, "high": None, "beyond_follow_up": True, "too_few_followed": False},
    ],
    "curve_median": 28.0,
    "excluded": {"starts_after_closing": 4},
}


def shown(capsys: pytest.CaptureFixture[str], **measure: Any) -> str:
    print_measure({"incomplete": 0, **measure})
    return capsys.readouterr().out


def test_a_measure_is_shown_whole_with_its_two_dates(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, **SOME)
    assert "as of 2026-03-31, known at 2026-04-01 12:00, rule set 3" in text
    assert text.index("2 of 6 still waiting, half of them for 41.5 days (29 working days) or longer") < text.index(
        "3 completed: median 15 days"
    )
    assert "1 for 31–90 days" in text
    assert "3 completed: median 15 days (11 working days), mean 20 days (14 working days), p75 22.5 days (16.5 working days)" in text
    assert "half of all completed within 28 days, those who wait counted" in text
    assert "1 ended otherwise: moved 1" in text
    assert "30 days: 50.0 % (10.0 – 80.0 %) · 90 days: beyond follow-up" in text
    assert "excluded: starts_after_closing 4" in text


def test_a_group_is_shown_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, **EMPTY, groups=[{"group": "phone", **SOME}])
    assert text.index("nobody had begun to wait") < text.index("phone") < text.index("2 of 6 still waiting")


def test_cases_that_lack_an_event_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2 cases of all lack an event" in shown(capsys, **{**SOME, "incomplete": 2})


def test_a_direct_assignment_is_told_in_working_days_with_the_calendar_days_beside(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, **SOME | {"measure": "L09"})
    assert "half of them for 29 working days (41.5 days) or longer" in text
    assert "3 completed: median 11 working days (15 days)" in text


SUPPORT: dict[str, Any] = {
    **{"measure": "L24", "as_of": "2026-08-31", "known_at": "2026-08-31", "rule_set": 3},
    "completed": {"n": 3, "mean": 6.0, "median": 6.0, "target_met": 2, "share_target_met": 2 / 3},
    "still_receiving": {"n": 2, "mean_so_far": 7.5, "median_so_far": 7.5, "over_target": 1},
    "ended_otherwise": {"moved": 1},
    "excluded": {"entered_in_error": 1},
}


def test_months_of_support_are_months_and_the_target_stands_beside(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, **SUPPORT, groups=[{"group": "phone", **SUPPORT}])
    assert text.startswith("L24  months of support")
    assert text.count("2 of 6 still have an open case: median 7.5 months so far, mean 7.5 months, over six months 1") == 2
    assert "3 support themselves or study: median 6 months, mean 6 months; 2 (66.7 %) after at most six months" in text
    assert "1 ended otherwise: moved 1" in text
    assert "excluded: entered_in_error 1" in text
    assert "day" not in text


def test_who_is_excluded_and_what_is_flagged_is_said_where_nobody_else_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, **EMPTY | {"excluded": {"already_in_insats": 1}, "flags": {"first_contact_inferred": 2, "negative": 1}})
    assert "nobody had begun to wait\n  excluded: already_in_insats 1\n  flagged: first_contact_inferred 2, negative 1" in text
    nobody = {"completed": SUPPORT["completed"] | {"n": 0}, "still_receiving": {"n": 0}, "ended_otherwise": {}}
    assert "nobody had support\n  excluded: entered_in_error 1" in shown(capsys, **SUPPORT | nobody)


def test_a_share_that_rests_on_too_few_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = [{**point, "too_few_followed": True} for point in EMPTY["curve"]]
    text = shown(capsys, **SOME | {"curve": nothing, "curve_median": None, "too_few_followed": True})
    assert "half of all completed: too few followed from the start, those who wait counted" in text
    assert "completed within 30 days: too few followed from the start · 90 days: too few" in text
    assert "half of all completed: not reached, those who wait counted" in shown(capsys, **SOME | {"curve_median": None})


def test_those_ready_for_the_next_step_are_told_in_months_too(capsys: pytest.CaptureFixture[str]) -> None:
    months = {"up_to_3_months": 1, "up_to_6_months": 0, "up_to_12_months": 2, "over_12_months": 3}
    text = shown(capsys, **SOME | {"measure": "L22", "still_waiting": {**SOME["still_waiting"], "month_buckets": months}})
    assert "1 for 0–3 months · 0 for 3–6 months · 2 for 6–12 months · 3 for over 12 months" in text


def test_of_a_period_nothing_is_said_to_be_out_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    period = {"from": "2026-01-01", "until": "2026-03-31"}
    text = shown(capsys, **SOME | period)
    assert "completed and ended otherwise: only what ended from 2026-01-01 until 2026-03-31" in text
    assert "  2 still waiting, half of them for" in text
    assert "  0 still waiting" in shown(capsys, **EMPTY | period)
    assert "  2 still have an open case" in shown(capsys, **SUPPORT | period)
    refused = CliRunner().invoke(leadtimes, ["--responsibility", "--from", "2026-01-01"])
    assert (refused.exit_code, "nor --until" in refused.output) == (2, True)


def test_where_nobody_had_support_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = SUPPORT | {
        "completed": {"n": 0, "mean": None, "median": None, "target_met": 0, "share_target_met": None},
        "still_receiving": {"n": 0, "mean_so_far": None, "median_so_far": None, "over_target": 0},
        "ended_otherwise": {},
    }
    assert "nobody had support" in shown(capsys, **nobody)


def test_every_measure_is_said_in_words() -> None:
    assert set(FROM_TO) == set(Measure)


def test_where_nobody_waits_any_more_the_completed_are_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, **SOME | {"still_waiting": EMPTY["still_waiting"]})
    assert "0 of 4 still waiting\n" in text
    assert "3 completed" in text
    assert "for 0" not in text


LIMITS = {"as_of": "2026-08-31", "known_at": "2026-08-31", "rule_set": 3}


def test_where_people_are_is_one_line_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    day = {"day": 30, "n": 5, "waiting": 2, "between": 0, "in_insats": 1, "closed": {"moved": 2}, "already_in_insats": 1}
    show_passage("where", found := {**LIMITS, "days": [day | {"before_known_from": 1, "void": 1}], "incomplete": 2}, "text")
    text = capsys.readouterr().out
    assert text.startswith("Where people are after first contact, as of 2026-08-31, known at 2026-08-31, rule set 3")
    line = next(line for line in text.splitlines() if line.startswith("30 days"))
    assert line.split() == ["30", "days", "5", "2", "1", "0", "2", "1"]
    assert "closed within 30 days: moved 2" in text
    assert "1 case left out at 30 days: not known to us by then" in text
    assert "1 case left out at 30 days: entered in error" in text
    assert "2 cases of all lack an event" in text
    show_passage("where", found, "csv")
    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith("as_of,known_at,rule_set,incomplete,day,n,")
    assert told.out.splitlines()[1].startswith("2026-08-31,2026-08-31,3,2,30,5,")
    assert "show small counts too. Do not pass them on" in told.err


def test_who_held_the_ball_is_one_line_a_holder(capsys: pytest.CaptureFixture[str]) -> None:
    part = {"holder": "partner:jobbcentrum", "days": 20, "share": 0.8, "seconds": None, "cases": 1, "shared_days": 22}
    found = {
        **LIMITS,
        "cases": 1,
        "days": 25,
        "seconds": None,
        "parts": [part],
        "negative": 1,
        "excluded": {"already_in_insats": 5},
        "void": 6,
        "all_cases": 7,
        "bounces": 2,
        "no_shows": 3,
        "hops": 4,
        "incomplete": 0,
    }
    show_passage("responsibility", found, "text")
    text = capsys.readouterr().out
    assert "25 days in 1 case" in text
    line = next(line for line in text.splitlines() if line.startswith("partner:"))
    assert line.split() == ["partner:jobbcentrum", "20", "80.0", "%", "1", "22"]
    assert "of all 7 cases, those outside L20 too: referrals that bounced on: 2, no-shows: 3, routings: 4" in text
    assert "excluded: already_in_insats 5" in text
    assert "6 cases left out: entered in error" in text
    assert "1 case left out: the insats is dated before the contact" in text
    show_passage("responsibility", found, "csv")
    assert capsys.readouterr().out.splitlines() == [
        "as_of,known_at,rule_set,incomplete,negative,excluded.already_in_insats,void,holder,days,share,seconds,cases,shared_days",
        "2026-08-31,2026-08-31,3,0,1,5,6,partner:jobbcentrum,20,0.8,,1,22",
    ]


def test_where_goes_with_no_measure() -> None:
    refused = CliRunner().invoke(leadtimes, ["--where", "--measure", "L20"])
    assert (refused.exit_code, "goes with neither" in refused.output) == (2, True)
