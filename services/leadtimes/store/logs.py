"""The SQL of imported logs: what they are called, how far each has come, and all of its events as columns. Decides nothing."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.leadtimes.domain.log import Codes, LogColumns, in_order, microseconds, runs
from shared.postgres import LONG_COMMAND_S, Row, Transaction
from shared.telemetry import step

DESCRIBE = """
    INSERT INTO log (log_id, sha256, events, vocabulary) VALUES ($1, $2, $3, $4)
    ON CONFLICT (log_id) DO UPDATE SET sha256 = excluded.sha256, events = excluded.events, vocabulary = excluded.vocabulary
"""
NAME = "INSERT INTO log_name (name, log_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING true"
REMEMBER = "DELETE FROM forgotten_log WHERE log_id = $1"
FORGET_NAME = "DELETE FROM log_name WHERE name = $1"
# All of it in one statement: a log with no name left, what is counted and noted of its events, and the events.
FORGET_EVENTS = """
    WITH forgotten AS (INSERT INTO forgotten_log (log_id) SELECT $1 ON CONFLICT DO NOTHING),
         counted AS (DELETE FROM log_progress WHERE log_id = $1),
         noted AS (DELETE FROM id_conflict USING event WHERE id_conflict.event_id = event.event_id AND event.log_id = $1)
    DELETE FROM event WHERE log_id = $1
"""
FORGET_DESCRIPTION = "DELETE FROM log WHERE log_id = $1"
FORGET_COLUMNS = "DELETE FROM log_columns WHERE log_id = $1"
NAMED_SO = "SELECT count(*) FROM log_name WHERE log_id = $1"
LOGS = """
    SELECT name, log_id, sha256, events, vocabulary, coalesce(stored, 0) AS stored, told, first_event, last_event
    FROM log_name JOIN log USING (log_id) LEFT JOIN log_progress USING (log_id)
"""
EVERY = f"{LOGS} ORDER BY name"
ONE = f"{LOGS} WHERE name = $1"
KEPT_COLUMNS = "SELECT columns FROM log_columns WHERE log_id = $1 AND events = $2"
# Not of a log that was forgotten or described otherwise meanwhile: who writes anything of a log holds its lock.
KEEP_COLUMNS = """
    INSERT INTO log_columns (log_id, events, columns) SELECT log_id, $2, $3 FROM log WHERE log_id = $1 AND vocabulary = $4
    ON CONFLICT (log_id) DO UPDATE SET events = excluded.events, columns = excluded.columns
"""

# Rows of one width in PostgreSQL's binary COPY format (its documentation, COPY, File Formats), so that a million of them are an array and
# not a million objects. A number of 0 is a code that an event does not have.
COLUMNS = (
    ("stream", (("high", ">u8"), ("low", ">u8"))),
    ("time", (("time", ">i8"),)),
    ("recorded_at", (("recorded", ">i8"),)),
    ("(data ->> 'row')::integer", (("row", ">i4"),)),
    ("substr(activity_code, 2)::integer", (("activity", ">i4"),)),
)
FIELD = "coalesce(substr(data #>> ${}::text[], 2)::integer, 0)"
OF_LOG = "FROM event WHERE log_id = $1 AND activity_code IS NOT NULL"
BEFORE, AFTER = 19, 2
"""Bytes before the first row and after the last."""
USUAL = ("organisation", "resource")
LONG = ("time", "recorded")
"""The others have room in 32 bits."""
POSTGRES_BEGINNING = microseconds(datetime(2000, 1, 1, tzinfo=UTC))
"""From which PostgreSQL counts the microseconds of a timestamptz."""


@dataclass(frozen=True)
class Field:
    """What events of a log may say beside their activity: where it stands in them, and what its codes are called."""

    path: Sequence[str]
    names: Mapping[str, str]
    letter: str


@dataclass(frozen=True)
class Log:
    """A log under one of its names: what its codes are called, and how far its import has come."""

    name: str
    log_id: UUID
    sha256: str
    events_expected: int
    vocabulary: Mapping[str, Any]
    events_stored: int
    told_complete: bool
    first_event: datetime | None
    last_event: datetime | None

    @property
    def complete(self) -> bool:
        """The import has said how many events there are, and that many different ones are stored."""
        return self.told_complete and self.events_stored >= self.events_expected

    @property
    def activity_names(self) -> dict[str, str]:
        """What each activity code is called."""
        return {code: activity["name"] for code, activity in self.vocabulary["activities"].items()}

    @property
    def fields(self) -> dict[str, Field]:
        """By name what waits can be told apart by: organisation and resource, and whatever else its import took along."""
        further = {
            each["name"]: Field(("attributes", code), each["values"], "v") for code, each in self.vocabulary.get("attributes", {}).items()
        }
        usual = {name: Field((f"{name}_code",), names, name[0]) for name in USUAL if (names := self.vocabulary.get(f"{name}s"))}
        return further | usual


async def name(tx: Transaction, name: str, log_id: UUID) -> bool:
    """Gives a described log a name; whether the name is new. An old name stays what it was."""
    return bool(await tx.fetchval(NAME, name, log_id))


async def forget_name(tx: Transaction, name: str, log_id: UUID) -> bool:
    """Takes a name from a log, and with its last name the log itself and all its events; whether that was it.

    From then on its events are not kept when they are heard.
    """
    await tx.execute(FORGET_NAME, name)
    if await tx.fetchval(NAMED_SO, log_id):
        return False
    await tx.execute(FORGET_EVENTS, log_id, timeout=LONG_COMMAND_S)
    await tx.execute(FORGET_DESCRIPTION, log_id)
    return True


async def describe(tx: Transaction, log_id: UUID, sha256: str, events: int, vocabulary: Mapping[str, Any]) -> None:
    """Says how many events a log has and what its codes are called; said again, the last counts. A forgotten one is so no longer."""
    await tx.execute(REMEMBER, log_id)
    await tx.execute(FORGET_COLUMNS, log_id)
    await tx.execute(DESCRIBE, log_id, sha256, events, vocabulary)


async def every(tx: Transaction) -> list[Log]:
    """Every log under every name."""
    return [_log(row) for row in await tx.fetch(EVERY)]


async def called(tx: Transaction, name: str) -> Log | None:
    """The log of that name."""
    row = await tx.fetchrow(ONE, name)
    return _log(row) if row else None


async def kept_columns(tx: Transaction, log: Log) -> bytes | None:
    """The columns of a log, if they were made since its last event came."""
    packed: bytes | None = await tx.fetchval(KEPT_COLUMNS, log.log_id, log.events_stored, timeout=LONG_COMMAND_S)
    return packed


async def keep_columns(tx: Transaction, log: Log, packed: bytes) -> None:
    """Keeps the columns of a log for the next question."""
    await tx.execute(KEEP_COLUMNS, log.log_id, log.events_stored, packed, log.vocabulary, timeout=LONG_COMMAND_S)


@step
async def copy(tx: Transaction, log: Log) -> bytearray:
    """Every event of a log in PostgreSQL's binary COPY format, in no order."""
    found = bytearray()

    async def keep(piece: bytes) -> None:
        found.extend(piece)

    paths = [field.path for field in log.fields.values()]
    columns = ", ".join([*(expression for expression, _ in COLUMNS), *(FIELD.format(number) for number in range(2, 2 + len(paths)))])
    await tx.copy_from_query(f"SELECT {columns} {OF_LOG}", log.log_id, *paths, output=keep, format="binary", timeout=LONG_COMMAND_S)
    return found


def pack(copied: bytearray, log: Log) -> bytes:
    """What `copy` gave of this log, in the order in which it is questioned: small, and read without any work."""
    row, fields = _row(len(log.fields)), list(log.fields)
    rows = np.frombuffer(copied, row, count=(len(copied) - BEFORE - AFTER) // row.itemsize, offset=BEFORE)
    ordered = in_order(
        LogColumns(
            case=_numbers(rows["high"].astype(np.uint64), rows["low"].astype(np.uint64)),
            time=rows["time"].astype(np.int64) + POSTGRES_BEGINNING,
            recorded=rows["recorded"].astype(np.int64) + POSTGRES_BEGINNING,
            row=rows["row"],
            activity=rows["activity"] - 1,
            fields={name: rows[_field(number)] - 1 for number, name in enumerate(fields)},
            activities=[],
            names={},
        )
    )
    columns = {name: getattr(ordered, name) for name in ("case", "time", "recorded", "row", "activity")}
    columns |= {_field(number): ordered.fields[name] for number, name in enumerate(fields)}
    out = io.BytesIO()
    np.savez(out, **{name: column if name in LONG else column.astype(_least_type(column)) for name, column in columns.items()})
    return out.getvalue()


def _least_type(column: Codes) -> "np.dtype[Any]":
    """The smallest whole numbers that have room for all of these."""
    return np.promote_types(np.min_scalar_type(column.min()), np.min_scalar_type(column.max()))


def _row(fields: int) -> "np.dtype[np.void]":
    parts = [*(parts for _, parts in COLUMNS), *(((_field(number), ">i4"),) for number in range(fields))]
    return np.dtype([("parts", ">i2"), *(each for place, of in enumerate(parts) for each in ((f"length {place}", ">i4"), *of))])


def _field(number: int) -> str:
    return f"field {number}"


def unpack(packed: bytes, log: Log) -> LogColumns:
    """The columns of this log, and what their numbers are called."""
    loaded = np.load(io.BytesIO(packed), allow_pickle=False)
    kept = {name: loaded[name].astype(np.int64 if name in LONG else np.int32) for name in loaded.files}
    activity, activities = _called(kept["activity"], log.activity_names, "a")
    fields = {name: _called(kept[_field(number)], field.names, field.letter) for number, (name, field) in enumerate(log.fields.items())}
    return LogColumns(
        case=kept["case"],
        time=kept["time"],
        recorded=kept["recorded"],
        row=kept["row"],
        activity=activity,
        fields={name: said for name, (said, _) in fields.items()},
        activities=activities,
        names={name: names for name, (_, names) in fields.items()},
    )


def _called(numbers: Codes, names: Mapping[str, str], letter: str) -> tuple[Codes, Sequence[str]]:
    """Numbers of names: of those that the vocabulary gives, else of the codes themselves. Two codes of one name are one.

    What the vocabulary names and no event says is among the names too: it can be asked for, and never happened.
    """
    codes = [f"{letter}{number}" for number in range(1, int(numbers.max(initial=-1)) + 2)]
    called = [names.get(code, code) for code in codes]
    places = {name: place for place, name in enumerate(dict.fromkeys((*called, *names.values())))}
    if list(places)[: len(called)] == called:
        return numbers, list(places)
    return np.array([*(places[name] for name in called), -1])[numbers], list(places)


def _numbers(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Codes:
    """A number for each different pair, from 0."""
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    new = runs(high) | runs(low)
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers


def _log(row: Row) -> Log:
    told = row["told"]
    return Log(
        name=row["name"],
        log_id=row["log_id"],
        sha256=row["sha256"],
        events_expected=row["events"] if told is None else told,
        vocabulary=row["vocabulary"],
        events_stored=row["stored"],
        told_complete=told is not None,
        first_event=row["first_event"],
        last_event=row["last_event"],
    )
