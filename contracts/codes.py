"""Codes that more than one topic says: kinds of insats, roles, and the units of a municipality."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

UnitCode = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{0,19}(_[a-z0-9]{1,20}){0,3}$")]
"""A unit of the municipality by the code of its register (enhet), as `basgruppen`; never the name of a person."""
HoursPerWeek = Annotated[int, Field(ge=0, le=168)]


class InsatsKind(StrEnum):
    """What an insats is (`clocks.md` 5). Which of them count is the rule set of leadtimes."""

    WORK_TRAINING = "work_training"
    WORK_PLACEMENT = "work_placement"
    SUBSIDISED_EMPLOYMENT = "subsidised_employment"
    MUNICIPAL_JOB = "municipal_job"
    LABOUR_MARKET_TRAINING = "labour_market_training"
    AF_PROGRAMME = "af_programme"
    VOCATIONAL_REHABILITATION = "vocational_rehabilitation"
    MEDICAL_REHABILITATION = "medical_rehabilitation"
    ADULT_EDUCATION = "adult_education"
    JOB_SEARCH_COURSE = "job_search_course"
    INFORMATION = "information"
    MAPPING = "mapping"
    MOTIVATION = "motivation"
    SFI = "sfi"


class ProviderRole(StrEnum):
    """Who gives an insats, as a role (utförare)."""

    LABOUR_MARKET_UNIT = "labour_market_unit"
    EMPLOYMENT_SERVICE = "employment_service"
    SOCIAL_INSURANCE = "social_insurance"
    REGION = "region"
    ADULT_EDUCATION = "adult_education"
    PRIVATE_PROVIDER = "private_provider"
    CIVIL_SOCIETY = "civil_society"


class StaffRole(StrEnum):
    """Who in the municipality is responsible for a case, as a role and never a name (`domain.md` 1.6)."""

    SOCIAL_WORKER = "social_worker"
    BENEFIT_OFFICER = "benefit_officer"
    LABOUR_MARKET_SECRETARY = "labour_market_secretary"
    YOUTH_COACH = "youth_coach"
    REHAB_COORDINATOR = "rehab_coordinator"
    TEAM_LEADER = "team_leader"
