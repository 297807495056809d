"""The memory an import needs does not grow with the log."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.unit.tools.logs import xes

START = datetime(2011, 1, 1, tzinfo=UTC)
SURVEY_AND_SEND = """
import re, sys
from pathlib import Path
from tools.history import History
from tools.mapping import Mapping
from tools.survey import LogFile, survey

log = LogFile(Path(sys.argv[1]), Mapping(), None)
found = survey(log)
history = History(found, b"secret", "0114")
for event in log.events(""):
    history.recorded(event).message()
# The peak of this program alone: getrusage would also count the one that started it.
print(found.events, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def log_of(cases: int) -> str:
    return xes(
        (f"case-{number}", [(f"Step {step}", START + timedelta(hours=number + step)) for step in range(10)]) for number in range(cases)
    )


def peak_kb(file: Path) -> tuple[int, int]:
    """How many events were read and made into messages, and how much memory that took."""
    done = subprocess.run([sys.executable, "-c", SURVEY_AND_SEND, file], capture_output=True, text=True, check=True)
    events, peak = done.stdout.split()
    return int(events), int(peak)


def test_a_log_made_twenty_times_larger_needs_the_same_memory(tmp_path: Path) -> None:
    small, large = tmp_path / "small.xes", tmp_path / "large.xes"
    small.write_text(log_of(200))
    large.write_text(log_of(4000))
    (few, small_peak), (many, large_peak) = peak_kb(small), peak_kb(large)
    assert many == 20 * few == 40_000
    assert large_peak < 1.2 * small_peak
