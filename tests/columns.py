"""Logs as columns, made from events one by one: the slow and obvious way."""

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np

from services.leadtimes.domain.log import NOTHING, Codes, LogColumns, in_order, microseconds


@dataclass(frozen=True)
class LogEvent:
    """One event of a log; `row` is its place in the file, `said` what it says beside its activity."""

    case: str
    activity: str
    time: datetime
    row: int
    said: Mapping[str, str] = field(default_factory=dict)
    recorded: datetime | None = None


def columns(events: Iterable[LogEvent], *fields: str) -> LogColumns:
    """The log of these events, which come in any order. Cases, activities and what fields say are numbered in the order of their names."""
    every = list(events)
    said = {name: codes_of([each.said.get(name) for each in every]) for name in fields}
    activity, activities = codes_of([each.activity for each in every])
    return in_order(
        LogColumns(
            case=codes_of([each.case for each in every])[0],
            time=numbers([microseconds(each.time) for each in every]),
            recorded=numbers([microseconds(each.recorded or each.time) for each in every]),
            row=numbers([each.row for each in every]),
            activity=activity,
            fields={name: codes for name, (codes, _) in said.items()},
            activities=activities,
            names={name: names for name, (_, names) in said.items()},
        )
    )


def codes_of(values: Sequence[str | None]) -> tuple[Codes, list[str]]:
    """Each value as its place among the different ones in their order, and these; -1 for None."""
    names = sorted({value for value in values if value is not None})
    places = {name: place for place, name in enumerate(names)}
    return numbers([NOTHING if value is None else places[value] for value in values]), names


def numbers(values: Sequence[int]) -> Codes:
    """As a column."""
    return np.array(values, dtype=np.int64)


@cache
def columns_of(log: Path) -> LogColumns:
    """A log of the shared data as its CSV has it, with `organisation`."""
    with gzip.open(log, "rt", encoding="utf-8", newline="") as file:
        return columns(
            (
                LogEvent(
                    row["case_id"],
                    row["activity"],
                    datetime.fromisoformat(row["timestamp"]),
                    int(row["seq"]),
                    {"organisation": row["org"]} if row["org"] else {},
                )
                for row in csv.DictReader(file)
            ),
            "organisation",
        )
