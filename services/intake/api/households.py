"""The routes of households: two adults apply together, and all cases of a household with the role of each adult."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from uuid_utils.compat import uuid7

from contracts.codes import ApplicationKind, Channel, SourceSystem, SupportHindrance
from services.intake.api import acts, bodies
from services.intake.api.answers import EXAMPLE, CaseShown, case_shown
from services.intake.api.desk import CREATED, At, House, SeesProtected, refusals, staff
from services.intake.handlers import households as handlers
from services.intake.handlers.cases import Asked
from services.intake.store.households import Member
from shared.context import begin
from shared.http import StrictModel
from shared.problems import Problem
from shared.telemetry import step

router = APIRouter(dependencies=[Depends(staff)])
HouseholdRef = Annotated[UUID, Path(examples=[bodies.HOUSEHOLD], description="a random reference that adults of one household share")]


class HouseholdRole(StrEnum):
    """As whom an adult applies."""

    APPLICANT = "applicant"
    CO_APPLICANT = "co_applicant"


class Adult(StrictModel):
    """One of those who apply together; hindrance, anvisning and routing are each adult's own."""

    person_ref: UUID
    role: HouseholdRole
    hindrance: SupportHindrance | None = None
    not_assigned_because: bodies.NotAssignedBecause | None = None
    source_ref: bodies.SourceReference = None


class JointApplication(bodies.Happened):
    """Gemensam ansökan, for a period with both days included: by an applicant and a co-applicant."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "happened": bodies.ON,
                    "kind": "new",
                    "channel": "e_service",
                    "period_from": "2026-01-01",
                    "period_to": "2026-01-31",
                    "adults": [
                        {"person_ref": bodies.PERSON, "role": "applicant", "hindrance": "unemployed"},
                        {"person_ref": "7c1d0f4e-2b9a-4d63-8e5f-6a3c9b1d2e7f", "role": "co_applicant", "hindrance": "parental"},
                    ],
                }
            ]
        }
    )

    kind: ApplicationKind
    channel: Channel
    period_from: date
    period_to: date
    source_system: SourceSystem = SourceSystem.INTAKE
    adults: Annotated[list[Adult], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _one_of_each(self) -> "JointApplication":
        if len({each.person_ref for each in self.adults}) < len(self.adults) or len({each.role for each in self.adults}) < len(self.adults):
            raise ValueError("one applicant and one co-applicant, of whom each is another person")
        return self


class MemberShown(BaseModel):
    """A case of the household; `role`: as whom its adult applied, null where nobody said."""

    role: HouseholdRole | None
    case: CaseShown


class HouseholdShown(BaseModel):
    """The cases of one household that the caller may see, in the order of their registration."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"household_ref": bodies.HOUSEHOLD, "members": [{"role": "applicant", "case": EXAMPLE}]}]}
    )

    household_ref: UUID
    members: list[MemberShown]


@router.post("/households/{household_ref}/applications", status_code=CREATED, summary="Register an application of two adults")
@step
async def apply_together(household_ref: HouseholdRef, body: JointApplication, at: At) -> HouseholdShown:
    """Gemensam ansökan: one application, a case each, both or neither; each adult's own case as for an application of one."""
    application_ref = uuid7()
    with refusals():
        members = await handlers.apply_together(
            at.house.db,
            at.house.ours,
            at.key,
            CREATED,
            household_ref,
            {adult.person_ref: (_asked(body, adult, household_ref, application_ref, at), adult.role) for adult in body.adults},
            begin(at.now, at.who.subject),
        )
    at.response.headers["Location"] = f"/intake/households/{household_ref}"
    return HouseholdShown(household_ref=household_ref, members=[_member(each, at.now) for each in members])


@router.get("/households/{household_ref}", summary="Read a household")
@step
async def show_household(household_ref: HouseholdRef, request: Request, sees: SeesProtected) -> HouseholdShown:
    """Hushåll: the case of every adult, closed ones too, with their roles."""
    house: House = request.app.state.house
    members = await handlers.household(house.db, household_ref, sees)
    if not members:
        raise Problem("not_found")
    now = await house.clock.now()
    return HouseholdShown(household_ref=household_ref, members=[_member(each, now) for each in members])


def _asked(body: JointApplication, adult: Adult, household_ref: UUID, application_ref: UUID, at: At) -> Asked:
    """What is asked for one of them: the very same as an application of one, of which they share the reference."""
    of_one = body.model_dump(exclude={"adults", "happened"}) | adult.model_dump(exclude={"role"}) | {"household_ref": household_ref}
    single = bodies.Application.model_construct(happened=body.happened, **of_one)
    command = replace(acts.application(single, at.now), application_ref=application_ref)
    return Asked(command, known_as=acts.known_as(single), override=acts.override(single, command), sees_protected=at.sees_protected)


def _member(member: Member, now: datetime) -> MemberShown:
    case = case_shown(member.case_id, member.stored.version, member.stored.case, None, now)
    return MemberShown(role=HouseholdRole(member.role) if member.role else None, case=case)
