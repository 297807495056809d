"""A broker that loses its log (R7), on a street of these tests' own: everything is told again, and nothing has changed."""

import asyncio
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner

from deploy.kafka.prepare import prepare
from deploy.kafka.topics import ADMIN, declared
from deploy.local.places import Places
from deploy.local.processes import parts_of
from deploy.local.street import Street
from shared.postgres import connect_alone
from tests.browser.small_log import write_small_log
from tests.scenarios import Desk
from tests.street import BIRTH, read_topic, service_client
from tools.cli import sluss
from tools.clock import open_clock
from tools.histories import h7
from tools.history import History, send
from tools.mapping import Mapping
from tools.survey import LogFile, survey

TOPIC = "intake-events"
TOLD = "SELECT count(*) FROM outbox"
# What counts of leadtimes: everything that is kept but the moment of keeping it; and what would be an alarm.
TABLES = (
    "SELECT to_jsonb(event) - 'stored_at' FROM event ORDER BY event_id",
    "SELECT to_jsonb(clock) FROM clock ORDER BY case_id",
    "SELECT to_jsonb(id_conflict) FROM id_conflict",
    "SELECT to_jsonb(quarantine) FROM quarantine",
)
FIGURES = ("measures?as_of=2004-01-01&known_at=2004-01-01", "logs/small")
# The first test that asks waits for the whole street.
pytestmark = [pytest.mark.long, pytest.mark.needs_durable_broker, pytest.mark.timeout(600)]


class Own:
    """The street of these tests, with two cases of a client and a small log."""

    def __init__(self, street: Street, folder: Path) -> None:
        self.street, self.record = street, street.start()
        Desk(self.record).play([h7(2003)])
        self.sluss("import", str(write_small_log(folder / "small.xes")), "--name", "small")

    def sluss(self, *words: str) -> str:
        """What a command says, which must end with 0; in a thread, because it has an event loop of its own."""
        with ThreadPoolExecutor() as apart:
            done = apart.submit(CliRunner(env={"SLUSS_STREET": str(self.record.folder)}).invoke, sluss, words).result()
        assert done.exit_code == 0, done.output
        return done.stdout

    def rest(self) -> None:
        with open_clock(self.record) as clock:
            clock.rest()

    async def fetch(self, service: str, query: str) -> list[Any]:
        record = self.record.services[service]
        database = await connect_alone(record.database_url, record.password_file.read_text())
        rows = [row[0] for row in await database.fetch(query)]
        await database.close()
        return rows

    async def state(self) -> list[Any]:
        """Leadtimes' tables and figures, when all is told and heard."""
        self.rest()
        with service_client(self.record, "leadtimes", "leadtimes-reader") as leadtimes:
            figures = [leadtimes.get(f"/leadtimes/{each}").raise_for_status().json() for each in FIGURES]
        return [*[await self.fetch("leadtimes", each) for each in TABLES], *figures]

    def contact(self) -> str:
        """A first contact; answers the case."""
        with service_client(self.record, "intake", "intake-staff", "intake-decider") as intake:
            contact = {"happened": {"on": "2003-02-09"}, "channel": "phone"}
            answer = intake.post("/intake/cases", json=contact, headers={"idempotency-key": str(uuid4())})
        assert answer.is_success, answer.text
        return str(answer.json()["case_id"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    folder = tmp_path_factory.mktemp("lost-log")
    street = Street(folder / "street", simulation_start=BIRTH)
    try:
        yield Own(street, folder)
    finally:
        street.remove()


async def deleted(own: Own, topic: str = TOPIC) -> None:
    """The topic is gone and made anew while everybody runs."""
    admin = AIOKafkaAdminClient(**own.record.broker.access(ADMIN).options())
    await admin.start()
    await admin.delete_topics([topic])
    while topic in await admin.list_topics():
        await asyncio.sleep(0.1)
    await admin.close()
    await asyncio.to_thread(prepare, own.record.broker.access(ADMIN), declared(), {})


async def wiped(own: Own) -> None:
    """The broker comes back without any data: topics, records and offsets are gone."""
    own.street.stop()
    shutil.rmtree(Places(own.record.folder).kafka / "data-1")
    own.record = own.street.start()


@pytest.mark.parametrize("lose", [deleted, wiped])
async def test_after_republish_all_tables_and_figures_are_as_before_and_nothing_is_there_twice(
    own: Own, lose: Callable[[Own], Any]
) -> None:
    before = await own.state()
    await lose(own)
    said = own.sluss("republish", "--topic", TOPIC)
    [told] = await own.fetch("intake", TOLD)
    assert f"{TOPIC}: {told} events on the way again." in said
    assert await own.state() == before
    assert len(await read_topic(own.record.broker.access(ADMIN), TOPIC, told)) == told
    assert "0 differ" in own.sluss("verify")


async def test_what_nobody_had_heard_when_the_log_was_lost_is_heard(own: Own) -> None:
    own.rest()
    leadtimes = next(process for process, part in parts_of(own.record.folder).items() if part == "leadtimes")
    leadtimes.send_signal(signal.SIGSTOP)
    try:
        case = own.contact()
        while (await own.fetch("intake", "SELECT count(*) FROM outbox_pending"))[0]:
            await asyncio.sleep(0.1)
        await deleted(own)
    finally:
        leadtimes.send_signal(signal.SIGCONT)
    own.sluss("republish", "--topic", TOPIC)
    own.rest()
    assert await own.fetch("leadtimes", f"SELECT count(*) FROM clock WHERE case_id = '{case}'") == [1]


async def test_asked_twice_nothing_changes_but_the_topic(own: Own) -> None:
    before, [told] = await own.state(), await own.fetch("intake", TOLD)
    for _ in range(2):
        own.sluss("republish", "--topic", TOPIC)
    assert await own.state() == before
    keys = [each.key for each in await read_topic(own.record.broker.access(ADMIN), TOPIC, 2 * told)]
    assert len(keys) >= 2 * told


async def test_an_import_that_was_cut_short_goes_on_in_the_new_log(own: Own, tmp_path: Path) -> None:
    file = tmp_path / "cut-short.xes"
    write_small_log(file)
    file.write_text(file.read_text().replace("case ", "another "))
    found = survey(log := LogFile(file, Mapping(), None))
    history = History(found, own.record.history_secret_file.read_bytes(), "0114")
    with service_client(own.record, "leadtimes", "operator") as leadtimes:
        assert leadtimes.put("/leadtimes/logs/cut-short", json=found.document()).status_code == 201
    await send(own.record.broker.access(ADMIN), [history.recorded(event) for event in log.events("")][:7])
    own.rest()
    await deleted(own, "history-events")
    assert "history-events has no outbox" in own.sluss("republish", "--topic", "history-events")
    assert "is in: 21 events" in own.sluss("import", str(file), "--name", "cut-short")
