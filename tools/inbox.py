"""`sluss parked`, `forks` and `discard-gap`: events that wait for an earlier one of their case, or claim the place of another."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import click

from deploy.local.record import StreetRecord
from deploy.local.services import SERVICES
from shared.inbox import GapReason
from tools.api import BadInput, RefusedInput, open_api, street
from tools.figures import format_option, moment, print_columns, print_csv, print_json, with_unit

DECIDING: Final = tuple(service.name for service in SERVICES if service.decides)
NOTHING_WAITS: Final = "Nothing of that case waits for an earlier event; ./sluss parked lists what does."


@click.command()
@format_option
def parked(shown_as: str) -> None:
    """List the cases whose events wait for an earlier one.

    In each service that decides on what it hears: the number of the last event applied (0: none) and of the first that waits, how many
    do, and since when. What is missing comes by ./sluss redrive where it lies in quarantine, else by ./sluss republish --case ID, which a
    case asks for of which nothing was applied yet.

    \b
    Exit codes: 0 listed, 3 a service does not answer.
    """
    streams = list(_of_each(street(), "parked", "streams"))
    match shown_as:
        case "json":
            print_json(streams)
        case "csv":
            print_csv(streams)
        case _ if streams:
            rows = [
                [
                    *(each["service"], each["stream"], "republish" if each["asks_republish"] else "-"),
                    *(str(each["applied"]), str(each["first_parked"]), str(each["events"]), moment(each["since"])),
                ]
                for each in streams
            ]
            print_columns(["service", "case", "asks for", "applied", "first", "events", "since"], rows, left=3)
        case _:
            click.echo("Nothing is parked.")


@click.command()
@format_option
def forks(shown_as: str) -> None:
    """List the events that came under a number which another event of their case has.

    The first one seen counts, the other was dropped. Somebody writes events who should not, or a service was set back to an old copy of
    its database. --format json names the ids of both.

    \b
    Exit codes: 0 listed, 3 a service does not answer.
    """
    found = list(_of_each(street(), "forks", "forks"))
    match shown_as:
        case "json":
            print_json(found)
        case "csv":
            print_csv(found)
        case _ if found:
            rows = [
                [
                    *(each["service"], each["stream"], f"{each['topic']}/{each['partition']}/{each['offset']}"),
                    *(str(each["sequence"]), moment(each["seen_at"])),
                ]
                for each in found
            ]
            print_columns(["service", "case", "dropped at topic/partition/offset", "number", "seen"], rows, left=3)
        case _:
            click.echo("There is no fork.")


@click.command("discard-gap")
@click.argument("case_id", metavar="CASE", type=click.UUID)
@click.option("--reason", required=True, type=click.Choice([each.value for each in GapReason]), help="Why it will never come.")
def discard_gap(case_id: UUID, reason: str) -> None:
    """Give up what is missing before the first event of CASE that waits; what waits is then applied.

    Who did it and why is kept. What was given up is dropped if it comes after all, so try ./sluss redrive and ./sluss republish first.

    \b
    Exit codes: 0 given up, 2 nothing of that case waits, 3 a service does not answer.
    """
    record = street()
    gaps = [each for each in _of_each(record, "parked", "streams") if each["stream"] == str(case_id)]
    if not gaps:
        raise BadInput(NOTHING_WAITS)
    for gap in gaps:
        body = {"topic": gap["topic"], "stream": str(case_id), "first_parked": gap["first_parked"], "reason": reason}
        with open_api(record, gap["service"]) as api:
            try:
                given_up = api.post("inbox", "gaps", "discard", body=body)
            except RefusedInput:  # it was closed since it was listed
                raise BadInput(NOTHING_WAITS) from None
        count = given_up["last"] - given_up["first"] + 1
        click.echo(f"{gap['service']}: {with_unit(count, 'event')} of {gap['topic']} given up, from number {given_up['first']}.")


def _of_each(record: StreetRecord, path: str, name: str) -> Iterator[dict[str, Any]]:
    for service in DECIDING:
        if service in record.services:
            with open_api(record, service) as api:
                for each in api.get("inbox", path)[name]:
                    yield {"service": service, **each}
