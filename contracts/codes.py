"""The codes that events say: those of more than one topic first, then those of intake."""

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


class SupportHindrance(StrEnum):
    """What keeps an adult from supporting themselves (försörjningshinder): one of each adult, never of a household."""

    UNEMPLOYED = "unemployed"
    SICK_WITHOUT_SGI = "sick_without_sgi"
    SICK_WITH_SGI = "sick_with_sgi"
    SOCIAL = "social"
    PARENTAL = "parental"
    LANGUAGE = "language"
    OTHER = "other"


class PesResult(StrEnum):
    """What Arbetsförmedlingen answered on whether somebody is registered there (inskriven)."""

    REGISTERED = "registered"
    NOT_REGISTERED = "not_registered"
    UNKNOWN = "unknown"


class AssignmentMode(StrEnum):
    """Direct: at once, on what the application says (direktanvisning, 26-punktsplanen act. 10); planned: after a plan."""

    DIRECT = "direct"
    PLANNED = "planned"


class AssignmentBasis(StrEnum):
    """Why somebody is assigned: standing at the labour market's disposal, practice or training (SoL 12 kap. 1 and 4 §§), or a wish."""

    SOL_12_1 = "sol_12_1"
    SOL_12_4 = "sol_12_4"
    VOLUNTARY = "voluntary"


class AssignmentAnswer(StrEnum):
    """What the person said to an anvisning. What follows from it a human judges."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"


class ProtectionLevel(StrEnum):
    """Skyddade personuppgifter: none, sekretessmarkering, skyddad folkbokföring."""

    NONE = "none"
    SECRECY_MARKING = "secrecy_marking"
    PROTECTED_REGISTRATION = "protected_registration"


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
