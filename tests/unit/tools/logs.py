"""Small logs in XES, to import in tests."""

from collections.abc import Iterable
from datetime import datetime

Event = tuple[str, datetime]


def xes(cases: Iterable[tuple[str, Iterable[Event]]], attributes: str = "") -> str:
    """A log with these cases; every event also gets the attributes, written out."""
    traces = "".join(_trace(case, events, attributes) for case, events in cases)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<log>\n{traces}</log>\n'


def _trace(case: str, events: Iterable[Event], attributes: str) -> str:
    lines = "".join(
        f'<event><string key="concept:name" value="{activity}"/><date key="time:timestamp" value="{at.isoformat()}"/>{attributes}</event>\n'
        for activity, at in events
    )
    return f'<trace>\n<string key="concept:name" value="{case}"/>\n{lines}</trace>\n'
