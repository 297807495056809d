"""What a soak came to: the ledger held against every place, and the record of the run, as JSON."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.kafka.topics import ADMIN
from deploy.local.places import ROOT
from deploy.local.record import ServiceRecord, StreetRecord
from services.leadtimes.handlers import verify
from shared.postgres import Database, connect
from tests.fault.chaos import Hit
from tests.fault.judge import Event, astray, disordered, doubled, first_times, in_leadtimes, in_outbox, in_topic, invented, lost
from tests.fault.ledger import Outcome, Request, read
from tools.verify import compare

SHOWN: Final = 20
ALARMS: Final = ("quarantine", "id_conflict")


@dataclass
class Judged:
    """What the ledger, and `sluss verify`, say of the street. `breaches`: place -> kind -> one line each."""

    requests: Counter[str] = field(default_factory=Counter)
    closings: int = 0
    events: dict[str, int] = field(default_factory=dict)
    told_again: int = 0
    breaches: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    verified: dict[str, dict[str, int]] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=dict)

    def total(self, kind: str) -> int:
        """How many breaches of a kind there are; one that shows in several places is one."""
        return len({line for kinds in self.breaches.values() for line in kinds[kind]})

    def shown(self) -> list[str]:
        """The first breaches themselves. They name cases and marks, never people."""
        every = [(place, kind, line) for place, kinds in self.breaches.items() for kind, lines in kinds.items() for line in lines]
        return [f"{place}, {kind}: {line}" for place, kind, line in every[:SHOWN]]

    def troubles(self) -> list[str]:
        """All that is not as it was promised, a line each."""
        return [
            *(f"{place}: {len(lines)} {kind}" for place, kinds in self.breaches.items() for kind, lines in kinds.items() if lines),
            *(f"verify: {found['differing']} of {service} differ" for service, found in self.verified.items() if found["differing"]),
            *(f"{table} holds {rows} rows" for table, rows in self.alarms.items() if rows),
        ]


async def judge(record: StreetRecord, ledger: Path) -> Judged:
    """Reads the ledger, and then every place where events lie. The street must be calm."""
    intake, leadtimes = await _database(record.services["intake"]), await _database(record.services["leadtimes"])
    try:
        requests = read(ledger)
        promised = [each for each in requests if each.outcome is Outcome.OK]
        judged = Judged(Counter(each.outcome for each in requests), sum(each.closes for each in promised))
        kept = await in_outbox(intake)
        streams = {each.stream for each in kept}
        told = await in_topic(record.broker.access(ADMIN), streams)
        arrived = first_times(told)
        judged.told_again = len(told) - len(arrived)
        for place, events in (("outbox", kept), ("topic", arrived), ("leadtimes", await in_leadtimes(leadtimes, streams))):
            judged.events[place] = len(events)
            judged.breaches[place] = _breaches(requests, kept, events)
        intake_found, leadtimes_found = await compare(intake), await verify(leadtimes)
        judged.verified = {
            "intake": {"cases": intake_found.streams, "differing": len(intake_found.differing)},
            "leadtimes": {"cases": leadtimes_found.cases, "differing": leadtimes_found.differing},
        }
        judged.alarms = {table: await leadtimes.fetchval(f"SELECT count(*) FROM {table}") for table in ALARMS}
        return judged
    finally:
        intake.terminate()
        leadtimes.terminate()


def _breaches(requests: list[Request], kept: list[Event], events: list[Event]) -> dict[str, list[str]]:
    found = {question.__name__: question(requests, events) for question in (lost, doubled, disordered, invented)}
    return {**found, "astray": astray(kept, events)}


async def _database(service: ServiceRecord) -> Database:
    return await connect(service.database_url, service.password_file.read_text().strip(), size=2)


@dataclass(frozen=True)
class Soaked:
    """One run. `troubles`: whatever else was not as it should be; with what the judge found, the only reasons for a bad end."""

    began: str
    commit: str
    seed: int
    minutes: float
    broker: str
    kafka_nodes: int
    hits: list[Hit]
    answered: list[int]
    longest_stall_s: float
    longest_behind_s: float
    calm_after_s: float
    memory_mb: Mapping[str, tuple[int, int]]
    judged: Judged
    troubles: list[str]

    @property
    def all_troubles(self) -> list[str]:
        """Empty when every promise was kept and all ended calm."""
        return [*self.troubles, *self.judged.troubles()]

    def figures(self) -> dict[str, Any]:
        """The run as it is written down."""
        judged = self.judged
        return {
            "well": not self.all_troubles,
            "troubles": self.all_troubles,
            "began": self.began,
            "minutes": self.minutes,
            "seed": self.seed,
            "commit": self.commit,
            "broker": self.broker,
            "kafka_nodes": self.kafka_nodes,
            "hits": len(self.hits),
            "hits_by_part": by_part(self.hits),
            "sigterm_then_sigkill": sum(hit.killed_late for hit in self.hits),
            "requests": {outcome.value: judged.requests[outcome] for outcome in Outcome},
            "promised": judged.requests[Outcome.OK],
            "closings_by_timer": judged.closings,
            **{kind: judged.total(kind) for kind in ("lost", "doubled", "disordered", "invented", "astray")},
            "told_again": judged.told_again,
            "events": judged.events,
            "verify": judged.verified,
            "alarms": judged.alarms,
            "longest_stall_s": round(self.longest_stall_s, 1),
            "longest_behind_s": round(self.longest_behind_s, 1),
            "calm_after_s": round(self.calm_after_s, 1),
            "memory_mb": {part: {"start": start, "end": end} for part, (start, end) in self.memory_mb.items()},
            "breaches": judged.shown(),
            "answered_in_each_10_s": " ".join(map(str, self.answered)),
            "each_hit": [f"{hit.at_s:.1f} {hit.signal.name} {hit.part}" for hit in self.hits],
        }


def by_part(hits: Iterable[Hit]) -> dict[str, dict[str, int]]:
    """Part -> signal -> how often."""
    counted = Counter((hit.part, hit.signal.name) for hit in hits)
    parts = sorted({part for part, _ in counted})
    return {part: {name: times for (whose, name), times in sorted(counted.items()) if whose == part} for part in parts}


def commit() -> str:
    """The commit that this code is of, with a + when something is changed since; unknown without git."""
    try:
        return _git("rev-parse", "--short=12", "HEAD") + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*asked: str) -> str:
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), *asked], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def as_json(soaked: Soaked) -> str:
    """For machines, and for who compares two runs."""
    return json.dumps(soaked.figures(), indent=2) + "\n"
