"""What is typed: an act, when it happened, and when somebody gets round to typing it (late, twice, wrongly)."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final

from shared.calendar import is_working_day
from shared.clock import LOCAL
from tools.simulation.profile import Lognormal, Profile, Weights

OPENS: Final = time(8, 30)
SHUTS: Final = time(16, 0)
"""Everything of a day has been typed by then: the clock stands here while it is."""
FIRST_ACT_WITHIN_MIN: Final = 300
QUIET: Final = timedelta(days=30)
"""After a contact without an application a rule closes the case."""
# What a correction may replace: the fact's name, the field, and what is said instead of what had been said.
CORRECTABLE: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "contact": ("first-contact-registered", "channel", {"phone": "visit", "": "phone"}),
    "application": ("application-received", "channel", {"e_service": "letter", "": "e_service"}),
    "pes_check": ("pes-checked", "result", {"registered": "not_registered", "": "registered"}),
    "decision": ("decision-made", "decided_by_role", {"": "team_leader"}),
    "assignment": ("assignment-issued", "planned_hours_per_week", {"": 20}),
}
IN_ERROR: Final = "pes_check"
WHEN_TYPED: Final = ("discarding",)
"""A draft is discarded when that is typed: what a direct assignment has drafted is not older than the typing of its application."""
NEVER_LATE: Final = ("observed_insats", *WHEN_TYPED)
"""What was found happened when it began, whenever that was found."""


@dataclass(frozen=True)
class Draft:
    """Something that happens on a day. `referral`: to which of the case's referrals, by number; `by`: the recipient that types it."""

    what: str
    day: date
    body: Mapping[str, Any] = field(default_factory=dict)
    referral: int = 0
    by: str = ""


@dataclass(frozen=True)
class Act:
    """Something to be typed on a day: `what` names the operation, `spell` whose it is, `number` its place among those of the spell.

    `referral`: of which of the spell's referrals it is told, by its number; 0: it is told to intake. `by`: which recipient's staff types
    it; "": the municipality's own.
    """

    typed: date
    spell: int
    number: int
    what: str
    body: Mapping[str, Any]
    late_facts: int = 0
    """How many facts it tells that happened on an earlier day."""
    referral: int = 0
    by: str = ""


def pick(weights: Weights, chance: random.Random) -> str:
    """One of the names, by their weights."""
    return chance.choices(list(weights), list(weights.values()))[0]


def lognormal(of: Lognormal, chance: random.Random) -> float:
    """Days, by median and sigma."""
    median, sigma = of
    return median * chance.lognormvariate(0, sigma)


def working(day: date) -> date:
    """The day itself, or the next one on which somebody is at work."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def noticed(day: date, profile: Profile, chance: random.Random) -> date:
    """A later day on which something is typed, found out or put right: a working day, within the days of the noise where there is one."""
    first, last = profile.noise_days
    return working(day + timedelta(days=chance.randint(first, last)))


def register(
    spell: int, drafts: Sequence[Draft], lapses: date | None, profile: Profile, chance: random.Random, begun: int = 0
) -> list[Act]:
    """When each is typed: on its day, or some days later together with all else of its day, but before anything of the next day is.

    Nothing is typed late, or corrected, after a rule has closed the case (`lapses`, or a month after the contact): it would open it again.
    Of a referral the day is told, never the hour: the draft of a direct assignment is of the hour at which all of a day is typed.
    `begun`: how many acts the spell has already.
    """
    acts: list[Act] = []
    corrections: list[Act] = []
    minutes = _Minutes(chance)
    days = [list(group) for _, group in groupby(drafts, key=lambda draft: draft.day)]
    for place, of_day in enumerate(days):
        day, following = of_day[0].day, days[place + 1 : place + 2]
        typed = noticed(day, profile, chance) if chance.random() < profile.registered_late else day
        typed = min(typed, following[0][0].day) if following else typed
        closes = drafts[0].day + QUIET if of_day[0].what in ("contact", "application") else lapses
        if closes and typed >= closes:
            typed = day
        for draft in of_day:
            late = typed > day
            on = typed if draft.what in WHEN_TYPED else day
            happened = {"on": on.isoformat()} if late or draft.referral else {"at": minutes.on(day).isoformat()}
            facts = (2 if "hindrance" in draft.body else 1) if late and draft.what not in NEVER_LATE else 0
            body = {"happened": happened, **draft.body}
            acts.append(Act(typed, spell, begun + len(acts), draft.what, body, facts, draft.referral, draft.by))
            put_right = noticed(typed, profile, chance)
            if draft.what in CORRECTABLE and chance.random() < profile.corrected and not (lapses and put_right >= lapses):
                number = begun + len(drafts) + len(corrections)
                corrections.append(Act(put_right, spell, number, "correction", _correction(draft, chance)))
    return acts + corrections


class _Minutes:
    """The time of day of each act: later than the one before it on the same day."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._last: datetime | None = None

    def on(self, day: date) -> datetime:
        first = datetime.combine(day, OPENS, LOCAL) + timedelta(minutes=self._chance.randint(0, FIRST_ACT_WITHIN_MIN))
        if self._last and self._last.date() == day:
            first = self._last + timedelta(minutes=self._chance.randint(1, 8))
        self._last = first
        return first


def _correction(draft: Draft, chance: random.Random) -> dict[str, Any]:
    """Which fact, and what is said instead; a check may also have been entered in error."""
    fact, name, instead = CORRECTABLE[draft.what]
    if draft.what == IN_ERROR and chance.random() < 0.5:
        return {"fact": fact}
    said = draft.body.get(name, "")
    return {"fact": fact, "fields": {name: instead.get(said, instead[""])}}
