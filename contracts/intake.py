"""What intake tells on `intake-events`: a person's way from the first contact to the decision and the closing of the case."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from contracts.event import Open, PublishedEvent


class Channel(StrEnum):
    """How a contact or an application came (kontaktväg)."""

    PHONE = "phone"
    E_SERVICE = "e_service"
    VISIT = "visit"
    HOME_VISIT = "home_visit"
    LETTER = "letter"
    REFERRAL_IN = "referral_in"


class SourceSystem(StrEnum):
    """Where a first contact was first written down (källsystem)."""

    INTAKE = "intake"
    E_SERVICE = "e_service"
    CASE_SYSTEM = "case_system"
    MIGRATION = "migration"


class ApplicationKind(StrEnum):
    """Which application (ansökan): nyansökan, återansökan or tilläggsansökan."""

    NEW = "new"
    RENEWAL = "renewal"
    SUPPLEMENTARY = "supplementary"


class AssessmentKind(StrEnum):
    """What an assessment looks into (utredning): the application, the whole situation (kartläggning), or the ability to work."""

    APPLICATION = "application"
    MAPPING = "mapping"
    WORK_ABILITY = "work_ability"


class DecisionOutcome(StrEnum):
    """What was decided (beslut): bifall, delvis bifall, avslag, avvisning."""

    GRANTED = "granted"
    PARTLY = "partly"
    REJECTED = "rejected"
    DISMISSED = "dismissed"


class DecidingRole(StrEnum):
    """Who decided, as a role and never a name (beslutsfattare)."""

    SOCIAL_WORKER = "social_worker"
    BENEFIT_OFFICER = "benefit_officer"
    TEAM_LEADER = "team_leader"
    HEAD_OF_UNIT = "head_of_unit"
    COMMITTEE = "committee"
    SYSTEM = "system"


class CloseReason(StrEnum):
    """Why a case closed (avslutsorsak). The two `lapsed` ones come by rule, from a timer."""

    SELF_SUPPORTING_WORK = "self_supporting_work"
    STUDIES = "studies"
    OTHER_BENEFIT = "other_benefit"
    OTHER_SUPPORT = "other_support"
    MOVED = "moved"
    DECEASED = "deceased"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    NO_CONTACT = "no_contact"
    PROTECTED_TRANSFER = "protected_transfer"
    LAPSED_NO_APPLICATION = "lapsed_no_application"
    LAPSED_NO_SUPPORT = "lapsed_no_support"
    ENTERED_IN_ERROR = "entered_in_error"


class ReopenReason(StrEnum):
    """Why a case opened again (återöppnad)."""

    CLOSED_IN_ERROR = "closed_in_error"
    APPEAL = "appeal"


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


class CaseClosedV1(IntakeEvent):
    """Ärendet avslutat."""

    event_type = "se.sluss.intake.case-closed.v1"

    reason: Open[CloseReason]


class CaseReopenedV1(IntakeEvent):
    """Ärendet återöppnat: the closing before it counts as if it had not been."""

    event_type = "se.sluss.intake.case-reopened.v1"

    reason: Open[ReopenReason]
