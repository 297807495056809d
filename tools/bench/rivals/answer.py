"""How programs that question a log say what they found, as JSON; and the share that still waits, by the product-limit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

START: Final = "step 0"
END: Final = "step 9"
DAYS: Final = (30, 90, 180)
DAY_S: Final = 86_400.0


def still_waiting(done_s: Sequence[float], open_s: Sequence[float]) -> dict[str, float]:
    """The share still waiting after some days (Kaplan and Meier 1958)."""
    waits = np.concatenate((np.asarray(done_s, dtype=np.float64), np.asarray(open_s, dtype=np.float64))) / DAY_S
    done = np.concatenate((np.ones(len(done_s)), np.zeros(len(open_s))))
    order = np.argsort(waits)
    waits, done = waits[order], done[order]
    times, first = np.unique(waits, return_index=True)
    curve = np.cumprod(1 - np.add.reduceat(done, first) / (len(waits) - first))
    return {str(day): float(curve[np.searchsorted(times, day, side="right") - 1]) for day in DAYS}


def say(seconds: float, transitions: Mapping[str, Mapping[str, Any]], done: int, shares: Mapping[str, float]) -> None:
    """Prints what a program found and how long it took."""
    print(json.dumps({"seconds": seconds, "transitions": transitions, "done": done, "S": shares}))
