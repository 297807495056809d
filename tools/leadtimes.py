"""`sluss leadtimes`: the measures of our own cases, completed beside still waiting."""

from collections.abc import Iterator
from typing import Any, Final

import click

from services.leadtimes.domain.measures import Measure
from tools.api import BadInput, RefusedInput, open_api, street
from tools.figures import BEYOND, NOT_REACHED, format_option, moment, print_csv, print_json, share, with_unit

FROM_TO: Final = {
    "L01": "first contact to application",
    "L02": "application to its last completion",
    "L03": "complete application to decision",
    "L04": "first contact to decision on the new application",
}


@click.command()
@click.option("--measure", type=click.Choice([each.value for each in Measure]), help="One of them.  [default: all]")
@click.option("--by", type=click.Choice(["channel", "month"]), help="Also for each channel of first contact, or month of the start.")
@click.option("--as-of", metavar="DATE", help="What had happened by then: a day, or an instant with its offset.  [default: now]")
@click.option("--known-at", metavar="DATE", help="What was recorded by then.  [default: now]")
@format_option
def leadtimes(measure: str | None, by: str | None, as_of: str | None, known_at: str | None, shown_as: str) -> None:
    """Show the lead times L01 to L04.

    Completed, still waiting, ended otherwise, and the share completed within 30, 90, 180 and 365 days.

    \b
    Exit codes: 0 shown, 2 a date that is none, 3 leadtimes does not answer.
    """
    with open_api(street(), "leadtimes") as api:
        try:
            found = api.get("measures", *([measure] if measure else []), by=by, as_of=as_of, known_at=known_at)
        except RefusedInput:
            raise BadInput("--as-of and --known-at are a day (2026-03-31) or an instant with its offset.") from None
    measures = [found] if measure else found["measures"]
    match shown_as:
        case "json":
            print_json(found)
        case "csv":
            print_csv([row for each in measures for row in _rows(each)])
        case _:
            for each in measures:
                print_measure(each)


def _rows(measure: Any) -> list[dict[str, Any]]:
    """One row for the whole, and one for each of its groups."""
    whole = {name: value for name, value in measure.items() if name not in ("by", "groups")}
    return [whole, *measure.get("groups", [])]


def print_measure(measure: Any) -> None:
    """A measure for people, who still waits first, and its groups after it."""
    click.echo(f"{measure['measure']}  {FROM_TO[measure['measure']]}")
    click.echo(f"  as of {moment(measure['as_of'])}, known at {moment(measure['known_at'])}, rule set {measure['rule_set']}")
    for line in _lines(measure):
        click.echo(f"  {line}")
    for group in measure.get("groups", []):
        click.echo(f"\n  {group['group']}")
        for line in _lines(group):
            click.echo(f"    {line}")
    if measure["incomplete"]:
        click.echo(f"  {with_unit(measure['incomplete'], 'case')} of all lack an event that should have come: these figures may change")
    click.echo()


def _lines(figures: Any) -> Iterator[str]:
    waiting, done, ended = figures["still_waiting"], figures["completed"], figures["ended_otherwise"]
    of = waiting["n"] + done["n"] + sum(ended.values())
    if not of:
        yield "nobody had begun to wait"
        return
    yield f"{waiting['n']:,} of {of:,} still waiting" + (
        f", half of them for {_days(waiting['median_so_far'])} ({_working(waiting['working_days_median_so_far'])}) or longer"
        if waiting["n"]
        else ""
    )
    if waiting["n"]:
        yield "  " + " · ".join(f"{n:,} for {_bucket(name)}" for name, n in waiting["buckets"].items())
    yield f"{done['n']:,} completed" + (
        f": median {_days(done['median'])}, mean {_days(done['mean'])}, p75 {_days(done['p75'])}, p90 {_days(done['p90'])}"
        if done["n"]
        else ""
    )
    if done["n"]:
        working = done["working_days"]
        yield f"  median {_working(working['median'])}, mean {_working(working['mean'])}, p75 {_working(working['p75'])}, " + (
            f"p90 {_working(working['p90'])}"
        )
    if ended:
        yield f"{sum(ended.values()):,} ended otherwise: " + _by_reason(ended)
    half = figures["curve_median"]
    yield "half of all completed " + (f"within {_days(half)}" if half is not None else NOT_REACHED) + ", those who wait counted"
    yield "completed within " + " · ".join(_point(point) for point in figures["curve"])
    if figures["excluded"]:
        yield "excluded: " + _by_reason(figures["excluded"])


def _bucket(name: str) -> str:
    return "over 365 days" if name.startswith("over") else f"{name.replace('-', '–')} days"


def _by_reason(counts: Any) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in counts.items())


def _point(point: Any) -> str:
    within = f"{point['day']:g} days:"
    if point["share"] is None or point["beyond_follow_up"]:
        return f"{within} {BEYOND}"
    band = "" if point["low"] is None else f" ({point['low'] * 100:.1f} – {share(point['high'])})"
    return f"{within} {share(point['share'])}{band}"


def _days(days: float) -> str:
    """Lead times of people are in days, also short ones."""
    return with_unit(days, "day")


def _working(days: float) -> str:
    return with_unit(days, "working day")
