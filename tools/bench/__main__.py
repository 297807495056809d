"""`make bench`: runs the benches asked for, or all of them; prints their table and writes it as JSON. Code 1: a bound is not held."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from deploy.local.failures import StreetFailure
from shared.clock import real_now
from tools.bench import malformed
from tools.bench.frame import Miscounted, Ratio, machine, print_table

BENCHES: Final[Mapping[str, Callable[[int], list[Ratio]]]] = {malformed.NAME: malformed.bench}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="How often each side is measured.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the figures are written as JSON.")
def main(names: Sequence[str], rounds: int, out: Path | None) -> None:
    """Measure speed beside a limit in the same run, in rounds that alternate; without NAMES everything.

    \b
    Exit codes: 0 every bound is held, 1 one is not, or the counts do not agree, or the street did not start.
    """
    found: list[Ratio] = []
    before = machine()
    for name in names or BENCHES:
        click.echo(name, err=True)
        try:
            found += BENCHES[name](rounds)
        except (Miscounted, StreetFailure) as error:
            raise click.ClickException(f"{name}: {error}") from None
    print_table(found)
    if out:
        document = {"measured_at": real_now().isoformat(timespec="seconds"), "machine": before, "rounds": rounds}
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document | {"ratios": [each.document() for each in found]}, indent=1) + "\n")
    sys.exit(not all(each.holds for each in found))


if __name__ == "__main__":
    main()
