"""What people read of a log's waits: who still waits comes first, and nothing is said beyond what was followed."""

from datetime import UTC, datetime, timedelta

import pytest

from services.leadtimes.domain.waits import groups, log_waits, summary
from tests.columns import LogEvent, columns
from tools.figures import duration, moment
from tools.waits import print_activities, print_waits

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDS = {"a": 10, "c": 30, "e": 50}
OPEN_SINCE = {"b": 20, "d": 40, "f": 60}


def shown(capsys: pytest.CaptureFixture[str], ends: dict[str, float], ages: dict[str, float]) -> str:
    """The waits of cases that ended after, or are open since, so many days."""
    as_of = START + timedelta(days=100)
    begun = {**dict.fromkeys(ends, START), **{case: as_of - timedelta(days=age) for case, age in ages.items()}}
    events = [LogEvent(case, "Sent", at, 0) for case, at in begun.items()]
    events += [LogEvent(case, "Answered", START + timedelta(days=days), 1) for case, days in ends.items()]
    print_waits(summary(log_waits(columns(events), "Sent", "Answered", as_of)))
    return capsys.readouterr().out


def row(text: str, after: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"{after} "))


def test_who_still_waits_leads(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, ENDS, OPEN_SINCE)
    assert text.index("3 of 6 still open, half of them for 40 days or longer.") < text.index("Half were through within 50 days.")
    assert "half took 30 days or less; that leaves out who still waits" in text


def test_beyond_the_longest_follow_up_no_number_stands(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, ENDS, OPEN_SINCE)
    assert "31.3 %" in row(text, "60 days")
    assert row(text, "90 days").split(maxsplit=2)[2].strip() == "beyond follow-up"
    assert "%" not in row(text, "365 days")
    assert "100.0 %" in row(text, "1 day")


def test_a_median_nobody_reached_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "not reached" in shown(capsys, {"a": 10}, OPEN_SINCE)


def test_nobody_waiting_and_nobody_at_all_are_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    assert "None of 3 still open." in shown(capsys, ENDS, {})
    assert "No case had begun to wait" in shown(capsys, {}, {})


@pytest.mark.parametrize(("competing", "last"), [([], "within 30 days"), (["Withdrawn"], "50.0 % in 30 days")])
def test_a_group_has_a_line_and_who_is_in_none_is_unknown(capsys: pytest.CaptureFixture[str], competing: list[str], last: str) -> None:
    as_of = START + timedelta(days=30)
    answered = LogEvent("a", "Answered", as_of, 1)
    log = columns([LogEvent("a", "Sent", START, 0, {"unit": "North"}), answered, LogEvent("b", "Sent", START, 2)], "unit")
    whole = log_waits(log, "Sent", "Answered", as_of, competing)
    of = {group: summary(each, [30, 90]) for group, each in groups(whole, log, "unit").items()}
    of["Both"] = summary(whole, [30, 90])
    print_waits(summary(whole, [30, 90]) | {"by": "unit", "groups": [{"group": name, **each} for name, each in of.items()]})
    text = capsys.readouterr().out
    assert row(text, "Both").endswith(last)
    assert row(text, "unknown").split()[1:4] == ["1", "1", "0"]


def test_activities_are_shown_with_counts_and_the_command_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    activities = [{"code": "a1", "name": "Sent", "events": 1434}, {"code": "a2", "name": "T05 Don't", "events": 3}]
    print_activities({"name": "some", "activities": activities})
    text = capsys.readouterr().out
    assert "1,434" in text
    assert """./sluss waits some --from Sent --to 'T05 Don'"'"'t'""" in text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (41 / 86_400, "41 seconds"),
        (0.010564, "15.2 minutes"),
        (0.893055, "21.4 hours"),
        (1, "24 hours"),
        (4.708, "4.7 days"),
        (218.23, "218 days"),
        (None, "not reached"),
    ],
)
def test_a_length_of_time_has_the_unit_that_fits(days: float | None, text: str) -> None:
    assert duration(days) == text


def test_a_moment_is_on_the_swedish_clock_and_a_day_stays_a_day() -> None:
    assert moment("2012-01-23T14:42:54.644000+00:00") == "2012-01-23 15:42"
    assert moment("2012-01-23") == "2012-01-23"
