"""`make demo` as somebody types it, on a street of its own: it shows what it promises, ends, and leaves no process."""

import asyncio
import json
import os
import re
import subprocess

import psutil
import pytest

from deploy.local.failures import NothingRuns
from deploy.local.places import ROOT, cache
from deploy.local.processes import parts_of
from deploy.local.record import read_record
from shared.postgres import connect_alone
from tests.shared_data import shared_file
from tools.demo import FOLDER
from tools.picture import find_chromium
from tools.simulate import FOLDER as SIMULATION
from tools.simulate import diary_of

# Of some 5,000 facts about clients and 8,577 of the log.
INTAKE_IN_THE_MIDDLE = ("intake", "SELECT count(*) > 3000 FROM outbox")
LEADTIMES_IN_THE_MIDDLE = ("leadtimes", "SELECT count(*) BETWEEN 500 AND 7000 FROM event")


def make_demo(*given: str) -> subprocess.CompletedProcess[str]:
    """The command without a terminal, in this run's own environment."""
    env = {**os.environ, "SLUSS_CACHE": str(cache().parent)}
    return subprocess.run(["make", "--no-print-directory", "demo", *given], cwd=ROOT, env=env, capture_output=True, text=True, timeout=500)


def test_the_receipt_log_tells_its_waiting_times_and_leaves_nothing_behind() -> None:
    done = make_demo(f"LOG={shared_file('logs/receipt.xes.gz')}")
    assert done.returncode == 0, done.stderr
    assert "receipt is in: 8,577 events of 27 activities" in done.stdout
    assert "To:   T05 Print and send confirmation of receipt" in done.stdout
    assert "134 of 1,434 still open" in done.stdout
    assert "/leadtimes/open?code=" in done.stdout
    assert not find_chromium() or "A picture of the page: " in done.stdout
    assert parts_of(FOLDER) == {}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_simulated_year_is_as_calibrated_and_its_noise_is_counted_as_it_was_written_down() -> None:
    env = {**os.environ, "SLUSS_CACHE": str(cache().parent)}
    year = ["./sluss", "simulate", "--profile", "vasby", "--months", "12", "--seed", "1"]
    done = subprocess.run(year, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("as aimed") == 3, done.stdout
    assert len(re.findall(r" equal *$", done.stdout, re.MULTILINE)) > 3 + 3, "of quality, and of L20 with the reasons of closing"
    assert parts_of(SIMULATION) == {}


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("log", "in_the_middle"), [(None, INTAKE_IN_THE_MIDDLE), ("logs/receipt.xes.gz", LEADTIMES_IN_THE_MIDDLE)])
async def test_the_figures_are_the_same_when_kafka_is_killed_in_the_middle(log: str | None, in_the_middle: tuple[str, str]) -> None:
    given = [f"LOG={shared_file(log)}"] if log else []
    undisturbed = await asyncio.to_thread(make_demo, *given)
    if not log:
        shows_months_of_a_municipality(undisturbed)
    demo = asyncio.ensure_future(asyncio.to_thread(make_demo, *given))
    killed = await kill_kafka_once(*in_the_middle, demo)
    disturbed = await demo
    assert disturbed.returncode == 0, disturbed.stderr
    assert not killed.is_running()
    assert figures(disturbed.stdout) == figures(undisturbed.stdout) != []
    assert parts_of(FOLDER) == {}


def shows_months_of_a_municipality(done: "subprocess.CompletedProcess[str]") -> None:
    """Completed beside still waiting, and counted as the simulation wrote them down."""
    assert done.returncode == 0, done.stderr
    for measure in ("L20", "L20any", "L01", "L02", "L03", "L04"):
        _, _, shown = done.stdout.partition(f"{measure}  ")
        assert shown.index("still waiting") < shown.index("completed")
    written = json.loads(diary_of(FOLDER).read_text())["counts"]
    assert all(written[name] > 0 for name in ("late", "corrected", "duplicates"))
    for name, count in written.items():
        assert re.search(rf"^{name} +{count:,} +{count:,} +equal *$", done.stdout, re.MULTILINE), done.stdout
    assert "NOT EQUAL" not in done.stdout
    headline = done.stdout.index("L20  first contact to the first insats that counts")
    assert headline < done.stdout.index("L01  ")
    assert re.search(r"completed within 30 days: [0-9.]+ %.* · 90 days: [0-9.]+ %", done.stdout[headline:]), done.stdout
    assert "/leadtimes/open?code=" in done.stdout
    assert parts_of(FOLDER) == {}


async def kill_kafka_once(service: str, holds: str, demo: "asyncio.Future[subprocess.CompletedProcess[str]]") -> psutil.Process:
    """Kills the demo's broker as soon as a service's database says so, and answers which process that was."""
    while not demo.done():
        await asyncio.sleep(0.05)
        try:
            record = read_record(FOLDER)
            connection = await connect_alone(record.services[service].database_url, record.services[service].password_file.read_text())
        except (NothingRuns, OSError):
            continue
        reached = await connection.fetchval(holds)
        await connection.close()
        if reached:
            kafka = next(process for process, part in parts_of(FOLDER).items() if part == "kafka")
            kafka.kill()
            return kafka
    raise AssertionError((await demo).stderr)


def figures(shown: str) -> list[str]:
    """What the demo says, but for where and when, and for how long some have waited up to now."""
    return [line.partition(", half of them for")[0] for line in shown.splitlines() if "as of" not in line and "http://" not in line]


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
