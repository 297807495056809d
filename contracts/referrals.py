"""What referrals tells on `referral-events`: the way of every remiss and anvisning, from the draft to the outcome."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from contracts.codes import (
    AskedOf,
    Attended,
    CapacityStatus,
    DeviationKind,
    DeviationScope,
    FunctionCode,
    Funding,
    HeldFrom,
    HoursPerWeek,
    InsatsKind,
    LegalBasis,
    RecordedBy,
    ReferralKind,
    ReferralOutcome,
    ReferralReason,
    TargetGroupCode,
    ToldRole,
)
from contracts.event import Open, PublishedEvent

Position = Annotated[int, Field(ge=1, le=9999)]
"""In a queue (köplats); the first is 1."""
Seats = Annotated[int, Field(ge=1, le=9999)]
"""How many can be somewhere at once (platser)."""
Weeks = Annotated[int, Field(ge=1, le=260)]
"""How long a group goes on; whole weeks from its first day."""


class ReferralEvent(PublishedEvent):
    """An event on `referral-events` about one referral; its stream is the case."""

    topic = "referral-events"

    referral_id: UUID


class ReferralDraftedV1(ReferralEvent):
    """Utkast: a referral is being written. `to_function` stays out while the person has a protected identity."""

    event_type = "se.sluss.referral.referral-drafted.v1"

    kind: Open[ReferralKind]
    insats_kind: Open[InsatsKind] | None = None
    to_function: FunctionCode | None = None
    planned_hours_per_week: HoursPerWeek | None = None
    assignment_ref: UUID | None = None
    successor_of: UUID | None = None
    content_ref: UUID | None = None


class ReferralDiscardedV1(ReferralEvent):
    """Utkast kasserat: it was never sent."""

    event_type = "se.sluss.referral.referral-discarded.v1"


class ReferralSentV1(ReferralEvent):
    """Skickad, with the day by which an answer is due, and on which legal ground."""

    event_type = "se.sluss.referral.referral-sent.v1"

    reply_due_on: date
    legal_basis: Open[LegalBasis]
    consent_ref: UUID | None = None


class ReferralReceivedV1(ReferralEvent):
    """Kvittens: the recipient has it (mottagen)."""

    event_type = "se.sluss.referral.referral-received.v1"


class ReferralInformationRequestedV1(ReferralEvent):
    """Komplettering begärd by the recipient, of the sender or of the person, by a day. A question is not an answer."""

    event_type = "se.sluss.referral.referral-information-requested.v1"

    asked_of: Open[AskedOf]
    due_on: date


class ReferralInformationSuppliedV1(ReferralEvent):
    """Komplettering lämnad."""

    event_type = "se.sluss.referral.referral-information-supplied.v1"


class ReferralAcceptedV1(ReferralEvent):
    """Accepterad."""

    event_type = "se.sluss.referral.referral-accepted.v1"

    recorded_by: Open[RecordedBy]
    expected_start_on: date | None = None


class ReferralWaitlistedV1(ReferralEvent):
    """Kölagd, at which position and until about when, as far as the recipient says."""

    event_type = "se.sluss.referral.referral-waitlisted.v1"

    recorded_by: Open[RecordedBy]
    reason: Open[ReferralReason] | None = None
    position: Position | None = None
    expected_start_on: date | None = None


class ReferralDeclinedV1(ReferralEvent):
    """Avböjd, and why."""

    event_type = "se.sluss.referral.referral-declined.v1"

    recorded_by: Open[RecordedBy]
    reason: Open[ReferralReason]
    suggested_function: FunctionCode | None = None


class ReferralRedirectedV1(ReferralEvent):
    """Hänvisad vidare, to whom if the recipient says so. The referral that follows names this one as the one it succeeds."""

    event_type = "se.sluss.referral.referral-redirected.v1"

    recorded_by: Open[RecordedBy]
    reason: Open[ReferralReason] | None = None
    suggested_function: FunctionCode | None = None


class ReferralScheduledV1(ReferralEvent):
    """Inbokad: the start, or the visit, is booked for a day."""

    event_type = "se.sluss.referral.referral-scheduled.v1"

    starts_on: date


class ReferralNoShowV1(ReferralEvent):
    """Uteblev from what was booked for that day. No clock stops for it; it is counted."""

    event_type = "se.sluss.referral.referral-no-show.v1"

    starts_on: date


class ReferralStartedV1(ReferralEvent):
    """Påbörjad: for the kind `insats` this is the start of an insats, and nothing else is."""

    event_type = "se.sluss.referral.referral-started.v1"

    kind: Open[ReferralKind]
    insats_kind: Open[InsatsKind] | None = None
    planned_end_on: date | None = None
    planned_hours_per_week: HoursPerWeek | None = None
    funding: Open[Funding] | None = None


class ReferralExtendedV1(ReferralEvent):
    """Förlängd: what holds for the insats from now on."""

    event_type = "se.sluss.referral.referral-extended.v1"

    kind: Open[ReferralKind]
    insats_kind: Open[InsatsKind] | None = None
    planned_end_on: date
    planned_hours_per_week: HoursPerWeek | None = None
    funding: Open[Funding] | None = None


class ReferralCompletedV1(ReferralEvent):
    """Avslutad, with an outcome always."""

    event_type = "se.sluss.referral.referral-completed.v1"

    outcome: Open[ReferralOutcome]
    reason: Open[ReferralReason] | None = None
    attended: Open[Attended]


class ReferralDiscontinuedV1(ReferralEvent):
    """Avbruten, with an outcome and why."""

    event_type = "se.sluss.referral.referral-discontinued.v1"

    outcome: Open[ReferralOutcome]
    reason: Open[ReferralReason]
    attended: Open[Attended]


class ReferralRecalledV1(ReferralEvent):
    """Återkallad by the sender; after an answer only as the recipient confirms."""

    event_type = "se.sluss.referral.referral-recalled.v1"

    reason: Open[ReferralReason]


class ReferralWithdrawnV1(ReferralEvent):
    """Klienten har tackat nej."""

    event_type = "se.sluss.referral.referral-withdrawn.v1"

    reason: Open[ReferralReason]


class ReferralCancelledV1(ReferralEvent):
    """Inställd by the sender or the recipient, after an answer and before a start."""

    event_type = "se.sluss.referral.referral-cancelled.v1"

    reason: Open[ReferralReason]


class ReferralExpiredV1(ReferralEvent):
    """Inget svar: ended by a timer, where the municipality has chosen so."""

    event_type = "se.sluss.referral.referral-expired.v1"

    reason: Open[ReferralReason]


class RecallRequestedV1(ReferralEvent):
    """Återkallelse begärd after an answer: the recipient confirms it (`ReferralRecalled`) or refuses."""

    event_type = "se.sluss.referral.recall-requested.v1"


class RecallRefusedV1(ReferralEvent):
    """Återkallelse avvisad: the referral goes on."""

    event_type = "se.sluss.referral.recall-refused.v1"


class ReferralPutOnHoldV1(ReferralEvent):
    """Vilande, from which open state. What has been started stays open."""

    event_type = "se.sluss.referral.referral-put-on-hold.v1"

    reason: Open[ReferralReason]
    held_from: Open[HeldFrom]


class ReferralHoldEndedV1(ReferralEvent):
    """Vilande hävd: back to the state it was held from."""

    event_type = "se.sluss.referral.referral-hold-ended.v1"

    reason: Open[ReferralReason] | None = None
    held_from: Open[HeldFrom]


class ReferralChasedV1(ReferralEvent):
    """Påmind: the answer was due."""

    event_type = "se.sluss.referral.referral-chased.v1"

    to_role: Open[ToldRole]


class ReferralEscalatedV1(ReferralEvent):
    """Eskalerad to a role: no answer came after the reminder either."""

    event_type = "se.sluss.referral.referral-escalated.v1"

    to_role: Open[ToldRole]


class AdviceGivenV1(ReferralEvent):
    """Konsultation besvarad: advice, and no responsibility moved (26-punktsplanen act. 17)."""

    event_type = "se.sluss.referral.advice-given.v1"


class ReadyForNextStepV1(ReferralEvent):
    """Redo för nästa steg: the person is ready to leave an insats that still holds a place for them (memo S1)."""

    event_type = "se.sluss.referral.ready-for-next-step.v1"


class DeviationReportedV1(ReferralEvent):
    """Avvikelse rapporterad to a role (26-punktsplanen act. 8); when it was seen is not when it was reported."""

    event_type = "se.sluss.referral.deviation-reported.v1"

    deviation_id: UUID
    scope: Open[DeviationScope]
    kind: Open[DeviationKind]
    observed_on: date
    to_role: Open[ToldRole]


class DeviationAcknowledgedV1(ReferralEvent):
    """Avvikelse mottagen by the role that it was reported to."""

    event_type = "se.sluss.referral.deviation-acknowledged.v1"

    deviation_id: UUID


class DeviationHandledV1(ReferralEvent):
    """Avvikelse hanterad."""

    event_type = "se.sluss.referral.deviation-handled.v1"

    deviation_id: UUID


class CapacityEvent(PublishedEvent):
    """An event on `referral-events` about the places of a provider (utförare) for a target group; its stream is the provider."""

    topic = "referral-events"

    provider: UUID
    target_group: TargetGroupCode


class CapacityReportedV1(CapacityEvent):
    """Kapacitet: what the provider says of its places, and of how many there are how many are free."""

    event_type = "se.sluss.referral.capacity-reported.v1"

    status: Open[CapacityStatus]
    places: Annotated[int, Field(ge=0, le=9999)]
    free: Annotated[int, Field(ge=0, le=9999)]


class GroupStartPlannedV1(CapacityEvent):
    """Gruppstart planerad: on which day, for how many weeks, with how many seats (memo S3: 12 persons, 4 weeks)."""

    event_type = "se.sluss.referral.group-start-planned.v1"

    starts_on: date
    weeks: Weeks
    seats: Seats


class EventCorrectedV1(PublishedEvent):
    """Rättelse of an earlier event of the same case on this topic, as intake's own (`se.sluss.intake.event-corrected.v1`)."""

    topic = "referral-events"
    event_type = "se.sluss.referral.event-corrected.v1"

    corrects_event_id: UUID
    entered_in_error: Literal[True] | None = None
    replaced_by: UUID | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "EventCorrectedV1":
        if (self.entered_in_error is None) == (self.replaced_by is None):
            raise ValueError("either entered in error or replaced")
        return self
