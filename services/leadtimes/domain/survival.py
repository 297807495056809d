"""The estimators: Kaplan-Meier where nothing competes, Aalen-Johansen where something does. All times in days."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

Z95 = NormalDist().inv_cdf(0.975)
ROUNDING = 1e-10
"""A share that should be exactly one half, or one, may land this far beside it."""


@dataclass(frozen=True)
class KaplanMeier:
    """The share still waiting, a step down at each time somebody completed, with 95 % log-log bands."""

    times: Numbers
    survival: Numbers
    low: Numbers
    high: Numbers
    follow_up: float

    def at(self, day: float) -> float:
        """S(day); beyond the longest follow-up the last value, carried on."""
        return _step(self.times, self.survival, day, before=1.0)

    def band(self, day: float) -> tuple[float, float]:
        """The 95 % band of S(day)."""
        return _step(self.times, self.low, day, before=1.0), _step(self.times, self.high, day, before=1.0)

    def median(self) -> float | None:
        """The first day with S <= 1/2; None when it was not reached. Rounding never moves it."""
        return _first_time(self.times, self.survival <= 0.5 + ROUNDING)

    def quantile(self, share: float) -> float | None:
        """The first day with S <= 1 - share, as floats compare; None when it was not reached.

        Where S meets 1 - share exactly, it falls on the side where lifelines' has it: 0.1 and 0.9 are no binary fractions.
        """
        return self.median() if share == 0.5 else _first_time(self.times, self.survival <= 1 - share)

    def restricted_mean(self, day: float) -> float | None:
        """Mean days waited when no wait counts for more than `day`; None beyond the longest follow-up."""
        if day > self.follow_up:
            return None
        falls = self.times[self.times < day]
        heights = np.concatenate(([1.0], self.survival[: len(falls)]))
        return float(np.sum(heights * np.diff(np.concatenate(([0.0], falls, [day])))))


@dataclass(frozen=True)
class AalenJohansen:
    """The share completed, with 95 % log-log bands, and the share ended otherwise, of all who began to wait."""

    times: Numbers
    completed: Numbers
    ended_otherwise: Numbers
    low: Numbers
    high: Numbers
    follow_up: float

    def at(self, day: float) -> float:
        """F(day), the share completed; beyond the longest follow-up the last value, carried on."""
        return _step(self.times, self.completed, day, before=0.0)

    def band(self, day: float) -> tuple[float, float]:
        """The 95 % band of F(day)."""
        return _step(self.times, self.low, day, before=0.0), _step(self.times, self.high, day, before=0.0)

    def otherwise_at(self, day: float) -> float:
        """The share ended otherwise by then."""
        return _step(self.times, self.ended_otherwise, day, before=0.0)

    def median(self) -> float | None:
        """The first day with F >= 1/2; None when it was not reached, which more other ends than completions make sure of."""
        return _first_time(self.times, self.completed >= 0.5 - ROUNDING)


def kaplan_meier(exits: Numbers, completed: Flags, entries: Numbers | None = None) -> KaplanMeier:
    """The product-limit estimate; who entered late is at risk at entry < t <= exit. The product is a sum of logarithms, as in lifelines."""
    times = np.unique(exits[completed])
    at_risk = _at_risk(times, exits, entries)
    done = _count(times, exits[completed])
    with np.errstate(divide="ignore"):
        survival = np.asarray(np.exp(np.cumsum(np.log(at_risk - done) - np.log(at_risk))), dtype=np.float64)
    low, high = _log_log_band(survival, at_risk, done)
    return KaplanMeier(times, survival, low, high, _longest(exits))


def aalen_johansen(exits: Numbers, completed: Flags, otherwise: Flags, entries: Numbers | None = None) -> AalenJohansen:
    """The cumulative incidence of completing and of ending otherwise; who is neither still waits at the exit."""
    times = np.unique(exits[completed | otherwise])
    at_risk = _at_risk(times, exits, entries)
    done, lost = _count(times, exits[completed]), _count(times, exits[otherwise])
    waiting = np.asarray(np.concatenate(([1.0], np.cumprod(1 - (done + lost) / at_risk)))[:-1], dtype=np.float64)
    share = np.asarray(np.cumsum(waiting * done / at_risk), dtype=np.float64)
    low, high = _incidence_band(share, _aalen_variance(share, waiting, at_risk, done, lost))
    return AalenJohansen(times, share, np.cumsum(waiting * lost / at_risk), low, high, _longest(exits))


def emptied(exits: Numbers, ended: Flags, entries: Numbers | None = None) -> float | None:
    """The first time at which all who were at risk ended, so that nobody was followed beyond it who is counted before it; else None."""
    times = np.unique(exits[ended])
    return _first_time(times, _count(times, exits[ended]) >= _at_risk(times, exits, entries))


def _aalen_variance(share: Numbers, waiting: Numbers, at_risk: Numbers, done: Numbers, lost: Numbers) -> Numbers:
    """Aalen's variance of the cumulative incidence (Aalen 1978; as PROC LIFETEST's ERROR=AALEN writes it), at each time.

    Each of the three sums over earlier times t_i holds F(t) - F(t_i), so it is taken apart into running sums. Where the last at risk
    leave, F stays as it is: those terms are 0.
    """
    left, one_less = at_risk - done - lost, at_risk - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.where((left > 0) & (one_less > 0), (done + lost) / (one_less * left), 0.0)
        alone = np.where(one_less > 0, waiting**2 * done * (at_risk - done) / (at_risk**2 * one_less), 0.0)
        crossed = np.where((left > 0) & (one_less > 0), waiting * done * (at_risk - done) / (at_risk * left * one_less), 0.0)
    spread: Numbers = share**2 * np.cumsum(squared) - 2 * share * np.cumsum(squared * share) + np.cumsum(squared * share**2)
    spread += np.cumsum(alone) - 2 * (share * np.cumsum(crossed) - np.cumsum(crossed * share))
    return np.asarray(np.maximum(spread, 0.0), dtype=np.float64)


def _incidence_band(share: Numbers, variance: Numbers) -> tuple[Numbers, Numbers]:
    """By the delta method on the log(-log F) scale, so that it stays between 0 and 1."""
    low, high = share.copy(), share.copy()
    some = (share > 0) & (share < 1 - ROUNDING)
    log = np.log(share[some])
    spread = Z95 * np.sqrt(variance[some]) / (share[some] * log)
    low[some], high[some] = np.exp(log * np.exp(-spread)), np.exp(log * np.exp(spread))
    return low, high


def _at_risk(times: Numbers, exits: Numbers, entries: Numbers | None) -> Numbers:
    entered = len(exits) if entries is None else np.searchsorted(np.sort(entries), times, side="left")
    return np.asarray(entered - np.searchsorted(np.sort(exits), times, side="left"), dtype=np.float64)


def _count(times: Numbers, happened: Numbers) -> Numbers:
    """How many happened at each time."""
    ordered = np.sort(happened)
    return np.asarray(np.searchsorted(ordered, times, "right") - np.searchsorted(ordered, times, "left"), dtype=np.float64)


def _log_log_band(survival: Numbers, at_risk: Numbers, done: Numbers) -> tuple[Numbers, Numbers]:
    """Greenwood's variance on the log(-log S) scale; where nobody is left both ends are 0."""
    low, high = np.zeros_like(survival), np.zeros_like(survival)
    some = survival > 0
    log = np.log(survival[some])
    spread = Z95 * np.sqrt(np.cumsum(done[some] / (at_risk[some] * (at_risk[some] - done[some])))) / log
    low[some], high[some] = np.exp(log * np.exp(-spread)), np.exp(log * np.exp(spread))
    return low, high


def _step(times: Numbers, values: Numbers, day: float, before: float) -> float:
    place = int(np.searchsorted(times, day, side="right"))
    return before if place == 0 else float(values[place - 1])


def _first_time(times: Numbers, reached: Flags) -> float | None:
    return float(times[int(np.argmax(reached))]) if reached.any() else None


def _longest(exits: Numbers) -> float:
    return float(exits.max()) if len(exits) else 0.0
