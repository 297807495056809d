"""`sluss waits`: how long it took in an imported log from one activity to another, and who still waits."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from tools.api import Api, BadInput, Refused, open_api, street
from tools.figures import BEYOND, NOT_REACHED, duration, format_option, moment, print_columns, print_csv, print_json, share, with_unit

FORMS: Final = {".png": "png", ".svg": "svg"}
AGES: Final = (("ge30", "30 days"), ("ge90", "90 days"), ("ge180", "180 days"), ("ge365", "a year"))


@click.command()
@click.argument("name")
@click.option("--from", "start", metavar="ACTIVITY", help="Where the wait begins: the first of it in each case.")
@click.option("--to", "end", metavar="ACTIVITY", help="Where it ends: the first of it after that.")
@click.option(
    "--competing",
    multiple=True,
    metavar="ACTIVITY",
    help="Another end, given again for each: whichever comes before --to ends the wait otherwise.",
)
@click.option(
    "--as-of", metavar="TIME", help="What had happened by then: a day, or an instant with its offset.  [default: the log's last event]"
)
@click.option("--known-at", metavar="TIME", help="What the log's keeper had recorded by then.  [default: everything]")
@click.option("--by", metavar="FIELD", help="Also apart by what was known at the start: organisation, or what the import took along.")
@click.option("--at", metavar="DAYS", help="After how many days to look, with commas.  [default: 1,3,7,14,30,60,90,180,365]")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also draw the curve: FILE.png or FILE.svg.")
@format_option
def waits(
    name: str,
    start: str | None,
    end: str | None,
    competing: Sequence[str],
    as_of: str | None,
    known_at: str | None,
    by: str | None,
    at: str | None,
    plot: Path | None,
    shown_as: str,
) -> None:
    """Show the waits of the imported log NAME.

    Between two of its activities; without --from and --to, which activities it has.

    \b
    Exit codes: 0 shown, 1 the import of the log has not ended, 2 no such log, activity or time, 3 leadtimes does not answer.
    """
    _require_place(plot)
    with open_api(street(), "leadtimes") as leadtimes:
        log = known_log(leadtimes, name)
        if start is None or end is None:
            if plot is not None:
                raise BadInput("--plot draws the curve from one activity to another: say --from and --to.")
            print_json(log) if shown_as == "json" else print_csv(log["activities"]) if shown_as == "csv" else print_activities(log)
            return
        _require_known(log, start, end, *competing)
        _require_field(log, by)
        asked = {"from": start, "to": end, "competing": competing, "as_of": as_of, "known_at": known_at, "at": at, "by": by}
        found = _waits(leadtimes, name, asked)
        if plot is not None:
            drawn = leadtimes.get("logs", name, "waits", "picture", **asked | {"by": None, "form": FORMS[plot.suffix.lower()]})
            _write(plot, drawn)
    match shown_as:
        case "json":
            print_json(found)
        case "csv":
            whole = {key: value for key, value in found.items() if key not in ("by", "groups", "months")}
            print_csv([whole, *found.get("groups", [])])
        case _:
            print_waits(found)


def _require_place(plot: Path | None) -> None:
    if plot is not None and plot.suffix.lower() not in FORMS:
        raise BadInput("--plot needs a FILE that ends with .png or .svg.")
    if plot is not None and not plot.parent.is_dir():
        raise BadInput(f"--plot: there is no folder {plot.parent}.")


def _write(plot: Path, drawn: bytes) -> None:
    try:
        plot.write_bytes(drawn)
    except OSError as error:
        raise BadInput(f"--plot: {plot} cannot be written: {error.strerror}.") from None
    click.echo(f"Drawn in {plot}", err=True)


def known_log(leadtimes: Api, name: str) -> Any:
    """The log of that name. Raises BadInput with the names there are."""
    try:
        return leadtimes.get("logs", name)
    except Refused as refused:
        if refused.code not in ("not_found", "request_invalid"):
            raise
    names = ", ".join(log["name"] for log in leadtimes.get("logs")["logs"]) or "none"
    raise BadInput(f"There is no log of that name. Those there are: {names}. Import one: ./sluss import LOG --name NAME")


def _require_known(log: Any, *asked: str) -> None:
    if not {activity["name"] for activity in log["activities"]}.issuperset(asked):
        print_activities(log, err=True)
        raise BadInput("The log has no such activity; those above are what it has.")


def _require_field(log: Any, by: str | None) -> None:
    if by is not None and by not in log["fields"]:
        there = ", ".join(log["fields"]) or "none"
        raise BadInput(f"--by: the log has no such field. Those it has: {there}. An import takes more along with --attribute.")


def _waits(leadtimes: Api, name: str, asked: dict[str, str | Sequence[str] | None]) -> Any:
    try:
        return leadtimes.get("logs", name, "waits", **asked)
    except Refused as refused:
        match refused.code:
            case "not_complete_yet":
                raise click.ClickException(how_far(name, refused.problem["progress"])) from None
            case "request_invalid" if any(error["kind"] == "too_many_groups" for error in refused.problem["errors"]):
                raise BadInput("--by: the log says too many different things of it to be read side by side.") from None
            case "request_invalid":
                raise BadInput(
                    "--as-of and --known-at are a day (2012-01-23) or an instant with its offset; --at is days, with commas."
                ) from None
        raise


def how_far(name: str, progress: Any) -> str:
    """What to say of a log whose import has not ended."""
    stored, expected = progress["events_stored"], progress["events_expected"]
    return f"The import of {name} has not ended: {stored:,} of {expected:,} events are in. An answer now would be wrong."


def print_activities(log: Any, *, err: bool = False) -> None:
    """The activities of a log in the order in which the file names them, and the command to type."""
    activities = log["activities"]
    print_counts(activities, err=err)
    first, last = activities[0]["name"], activities[min(1, len(activities) - 1)]["name"]
    click.echo(
        f"\nHow long from one to another:\n  ./sluss waits {log['name']} --from {shlex.quote(first)} --to {shlex.quote(last)}", err=err
    )


def print_counts(activities: Sequence[Any], *, err: bool = False) -> None:
    """How many events each activity has."""
    print_columns(["activity", "events"], [[activity["name"], f"{activity['events']:,}"] for activity in activities], err=err)


def print_waits(found: Any) -> None:
    """The waits for people: first who still waits, then how long it takes with them counted in."""
    when = ", the log's last event" if found.get("as_of_is_last_event") else ""
    click.echo(f"From: {found['from']}\nTo:   {found['to']}\nAs of {moment(found['as_of'])}{when}\n")
    if not found["n"]:
        click.echo("No case had begun to wait by then.")
        return
    competing = found.get("competing")
    for line in (*_still_open(found), *(_ended_otherwise(competing) if competing else ()), "", *_how_long(found), ""):
        click.echo(line)
    if competing:
        _print_incidence(found, competing)
    else:
        print_columns(["after", "still waiting", "95 % band", "mean wait within it"], [_row(found, day) for day in found["S"]])
    if "groups" in found:
        _print_groups(found)


def _print_groups(found: Any) -> None:
    """A line for each group; the whole curve of each is in JSON and CSV."""
    last = "share completed" if "competing" in found else "half through"
    click.echo()
    rows = [_group_row(group) for group in found["groups"]]
    print_columns([f"by {found['by']}", "began", "still open", "completed", *(["otherwise"] if "competing" in found else []), last], rows)


def _group_row(group: Any) -> list[str]:
    """What half a group took says nothing where other ends compete: there it is the share completed by the last day that was followed."""
    numbers = [group["n"], group["open_wait_age_days"]["n"], group["events"]]
    competing = group.get("competing")
    if competing is None:
        median = group["km_median"]
        last = NOT_REACHED if median is None else f"within {duration(median)}"
    else:
        numbers.append(group["n"] - sum(numbers[1:]))
        followed = [day for day in competing["CIF_event1"] if float(day) <= group["follow_up_days"]]
        last = f"{share(competing['CIF_event1'][followed[-1]])} in {_after(followed[-1])}" if followed else BEYOND
    return ["unknown" if group["group"] is None else group["group"], *(f"{number:,}" for number in numbers), last]


def _ends(competing: Any) -> range:
    """The numbers of the ends; 1 is the completion."""
    return range(1, 1 + sum(key.startswith("CIF_event") for key in competing))


def _ended_otherwise(competing: Any) -> Iterator[str]:
    for end in _ends(competing)[1:]:
        yield f"{competing[f'n{end}']:,} ended by {competing[f'event{end}']}."


def _print_incidence(found: Any, competing: Any) -> None:
    """The share of all who began that each end has reached; nothing is shown beyond the follow-up."""
    names = [competing[f"event{end}"] for end in _ends(competing)]
    rows = [_incidence_row(found, competing, day) for day in competing["CIF_event1"]]
    print_columns(["after", names[0], "95 % band", *names[1:]], rows)


def _incidence_row(found: Any, competing: Any, day: str) -> list[str]:
    after, others = _after(day), _ends(competing)[1:]
    if float(day) > found["follow_up_days"]:
        return [after, BEYOND, "", *("" for _ in others)]
    low, high = competing["CIF_ci95_event1"][day]
    return [
        after,
        share(competing["CIF_event1"][day]),
        f"{low * 100:.1f} – {share(high)}",
        *(share(competing[f"CIF_event{end}"][day]) for end in others),
    ]


def _still_open(found: Any) -> Iterator[str]:
    ages = found["open_wait_age_days"]
    if not ages["n"]:
        yield f"None of {found['n']:,} still open."
        return
    yield f"{ages['n']:,} of {found['n']:,} still open, half of them for {duration(ages['median'])} or longer."
    yield "  " + " · ".join(f"{ages[key]:,} for {age} or more" for key, age in AGES)


def _how_long(found: Any) -> Iterator[str]:
    if "competing" in found:
        yield "Of all who began, the share that has reached each end (Aalen–Johansen, those who wait counted):"
        return
    median = found["km_median"]
    yield f"Half were through within {duration(median)}." if median is not None else "Half being through was not reached."
    quantiles = [(quantile, days) for quantile, days in found["km_quantiles"].items() if quantile != "0.5"]
    yield "  " + " · ".join(_quantile(float(quantile), days) for quantile, days in quantiles)
    if found["events"] and found["censored"]:
        naive = duration(found["naive_median_completed_only"])
        yield f"Of the {found['events']:,} that are through half took {naive} or less; that leaves out who still waits."


def _quantile(quantile: float, days: float | None) -> str:
    return f"{quantile * 100:.0f} % {NOT_REACHED if days is None else 'within ' + duration(days)}"


def _row(found: Any, day: str) -> list[str]:
    """Beyond the longest follow-up nobody was seen waiting, so no number stands there; leadtimes leaves `rmst` out."""
    if day not in found["rmst"]:
        return [_after(day), BEYOND, "", ""]
    low, high = found["S_ci95_loglog"][day]
    return [_after(day), share(found["S"][day]), f"{low * 100:.1f} – {share(high)}", duration(found["rmst"][day])]


def _after(day: str) -> str:
    return with_unit(float(day), "day") if float(day) >= 1 else duration(float(day))
