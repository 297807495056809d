"""`sluss demo`: a street of its own, a municipality's months or a log of one's own, the waiting times, and a page that shows them."""

import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import click

from deploy.local.places import ROOT
from deploy.local.record import StreetRecord, read_record
from shared.clock import real_now
from tools.api import BadInput, open_api
from tools.formats.event import BadLog
from tools.import_log import import_log
from tools.leadtimes import leadtimes
from tools.mapping import BadMapping, read_mapping
from tools.own_street import street_of_its_own
from tools.picture import NoPicture, picture
from tools.simulate import begins, chosen, run
from tools.survey import LogFile, TooManyNames, survey
from tools.waits import print_counts, waits

FOLDER: Final = ROOT / ".sluss" / "demo"
MAPPINGS: Final = Path(__file__).parent / "mappings"
# The two ends that the project's own logs are known for, by the name of their mapping.
ENDS: Final = {"receipt": ("Confirmation of receipt", "T05 Print and send confirmation of receipt")}
UNFIT: Final = re.compile("[^a-z0-9_-]+")
PROFILE, MONTHS, SEED = "vasby", 3, 1


@click.command()
@click.option("--log", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An event log of your own, XES, plain or gzip.")
@click.option("--from", "start", metavar="ACTIVITY", help="Where a wait in the log begins.")
@click.option("--to", "end", metavar="ACTIVITY", help="Where it ends.")
@click.option("--name", help="What to call the log: a-z, 0-9, - and _.  [default: as its file]")
@click.option("--map", "mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="As for `sluss import`.")
@click.pass_context
def demo(context: click.Context, log: Path | None, start: str | None, end: str | None, name: str | None, mapping: Path | None) -> None:
    """Show Sluss at work on a street of its own, apart from that of `sluss up`.

    Without --log: three months of a calibrated municipality (`sluss simulate --months 3`), and how long its people waited. With --log,
    --from and --to: the waiting times of that log. Without the two: those that the project knows the log for (receipt), or its
    activities with counts and the command to type.

    On a terminal the street stays until Ctrl-C; elsewhere it is stopped and the command ends.

    \b
    Exit codes: 0 shown, 2 the log cannot be read, 4 Kafka's jars cannot be fetched (SLUSS_BROKER=apache), 5 a jar is not the pinned one,
    6 a demo already runs, 1 other: also where Sluss counted otherwise than was written down.
    """
    if bool(start) != bool(end) or (start and not log):
        raise BadInput("--from and --to go together, and with --log.")
    mapping = mapping or _own_mapping(log)
    start, end = (start, end) if start or not log else ENDS.get(_stem(log), (None, None))
    if log and not (start and end):
        _list_activities(log, mapping)
        return
    profile = chosen(PROFILE)
    as_written = True
    with street_of_its_own(FOLDER, "demo", real_now() if log else begins(profile)) as street:
        record = read_record(FOLDER)
        if log:
            name = name or UNFIT.sub("-", _stem(log).lower())[:64]
            context.invoke(import_log, log=log, name=name, mapping=mapping, zone=None, listing=False)
            context.invoke(waits, name=name, start=start, end=end)
            page = f"/leadtimes/logs/{name}/page?" + urlencode({"from": start or "", "to": end or ""})
        else:
            as_written = run(record, PROFILE, profile, MONTHS, SEED)
            context.invoke(leadtimes)
            page = "/leadtimes/"
        _show_page(record, page)
        if sys.stdout.isatty():
            click.echo(f"\nThe commands see this street with: export SLUSS_STREET={shlex.quote(str(FOLDER))}\nCtrl-C stops everything.")
            with suppress(KeyboardInterrupt):
                street.wait()
    if not as_written:
        raise click.exceptions.Exit(click.ClickException.exit_code)


def _own_mapping(log: Path | None) -> Path | None:
    """The mapping that the project brings for a log of this name."""
    found = MAPPINGS / f"{_stem(log)}.toml" if log else None
    return found if found and found.exists() else None


def _stem(log: Path) -> str:
    """The file's name without its endings."""
    return log.name.partition(".")[0]


def _list_activities(log: Path, mapping: Path | None) -> None:
    try:
        found = survey(LogFile(log, read_mapping(mapping), None))
    except (BadLog, BadMapping, TooManyNames) as error:
        raise BadInput(str(error)) from None
    activities = list(found.document()["vocabulary"]["activities"].values())
    print_counts(activities)
    first, last = (shlex.quote(activities[number]["name"]) for number in (0, min(1, len(activities) - 1)))
    click.echo(f"\nHow long from one to another:\n  make demo LOG={shlex.quote(str(log))} FROM={first} TO={last}")


def _show_page(record: StreetRecord, page: str) -> None:
    """The page's address, by a link that works once, and a picture of it where a Chromium is there to make one."""
    with open_api(record, "leadtimes") as api:
        try:
            saved = picture(api.post("links", body={"page": page})["url"], FOLDER.with_name("demo.png"))
        except NoPicture as error:
            click.echo(f"No picture of the page was saved: {error}.", err=True)
        else:
            click.echo(f"A picture of the page: {saved}" if saved else "No Chromium is here to save a picture of the page.")
        how_long = "within five minutes" if sys.stdout.isatty() else "only while the demo runs"
        url = api.post("links", body={"page": page})["url"]
        click.echo(f"The page (the link works once, {how_long}): {url}")
