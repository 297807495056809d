"""`sluss simulate`: a calibrated municipality on a street of its own, in simulated time, against the real API."""

import asyncio
import shlex
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from deploy.local.places import ROOT
from deploy.local.record import StreetRecord, read_record
from shared.clock import LOCAL
from tools.api import BadInput, open_api
from tools.clock import open_clock
from tools.leadtimes import print_measure
from tools.own_street import street_of_its_own
from tools.progress import progress
from tools.simulation.acts import OPENS
from tools.simulation.checks import calibration, measures_by_month, show
from tools.simulation.diary import Diary
from tools.simulation.play import play
from tools.simulation.profile import Profile, names, read_profile
from tools.simulation.town import simulate as simulate_town

FOLDER: Final = ROOT / ".sluss" / "simulation"
MOST_MONTHS: Final = 36


@click.command()
@click.option("--profile", "called", default="vasby", show_default=True, help="Which municipality.")
@click.option("--months", type=click.IntRange(1, MOST_MONTHS), default=12, show_default=True, help="From its go-live.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same acts.")
def simulate(called: str, months: int, seed: int) -> None:
    """Play a calibrated municipality against the real API, in simulated time, on a street of its own.

    Some 425 cases are taken over at go-live, and some 15 contacts a week follow, with late, wrong and doubled registrations among them;
    of five referrals one stalls; timers fire on the way. At the end: the figures of the calibration beside those measured; what was
    registered late, corrected and twice, and how many wait for an insats or have begun one, as the simulator wrote it down (also as JSON)
    beside what `sluss status --quality` and L20 count.

    On a terminal the street stays until Ctrl-C; elsewhere it is stopped, and its folder and data stay until the next run.

    \b
    Exit codes: 0 played and every count as written down, 1 a count differs or a part failed, 2 no such profile,
    4 Kafka's jars cannot be fetched (SLUSS_BROKER=apache), 5 a jar is not the pinned one, 6 a simulation already runs.
    """
    profile = chosen(called)
    with street_of_its_own(FOLDER, "simulation", begins(profile)) as street:
        record = read_record(FOLDER)
        as_written = run(record, called, profile, months, seed)
        with open_api(record, "leadtimes") as api:
            print_measure(api.get("measures", "L20"))
        seen = f"SLUSS_STREET={shlex.quote(str(FOLDER))}"
        if sys.stdout.isatty():
            click.echo(f"The commands see this street with: export {seen}\nCtrl-C stops everything.")
            with suppress(KeyboardInterrupt):
                street.wait()
        else:
            click.echo(f"To see it again: {seen} ./sluss up")
    if not as_written:
        raise click.exceptions.Exit(click.ClickException.exit_code)


def chosen(called: str) -> Profile:
    """The profile of that name. Raises BadInput."""
    if called not in names():
        raise BadInput(f"No such profile. There are: {', '.join(names())}.")
    return read_profile(called)


def begins(profile: Profile) -> datetime:
    """Where the street's clock is born: the morning of go-live."""
    return datetime.combine(profile.go_live, OPENS, LOCAL)


def run(record: StreetRecord, called: str, profile: Profile, months: int, seed: int) -> bool:
    """Plays on a fresh street, writes the diary beside its folder and shows the checks; answers whether every count is as written down."""
    town, diary, begun = simulate_town(profile, months, seed), Diary(), time.monotonic()
    with open_clock(record) as clock, progress("Playing", len(town.acts)) as reach:
        stock = asyncio.run(play(record, clock, town, seed, lambda _: reach(diary.acts), diary))
    took = time.monotonic() - begun
    file = diary_of(record.folder)
    diary.write(file, profile=called, months=months, seed=seed, begins=town.begins.isoformat(), ends=town.ends.isoformat())
    click.echo(f"Played in {took:.0f} s", err=True)
    click.echo(f"{town.begins} to {town.ends}: {diary.acts:,} registrations, written down in {file}\n")
    return show(record, list(calibration(profile, town, stock, measures_by_month(record))), diary)


def diary_of(folder: Path) -> Path:
    """Beside the street's folder."""
    return folder.with_name(f"{folder.name}.diary.json")
