"""A log's events as PostgreSQL copies them out, read as columns: no object an event."""

import numpy as np
from numpy.typing import NDArray

from services.leadtimes.domain.log_stats import Codes, LogColumns
from services.leadtimes.store import Log

Halves = NDArray[np.uint64]
SIGNATURE, TRAILER = 19, 2
"""Bytes before the first row and after the last, in the binary COPY format (PostgreSQL's documentation, COPY, File Formats)."""
ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("case_length", ">i4"), ("case_high", ">u8"), ("case_low", ">u8"),
        ("time_length", ">i4"), ("time", ">i8"),
        ("row_length", ">i4"), ("row", ">i4"),
        ("activity_length", ">i4"), ("activity", ">i4"),
        ("organisation_length", ">i4"), ("organisation", ">i4"),
    ]
)  # fmt: skip


def columns(copied: bytes, log: Log) -> LogColumns:
    """What `store.log_columns` gave of this log."""
    rows = np.frombuffer(copied, ROW, count=(len(copied) - SIGNATURE - TRAILER) // ROW.itemsize, offset=SIGNATURE)
    activity, organisation = rows["activity"].astype(np.int64), rows["organisation"].astype(np.int64)
    return LogColumns(
        case=_numbers(rows["case_high"].astype(np.uint64), rows["case_low"].astype(np.uint64)),
        activity=activity - 1,
        organisation=organisation - 1,
        time=rows["time"].astype(np.int64),
        row=rows["row"].astype(np.int64),
        activities=_names(log, "activities", activity),
        organisations=_names(log, "organisations", organisation),
    )


def _names(log: Log, kind: str, numbers: Codes) -> list[str]:
    """What codes are called: the n-th name is that of the code with number n + 1; itself, where the vocabulary has none."""
    called = {code: name if isinstance(name, str) else name["name"] for code, name in log.vocabulary.get(kind, {}).items()}
    codes = [f"{kind[0]}{number}" for number in range(1, int(numbers.max(initial=0)) + 1)]
    return [called.get(code, code) for code in codes]


def _numbers(high: Halves, low: Halves) -> Codes:
    """A number for each different pair, from 0."""
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    new = np.concatenate(([False], (high[1:] != high[:-1]) | (low[1:] != low[:-1])))
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return numbers
