"""`sluss verify`: the kept events, folded again, must give what is stored. Changes nothing."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import click

from contracts.catalogue import INTAKE_EVENTS, REFERRAL_EVENTS
from contracts.envelope import Envelope, Unreadable, open_message
from contracts.referrals import CapacityReportedV1, GroupStartPlannedV1
from deploy.local.record import ServiceRecord
from services.intake import translate as intake
from services.referrals import translate as referrals
from shared.postgres import Database, Row, Transaction, connect, is_transient, transaction
from tools.api import LONG_PATIENCE_S, NotReachable, open_api, street
from tools.figures import with_unit

PAGE: Final = 500
SHOWN: Final = 10
BEFORE_ALL: Final = UUID(int=0)
OF_A_PROVIDER: Final = (CapacityReportedV1.event_type, GroupStartPlannedV1.event_type)

# A stream that begins with what a provider says of its places is no case, and folds to nothing.
NEXT_STREAMS = """
    SELECT stream FROM outbox WHERE topic = $1 AND stream > $2
        AND stream NOT IN (SELECT stream FROM outbox WHERE topic = $1 AND sequence = 1 AND type = ANY($4::text[]))
    UNION SELECT stream FROM state WHERE stream > $2 ORDER BY stream LIMIT $3
"""
KEPT = "SELECT stream, sequence, headers, payload FROM outbox WHERE topic = $1 AND stream = ANY($2::uuid[]) ORDER BY stream, sequence"
STORED = "SELECT stream, version, body FROM state WHERE stream = ANY($1::uuid[])"


class Foreign(Exception):
    """A kept event that this version has no class for."""


@dataclass(frozen=True)
class House:
    """A service that decides: the topic of what it tells, to which document that folds, and how it would store an older document now."""

    topic: str
    fold: Callable[[Iterable[Envelope]], dict[str, Any]]
    as_stored_now: Callable[[Any], dict[str, Any]]


INTAKE: Final = House(INTAKE_EVENTS, intake.fold, intake.as_stored_now)
REFERRALS: Final = House(REFERRAL_EVENTS, referrals.fold, referrals.as_stored_now)
HOUSES: Final[Mapping[str, House]] = {"intake": INTAKE, "referrals": REFERRALS}
# What folding says of events that are not those of one whole case: an own exception of each house, a wrong value, a missing referral.
DOES_NOT_FOLD: Final = (Unreadable, Foreign, intake.NotOurs, referrals.NotOurs, ValueError, LookupError)


@dataclass
class Found:
    """What the comparison of a house has come to."""

    streams: int = 0
    events: int = 0
    differing: list[UUID] = field(default_factory=list)


@click.command()
def verify() -> None:
    """Fold the kept events again and compare with what is stored.

    Of every case, in intake, referrals and leadtimes; and count the events of every log. Changes nothing.

    \b
    Exit codes: 0 all the same, 1 something differs, 3 a service or its database does not answer.
    """
    record = street()
    same = [_tell(name, asyncio.run(_verify(name, record.services[name]))) for name in HOUSES]
    with open_api(record, "leadtimes") as api:
        found = api.post("verify", patience_s=LONG_PATIENCE_S)
    click.echo(
        f"leadtimes: the clocks of {with_unit(found['cases'], 'case')} made anew from the events kept, {found['differing']:,} differ"
    )
    if found["miscounted_logs"]:
        click.echo(f"leadtimes: {with_unit(found['miscounted_logs'], 'log')} with another number of events than was counted")
    if found["differing"] or found["miscounted_logs"] or not all(same):
        raise click.exceptions.Exit(click.ClickException.exit_code)


def _tell(name: str, found: Found) -> bool:
    click.echo(
        f"{name}: {with_unit(found.events, 'kept event')} of {with_unit(found.streams, 'case')} folded and compared with the stored state, "
        f"{len(found.differing):,} differ"
    )
    for stream in found.differing[:SHOWN]:
        click.echo(f"  case {stream} differs")
    return not found.differing


async def _verify(name: str, service: ServiceRecord) -> Found:
    try:
        db = await connect(service.database_url, service.password_file.read_text().strip(), size=1)
    except Exception as error:
        if not is_transient(error):
            raise
        raise NotReachable(f"The database of {name} does not answer. What runs: ./sluss status") from None
    try:
        return await compare(db, HOUSES[name])
    finally:
        await db.close()


async def compare(db: Database, house: House = INTAKE) -> Found:
    """Every case of a house at one moment: its events, in their order and without a gap, must fold to its state."""
    found, after = Found(), BEFORE_ALL
    async with transaction(db, snapshot=True) as tx:
        while page := [row["stream"] for row in await tx.fetch(NEXT_STREAMS, house.topic, after, PAGE, OF_A_PROVIDER)]:
            await _compare_page(tx, house, page, found)
            after = page[-1]
    return found


async def _compare_page(tx: Transaction, house: House, page: Sequence[UUID], found: Found) -> None:
    kept = {stream: list(rows) for stream, rows in groupby(await tx.fetch(KEPT, house.topic, page), key=lambda row: row["stream"])}
    stored = {row["stream"]: row for row in await tx.fetch(STORED, page)}
    found.streams += len(page)
    found.events += sum(map(len, kept.values()))
    found.differing += [stream for stream in page if not _same(house, kept.get(stream, []), stored.get(stream))]


def _same(house: House, kept: Sequence[Row], stored: Row | None) -> bool:
    """Whether a stream's events are all there and give the stored document and version; an event that cannot be read does not."""
    if stored is None or [row["sequence"] for row in kept] != list(range(1, len(kept) + 1)):
        return False
    try:
        return bool(stored["version"] == len(kept) and house.as_stored_now(stored["body"]) == house.fold(_opened(kept)))
    except DOES_NOT_FOLD:
        return False


def _opened(kept: Sequence[Row]) -> Iterator[Envelope]:
    for row in kept:
        opened = open_message([(name, text.encode()) for name, text in row["headers"]], row["payload"])
        if not isinstance(opened, Envelope):
            raise Foreign(opened.type)
        yield opened
