"""`sluss log-stats`: what follows what in an imported log, how often and how long after."""

from collections.abc import Sequence
from typing import Any, Final

import click

from tools.api import BadInput, Refused, open_api, street
from tools.figures import DAY_S, duration, format_option, moment, print_columns, print_csv, print_json
from tools.waits import how_far, known_log

MOST_SHOWN: Final = 20


@click.command("log-stats")
@click.argument("name")
@click.option(
    "--milestone",
    multiple=True,
    nargs=2,
    metavar="A B",
    help="Also from the first A of a case to the first B after it; once for each.",
)
@format_option
def log_stats(name: str, milestone: Sequence[tuple[str, str]], shown_as: str) -> None:
    """Show what is in the imported log NAME: counts, what follows what and how long after, gaps, who hands over to whom.

    JSON has everything, times in seconds and months in UTC; CSV is the table of transitions.

    \b
    Exit codes: 0 shown, 1 the import of the log has not ended, 2 no such log or activity, 3 leadtimes does not answer.
    """
    with open_api(street(), "leadtimes") as leadtimes:
        known_log(leadtimes, name)
        try:
            found = leadtimes.get("logs", name, "stats", milestone=[f"{start} => {end}" for start, end in milestone])
        except Refused as refused:
            match refused.code:
                case "not_complete_yet":
                    raise click.ClickException(how_far(name, refused.problem["progress"])) from None
                case "request_invalid":
                    raise BadInput("The log has no such activity. Those it has: ./sluss waits " + name) from None
            raise
    match shown_as:
        case "json":
            print_json(found)
        case "csv":
            print_csv([{"transition": pair, **spread} for pair, spread in found["transitions_s"].items()])
        case _:
            print_stats(found)


def print_stats(found: Any) -> None:
    """For people: the largest flows, the milestones and the gaps."""
    span = f"{moment(found['first_event'])} to {moment(found['last_event'])}"
    click.echo(f"{found['events']:,} events of {found['cases']:,} cases and {found['activities']:,} activities, {span}.")
    through = found["throughput_s"]
    half, tenth = _long(through, "median"), _long(through, "p90")
    click.echo(f"From its first event to its last half the cases take {half} or less, a tenth {tenth} or more;")
    click.echo(f"who is not through counts as far as it has come. {found['variants']:,} different sequences.\n")
    largest = sorted(found["transitions_s"].items(), key=lambda each: -each[1]["n"])
    print_columns(["transition", "n", "median", "p90"], [_row(*each) for each in largest[:MOST_SHOWN]])
    if len(largest) > MOST_SHOWN:
        click.echo(f"and {len(largest) - MOST_SHOWN} more: --format csv")
    for pair, reached in found["milestones_first_to_first"].items():
        of = f"{reached['reached_B']:,} of {reached['cases_with_A']:,} reached it"
        click.echo(f"\n{pair}: {of}, half of those within {_long(reached['wait_s'], 'median')}. Who has not is left out: ./sluss waits.")
    gaps = ", ".join(f"{n:,} of {days} days or more" for days, n in found["gaps_ge_days"].items() if n)
    click.echo(f"\nGaps between two events of a case: {gaps or 'none of a week or more'}.")


def _row(pair: str, spread: Any) -> list[str]:
    return [pair, f"{spread['n']:,}", _long(spread, "median"), _long(spread, "p90")]


def _long(spread: Any, figure: str) -> str:
    return duration(spread[figure] / DAY_S) if spread["n"] else "-"
