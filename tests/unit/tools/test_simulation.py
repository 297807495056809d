"""The simulated municipality without a street: its figures have tags, its draws their means, its acts an order that intake takes."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shared.calendar import is_working_day
from tests.shared_data import shared_file
from tools.cli import sluss
from tools.simulation.acts import Act, Draft, register
from tools.simulation.checks import calibration
from tools.simulation.diary import Diary
from tools.simulation.lives import later_month, month_of
from tools.simulation.profile import figures, names, read_profile
from tools.simulation.town import Town, simulate

VASBY = read_profile("vasby")
SEEDS = range(1, 6)


@cache
def town(seed: int) -> Town:
    return simulate(VASBY, 12, seed)


def spells(of: Town) -> Iterator[list[Act]]:
    for _, acts in groupby(sorted(of.acts, key=lambda act: (act.spell, act.number)), key=lambda act: act.spell):
        yield list(acts)


def came(seed: int) -> Iterator[list[Act]]:
    """The spells that began since go-live, each contact once."""
    for acts in spells(town(seed)):
        if acts[0].body["source_system"] == "intake" and not any(act.what == "duplicate" for act in acts):
            yield acts


def day_of(act: Act) -> date:
    happened = act.body["happened"]
    return date.fromisoformat((happened.get("on") or happened["at"])[:10])


def numbers(said: Any) -> list[float]:
    """The numbers of a figure in their order; its tag and words are left out."""
    match said:
        case dict():
            return [number for each in said.values() for number in numbers(each)]
        case list() | tuple():
            return [number for each in said for number in numbers(each)]
        case int() | float():
            return [float(said)]
        case _:
            return []


@pytest.mark.parametrize("name", names())
def test_every_figure_has_its_tag_and_is_that_of_the_calibration(name: str) -> None:
    calibrated = json.loads(shared_file("sim/params.json").read_text())
    for figure, said in figures(name).items():
        assert said.tag in "SDA", figure
        assert said.source, figure
        if said.of is None:
            continue
        there = calibrated
        for part in said.of.split("."):
            there = there[part]
        assert numbers(said.value) == numbers(there), figure
        if isinstance(there, list) and isinstance(there[-1], str):
            assert there[-1].startswith(said.tag), figure


def test_the_same_seed_gives_the_same_acts_and_another_gives_others() -> None:
    assert simulate(VASBY, 3, 1) == simulate(VASBY, 3, 1)
    assert simulate(VASBY, 3, 1) != simulate(VASBY, 3, 2)


def test_the_draws_have_the_means_of_the_profile() -> None:
    contacts = [acts for seed in SEEDS for acts in came(seed)]
    assert len(contacts) / len(SEEDS) / 52.14 == pytest.approx(15, abs=0.7)
    old = [acts for acts in contacts if day_of(acts[0]) < date(2025, 10, 1)]
    applied = [acts for acts in old if any(act.what == "application" for act in acts)]
    assert len(applied) / len(old) == pytest.approx(1 - VASBY.never_applies, abs=0.02)
    decided = [(acts[0], act) for acts in old for act in [next((act for act in acts if act.what == "decision"), None)] if act]
    outcomes = Counter(act.body["outcome"] for _, act in decided)
    assert outcomes["granted"] / outcomes["rejected"] == pytest.approx(0.65 / 0.25, rel=0.15)
    waits = [(day_of(decision) - day_of(contact)).days for contact, decision in decided]
    assert sum(waits) / len(waits) == pytest.approx(VASBY.contact_to_decision_mean_days, abs=1)
    noise = [act for seed in SEEDS for act in town(seed).acts if act.typed > VASBY.go_live]
    assert sum(act.late_facts > 0 for act in noise) / len(noise) == pytest.approx(VASBY.registered_late, abs=0.01)
    twice = sum(act.what == "duplicate" for act in noise)
    assert twice / len(contacts) == pytest.approx(VASBY.registered_twice, abs=0.006)
    corrected = sum(act.what == "correction" for act in noise)
    assert corrected / sum(act.what in ("contact", "application", "pes_check", "decision", "assignment") for act in noise) < 0.015
    assert corrected > len(noise) * VASBY.corrected / 4


def test_nothing_is_late_or_corrected_after_a_rule_has_closed_the_case() -> None:
    sloppy = VASBY.model_copy(update={"registered_late": 1.0, "corrected": 1.0})
    contact, applied = Draft("contact", date(2025, 3, 3)), Draft("application", date(2025, 3, 27))
    assigned, lapses = Draft("assignment", date(2025, 8, 28)), date(2025, 9, 1)
    late = 0
    for seed in range(100):
        acts = register(1, [contact, applied, assigned], lapses, sloppy, random.Random(seed))
        typed = {act.what: act.typed for act in acts if act.what != "correction"}
        assert typed["application"] < contact.day + timedelta(days=30)
        assert max(act.typed for act in acts) < lapses
        late += typed["application"] > applied.day
    assert 0 < late < 100


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_typed_can_be_typed(seed: int) -> None:
    """On working days, never before it happened, in its order, late by the noise's days; and late only where it says so."""
    first, last = VASBY.noise_days
    for acts in spells(town(seed)):
        typed = [act for act in acts if act.what not in ("correction", "duplicate")]
        assert [act.typed for act in typed] == sorted(act.typed for act in typed)
        happened = [day_of(act) for act in typed if act.what != "discarding"]
        assert happened == sorted(happened)
        if not any(act.what == "closing" for act in acts):
            assert max(act.typed for act in acts) < _lapses(acts)
        for act in typed:
            if act.typed == VASBY.go_live:
                assert day_of(act) < VASBY.go_live
                assert not act.late_facts
                continue
            assert is_working_day(act.typed)
            if act.what != "observed_insats":
                assert bool(act.late_facts) == (act.typed > day_of(act))
            if not act.referral:
                said_late = "on" in act.body["happened"] and act.body.get("reason") != "entered_in_error"
                assert said_late == (act.typed > day_of(act))
            assert timedelta() <= act.typed - day_of(act) <= timedelta(days=last + 5)
    assert first == 1


def test_the_stock_stays_where_it_was_taken_over() -> None:
    """Counted from the acts alone: who was taken over or came, less who was closed or has lapsed."""
    ends = [date(2025, month, 1) for month in range(2, 13)]
    for seed in SEEDS:
        begun = Counter[date]()
        closed = Counter[date]()
        for acts in spells(town(seed)):
            begun[acts[0].typed] += 1
            closings = [act.typed for act in acts if act.what == "closing"]
            closed[closings[0] if closings else _lapses(acts)] += 1
        stock = [sum(n for day, n in begun.items() if day < end) - sum(n for day, n in closed.items() if day < end) for end in ends]
        assert 360 <= min(stock) <= sum(stock) / len(stock) <= 495
        assert sum(stock) / len(stock) >= 400 * 0.95


def _lapses(acts: list[Act]) -> date:
    """When a rule closes a case that nobody does: a month after the contact, or a whole month after the last with support."""
    granted = [date.fromisoformat(act.body["support_to"]) for act in acts if act.body.get("outcome") == "granted"]
    if granted:
        return later_month(month_of(granted[-1]), 2)
    return day_of(acts[0]) + timedelta(days=30) if all(act.what in ("contact", "correction") for act in acts) else date.max


def test_the_diary_counts_facts_and_keeps_case_ids(tmp_path: Path) -> None:
    diary = Diary()
    day = date(2025, 2, 3)
    diary.note(Act(day, 1, 0, "contact", {}), "a")
    diary.note(Act(day, 1, 1, "application", {}, late_facts=2), "a")
    diary.note(Act(day, 1, 2, "correction", {}), "a")
    diary.note(Act(day, 2, 1, "duplicate", {}), "b")
    assert diary.counts == {"late": 2, "corrected": 1, "duplicates": 1}
    diary.write(tmp_path / "diary.json", seed=1)
    written = json.loads((tmp_path / "diary.json").read_text())
    assert written == {
        **{"seed": 1, "acts": 4, "counts": diary.counts},
        "noise": {"late": ["a"], "corrected": ["a"], "duplicates": ["b"]},
        "cases": {
            "a": [{"what": "contact", "on": "2025-02-03", "typed": "2025-02-03", "referral": 0}],
            "b": [{"what": "duplicate", "on": "2025-02-03", "typed": "2025-02-03", "referral": 0}],
        },
    }


def test_a_figure_is_judged_by_those_who_came_long_enough_ago() -> None:
    def month(name: str, n: int, mean: float | None, waiting: int = 0) -> dict[str, Any]:
        return {"group": name, "completed": {"n": n, "mean": mean}, "still_waiting": {"n": waiting}, "ended_otherwise": {"moved": 5}}

    months = [month("2024-11", 100, 90.0), month("2025-01", 60, 16.0), month("2025-02", 40, 3.0, 20), month("2025-03", 0, None, 60)]
    measures = {"L01": {"groups": months}, "L04": {"groups": months}}
    of_quarter = Town(date(2025, 1, 1), date(2025, 4, 1), ())
    contacts, stock, decided = calibration(VASBY, of_quarter, {date(2025, 2, 1): 300, date(2025, 3, 1): 400}, measures)
    assert (contacts.measured, contacts.verdict) == (pytest.approx(195 * 7 / 90), "as aimed")
    assert (stock.measured, stock.verdict) == (350, "off")
    assert (decided.measured, decided.verdict) == (16, "as aimed")
    *_, early = calibration(VASBY, Town(date(2025, 1, 1), date(2025, 2, 1), ()), {date(2025, 2, 1): 430}, measures)
    assert (early.measured, early.verdict) == (None, "too early")


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    refused = CliRunner().invoke(sluss, ["simulate", "--profile", "atlantis"])
    assert refused.exit_code == 2
    assert "There are: vasby" in refused.output
