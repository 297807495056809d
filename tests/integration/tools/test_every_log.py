"""Every log that is at hand goes in over Apache Kafka, side by side, and every oracle of waits that speaks of one comes out equal."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.tools.conftest import Sluss
from tests.shared_data import shared_file
from tests.unit.leadtimes.test_log_stats import LOGS, differences

FIGURES = ("n", "events", "censored", "naive_median_completed_only", "km_median")
BY_KEY = ("km_quantiles", "S", "S_ci95_loglog", "rmst", "open_wait_age_days")
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def logs() -> list[Path]:
    """The files, found by one that is surely there."""
    return sorted(shared_file("logs/receipt.csv.gz").parent.iterdir()) + sorted(
        shared_file("sim/vasby_s42_events.ndjson.gz").parent.glob("*.gz")
    )


def oracles() -> dict[str, list[Any]]:
    """Those of waits, by the log that they speak of."""
    found: dict[str, list[Any]] = {}
    for file in sorted(shared_file("oracles/oracle_receipt.json").parent.glob("oracle_km_*.json")):
        oracle = json.loads(file.read_text())
        found.setdefault(oracle["log"], []).append(oracle)
    return found


async def test_every_log_goes_in_and_waits_as_its_oracles_say(run: Sluss) -> None:
    names: dict[str, str] = {}
    for file in logs():
        names[file.name] = f"every-{uuid4().hex}"
        imported = await run("import", str(file), "--name", names[file.name])
        assert imported.exit_code == 0, f"{file.name}: {imported.output}"
    compared = 0
    for log, oracle in whole_logs().items():
        asked = [word for pair in oracle["milestones_first_to_first"] for word in ("--milestone", *pair.split(" => "))]
        found = json.loads((await run("log-stats", names[f"{log}.csv.gz"], *asked, "--format", "json")).stdout)
        both = found.keys() & oracle.keys()
        assert differences({key: found[key] for key in both}, {key: oracle[key] for key in both}) == [], log
        compared += 1
    for log, each in oracles().items():
        for oracle in each:
            for snapshot in oracle["snapshots"]:
                await compare(run, names[f"{log}.csv.gz"], oracle, snapshot)
                compared += 1
    assert (len(names), compared) == (12, 8 + 16)


def whole_logs() -> dict[str, Any]:
    """What the oracles say of whole logs."""
    return {log: json.loads(shared_file(f"oracles/oracle_{log}.json").read_text()) for log in LOGS}


async def shown(run: Sluss, name: str, *asked: str) -> Any:
    result = await run("waits", name, *asked, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def compare(run: Sluss, name: str, oracle: Any, snapshot: Any) -> None:
    ends = ["--from", oracle["A"], "--to", oracle["B"], *(["--competing", oracle["alt"]] if oracle["alt"] else [])]
    days = snapshot["competing"]["CIF_event1"] if oracle["alt"] else snapshot["S"]
    found = await shown(run, name, *ends, "--as-of", snapshot["as_of"], "--at", ",".join(days))
    for figure in FIGURES:
        assert found[figure] == pytest.approx(snapshot[figure], abs=1e-6), (oracle["name"], figure)
    for figure in BY_KEY:
        for key, expected in snapshot[figure].items():
            assert found[figure][key] == pytest.approx(expected, abs=1e-6), (oracle["name"], figure, key)
    for figure, expected in (snapshot["competing"] if oracle["alt"] else {}).items():
        if figure.startswith(("event", "n", "CIF")) and figure in found["competing"]:
            assert found["competing"][figure] == pytest.approx(expected, abs=1e-6), (oracle["name"], figure)
