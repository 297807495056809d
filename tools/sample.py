"""`sluss sample`: cases drawn at random for internal control (stickprov, memos S0 and S4), the same ones for the same seed."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import click

from tools.api import Api, BadInput, open_api, street
from tools.figures import format_option, print_columns, print_csv, print_json

PAGE: Final = "200"
MOST: Final = 1000


@click.command()
@click.option("--rule", required=True, metavar="REASON", help="Why a case is on the worklist: plan_missing, pes_check, follow_up …")
@click.option("--n", "wanted", type=click.IntRange(1, MOST), default=20, show_default=True, help="How many cases.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same cases of the same worklist.")
@click.option("--unit", help="Of this unit only.")
@format_option
def sample(rule: str, wanted: int, seed: int, unit: str | None, shown_as: str) -> None:
    """Draw cases at random from those that are on the worklist for a reason.

    Said with the seed and the number drawn from, so that somebody else can draw the same and see that nobody was chosen.

    \b
    Exit codes: 0 shown, 2 no such reason or unit, 3 intake does not answer.
    """
    with open_api(street(), "intake", ["intake-staff"]) as intake:
        reasons = {code["code"] for each in intake.get("codes")["sets"] if each["set"] == "worklist_reason" for code in each["codes"]}
        if rule not in reasons:
            raise BadInput(f"--rule: there is no such reason. Those there are: {', '.join(sorted(reasons))}.")
        due = {task["case_id"]: task["due_on"] for task in _tasks(intake, rule, unit)}
    drawn = sorted(sorted(due, key=lambda case_id: hashlib.sha256(f"{seed} {case_id}".encode()).digest())[:wanted])
    rows = [{"case_id": case_id, "due_on": due[case_id]} for case_id in drawn]
    match shown_as:
        case "json":
            print_json({"rule": rule, "unit": unit, "seed": seed, "of": len(due), "cases": rows})
        case "csv":
            print_csv(rows)
        case _:
            click.echo(f"{len(drawn)} of {len(due):,} cases with {rule}, drawn with seed {seed}")
            if rows:
                print_columns(["case", "due"], [[row["case_id"], row["due_on"]] for row in rows], left=2)


def _tasks(intake: Api, rule: str, unit: str | None) -> Iterator[Any]:
    """The worklist of a reason, page by page, what is due last first: of a case the task that is due first is what remains."""
    found: list[Any] = []
    after = None
    while True:
        page = intake.get("worklist", reason=rule, unit=unit, limit=PAGE, after=after)
        found += page["tasks"]
        after = page["next_after"]
        if after is None:
            return iter(found[::-1])
