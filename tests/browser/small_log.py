"""A small event log in XES: twelve cases, of which three never came so far."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

RECEIVED, CONFIRMED = "Received & noted", "Confirmed <by letter>"
BEGIN = datetime(2020, 1, 7, 8, 0, tzinfo=UTC)
HOURS = (1, 5, 20, 30, 50, 75, 100, 300, 900, None, None, None)


def write_small_log(file: Path) -> Path:
    """Writes it, with names that a careless page would break on."""
    traces = "".join(_trace(f"case {number}", BEGIN + timedelta(days=4 * number), hours) for number, hours in enumerate(HOURS))
    file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">{traces}</log>\n', encoding="utf-8")
    return file


def _trace(case: str, begin: datetime, hours: int | None) -> str:
    events = [_event(RECEIVED, begin)] + ([_event(CONFIRMED, begin + timedelta(hours=hours))] if hours else [])
    return f'<trace><string key="concept:name" value="{case}"/>{"".join(events)}</trace>\n'


def _event(activity: str, at: datetime) -> str:
    name = f'<string key="concept:name" value={quoteattr(activity)}/>'
    return f'<event>{name}<date key="time:timestamp" value="{at.isoformat()}"/></event>'
