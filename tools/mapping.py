"""Which attribute of a log says what: the XES standard's own names, or those that a mapping file gives."""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

MAY_BE_EMPTY = ("organisation", "resource", "lifecycle")


class BadMapping(Exception):
    """A mapping file that cannot be used. Says what to change."""


@dataclass(frozen=True)
class Mapping:
    """Attribute keys of a log. `case` is looked for on the trace, the others on its events; no `row` means the order of the file.

    An organisation, resource or lifecycle of "" is not read.
    """

    case: str = "concept:name"
    activity: str = "concept:name"
    time: str = "time:timestamp"
    organisation: str = "org:group"
    resource: str = "org:resource"
    lifecycle: str = "lifecycle:transition"
    row: str | None = None

    def sha256(self, zone: str | None) -> str:
        """Tells two readings of one file apart: hex, over the keys and the zone that stands in for missing offsets."""
        said = {name: key for name, key in {**asdict(self), "zone": zone}.items() if key is not None}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


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
    if not all(isinstance(key, str) and (key or name in MAY_BE_EMPTY) for name, key in said.items()):
        raise BadMapping(f'{file}: each line is NAME = "attribute key"')
    return Mapping(**said)
