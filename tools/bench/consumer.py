"""What leadtimes hears in a second, beside the tutorial's consumer and a bare loop: from Kafka to rows and offsets that are committed.

The service is the real one, its API, watchdog and checks with it. Each side is a fresh process in a fresh group at a topic that was
filled before; its pace is that between PostgreSQL's times of its first and its last commit. What is heard is a log's events, as an
import tells them; the facts of cases, from which clocks are made, are shown apart.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4, uuid5

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.catalogue import HISTORY_EVENTS, INTAKE_EVENTS, TOPICS
from contracts.envelope import Envelope, TimePrecision
from contracts.event import PublishedEvent
from contracts.intake import ApplicationReceivedV1, AssessmentStartedV1, DecisionMadeV1, FirstContactRegisteredV1
from deploy.kafka.topics import ADMIN
from deploy.local import services
from deploy.local.record import StreetRecord
from shared.migrate import migrate
from shared.postgres import Connection, Database
from tools.bench.children import ROOT, Child, rivals_python, running
from tools.bench.frame import Measured, Miscounted, Ratio, alternate, connect_admin, street
from tools.bench.rivals import tutorial_consumer
from tools.bench.sides import make_database, partitions_of, service, side_task
from tools.bench.task import Task
from tools.formats.event import LogEvent
from tools.history import History
from tools.survey import Codes, Survey

Told = Mapping[str, Sequence[Envelope]]
NAME: Final = "consumer"
LEADTIMES: Final = next(service for service in services.SERVICES if service.name == "leadtimes")
MIGRATIONS: Final = ROOT / "services" / "leadtimes" / "migrations"
EXAMPLES: Final = ROOT / "contracts" / "examples"
STEPS: Final[Sequence[type[PublishedEvent]]] = (FirstContactRegisteredV1, ApplicationReceivedV1, AssessmentStartedV1, DecisionMadeV1)
LOGGED: Final = 60_000
FACTS: Final = 12_000
TUTORIAL: Final = 1_500
TIMES_THE_TUTORIAL: Final = 30.0
OF_THE_LIMIT: Final = 0.75
PATIENCE_S: Final = 240.0
START: Final = datetime(2026, 1, 7, 8, tzinfo=UTC)
NAMES: Final = (("step", 27), ("unit", 12), ("person", 48))
TRACE: Final = 6  # events a case
COMMITS: Final = """
    SELECT coalesce(sum(n), 0)::bigint AS events, (array_agg(n ORDER BY at))[1] AS first_events,
           extract(epoch FROM max(at) - min(at))::float8 AS seconds
    FROM (SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS n FROM event GROUP BY at) AS batches
"""
EMPTY: Final = {"tutorial": "TRUNCATE event, inbox, case_state", "other": "TRUNCATE event, id_conflict, clock, log_progress"}


def _log() -> list[Envelope]:
    """A log of 60,000 events as its import tells them, in the order of time: cases lie side by side, as in life."""
    codes = activities, organisations, resources = Codes("a"), Codes("o"), Codes("r")
    events = []
    for row in range(LOGGED):
        turn, case = divmod(row, LOGGED // TRACE)
        names = [f"{kind} {(case * 7 + turn) % most}" for kind, most in NAMES]
        for code, name in zip(codes, names, strict=True):
            code.see(name)
        events.append(LogEvent(f"case-{case}", names[0], START + timedelta(seconds=29 * row), names[1], names[2], "complete", row))
    survey = Survey(uuid4(), "0" * 64, LOGGED, events[-1].time, activities, organisations, resources)
    return [*map(History(survey, b"bench", "0114").recorded, events)]


def _facts() -> list[Envelope]:
    """The facts of 3,000 cases, in the order of time; the bodies are the published examples."""
    bodies = [
        each.model_validate_json(json.dumps(json.loads((EXAMPLES / f"{each.event_type}.json").read_bytes())["data"])) for each in STEPS
    ]
    cases = [uuid4() for _ in range(FACTS // len(STEPS))]
    told = [(case, turn) for turn in range(len(STEPS)) for case in cases]
    return [_fact(case, turn + 1, START + timedelta(minutes=number), bodies[turn]) for number, (case, turn) in enumerate(told)]


def _fact(case: UUID, sequence: int, at: datetime, body: PublishedEvent) -> Envelope:
    return Envelope(
        id=uuid5(case, str(sequence)),
        source="/municipality/0114/intake",
        subject=case,
        time=at,
        recordedtime=at,
        partitionkey=case,
        sequence=sequence,
        correlationid=case,
        timeprecision=TimePrecision.INSTANT,
        data=body,
    )


async def fill(producer: AIOKafkaProducer, topic: str, told: Sequence[Envelope]) -> None:
    """Puts all of it on a topic and waits for every ack."""
    acks = []
    for envelope in told:
        headers, value = envelope.message()
        acks.append(await producer.send(topic, value, key=str(envelope.partitionkey).encode(), headers=headers))
    await asyncio.gather(*acks)


@dataclass(frozen=True)
class Ground:
    """The servers, a database a side, the topics filled."""

    record: StreetRecord
    admin: Connection
    rivals: Path
    databases: dict[str, Database]
    count: Mapping[str, int]

    def side(
        self, name: str, topic: str, run: Callable[[Task, ExitStack], Child], least: int | None = None
    ) -> Callable[[], Awaitable[Measured]]:
        """One round of a side: a fresh group at the beginning of `topic`, until all of it, or `least` events, are committed."""

        async def measure() -> Measured:
            db, wanted = self.databases[name], least or self.count[topic]
            await db.execute(EMPTY.get(name, EMPTY["other"]))
            await self.admin.execute("CHECKPOINT")
            told = replace(side_task(self.record, name), topic=topic, group=f"bench-{uuid4()}")
            await self._pass_by_other_topics(told)
            with ExitStack() as stack:
                child = run(told, stack)
                await self._until(child, db, 1)
                first_cpu, before = child.cpu_s(), await self._heard(db)
                await self._until(child, db, wanted)
                cpu, heard = child.cpu_s() - first_cpu, await self._heard(db)
                found = await db.fetchrow(COMMITS)
            if found is None or found["events"] < wanted or (least is None and found["events"] != wanted):
                raise Miscounted(f"{name}: {found and found['events']} of {wanted} events are kept")
            return {
                "events/s": (found["events"] - found["first_events"]) / found["seconds"],
                "µs CPU": 1e6 * cpu / max(1, heard - before),
            }

        return measure

    async def _pass_by_other_topics(self, told: Task) -> None:
        """Commits the ends of the other topics for the group, as if it had heard them."""
        consumer = AIOKafkaConsumer(**told.kafka.options(), group_id=told.group, enable_auto_commit=False)
        await consumer.start()
        try:
            others = partitions_of(*(topic for topic in TOPICS if topic != told.topic))
            consumer.assign(others)
            await consumer.commit(await consumer.end_offsets(others))
        finally:
            await consumer.stop()

    async def _heard(self, db: Database) -> int:
        return int(await db.fetchval("SELECT count(*) FROM event"))

    async def _until(self, child: Child, db: Database, events: int) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while (heard := await self._heard(db)) < events:
            child.cpu_s()  # raises when it has ended
            if time.monotonic() > give_up_at:
                raise Miscounted(f"{heard} of {events} events after {PATIENCE_S:.0f} s: see {child.log}")
            await asyncio.sleep(0.02 if events == 1 else 0.2)

    def rival(self, module: str) -> Callable[[Task, ExitStack], Child]:
        """A program beside which we are measured."""
        return lambda told, stack: stack.enter_context(running(self.rivals, f"tools.bench.rivals.{module}", told=told))

    def service(self, told: Task, stack: ExitStack) -> Child:
        """The service itself, with everything that it does beside hearing."""
        hearing = {"SLUSS_CONSUMER_GROUP": told.group, "SLUSS_CONSUMER_INSTANCE": told.group}
        return stack.enter_context(service(self.record, "leadtimes", told, hearing))


@asynccontextmanager
async def ground(record: StreetRecord, told: Told) -> AsyncIterator[Ground]:
    """The servers, ready to be measured on."""
    rivals, admin = await asyncio.to_thread(rivals_python), await connect_admin(record)
    databases: dict[str, Database] = {}
    producer = AIOKafkaProducer(**record.broker.access(ADMIN).options(), linger_ms=5)
    await producer.start()
    try:
        for topic, envelopes in told.items():
            await fill(producer, topic, envelopes)
        for side in ("tutorial", "raw", "leadtimes"):
            databases[side] = await make_database(record, admin, side)
            if side == "tutorial":
                await databases[side].execute(tutorial_consumer.TABLES)
            else:
                await migrate(databases[side], MIGRATIONS)
        yield Ground(record, admin, rivals, databases, {topic: len(envelopes) for topic, envelopes in told.items()})
    finally:
        await producer.stop()
        await admin.close()
        for db in databases.values():
            db.terminate()


async def _compare(record: StreetRecord, told: Told, rounds: int) -> list[Ratio]:
    async with ground(record, told) as on:
        kept = await alternate(
            rounds,
            {
                "tutorial": on.side("tutorial", HISTORY_EVENTS, on.rival("tutorial_consumer"), least=TUTORIAL),
                "raw": on.side("raw", HISTORY_EVENTS, on.rival("raw_consumer")),
                "leadtimes": on.side("leadtimes", HISTORY_EVENTS, on.service),
                "raw, facts": on.side("raw", INTAKE_EVENTS, on.rival("raw_consumer")),
                "leadtimes, facts": on.side("leadtimes", INTAKE_EVENTS, on.service),
            },
        )
    ours, facts = kept["leadtimes"], kept["leadtimes, facts"]
    return [
        Ratio(
            "a log's events heard / by a tutorial's consumer",
            "1/s",
            kept["tutorial"]["events/s"],
            ours["events/s"],
            at_least=TIMES_THE_TUTORIAL,
        ),
        Ratio("a log's events heard / by a bare loop", "1/s", kept["raw"]["events/s"], ours["events/s"], at_least=OF_THE_LIMIT, aim=True),
        Ratio("processor time of an event / of a bare loop", "µs", kept["raw"]["µs CPU"], ours["µs CPU"]),
        Ratio("facts heard and clocks made / kept only, by a bare loop", "1/s", kept["raw, facts"]["events/s"], facts["events/s"]),
    ]


def bench(rounds: int) -> list[Ratio]:
    """Five rounds take about five minutes. Raises Miscounted and Failed."""
    told = {HISTORY_EVENTS: _log(), INTAKE_EVENTS: _facts()}
    with street(services=()) as record:
        return asyncio.run(_compare(record, told, rounds))
