"""The facts of a case: what intake has decided to be true. Their order and their times are told to the whole street."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from services.intake.domain.moments import When

Code: TypeAlias = str
"""A code of a closed set of `contracts`, which nothing here depends on: it is carried, never judged."""


UNEMPLOYED, SICK_WITHOUT_SGI = "unemployed", "sick_without_sgi"
"""The codes of försörjningshinder that rules look at."""
UNPROTECTED = "none"
REGISTERED = "registered"
"""What rules look for in an answer of Arbetsförmedlingen."""


class Outcome(StrEnum):
    """What was decided: bifall, delvis bifall, avslag, avvisning."""

    GRANTED = "granted"
    PARTLY = "partly"
    REJECTED = "rejected"
    DISMISSED = "dismissed"

    @property
    def gives_support(self) -> bool:
        """Whether money follows, so that there is a period of support."""
        return self in (Outcome.GRANTED, Outcome.PARTLY)


class Mode(StrEnum):
    """Whether an anvisning came at once, from what the application says, or after a plan."""

    DIRECT = "direct"
    PLANNED = "planned"


class Answer(StrEnum):
    """What was said to an anvisning. No answer may be followed by one."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"


class CloseReason(StrEnum):
    """Why a case closed (avslutsorsak)."""

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

    @property
    def is_rule(self) -> bool:
        """Whether the closing comes from a timer, never from a hand (`clocks.md` 2)."""
        return self in (CloseReason.LAPSED_NO_APPLICATION, CloseReason.LAPSED_NO_SUPPORT)


class ReopenReason(StrEnum):
    """Why a case opened again: closed in error, or changed after an appeal (överklagande)."""

    CLOSED_IN_ERROR = "closed_in_error"
    APPEAL = "appeal"


@dataclass(frozen=True)
class FirstContactRegistered:
    """Första kontakt. In a case that is already open it is one more contact; the earliest is the first."""

    happened: When
    person_ref: UUID | None
    household_ref: UUID | None
    channel: Code
    source_system: Code
    known_from: date | None


@dataclass(frozen=True)
class ApplicationReceived:
    """Ansökan inkommen, for a period with both days included."""

    happened: When
    application_ref: UUID
    person_ref: UUID | None
    household_ref: UUID | None
    kind: Code
    channel: Code
    period_from: date
    period_to: date


@dataclass(frozen=True)
class CompletionRequested:
    """Komplettering begärd."""

    happened: When
    application_ref: UUID
    due_on: date


@dataclass(frozen=True)
class ApplicationCompleted:
    """Ansökan komplett."""

    happened: When
    application_ref: UUID


@dataclass(frozen=True)
class ApplicationWithdrawn:
    """Ansökan återtagen."""

    happened: When
    application_ref: UUID


@dataclass(frozen=True)
class AssessmentStarted:
    """Utredning inledd."""

    happened: When
    application_ref: UUID
    kind: Code


@dataclass(frozen=True)
class AssessmentCompleted:
    """Utredning avslutad."""

    happened: When
    application_ref: UUID
    kind: Code


@dataclass(frozen=True)
class DecisionMade:
    """Beslut on one application; the support's days are both included."""

    happened: When
    application_ref: UUID
    decision_ref: UUID
    outcome: Outcome
    support_from: date | None
    support_to: date | None
    automated: bool
    decided_by_role: Code


@dataclass(frozen=True)
class SupportHindranceCoded:
    """Försörjningshinder of this adult, by a version of the code set."""

    happened: When
    code: Code
    code_version: int


@dataclass(frozen=True)
class PesChecked:
    """Inskrivningskontroll: what Arbetsförmedlingen (the public employment service) answered."""

    happened: When
    result: Code
    registered_since: date | None


@dataclass(frozen=True)
class InsatsObserved:
    """Pågående insats funnen: it began without us, on the day it happened."""

    happened: When
    observed_ref: UUID
    kind: Code
    started_on: date
    ended_on: date | None
    planned_hours_per_week: int | None
    provider_role: Code


@dataclass(frozen=True)
class CaseRouted:
    """Slussad by a rule to a unit. `hop` counts from 1; without a unit the case is protected."""

    happened: When
    unit: Code | None
    role: Code
    rule_id: str
    rule_version: int
    hop: int


@dataclass(frozen=True)
class CaseAssigned:
    """Tilldelad: the unit and the role that answer for the case now."""

    happened: When
    unit: Code | None
    role: Code


@dataclass(frozen=True)
class PlanAgreed:
    """Handlingsplan överenskommen; a new version replaces the one before."""

    happened: When
    plan_ref: UUID
    version: int
    next_follow_up_on: date


@dataclass(frozen=True)
class PlanExpired:
    """Handlingsplan upphörd."""

    happened: When
    plan_ref: UUID


@dataclass(frozen=True)
class FollowUpHeld:
    """Uppföljning hållen, and by when the next one is due."""

    happened: When
    next_follow_up_on: date


@dataclass(frozen=True)
class AssignmentIssued:
    """Anvisning: direct, on what the application says, or planned."""

    happened: When
    assignment_ref: UUID
    mode: Mode
    insats_kind: Code
    planned_hours_per_week: int | None
    basis: Code


@dataclass(frozen=True)
class AssignmentAnswered:
    """Anvisning besvarad."""

    happened: When
    assignment_ref: UUID
    answer: Answer


@dataclass(frozen=True)
class IntroDaysAttended:
    """Introdagar genomförda."""

    happened: When


@dataclass(frozen=True)
class PlanningMeetingHeld:
    """Planeringssamtal hållet."""

    happened: When


@dataclass(frozen=True)
class CaseClosed:
    """Ärendet avslutat, by hand or by rule."""

    happened: When
    reason: CloseReason


@dataclass(frozen=True)
class CaseReopened:
    """Ärendet återöppnat: every closing before it counts as if it had not been."""

    happened: When
    reason: ReopenReason


@dataclass(frozen=True)
class CaseMarkedDuplicate:
    """Dubblett: this case and another are of one matter, and are read as one until the mark is undone."""

    happened: When
    of: UUID


@dataclass(frozen=True)
class CaseUnmarkedDuplicate:
    """Dubblettmarkering hävd: the two cases are two again."""

    happened: When
    of: UUID


@dataclass(frozen=True)
class ProtectionLevelChanged:
    """Skyddade personuppgifter: the level from a day on. While there is one no unit is told of the case, nor shown."""

    happened: When
    level: Code
    effective_on: date


@dataclass(frozen=True)
class EventCorrected:
    """Rättelse: a fact that was told under this id is gone, entered in error or replaced by the one with the other id."""

    happened: When
    corrects_event_id: UUID
    entered_in_error: bool | None
    replaced_by: UUID | None


Fact: TypeAlias = (
    FirstContactRegistered
    | ApplicationReceived
    | CompletionRequested
    | ApplicationCompleted
    | ApplicationWithdrawn
    | AssessmentStarted
    | AssessmentCompleted
    | DecisionMade
    | SupportHindranceCoded
    | PesChecked
    | InsatsObserved
    | CaseRouted
    | CaseAssigned
    | PlanAgreed
    | PlanExpired
    | FollowUpHeld
    | AssignmentIssued
    | AssignmentAnswered
    | IntroDaysAttended
    | PlanningMeetingHeld
    | CaseClosed
    | CaseReopened
    | CaseMarkedDuplicate
    | CaseUnmarkedDuplicate
    | ProtectionLevelChanged
    | EventCorrected
)
