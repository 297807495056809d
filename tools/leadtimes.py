"""`sluss leadtimes`: the measures of our own cases, completed beside still waiting."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.measures import IN_WORKING_DAYS, Measure
from tools.api import BadInput, RefusedInput, open_api, street
from tools.figures import BEYOND, NOT_REACHED, TOO_FEW, format_option, moment, print_csv, print_json, share, with_unit
from tools.passage import passage_rows, print_responsibility, print_where

FROM_TO: Final = {
    "L20": "first contact to the first insats that counts",
    "L20any": "first contact to any insats",
    "L20P": "first contact to the first insats that counts, over the cases of a person",
    "L21": "application to the first insats that counts",
    "L01": "first contact to application",
    "L02": "application to its last completion",
    "L03": "complete application to decision",
    "L04": "first contact to decision on the new application",
    "L05": "application to its first assessment",
    "L06": "start of an assessment to its completion",
    "L07": "first assessment completed to plan",
    "L08": "plan to assignment",
    "L09": "application as unemployed to direct assignment",
    "L10": "assignment to the first booking",
    "L12": "referral drafted to sent",
    "L13": "referral sent to received",
    "L14": "referral sent to the final answer",
    "L14q": "referral sent to the recipient's first question",
    "L15": "referral sent to accepted",
    "L16": "referral accepted to started",
    "L17": "referral sent to started",
    "L22": "ready for the next step to the next insats",
    "L23": "end of the last open insats to the next",
    "L24": "months of support",
}
MONTHS: Final = {
    "up_to_3_months": "0–3 months",
    "up_to_6_months": "3–6 months",
    "up_to_12_months": "6–12 months",
    "over_12_months": "over 12 months",
}
SMALL_COUNTS: Final = "These figures are for staff and show small counts too. Do not pass them on as they are."


@click.command()
@click.option("--measure", type=click.Choice([each.value for each in Measure]), help="One of them.  [default: all]")
@click.option("--by", type=click.Choice([each.value for each in Grouping]), help="Also for each group of what was known in time.")
@click.option("--where", "asked", flag_value="where", help="Where people are 30, 90, 180 and 365 days after contact.")
@click.option("--responsibility", "asked", flag_value="responsibility", help="Who held the ball on the way to an insats.")
@click.option("--as-of", metavar="DATE", help="What had happened by then: a day, or an instant with its offset.  [default: now]")
@click.option("--known-at", metavar="DATE", help="What was recorded by then.  [default: now]")
@click.option("--from", "first", metavar="DAY", help="Completed and ended otherwise: only what ended that day or later.")
@click.option("--until", metavar="DAY", help="... and that day or earlier.")
@format_option
def leadtimes(
    measure: str | None,
    by: str | None,
    asked: str | None,
    as_of: str | None,
    known_at: str | None,
    first: str | None,
    until: str | None,
    shown_as: str,
) -> None:
    """Show the lead times, first contact to insats (L20) first, and the months of support (L24).

    Completed, still waiting, ended otherwise, and the share completed within 30, 90, 180 and 365 days. Groups (--by): the channel of
    first contact, the month of the start, the unit known when the wait began, the hindrance known at the first decision, and of
    referrals the function they were sent to (recipient).

    --where and --responsibility are answers of their own, over every case.

    \b
    Exit codes: 0 shown, 2 a date that is none, 3 leadtimes does not answer.
    """
    if asked and (measure or by or first or until):
        raise BadInput(f"--{asked} is about all cases: it goes with neither --measure, --by, --from nor --until.")
    path = [asked] if asked else ["measures", *([measure] if measure else [])]
    with open_api(street(), "leadtimes") as api:
        try:
            found = api.get(*path, by=by, as_of=as_of, known_at=known_at, **{"from": first}, until=until)
        except RefusedInput:
            dates = "--as-of and --known-at are a day (2026-03-31) or an instant with its offset, --from and --until days in this order."
            raise BadInput(dates) from None
    if asked:
        show_passage(asked, found, shown_as)
        return
    measures = [found] if measure else found["measures"]
    match shown_as:
        case "json":
            print_json(found)
        case "csv":
            _csv([row for each in measures for row in _rows(each)])
        case _:
            for each in measures:
                print_measure(each)


def show_passage(asked: str, found: Any, shown_as: str) -> None:
    """Where people are, or who held the ball: for people, or for programs."""
    if shown_as == "json":
        print_json(found)
    elif shown_as == "csv":
        _csv(passage_rows(asked, found))
    elif asked == "where":
        print_where(found)
    else:
        print_responsibility(found)


def _csv(rows: Sequence[dict[str, Any]]) -> None:
    """A file of small counts that is easily passed on, so what the page says is said here too."""
    print_csv(rows)
    click.echo(SMALL_COUNTS, err=True)


def _rows(measure: Any) -> list[dict[str, Any]]:
    """One row for the whole, and one for each of its groups."""
    whole = {name: value for name, value in measure.items() if name not in ("by", "groups")}
    return [whole, *measure.get("groups", [])]


def print_measure(measure: Any) -> None:
    """A measure for people, who still waits first, and its groups after it."""
    click.echo(f"{measure['measure']}  {FROM_TO[measure['measure']]}")
    click.echo(f"  as of {moment(measure['as_of'])}, known at {moment(measure['known_at'])}, rule set {measure['rule_set']}")
    if period := _period(measure):
        click.echo(f"  completed and ended otherwise: only what ended {period}")
    lines = _months_of_support if "still_receiving" in measure else _lines
    for line in lines(measure):
        click.echo(f"  {line}")
    for group in measure.get("groups", []):
        click.echo(f"\n  {group['group']}")
        for line in lines(group):
            click.echo(f"    {line}")
    if measure["incomplete"]:
        click.echo(f"  {with_unit(measure['incomplete'], 'case')} of all lack an event that should have come: these figures may change")
    click.echo()


def _lines(figures: Any) -> Iterator[str]:
    waiting, done, ended = figures["still_waiting"], figures["completed"], figures["ended_otherwise"]
    of = waiting["n"] + done["n"] + sum(ended.values())
    if of or _period(figures):
        yield from _whole(figures, "" if _period(figures) else f" of {of:,}")
    else:
        yield "nobody had begun to wait"
    yield from _left_out(figures)


def _period(figures: Any) -> str:
    return " ".join(f"{name} {figures[name]}" for name in ("from", "until") if name in figures)


def _whole(figures: Any, of: str) -> Iterator[str]:
    waiting, done, ended = figures["still_waiting"], figures["completed"], figures["ended_otherwise"]
    if not waiting["n"]:
        yield f"0{of} still waiting"
    else:
        of_half = _both(figures, waiting["median_so_far"], waiting["working_days_median_so_far"])
        yield f"{waiting['n']:,}{of} still waiting, half of them for {of_half} or longer"
        yield "  " + " · ".join(f"{n:,} for {_bucket(name)}" for name, n in waiting["buckets"].items())
        if "month_buckets" in waiting:
            yield "  " + " · ".join(f"{n:,} for {MONTHS[name]}" for name, n in waiting["month_buckets"].items())
    yield f"{done['n']:,} completed" + (f": {_distribution(figures)}" if done["n"] else "")
    if ended:
        yield f"{sum(ended.values()):,} ended otherwise: " + _by_reason(ended)
    half = figures["curve_median"]
    never = TOO_FEW if figures["too_few_followed"] else NOT_REACHED
    yield "half of all completed" + (f" within {_days(half)}" if half is not None else f": {never}") + ", those who wait counted"
    yield "completed within " + " · ".join(_point(point) for point in figures["curve"])


def _left_out(figures: Any) -> Iterator[str]:
    """Who counts nowhere, by rule, and what is wrong with the data of those who may count."""
    if figures["excluded"]:
        yield "excluded: " + _by_reason(figures["excluded"])
    if figures.get("flags"):
        yield "flagged: " + _by_reason(figures["flags"])


def _bucket(name: str) -> str:
    return "over 365 days" if name.startswith("over") else f"{name.replace('-', '–')} days"


def _by_reason(counts: Any) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in counts.items())


def _point(point: Any) -> str:
    within = f"{point['day']:g} days:"
    if point["too_few_followed"]:
        return f"{within} {TOO_FEW}"
    if point["share"] is None or point["beyond_follow_up"]:
        return f"{within} {BEYOND}"
    band = "" if point["low"] is None else f" ({point['low'] * 100:.1f} – {share(point['high'])})"
    return f"{within} {share(point['share'])}{band}"


def _distribution(figures: Any) -> str:
    done, names = figures["completed"], ("median", "mean", "p75", "p90")
    return ", ".join(f"{name} {_both(figures, done[name], done['working_days'][name])}" for name in names)


def _both(figures: Any, days: float, working_days: float) -> str:
    """Calendar days with working days beside them; of a measure that is told in working days the other way round."""
    told = with_unit(days, "day"), with_unit(working_days, "working day")
    first, beside = reversed(told) if figures["measure"] in IN_WORKING_DAYS else told
    return f"{first} ({beside})"


def _months_of_support(figures: Any) -> Iterator[str]:
    """L24 for people: months, never days."""
    still, done, ended = figures["still_receiving"], figures["completed"], figures["ended_otherwise"]
    of = still["n"] + done["n"] + sum(ended.values())
    if of or _period(figures):
        yield from _whole_support(figures, "" if _period(figures) else f" of {of:,}")
    else:
        yield "nobody had support"
    yield from _left_out(figures)


def _whole_support(figures: Any, of: str) -> Iterator[str]:
    still, done, ended = figures["still_receiving"], figures["completed"], figures["ended_otherwise"]
    yield f"{still['n']:,}{of} still have an open case" + (
        f": median {_months(still['median_so_far'])} so far, mean {_months(still['mean_so_far'])}, over six months {still['over_target']:,}"
        if still["n"]
        else ""
    )
    yield f"{done['n']:,} support themselves or study" + (
        f": median {_months(done['median'])}, mean {_months(done['mean'])}; "
        f"{done['target_met']:,} ({share(done['share_target_met'])}) after at most six months"
        if done["n"]
        else ""
    )
    if ended:
        yield f"{sum(ended.values()):,} ended otherwise: " + _by_reason(ended)


def _months(months: float) -> str:
    return with_unit(months, "month")


def _days(days: float) -> str:
    """Lead times of people are in days, also short ones."""
    return with_unit(days, "day")
