"""One event of a log, whatever the form of its file, and what is refused in all of them."""

from collections import Counter
from collections.abc import Mapping as Words
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from shared.json_check import LONE_SURROGATE, UNWELCOME
from tools.mapping import Mapping

LONGEST_NAME: Final = 200
LONGEST_CASE: Final = 1000
MOST_ROWS: Final = 2**27
"""Rows that a file numbers itself are checked for repeats with one bit each: at most 16 MiB."""
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event, in the words of the file. `time` has an offset; `row` is its place in the file, from 0, or the file's own number.

    `recorded`: when the log's keeper knew it, where the file says so. `attributes`: what it says of those of the mapping, in their order.
    """

    case: str
    activity: str
    time: datetime
    organisation: str | None
    resource: str | None
    lifecycle: str | None
    row: int
    recorded: datetime | None = None
    attributes: tuple[str | None, ...] = ()


class BadLog(Exception):
    """A file that cannot be imported: where, counted from 1, and why. Never repeats what the file says."""

    def __init__(self, file: str, line: int, column: int, why: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {why}")


@dataclass
class Maker:
    """Makes events of the words of a file, or refuses them with their place. `offsets`: how many times stood at which, None without one."""

    file: str
    mapping: Mapping
    zone: ZoneInfo | None
    time_format: str | None = None
    made: int = 0
    offsets: Counter[timedelta | None] = field(default_factory=Counter)
    _rows: bytearray = field(default_factory=bytearray)

    def make(self, case: str | None, words: Words[str, str], time: datetime | None, recorded: datetime | None, place: Place) -> LogEvent:
        """The event that these words tell of. Raises BadLog."""
        activity = self._name(words, self.mapping.activity, place)
        if case is None or not case.strip():
            self.refuse(place, f'no "{self.mapping.case}" before or in this event, so it belongs to no case')
        if len(case) > LONGEST_CASE:
            self.refuse(place, f'"{self.mapping.case}" is longer than {LONGEST_CASE} characters here, so it names no case')
        if LONE_SURROGATE.search(case):
            self.refuse(place, f'"{self.mapping.case}" holds half a character here (a lone surrogate)')
        if activity is None:
            self.refuse(place, f'this event has no "{self.mapping.activity}", which should name its activity')
        if time is None:
            self.refuse(place, f'this event has no "{self.mapping.time}", which should say when it happened')
        event = LogEvent(
            case,
            activity,
            time,
            self._name(words, self.mapping.organisation, place),
            self._name(words, self.mapping.resource, place),
            self._name(words, self.mapping.lifecycle, place),
            self._row(words, place),
            recorded,
            tuple(self._name(words, key, place) for key in self.mapping.attributes),
        )
        self.made += 1
        return event

    def moment(self, text: str, key: str, place: Place) -> datetime:
        """A time with an offset: its own, else the zone's (of an hour that comes twice in autumn, the first). Raises BadLog.

        Day and month are never guessed: without a form that was given it is ISO 8601.
        """
        try:
            text = text.strip()
            at = self._written(text)
            self.offsets[at.utcoffset()] += 1
            if at.tzinfo is None and self.zone is not None:
                at = at.replace(tzinfo=self.zone)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            if self.time_format:
                self.refuse(place, f'"{key}" is not a time of the form that --time-format gives here')
            self.refuse(place, f'"{key}" is not a time (ISO 8601) here; another form is given with --time-format, as in "%d/%m/%Y %H:%M"')
        self.refuse(place, "a time without an offset; say where its clock stood with --zone, as in --zone Europe/Stockholm")

    def _written(self, text: str) -> datetime:
        if self.time_format is None:
            return datetime.fromisoformat(text)
        return datetime.strptime(text, self.time_format)  # noqa: DTZ007 - one without a zone is given one, or refused

    def refuse(self, place: Place, why: str) -> NoReturn:
        """Raises BadLog."""
        raise BadLog(self.file, *place, why) from None

    def _name(self, words: Words[str, str], key: str, place: Place) -> str | None:
        """What somebody called something, on one line; None where nothing is said."""
        said = words.get(key) if key else None
        if not said:
            return None
        name = " ".join(UNWELCOME.sub(" ", said).split())
        if len(name) > LONGEST_NAME:
            self.refuse(place, f'"{key}" is longer than {LONGEST_NAME} characters here, so it is no name; see --map')
        return name or None

    def _row(self, words: Words[str, str], place: Place) -> int:
        if not self.mapping.row:
            return self.made
        text = words.get(self.mapping.row, "")
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < MOST_ROWS):
            self.refuse(place, f'"{self.mapping.row}" should number this event, from 0 to {MOST_ROWS - 1}; row = "" in --map leaves it out')
        row = int(text)
        if not self._first_sight(row):
            self.refuse(place, f'"{self.mapping.row}" gives this event a number that an earlier one has; row = "" in --map leaves it out')
        return row

    def _first_sight(self, row: int) -> bool:
        place, bit = divmod(row, 8)
        if place >= len(self._rows):
            self._rows.extend(bytes(place + 1 - len(self._rows)))
        seen = self._rows[place] >> bit & 1
        self._rows[place] |= 1 << bit
        return not seen
