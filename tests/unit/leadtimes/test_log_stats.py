"""What a process miner asks of a log, against the oracles of every real log; three other programs agree on those."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.leadtimes.domain.log import LogColumns
from services.leadtimes.domain.log_stats import Flow, flows, log_stats
from tests.columns import LogEvent, columns, columns_of
from tests.shared_data import shared_file

LOGS = ("receipt", "roadtraffic100", "running-example", "sepsis", "traffic_fines")
LOGS += ("bpic2020_DomesticDeclarations", "bpic2020_InternationalDeclarations", "bpic2020_RequestForPayment")
KEYS = {"cases", "events", "activities", "first_event", "last_event", "activity_counts", "start_activities", "end_activities", "variants"}
KEYS |= {"dfg", "transitions_s", "throughput_s", "cases_started_per_month", "gaps_ge_days", "org_handover", "milestones_first_to_first"}
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


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
    found = log_stats(columns_of(shared_file(f"logs/{log}.csv.gz")), milestones)
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
    return columns(
        (
            LogEvent(str(number), activity, MONDAY + timedelta(minutes=place), place)
            for number, of in enumerate(cases)
            for place, activity in enumerate(of)
        ),
        "organisation",
    )
