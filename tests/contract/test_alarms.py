"""The alarms: each fires on what it must, is silent on what passes by itself, rests on a metric that is there, and has its paragraph."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.local.places import ROOT
from deploy.local.record import StreetRecord
from deploy.local.services import SERVICES

RULES = ROOT / "deploy" / "prometheus"
METRIC = re.compile(r"\b(sluss_[a-z_]+|process_[a-z_]+|up)\b")


def alarms() -> dict[str, Any]:
    """Every alarm by its name."""
    [group] = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {each["alert"]: each for each in group["rules"]}


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' own tool; Debian's package prometheus has it."""
    found = shutil.which("promtool")
    if found is None and (os.environ.get("CI") == "true" or os.environ.get("SLUSS_BROKER") == "apache"):
        pytest.fail("no promtool on this machine")
    if found is None:
        pytest.skip("no promtool on this machine")
    return found


def run(promtool: str, *words: str, folder: Path = RULES) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool, *words], cwd=folder, capture_output=True, text=True, timeout=60)


def test_every_alarm_fires_on_what_it_must_and_on_nothing_else(promtool: str) -> None:
    answer = run(promtool, "test", "rules", "tests.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_prometheus_reads_its_own_file(promtool: str) -> None:
    answer = run(promtool, "check", "config", "prometheus.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    [job] = yaml.safe_load((RULES / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    scraped = [each["labels"]["service"] for each in job["static_configs"]]
    assert scraped == [each.name for each in SERVICES]


@pytest.mark.parametrize("alarm", alarms())
def test_an_alarm_that_is_switched_off_fails_its_tests(promtool: str, alarm: str, tmp_path: Path) -> None:
    rules = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))
    for each in rules["groups"][0]["rules"]:
        if each["alert"] == alarm:
            each["expr"] = f"({each['expr']}) > 1e9"
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules))
    shutil.copy(RULES / "tests.yml", tmp_path)
    answer = run(promtool, "test", "rules", "tests.yml", folder=tmp_path)
    assert answer.returncode != 0
    assert alarm in answer.stdout + answer.stderr


def test_every_alarm_rests_on_metrics_that_the_street_shows(street: StreetRecord) -> None:
    shown = "".join(httpx.get(f"{service.ops}/metrics", trust_env=False).text for service in street.services.values())
    there = {"up", *re.findall(r"^([a-z_]+)[{ ]", shown, re.MULTILINE)}
    used = {name: set(METRIC.findall(each["expr"])) for name, each in alarms().items()}
    assert all(used.values())
    assert {name: metrics - there for name, metrics in used.items() if metrics - there} == {}


@pytest.mark.parametrize("alarm", alarms())
def test_every_alarm_has_a_paragraph_that_says_what_it_means_what_to_do_and_how_to_see_that_it_worked(alarm: str) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert alarms()[alarm]["annotations"]["runbook"] == f"docs/operations.md#{alarm.lower()}"
    [paragraph] = re.findall(rf"^### {alarm}\n\n(.+?)(?=\n#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert re.search(r"\*Means\*.*\*Do\*.*\*It worked when\*", paragraph, re.DOTALL)
