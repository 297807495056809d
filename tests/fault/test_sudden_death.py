"""SIGKILL at every crash point of the real services, three times each, under load: what was promised holds, once and in order."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

import services.intake.main
from deploy.local.record import StreetRecord
from services.leadtimes.handlers import verify
from shared.crash import CrashPoint
from shared.migrate import migrate
from shared.postgres import Database
from tests.fault.judge import disordered, doubled, invented, lost
from tests.fault.ledger import Outcome, those
from tests.fault.sweep import VISITS, Sweep, Swept, of
from tests.street import House, Servers
from tools.verify import compare

pytestmark = pytest.mark.timeout(400)  # the first test that asks waits for the whole sweep
PLACES = ["outboxes", "topic", *of("consumer")]
COLUMNS = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"


@pytest.fixture(scope="module")
async def swept(street: StreetRecord, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Swept]:
    async with Sweep(street, servers, tmp_path_factory.mktemp("sweep")).run() as swept:
        yield swept


# Those of the inbox are met by tests/fault/test_inbox_killed.py.
@pytest.mark.parametrize("point", [each for each in CrashPoint if not each.startswith("inbox.")])
def test_every_crash_point_kills_three_times(swept: Swept, point: CrashPoint) -> None:
    assert swept.hits[point] == len(VISITS) == 3


def test_the_load_was_real(swept: Swept) -> None:
    outcomes = Counter(each.outcome for each in swept.promised)
    assert outcomes[Outcome.OK] > 100
    assert outcomes[Outcome.FAILED] > 20
    assert outcomes[Outcome.UNKNOWN] > 0, "some were left in doubt for ever"
    assert sum(each.closes for each in those(swept.promised, Outcome.OK)) > 20
    assert swept.told_again > 0, "a relay that dies between ack and delete tells again: the others had something to drop"


@pytest.mark.parametrize("place", PLACES)
def test_nothing_promised_is_lost(swept: Swept, place: str) -> None:
    assert lost(swept.promised, swept.lying[place]) == []


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_applied_twice_and_nothing_refused_at_all(swept: Swept, place: str) -> None:
    assert doubled(swept.promised, swept.lying[place]) == []


@pytest.mark.parametrize("place", PLACES)
def test_order_within_a_case_holds(swept: Swept, place: str) -> None:
    assert disordered(swept.promised, swept.lying[place]) == []


@pytest.mark.parametrize("place", PLACES)
def test_every_place_holds_the_very_events_that_the_outboxes_keep_and_none_is_invented(swept: Swept, place: str) -> None:
    assert Counter(swept.lying[place]) == Counter(swept.lying["outboxes"])
    assert invented(swept.promised, swept.lying[place]) == []


async def test_intake_s_kept_events_fold_to_its_stored_state(swept: Swept) -> None:
    for house in swept.intakes.values():
        found = await compare(house.db)
        assert found.streams > 0
        assert found.differing == []


async def test_leadtimes_clocks_are_what_its_kept_events_give(swept: Swept) -> None:
    cases = {each.stream for each in swept.lying["outboxes"]}
    for house in swept.leadtimes.values():
        found = await verify(house.db)
        assert found.cases >= len(cases)
        assert found.differing == 0


@pytest.mark.parametrize("table", ["id_conflict", "quarantine"])
async def test_no_death_raises_a_false_alarm(swept: Swept, table: str) -> None:
    assert [await house.db.fetchval(f"SELECT count(*) FROM {table}") for house in swept.leadtimes.values()] == [0, 0, 0, 0]


def test_a_migration_that_dies_in_the_middle_leaves_the_database_as_it_was(swept: Swept) -> None:
    assert swept.tables_after_middle == [0, 0, 0]


async def test_migrations_that_died_end_where_undisturbed_ones_do(swept: Swept, empty_house: House) -> None:
    await migrate(empty_house.db, services.intake.main.MIGRATIONS)
    for house in swept.intakes.values():
        assert await migrate(house.db, services.intake.main.MIGRATIONS) == []
        assert await schema(house.db) == await schema(empty_house.db)


async def schema(db: Database) -> list[set[tuple[object, ...]]]:
    """What a database is made of."""
    return [{tuple(row) for row in await db.fetch(query)} for query in (COLUMNS, INDEXES)]
