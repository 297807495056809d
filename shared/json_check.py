"""What a JSON body may look like before anything reads it: one meaning for every reader, and nothing that makes one fall over."""

import json
import math
import re
from typing import Any, NoReturn

from shared.problems import Problem

DEEPEST = 32
LARGEST_INTEGER = 2**53 - 1
LONGEST_INTEGER = 17
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# NUL and the other controls (C0, DEL, C1), line and paragraph separator, bidi embeddings, overrides and isolates, lone surrogates, BOM.
UNWELCOME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def check_json(raw: bytes) -> None:
    """Accepts one JSON document in UTF-8. Raises Problem("json_invalid") with its `kind`, whatever the bytes."""
    if raw.startswith(b"\xef\xbb\xbf"):
        _refuse("byte_order_mark")
    try:
        document = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_each_key_once, parse_constant=_no_number, parse_float=_finite, parse_int=_exact
        )
    except UnicodeDecodeError:
        _refuse("not_utf8")
    except RecursionError:
        _refuse("too_deep")
    except ValueError:
        _refuse("not_json")
    _check(document, 1)


def _check(part: Any, depth: int) -> None:
    """Depth and text of a parsed document."""
    match part:
        case str():
            if LONE_SURROGATE.search(part):
                _refuse("lone_surrogate")
        case dict() | list():
            if depth > DEEPEST:
                _refuse("too_deep")
            for each in [*part, *part.values()] if isinstance(part, dict) else part:
                _check(each, depth + 1)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("duplicate_key")
    return found


def _no_number(_: str) -> NoReturn:
    _refuse("not_a_number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("not_a_number")
    return number


def _exact(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER or abs(int(digits)) > LARGEST_INTEGER:
        _refuse("integer_too_large")
    return int(digits)


def _refuse(kind: str) -> NoReturn:
    raise Problem("json_invalid", kind=kind)
