"""What becomes of referrals (remisser): to whom they go, how long nobody answers, and what comes of the insats. Days only; pure."""

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from tools.simulation.acts import Draft, lognormal, pick, working
from tools.simulation.profile import Lognormal, Profile

DIRECT: Final = 1
"""The referral of a case that its direct assignment drafts: nobody types the draft."""
DIRECTLY_TO: Final = "jobbcentrum"
OUR_OWN: Final = frozenset({"jobbcentrum", "joar_socia"})
"""The functions of the sender's own committee; to others, komvux and sfi too (OSL 8 kap. 2 §), a person's consent is the ground."""
REPLY_WITHIN: Final = 15
"""Working days: longer than anybody is late in typing that it was sent, so that no reminder is ever due before."""
GROUP: Final = "group"
# What a closing says of a referral that had not begun, and of an insats that ran: the step, its outcome and reason.
NOT_BEGUN: Final[Mapping[str, str]] = {"self_supporting_work": "got_job", "studies": "got_studies", "moved": "moved"}
OUTCOMES: Final[Mapping[str, str]] = {"self_supporting_work": "work", "studies": "studies", "other_benefit": "other_benefit"}
OVER: Final = frozenset({"discarding", "decline", "completion", "discontinuation"})
RUNS: Final = frozenset({"start", "extension", "readiness"})


class Referring:
    """The referrals of one case that closes on a day."""

    def __init__(self, closes: date, profile: Profile, chance: random.Random) -> None:
        self._closes, self._profile, self._chance = closes, profile, chance
        self._numbers = count(DIRECT + 1)
        self._drafts: list[Draft] = []

    def direct(self, sent: date) -> None:
        """The draft of a direct assignment is sent on a day."""
        self._keep(self._sent(DIRECT, DIRECTLY_TO, sent))

    def direct_discarded(self, on: date) -> None:
        """The draft of a direct assignment is discarded."""
        self._drafts.append(Draft("discarding", on, {}, DIRECT))

    def refer(self, place: str, drafted: date, sent: date | None = None) -> None:
        """Drafted on a day and sent then or a little later."""
        self._keep(self._drafted(place, drafted, sent))

    def until_closed(self, reason: str | None, *, assigned: bool) -> list[Draft]:
        """All that happens before the closing; one by hand (with its reason) ends what is open, on its day and before it.

        `assigned`: whether there is a draft of a direct assignment.
        """
        last = {draft.referral: draft.what for draft in self._drafts}
        if assigned:
            last.setdefault(DIRECT, "draft")
        if reason:
            self._drafts += [self._end(number, what, reason) for number, what in last.items() if what not in OVER]
        return self._drafts

    def _keep(self, drafts: Iterator[Draft]) -> None:
        for draft in drafts:
            if draft.day >= self._closes:
                break
            self._drafts.append(draft)

    def _end(self, number: int, last: str, reason: str) -> Draft:
        if last == "draft":
            return Draft("discarding", self._closes, {}, number)
        because = NOT_BEGUN.get(reason, "other")
        if last not in RUNS:
            return Draft("withdrawal", self._closes, {"reason": because}, number)
        if reason in OUTCOMES:
            return Draft("completion", self._closes, {"outcome": OUTCOMES[reason], "attended": "yes"}, number)
        return Draft("discontinuation", self._closes, {"outcome": "dropped_out", "reason": because, "attended": "yes"}, number)

    def _drafted(self, place: str, on: date, sent: date | None = None, after: int | None = None) -> Iterator[Draft]:
        function, kind, hours = self._profile.places[place]
        said = {"kind": "insats", "insats_kind": kind, "to_function": function, "planned_hours_per_week": hours}
        number = next(self._numbers)
        yield Draft("draft", on, said | ({"successor_of": after} if after else {}), number)
        yield from self._sent(number, place, sent or working(on + timedelta(days=self._chance.randint(0, 3))))

    def _sent(self, number: int, place: str, on: date) -> Iterator[Draft]:
        """Sent, perhaps acknowledged, and answered in the end; a recipient tells it itself or by telephone."""
        profile, chance, (function, _, _) = self._profile, self._chance, self._profile.places[place]
        by = "" if chance.random() < profile.told_by_telephone else function
        consent = {"legal_basis": "consent", "consent_ref": str(UUID(int=chance.getrandbits(128), version=4))}
        ground = {"legal_basis": "same_authority"} if function in OUR_OWN else consent
        yield Draft("sending", on, {"reply_within_working_days": REPLY_WITHIN, **ground}, number)
        answered = self._answered(on)
        received = working(on + timedelta(days=chance.randint(0, 5)))
        if received < answered and chance.random() < profile.acknowledged:
            yield Draft("receipt", received, {}, number, by)
        match pick(profile.answers, chance):
            case "declined":
                yield Draft("decline", answered, {"reason": pick(profile.decline_reasons, chance)}, number, by)
                other = pick({name: 1.0 for name in profile.places if name not in (place, GROUP)}, chance)
                yield from self._drafted(other, working(answered + timedelta(days=chance.randint(0, 7))), after=number)
                return
            case "waitlisted":
                yield Draft("waitlisting", answered, {"reason": "no_capacity"}, number, by)
                answered = self._later(answered, profile.days_on_waiting_list)
            case _:
                yield Draft("acceptance", answered, {}, number, by)
        yield from self._begun(number, place, answered, by)

    def _answered(self, sent: date) -> date:
        """After the days of those who answer, or of those with whom it stalls."""
        profile, chance = self._profile, self._chance
        if chance.random() < profile.stalls:
            return working(sent + timedelta(days=profile.stalled_at_least + round(chance.expovariate(1 / profile.stalled_days))))
        return self._later(sent, profile.days_to_answer)

    def _begun(self, number: int, place: str, since: date, by: str) -> Iterator[Draft]:
        """Booked, perhaps missed, begun."""
        profile, chance = self._profile, self._chance
        starts = self._next_group(since) if place == GROUP else self._later(since, profile.days_to_start)
        if chance.random() < profile.booked:
            booked = min(working(since + timedelta(days=chance.randint(0, 5))), starts)
            yield Draft("booking", booked, {"starts_on": starts.isoformat()}, number, by)
            if chance.random() < profile.stays_away:
                yield Draft("no-show", starts, {}, number, by)
                starts = working(starts + timedelta(days=7))
        ends = self._later(starts, profile.days_of_insats)
        yield Draft("start", starts, {"planned_end_on": ends.isoformat()}, number, by)
        if chance.random() < profile.drops_out:
            there = "no" if chance.random() < profile.never_there else "yes"
            outcome = "never_attended" if there == "no" else "dropped_out"
            broken_off = working(starts + timedelta(days=chance.randint(5, max(6, (ends - starts).days))))
            said = {"outcome": outcome, "reason": "could_not_contact", "attended": there}
            yield Draft("discontinuation", broken_off, said, number, by)
            return
        if chance.random() < profile.extended:
            extended, ends = ends, self._later(ends, profile.days_of_insats)
            yield Draft("extension", extended, {"planned_end_on": ends.isoformat()}, number, by)
        if chance.random() < profile.ready:
            yield Draft("readiness", ends, {}, number, by)
            ends = self._later(ends, profile.days_to_start)
        yield Draft("completion", ends, {"outcome": pick(profile.insats_outcomes, chance), "attended": "yes"}, number, by)

    def _next_group(self, since: date) -> date:
        """One group at a time, each so many days after the one before."""
        every, begin = self._profile.group_every_days, self._profile.go_live
        return working(begin + timedelta(days=((since - begin).days // every + 1) * every))

    def _later(self, day: date, of: Lognormal) -> date:
        return working(day + timedelta(days=max(1, round(lognormal(of, self._chance)))))
