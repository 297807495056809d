"""However a log's records arrive, and however often its import dies, the waits are the same to the last byte."""

import asyncio
import csv
import gzip
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from contracts.catalogue import HISTORY_EVENTS
from contracts.envelope import Envelope
from deploy.kafka.topics import ADMIN
from deploy.local.places import ROOT
from deploy.local.record import StreetRecord
from tests.integration.tools.conftest import Sluss
from tests.shared_data import shared_file
from tests.street import partitions_of, service_client
from tools.history import History, send
from tools.import_log import told
from tools.mapping import Mapping
from tools.survey import LogFile, survey

RECEIPT, WITH_TIES = "receipt", "roadtraffic100"
FROM_TO = {
    RECEIPT: ("Confirmation of receipt", "T05 Print and send confirmation of receipt", "T10 Determine necessity to stop indication"),
    WITH_TIES: ("Create Fine", "Payment", "Send for Credit Collection"),
}
EVENTS = 8577
DEATHS = (500, 1000, 1500, 2000)
"""After at least so many records an import dies."""


async def figures(run: Sluss, name: str, log: str = RECEIPT) -> bytes:
    """What two commands say of a log, as JSON, to the byte."""
    start, end, other = FROM_TO[log]
    waits = ("waits", name, "--from", start, "--to", end, "--competing", other)
    said = [await run(*asked, "--format", "json") for asked in (waits, ("log-stats", name))]
    assert [each.exit_code for each in said] == [0, 0], said[0].output
    return b"".join(each.stdout_bytes for each in said)


async def undisturbed(run: Sluss, name: str, file: Path, log: str = RECEIPT) -> bytes:
    """The figures of the log as it is imported from its file; afterwards it is forgotten."""
    imported = await run("import", str(file), "--name", name)
    assert imported.exit_code == 0, imported.output
    found = await figures(run, name, log)
    assert (await run("forget", name, "--yes")).exit_code == 0
    return found


def of_our_own(folder: Path, log: str = RECEIPT, order: Callable[[list[list[str]]], None] = lambda rows: None) -> Path:
    """A log's rows in another order, with cases that no other test has imported."""
    with gzip.open(shared_file(f"logs/{log}.csv.gz"), "rt", encoding="utf-8") as text:
        columns, *rows = csv.reader(text)
    order(rows)
    file, out, ours = folder / f"{uuid4().hex}.csv", io.StringIO(), uuid4().hex
    csv.writer(out).writerows([columns, *([ours + case, *rest] for case, *rest in rows)])
    file.write_text(out.getvalue(), encoding="utf-8")
    return file


async def test_records_shuffled_and_every_third_twice_give_the_same_figures(run: Sluss, street: StreetRecord, tmp_path: Path) -> None:
    name, file = f"log-{uuid4().hex}", of_our_own(tmp_path)
    expected = await undisturbed(run, name, file)
    log = LogFile(file, Mapping(), None)
    found = survey(log)
    records: list[Envelope] = list(told(History(found, street.history_secret_file.read_bytes(), "0114"), log, found))
    records += records[::3]
    Random(5).shuffle(records)
    with service_client(street, "leadtimes", "operator") as leadtimes:
        assert leadtimes.put(f"/leadtimes/logs/{name}", json=found.document()).status_code == 201
        await send(street.broker.access(ADMIN), records)
        while leadtimes.get(f"/leadtimes/logs/{name}").json()["state"] != "complete":
            await asyncio.sleep(0.1)
    assert await figures(run, name) == expected


async def test_a_shuffled_file_that_numbers_its_rows_gives_the_same_figures(run: Sluss, tmp_path: Path) -> None:
    name = f"log-{uuid4().hex}"
    expected = await undisturbed(run, name, of_our_own(tmp_path, WITH_TIES), WITH_TIES)
    shuffled = of_our_own(tmp_path, WITH_TIES, Random(7).shuffle)
    assert await undisturbed(run, name, shuffled, WITH_TIES) == expected, "12 of its events have the time of another of their case"


@pytest.mark.long
async def test_an_import_that_is_killed_four_times_gives_the_same_figures(run: Sluss, street: StreetRecord, tmp_path: Path) -> None:
    name, file = f"log-{uuid4().hex}", of_our_own(tmp_path)
    expected = await undisturbed(run, name, file)
    for death in DEATHS:
        assert death <= await sent_before_it_was_killed(street, file, name, death) < EVENTS
    imported = await run("import", str(file), "--name", name)
    assert imported.exit_code == 0, imported.output
    assert await figures(run, name) == expected


async def sent_before_it_was_killed(street: StreetRecord, file: Path, name: str, at: int) -> int:
    """How many records an import had put on the topic when SIGKILL took it, which was after at least `at`."""
    access = street.broker.access(ADMIN)
    consumer = AIOKafkaConsumer(**access.options())
    await consumer.start()
    partitions = await partitions_of(access, [HISTORY_EVENTS])

    async def records() -> int:
        return sum((await consumer.end_offsets(partitions)).values())

    before = await records()
    env = {**os.environ, "SLUSS_STREET": str(street.folder)}
    words = ("-m", "tools.cli", "import", str(file), "--name", name, "--no-list")
    importing = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=env)
    try:
        while importing.returncode is None and await records() < before + at:
            await asyncio.sleep(0.01)
        importing.kill()
        assert await importing.wait() == -signal.SIGKILL
        return await records() - before
    finally:
        await consumer.stop()
