"""`sluss quarantine`, `redrive` and `discard`: the records that a service could not read or handle."""

from typing import Final

import click

from deploy.local.record import StreetRecord
from deploy.local.services import SERVICES
from tools.api import Api, BadInput, Refused, RefusedInput, open_api, street
from tools.figures import format_option, moment, print_columns, print_csv, print_json

HEARING: Final = tuple(service.name for service in SERVICES if service.hears)
NOT_THERE = "No record of that number is in quarantine there; ./sluss quarantine lists them."
service_option = click.option(
    "--service", type=click.Choice(HEARING), default="leadtimes", show_default=True, help="In whose quarantine the record lies."
)


@click.command()
@format_option
def quarantine(shown_as: str) -> None:
    """List the records that could not be read.

    Or not be handled, by each service that hears: where each lay and why, nothing of what it says.

    \b
    Exit codes: 0 listed, 3 a service does not answer.
    """
    record = street()
    records = [{"service": service, **each} for service in HEARING if service in record.services for each in _listed(record, service)]
    match shown_as:
        case "json":
            print_json(records)
        case "csv":
            print_csv(records)
        case _ if records:
            places = [
                (each["service"], str(each["id"]), f"{each['topic']}/{each['partition']}/{each['offset']}", each["reason"])
                for each in records
            ]
            since = [moment(each["quarantined_at"]) for each in records]
            print_columns(
                ["service", "id", "topic/partition/offset", "reason", "since"],
                [[*place, at] for place, at in zip(places, since, strict=True)],
                left=5,
            )
        case _:
            click.echo("Nothing is in quarantine.")


def _listed(record: StreetRecord, service: str) -> list[dict[str, str]]:
    with open_api(record, service) as api:
        return list(api.get("quarantine")["records"])


@click.command()
@click.argument("number", metavar="ID", type=click.IntRange(min=1), required=False)
@click.option("--all", "every", is_flag=True, help="Every record in quarantine there, the oldest first.")
@service_option
def redrive(number: int | None, every: bool, service: str) -> None:
    """Play the quarantined record ID again, or --all.

    \b
    Exit codes: 0 played, 1 one could still not be read or handled and stays, 2 no such record, 3 the service does not answer.
    """
    if (number is None) is not every:
        raise click.UsageError("Say either ID or --all.")
    with open_api(street(), service) as api:
        numbers = [number] if number else [each["id"] for each in api.get("quarantine")["records"]]
        played = [_play(api, each) for each in numbers]
    click.echo(f"{sum(played)} of {len(played)} played again.")
    if not all(played):
        raise click.exceptions.Exit(click.ClickException.exit_code)


def _play(api: Api, number: int) -> bool:
    try:
        api.post("quarantine", str(number), "redrive")
    except RefusedInput as refused:
        if refused.code != "not_found":
            raise
        raise BadInput(NOT_THERE) from None
    except Refused as refused:
        click.echo(f"{number}: {refused.message}", err=True)
        return False
    return True


@click.command()
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why, for whoever looks later: 3 to 500 characters, and nothing about a person.")
@service_option
def discard(number: int, reason: str, service: str) -> None:
    """Give the quarantined record ID up. Its stream stays incomplete, and who did it and why is kept.

    \b
    Exit codes: 0 given up, 2 no such record or no fit reason, 3 the service does not answer.
    """
    with open_api(street(), service) as api:
        try:
            api.post("quarantine", str(number), "discard", body={"reason": reason})
        except RefusedInput as refused:
            raise BadInput(NOT_THERE if refused.code == "not_found" else "--reason needs 3 to 500 characters, on one line.") from None
    click.echo(f"{number} is discarded.")
