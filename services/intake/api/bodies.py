"""What the API is sent: strict bodies, each with an example. Codes are those of the contracts."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, JsonValue, model_validator

from contracts.codes import (
    ApplicationKind,
    AssessmentKind,
    AssignmentBasis,
    Channel,
    DecidingRole,
    HoursPerWeek,
    InsatsKind,
    PesResult,
    ProviderRole,
    SourceSystem,
    StaffRole,
    SupportHindrance,
    UnitCode,
)
from services.intake.domain.facts import Answer, CloseReason, Mode, Outcome, ReopenReason
from services.intake.domain.moments import When, day, instant
from shared.http import StrictModel

PERSON = "0b9e6d5c-4a3f-4c1e-9d2b-7f8a6c5e4d3b"
EVENT = "01997f3e-8d43-7f77-8b3e-5c9e4a6f7d8b"
OTHER_CASE = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5f"
HOUSEHOLD = "5d7c2f1a-8e4b-4f6d-a1c3-2b9e8d7f6a5c"
ON: dict[str, Any] = {"on": "2026-01-05"}
AT: dict[str, Any] = {"at": "2026-01-05T09:30:00+01:00"}


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class AtInstant(StrictModel):
    """The instant at which it happened, with its offset."""

    at: AwareDatetime

    def when(self) -> When:
        """The moment of the domain."""
        return instant(self.at)


class OnDay(StrictModel):
    """The Swedish date on which it happened, when no more is known."""

    on: date

    def when(self) -> When:
        """The moment of the domain."""
        return day(self.on)


Moment: TypeAlias = AtInstant | OnDay


class Happened(StrictModel):
    """Something that happened, for which nothing more needs to be said."""

    model_config = _example(happened=ON)

    happened: Annotated[Moment, Field(description="when it happened, never later than now")]


PersonRef = Annotated[UUID | None, Field(description="a random reference; the same for every case of the person; none: anonymous")]
HouseholdRef = Annotated[UUID | None, Field(description="a random reference that adults of one household share")]


class NotAssignedBecause(StrEnum):
    """Why somebody who says unemployed is not assigned at once, in a human's judgement."""

    ILLNESS = "illness"
    PARENTAL_LEAVE = "parental_leave"
    ALREADY_IN_INSATS = "already_in_insats"
    STUDIES = "studies"
    LANGUAGE = "language"
    OTHER = "other"


UUID_TEXT = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
REFERENCE = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$"
SourceReference = Annotated[
    str | None,
    Field(
        pattern=REFERENCE,
        description="what your own system calls the case, to find it again; never a person's number; stays in intake",
    ),
    AfterValidator(lambda ref: no_identity_number(ref)),
]


def no_identity_number(ref: str | None) -> str | None:
    """Raises ValueError for what is shaped like a personnummer or samordningsnummer. In a UUID there is none, whatever its digits."""
    if ref and not UUID_TEXT.fullmatch(ref) and re.search(r"(?<![0-9])([0-9]{2})?[0-9]{10}(?![0-9])", re.sub(r"[._:/+-]", "", ref)):
        raise ValueError("shaped like the number of a person")
    return ref


class Contact(Happened):
    """Första kontakt."""

    model_config = _example(happened=AT, person_ref=PERSON, household_ref=HOUSEHOLD, channel="phone", source_system="intake")

    person_ref: PersonRef = None
    household_ref: HouseholdRef = None
    channel: Channel
    source_system: SourceSystem = SourceSystem.INTAKE
    source_ref: SourceReference = None
    known_from: Annotated[date | None, Field(description="for a case taken over: the day from which all that happened is known")] = None


class Application(Happened):
    """Ansökan, for a period with both days included."""

    model_config = _example(
        happened=ON, person_ref=PERSON, kind="new", channel="e_service", period_from="2026-01-01", period_to="2026-01-31"
    )

    person_ref: PersonRef = None
    household_ref: HouseholdRef = None
    kind: ApplicationKind
    channel: Channel
    period_from: date
    period_to: date
    hindrance: Annotated[SupportHindrance | None, Field(description="what the person says keeps them from supporting themselves")] = None
    not_assigned_because: Annotated[
        NotAssignedBecause | None, Field(description="a human's reason not to assign at once somebody who says unemployed")
    ] = None
    source_system: SourceSystem = SourceSystem.INTAKE
    source_ref: SourceReference = None


class CompletionRequest(Happened):
    """Begäran om komplettering."""

    model_config = _example(happened=ON, due_on="2026-01-19")

    due_on: date


class Assessment(Happened):
    """Utredning of one kind."""

    model_config = _example(happened=ON, kind="application")

    kind: AssessmentKind


class Decision(Happened):
    """Beslut; a period of support if and only if something is granted."""

    model_config = _example(
        happened=ON,
        outcome="granted",
        support_from="2026-01-01",
        support_to="2026-01-31",
        automated=False,
        decided_by_role="social_worker",
    )

    outcome: Outcome
    support_from: date | None = None
    support_to: date | None = None
    automated: bool = False
    decided_by_role: DecidingRole


class Hindrance(Happened):
    """Försörjningshinder of this adult."""

    model_config = _example(happened=ON, code="unemployed")

    code: SupportHindrance


class PesCheck(Happened):
    """Inskrivningskontroll hos Arbetsförmedlingen; since when only of the registered."""

    model_config = _example(happened=ON, result="registered", registered_since="2025-11-03")

    result: PesResult
    registered_since: date | None = None


class Observed(StrictModel):
    """Pågående insats that began without us; it happened on the day it began."""

    model_config = _example(kind="af_programme", started_on="2026-01-15", planned_hours_per_week=30, provider_role="employment_service")

    kind: InsatsKind
    started_on: date
    ended_on: date | None = None
    planned_hours_per_week: HoursPerWeek | None = None
    provider_role: ProviderRole


class Responsible(Happened):
    """Tilldelning: which unit and role answer for the case, whatever the rules say."""

    model_config = _example(happened=ON, unit="basgruppen", role="social_worker")

    unit: UnitCode
    role: StaffRole


class FollowUp(Happened):
    """Handlingsplan or its uppföljning, and the day of the next one."""

    model_config = _example(happened=ON, next_follow_up_on="2026-02-09")

    next_follow_up_on: date


class Assigned(Happened):
    """Anvisning to an insats."""

    model_config = _example(happened=ON, mode="planned", insats_kind="work_training", planned_hours_per_week=30, basis="sol_12_4")

    mode: Mode
    insats_kind: InsatsKind
    planned_hours_per_week: HoursPerWeek | None = None
    basis: AssignmentBasis


class Answered(Happened):
    """What the person said to an anvisning."""

    model_config = _example(happened=ON, answer="accepted")

    answer: Answer


class Closing(Happened):
    """Avslut by hand; the two `lapsed` reasons come by rule only."""

    model_config = _example(happened=ON, reason="moved")

    reason: CloseReason


class Duplicate(StrictModel):
    """Of which other case this one is a duplicate."""

    model_config = _example(of=OTHER_CASE)

    of: UUID


class Correction(StrictModel):
    """Rättelse of one fact: entered in error, or replaced by the same fact with something said otherwise."""

    model_config = _example(event_id=EVENT, replacement={"happened": {"on": "2026-01-07"}, "fields": {"code": "language"}})

    event_id: Annotated[UUID, Field(description="the fact's, from `facts`")]
    entered_in_error: Literal[True] | None = None
    replacement: "Replacement | None" = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Correction":
        if (self.entered_in_error is None) == (self.replacement is None):
            raise ValueError("either entered_in_error or replacement")
        return self


class Replacement(StrictModel):
    """What is said instead: when it happened, and the fields that were wrong. What is left out stays as it was."""

    happened: Moment | None = None
    fields: Annotated[dict[str, JsonValue], Field(max_length=20)] = Field(default_factory=dict)


class Reopening(Happened):
    """Återöppning of a case that had been closed in error, or of which a decision was changed after an appeal."""

    model_config = _example(happened=ON, reason="closed_in_error")

    reason: ReopenReason
