"""Crash points: named places where a test lets the process die by SIGKILL. Without `SLUSS_CRASH_AT` they do nothing."""

import os
import signal
from collections import Counter
from enum import StrEnum

_hits: Counter[str] = Counter()


class CrashPoint(StrEnum):
    """Every place where a test may let the process die (`reliability.md` R1)."""

    RELAY_AFTER_SEND = "relay.after_send"
    RELAY_AFTER_DELETE = "relay.after_delete"
    CONSUMER_AFTER_EFFECT = "consumer.after_effect"
    CONSUMER_AFTER_COMMIT = "consumer.after_commit"


def reach(point: CrashPoint) -> None:
    """Dies here on the n-th visit when `SLUSS_CRASH_AT=<point>:<n>`; SIGKILL, so nothing is flushed or rolled back politely."""
    name, _, wanted = os.environ.get("SLUSS_CRASH_AT", "").partition(":")
    if name == point:
        _hits[name] += 1
        if _hits[name] == int(wanted or 1):
            os.kill(os.getpid(), signal.SIGKILL)
