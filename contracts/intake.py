"""What intake tells on `intake-events`: a person's way from the first contact to the decision and the closing of the case."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from contracts.codes import (
    ApplicationKind,
    AssessmentKind,
    AssignmentAnswer,
    AssignmentBasis,
    AssignmentMode,
    Channel,
    CloseReason,
    DecidingRole,
    DecisionOutcome,
    HoursPerWeek,
    InsatsKind,
    PesResult,
    ProtectionLevel,
    ProviderRole,
    ReopenReason,
    SourceSystem,
    StaffRole,
    SupportHindrance,
    UnitCode,
)
from contracts.event import Open, PublishedEvent

Version = Annotated[int, Field(ge=1, le=9999)]
"""Of a code set, a rule table or a plan; the first is 1."""


class IntakeEvent(PublishedEvent):
    """An event on `intake-events`; its stream is the case."""

    topic = "intake-events"


class FirstContactRegisteredV1(IntakeEvent):
    """Första kontakt: somebody asked about support. Without `person_ref` it was anonymous."""

    event_type = "se.sluss.intake.first-contact-registered.v1"

    person_ref: UUID | None = None
    household_ref: UUID | None = None
    channel: Open[Channel]
    source_system: Open[SourceSystem]
    known_from: date | None = None


class ApplicationReceivedV1(IntakeEvent):
    """Ansökan inkommen, for a period of support with both days included."""

    event_type = "se.sluss.intake.application-received.v1"

    person_ref: UUID | None = None
    household_ref: UUID | None = None
    application_ref: UUID
    kind: Open[ApplicationKind]
    channel: Open[Channel]
    period_from: date
    period_to: date


class CompletionRequestedV1(IntakeEvent):
    """Komplettering begärd: something is missing and is asked for, by a day."""

    event_type = "se.sluss.intake.completion-requested.v1"

    application_ref: UUID
    due_on: date


class ApplicationCompletedV1(IntakeEvent):
    """Ansökan komplett: what was missing has come."""

    event_type = "se.sluss.intake.application-completed.v1"

    application_ref: UUID


class ApplicationWithdrawnV1(IntakeEvent):
    """Ansökan återtagen by the one who applied."""

    event_type = "se.sluss.intake.application-withdrawn.v1"

    application_ref: UUID


class AssessmentStartedV1(IntakeEvent):
    """Utredning inledd."""

    event_type = "se.sluss.intake.assessment-started.v1"

    application_ref: UUID
    kind: Open[AssessmentKind]


class AssessmentCompletedV1(IntakeEvent):
    """Utredning avslutad."""

    event_type = "se.sluss.intake.assessment-completed.v1"

    application_ref: UUID
    kind: Open[AssessmentKind]


class DecisionMadeV1(IntakeEvent):
    """Beslut on one application, with the period of support when something was granted (both days included)."""

    event_type = "se.sluss.intake.decision-made.v1"

    decision_ref: UUID
    application_ref: UUID
    outcome: Open[DecisionOutcome]
    support_from: date | None = None
    support_to: date | None = None
    automated: bool
    decided_by_role: Open[DecidingRole]


class SupportHindranceCodedV1(IntakeEvent):
    """Försörjningshinder coded, by a version of the code set."""

    event_type = "se.sluss.intake.support-hindrance-coded.v1"

    code: Open[SupportHindrance]
    code_version: Version


class PesCheckedV1(IntakeEvent):
    """Inskrivningskontroll hos Arbetsförmedlingen (26-punktsplanen act. 11)."""

    event_type = "se.sluss.intake.pes-checked.v1"

    result: Open[PesResult]
    registered_since: date | None = None


class InsatsObservedV1(IntakeEvent):
    """Pågående insats funnen: one that began without us, on `started_on`, which is also when the event happened."""

    event_type = "se.sluss.intake.insats-observed.v1"

    observed_ref: UUID
    kind: Open[InsatsKind]
    started_on: date
    ended_on: date | None = None
    planned_hours_per_week: HoursPerWeek | None = None
    provider_role: Open[ProviderRole]


class CaseRoutedV1(IntakeEvent):
    """Slussad: by which rule, in which version of the table, to which unit. `hop`: the first is 1; returns count."""

    event_type = "se.sluss.intake.case-routed.v1"

    unit: UnitCode | None = None
    role: Open[StaffRole]
    rule_id: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,19}$")]
    rule_version: Version
    hop: Annotated[int, Field(ge=1, le=9999)]


class CaseAssignedV1(IntakeEvent):
    """Tilldelad: which unit and role answers for the case. Who it is stays in intake."""

    event_type = "se.sluss.intake.case-assigned.v1"

    unit: UnitCode | None = None
    role: Open[StaffRole]


class PlanAgreedV1(IntakeEvent):
    """Handlingsplan överenskommen; the next follow-up by that day."""

    event_type = "se.sluss.intake.plan-agreed.v1"

    plan_ref: UUID
    version: Version
    next_follow_up_on: date


class PlanExpiredV1(IntakeEvent):
    """Handlingsplan upphörd: it is valid no more."""

    event_type = "se.sluss.intake.plan-expired.v1"

    plan_ref: UUID


class FollowUpHeldV1(IntakeEvent):
    """Uppföljning hållen; the next one by that day."""

    event_type = "se.sluss.intake.follow-up-held.v1"

    next_follow_up_on: date


class AssignmentIssuedV1(IntakeEvent):
    """Anvisning to an insats."""

    event_type = "se.sluss.intake.assignment-issued.v1"

    assignment_ref: UUID
    mode: Open[AssignmentMode]
    insats_kind: Open[InsatsKind]
    planned_hours_per_week: HoursPerWeek | None = None
    basis: Open[AssignmentBasis]


class AssignmentAnsweredV1(IntakeEvent):
    """Anvisning besvarad by the person."""

    event_type = "se.sluss.intake.assignment-answered.v1"

    assignment_ref: UUID
    answer: Open[AssignmentAnswer]


class IntroDaysAttendedV1(IntakeEvent):
    """Introdagar genomförda (26-punktsplanen act. 24)."""

    event_type = "se.sluss.intake.intro-days-attended.v1"


class PlanningMeetingHeldV1(IntakeEvent):
    """Planeringssamtal hållet (26-punktsplanen act. 24)."""

    event_type = "se.sluss.intake.planning-meeting-held.v1"


class CaseClosedV1(IntakeEvent):
    """Ärendet avslutat."""

    event_type = "se.sluss.intake.case-closed.v1"

    reason: Open[CloseReason]


class CaseReopenedV1(IntakeEvent):
    """Ärendet återöppnat: the closing before it counts as if it had not been."""

    event_type = "se.sluss.intake.case-reopened.v1"

    reason: Open[ReopenReason]


class CaseMarkedDuplicateV1(IntakeEvent):
    """Dubblett: this case and another are of one matter. Readers read the two as one from when this is recorded; neither is re-keyed."""

    event_type = "se.sluss.intake.case-marked-duplicate.v1"

    of: UUID


class CaseUnmarkedDuplicateV1(IntakeEvent):
    """Dubblettmarkering hävd: the two cases are two again."""

    event_type = "se.sluss.intake.case-unmarked-duplicate.v1"

    of: UUID


class ProtectionLevelChangedV1(IntakeEvent):
    """Skyddade personuppgifter: the level from a day on. While there is one, no event of the case names a unit."""

    event_type = "se.sluss.intake.protection-level-changed.v1"

    level: Open[ProtectionLevel]
    effective_on: date


class EventCorrectedV1(IntakeEvent):
    """Rättelse: an earlier event of the same case is gone, entered in error or replaced by another that was told with this one.

    From when this is recorded the corrected event does not count. A correction that is corrected has no force.
    """

    event_type = "se.sluss.intake.event-corrected.v1"

    corrects_event_id: UUID
    entered_in_error: Literal[True] | None = None
    replaced_by: UUID | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "EventCorrectedV1":
        if (self.entered_in_error is None) == (self.replaced_by is None):
            raise ValueError("either entered in error or replaced")
        return self
