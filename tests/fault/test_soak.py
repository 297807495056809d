"""A short soak: every part dies, the street becomes calm by itself, and one promise that nobody could keep is found everywhere."""

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.places import ROOT
from deploy.local.street import Street
from tests.fault.chaos import BACKEND, TWO_AT_ONCE, Fault, plan
from tests.fault.ledger import Outcome, opened

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first test that asks waits for the whole run
PARTS = ["intake", "kafka", "leadtimes", "postgres", BACKEND]
MINUTES = 0.35


@dataclass(frozen=True)
class Ended:
    """How the command ended."""

    code: int
    said: str
    page: str
    result: dict[str, Any]


@pytest.fixture(scope="module")
async def ended(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ended]:
    """The command as a person gives it, but short; meanwhile somebody writes a promise into its ledger that nobody made."""
    out, folder = tmp_path_factory.mktemp("out"), ROOT / ".sluss" / f"tests-soak-{os.getpid()}"
    command = [
        sys.executable,
        "-m",
        "tests.fault.soak",
        "--minutes",
        str(MINUTES),
        "--seed",
        "1",
        "--out",
        str(out),
        "--street",
        str(folder),
    ]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        while not (ledger := folder / "ledger.jsonl").exists() and process.returncode is None:
            await asyncio.sleep(0.1)
        with opened(ledger) as planted:
            planted.write(uuid4(), Outcome.OK, uuid4(), closes=False)
        said, _ = await process.communicate()
        (page,), (result,) = out.glob("*.html"), out.glob("*.json")
        assert process.returncode is not None
        yield Ended(process.returncode, said.decode(), page.read_text(), json.loads(result.read_text()))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        Street(folder).remove()


def test_every_part_is_hit_while_clients_are_promised_things(ended: Ended) -> None:
    parts = set(ended.result["hits_by_part"])
    assert {"intake", "leadtimes", "postgres", BACKEND} < parts
    assert any(part.startswith("kafka") for part in parts)
    assert ended.result["promised"] > 1, "more than the planted one"
    assert ended.result["closings_by_timer"] > 0


def test_a_promise_that_was_not_kept_is_lost_in_every_place_and_the_command_says_so(ended: Ended) -> None:
    assert ended.code == 1
    assert ended.result["lost"] == 1
    assert ended.result["troubles"] == ["outbox: 1 lost", "topic: 1 lost", "leadtimes: 1 lost"]
    assert "leadtimes: 1 lost" in ended.said


def test_nothing_else_is_wrong(ended: Ended) -> None:
    assert [ended.result[kind] for kind in ("doubled", "disordered", "invented", "astray")] == [0, 0, 0, 0]
    assert ended.result["verify"]["intake"]["differing"] == ended.result["verify"]["leadtimes"]["differing"] == 0
    assert ended.result["verify"]["intake"]["cases"] > 0
    assert ended.result["alarms"] == {"quarantine": 0, "id_conflict": 0}


def test_the_page_stands_alone_and_says_what_the_result_says(ended: Ended) -> None:
    assert f"seed {ended.result['seed']}" in ended.page
    assert "topic: 1 lost" in ended.page
    assert "<svg" in ended.page
    assert "<script" not in ended.page
    assert "<link" not in ended.page


def test_a_plan_is_repeated_by_its_seed_and_hits_every_part_first() -> None:
    def first(seed: int) -> list[Fault]:
        return list(itertools.islice(plan(PARTS, seed), 1000))

    faults = first(1)
    assert faults == first(1) != first(2)
    assert sorted(fault.part for fault in faults[: len(PARTS)]) == sorted(PARTS)
    assert {(fault.part, fault.signal) for fault in faults} == set(
        itertools.product(PARTS, (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP))
    )
    together = sum(fault.after_s == 0 for fault in faults)
    assert 0 < together < 2 * TWO_AT_ONCE * len(faults)
