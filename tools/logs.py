"""`sluss logs`, `sluss forget`: which logs there are, and away with one."""

from typing import Any

import click

from tools.api import LONG_PATIENCE_S, BadInput, Refused, open_api, street
from tools.figures import format_option, moment, print_columns, print_csv, print_json


@click.command()
@format_option
def logs(shown_as: str) -> None:
    """List the imported logs.

    \b
    Exit codes: 0 shown, 3 leadtimes does not answer.
    """
    with open_api(street(), "leadtimes") as leadtimes:
        found = leadtimes.get("logs")["logs"]
    match shown_as:
        case "json":
            print_json(found)
        case "csv":
            print_csv([{name: value for name, value in log.items() if name != "activities"} for log in found])
        case _ if found:
            print_columns(["name", "state", "first event", "last event", "activities", "events"], [_row(log) for log in found], left=4)
        case _:
            click.echo("No log is imported. Import one: ./sluss import LOG --name NAME")


def _row(log: Any) -> list[str]:
    stored, expected = log["events_stored"], log["events_expected"]
    whole = f"{stored:,}" if log["state"] == "complete" else f"{stored:,} of {expected:,}"
    span = [moment(log[end]) if log[end] else "-" for end in ("first_event", "last_event")]
    return [log["name"], log["state"], *span, f"{len(log['activities'])}", whole]


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def forget(name: str, yes: bool) -> None:
    """Forget the imported log NAME; with its last name all its events go from leadtimes.

    What of it still lies on the broker is not kept when it is heard again. Imported again it is a log like any other.

    \b
    Exit codes: 0 forgotten, 1 you said no, 2 no such log, 3 leadtimes does not answer.
    """
    with open_api(street(), "leadtimes") as leadtimes:
        if not yes:
            click.confirm(f"Forget {name}? Only an import of its file brings it back.", abort=True)
        try:
            gone = leadtimes.delete("logs", name, patience_s=LONG_PATIENCE_S)["events_removed"]
        except Refused as refused:
            if refused.code in ("not_found", "request_invalid"):
                raise BadInput("There is no log of that name. Those there are: ./sluss logs") from None
            raise
    with_it = "the log has another name still" if gone is None else f"its {gone:,} events are gone"
    click.echo(f"{name} is forgotten; {with_it}.")
