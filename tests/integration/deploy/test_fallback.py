"""Where Kafka's jars cannot be fetched Tansu stands in: loudly, a whole street, and what it loses when it stops is sent again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.kafka import topics
from deploy.kafka.topics import ADMIN
from deploy.local import tansu
from deploy.local.places import ROOT, Places
from deploy.local.processes import parts_of
from deploy.local.street import Street
from tests.fault.test_lost_log import TOLD, TOPIC, Own
from tests.street import BIRTH, partitions_of, read_topic

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]  # the first test that asks waits for the whole street
# How many ends each measure has of history H7, of which one case of two goes on to an insats (`clocks.md` 7).
REACHED = dict.fromkeys(("L01", "L02", "L03", "L04"), 2) | dict.fromkeys(
    ("L12", "L13", "L14", "L15", "L16", "L17", "L20", "L20P", "L20any", "L21"), 1
)
TELLS = {"intake": TOPIC, "referrals": "referral-events"}
SENT_AGAIN = "SELECT count(*) FROM operation WHERE kind = 'republish'"


class Fallen(Own):
    """A street that came up on a machine that cannot reach the jars, and what it said meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        (folder / "empty").mkdir()
        out_of_reach = {"SLUSS_BROKER": "", "SLUSS_CACHE": str(folder / "empty"), "HTTPS_PROXY": "http://127.0.0.1:9"}
        street = Street(folder / "street", simulation_start=BIRTH, extra_env=out_of_reach, say=self.said.append)
        try:
            super().__init__(street, folder)
        except BaseException:
            street.remove()
            raise

    def the(self, part: str) -> psutil.Process:
        return next(process for process, name in parts_of(self.record.folder).items() if name == part)

    async def broker_killed(self) -> None:
        """Answers when the launcher has brought everything back."""
        before = {service: await self.fetch(service, SENT_AGAIN) for service in TELLS}
        self.the("kafka").kill()
        for service, times in before.items():
            while await self.fetch(service, SENT_AGAIN) == times:
                await asyncio.sleep(0.2)

    async def everything_told_is_on_its_topic_once(self) -> bool:
        told = {service: (await self.fetch(service, TOLD))[0] for service in TELLS}
        access = self.record.broker.access(ADMIN)
        there = {service: len(await read_topic(access, TELLS[service], n)) for service, n in told.items()}
        return there == told and all(told.values())


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fallen]:
    fallen = Fallen(tmp_path_factory.mktemp("fallen"))
    yield fallen
    fallen.street.remove()


def test_it_says_so_loudly_when_it_starts_and_as_long_as_it_runs(fallen: Fallen) -> None:
    [cannot] = [text for text in fallen.said if "cannot be fetched" in text]
    assert fallen.said.index(cannot) < fallen.said.index(tansu.LOUDLY)
    assert fallen.record.broker.kind == "tansu"
    assert tansu.LOUDLY in fallen.sluss("status")
    shown = json.loads(fallen.sluss("status", "--format", "json"))
    assert (shown["broker"], shown["broker_in_memory"], shown["healthy"]) == ("tansu", True, True)


async def test_an_event_goes_all_the_way_and_so_does_an_imported_log(fallen: Fallen) -> None:
    *_, measures, log = await fallen.state()
    completed = {each["measure"]: each["completed"]["n"] for each in measures["measures"]}
    assert {measure: n for measure, n in completed.items() if n} == REACHED
    assert (log["state"], log["events_stored"]) == ("complete", 21)


async def test_killed_it_comes_back_with_its_topics_everything_told_and_the_same_figures(fallen: Fallen) -> None:
    before = await fallen.state()
    await fallen.broker_killed()
    assert await fallen.state() == before
    assert await fallen.everything_told_is_on_its_topic_once()
    declared = {topic.name: topic.partitions for topic in topics.declared()}
    assert len(await partitions_of(fallen.record.broker.access(ADMIN), list(declared))) == sum(declared.values())


async def test_what_only_it_held_when_it_was_killed_is_heard(fallen: Fallen) -> None:
    leadtimes = fallen.the("leadtimes")
    leadtimes.send_signal(signal.SIGSTOP)
    case = fallen.contact()
    while (await fallen.fetch("intake", "SELECT count(*) FROM outbox_pending"))[0]:
        await asyncio.sleep(0.1)
    await fallen.broker_killed()
    fallen.rest()
    assert await fallen.fetch("leadtimes", f"SELECT count(*) FROM clock WHERE case_id = '{case}'") == [1]


@pytest.fixture
def to_be_replaced(tmp_path: Path) -> Iterator[Fallen]:
    """One for a test alone: the others of this file find Tansu."""
    fallen = Fallen(tmp_path)
    yield fallen
    fallen.street.remove()


@pytest.mark.needs_durable_broker
async def test_the_apache_kafka_that_follows_it_gets_what_was_only_in_memory(to_be_replaced: Fallen) -> None:
    fallen = to_be_replaced
    before = await fallen.state()
    fallen.street.stop()
    fallen.street = Street(fallen.record.folder, extra_env={"SLUSS_BROKER": "apache"})
    fallen.record = fallen.street.start()
    assert fallen.record.broker.kind == "apache"
    assert await fallen.state() == before
    assert await fallen.everything_told_is_on_its_topic_once()
    assert not tansu.mark(Places(fallen.record.folder)).exists()
    assert tansu.LOUDLY not in fallen.sluss("status")


@pytest.mark.parametrize(
    "why", [{"SLUSS_BROKER": "tansu"}, {"SLUSS_BROKER": "", "SLUSS_CACHE": "{empty}", "HTTPS_PROXY": "http://127.0.0.1:9"}]
)
def test_a_run_on_it_lists_what_it_did_not_run(why: dict[str, str], tmp_path: Path) -> None:
    asked = "tests/integration/shared/test_rewind.py::test_beyond_the_end_of_a_topic_that_was_made_anew_nothing_of_it_was_heard"
    env = {**os.environ, "SLUSS_KAFKA": "", **{name: value.format(empty=tmp_path) for name, value in why.items()}}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", asked], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout
    assert asked in done.stdout.partition("NOT RUN: Tansu stood in for Apache Kafka")[2].splitlines()
