"""A street of its own that loses its servers and its disks under load, one after the other: each time all must be well by itself."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from deploy.local import keys, postgres
from deploy.local.places import Places
from deploy.local.processes import parts_of
from deploy.local.record import StreetRecord
from deploy.local.street import Street
from shared.postgres import connect_alone
from tests.fault.ledger import Clients, opened
from tests.fault.machine import SmallDisk, may_mount, small_disk
from tests.fault.processes import quiet, well
from tests.street import token

PEOPLE, PAUSE_S = 3, 0.1
GONE_S, FULL_S = 10.0, 5.0
SIZES_MB = {"postgres": 256, "kafka": 160, "log": 16}
LINES = 12
# Writes to the log of writes alone, and begins another file of it.
NEXT_FILE = "SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 'full', 'full')"


@dataclass
class Ordeal:
    """A street, its small disks where there are any, the people at it, and who of them was put off in which outage."""

    record: StreetRecord
    disks: dict[str, SmallDisk]
    ledger: Path
    clients: Clients
    put_off: dict[str, list[httpx.Response]] = field(default_factory=dict)

    def ops(self) -> list[str]:
        """Where its services tell of their health."""
        return [service.ops for service in self.record.services.values()]

    def process(self, part: str) -> psutil.Process:
        """The process of a part of the street."""
        return next(process for process, name in parts_of(self.record.folder).items() if name == part)

    def last_words(self) -> list[str]:
        """The end of what each part has said, but for who was answered."""
        words = []
        for log in sorted(Places(self.record.folder).log("launcher").parent.glob("*.log")):
            said = [line for line in log.read_text(errors="replace").splitlines() if line and '"answered"' not in line]
            words += [f"{log.name}: {line}" for line in said[-LINES:]]
        return words

    async def endure(self, outage: "Outage") -> None:
        """The outage, and then all well by itself."""
        before = len(self.clients.put_off)
        await outage(self)
        await well(self.ledger, *self.ops())
        self.put_off[outage.__name__] = self.clients.put_off[before:]

    @asynccontextmanager
    async def nobody_watching(self) -> AsyncIterator[None]:
        """The launcher starts nothing again while the block runs."""
        launcher = psutil.Process(self.record.launcher.pid)
        launcher.suspend()
        try:
            yield
        finally:
            launcher.resume()


Outage = Callable[[Ordeal], Awaitable[None]]


async def postgres_stands_still(ordeal: Ordeal) -> None:
    """Every process of it, for ten seconds."""
    postmaster = ordeal.process("postgres")
    stopped = [postmaster, *postmaster.children(recursive=True)]
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    await asyncio.sleep(GONE_S)
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.resume()


async def postgres_is_stopped(ordeal: Ordeal) -> None:
    """Somebody stops it, and it is away for ten seconds."""
    async with ordeal.nobody_watching():
        await _end(ordeal.process("postgres"), signal.SIGINT)
        await asyncio.sleep(GONE_S)


async def kafka_is_killed(ordeal: Ordeal) -> None:
    """The launcher starts it again."""
    await _end(ordeal.process("kafka"), signal.SIGKILL)


async def both_servers_are_killed(ordeal: Ordeal) -> None:
    """PostgreSQL with its backends, as when the machine's memory ran out."""
    postmaster = ordeal.process("postgres")
    for process in [ordeal.process("kafka"), *postmaster.children(), postmaster]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


async def the_database_s_disk_is_full(ordeal: Ordeal) -> None:
    """First for rows, then also for the log of its writes, without which PostgreSQL ends."""
    ordeal.disks["postgres"].fill()
    await asyncio.sleep(FULL_S)
    with suppress(Exception):  # the server ends at one of them, before it answers
        for _ in range(5):
            await _as_administrator(ordeal.record, NEXT_FILE)
    await asyncio.sleep(FULL_S)
    ordeal.disks["postgres"].free()


async def the_broker_s_disk_is_full(ordeal: Ordeal) -> None:
    """Kafka cannot write its log, and ends."""
    ordeal.disks["kafka"].fill()
    await asyncio.sleep(FULL_S)
    ordeal.disks["kafka"].free()


async def the_logs_disk_is_full(ordeal: Ordeal) -> None:
    """People are served all the while, and a service that dies meanwhile is started again."""
    disk = ordeal.disks["log"]
    disk.fill(*disk.folder.glob("*.log"))
    await well(ordeal.ledger, *ordeal.ops())
    await _end(ordeal.process("intake"), signal.SIGKILL)
    await well(ordeal.ledger, *ordeal.ops())
    disk.free()


async def the_data_folders_are_read_only(ordeal: Ordeal) -> None:
    """Both servers are ended, find that they may not write when they are started again, and try until they may."""
    disks = [ordeal.disks["postgres"], ordeal.disks["kafka"]]
    async with ordeal.nobody_watching():
        for part, sign in (("postgres", signal.SIGINT), ("kafka", signal.SIGKILL)):
            await _end(ordeal.process(part), sign)
        for disk in disks:
            await asyncio.to_thread(disk.read_only, True)
    await asyncio.sleep(FULL_S)
    for disk in disks:
        await asyncio.to_thread(disk.read_only, False)


async def _end(process: psutil.Process, sign: signal.Signals) -> None:
    """Ends it and waits until it is gone. While the launcher stands still, its dead children stay as zombies."""
    process.send_signal(sign)
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.05)


async def _as_administrator(record: StreetRecord, sql: str) -> object:
    password = keys.password(Places(record.folder), postgres.ADMIN).read_text()
    connection = await connect_alone(f"postgresql://{postgres.ADMIN}@{record.postgres.address}/postgres", password)
    try:
        return await connection.fetchval(sql)
    finally:
        connection.terminate()


OF_SERVERS = (postgres_stands_still, postgres_is_stopped, kafka_is_killed, both_servers_are_killed)
OF_DISKS = (the_database_s_disk_is_full, the_broker_s_disk_is_full, the_logs_disk_is_full, the_data_folders_are_read_only)


@asynccontextmanager
async def ordeal(folder: Path) -> AsyncIterator[Ordeal]:
    """A street that has gone through every outage, those of disks where they can be mounted; it runs on until the end of the block."""
    street = Street(folder / "street")
    with ExitStack() as stack:
        stack.callback(street.remove)
        record = await asyncio.to_thread(street.start)
        disks: dict[str, SmallDisk] = {}
        if may_mount():
            lies = {
                "postgres": Path(str(await _as_administrator(record, "SHOW data_directory"))),
                "kafka": Places(record.folder).kafka / "data-1",
                "log": Places(record.folder).log("launcher").parent,
            }
            await asyncio.to_thread(street.stop)
            disks = {name: stack.enter_context(small_disk(lies[name], size)) for name, size in SIZES_MB.items()}
            record = await asyncio.to_thread(street.start)
        stack.callback(street.stop)
        with opened(folder / "ledger.jsonl") as ledger:
            clients = Clients(record.services["intake"].url, token(record, "intake-staff", "intake-decider"), ledger, pause_s=PAUSE_S)
            made = Ordeal(record, disks, folder / "ledger.jsonl", clients)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(clients.work(PEOPLE))
                    await well(made.ledger, *made.ops())
                    for outage in (*OF_SERVERS, *(OF_DISKS if disks else ())):
                        await made.endure(outage)
                    clients.enough.set()
            except BaseException as error:
                error.add_note("\n".join(made.last_words()))
                raise
        await quiet(record.services["intake"].ops, "outbox_pending", "timers_due")
        await quiet(record.services["leadtimes"].ops, "lag")
        yield made
