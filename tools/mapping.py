"""Which attribute of a log says what: the XES standard's own names, those that a mapping file gives, or other usual ones."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from contracts.history import MOST_ATTRIBUTES

REQUIRED = ("case", "activity", "time")
MAY_BE_EMPTY = ("organisation", "resource", "lifecycle", "row", "recorded")
# Other names under which logs carry these, the first that is there counts; upper and lower case are the same.
USUAL = {
    "case": ("case:concept:name", "case_id", "caseid", "case id", "case", "subject"),
    "activity": ("activity", "event", "type"),
    "time": ("timestamp", "occurred_at", "complete timestamp", "time"),
    "organisation": ("org", "organisation", "organization"),
    "resource": ("resource",),
    "lifecycle": ("lifecycle",),
    "row": ("seq",),
    "recorded": ("recorded_at", "recordedtime"),
}


class BadMapping(Exception):
    """A mapping file that cannot be used. Says what to change."""


@dataclass(frozen=True)
class Mapping:
    """Attribute keys of a log. `case` is looked for on the trace, the others on its events; no `row` means the order of the file.

    An organisation, resource, lifecycle, row or recorded of "" is not read. `recorded`: when the log's keeper knew of it. `attributes`:
    what else to take along of each event; none is taken unasked, and none is looked for under another name.
    """

    case: str = "concept:name"
    activity: str = "concept:name"
    time: str = "time:timestamp"
    organisation: str = "org:group"
    resource: str = "org:resource"
    lifecycle: str = "lifecycle:transition"
    row: str | None = None
    recorded: str | None = None
    attributes: tuple[str, ...] = ()

    def used(self) -> set[str]:
        """Every key that is read."""
        named = asdict(self) | {"attributes": ""}
        return {key for key in named.values() if key} | set(self.attributes)

    def required(self) -> tuple[str, str, str]:
        """The keys without which an event is none."""
        return self.case, self.activity, self.time

    def sha256(self, zone: str | None, **told: str | None) -> str:
        """Tells two readings of one file apart: hex, over the keys, the zone that stands in for missing offsets, and what was told."""
        said = {name: key for name, key in {**asdict(self), "zone": zone, **told}.items() if key is not None and key != ()}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


ALWAYS_THERE = {"organisation", "resource"}
NAMING_ONE = [field for field in fields(Mapping) if field.name != "attributes"]


def found_in(asked: Mapping, keys: Sequence[str]) -> Mapping:
    """The mapping for a file that has these keys: one that was not asked for by name is looked for under its usual names.

    What is not found of the required ones stays as it was asked for; what is not found of the others is not read.
    """
    lower = {key.lower(): key for key in reversed(keys)}
    found = asdict(asked)
    for field in NAMING_ONE:
        if found[field.name] == field.default and field.default not in keys:
            usual = next((lower[name] for name in USUAL[field.name] if name in lower), None)
            if usual is not None or field.name in MAY_BE_EMPTY:
                found[field.name] = usual if field.default is None else usual or ""
    return Mapping(**found)


def with_attributes(mapping: Mapping, further: Sequence[str]) -> Mapping:
    """The same, which takes these along too. Raises BadMapping."""
    wanted = tuple(dict.fromkeys((*mapping.attributes, *further)))
    if not all(wanted) or len(wanted) > MOST_ATTRIBUTES:
        raise BadMapping(f"--attribute: each names an attribute of the log, and of at most {MOST_ATTRIBUTES}")
    if ALWAYS_THERE & set(wanted):
        raise BadMapping(f"--attribute: {' and '.join(sorted(ALWAYS_THERE))} are those of the mapping; --map says what they are read from")
    return replace(mapping, attributes=wanted)


def read_mapping(file: Path | None) -> Mapping:
    """The mapping a TOML file describes, or the standard one without a file. Raises BadMapping."""
    if file is None:
        return Mapping()
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(f"{file}: is not TOML: {error}") from None
    known = [field.name for field in fields(Mapping)]
    if not said.keys() <= set(known):
        raise BadMapping(f"{file}: names something else than {', '.join(known)}")
    further = said.pop("attributes", [])
    if not isinstance(further, list) or not all(isinstance(key, str) and key for key in further) or len(further) > MOST_ATTRIBUTES:
        raise BadMapping(f'{file}: attributes are at most {MOST_ATTRIBUTES}, as in attributes = ["channel"]')
    if not all(isinstance(key, str) and (key or name in MAY_BE_EMPTY) for name, key in said.items()):
        raise BadMapping(f'{file}: each line is NAME = "attribute key"')
    return with_attributes(Mapping(**said), further)
