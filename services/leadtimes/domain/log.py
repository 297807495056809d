"""An imported log as columns, in the order in which every question to a log is asked: by case, then time, then row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOTHING = -1


@dataclass(frozen=True)
class LogColumns:
    """The events of a log, a column each, in the order of case, then time, then row.

    `case` numbers the cases. `time` and `recorded` (when the log's keeper knew of it) are microseconds since 1970 in UTC, `row` is the
    place in the file. `activity` is a place in `activities`, and what an event says of a field one in that field's `names`; -1: nothing.
    """

    case: Codes
    time: Codes
    recorded: Codes
    row: Codes
    activity: Codes
    fields: Mapping[str, Codes]
    activities: Sequence[str]
    names: Mapping[str, Sequence[str]]

    def recorded_by(self, known_at: datetime) -> "LogColumns":
        """The log as its keeper knew it then."""
        return self._part(self.recorded <= microseconds(known_at))

    @property
    def last_event(self) -> datetime:
        """When the last of its events happened; there is one."""
        return BEGINNING + int(self.time.max()) * MICROSECOND

    def places_of(self, activity: str) -> Codes:
        """Where the events of an activity are; nowhere, when the log has none of that name."""
        return np.flatnonzero(self.activity == self.number_of(activity))

    def number_of(self, activity: str) -> int:
        """The place of an activity among `activities`, -1 when it is not there."""
        return self.activities.index(activity) if activity in self.activities else NOTHING

    def firsts(self, places: Codes) -> Codes:
        """Of places the first of each case."""
        return places[runs(self.case[places])]

    def following(self, places: Codes, among: Codes) -> Codes:
        """For each place the first of `among` after it in its case, -1 where there is none."""
        reached = np.searchsorted(among, places, side="right")
        there = reached < len(among)
        there[there] = self.case[among[reached[there]]] == self.case[places[there]]
        found = np.full(len(places), NOTHING, dtype=np.int64)
        found[there] = among[reached[there]]
        return found

    def _part(self, kept: Flags | Codes) -> "LogColumns":
        return replace(
            self,
            case=self.case[kept],
            time=self.time[kept],
            recorded=self.recorded[kept],
            row=self.row[kept],
            activity=self.activity[kept],
            fields={name: said[kept] for name, said in self.fields.items()},
        )


def runs(values: NDArray[Any]) -> Flags:
    """Where each run of equal values begins."""
    begins = np.ones(len(values), dtype=np.bool_)
    begins[1:] = values[1:] != values[:-1]
    return begins


def in_order(log: LogColumns) -> LogColumns:
    """The same events, whose order was any."""
    return log._part(np.lexsort((log.row, log.time, log.case)))


def microseconds(at: datetime) -> int:
    """Since 1970 in UTC."""
    return (at - BEGINNING) // MICROSECOND
