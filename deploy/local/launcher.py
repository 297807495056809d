"""The launcher of one street: starts PostgreSQL, Apache Kafka (or what stands in) and the services, watches them, and stops them all.

Started by street.py. It reports on its standard output, a JSON line at a time, until it is ready; attached, it stops
when its standard input closes, which a starter's death does too, however it dies.
"""

import asyncio
import fcntl
import functools
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psutil

from deploy.kafka import topics
from deploy.local import databases, kafka, keys, postgres, services, tansu
from deploy.local.failures import AlreadyRuns, JarsOutOfReach, StreetFailure, WrongSetting, no_use
from deploy.local.order import Order
from deploy.local.part import Part, Watched, child_env, note
from deploy.local.places import ROOT, Places
from deploy.local.ports import choose
from deploy.local.processes import end_leftovers
from deploy.local.record import (
    APACHE,
    TANSU,
    BrokerRecord,
    LauncherRecord,
    PostgresRecord,
    ServiceRecord,
    StreetRecord,
    TokenRecord,
    write_record,
)

Say = Callable[[str], None]
HASTE_S = 5.0  # for services whose broker is gone: nothing that was promised rests on their stopping in peace
TRIES, TRY_AGAIN_S = 12, 5.0


class Launcher:
    """One run of one street."""

    def __init__(self, order: Order, say: Say) -> None:
        self._order, self._say = order, say
        self._places = Places(Path(order.folder))
        self._services = [one for one in services.SERVICES if one.name in order.services]
        self._servers: list[Watched] = []
        self._running: list[Watched] = []
        self._is_up = False

    async def start(self) -> None:
        """Brings everything up, healthy, and writes street.json. Raises StreetFailure."""
        names = ["postgres", *kafka.port_names(_kafka_nodes(self._places))]
        names += [name for service in self._services for name in (service.name, f"{service.name}-ops")]
        ports = choose(self._places, names)
        async with asyncio.TaskGroup() as group:
            database = group.create_task(self._postgres(ports["postgres"]))
            broker = group.create_task(self._kafka(kafka.nodes_at(ports)))
        simulated_from = datetime.fromisoformat(self._order.simulated_from) if self._order.simulated_from else None
        servers = services.Servers(database.result().address, broker.result())
        told = {one: services.environment(one, self._places, servers, ports, simulated_from) for one in self._services}
        self._say("starting " + ", ".join(one.name for one in self._services) if told else "no services asked for")
        async with asyncio.TaskGroup() as group:
            for one, env in told.items():
                group.create_task(self._watch(services.part(one, self._places, env), self._running))
        write_record(self._record(database.result(), broker.result(), told))
        await self._pay_what_memory_lost(broker.result())
        self._is_up = True

    async def _postgres(self, port: int) -> PostgresRecord:
        """Ours, or the administrator's address in SLUSS_POSTGRES; then every service's database and role."""
        passwords = {role: keys.password(self._places, role).read_text() for one in self._services for role in one.roles}
        own = os.environ.get("SLUSS_POSTGRES")
        if own:
            place = urlsplit(own)
            try:
                await databases.make_databases(own, None, passwords)
            except Exception as error:
                raise StreetFailure(f"The server that SLUSS_POSTGRES names cannot be used ({type(error).__name__}).") from error
            return PostgresRecord("own", f"{place.hostname}:{place.port or 5432}")
        self._say("starting PostgreSQL")
        await self._watch(await asyncio.to_thread(postgres.part, self._places, port), self._servers)
        admin = keys.password(self._places, postgres.ADMIN).read_text()
        await databases.make_databases(postgres.admin_url(port), admin, passwords)
        return PostgresRecord("embedded", f"127.0.0.1:{port}")

    async def _kafka(self, nodes: Sequence[kafka.Node]) -> BrokerRecord:
        """Ours, or the broker that SLUSS_KAFKA names; then topics, users and access rules."""
        own, secrets = os.environ.get("SLUSS_KAFKA"), os.environ.get("SLUSS_KAFKA_SECRETS")
        if own:
            broker = BrokerRecord("own", own, Path(secrets).absolute() if secrets else None)
            await asyncio.to_thread(_prepare, broker)
            return broker
        broker, parts = await asyncio.to_thread(self._broker, nodes)
        around_deaths = (self._before_return, functools.partial(self._after_return, broker)) if broker.in_memory else ()
        await asyncio.gather(*(self._watch(part, self._servers, *around_deaths) for part in parts))
        await asyncio.to_thread(_prepare, broker)
        return broker

    def _broker(self, nodes: Sequence[kafka.Node]) -> tuple[BrokerRecord, list[Part]]:
        """Apache Kafka; Tansu when SLUSS_BROKER asks for it, or when the jars are out of reach and SLUSS_BROKER does not insist.

        Raises JarsOutOfReach, and WrongChecksum whatever is asked for: that is no reason to fall back.
        """
        chosen = os.environ.get("SLUSS_BROKER")
        if chosen != TANSU:
            for user in (topics.ADMIN, *topics.users(topics.declared())):
                keys.kafka_password(self._places, user)
            self._say("starting Apache Kafka" if len(nodes) == 1 else f"starting Apache Kafka, {len(nodes)} nodes")
            try:
                return BrokerRecord(APACHE, kafka.bootstrap(nodes), self._places.secret("")), kafka.parts(self._places, nodes, self._say)
            except JarsOutOfReach as failure:
                if chosen == APACHE:
                    raise
                self._say(str(failure))
        self._say(tansu.LOUDLY)
        return BrokerRecord(TANSU, kafka.bootstrap(nodes[:1]), None), [tansu.part(self._places, nodes[0].broker)]

    async def _pay_what_memory_lost(self, broker: BrokerRecord) -> None:
        """Also a broker that keeps its log is owed what the last one on this street held in memory only."""
        mark = tansu.mark(self._places)
        if broker.in_memory:
            mark.touch()
        if mark.exists():
            await self._send_all_again()
        if not broker.in_memory:
            mark.unlink(missing_ok=True)

    async def _before_return(self) -> None:
        """The services end before the broker begins anew: it would make every topic that one asks for, with partitions as it likes."""
        if self._is_up:
            note("the broker kept everything in memory: the services are started anew, and all is sent again")
            await asyncio.gather(*(watched.stop(HASTE_S) for watched in self._running))

    async def _after_return(self, broker: BrokerRecord) -> None:
        """The topics again, the services, and everything that they tell."""
        if not self._is_up:
            return
        try:
            await asyncio.to_thread(_prepare, broker)
            await asyncio.gather(*(watched.start() for watched in self._running), return_exceptions=True)  # they are tried on and on
            await self._send_all_again()
        except StreetFailure as failure:
            note("after the broker's return", failed=str(failure))

    async def _send_all_again(self) -> None:
        """`sluss republish` for every topic that a service of this street tells on. Raises StreetFailure."""
        for topic in topics.declared():
            if topic.producer in self._order.services:
                for _ in range(TRIES):
                    if not await self._republish(topic.name):
                        break
                    await asyncio.sleep(TRY_AGAIN_S)
                else:
                    raise StreetFailure(f"What was told on {topic.name} could not be sent again: see {self._places.log('republish')}")

    async def _republish(self, topic: str) -> int:
        env = {"SLUSS_STREET": self._order.folder, "PYTHONPATH": str(ROOT)}
        with self._places.log("republish").open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tools.cli", "republish", "--topic", topic),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env=child_env(self._places, "republish", env),
            )
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()

    async def _watch(self, part: Part, among: list[Watched], *around_deaths: Callable[[], Awaitable[None]]) -> None:
        watched = Watched(part, self._places, *around_deaths)
        among.append(watched)
        await watched.start()

    def _record(self, database: PostgresRecord, broker: BrokerRecord, told: dict[services.Service, dict[str, str]]) -> StreetRecord:
        private, _ = keys.token_keys(self._places)
        own = psutil.Process()
        return StreetRecord(
            folder=self._places.folder,
            broker=broker,
            postgres=database,
            services={one.name: _service_record(env) for one, env in told.items()},
            tokens=TokenRecord(private, keys.ISSUER, keys.AUDIENCE),
            history_secret_file=keys.history_secret(self._places),
            launcher=LauncherRecord(own.pid, own.create_time()),
            simulation=True,
        )

    async def stop(self) -> None:
        """Services first, so that they can still end what they have in hand; then the servers."""
        self._places.record.unlink(missing_ok=True)
        self._is_up = False
        for parts in (self._running, self._servers, self._running):  # once more: a broker's return may have started one meanwhile
            await asyncio.gather(*(watched.stop() for watched in parts))


def _service_record(env: dict[str, str]) -> ServiceRecord:
    return ServiceRecord(
        url=f"http://127.0.0.1:{env['SLUSS_HTTP_PORT']}",
        ops=f"http://127.0.0.1:{env['SLUSS_OPS_PORT']}",
        database_url=env["SLUSS_DATABASE_URL"],
        password_file=Path(env["SLUSS_DATABASE_PASSWORD_FILE"]),
    )


def _prepare(broker: BrokerRecord) -> None:
    from deploy.kafka.prepare import NotPrepared, prepare  # here: its client costs a sixth of a second, while the broker starts

    declared = topics.declared()
    try:
        prepare(broker.access(topics.ADMIN), declared, topics.passwords(broker.secrets, declared) if broker.secrets else {})
    except NotPrepared as refused:
        raise StreetFailure(str(refused)) from refused
    except OSError as error:
        raise WrongSetting(f"SLUSS_KAFKA_SECRETS must hold NAME.kafka-password of every user: {error}") from error


def _kafka_nodes(places: Places) -> int:
    """As many as SLUSS_KAFKA_NODES says; without it as many as this street was made with."""
    made = len(list(places.kafka.glob("data-*")))
    told = os.environ.get("SLUSS_KAFKA_NODES") or str(made or 1)
    if told not in ("1", "3"):
        raise WrongSetting("SLUSS_KAFKA_NODES can only be 1 or 3.")
    if made and made != int(told):
        raise WrongSetting(f"This street was made with {made} Kafka nodes, not {told}: name another folder as SLUSS_STREET, or make clean.")
    return int(told)


def _lock(places: Places) -> IO[bytes]:
    """Takes the street for as long as the answer is open."""
    held = places.lock.open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRuns(f"A launcher already runs this street ({places.folder}). See: ./sluss status; stop it with: make down") from None
    return held


def _check_settings() -> None:
    if os.environ.get("SLUSS_BROKER", "") not in ("", APACHE, TANSU):
        raise WrongSetting("SLUSS_BROKER can only be apache or tansu; SLUSS_KAFKA names a broker of your own.")


async def _until_stopped(order: Order, starting: Awaitable[None], ready: Callable[[], None]) -> None:
    """Runs `starting`, then waits for SIGTERM, SIGINT or, attached, the end of standard input; these also break off the start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if order.attached:
        loop.add_reader(sys.stdin, stop.set)
    stopped = asyncio.ensure_future(stop.wait())
    start = asyncio.ensure_future(starting)
    await asyncio.wait([start, stopped], return_when=asyncio.FIRST_COMPLETED)
    if start.done():
        start.result()
        ready()
        await stopped
    else:
        start.cancel()
        await asyncio.wait([start])


async def run(order: Order, report: Callable[..., None]) -> int:
    """A street's whole life; answers the exit code."""
    places = Places(Path(order.folder))
    launcher = Launcher(order, lambda text: report(says=text))
    failures: list[StreetFailure] = []
    try:
        places.make()
        _check_settings()
        with _lock(places):
            try:
                left = await asyncio.to_thread(end_leftovers, places.folder)
                if left:
                    report(says=f"ended {left} processes that a killed launcher had left behind")
                await _until_stopped(order, launcher.start(), lambda: report(ready=True))
            finally:
                await launcher.stop()
    except* (StreetFailure, OSError) as group:
        failures = [one if isinstance(one, StreetFailure) else no_use(places.folder, one) for one in _each(group)]
    for failure in failures[:1]:
        report(failed=str(failure), kind=type(failure).__name__)
        return failure.exit
    return 0


def _each(group: BaseExceptionGroup[StreetFailure | OSError]) -> Iterator[StreetFailure | OSError]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _each(one)
        else:
            yield one


def main() -> int:
    """`python -m deploy.local.launcher ORDER`."""
    order = Order(**json.loads(sys.argv[1]))
    reports = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # the starter opened the launcher's log as standard error

    def report(**words: object) -> None:
        note("report", **words)
        try:
            print(json.dumps(words), file=reports)
            if "ready" in words:
                reports.close()
        except (OSError, ValueError):
            pass  # the starter no longer listens

    return asyncio.run(run(order, report))


if __name__ == "__main__":
    sys.exit(main())
