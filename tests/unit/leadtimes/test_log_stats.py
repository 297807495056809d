"""What a process miner asks of a log, against the oracles of every real log; three other programs agree on those."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from services.leadtimes.domain.log_stats import Flow, LogColumns, codes_of, flows, log_stats
from tests.shared_data import shared_file

LOGS = ("receipt", "roadtraffic100", "running-example", "sepsis", "traffic_fines")
LOGS += ("bpic2020_DomesticDeclarations", "bpic2020_InternationalDeclarations", "bpic2020_RequestForPayment")
KEYS = {"cases", "events", "activities", "first_event", "last_event", "activity_counts", "start_activities", "end_activities", "variants"}
KEYS |= {"dfg", "transitions_s", "throughput_s", "cases_started_per_month", "gaps_ge_days", "org_handover", "milestones_first_to_first"}
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def columns(log: str) -> LogColumns:
    with gzip.open(shared_file(f"logs/{log}.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    case, _ = codes_of([row["case_id"] for row in rows])
    activity, activities = codes_of([row["activity"] for row in rows])
    organisation, organisations = codes_of([row["org"] for row in rows])
    if "" in organisations:
        organisation = np.where(organisation == organisations[""], -1, organisation)
    times = [(datetime.fromisoformat(row["timestamp"]) - BEGINNING) // timedelta(microseconds=1) for row in rows]
    number = np.array([int(row["seq"]) for row in rows], dtype=np.int64)
    return LogColumns(case, activity, organisation, np.array(times, dtype=np.int64), number, list(activities), list(organisations))


def differences(found: Any, oracle: Any, path: str = "") -> list[str]:
    """Where an answer is not what the oracle says, to its three decimals. The oracle leaves out what is rare: that is no difference."""
    if isinstance(oracle, dict):
        return [
            each
            for key, below in oracle.items()
            for each in (differences(found[key], below, f"{path}/{key}") if key in found else [f"{path}/{key} is not there"])
        ]
    equal = found == oracle if isinstance(oracle, str | None) else found == pytest.approx(oracle, abs=1.1e-3)
    return [] if equal else [f"{path}: {found} instead of {oracle}"]


@pytest.mark.parametrize("log", LOGS)
def test_every_figure_of_every_log_equals_its_oracle(log: str) -> None:
    oracle = json.loads(shared_file(f"oracles/oracle_{log}.json").read_text())
    milestones = [(start, end) for start, _, end in (each.partition(" => ") for each in oracle["milestones_first_to_first"])]
    found = log_stats(columns(log), milestones)
    compared = found.keys() & oracle.keys()
    assert compared >= KEYS - {"org_handover"}
    assert differences({key: found[key] for key in compared}, {key: oracle[key] for key in compared}) == []
    assert sum(found["dfg"].values()) == oracle["df_pairs_total"]
    for whole in ("activity_counts", "start_activities", "end_activities", "cases_started_per_month", "dfg"):
        assert found[whole].keys() == oracle[whole].keys()


def test_a_flow_has_its_two_activities_though_their_names_hold_arrows() -> None:
    log = small(["A", "A -> B", "B", "A"], ["A", "A -> B", "A -> B"])
    assert flows(log_stats(log)) == [
        Flow("A", "A -> B", 2, 60, 60),
        Flow("A -> B", "A -> B", 1, 60, 60),
        Flow("A -> B", "B", 1, 60, 60),
        Flow("B", "A", 1, 60, 60),
    ]
    assert log_stats(log)["mean_place"] == {"A": 1, "A -> B": 4 / 3, "B": 2}


def small(*cases: list[str]) -> LogColumns:
    """A log of these cases, each with an event a minute."""
    activity, names = codes_of([activity for case in cases for activity in case])
    case = np.array([number for number, of in enumerate(cases) for _ in of], dtype=np.int64)
    time = np.array([place * 60_000_000 for of in cases for place in range(len(of))], dtype=np.int64)
    return LogColumns(case, activity, np.full(len(case), -1), time, np.arange(len(case)), list(names), [])


def test_shuffled_rows_say_the_same() -> None:
    log = columns("running-example")
    shuffle = np.random.default_rng(1).permutation(len(log.case))
    shuffled = [column[shuffle] for column in (log.case, log.activity, log.organisation, log.time, log.row)]
    assert log_stats(LogColumns(*shuffled, log.activities, log.organisations)) == log_stats(log)
