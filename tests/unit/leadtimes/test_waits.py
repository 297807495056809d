"""The waits of an imported log, against the Kaplan-Meier oracles of the real logs."""

import csv
import gzip
import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.leadtimes.domain.log import LogColumns
from services.leadtimes.domain.moments import local_midnight
from services.leadtimes.domain.waits import COMPLETED, by_month, groups, log_waits, summary
from tests.columns import LogEvent, columns, columns_of
from tests.shared_data import shared_file

FIGURES: tuple[str, ...] = ("n", "events", "censored", "naive_median_completed_only", "km_median", "km_quantiles")
FIGURES += ("S", "S_ci95_loglog", "rmst", "open_wait_age_days")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def equal(answer: Any, oracle: Any) -> bool:
    """Equal to 1e-6, key by key."""
    match oracle:
        case dict():
            return answer.keys() == oracle.keys() and all(equal(answer[key], oracle[key]) for key in oracle)
        case list():
            return len(answer) == len(oracle) and all(map(equal, answer, oracle))
        case None | str():
            return bool(answer == oracle)
        case _:
            return math.isclose(answer, oracle, rel_tol=0, abs_tol=1e-6)


@pytest.mark.parametrize("name", ["receipt_T05", "receipt_T10", "sepsis_admission", "sepsis_return"])
def test_the_figures_equal_the_oracle_at_each_of_its_snapshots(name: str) -> None:
    oracle = json.loads(shared_file(f"oracles/oracle_km_{name}.json").read_text())
    log = columns_of(shared_file(f"logs/{oracle['log']}.csv.gz"))
    for snapshot in oracle["snapshots"]:
        waits = log_waits(log, oracle["A"], oracle["B"], datetime.fromisoformat(snapshot["as_of"]))
        answer = summary(waits, [float(day) for day in snapshot["S"]])
        for figure in FIGURES:
            assert equal(answer[figure], snapshot[figure]), f"{name} {snapshot['as_of']} {figure}"


@pytest.mark.parametrize("name", ["traffic_payment", "traffic_send"])
def test_with_a_competing_end_the_figures_equal_the_oracle_at_each_of_its_snapshots(name: str) -> None:
    oracle = json.loads(shared_file(f"oracles/oracle_km_{name}.json").read_text())
    log = columns_of(shared_file(f"logs/{oracle['log']}.csv.gz"))
    for snapshot in oracle["snapshots"]:
        waits = log_waits(log, oracle["A"], oracle["B"], datetime.fromisoformat(snapshot["as_of"]), [oracle["alt"]])
        answer = summary(waits, [float(day) for day in snapshot["competing"]["CIF_event1"]])
        assert {"event1", "event2", "n1", "n2", "n_cens", "CIF_event1", "CIF_event2"} <= answer["competing"].keys() & snapshot["competing"]
        for figure in answer["competing"].keys() & snapshot["competing"]:
            assert equal(answer["competing"][figure], snapshot["competing"][figure]), f"{name} {snapshot['as_of']} {figure}"
        for figure in FIGURES:
            asked = {key: answer[figure][key] for key in snapshot[figure]} if isinstance(snapshot[figure], dict) else answer[figure]
            assert equal(asked, snapshot[figure]), f"{name} {snapshot['as_of']} {figure}"


def test_of_several_other_ends_the_first_counts_and_what_comes_at_once_with_the_end_does_not() -> None:
    log = log_of(
        ("1", "A", 0), ("1", "D", 24), ("1", "C", 48), ("2", "A", 0), ("2", "C", 24), ("2", "B", 24), ("3", "A", 0), ("3", "B", 48)
    )
    waits = log_waits(log, "A", "B", MONDAY + timedelta(days=9), ["C", "D"])
    assert waits.ended_by.tolist() == [2, COMPLETED, COMPLETED]
    found = summary(waits, [1, 2])["competing"]
    assert (found["event3"], found["n1"], found["n2"], found["n3"], found["n_cens"]) == ("D", 2, 0, 1, 0)
    assert (found["CIF_event1"], found["CIF_event3"]) == (
        {"1": pytest.approx(1 / 3), "2": pytest.approx(2 / 3)},
        {"1": pytest.approx(1 / 3), "2": pytest.approx(1 / 3)},
    )


@pytest.mark.parametrize("name", ["receipt_T05", "receipt_T10", "sepsis_return"])
def test_each_single_wait_equals_the_oracles(name: str) -> None:
    oracle = json.loads(shared_file(f"oracles/oracle_km_{name}.json").read_text())
    log = columns_of(shared_file(f"logs/{oracle['log']}.csv.gz"))
    for snapshot in oracle["snapshots"]:
        with shared_file(f"oracles/{Path(snapshot['durations_csv']).name}").open() as file:
            expected = sorted((float(row["days"]), row["code"] == "1") for row in csv.DictReader(file))
        waits = log_waits(log, oracle["A"], oracle["B"], datetime.fromisoformat(snapshot["as_of"]))
        answer = sorted(zip(waits.days.tolist(), waits.completed.tolist(), strict=True))
        assert [done for _, done in answer] == [done for _, done in expected]
        assert [days for days, _ in answer] == pytest.approx([days for days, _ in expected], abs=1e-9)


def log_of(*events: tuple[str, str, float]) -> LogColumns:
    """Case, activity and hours after Monday; the row is the place in the list."""
    return columns(LogEvent(case, activity, MONDAY + timedelta(hours=hours), row) for row, (case, activity, hours) in enumerate(events))


def test_the_end_before_the_start_is_not_the_end_even_at_one_time() -> None:
    log = log_of(("1", "B", 0), ("1", "A", 0), ("2", "A", 1), ("2", "B", 1))
    waits = log_waits(log, "A", "B", MONDAY + timedelta(hours=2))
    assert waits.completed.tolist() == [False, True]
    assert waits.days.tolist() == pytest.approx([2 / 24, 0])


def test_an_end_that_comes_again_ends_the_wait_once_and_the_first_start_counts() -> None:
    log = log_of(("1", "A", 0), ("1", "A", 6), ("1", "B", 12), ("1", "B", 24))
    assert log_waits(log, "A", "B", MONDAY + timedelta(days=9)).days.tolist() == [0.5]


def test_cases_side_by_side_stay_apart() -> None:
    log = log_of(("2", "B", 0), ("1", "A", 1), ("2", "A", 2), ("3", "B", 3), ("2", "B", 4), ("3", "A", 5))
    waits = log_waits(log, "A", "B", MONDAY + timedelta(hours=6))
    assert [round(24 * days) for days in waits.days.tolist()] == [5, 2, 1]
    assert waits.completed.tolist() == [False, True, False]


def test_from_an_activity_to_itself_is_to_its_second_time() -> None:
    assert log_waits(log_of(("1", "A", 0), ("1", "A", 24)), "A", "A", MONDAY + timedelta(days=9)).days.tolist() == [1]


def test_what_comes_after_as_of_has_not_happened() -> None:
    waits = log_waits(log_of(("1", "A", 0), ("1", "B", 48), ("2", "A", 30)), "A", "B", MONDAY + timedelta(days=1))
    assert (waits.days.tolist(), waits.completed.tolist()) == ([1], [False])


def test_a_group_is_what_was_known_at_the_start_and_never_what_came_later() -> None:
    cases = ["at_once", "before", "later", "nothing", "starts", "twice"]
    said = [("starts", "Y", 24, 0), ("starts", "X", 0, 19), ("before", "X", 0, 19), ("twice", "Y", 3, 18), ("twice", "X", 2, 19)]
    said += [("at_once", "Y", 24, 19), ("later", "Y", 25, 19), ("elsewhere", "Z", 0, 19)]
    begin = [LogEvent(case, "A", MONDAY + timedelta(hours=24), row) for row, case in enumerate(cases, 1)]
    begin[4] = replace(begin[4], said={"kind": "Y"})
    others = [LogEvent(case, "C", MONDAY + timedelta(hours=hours), row, {"kind": kind}) for case, kind, hours, row in said]
    log = columns([*begin, *others, LogEvent("later", "B", MONDAY + timedelta(hours=30), 20)], "kind")
    waits = log_waits(log, "A", "B", MONDAY + timedelta(days=9))
    found = groups(waits, log, "kind")
    numbered = ["at_once", "before", "elsewhere", *cases[2:]]
    assert {name: [numbered[case] for case in log.case[of.places]] for name, of in found.items()} == {
        "X": ["before", "twice"],
        "Y": ["at_once", "starts"],
        None: ["later", "nothing"],
    }
    assert list(found) == ["X", "Y", None]
    assert (found[None].days.tolist(), found[None].completed.tolist()) == ([6 / 24, 8], [True, False])


def test_the_categories_of_the_simulated_vasby_are_groups_known_at_the_first_contact() -> None:
    oracle = json.loads(shared_file("oracles/oracle_l20_vasby_s42.json").read_text())
    with gzip.open(shared_file("sim/vasby_s42_events.ndjson.gz"), "rt") as file:
        events = [(row, json.loads(line)) for row, line in enumerate(file)]
    log = columns(
        (
            LogEvent(each["case"], each["type"], datetime.fromisoformat(each["occurred_at"]), row, {"category": each.get("category")})
            for row, each in events
        ),
        "category",
    )
    for snapshot in oracle["snapshots"]:
        waits = log_waits(log, "forsta_kontakt", "insats_start", datetime.fromisoformat(snapshot["as_of"]), ["arende_avslutat"])
        found = groups(waits, log, "category")
        assert found.keys() == snapshot["by_category"].keys()
        for category, expected in snapshot["by_category"].items():
            answer = summary(found[category], [30, 90, 180, 365, 730])
            assert (answer["n"], answer["events"]) == (expected["n"], expected["started"])
            assert equal(answer["competing"]["CIF_event1"], expected["share_started_within"]), category


def test_what_was_recorded_later_is_not_known() -> None:
    late = MONDAY + timedelta(days=5)
    log = columns(
        [
            LogEvent("1", "A", MONDAY, 0),
            LogEvent("1", "B", MONDAY + timedelta(days=1), 1, recorded=late),
            LogEvent("2", "A", MONDAY, 2, {"kind": "X"}, recorded=late),
        ],
        "kind",
    )
    then = log.recorded_by(late - timedelta(microseconds=1))
    waits = log_waits(then, "A", "B", log.last_event)
    assert (waits.days.tolist(), waits.completed.tolist(), list(groups(waits, then, "kind"))) == ([1], [False], [None])
    assert log_waits(log.recorded_by(late), "A", "B", log.last_event).completed.tolist() == [True, False]


def test_of_each_month_those_waiting_at_its_end_are_those_still_open_as_of_then() -> None:
    log = columns_of(shared_file("logs/receipt.csv.gz"))
    last = log.last_event
    ends = ("Confirmation of receipt", "T05 Print and send confirmation of receipt")
    months = by_month(log_waits(log, *ends, last))
    assert [months[0]["month"], months[-1]["month"], len(months)] == ["2010-10", "2012-01", 16]
    for this, following in pairwise([*months, {"month": "2012-02"}]):
        midnight = local_midnight(date.fromisoformat(f"{following['month']}-01"))
        then = log_waits(log, *ends, min(midnight - timedelta(microseconds=1), last))
        assert this["open_at_end"] == int(then.still_open.sum()), this["month"]
    assert sum(each["began"] for each in months) == len(log_waits(log, *ends, last).days)


def test_a_month_is_one_of_the_swedish_calendar_and_one_in_which_nothing_began_is_there_too() -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    ended = datetime(2026, 3, 31, 21, 59, tzinfo=UTC)
    log = columns([LogEvent("1", "A", new_year, 0), LogEvent("1", "B", ended, 1), LogEvent("2", "A", new_year, 2)])
    found = by_month(log_waits(log, "A", "B", datetime(2026, 3, 31, 23, tzinfo=UTC)))
    assert [tuple(each.values()) for each in found] == [("2026-01", 2, 2), ("2026-02", 0, 2), ("2026-03", 0, 1), ("2026-04", 0, 1)]
    assert by_month(log_waits(log, "X", "B", new_year)) == []


def test_months_reach_from_the_first_date_to_the_last() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    log = columns([LogEvent("1", "A", first, 0), LogEvent("2", "A", last, 1), LogEvent("2", "B", last, 2)])
    found = by_month(log_waits(log, "A", "B", last))
    assert [tuple(found[place].values()) for place in (0, 1, -1)] == [("0001-01", 1, 1), ("0001-02", 0, 1), ("9999-12", 1, 1)]


def test_the_backlog_of_receipt_is_what_still_waits_at_each_of_its_dates() -> None:
    oracle = json.loads(shared_file("oracles/oracle_backlog_receipt.json").read_text())
    log = columns_of(shared_file("logs/receipt.csv.gz"))
    for snapshot in oracle["snapshots"]:
        waits = log_waits(log, "Confirmation of receipt", oracle["terminals"][0], datetime.fromisoformat(snapshot["as_of"]))
        found = by_month(waits)[-1]["open_at_end"]
        assert (len(waits.days), found) == (snapshot["cases_seen"], snapshot["open"])


def test_a_case_called_na_is_a_case() -> None:
    assert log_waits(log_of(("NA", "A", 0)), "A", "B", MONDAY).days.tolist() == [0]


def test_beyond_the_follow_up_s_is_carried_on_and_the_restricted_mean_left_out() -> None:
    answer = summary(log_waits(log_of(("1", "A", 0), ("1", "B", 24), ("2", "A", 0)), "A", "B", MONDAY + timedelta(days=10)), [3, 30])
    assert (answer["S"], answer["rmst"]) == ({"3": 0.5, "30": 0.5}, {"3": 2.0})
    assert answer["km_quantiles"]["0.75"] is None
    assert answer["follow_up_days"] == 10


def test_a_log_without_the_activity_has_no_figures_and_is_json() -> None:
    answer = summary(log_waits(log_of(("1", "A", 0)), "X", "B", MONDAY))
    assert (answer["n"], answer["km_median"], answer["S"], answer["rmst"]) == (0, None, {}, {})
    assert json.loads(json.dumps(answer)) == answer
