"""Migrations, the simulated clock and timers on a real PostgreSQL."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.record import StreetRecord
from shared import log
from shared.clock import Backwards, SimulatedClock, local_date, local_midnight, open_clock, real_now
from shared.migrate import MigrationChanged, migrate
from shared.postgres import connect, connect_alone, is_transient, lock, transaction
from shared.timers import Sweeper, set_timer
from tests.street import CONTAINERS, House

END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture(autouse=True)
def logs_as_a_service_does() -> Iterator[None]:
    """Without this, structlog draws every traceback for a terminal, which takes longer than the work."""
    kept, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.start("test")
    yield
    logging.getLogger().handlers[:] = kept
    logging.getLogger().setLevel(level)


async def test_two_processes_that_start_at_once_apply_each_migration_once(empty_house: House, tmp_path: Path) -> None:
    (tmp_path / "0001_once.sql").write_text("CREATE TABLE once (n int); INSERT INTO once VALUES (1);")
    applied = await asyncio.gather(*(migrate(empty_house.db, tmp_path) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, max(map(len, applied))]
    assert await empty_house.db.fetchval("SELECT count(*) FROM once") == 1


async def test_a_migration_that_fails_leaves_nothing_behind(empty_house: House, tmp_path: Path) -> None:
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (n int);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE good (n int);")
    with pytest.raises(Exception, match="already exists"):
        await migrate(empty_house.db, tmp_path)
    assert await empty_house.db.fetchval("SELECT to_regclass('good')") is None


async def test_an_applied_migration_may_not_be_edited(empty_house: House, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (n int);")
    await migrate(empty_house.db, tmp_path)
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE b (n int);")
    with pytest.raises(MigrationChanged, match="0001_a"):
        await migrate(empty_house.db, tmp_path)


async def test_a_lock_on_an_identity_holds_before_any_row_exists(house: House) -> None:
    identity, inside, most = uuid4(), 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with transaction(house.db) as tx:
            await lock(tx, identity)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(8)))
    assert most == 1


async def test_the_simulated_clock_is_born_once_and_moves_forward_only(house: House) -> None:
    birth = datetime(2001, 1, 1, 8, tzinfo=UTC)
    settings = house.settings.model_copy(update={"simulation": True, "simulation_start": birth})
    clock = await open_clock(settings, house.db)
    assert isinstance(clock, SimulatedClock)
    assert birth <= await clock.now() < birth + timedelta(minutes=5)
    later = settings.model_copy(update={"simulation_start": datetime(2020, 1, 1, tzinfo=UTC)})
    assert await (await open_clock(later, house.db)).now() < birth + timedelta(minutes=5), "a second start does not move it"
    target = birth + timedelta(days=100)
    assert target <= await clock.move_to(target) < target + timedelta(minutes=5)
    with pytest.raises(Backwards):
        await clock.move_to(birth)


async def test_without_simulation_the_clock_is_real(house: House) -> None:
    clock = await open_clock(house.settings, house.db)
    assert abs(await clock.now() - real_now()) < timedelta(minutes=1)


def test_a_local_day_begins_at_its_own_offset() -> None:
    assert local_midnight(datetime(2026, 1, 5).date()).isoformat() == "2026-01-05T00:00:00+01:00"
    assert local_midnight(datetime(2026, 7, 1).date()).isoformat() == "2026-07-01T00:00:00+02:00"
    assert local_date(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)).isoformat() == "2026-07-01"


async def test_due_timers_fire_in_time_order_by_one_holder(house: House) -> None:
    now = real_now()
    streams = [uuid4() for _ in range(6)]
    fired: list[UUID] = []

    async def fire(stream: UUID, due_at: datetime) -> None:
        fired.append(stream)
        async with transaction(house.db) as tx:
            await set_timer(tx, stream, None)

    for hours, stream in enumerate(streams[:5]):
        async with transaction(house.db) as tx:
            await set_timer(tx, stream, now - timedelta(hours=10 - hours))
    async with transaction(house.db) as tx:
        await set_timer(tx, streams[5], now + timedelta(hours=1))

    stop = asyncio.Event()
    clock = await open_clock(house.settings, house.db)
    second = await connect(house.settings.database_url, house.settings.database_password)
    sweepers = [Sweeper(house.settings, db, clock, fire) for db in (house.db, second)]
    tasks = [asyncio.create_task(sweeper.run(stop)) for sweeper in sweepers]
    while await sweepers[0].due():
        await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*tasks)
    await second.close()
    assert fired == streams[:5]
    assert await sweepers[0].next_at() == now + timedelta(hours=1)


async def test_a_value_that_never_fits_is_no_fault_that_passes(house: House) -> None:
    for query, value in (("SELECT $1::int", 2**40), ("SELECT $1::text", "a\x00b"), ("SELECT $1::jsonb", {"a": "\x00"})):
        assert not is_transient(await fault_of(house.db.fetchval(query, value))), query


async def test_a_transaction_that_has_waited_too_long_asks_nothing_more_of_its_connection(house: House) -> None:
    with pytest.raises(TimeoutError):
        async with transaction(house.db) as tx:
            pid = tx.get_server_pid()
            await tx.execute("SELECT pg_sleep(60)", timeout=0.1)
    async with transaction(house.db) as tx:
        assert tx.get_server_pid() != pid


async def test_a_server_that_goes_away_is_a_fault_that_passes(house: House) -> None:
    connection = await connect_alone(house.settings.database_url, house.settings.database_password)
    assert is_transient(await fault_of(connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")))
    assert is_transient(await fault_of(connection.execute("SELECT 1")))


async def test_a_server_whose_last_words_have_come_and_whose_end_has_not_is_a_fault_that_passes(house: House) -> None:
    async with never_hanging_up(house.settings.database_url) as url:
        connection = await connect_alone(url, house.settings.database_password)
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        await house.db.execute("SELECT pg_terminate_backend($1, 5000)", pid)
        faults = [await fault_of(connection.fetchval("SELECT $1::int", 1)) for _ in range(3)]
        assert all(map(is_transient, faults)), faults
        connection.terminate()


@asynccontextmanager
async def never_hanging_up(url: str) -> AsyncIterator[str]:
    """An address that leads to the same server, but over which its client never learns that it is gone."""
    place = urlsplit(url)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65_536):
            writer.write(some)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection(place.hostname, place.port)
        await asyncio.gather(carry(reader, to_there), carry(there, writer))
        to_there.close()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    yield url.replace(f":{place.port}/", f":{server.sockets[0].getsockname()[1]}/")
    server.close()
    await server.wait_closed()


async def test_whatever_is_in_hand_when_connections_are_ended_is_a_fault_that_passes(house: House) -> None:
    faults: list[Exception] = []
    ended = asyncio.Event()

    async def work() -> None:
        while not ended.is_set():
            try:
                async with transaction(house.db) as tx:
                    await lock(tx, "the same")
                    await tx.execute("SELECT 1")
            except Exception as error:
                faults.append(error)

    killer = await connect_alone(house.settings.database_url, house.settings.database_password)
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(work())
        for _ in range(60):
            await asyncio.sleep(0.03)
            await killer.execute(END_OTHERS)
        ended.set()
    await killer.close()
    assert len(faults) > 60
    assert {type(fault).__name__ for fault in faults if not is_transient(fault)} == set()


async def fault_of(act: Awaitable[object]) -> Exception:
    """What it raises."""
    try:
        await act
    except Exception as error:
        return error
    raise AssertionError("it raised nothing")


async def test_a_timer_that_firing_does_not_move_and_more_than_a_batch_that_fail_hold_up_nobody(house: House) -> None:
    bad, still, good = [uuid4() for _ in range(150)], uuid4(), uuid4()
    fired: Counter[UUID] = Counter()

    async def fire(stream: UUID, due_at: datetime) -> None:
        fired[stream] += 1
        if stream in bad:
            raise RuntimeError("boom")
        if stream == good:
            async with transaction(house.db) as tx:
                await set_timer(tx, stream, None)

    async with transaction(house.db) as tx:
        for hours, stream in enumerate((good, still, *bad), start=1):
            await set_timer(tx, stream, real_now() - timedelta(hours=hours))
    stop = asyncio.Event()
    task = asyncio.create_task(Sweeper(house.settings, house.db, await open_clock(house.settings, house.db), fire).run(stop))
    async with asyncio.timeout(10):
        while not fired[good]:
            await asyncio.sleep(0.02)
    await asyncio.sleep(1.5)
    stop.set()
    await task
    assert fired[still] <= 4, "no hot loop"
    assert fired[bad[0]] <= 4
    assert fired[good] == 1


async def test_a_timer_that_fails_does_not_hold_up_the_others(house: House) -> None:
    bad, good, fired = uuid4(), uuid4(), asyncio.Event()

    async def fire(stream: UUID, due_at: datetime) -> None:
        if stream == bad:
            raise RuntimeError("boom")
        async with transaction(house.db) as tx:
            await set_timer(tx, stream, None)
        fired.set()

    for stream, hours in ((bad, 2), (good, 1)):
        async with transaction(house.db) as tx:
            await set_timer(tx, stream, real_now() - timedelta(hours=hours))
    stop = asyncio.Event()
    task = asyncio.create_task(Sweeper(house.settings, house.db, await open_clock(house.settings, house.db), fire).run(stop))
    await asyncio.wait_for(fired.wait(), 10)
    stop.set()
    await task
    assert await house.db.fetchval("SELECT stream FROM timer") == bad


@pytest.mark.skipif(CONTAINERS, reason="the server's log is in its container")
async def test_what_an_error_was_about_is_not_in_the_servers_log(house: House, street: StreetRecord) -> None:
    """PostgreSQL would write the statement, and of a broken rule the row, beside its message."""
    name, value = f"one_{uuid4().hex}", f"about somebody {uuid4()}"
    await house.db.execute(f"CREATE TABLE {name} (value text CONSTRAINT only_{name} UNIQUE)")
    await house.db.execute(f"INSERT INTO {name} VALUES ($1)", value)
    for wrong in (f"INSERT INTO {name} VALUES ($1)", f"INSERT INTO {name} VALUES ($1), ('{value}')"):
        with pytest.raises(asyncpg.UniqueViolationError):
            await house.db.execute(wrong, value)
    said = (street.folder / "log" / "postgres.log").read_text()
    assert f'unique constraint "only_{name}"' in said
    assert value not in said
