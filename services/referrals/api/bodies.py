"""What the API is sent: strict bodies, each with an example. Codes are those of the contracts."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from contracts.codes import (
    AskedOf,
    Attended,
    DeviationKind,
    DeviationScope,
    FunctionCode,
    Funding,
    HoursPerWeek,
    InsatsKind,
    LegalBasis,
    ReferralKind,
    ReferralOutcome,
    ReferralReason,
    ToldRole,
)
from contracts.referrals import Position
from services.referrals.domain.moments import When, day, instant
from shared.http import StrictModel

ON: dict[str, Any] = {"on": "2026-03-02"}
CONSENT_ID = "01997f3e-bc76-7caa-8e61-8f2b7d9cafbe"
LONGEST_REPLY = 250  # working days: about a year


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
Programme: TypeAlias = Annotated[UUID | None, Field(description="at which programme; without, where the referral is already, if at any")]


class Happened(StrictModel):
    """Something that happened, for which nothing more needs to be said."""

    model_config = _example(happened=ON)

    happened: Annotated[Moment, Field(description="when it happened, never later than now")]


class NotConsultedBecause(StrEnum):
    """Why Arbetsförmedlingen was not consulted here before an assignment under SoL 12 kap. 4 §, in a human's judgement."""

    CONSULTED_OTHERWISE = "consulted_otherwise"
    URGENT = "urgent"
    OTHER = "other"


class NoSuccessorBecause(StrEnum):
    """Why an insats ends for want of progress with nothing after it, in a human's judgement."""

    NOTHING_SUITABLE = "nothing_suitable"
    CLIENT_DECLINED = "client_declined"
    ILLNESS = "illness"
    OTHER = "other"


class Draft(Happened):
    """Utkast. `insats_kind`: for a referral to an insats, and for no other."""

    model_config = _example(happened=ON, kind="insats", insats_kind="work_training", to_function="jobbcentrum", planned_hours_per_week=30)

    kind: ReferralKind
    insats_kind: InsatsKind | None = None
    to_function: FunctionCode
    planned_hours_per_week: HoursPerWeek | None = None
    assignment_ref: UUID | None = None
    successor_of: Annotated[UUID | None, Field(description="the referral in whose place this one comes, or that it shall follow")] = None
    content_ref: Annotated[UUID | None, Field(description="where its words are kept; they are never told on the bus")] = None


class Sending(Happened):
    """Skickad. The reply is due by a day, or within so many working days; a day that is none rolls to the next (lag 1930:173 2 §)."""

    model_config = _example(happened=ON, reply_within_working_days=10, legal_basis="consent", consent_ref=CONSENT_ID)

    reply_due_on: date | None = None
    reply_within_working_days: Annotated[int | None, Field(ge=1, le=LONGEST_REPLY)] = None
    legal_basis: LegalBasis
    consent_ref: UUID | None = None
    not_consulted_because: NotConsultedBecause | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Sending":
        if (self.reply_due_on is None) == (self.reply_within_working_days is None):
            raise ValueError("either reply_due_on or reply_within_working_days")
        return self


class Question(Happened):
    """Komplettering begärd."""

    model_config = _example(happened=ON, asked_of="sender", due_on="2026-03-09")

    asked_of: AskedOf
    due_on: date


class Acceptance(Happened):
    """Accepterad."""

    model_config = _example(happened=ON, expected_start_on="2026-03-16")

    expected_start_on: date | None = None


class Waitlisting(Happened):
    """Kölagd, at a programme with the position and the day of its forecast, where none are said."""

    model_config = _example(happened=ON, reason="no_capacity", position=30, expected_start_on="2026-05-04")

    reason: ReferralReason | None = None
    position: Position | None = None
    expected_start_on: date | None = None
    programme_id: Programme = None


class Decline(Happened):
    """Avböjd."""

    model_config = _example(happened=ON, reason="language_requirement", suggested_function="sfi")

    reason: ReferralReason
    suggested_function: FunctionCode | None = None


class Redirection(Happened):
    """Hänvisad vidare."""

    model_config = _example(happened=ON, reason="wrong_recipient", suggested_function="rehab_coordinator")

    reason: ReferralReason | None = None
    suggested_function: FunctionCode | None = None


class Booking(Happened):
    """Inbokad, and where a programme is named, with a seat of it."""

    model_config = _example(happened=ON, starts_on="2026-03-16")

    starts_on: date
    programme_id: Programme = None


class Start(Happened):
    """Påbörjad, and where a programme is named, with a seat of it. Without hours those of the draft hold."""

    model_config = _example(happened=ON, planned_end_on="2026-09-15", planned_hours_per_week=30, funding="municipality")

    planned_end_on: date | None = None
    planned_hours_per_week: HoursPerWeek | None = None
    funding: Funding | None = None
    programme_id: Programme = None


class Extension(Happened):
    """Förlängd. Without hours those planned before hold."""

    model_config = _example(happened=ON, planned_end_on="2026-12-15")

    planned_end_on: date
    planned_hours_per_week: HoursPerWeek | None = None
    funding: Funding | None = None


class Completion(Happened):
    """Avslutad, with an outcome always."""

    model_config = _example(happened=ON, outcome="work", reason="got_job", attended="yes")

    outcome: ReferralOutcome
    reason: ReferralReason | None = None
    attended: Attended


class Discontinuation(Happened):
    """Avbruten. For want of progress another referral is sent first, or a reason given why not (26-punktsplanen act. 4)."""

    model_config = _example(happened=ON, outcome="dropped_out", reason="could_not_contact", attended="yes")

    outcome: ReferralOutcome
    reason: ReferralReason
    attended: Attended
    no_successor_because: NoSuccessorBecause | None = None


class Because(Happened):
    """Something that happened for a reason."""

    model_config = _example(happened=ON, reason="moved")

    reason: ReferralReason


class Told(Happened):
    """Somebody was told, as a role."""

    model_config = _example(happened=ON, to_role="team_leader")

    to_role: ToldRole


class Deviation(Happened):
    """Avvikelse: when it was reported, and when it was seen."""

    model_config = _example(happened=ON, scope="person", kind="absence", observed_on="2026-03-02", to_role="labour_market_secretary")

    scope: DeviationScope
    kind: DeviationKind
    observed_on: date
    to_role: ToldRole
