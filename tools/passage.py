"""`sluss leadtimes --where` and `--responsibility`: where people are after contact, and who held the ball on the way to an insats."""

from typing import Any, Final

import click

from tools.figures import moment, print_columns, share, with_unit

HEAD: Final = ("as_of", "known_at", "rule_set", "incomplete")
LEFT_OUT: Final = ("negative", "excluded", "void")


def passage_rows(asked: str, found: Any) -> list[dict[str, Any]]:
    """For programs: one row a day (`where`) or a holder (`responsibility`), each with what every figure goes with."""
    names, parts = (HEAD, "days") if asked == "where" else ((*HEAD, *LEFT_OUT), "parts")
    return [{name: found[name] for name in names} | each for each in found[parts]]


def print_where(found: Any) -> None:
    """For people: one line a day."""
    click.echo(f"Where people are after first contact, {_limits(found)}")
    heads = ["after", "everybody", "waiting", "in insats", "between insatser", "closed", "of all, in one already"]
    rows = [
        [
            with_unit(each["day"], "day"),
            *(f"{each[name]:,}" for name in ("n", "waiting", "in_insats", "between")),
            f"{sum(each['closed'].values()):,}",
            f"{each['already_in_insats']:,}",
        ]
        for each in found["days"]
    ]
    print_columns(heads, rows, left=1)
    for each in found["days"]:
        if each["closed"]:
            by_reason = ", ".join(f"{reason} {n:,}" for reason, n in each["closed"].items())
            click.echo(f"closed within {with_unit(each['day'], 'day')}: {by_reason}")
        if each["before_known_from"]:
            left_out = with_unit(each["before_known_from"], "case")
            click.echo(f"{left_out} left out at {each['day']} days: not known to us by then")
        if each["void"]:
            click.echo(f"{with_unit(each['void'], 'case')} left out at {each['day']} days: entered in error")
    _incomplete(found)


def print_responsibility(found: Any) -> None:
    """For people: one line a holder, the parts summing to the days of L20."""
    click.echo(f"Who held the ball between first contact and an insats (L20), {_limits(found)}")
    click.echo(f"{with_unit(found['days'], 'day')} in {with_unit(found['cases'], 'case')}; a shared day counts for each holder")
    rows = [
        [
            each["holder"],
            f"{each['days']:,}",
            "–" if each["share"] is None else share(each["share"]),
            f"{each['cases']:,}",
            f"{each['shared_days']:,}",
        ]
        for each in found["parts"]
    ]
    print_columns(["holder", "days", "share", "cases", "shared days"], rows, left=1)
    click.echo(
        f"of all {with_unit(found['all_cases'], 'case')}, those outside L20 too: "
        f"referrals that bounced on: {found['bounces']:,}, no-shows: {found['no_shows']:,}, routings: {found['hops']:,}"
    )
    if found["negative"]:
        click.echo(f"{with_unit(found['negative'], 'case')} left out: the insats is dated before the contact")
    if found["excluded"]:
        click.echo("excluded: " + ", ".join(f"{rule} {n:,}" for rule, n in found["excluded"].items()))
    if found["void"]:
        click.echo(f"{with_unit(found['void'], 'case')} left out: entered in error")
    _incomplete(found)


def _limits(found: Any) -> str:
    return f"as of {moment(found['as_of'])}, known at {moment(found['known_at'])}, rule set {found['rule_set']}"


def _incomplete(found: Any) -> None:
    if found["incomplete"]:
        click.echo(f"{with_unit(found['incomplete'], 'case')} of all lack an event that should have come: these figures may change")
