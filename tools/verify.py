"""`sluss verify`: the kept events, folded again, must give what is stored. Changes nothing."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

import click

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope, Unreadable, open_message
from deploy.local.record import ServiceRecord
from services.intake.translate import NotOurs, as_stored_now, fold
from shared.postgres import Database, Row, Transaction, connect, is_transient, transaction
from tools.api import LONG_PATIENCE_S, NotReachable, open_api, street
from tools.figures import with_unit

PAGE: Final = 500
SHOWN: Final = 10
BEFORE_ALL: Final = UUID(int=0)

NEXT_STREAMS = """
    SELECT stream FROM outbox WHERE topic = $1 AND stream > $2 UNION SELECT stream FROM state WHERE stream > $2 ORDER BY stream LIMIT $3
"""
KEPT = "SELECT stream, sequence, headers, payload FROM outbox WHERE topic = $1 AND stream = ANY($2::uuid[]) ORDER BY stream, sequence"
STORED = "SELECT stream, version, body FROM state WHERE stream = ANY($1::uuid[])"


@dataclass
class Found:
    """What the comparison of intake has come to."""

    streams: int = 0
    events: int = 0
    differing: list[UUID] = field(default_factory=list)


@click.command()
def verify() -> None:
    """Fold the kept events again and compare with what is stored.

    Of every case, in intake and in leadtimes; and count the events of every log. Changes nothing.

    \b
    Exit codes: 0 all the same, 1 something differs, 3 a service or its database does not answer.
    """
    record = street()
    same = _tell_of_intake(asyncio.run(_verify_intake(record.services["intake"])))
    with open_api(record, "leadtimes") as api:
        found = api.post("verify", patience_s=LONG_PATIENCE_S)
    click.echo(
        f"leadtimes: the clocks of {with_unit(found['cases'], 'case')} made anew from the events kept, {found['differing']:,} differ"
    )
    if found["miscounted_logs"]:
        click.echo(f"leadtimes: {with_unit(found['miscounted_logs'], 'log')} with another number of events than was counted")
    if found["differing"] or found["miscounted_logs"] or not same:
        raise click.exceptions.Exit(click.ClickException.exit_code)


def _tell_of_intake(found: Found) -> bool:
    click.echo(
        f"intake: {with_unit(found.events, 'kept event')} of {with_unit(found.streams, 'case')} folded and compared with the stored state, "
        f"{len(found.differing):,} differ"
    )
    for stream in found.differing[:SHOWN]:
        click.echo(f"  case {stream} differs")
    return not found.differing


async def _verify_intake(intake: ServiceRecord) -> Found:
    try:
        db = await connect(intake.database_url, intake.password_file.read_text().strip(), size=1)
    except Exception as error:
        if not is_transient(error):
            raise
        raise NotReachable("intake's database does not answer. What runs: ./sluss status") from None
    try:
        return await compare(db)
    finally:
        await db.close()


async def compare(db: Database) -> Found:
    """Every case of intake at one moment: its events, in their order and without a gap, must fold to its state."""
    found, after = Found(), BEFORE_ALL
    async with transaction(db, snapshot=True) as tx:
        while page := [row["stream"] for row in await tx.fetch(NEXT_STREAMS, INTAKE_EVENTS, after, PAGE)]:
            await _compare_page(tx, page, found)
            after = page[-1]
    return found


async def _compare_page(tx: Transaction, page: Sequence[UUID], found: Found) -> None:
    kept = {stream: list(rows) for stream, rows in groupby(await tx.fetch(KEPT, INTAKE_EVENTS, page), key=lambda row: row["stream"])}
    stored = {row["stream"]: row for row in await tx.fetch(STORED, page)}
    found.streams += len(page)
    found.events += sum(map(len, kept.values()))
    found.differing += [stream for stream in page if not _same(kept.get(stream, []), stored.get(stream))]


def _same(kept: Sequence[Row], stored: Row | None) -> bool:
    """Whether a stream's events are all there and give the stored document and version; an event that cannot be read does not."""
    if stored is None or [row["sequence"] for row in kept] != list(range(1, len(kept) + 1)):
        return False
    try:
        return bool(stored["version"] == len(kept) and as_stored_now(stored["body"]) == fold(_opened(kept)))
    except (Unreadable, NotOurs, ValueError):
        return False


def _opened(kept: Sequence[Row]) -> Iterator[Envelope]:
    for row in kept:
        opened = open_message([(name, text.encode()) for name, text in row["headers"]], row["payload"])
        if not isinstance(opened, Envelope):
            raise NotOurs(opened.type)
        yield opened
