"""`sluss import`: a log goes to leadtimes over Kafka; nothing is sent before the whole file was read and found sound."""

import asyncio
import codecs
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from aiokafka.errors import KafkaConnectionError, KafkaError

from contracts.envelope import Envelope
from deploy.local.record import StreetRecord
from shared.settings import ServiceSettings
from tools.api import Api, BadInput, NotReachable, Refused, open_api, street
from tools.describe_log import describe
from tools.figures import moment
from tools.formats.event import BadLog
from tools.formats.look import Told
from tools.history import History, send
from tools.mapping import BadMapping, read_mapping, with_attributes
from tools.progress import progress
from tools.survey import LogFile, Survey, TooManyNames, survey
from tools.waits import print_activities

NAME: Final = re.compile("[a-z0-9_-]{1,64}")
MUNICIPALITY: Final = str(ServiceSettings.model_fields["municipality"].default)
COMPLETE: Final = "complete"
TOOLS: Final = "tools"  # the Kafka user of imports
ASK_EVERY_S: Final = 0.2
PATIENCE_S: Final = 60.0


class CutShort(click.ClickException):
    """The import has not ended. What was sent stays, and the same command goes on."""

    exit_code = 1


def _zone(context: click.Context, option: click.Parameter, name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter("is no time zone; Europe/Stockholm is one.") from None


def _delimiter(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    text = {"tab": "\t", "\\t": "\t"}.get(text or "", text)
    if text is not None and (len(text) != 1 or text in '\r\n"'):
        raise click.BadParameter("is one character; tab is one too.")
    return text


def _encoding(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    try:
        known = codecs.lookup(name).name if name else None
    except LookupError:
        raise click.BadParameter("is no encoding; windows-1252 is one.") from None
    if known and known != "utf-16" and "a\n".encode(known) != b"a\n":
        raise click.BadParameter("is none in which lines are found; write the file anew as UTF-8.")
    return known


def _name(context: click.Context, option: click.Parameter, name: str) -> str:
    if not NAME.fullmatch(name):
        raise click.BadParameter("is 1 to 64 of a-z, 0-9, - and _.")
    return name


@click.command("import")
@click.argument("log", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--name", required=True, callback=_name, help="What to call it: a-z, 0-9, - and _.")
@click.option(
    "--map", "mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A TOML file: which attribute says what."
)
@click.option("--zone", callback=_zone, help="Where a time has no offset: the zone of its clock, as in Europe/Stockholm.")
@click.option("--delimiter", callback=_delimiter, help="Of a CSV file.  [default: found among , ; tab |]")
@click.option("--encoding", callback=_encoding, help="Of a CSV file.  [default: UTF-8, or what a byte order mark says]")
@click.option("--time-format", help='How times are written, as in "%d/%m/%Y %H:%M".  [default: ISO 8601]')
@click.option("--attribute", "attributes", multiple=True, metavar="KEY", help="Also take this along; may be given again.  [default: none]")
@click.option("--dry-run", is_flag=True, help="Read the file, say what is in it and what looks wrong; send nothing.")
@click.option("--list/--no-list", "listing", default=True, show_default=True, help="Afterwards list its activities.")
def import_log(
    log: Path,
    name: str,
    mapping: Path | None,
    zone: ZoneInfo | None,
    delimiter: str | None,
    encoding: str | None,
    time_format: str | None,
    attributes: tuple[str, ...],
    dry_run: bool,
    listing: bool,
) -> None:
    """Import LOG, an event log in XES, CSV, NDJSON or a JSON array (a batch of CloudEvents), plain or gzip.

    A second import of the same file adds nothing, and under another --name it gives the log a second name.

    \b
    --map names attributes of the log (columns of CSV; in JSON a key, or one inside an object, as data.unit). Without it these
    are used, and outside XES other usual names for them (case_id, activity, timestamp, seq ...); --dry-run says which:
      case = "concept:name"               (of the trace)
      activity = "concept:name"
      time = "time:timestamp"
      organisation = "org:group"          ("" leaves it out)
      resource = "org:resource"           ("" leaves it out)
      lifecycle = "lifecycle:transition"  ("" leaves it out)
      row = "..."                         (a number of each event, if the log has one: it orders what has one time)
      recorded = "..."                    (when its keeper knew of it, if the log says so: waits --known-at)
      attributes = ["..."]                (what else to take along, as --attribute does; of a trace in XES: "case:...")

    \b
    Exit codes: 0 it is in, 1 it was cut short (the same command goes on), 2 the file cannot be imported, 3 the street does not answer.
    """
    if not log.is_file():
        raise BadInput(f"{log}: is no file that can be read twice")
    try:
        asked = LogFile(log, with_attributes(read_mapping(mapping), attributes), zone, Told(delimiter, encoding, time_format))
        if dry_run:
            describe(asked)
            return
        found = survey(asked)
    except (BadLog, BadMapping, TooManyNames) as error:
        raise BadInput(str(error)) from None
    record = street()
    with open_api(record, "leadtimes") as leadtimes:
        known = _name_it(leadtimes, name, found)
        already = known["state"] == COMPLETE
        if not already:
            _send_it(record, asked, found)
            known = _wait_for_it(leadtimes, name, found)
    _tell(known, already)
    if listing:
        click.echo()
        print_activities(known)


def _name_it(leadtimes: Api, name: str, found: Survey) -> Any:
    try:
        return leadtimes.put("logs", name, body=found.document())
    except Refused as refused:
        if refused.code == "already_there":
            raise BadInput(f"{name} already means another log, or this one read in another way. Choose another --name.") from None
        raise


def _send_it(record: StreetRecord, log: LogFile, found: Survey) -> None:
    history = History(found, record.history_secret_file.read_bytes(), os.environ.get("SLUSS_MUNICIPALITY", MUNICIPALITY))
    try:
        asyncio.run(send(record.broker.access(TOOLS), told(history, log, found)))
    except (BadLog, KeyError):
        raise _changed(log) from None
    except KafkaConnectionError:
        raise NotReachable("The broker does not answer. What runs: ./sluss status") from None
    except KafkaError as error:
        raise CutShort(f"The broker refused a message ({type(error).__name__}). The same command goes on.") from None


def told(history: History, log: LogFile, found: Survey) -> Iterator[Envelope]:
    """Every event, and at the end that these were all; not that when the file is no longer the one that was found sound."""
    yield from map(history.recorded, log.events("Sending"))
    if log.sha256() != found.sha256:
        raise _changed(log)
    yield history.completed()


def _changed(log: LogFile) -> CutShort:
    return CutShort(f"{log.file}: was changed while it was read, so the import is not complete.")


def _wait_for_it(leadtimes: Api, name: str, found: Survey) -> Any:
    """The log once leadtimes has it whole, which may die and come again meanwhile. Gives up when nothing more arrives for a minute."""
    with progress("Storing", found.events) as reach:
        stored, moved = -1, time.monotonic()
        while True:
            enough = time.monotonic() - moved > PATIENCE_S
            try:
                log = leadtimes.get("logs", name)
            except NotReachable:
                if enough:
                    raise
            else:
                reach(log["events_stored"])
                if log["state"] == COMPLETE:
                    return log
                if log["events_stored"] != stored:
                    stored, moved = log["events_stored"], time.monotonic()
                elif enough:
                    raise CutShort(
                        f"Only {stored:,} of {found.events:,} events have arrived, and no more for a minute. What runs: ./sluss status"
                    )
            time.sleep(ASK_EVERY_S)


def _tell(log: Any, already: bool) -> None:
    how = "was there already, nothing was sent" if already else "is in"
    first, last = (moment(log[end])[:10] for end in ("first_event", "last_event"))
    click.echo(f"{log['name']} {how}: {log['events_stored']:,} events of {len(log['activities'])} activities, {first} to {last}.")
