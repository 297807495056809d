"""All SQL of leadtimes: what was heard and the clocks made from it, and the imported logs. Decides nothing."""

from services.leadtimes.store import events, logs, quality

__all__ = ["events", "logs", "quality"]
