"""The referrals (remisser) of a case: each with every fact about it, and what ends it, answers it or accepts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from services.leadtimes.domain.facts import Fact, FactType

ACCEPTANCES: Final = (FactType.REFERRAL_ACCEPTED, FactType.REFERRAL_SCHEDULED, FactType.REFERRAL_STARTED)
"""Whoever books or begins has accepted: the earliest of them counts as the acceptance."""
ANSWERS: Final = (
    *ACCEPTANCES,
    FactType.REFERRAL_WAITLISTED,
    FactType.REFERRAL_DECLINED,
    FactType.REFERRAL_REDIRECTED,
    FactType.ADVICE_GIVEN,
)
"""Final answers; a question is none."""
ACTS_OF_THE_RECIPIENT: Final = (
    *ANSWERS,
    FactType.REFERRAL_RECEIVED,
    FactType.REFERRAL_INFORMATION_REQUESTED,
    FactType.REFERRAL_NO_SHOW,
    FactType.REFERRAL_EXTENDED,
    FactType.REFERRAL_COMPLETED,
    FactType.REFERRAL_DISCONTINUED,
    FactType.RECALL_REFUSED,
    FactType.READY_FOR_NEXT_STEP,
)
"""Whoever does any of this has received the referral."""
TAKEN_BACK: Final = {
    FactType.REFERRAL_RECALLED: "recalled",
    FactType.REFERRAL_WITHDRAWN: "withdrawn",
    FactType.REFERRAL_CANCELLED: "cancelled",
    FactType.REFERRAL_EXPIRED: "expired",
}
NOT_TAKEN: Final = {
    FactType.REFERRAL_DECLINED: "declined",
    FactType.REFERRAL_REDIRECTED: "redirected",
    **TAKEN_BACK,
    FactType.ADVICE_GIVEN: "advice_given",
}
"""What ends a referral without a start, and what that is called."""
OVER: Final = {FactType.REFERRAL_COMPLETED: "completed", FactType.REFERRAL_DISCONTINUED: "discontinued"}
INSATS: Final = "insats"
ENROLMENT: Final = "enrolment"
OF_A_REFERRAL: Final = frozenset(
    {
        *ACTS_OF_THE_RECIPIENT,
        *TAKEN_BACK,
        FactType.REFERRAL_DRAFTED,
        FactType.REFERRAL_DISCARDED,
        FactType.REFERRAL_SENT,
        FactType.REFERRAL_INFORMATION_SUPPLIED,
    }
)
"""The facts that a referral is made of here: reminders, holds and deviations end no wait and begin none."""


@dataclass(frozen=True)
class Referral:
    """One referral: of each kind of fact the first, and how often the person stayed away (uteblev)."""

    id: str
    firsts: dict[FactType, Fact]
    no_shows: int
    protected: bool

    def first(self, *kinds: FactType) -> Fact | None:
        """The earliest fact of these kinds."""
        return min((self.firsts[kind] for kind in kinds if kind in self.firsts), key=lambda fact: fact.place, default=None)

    @property
    def start(self) -> Fact | None:
        """Påbörjad."""
        return self.firsts.get(FactType.REFERRAL_STARTED)

    @cached_property
    def kind(self) -> str | None:
        """What was asked for, as the start says it, else the draft."""
        return self._said("kind", FactType.REFERRAL_STARTED, FactType.REFERRAL_DRAFTED)

    @cached_property
    def recipient(self) -> str | None:
        """The function (code) it was written to; of somebody protected none is known."""
        return None if self.protected else self._said("to_function", FactType.REFERRAL_DRAFTED)

    @property
    def successor_of(self) -> str | None:
        """The referral that this one was written in the place of."""
        return self._said("successor_of", FactType.REFERRAL_DRAFTED)

    @property
    def assignment_ref(self) -> str | None:
        """The anvisning that it carries out."""
        return self._said("assignment_ref", FactType.REFERRAL_DRAFTED)

    def _said(self, what: str, *by: FactType) -> str | None:
        return next((said for kind in by if kind in self.firsts and (said := self.firsts[kind].body.get(what))), None)


def referrals(facts: Sequence[Fact], *, protected: bool) -> tuple[Referral, ...]:
    """Of ordered facts, in the order in which each was first told of."""
    firsts: dict[str, dict[FactType, Fact]] = {}
    no_shows: dict[str, int] = {}
    for fact in facts:
        referral_id = fact.body.get("referral_id")
        if fact.type not in OF_A_REFERRAL or referral_id is None:
            continue
        firsts.setdefault(referral_id, {}).setdefault(fact.type, fact)
        no_shows[referral_id] = no_shows.get(referral_id, 0) + (fact.type is FactType.REFERRAL_NO_SHOW)
    return tuple(Referral(each, found, no_shows[each], protected) for each, found in firsts.items())


def bounces(every: Sequence[Referral]) -> int:
    """How many were declined or redirected and followed by another one in their place (studsar); a discarded draft is none."""
    followed = {referral.successor_of for referral in every if FactType.REFERRAL_DISCARDED not in referral.firsts}
    return sum(
        referral.first(FactType.REFERRAL_DECLINED, FactType.REFERRAL_REDIRECTED) is not None and referral.id in followed
        for referral in every
    )
