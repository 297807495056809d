"""PostgreSQL and Kafka stopped, killed and out of disk under load, on a street of their own: all goes on by itself, nothing is lost."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from deploy.kafka.topics import ADMIN
from services.leadtimes.handlers import verify
from shared.postgres import Database, connect
from tests.fault import ordeal
from tests.fault.judge import Event, disordered, doubled, first_times, in_leadtimes, in_outbox, in_topic, invented, lost
from tests.fault.ledger import Outcome, Request, read
from tests.fault.machine import require_small_disks
from tests.fault.ordeal import OF_DISKS, OF_SERVERS, Ordeal, Outage
from tools.verify import compare

pytestmark = [pytest.mark.long, pytest.mark.timeout(500)]  # the first test that asks waits for all of them
PLACES = ["outbox", "topic", "leadtimes"]
# While the database is away or cannot write, people are asked to come again.
PUTTING_OFF = [
    ordeal.postgres_is_stopped,
    ordeal.both_servers_are_killed,
    ordeal.the_database_s_disk_is_full,
    ordeal.the_data_folders_are_read_only,
]


@pytest.fixture(scope="module")
async def endured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ordeal]:
    async with ordeal.ordeal(tmp_path_factory.mktemp("ordeal")) as made:
        yield made


@pytest.fixture(scope="module")
async def databases(endured: Ordeal) -> AsyncIterator[dict[str, Database]]:
    """Those of the two services."""
    services = endured.record.services.items()
    found = {name: await connect(service.database_url, service.password_file.read_text()) for name, service in services}
    yield found
    for each in found.values():
        await each.close()


@pytest.fixture(scope="module")
def promised(endured: Ordeal) -> list[Request]:
    return read(endured.ledger)


@pytest.fixture(scope="module")
async def lying(endured: Ordeal, databases: dict[str, Database]) -> dict[str, list[Event]]:
    """What lies in each place at the end."""
    outbox = await in_outbox(databases["intake"])
    streams = {each.stream for each in outbox}
    topic = first_times(await in_topic(endured.record.broker.access(ADMIN), streams))
    return {"outbox": outbox, "topic": topic, "leadtimes": await in_leadtimes(databases["leadtimes"], streams)}


@pytest.mark.parametrize("outage", [*OF_SERVERS, *OF_DISKS])
def test_all_was_well_again_by_itself_after(endured: Ordeal, outage: Outage) -> None:
    if outage not in OF_SERVERS:
        require_small_disks()
    assert outage.__name__ in endured.put_off


@pytest.mark.parametrize("outage", PUTTING_OFF)
def test_who_asked_meanwhile_was_told_to_come_again_and_when(endured: Ordeal, outage: Outage) -> None:
    if outage not in OF_SERVERS:
        require_small_disks()
    answers = endured.put_off[outage.__name__]
    assert answers
    for answer in answers:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:sluss:error:unavailable"


def test_the_load_was_real(promised: list[Request]) -> None:
    outcomes = Counter(each.outcome for each in promised)
    assert outcomes[Outcome.OK] > 100
    assert outcomes[Outcome.FAILED] > 20
    assert outcomes[Outcome.UNKNOWN] > 0


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_lost_doubled_disordered_or_invented(promised: list[Request], lying: dict[str, list[Event]], place: str) -> None:
    assert [breach for question in (lost, doubled, disordered, invented) for breach in question(promised, lying[place])] == []
    assert Counter(lying[place]) == Counter(lying["outbox"])


async def test_nothing_is_quarantined_or_in_conflict_and_all_kept_events_fold_to_what_is_stored(databases: dict[str, Database]) -> None:
    for table in ("quarantine", "id_conflict"):
        assert await databases["leadtimes"].fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await compare(databases["intake"])).differing == []
    assert (await verify(databases["leadtimes"])).differing == 0
