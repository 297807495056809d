"""What the API is sent: strict bodies, each with an example. Codes are those of the contracts."""

from datetime import date
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from contracts.intake import ApplicationKind, AssessmentKind, Channel, DecidingRole, SourceSystem
from services.intake.domain.facts import CloseReason, Outcome
from services.intake.domain.moments import When, day, instant
from shared.http import StrictModel

PERSON = "0b9e6d5c-4a3f-4c1e-9d2b-7f8a6c5e4d3b"
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


class Contact(Happened):
    """Första kontakt."""

    model_config = _example(happened=AT, person_ref=PERSON, household_ref=HOUSEHOLD, channel="phone", source_system="intake")

    person_ref: PersonRef = None
    household_ref: HouseholdRef = None
    channel: Channel
    source_system: SourceSystem = SourceSystem.INTAKE
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


class Closing(Happened):
    """Avslut by hand; the two `lapsed` reasons come by rule only."""

    model_config = _example(happened=ON, reason="moved")

    reason: CloseReason


class Reopening(Happened):
    """Återöppning of a case that had been closed in error."""

    model_config = _example(happened=ON, reason="closed_in_error")

    reason: Literal["closed_in_error"]
