"""`sluss status`: what of a street runs, where, and how it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import click
import httpx

from deploy.local.failures import Exit, NothingRuns
from deploy.local.places import chosen_street
from deploy.local.processes import parts_of
from deploy.local.record import ServiceRecord, StreetRecord, read_record
from deploy.local.tansu import LOUDLY
from tools.figures import format_option, print_columns, print_csv, print_json
from tools.quality import show_quality

PATIENCE_S: Final = 10.0
# What a service reports of itself that belongs in the table: its name there -> for people.
FIGURES: Final = {
    "outbox_pending": "outbox",
    "lag": "lag",
    "parked": "parked",
    "quarantined": "quarantined",
    "conflicts": "conflicts",
    "incomplete": "incomplete",
}


@dataclass(frozen=True)
class Shown:
    """A part of the street. `figures` are those that it has; `reasons` say what is wrong."""

    part: str
    kind: str
    where: str
    healthy: bool
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


def look(record: StreetRecord) -> list[Shown]:
    """Every part, as it is now. Our own servers are judged by their processes, the services by their own health."""
    running = set(parts_of(record.folder).values())
    nodes = record.broker.bootstrap.split(",") if record.broker.kind != "own" else [record.broker.bootstrap]
    names = ["kafka"] if len(nodes) == 1 else [f"kafka-{number}" for number in range(1, len(nodes) + 1)]
    servers = [_server("postgres", record.postgres.kind, record.postgres.address, running)]
    servers += [_server(name, record.broker.kind, node, running) for name, node in zip(names, nodes, strict=True)]
    return [*servers, *(_service(name, service) for name, service in record.services.items())]


def _server(part: str, kind: str, where: str, running: set[str]) -> Shown:
    """One of our own, by its process; somebody else's server is vouched for by the services that need it."""
    healthy = kind in ("own", "docker") or part in running
    return Shown(part, kind, where, healthy, () if healthy else ("not running",))


def _service(name: str, service: ServiceRecord) -> Shown:
    try:
        report = httpx.get(f"{service.ops}/health", timeout=PATIENCE_S, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return Shown(name, "service", service.url, False, ("does not answer",))
    figures = {key: report[key] for key in FIGURES if key in report}
    return Shown(name, "service", service.url, report["healthy"], tuple(report["reasons"]), figures)


@click.command()
@click.option("--quality", is_flag=True, help="How facts were registered instead: late, corrected, as duplicates.")
@format_option
def status(quality: bool, shown_as: str) -> None:
    """Show what of the street runs, where, and how it is.

    \b
    Of a service: facts told and not at the broker yet (outbox), records at the broker and not heard yet (lag),
    events that wait for an earlier one (parked), records that could not be read (quarantined),
    events that came with a known id and other content, or under the number of another (conflicts), and cases that miss an event
    (incomplete).
    A dash: the service has no such thing. What to do about each: docs/operations.md.
    Exit codes: 0 every part is healthy, 1 one is not, 3 nothing runs.
    """
    folder = chosen_street()
    try:
        record = read_record(folder)
    except NothingRuns as nothing:
        left = parts_of(folder)
        if not left:
            _nothing(shown_as, str(nothing))
            raise click.exceptions.Exit(Exit.NOTHING_RUNS) from None
        names = ", ".join(sorted(set(left.values())))
        _nothing(shown_as, f"No street is ready in {folder}, but parts of one run: {names}. If nobody starts it now: make down")
        raise click.exceptions.Exit(Exit.NOT_HEALTHY) from None
    if quality:
        show_quality(record, shown_as)
        return
    parts = look(record)
    healthy = all(part.healthy for part in parts)
    if shown_as == "json":
        broker = {"broker": record.broker.kind, "broker_in_memory": record.broker.in_memory}
        print_json({"street": str(record.folder), **broker, "healthy": healthy, "parts": [_as_json(part) for part in parts]})
    elif shown_as == "csv":
        print_csv([_as_json(part) for part in parts])
    else:
        _print(record, parts)
    raise click.exceptions.Exit(Exit.HEALTHY if healthy else Exit.NOT_HEALTHY)


def _nothing(shown_as: str, text: str) -> None:
    if shown_as == "json":
        print_json({"street": str(chosen_street()), "healthy": False, "parts": []})
    click.echo(text, err=True)


def _as_json(part: Shown) -> dict[str, Any]:
    return {"part": part.part, "kind": part.kind, "where": part.where, "healthy": part.healthy, "reasons": part.reasons, **part.figures}


def _print(record: StreetRecord, parts: list[Shown]) -> None:
    rows = [
        [
            part.part,
            part.kind,
            part.where,
            "healthy" if part.healthy else ", ".join(part.reasons),
            *(_figure(part.figures.get(key)) for key in FIGURES),
        ]
        for part in parts
    ]
    print_columns(["part", "kind", "where", "state", *FIGURES.values()], rows, left=4)
    if record.broker.in_memory:
        click.echo(LOUDLY)
    watched_by = f"launcher {record.launcher.pid}" if record.launcher else "watched by Docker (docker compose ps)"
    click.echo(f"{watched_by}, folder {record.folder}")


def _figure(value: Any) -> str:
    return "-" if value is None else f"{value:,.0f}"
