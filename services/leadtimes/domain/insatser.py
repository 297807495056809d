"""The insatser of a case: what began and ended, and which of them count for the headline (`clocks.md` 5)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.moments import Moment, Precision, local_midnight, surely_before
from services.leadtimes.domain.referrals import INSATS, OVER, TAKEN_BACK, Referral

# A change of what counts is a new RULE_SET of the measures.
# Assumption: what is work, training or rehabilitation counts. Whether adult education should is a question to the municipality.
COUNTING_KINDS: Final = frozenset(
    {
        "work_training",
        "work_placement",
        "subsidised_employment",
        "municipal_job",
        "labour_market_training",
        "af_programme",
        "vocational_rehabilitation",
        "medical_rehabilitation",
        "adult_education",
    }
)
# Assumption: a quarter of a working week. Unknown hours do not count, so that they are asked for.
LEAST_HOURS: Final = 10
END_OF_THE_DAY: Final = 1 << 30
"""An insats that was found lasts its last day out: whatever begins that day begins before its end."""


@dataclass(frozen=True)
class Insats:
    """One insats: its start, its end if it has one, and whether it counts. `observed`: it was found, no referral of ours led to it.

    `end_rank` settles what came first at one time.
    """

    start: Fact
    end: Moment | None
    end_rank: int
    counts: bool
    referral_id: str | None

    @property
    def observed(self) -> bool:
        """Found at a check (pågående insats funnen)."""
        return self.referral_id is None

    def open_after(self, day: date) -> bool:
        """Whether it goes on after everything that happened on a day."""
        return self.start.moment.day <= day and (self.end is None or self.end.day > day)


def insatser(facts: Sequence[Fact], every: Iterable[Referral]) -> tuple[Insats, ...]:
    """Every insats that began, in the order of their starts: started referrals of the kind insats, and those that were found.

    Enrolments, assessments and consultations are none. Of an insats that was found twice the later one counts.
    """
    found = [*_started(every), *_observed(facts)]
    return tuple(sorted(found, key=lambda insats: insats.start.place))


def counts(start: Fact, kind: str | None) -> bool:
    """Rule set 1: of a counting kind, and at least ten hours a week planned at its start; kinds we do not know do not count."""
    hours = start.body.get("planned_hours_per_week")
    return kind in COUNTING_KINDS and hours is not None and int(hours) >= LEAST_HOURS


def _started(every: Iterable[Referral]) -> Iterator[Insats]:
    for referral in every:
        start = referral.start
        if start is None or referral.kind != INSATS:
            continue
        end = referral.first(*OVER, *TAKEN_BACK)
        dropped = referral.firsts.get(FactType.REFERRAL_DISCONTINUED)
        never_there = dropped is not None and dropped.body.get("attended") == "no"
        counting = counts(start, start.body.get("insats_kind")) and not never_there
        yield Insats(start, end.moment if end else None, end.rank if end else 0, counting, referral.id)


def _observed(facts: Sequence[Fact]) -> Iterator[Insats]:
    last_told: dict[str | None, Fact] = {}
    for fact in facts:
        if fact.type is FactType.INSATS_OBSERVED:
            ref = fact.body.get("observed_ref") or str(fact.event_id)
            last_told[ref] = max(last_told.get(ref, fact), fact, key=lambda each: (each.recorded_at, each.sequence))
    for fact in last_told.values():
        ended = Moment(local_midnight(fact.ended_on), Precision.DAY) if fact.ended_on else None
        yield Insats(fact, ended, END_OF_THE_DAY, counts(fact, fact.body.get("kind")), None)


def already(every: Iterable[Insats], contact: Moment) -> bool:
    """Whether the person was in an insats, of any kind, when they first got in touch: found, begun by that day and not ended before it."""
    return any(
        insats.observed and insats.start.moment.day <= contact.day and (insats.end is None or insats.end.day >= contact.day)
        for insats in every
    )


def first_start(every: Iterable[Insats], contact: Moment, *, counting: bool) -> Fact | None:
    """The first start since the contact, of those that count or of any; one that was found must have begun on a later day."""
    return next(
        (
            insats.start
            for insats in every
            if (insats.counts or not counting) and not (insats.observed and insats.start.moment.day <= contact.day)
        ),
        None,
    )


def stretches_without(every: Iterable[Insats]) -> Iterator[tuple[Moment, Fact | None]]:
    """From each end after which no counting insats was open, to the next start of one, or to nothing yet."""
    reached: Moment | None = None
    place = None
    for insats in every:
        if not insats.counts:
            continue
        if place is not None and reached is not None and place < insats.start.place[:2]:
            yield reached, insats.start
        if insats.end is None:
            return
        end, rank = insats.end, insats.end_rank
        if surely_before(end, insats.start.moment):
            end, rank = insats.start.moment, insats.start.rank  # an end that is dated before its start ends it at once
        if place is None or place < (end.time, rank):
            reached, place = end, (end.time, rank)
    if reached is not None:
        yield reached, None
