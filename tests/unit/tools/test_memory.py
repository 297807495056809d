"""The memory an import needs does not grow with the log."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

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


def table_of(cases: int) -> str:
    lines = (f"case-{number},Step {step},{START + timedelta(hours=number + step)}" for number in range(cases) for step in range(10))
    return "\n".join(["case_id,activity,timestamp", *lines])


def rows_of(cases: int) -> str:
    return "\n".join(
        json.dumps({"case": f"case-{number}", "type": f"Step {step}", "occurred_at": str(START + timedelta(hours=number + step))})
        for number in range(cases)
        for step in range(10)
    )


def array_of(cases: int) -> str:
    return "[" + rows_of(cases).replace("\n", ",\n") + "]"


OTHERS = [pytest.param(each, marks=pytest.mark.long) for each in (table_of, rows_of, array_of)]


@pytest.mark.parametrize("write", [log_of, *OTHERS])
def test_a_log_made_twenty_times_larger_needs_the_same_memory(tmp_path: Path, write: Callable[[int], str]) -> None:
    small, large = tmp_path / "small.gz", tmp_path / "large.gz"
    small.write_bytes(gzip.compress(write(200).encode()))
    large.write_bytes(gzip.compress(write(4000).encode()))
    (few, small_peak), (many, large_peak) = peak_kb(small), peak_kb(large)
    assert many == 20 * few == 40_000
    assert large_peak < 1.2 * small_peak


def test_an_event_with_a_hundred_thousand_attributes_that_nobody_asked_for_needs_no_more(tmp_path: Path) -> None:
    narrow, wide = tmp_path / "narrow.xes", tmp_path / "wide.xes"
    for file, attributes in ((narrow, 1), (wide, 100_000)):
        more = "".join(f'<string key="key {number}" value="{"x" * 200}"/>' for number in range(attributes))
        file.write_text(xes([("1", [("Sent", START)])], more))
    (_, narrow_peak), (_, wide_peak) = peak_kb(narrow), peak_kb(wide)
    assert wide_peak < 1.2 * narrow_peak
