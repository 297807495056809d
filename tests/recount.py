"""L20 counted anew by brute force from the simulator's diary alone: nothing that counts it in a service, or in the simulator, is used.

First contact to the first start of an insats that counts (`clocks.md` 4, 5): of these kinds, at least ten hours a week, and somebody
was there. A closing ends the wait otherwise; who was in an insats at the contact is outside; a contact typed twice is no case.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import mean, median
from typing import Any

NOT_COUNTING = {"job_search_course", "information", "mapping", "motivation", "sfi"}
DIRECT = {"insats_kind": "work_training", "planned_hours_per_week": 30}  # what a direct assignment drafts, without anybody typing it
DAYS = (30, 90, 180, 365)
Told = Sequence[Mapping[str, Any]]


def l20(diary: Mapping[str, Any]) -> dict[str, Any]:
    """Completed, still waiting, ended otherwise and excluded, and the share begun within so many days, as of the day the diary ends."""
    until = date.fromisoformat(diary["ends"])
    stands = [_case(told, until) for told in diary["cases"].values() if not any(each["what"] == "duplicate" for each in told)]
    waits = [wait for wait in stands if wait is not None]
    done = [days for how, days, _ in waits if how == "completed"]
    still_open = [days for how, days, _ in waits if how == "open"]
    return {
        "completed": (len(done), mean(done), median(done)),
        "still_waiting": (len(still_open), median(still_open)),
        "ended_otherwise": dict(Counter(how for how, _, _ in waits if how not in ("completed", "open"))),
        "already_in_insats": stands.count(None),
        "curve": _curve(waits),
    }


def _case(told: Told, until: date) -> tuple[str, int, float] | None:
    """How a case stands, after how many days, and from which day of its own we know it; None: in an insats from the beginning."""
    first = next(each for each in told if each["what"] == "contact")
    contact = date.fromisoformat(first["on"])
    known = (date.fromisoformat(first.get("known_from", "0001-01-01")) - contact).days
    found = [(date.fromisoformat(each["started_on"]), each) for each in told if each["what"] == "observed_insats"]
    if any(began <= contact for began, _ in found):
        return None
    drafts = {each["referral"]: each for each in told if each["what"] == "draft"}
    nobody_there = {each["referral"] for each in told if each["what"] == "discontinuation" and each["attended"] == "no"}
    begun = [each for each in told if each["what"] == "start" and each["referral"] not in nobody_there]
    starts = [(date.fromisoformat(each["on"]), drafts.get(each["referral"], DIRECT)) for each in begun]
    starts += [(began, {**each, "insats_kind": each["kind"]}) for began, each in found]
    counting = [on for on, of in starts if of["insats_kind"] not in NOT_COUNTING and of["planned_hours_per_week"] >= 10]
    ends = [("completed", on) for on in counting]
    ends += [(each["reason"], date.fromisoformat(each["on"])) for each in told if each["what"] == "closing"]
    how, on = min(ends, key=lambda end: (end[1], end[0] != "completed"), default=("open", until))
    return how, (on - contact).days, known if known > 0 else float("-inf")


def _curve(waits: Sequence[tuple[str, int, float]]) -> dict[int, float]:
    """Day by day, of those at risk: who began, and who left otherwise. Whom we know late is at risk from then on."""
    seen = [(how, days, known) for how, days, known in waits if known < days]
    waiting, share, shares = 1.0, 0.0, {}
    for day in range(max(DAYS) + 1):
        at_risk = sum(known < day <= days for _, days, known in seen)
        began = sum(how == "completed" and days == day for how, days, _ in seen)
        left = sum(how not in ("completed", "open") and days == day for how, days, _ in seen)
        if began or left:
            share += waiting * began / at_risk
            waiting *= 1 - (began + left) / at_risk
        if day in DAYS:
            shares[day] = share
    return shares
