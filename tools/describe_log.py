"""`sluss import --dry-run`: how a file would be read, what is in it, and what looks wrong; nothing is sent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from shared.clock import real_now
from tools.figures import moment, print_columns
from tools.formats.event import Maker
from tools.survey import LogFile, Names, check_names

MANY_TIES: Final = 0.05


def describe(log: LogFile) -> None:
    """Reads the whole file and prints it. Raises BadLog, and TooManyNames."""
    maker = log.maker()
    cases: set[int] = set()
    activities: Counter[str] = Counter()
    lifecycles: Counter[str] = Counter()
    late = tied = 0
    first, last, before = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), None
    names = Names(log.mapping.attributes)
    for event in check_names(log, log.events("Reading", maker), names):
        cases.add(hash(event.case))
        activities[event.activity] += 1
        lifecycles[event.lifecycle or ""] += 1
        late += event.recorded is not None and event.recorded < event.time
        tied += before == (event.case, event.time)
        first, last, before = min(first, event.time), max(last, event.time), (event.case, event.time)
    told = {name: said for name, said in asdict(log.reading.told).items() if said}
    click.echo(f"{log.file}: {log.reading.form}{''.join(f', {name} {said!r}' for name, said in told.items())}\n")
    keys = {name: key for name, key in asdict(log.reading.mapping).items() if key and name != "attributes"}
    print_columns(["what", "key"], [[name, key] for name, key in keys.items()], left=2)
    for key, values in names.attributes.items():
        click.echo(f"{key}: {len(values)} different values are taken along.")
    click.echo(
        f"\n{maker.made:,} events of {len(cases):,} cases and {len(activities):,} activities, {moment(str(first))} to {moment(str(last))}."
    )
    click.echo(f"Times stand at {', '.join(_offset(each) for each in maker.offsets)} from UTC.\n")
    print_columns(["activity", "events"], [[name, f"{times:,}"] for name, times in activities.most_common()])
    wrong = list(_wrong(maker, last, lifecycles, late, tied))
    click.echo("\n" + ("\n".join(f"Look at this: {each}" for each in wrong) or "Nothing looks wrong.") + "\nNothing was sent.")


def _offset(offset: timedelta | None) -> str:
    if offset is None:
        return "no offset"
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _wrong(maker: Maker, last: datetime, lifecycles: Counter[str], late: int, tied: int) -> Iterator[str]:
    if last > real_now():
        yield "its last event lies in the future."
    if late:
        yield f"{late:,} events were recorded before they happened."
    if tied > MANY_TIES * maker.made:
        order = f'the order of "{maker.mapping.row}"' if maker.mapping.row else "their order in the file"
        yield f"{tied:,} events have the time of the one before them in their case; {order} decides which came first."
    if len(lifecycles) > 1:
        yield f"its events are at {len(lifecycles)} steps of a life (start, complete ...), each counted as an event of its own."
