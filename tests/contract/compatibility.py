"""Which changes of a schema would break somebody. The writer is closed and the reader open, so that each direction has one answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jsonsubschema import is_subschema

from contracts.event import PublishedEvent
from tools.contracts import reader_schema, writer_schema

Schema = dict[str, Any]
ANNOTATIONS: Final = frozenset({"$id", "$schema", "description"})


@dataclass(frozen=True)
class Sides:
    """The two schemas of one version of an event."""

    writer: Schema
    reader: Schema


def sides(event: type[PublishedEvent]) -> Sides:
    """As the class says now."""
    return Sides(writer_schema(event), reader_schema(event))


def breaks(old: Sides, new: Sides) -> list[str]:
    """What would go wrong if `new` followed `old` under the same type. Nothing: the change is compatible both ways, for ever."""
    rules = {
        "a new reader could not read every old message": (old.writer, new.reader),
        "an old reader could not read every new message": (new.writer, old.reader),
        "a field or a code was taken away": (old.writer, new.writer),
    }
    return [rule for rule, (narrow, wide) in rules.items() if not _within(narrow, wide)]


def _within(narrow: Schema, wide: Schema) -> bool:
    """Whether every document that `narrow` allows is allowed by `wide`, too."""
    codes = {code for schema in (narrow, wide) for code in _codes(schema)}
    return bool(is_subschema(_opaque(narrow, codes), _opaque(wide, codes)))


def _opaque(part: Any, codes: set[str]) -> Any:
    """Formats and patterns as values of their own, so that another one is another value.

    The checker does not look at formats, and the inclusion of one long pattern in another takes all the memory there is. A
    pattern also holds the codes that match it.
    """
    match part:
        case {"pattern": str(pattern)}:
            return {"enum": [_token(pattern), *sorted(code for code in codes if re.search(pattern, code))]}
        case {"format": str(format_)}:
            return {"enum": [_token(format_)]}
        case dict():
            return {key: _opaque(worth, codes) for key, worth in part.items() if key not in ANNOTATIONS}
        case list():
            return [_opaque(each, codes) for each in part]
        case _:
            return part


def _token(rule: str) -> str:
    return rule.encode().hex()


def _codes(part: Any) -> Iterator[str]:
    match part:
        case {"enum": list(codes)}:
            yield from codes
        case dict():
            for worth in part.values():
                yield from _codes(worth)
        case list():
            for each in part:
                yield from _codes(each)
