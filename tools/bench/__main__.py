"""`make bench`: runs the benches asked for, or all of them; prints their table and writes it as JSON. Code 1: a bound is not held."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from deploy.local.failures import StreetFailure
from deploy.local.places import ROOT
from shared.clock import real_now
from tools.bench import consumer, importing, latency, malformed, questions, relay
from tools.bench.children import Failed
from tools.bench.frame import Miscounted, Ratio, machine, print_table, said

RESULTS: Final = ROOT / "bench" / "results"
EVERY: Final = (consumer, relay, questions, importing, latency, malformed)
BENCHES: Final[Mapping[str, Callable[[int], list[Ratio]]]] = {each.NAME: each.bench for each in EVERY}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="How often each side is measured.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=RESULTS, help="Where the figures go: a NAME.json each.")
def main(names: Sequence[str], rounds: int, out: Path) -> None:
    """Measure speed beside a limit in the same run, in rounds that alternate; without NAMES everything.

    \b
    Exit codes: 0 every bound is held, 1 one is not, or the counts do not agree, or the street did not start.
    """
    held = []
    for name in names or BENCHES:
        click.echo(name, err=True)
        before = machine()
        try:
            found = BENCHES[name](rounds)
        except (Failed, Miscounted, StreetFailure) as error:
            raise click.ClickException(f"{name}: {error}") from None
        click.echo(f"{name}: {rounds} rounds on {said(before)}")
        print_table(found)
        document = {"bench": name, "measured_at": real_now().isoformat(timespec="seconds"), "machine": before, "rounds": rounds}
        out.mkdir(parents=True, exist_ok=True)
        written = json.dumps(document | {"ratios": [each.document() for each in found]}, indent=1, ensure_ascii=False)
        (out / f"{name}.json").write_text(written + "\n", encoding="utf-8")
        held += [each.holds for each in found]
    sys.exit(not all(held))


if __name__ == "__main__":
    main()
