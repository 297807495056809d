"""`sluss caseload`: open cases by unit and experience (ärendebelastning), and the cases of each week with what became of them (inflöde)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from tools.api import open_api, street
from tools.figures import format_option, moment, print_columns, print_csv, print_json, share, with_unit

OF_LOAD: Final = ("cases", "adults", "households", "workers", "away")
OF_WEEK: Final = ("arrivals", "adults", "households", "applied", "applications", "by_e_service")
BECAME: Final = ("granted", "partly", "rejected", "dismissed", "withdrawn", "never_applied", "closed_otherwise")
AWAITING: Final = ("awaiting_application", "awaiting_decision")
NONE: Final = "–"


@click.command()
@click.option("--weeks", type=click.IntRange(1, 104), default=12, show_default=True, help="So many complete weeks before the present one.")
@format_option
def caseload(weeks: int, shown_as: str) -> None:
    """Show how many open cases each unit has, how many came each week, and what became of them.

    No figure is about fewer than three present workers: such a one is a dash. Cases of protected persons are in the total alone.

    \b
    Exit codes: 0 shown, 3 intake does not answer.
    """
    with open_api(street(), "intake", ["intake-manager", "intake-staff"]) as intake:
        load, flow = intake.get("caseload"), intake.get("arrivals", weeks=str(weeks))
    match shown_as:
        case "json":
            print_json({"caseload": load, "arrivals": flow})
        case "csv":
            print_csv([*_rows("unit", load["units"]), {"part": "total", **load["total"]}, *_rows("week", flow["weeks"])])
        case _:
            _print_load(load)
            _print_flow(flow)


def _rows(part: str, found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return ({"part": part, **each} for each in found)


def _print_load(load: Any) -> None:
    total = load["total"]
    click.echo(f"Caseload as of {moment(load['as_of'])}\n")
    rows = [["all units", *_counts(total, OF_LOAD), _figure(total["even"])]]
    for unit in load["units"]:
        told = [_figure(unit[name]) for name in ("even", "without_worker", "gini")]
        rows.append([unit["unit"] or "no unit", *_counts(unit, OF_LOAD), *told])
        rows += [
            [f"  {each['experience']}", str(each["cases"]), "", "", str(each["workers"]), str(each["away"]), _figure(each["each"])]
            for each in unit["by_experience"]
        ]
    print_columns(["unit", *OF_LOAD, "for each", "nobody's", "Gini"], rows)
    if total["not_counted"]:
        click.echo("not counted: " + _listed(total["not_counted"]))


def _print_flow(flow: Any) -> None:
    click.echo("\nCases that came\n")
    weeks = flow["weeks"]
    print_columns(
        ["week", *(name.replace("_", " ") for name in OF_WEEK), "share"],
        [[_week(each), *_counts(each, OF_WEEK), _share(each)] for each in weeks],
    )
    click.echo("\nWhat became of them\n")
    print_columns(
        ["week", *(name.replace("_", " ") for name in BECAME), "waiting"],
        [[_week(each), *_counts(each["became"], BECAME), str(sum(each["became"][name] for name in AWAITING))] for each in weeks],
    )
    law = flow["littles_law"]
    click.echo(f"\nLittle's law over the {with_unit(len(weeks) - 1, 'complete week')}")
    click.echo(f"  {_figure(law['mean_open'])} cases open, the mean of the weeks' ends")
    product, arrivals, each = (_figure(law[name]) for name in ("arrivals_times_weeks", "arrivals_a_week", "mean_weeks"))
    click.echo(f"  {product} = {arrivals} arrivals a week × {each} weeks open, the mean of the {law['closed']:,} that closed")
    if law["still_open"]:
        click.echo(f"  {law['still_open']:,} still open at the end, for {with_unit(law['mean_weeks_so_far'], 'week')} so far (mean)")


def _counts(found: Mapping[str, int], names: tuple[str, ...]) -> list[str]:
    return [f"{found[name]:,}" for name in names]


def _figure(value: float | None) -> str:
    return NONE if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _share(week: Any) -> str:
    return NONE if week["share_by_e_service"] is None else share(week["share_by_e_service"])


def _week(week: Any) -> str:
    return str(week["week"]) + ("" if week["is_complete"] else " so far")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())
