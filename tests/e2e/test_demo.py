"""`make demo` as somebody types it, on a street of its own: it shows what it promises, ends, and leaves no process."""

import os
import subprocess

import pytest

from deploy.local.places import ROOT, cache
from deploy.local.processes import parts_of
from tests.shared_data import shared_file
from tools.demo import FOLDER
from tools.picture import find_chromium


def make_demo(*given: str) -> subprocess.CompletedProcess[str]:
    """The command without a terminal, in this run's own environment."""
    env = {**os.environ, "SLUSS_CACHE": str(cache().parent)}
    return subprocess.run(["make", "--no-print-directory", "demo", *given], cwd=ROOT, env=env, capture_output=True, text=True, timeout=170)


def test_the_receipt_log_tells_its_waiting_times_and_leaves_nothing_behind() -> None:
    done = make_demo(f"LOG={shared_file('logs/receipt.xes.gz')}")
    assert done.returncode == 0, done.stderr
    assert "receipt is in: 8,577 events of 27 activities" in done.stdout
    assert "To:   T05 Print and send confirmation of receipt" in done.stdout
    assert "134 of 1,434 still open" in done.stdout
    assert "/leadtimes/open?code=" in done.stdout
    assert not find_chromium() or "A picture of the page: " in done.stdout
    assert parts_of(FOLDER) == {}


def test_weeks_of_clients_are_shown_completed_beside_still_waiting() -> None:
    done = make_demo()
    assert done.returncode == 0, done.stderr
    for measure in ("L01", "L02", "L03", "L04"):
        _, _, shown = done.stdout.partition(f"{measure}  ")
        assert shown.index("still waiting") < shown.index("completed")
    assert parts_of(FOLDER) == {}


def test_another_log_lists_its_activities_and_the_command_to_type() -> None:
    log = shared_file("logs/running-example.xes")
    done = make_demo(f"LOG={log}")
    assert done.returncode == 0, done.stderr
    assert "make demo LOG=" in done.stdout
    assert "register request" in done.stdout


@pytest.mark.parametrize("given", [["FROM=Sent"], ["FROM=Sent", "TO=Answered"]])
def test_ends_without_each_other_or_without_a_log_are_refused(given: list[str]) -> None:
    done = make_demo(*given)
    assert done.returncode != 0
    assert "go together, and with --log" in done.stderr
