"""The facts of the referrals of a case: what this house has decided to be true, and told."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from services.referrals.domain.moments import When

Code: TypeAlias = str
"""A code of a closed set of `contracts`, which nothing here depends on: it is carried, never judged."""

INSATS, CONSULTATION = "insats", "consultation"
"""The kinds of referral that rules look at."""
CONSENT = "consent"
NEVER_ATTENDED, NOT_AT_ALL = "never_attended", "no"
"""The outcome of what nobody came to, and the same said of attendance; a figure reads the one or the other, so they agree."""
TO_RECIPIENT = "recipient"
"""Whom a deviation is reported to when it is to no role of the senders."""
NO_CAPACITY, INSUFFICIENT_PROGRESS, NO_REPLY = "no_capacity", "insufficient_progress", "no_reply"


class State(StrEnum):
    """How far a referral has come (`domain.md` 4.3). What only its carrier or its recipient knows has no state here."""

    DRAFT = "draft"
    SENT = "sent"
    RECEIVED = "received"
    INFO_REQUESTED = "info_requested"
    ACCEPTED = "accepted"
    WAITLISTED = "waitlisted"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    ADVISED = "advised"
    RECALLED = "recalled"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DISCARDED = "discarded"
    ENTERED_IN_ERROR = "entered_in_error"

    @property
    def is_open(self) -> bool:
        """Whether something can still come of it."""
        return self not in ENDED


ENDED = frozenset(State) - {
    State.DRAFT, State.SENT, State.RECEIVED, State.INFO_REQUESTED, State.ACCEPTED, State.WAITLISTED, State.SCHEDULED, State.IN_PROGRESS,
    State.ON_HOLD,
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """Something that happened to one referral."""

    happened: When
    referral_id: UUID


@dataclass(frozen=True)
class ReferralDrafted(Fact):
    """Utkast."""

    kind: Code
    insats_kind: Code | None = None
    to_function: Code | None = None
    planned_hours_per_week: int | None = None
    assignment_ref: UUID | None = None
    successor_of: UUID | None = None
    content_ref: UUID | None = None


@dataclass(frozen=True)
class ReferralDiscarded(Fact):
    """Utkast kasserat."""


@dataclass(frozen=True)
class ReferralSent(Fact):
    """Skickad."""

    reply_due_on: date
    legal_basis: Code
    consent_ref: UUID | None = None


@dataclass(frozen=True)
class ReferralReceived(Fact):
    """Mottagen."""


@dataclass(frozen=True)
class ReferralInformationRequested(Fact):
    """Komplettering begärd."""

    asked_of: Code
    due_on: date


@dataclass(frozen=True)
class ReferralInformationSupplied(Fact):
    """Komplettering lämnad."""


@dataclass(frozen=True)
class ReferralAccepted(Fact):
    """Accepterad."""

    recorded_by: Code
    expected_start_on: date | None = None


@dataclass(frozen=True)
class ReferralWaitlisted(Fact):
    """Kölagd."""

    recorded_by: Code
    reason: Code | None = None
    position: int | None = None
    expected_start_on: date | None = None


@dataclass(frozen=True)
class ReferralDeclined(Fact):
    """Avböjd."""

    recorded_by: Code
    reason: Code
    suggested_function: Code | None = None


@dataclass(frozen=True)
class ReferralRedirected(Fact):
    """Hänvisad vidare."""

    recorded_by: Code
    reason: Code | None = None
    suggested_function: Code | None = None


@dataclass(frozen=True)
class ReferralScheduled(Fact):
    """Inbokad."""

    starts_on: date


@dataclass(frozen=True)
class ReferralNoShow(Fact):
    """Uteblev. For which day it was booked, the referral says."""

    starts_on: date | None = None


@dataclass(frozen=True)
class ReferralStarted(Fact):
    """Påbörjad. Of which kind, the referral says."""

    kind: Code = INSATS
    insats_kind: Code | None = None
    planned_end_on: date | None = None
    planned_hours_per_week: int | None = None
    funding: Code | None = None


@dataclass(frozen=True)
class ReferralExtended(Fact):
    """Förlängd. Of which kind, the referral says."""

    planned_end_on: date
    kind: Code = INSATS
    insats_kind: Code | None = None
    planned_hours_per_week: int | None = None
    funding: Code | None = None


@dataclass(frozen=True)
class ReferralCompleted(Fact):
    """Avslutad med utfall."""

    outcome: Code
    attended: Code
    reason: Code | None = None


@dataclass(frozen=True)
class ReferralDiscontinued(Fact):
    """Avbruten."""

    outcome: Code
    attended: Code
    reason: Code


@dataclass(frozen=True)
class ReferralRecalled(Fact):
    """Återkallad."""

    reason: Code


@dataclass(frozen=True)
class ReferralWithdrawn(Fact):
    """Klienten har tackat nej."""

    reason: Code


@dataclass(frozen=True)
class ReferralCancelled(Fact):
    """Inställd."""

    reason: Code


@dataclass(frozen=True)
class ReferralExpired(Fact):
    """Inget svar."""

    reason: Code


@dataclass(frozen=True)
class RecallRequested(Fact):
    """Återkallelse begärd."""


@dataclass(frozen=True)
class RecallRefused(Fact):
    """Återkallelse avvisad."""


@dataclass(frozen=True)
class ReferralPutOnHold(Fact):
    """Vilande. From which state, the referral says."""

    reason: Code
    held_from: State = State.DRAFT


@dataclass(frozen=True)
class ReferralHoldEnded(Fact):
    """Vilande hävd. Back to which state, the referral says."""

    held_from: State = State.DRAFT
    reason: Code | None = None


@dataclass(frozen=True)
class ReferralChased(Fact):
    """Påmind."""

    to_role: Code


@dataclass(frozen=True)
class ReferralEscalated(Fact):
    """Eskalerad."""

    to_role: Code


@dataclass(frozen=True)
class AdviceGiven(Fact):
    """Konsultation besvarad."""


@dataclass(frozen=True)
class ReadyForNextStep(Fact):
    """Redo för nästa steg."""


@dataclass(frozen=True)
class EnteredInError(Fact):
    """Felregistrerad: nothing that was told of the referral counts. It is told of each of its events, by the event's id."""

    corrects_event_id: UUID | None = None


@dataclass(frozen=True)
class DeviationReported(Fact):
    """Avvikelse rapporterad."""

    deviation_id: UUID
    scope: Code
    kind: Code
    observed_on: date
    to_role: Code


@dataclass(frozen=True)
class DeviationAcknowledged(Fact):
    """Avvikelse mottagen."""

    deviation_id: UUID


@dataclass(frozen=True)
class DeviationHandled(Fact):
    """Avvikelse hanterad."""

    deviation_id: UUID
