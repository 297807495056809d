"""leadtimes killed ten times while the largest log is imported, on a street of the test's own: the figures are the same to the byte."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.local.places import ROOT
from deploy.local.processes import parts_of
from deploy.local.record import StreetRecord
from deploy.local.street import Street
from shared.postgres import Database, connect
from tests.shared_data import shared_file
from tools.cli import sluss

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
LOG, EVENTS, DEATHS = "logs/bpic2020_InternationalDeclarations.csv.gz", 70_727, 10
FROM_TO = ("--from", "Permit SUBMITTED by EMPLOYEE", "--to", "Payment Handled", "--competing", "Declaration REJECTED by EMPLOYEE")
STORED = "SELECT count(*) FROM event"
ALARMS = "SELECT (SELECT count(*) FROM id_conflict) + (SELECT count(*) FROM quarantine)"


async def said(record: StreetRecord, *words: str) -> str:
    """What a command prints; in a thread, because it has an event loop of its own."""
    result = await asyncio.to_thread(CliRunner(env={"SLUSS_STREET": str(record.folder)}).invoke, sluss, words)
    assert result.exit_code == 0, result.output
    return result.stdout


async def figures(record: StreetRecord) -> str:
    asked = (("waits", "largest", *FROM_TO), ("log-stats", "largest"), ("logs",))
    return "".join([await said(record, *words, "--format", "json") for words in asked])


async def test_the_largest_log_is_the_same_after_leadtimes_died_ten_times_while_it_came_in(tmp_path: Path) -> None:
    file, street = str(shared_file(LOG)), Street(tmp_path / "street")
    try:
        record = await asyncio.to_thread(street.start)
        await said(record, "import", file, "--name", "largest")
        expected = await figures(record)
        await said(record, "forget", "largest", "--yes")
        leadtimes = record.services["leadtimes"]
        db = await connect(leadtimes.database_url, leadtimes.password_file.read_text(), size=1)
        assert await db.fetchval(STORED) == 0
        env = {**os.environ, "SLUSS_STREET": str(record.folder)}
        words = ("-m", "tools.cli", "import", file, "--name", "largest", "--no-list")
        importing = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=env)
        stored_at_death = [await killed_after(record, db, death * EVENTS // (DEATHS + 2)) for death in range(1, DEATHS + 1)]
        assert await importing.wait() == 0
        assert await figures(record) == expected
        assert stored_at_death == sorted(stored_at_death)
        assert stored_at_death[-1] < EVENTS, "the last death, too, was in the middle"
        assert await db.fetchval(ALARMS) == 0
        await db.close()
    finally:
        await asyncio.to_thread(street.remove)


async def killed_after(record: StreetRecord, db: Database, events: int) -> int:
    """Kills leadtimes once it has stored that many; answers how many it had."""
    while await db.fetchval(STORED) < events:
        await asyncio.sleep(0.02)
    [process] = [process for process, name in parts_of(record.folder).items() if name == "leadtimes"]
    process.send_signal(signal.SIGKILL)
    return int(await db.fetchval(STORED))
