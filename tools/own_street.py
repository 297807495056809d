"""A fresh street of its own in a folder, for what plays a story from its beginning: the demo, the simulation."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from deploy.local.failures import AlreadyRuns, NothingRuns, StreetFailure
from deploy.local.record import read_record
from deploy.local.street import Street


@contextmanager
def street_of_its_own(folder: Path, what: str, begins: datetime) -> Iterator[Street]:
    """Runs while the block does, its clock born at `begins`; commands that the block calls see it. Where it cannot start: exits."""
    try:
        read_record(folder)
    except NothingRuns:
        pass
    else:
        _fail(AlreadyRuns(f"A {what} already runs. See it: SLUSS_STREET={shlex.quote(str(folder))} ./sluss open"))
    street = Street(folder, simulation_start=begins, say=lambda text: click.echo(f"  {text}", err=True))
    street.remove()
    os.environ["SLUSS_STREET"] = str(folder)
    try:
        street.start()
        yield street
    except StreetFailure as failure:
        _fail(failure)
    finally:
        click.echo("  stopping", err=True)
        street.stop()


def _fail(failure: StreetFailure) -> None:
    click.echo(f"Error: {failure}", err=True)
    sys.exit(failure.exit)
