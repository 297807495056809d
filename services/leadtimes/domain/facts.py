"""Facts: what intake and referrals told about a case, in this service's own words, and the one order in which they are read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from services.leadtimes.domain.moments import Limit, Moment, Precision, local_midnight, reaches, utc


class FactType(StrEnum):
    """The facts of intake and of referrals, which say more than any clock reads. A correction of either is one kind of fact."""

    FIRST_CONTACT_REGISTERED = "first_contact_registered"
    APPLICATION_RECEIVED = "application_received"
    COMPLETION_REQUESTED = "completion_requested"
    APPLICATION_COMPLETED = "application_completed"
    APPLICATION_WITHDRAWN = "application_withdrawn"
    ASSESSMENT_STARTED = "assessment_started"
    ASSESSMENT_COMPLETED = "assessment_completed"
    SUPPORT_HINDRANCE_CODED = "support_hindrance_coded"
    DECISION_MADE = "decision_made"
    PES_CHECKED = "pes_checked"
    INSATS_OBSERVED = "insats_observed"
    CASE_ROUTED = "case_routed"
    CASE_ASSIGNED = "case_assigned"
    PLAN_AGREED = "plan_agreed"
    PLAN_EXPIRED = "plan_expired"
    FOLLOW_UP_HELD = "follow_up_held"
    ASSIGNMENT_ISSUED = "assignment_issued"
    ASSIGNMENT_ANSWERED = "assignment_answered"
    INTRO_DAYS_ATTENDED = "intro_days_attended"
    PLANNING_MEETING_HELD = "planning_meeting_held"
    CASE_CLOSED = "case_closed"
    CASE_REOPENED = "case_reopened"
    CASE_MARKED_DUPLICATE = "case_marked_duplicate"
    CASE_UNMARKED_DUPLICATE = "case_unmarked_duplicate"
    PROTECTION_LEVEL_CHANGED = "protection_level_changed"
    REFERRAL_DRAFTED = "referral_drafted"
    REFERRAL_DISCARDED = "referral_discarded"
    REFERRAL_SENT = "referral_sent"
    REFERRAL_RECEIVED = "referral_received"
    REFERRAL_INFORMATION_REQUESTED = "referral_information_requested"
    REFERRAL_INFORMATION_SUPPLIED = "referral_information_supplied"
    REFERRAL_ACCEPTED = "referral_accepted"
    REFERRAL_WAITLISTED = "referral_waitlisted"
    REFERRAL_DECLINED = "referral_declined"
    REFERRAL_REDIRECTED = "referral_redirected"
    REFERRAL_SCHEDULED = "referral_scheduled"
    REFERRAL_NO_SHOW = "referral_no_show"
    REFERRAL_STARTED = "referral_started"
    REFERRAL_EXTENDED = "referral_extended"
    REFERRAL_COMPLETED = "referral_completed"
    REFERRAL_DISCONTINUED = "referral_discontinued"
    REFERRAL_RECALLED = "referral_recalled"
    REFERRAL_WITHDRAWN = "referral_withdrawn"
    REFERRAL_CANCELLED = "referral_cancelled"
    REFERRAL_EXPIRED = "referral_expired"
    RECALL_REQUESTED = "recall_requested"
    RECALL_REFUSED = "recall_refused"
    REFERRAL_PUT_ON_HOLD = "referral_put_on_hold"
    REFERRAL_HOLD_ENDED = "referral_hold_ended"
    REFERRAL_CHASED = "referral_chased"
    REFERRAL_ESCALATED = "referral_escalated"
    ADVICE_GIVEN = "advice_given"
    READY_FOR_NEXT_STEP = "ready_for_next_step"
    DEVIATION_REPORTED = "deviation_reported"
    DEVIATION_ACKNOWLEDGED = "deviation_acknowledged"
    DEVIATION_HANDLED = "deviation_handled"
    EVENT_CORRECTED = "event_corrected"


DUPLICATE_MARKS = frozenset({FactType.CASE_MARKED_DUPLICATE, FactType.CASE_UNMARKED_DUPLICATE})
OBEYS_KNOWN_AT_ONLY = DUPLICATE_MARKS | {FactType.EVENT_CORRECTED}


@dataclass(frozen=True)
class Fact:
    """One event heard about one case; times may come with any offset and are kept in UTC.

    `rank` is the stage rank of its type, `topic` and `sequence` where it stood on the wire. Of `body` the clocks read
    `person_ref`, `application_ref`, `kind`, `channel`, `reason`, `code`, `unit`, `mode`, `outcome`, `of`, `observed_ref`, the two ids of a
    correction and the ISO dates `known_from`, `support_from`, `support_to` and `ended_on`, and of referrals `referral_id`, `insats_kind`,
    `to_function`, `planned_hours_per_week`, `assignment_ref`, `successor_of`, `asked_of`, `attended` and `deviation_id`; everything else
    may stay out. A number is written in digits.
    """

    event_id: UUID
    type: FactType
    case_id: UUID
    time: datetime
    precision: Precision
    recorded_at: datetime
    rank: int
    topic: str = "intake-events"
    sequence: int = 0
    body: Mapping[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", utc(self.time))
        object.__setattr__(self, "recorded_at", utc(self.recorded_at))

    @cached_property
    def moment(self) -> Moment:
        """When it happened."""
        return Moment(self.time, self.precision)

    @property
    def last_time(self) -> datetime:
        """The last instant it says something about: of an insats that was found, also the day on which it ended."""
        ended_on = self.ended_on
        return self.time if ended_on is None else max(self.time, local_midnight(ended_on))

    @property
    def ended_on(self) -> date | None:
        """The day on which an insats that was found had ended; None of any other fact."""
        if self.type is not FactType.INSATS_OBSERVED or not self.body.get("ended_on"):
            return None
        return date.fromisoformat(self.body["ended_on"] or "")

    def as_of(self, limit: Limit) -> "Fact":
        """The fact as it stood by then: an insats that was found and ended later was open."""
        if self.ended_on is None or reaches(limit, local_midnight(self.ended_on)):
            return self
        return replace(self, body={name: value for name, value in self.body.items() if name != "ended_on"})

    @property
    def application_ref(self) -> str | None:
        """The application it speaks of (ansökan), if of one."""
        return self.body.get("application_ref")

    @property
    def obeys_known_at_only(self) -> bool:
        """A correction (rättelse) or the mark of a duplicate: once it is known it holds as of any day (`clocks.md` 1)."""
        return self.type in OBEYS_KNOWN_AT_ONLY

    @property
    def is_correction(self) -> bool:
        """Rättelse: it takes another fact away."""
        return self.type is FactType.EVENT_CORRECTED

    @property
    def place(self) -> tuple[datetime, int, str, int, UUID]:
        """Where it stands among the facts of its case: time, stage rank, topic, sequence; the id only settles what cannot happen."""
        return (self.time, self.rank, self.topic, self.sequence, self.event_id)


def in_order(facts: Iterable[Fact], as_of: Limit | None = None, known_at: Limit | None = None) -> list[Fact]:
    """What counts: in force by known-at and happened by as-of, in the order of the facts' places, whatever order they came in."""
    return [fact for fact in ordered(known(facts, known_at)) if as_of is None or reaches(as_of, fact.time)]


def ordered(recorded: Sequence[Fact]) -> list[Fact]:
    """What is in force of facts that come in the order of their recording, in the order of their places."""
    return sorted(in_force(recorded), key=lambda fact: fact.place)


def known(facts: Iterable[Fact], known_at: Limit | None = None) -> list[Fact]:
    """What was recorded by known-at, each event id once: of two with one id the first recorded counts. In the order of recording."""
    first_recorded: dict[UUID, Fact] = {}
    for fact in sorted(facts, key=_recording):
        first = first_recorded.setdefault(fact.event_id, fact)
        if first is not fact and _recording(first) == _recording(fact) and _filled(fact.body) < _filled(first.body):
            first_recorded[fact.event_id] = fact
    return [fact for fact in first_recorded.values() if known_at is None or reaches(known_at, fact.recorded_at)]


def _recording(fact: Fact) -> tuple[datetime, str, int, tuple[datetime, int, str, int, UUID]]:
    return (fact.recorded_at, fact.topic, fact.sequence, fact.place)


def in_force(recorded: Sequence[Fact]) -> list[Fact]:
    """The facts that count, and no corrections: they obey known-at only (`clocks.md` 1).

    From the last told to the first, topic by topic, for a correction is told where its fact was: a correction that is corrected has no
    force, and of two of one fact the later counts. What replaces a fact counts in its place only, and not by itself.
    """
    told = sorted((fact for fact in recorded if fact.is_correction), key=lambda fact: (fact.topic, fact.sequence))
    corrections = [(str(fact.event_id), fact.body.get("corrects_event_id"), fact.body.get("replaced_by")) for fact in told]
    if not corrections:
        return list(recorded)
    stands: dict[str | None, str | None] = {}
    for event_id, corrects, replaced_by in reversed(corrections):
        if event_id not in stands:
            stands.setdefault(corrects, replaced_by)
    known = {str(fact.event_id) for fact in recorded} | {corrects for _, corrects, _ in corrections}
    counts = {_last(each, stands) for each in known - {replaced_by for _, _, replaced_by in corrections}}
    return [fact for fact in recorded if not fact.is_correction and str(fact.event_id) in counts]


def _last(event_id: str | None, stands: Mapping[str | None, str | None]) -> str | None:
    """What stands in the place of a fact in the end; nothing where they lead in a circle, which intake never tells."""
    seen = set()
    while event_id in stands and event_id not in seen:
        seen.add(event_id)
        event_id = stands[event_id]
    return None if event_id in seen else event_id


def _filled(body: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in body.items() if value is not None)
