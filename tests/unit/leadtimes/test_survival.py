"""The estimators, against the small oracle, the imported logs' competing ends and the simulated Väsby."""

import gzip
import json
import math
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.leadtimes.domain.survival import ROUNDING, Flags, Numbers, aalen_johansen, kaplan_meier
from services.leadtimes.domain.waits import log_waits
from tests.columns import columns_of
from tests.shared_data import shared_file

SIX = np.array([10, 20, 30, 40, 50, 60], dtype=np.float64)
DONE = np.array([True, False, True, False, True, False])
OTHER_PROGRAMS = json.loads((Path(__file__).parent / "other_programs.json").read_text())["sets"]


def test_the_median_of_six_waits_is_50_and_never_30() -> None:
    curve = kaplan_meier(SIX, DONE)
    assert [round(curve.at(day), 4) for day in (9.99, 10, 30, 50, 60)] == [1.0, 0.8333, 0.625, 0.3125, 0.3125]
    assert curve.median() == 50
    assert np.median(SIX[DONE]) == 30


def test_without_censoring_the_median_is_reached_at_exactly_one_half() -> None:
    for n in range(2, 400, 2):
        assert kaplan_meier(np.arange(1, n + 1, dtype=np.float64), np.ones(n, dtype=np.bool_)).median() == n / 2


def test_who_enters_late_is_at_risk_only_after_entering() -> None:
    entries = np.array([-np.inf, 10, 5, -np.inf])
    curve = kaplan_meier(np.array([10.0, 20, 30, 40]), np.array([True, True, False, False]), entries)
    assert curve.at(10) == pytest.approx(float(Fraction(2, 3)))
    assert curve.at(20) == pytest.approx(float(Fraction(2, 3) * Fraction(2, 3)))


@pytest.mark.parametrize("drawn", OTHER_PROGRAMS, ids=lambda drawn: f"{drawn['judge']}-{len(drawn['days'])}")
def test_other_programs_say_the_same_of_waits_drawn_at_random(drawn: dict[str, Any]) -> None:
    days, ended_by = np.array(drawn["days"]), np.array(drawn["ended_by"])
    entries = drawn["entries"] and np.array([-np.inf if entry is None else entry for entry in drawn["entries"]])
    waiting, completing = kaplan_meier(days, ended_by == 1, entries), aalen_johansen(days, ended_by == 1, ended_by == 2, entries)
    found = {
        "S": [waiting.at(day) for day in drawn["at"]],
        "S_low": [waiting.band(day)[0] for day in drawn["at"]],
        "S_high": [waiting.band(day)[1] for day in drawn["at"]],
        "F": [completing.at(day) for day in drawn["at"]],
        "F_low": [completing.band(day)[0] for day in drawn["at"]],
        "F_high": [completing.band(day)[1] for day in drawn["at"]],
    }
    for figure in found.keys() & drawn.keys():
        assert found[figure] == pytest.approx(drawn[figure], abs=1e-8), figure
    assert waiting.median() == drawn.get("median", waiting.median())


def test_when_nobody_is_left_the_band_closes_at_0() -> None:
    curve = kaplan_meier(np.array([1.0, 2.0]), np.array([True, True]))
    assert curve.at(2) == 0
    assert curve.band(2) == (0, 0)
    assert curve.band(0.5) == (1, 1)


def test_beyond_the_longest_follow_up_there_is_no_restricted_mean() -> None:
    curve = kaplan_meier(SIX, DONE)
    assert curve.restricted_mean(60) == pytest.approx(10 + 20 * 5 / 6 + 20 * 0.625 + 10 * 0.3125)
    assert curve.restricted_mean(60.1) is None


waits = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["done", "other", "open"])), min_size=1, max_size=40)


@given(waits)
def test_shares_completed_ended_otherwise_and_waiting_make_one(drawn: list[tuple[int, str]]) -> None:
    days, done, other = as_arrays(drawn)
    curve = aalen_johansen(days, done, other)
    waiting = kaplan_meier(days, done | other)
    for day in range(14):
        assert curve.at(day) + curve.otherwise_at(day) + waiting.at(day) == pytest.approx(1)


@given(waits)
def test_treating_another_end_as_still_waiting_never_says_less(drawn: list[tuple[int, str]]) -> None:
    days, done, other = as_arrays(drawn)
    curve, wrong = aalen_johansen(days, done, other), kaplan_meier(days, done)
    for day in range(14):
        assert curve.at(day) <= 1 - wrong.at(day) + 1e-12
        if not other.any():
            assert curve.at(day) == pytest.approx(1 - wrong.at(day))


@pytest.mark.parametrize("name", ["traffic_payment", "traffic_send"])
def test_incidence_equals_the_oracle_of_the_traffic_fines(name: str) -> None:
    oracle = json.loads(shared_file(f"oracles/oracle_km_{name}.json").read_text())
    log = columns_of(shared_file("logs/traffic_fines.csv.gz"))
    for snapshot in oracle["snapshots"]:
        as_of = datetime.fromisoformat(snapshot["as_of"])
        to_end, to_other = (log_waits(log, oracle["A"], oracle[end], as_of) for end in ("B", "alt"))
        other = to_other.completed & (to_other.days < to_end.days)
        curve = aalen_johansen(np.where(other, to_other.days, to_end.days), to_end.completed & ~other, other)
        for day, share in snapshot["competing"]["CIF_event1"].items():
            assert curve.at(float(day)) == pytest.approx(share, abs=1e-6)
        for day, share in snapshot["competing"]["CIF_event2"].items():
            assert curve.otherwise_at(float(day)) == pytest.approx(share, abs=1e-6)


def test_the_simulated_vasby_starts_14_percent_within_180_days_and_not_36() -> None:
    oracle = json.loads(shared_file("oracles/oracle_l20_vasby_s42.json").read_text())
    with gzip.open(shared_file("sim/vasby_s42_events.ndjson.gz"), "rt") as file:
        events = [json.loads(line) for line in file]
    for snapshot in oracle["snapshots"]:
        days, done, other = from_contact_to_start(events, datetime.fromisoformat(snapshot["as_of"]))
        curve, wrong = aalen_johansen(days, done, other), kaplan_meier(days, done)
        assert (len(days), int(done.sum()), int(other.sum())) == (snapshot["n"], snapshot["started"], snapshot["ended_otherwise"])
        for day, share in snapshot["share_started_within"].items():
            assert curve.at(float(day)) == pytest.approx(share, abs=1e-6)
            assert curve.otherwise_at(float(day)) == pytest.approx(snapshot["share_ended_otherwise_within"][day], abs=1e-6)
            assert 1 - wrong.at(float(day)) == pytest.approx(snapshot["wrong_if_closings_are_censored"][day], abs=1e-6)
    assert round(curve.at(180), 2) == 0.14


def from_contact_to_start(events: list[dict[str, Any]], as_of: datetime) -> tuple[Numbers, Flags, Flags]:
    """By case: the earliest contact, then the earlier of start and closing, ties to the start."""
    first: dict[str, dict[str, datetime]] = {"forsta_kontakt": {}, "insats_start": {}, "arende_avslutat": {}}
    for event in sorted(events, key=lambda event: event["occurred_at"]):
        at = datetime.fromisoformat(event["occurred_at"])
        of_type, case = first.get(event["type"]), event["case"]
        if of_type is None or at > as_of or (event["type"] != "forsta_kontakt" and case not in first["forsta_kontakt"]):
            continue
        of_type.setdefault(case, at)
    ends = []
    for case, contact in first["forsta_kontakt"].items():
        start, closing = first["insats_start"].get(case), first["arende_avslutat"].get(case)
        started = start is not None and (closing is None or start <= closing)
        end = (start if started else closing) or as_of
        ends.append(((end - contact).total_seconds() / 86400, "done" if started else "other" if closing else "open"))
    return as_arrays(ends)


def test_a_share_that_is_one_but_for_rounding_has_no_band() -> None:
    for n in range(1, 60):
        curve = aalen_johansen(np.arange(n, dtype=np.float64), np.ones(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_))
        assert curve.band(n) == (pytest.approx(1), pytest.approx(1)), n


@given(waits)
def test_the_incidence_s_variance_is_aalens_sum_over_every_earlier_time(drawn: list[tuple[int, str]]) -> None:
    """Term by term, as it is written down, against the running sums; and the band holds the estimate."""
    days, done, other = as_arrays(drawn)
    curve = aalen_johansen(days, done, other)
    for day, share, low, high in zip(curve.times, curve.completed, curve.low, curve.high, strict=True):
        assert 0 <= low <= share <= high <= 1 + 1e-9
        if 0 < share < 1 - ROUNDING:
            spread = NormalDist().inv_cdf(0.975) * math.sqrt(aalens_sum(days, done, other, day)) / (share * math.log(share))
            assert (low, high) == (pytest.approx(share ** math.exp(-spread), abs=1e-6), pytest.approx(share ** math.exp(spread), abs=1e-6))


def aalens_sum(days: Numbers, done: Flags, other: Flags, day: float) -> float:
    times = sorted({float(each) for each in days[done | other] if each <= day})
    curve, waiting, total = aalen_johansen(days, done, other), 1.0, 0.0
    for time in times:
        n, d = int((days >= time).sum()), int(((days == time) & (done | other)).sum())
        k, apart = int(((days == time) & done).sum()), curve.at(day) - curve.at(time)
        if n > 1:
            total += waiting**2 * k * (n - k) / (n**2 * (n - 1))
        if n > d:
            total += apart**2 * d / ((n - 1) * (n - d)) - 2 * apart * waiting * k * (n - k) / (n * (n - d) * (n - 1))
        waiting *= 1 - d / n
    return max(total, 0.0)


def test_without_other_ends_and_without_censoring_the_variance_is_nearly_the_binomial_one() -> None:
    n = 1000
    curve = aalen_johansen(np.arange(1, n + 1, dtype=np.float64), np.ones(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_))
    low, high = curve.band(300)
    spread = NormalDist().inv_cdf(0.975) * math.sqrt(0.3 * 0.7 / n) / (0.3 * math.log(0.3))
    assert (low, high) == (pytest.approx(0.3 ** math.exp(-spread), abs=1e-4), pytest.approx(0.3 ** math.exp(spread), abs=1e-4))


def as_arrays(drawn: list[Any]) -> tuple[Numbers, Flags, Flags]:
    """Days, completed, ended otherwise."""
    outcomes = np.array([outcome for _, outcome in drawn])
    return np.array([days for days, _ in drawn], dtype=np.float64), outcomes == "done", outcomes == "other"
