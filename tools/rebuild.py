"""`sluss rebuild`: the clocks of every case made anew from the events that leadtimes keeps."""

import click

from tools.api import LONG_PATIENCE_S, open_api, street
from tools.figures import with_unit


@click.command()
def rebuild() -> None:
    """Make the clocks of every case anew.

    From the events that leadtimes keeps; the figures must be the same afterwards.

    \b
    Exit codes: 0 made, 3 leadtimes does not answer.
    """
    with open_api(street(), "leadtimes") as api:
        made = api.post("rebuild", patience_s=LONG_PATIENCE_S)
    click.echo(f"The clocks of {with_unit(made['cases'], 'case')} are made anew.")
