"""The whole municipality over some months: those taken over at go-live, those who come, and those who come again. Pure, seeded."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

from tools.simulation.acts import Act, Draft, noticed, pick, register, working
from tools.simulation.lives import (
    UNEMPLOYED,
    Life,
    application,
    concluded,
    decision,
    ending,
    hindrance,
    in_order,
    last_day,
    later_month,
    live,
    month_of,
    observed,
    renewals,
)
from tools.simulation.profile import Profile
from tools.simulation.referrals import Referring

YEAR_DAYS = 365


@dataclass(frozen=True)
class Town:
    """Everything that is typed from `begins` until the day before `ends`, by day and spell; and when a rule closes a spell, and why."""

    begins: date
    ends: date
    acts: tuple[Act, ...]
    lapses: Mapping[int, tuple[date, str]] = field(default_factory=dict)


def simulate(profile: Profile, months: int, seed: int) -> Town:
    """The municipality for so many months: the same for the same profile, months and seed."""
    begins = profile.go_live
    ends = later_month(begins, months)
    made = _Making(profile, begins, ends, random.Random(seed))  # noqa: S311 - invented people, no secret
    acts = sorted((act for act in made.acts() if act.typed < ends), key=lambda act: (act.typed, act.spell, act.number))
    return Town(begins, ends, tuple(acts), {spell: (on, reason) for spell, (on, reason) in made.lapses.items() if on <= ends})


class _Making:
    """Draws the spells one after another; whoever closes may come again, as the same person."""

    def __init__(self, profile: Profile, begins: date, ends: date, chance: random.Random) -> None:
        self._profile, self._begins, self._ends, self._chance = profile, begins, ends, chance
        self._spells = 0
        self.lapses: dict[int, tuple[date, str]] = {}

    def acts(self) -> Iterator[Act]:
        again: list[tuple[date, str]] = []
        for _ in range(self._profile.taken_over):
            yield from self._taken_over(again)
        comes = [*self._arrivals(self._profile.arrivals_per_week), *self._former_clients()]
        again += [(day, self._person()) for day in comes]
        while again:
            day, person = again.pop()
            yield from self._spell(day, person, again)

    def _person(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))

    def _next_spell(self) -> int:
        self._spells += 1
        return self._spells

    def _arrivals(self, per_week: float) -> Iterator[date]:
        """A Poisson stream; who comes when nobody is at work is met on the next working day."""
        day = 0.0
        while (day := day + self._chance.expovariate(per_week / 7)) < (self._ends - self._begins).days:
            yield working(self._begins + timedelta(days=int(day)))

    def _former_clients(self) -> Iterator[date]:
        """Who had closed before go-live: fewer each week, none after a year."""
        for day in self._arrivals(self._profile.former_clients_per_week):
            if self._chance.random() * YEAR_DAYS > (day - self._begins).days:
                yield day

    def _spell(self, contact: date, person: str, again: list[tuple[date, str]]) -> Iterator[Act]:
        number, life = self._next_spell(), live(contact, person, self._profile, self._chance)
        acts = self._registered(number, life)
        yield from acts
        if not acts[0].late_facts and self._chance.random() < self._profile.registered_twice:
            yield from self._twice(number, acts[0])
        self._comes_again(life, acts, person, again)

    def _registered(self, number: int, life: Life, begun: int = 0) -> list[Act]:
        if life.lapses:
            self.lapses[number] = life.lapses, life.lapsed
        return register(number, life.drafts, life.lapses, self._profile, self._chance, begun)

    def _twice(self, number: int, contact: Act) -> Iterator[Act]:
        """The same contact under another person reference, found out some days later, marked and closed."""
        twin, found = self._next_spell(), noticed(contact.typed, self._profile, self._chance)
        yield Act(contact.typed, twin, 0, "contact", {**contact.body, "person_ref": self._person()})
        yield Act(found, twin, 1, "duplicate", {"of": number})
        yield Act(found, twin, 2, "closing", {"happened": {"on": found.isoformat()}, "reason": "entered_in_error"})

    def _comes_again(self, life: Life, acts: list[Act], person: str, again: list[tuple[date, str]]) -> None:
        """Some of those who had support, within a year, and only after all that was typed of them."""
        had_support = any(act.body.get("outcome") == "granted" for act in acts)
        if had_support and self._chance.random() < self._profile.comes_again_within_a_year:
            after = max([life.closes, *(act.typed for act in acts)])
            again.append((working(after + timedelta(days=self._chance.randint(1, YEAR_DAYS))), person))

    def _taken_over(self, again: list[tuple[date, str]]) -> Iterator[Act]:
        """Somebody with support at go-live. In equilibrium whoever lasts long is met more often, and has as long behind as before them."""
        profile, chance, number, person = self._profile, self._chance, self._next_spell(), self._person()
        parts = profile.weeks_of_support
        mean_weeks = chance.choices([part[1] for part in parts], [part[0] * part[1] for part in parts])[0]
        decided = self._begins - timedelta(days=1 + round(7 * chance.expovariate(1 / mean_weeks)))
        applied = decided - timedelta(days=chance.randint(1, 20))
        contact = applied - timedelta(days=chance.randint(0, 6))
        this_month = month_of(self._begins)
        ends = self._begins + timedelta(days=1 + round(7 * chance.expovariate(1 / mean_weeks)))
        closes, last_month, by_rule = ending(ends, this_month, profile, chance)
        granted_to = min(last_month, later_month(this_month, chance.randint(0, profile.renewal_months - 1)))
        channel, code = pick(profile.channels, chance), hindrance(profile, chance)
        came = {"person_ref": person, "channel": channel, "source_system": "migration", "known_from": self._begins.isoformat()}
        more = {"hindrance": code, "source_system": "migration", "not_assigned_because": "other"}
        before = [
            Draft("contact", contact, came),
            application("application", "new", applied, channel, **more),
            decision(decided, month_of(applied), last_day(granted_to)),
        ]
        referring = Referring(closes, profile, chance)
        if code == UNEMPLOYED and chance.random() < profile.enrolled:
            before += self._enrolled_before(decided, referring)
        after = renewals(granted_to, last_month, closes, profile, chance)
        life = concluded(after, referring, closes, by_rule, profile, chance, assigned=False)
        before += [draft for draft in life.drafts if draft.day < self._begins]
        taken = [
            Act(self._begins, number, place, each.what, _on(each), 0, each.referral, each.by) for place, each in enumerate(in_order(before))
        ]
        life = replace(life, drafts=[draft for draft in life.drafts if draft.day >= self._begins])
        acts = [*taken, *self._registered(number, life, len(taken))]
        yield from acts
        self._comes_again(life, acts, person, again)

    def _enrolled_before(self, decided: date, referring: Referring) -> list[Draft]:
        """In an insats since some day after the decision; or a referral was sent, and whether it is answered before go-live is chance."""
        profile, chance, days = self._profile, self._chance, (self._begins - decided).days
        if days < 2:
            return []
        day = decided + timedelta(days=chance.randint(1, days - 1))
        if chance.random() < profile.in_insats_at_go_live:
            return [observed(day, day)]
        if chance.random() < profile.referred_at_go_live:
            referring.refer(pick(profile.recipients[UNEMPLOYED], chance), day, day)
        return []


def _on(draft: Draft) -> dict[str, object]:
    """What is taken over is known by its day only."""
    return {"happened": {"on": draft.day.isoformat()}, **draft.body}
