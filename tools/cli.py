"""`./sluss`: every command of an operator."""

import click

from tools.caseload import caseload
from tools.clock import clock
from tools.demo import demo
from tools.import_log import import_log
from tools.inbox import discard_gap, forks, parked
from tools.leadtimes import leadtimes
from tools.log_stats import log_stats
from tools.logs import forget, logs
from tools.quarantine import discard, quarantine, redrive
from tools.rebuild import rebuild
from tools.republish import republish
from tools.sample import sample
from tools.seed import seed
from tools.simulate import simulate
from tools.status import status
from tools.street import down, open_page, token, up
from tools.verify import verify
from tools.waits import waits


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def sluss() -> None:
    """Sluss follows a client's passage from the first contact to the insats, and measures the waiting on the way.

    SLUSS_STREET chooses another street than .sluss/street; the demo's is .sluss/demo.

    \b
    Exit codes: 0 done, 1 something is wrong, 2 what was asked for cannot be done so, 3 nothing runs or a service does not answer.
    Each command says its own.
    """


STREET = (up, down, status, open_page, token, clock, demo, seed, simulate)
FIGURES = (import_log, logs, forget, waits, log_stats, leadtimes, caseload)
KEEPING = (verify, sample, quarantine, redrive, discard, parked, forks, discard_gap, republish, rebuild)

for command in (*STREET, *FIGURES, *KEEPING):
    sluss.add_command(command)

if __name__ == "__main__":
    sluss(prog_name="./sluss")
