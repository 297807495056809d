"""The codes that events say: those of more than one topic first, then those of intake, then those of referrals."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

UnitCode = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{0,19}(_[a-z0-9]{1,20}){0,3}$")]
"""A unit of the municipality by the code of its register (enhet), as `basgruppen`; never the name of a person."""
HoursPerWeek = Annotated[int, Field(ge=0, le=168)]


FunctionCode = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{0,19}(_[a-z0-9]{1,20}){0,3}$")]
"""Who receives a referral, as a function (funktionsadress): a role of an organisation by the code of the register, as `jobbcentrum` or
`forsakringskassan`; never the name of a person."""


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


class ReferralKind(StrEnum):
    """What a referral asks for (remiss, anvisning): an insats, an assessment, advice (konsultation), or enrolment (inskrivning)."""

    INSATS = "insats"
    ASSESSMENT = "assessment"
    CONSULTATION = "consultation"
    ENROLMENT = "enrolment"


class LegalBasis(StrEnum):
    """On which ground what a referral says is disclosed (rättslig grund).

    The same body's own staff; consent (OSL 10 kap. 1 §, 12 kap. 2 §); what the authority's own task cannot do without, applied
    restrictively (OSL 10 kap. 2 §); a duty by statute (OSL 10 kap. 28 §). The general clause (OSL 10 kap. 27 §) does not hold for
    what social services keep secret (OSL 26 kap. 1 §), so it is not one of them.
    """

    SAME_AUTHORITY = "same_authority"
    CONSENT = "consent"
    OSL_10_2 = "osl_10_2"
    STATUTORY_DUTY = "statutory_duty"


class AskedOf(StrEnum):
    """Who is to answer the recipient's question (komplettering av remiss): who sent the referral, or the person it is about."""

    SENDER = "sender"
    CLIENT = "client"


class RecordedBy(StrEnum):
    """Who wrote an answer down: the recipient's own staff, or the sender's, told by telephone or letter."""

    RECIPIENT = "recipient"
    SENDER_ON_BEHALF = "sender_on_behalf"


class ReferralReason(StrEnum):
    """Why a referral was answered or ended as it was (orsak, `domain.md` 4.3). What `other` means stays in the case system."""

    NO_CAPACITY = "no_capacity"
    NOT_IN_TARGET_GROUP = "not_in_target_group"
    MISSING_INFORMATION = "missing_information"
    NEEDS_ASSESSMENT = "needs_assessment"
    LANGUAGE_REQUIREMENT = "language_requirement"
    MEDICAL_CLARIFICATION_NEEDED = "medical_clarification_needed"
    WRONG_RECIPIENT = "wrong_recipient"
    DUPLICATE = "duplicate"
    ALREADY_IN_INSATS = "already_in_insats"
    CLIENT_DECLINED = "client_declined"
    COULD_NOT_CONTACT = "could_not_contact"
    NO_SHOW_REPEATED = "no_show_repeated"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    MOVED = "moved"
    GOT_JOB = "got_job"
    GOT_STUDIES = "got_studies"
    SICK = "sick"
    PROTECTED_IDENTITY = "protected_identity"
    AGREEMENT_EXPIRED = "agreement_expired"
    INSUFFICIENT_PROGRESS = "insufficient_progress"
    CASE_CLOSED = "case_closed"
    DECISION_REVERSED = "decision_reversed"
    NO_REPLY = "no_reply"
    ENTERED_IN_ERROR = "entered_in_error"
    OTHER = "other"


class ReferralOutcome(StrEnum):
    """With what an insats, an assessment or an enrolment ended (utfall): the closed loop (`domain.md` 4.3)."""

    WORK = "work"
    STUDIES = "studies"
    NEXT_STEP = "next_step"
    OTHER_BENEFIT = "other_benefit"
    GOAL_REACHED = "goal_reached"
    GOAL_NOT_REACHED = "goal_not_reached"
    DROPPED_OUT = "dropped_out"
    NEVER_ATTENDED = "never_attended"


class Attended(StrEnum):
    """Whether the person was there at all (deltagit)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Funding(StrEnum):
    """Who pays for an insats (finansiering, `domain.md` 1.5, activity 21)."""

    MUNICIPALITY = "municipality"
    STATE = "state"
    REGION = "region"
    COORDINATION_ASSOCIATION = "coordination_association"
    EU_FUND = "eu_fund"


class HeldFrom(StrEnum):
    """In which open state a referral was put on hold (vilande), and to which it comes back."""

    DRAFT = "draft"
    SENT = "sent"
    RECEIVED = "received"
    INFO_REQUESTED = "info_requested"
    ACCEPTED = "accepted"
    WAITLISTED = "waitlisted"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"


class ToldRole(StrEnum):
    """To whom a reminder, an escalation or a deviation goes, as a role and never a name: the recipient, or one of the municipality's."""

    RECIPIENT = "recipient"
    SOCIAL_WORKER = "social_worker"
    BENEFIT_OFFICER = "benefit_officer"
    LABOUR_MARKET_SECRETARY = "labour_market_secretary"
    YOUTH_COACH = "youth_coach"
    REHAB_COORDINATOR = "rehab_coordinator"
    TEAM_LEADER = "team_leader"
    HEAD_OF_UNIT = "head_of_unit"


class DeviationScope(StrEnum):
    """Of what a deviation was seen (avvikelse): the participation of a person, or the insats itself."""

    PERSON = "person"
    INSATS = "insats"


class DeviationKind(StrEnum):
    """What deviates (26-punktsplanen act. 8): absence, fewer hours than planned, dropout, no show, not on the way to its aim."""

    ABSENCE = "absence"
    HOURS_BELOW_PLAN = "hours_below_plan"
    DROPOUT = "dropout"
    NO_SHOW = "no_show"
    NOT_ON_TRACK = "not_on_track"


TargetGroupCode = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{0,19}(_[a-z0-9]{1,20}){0,3}$")]
"""For whom a provider has places (målgrupp), by the code of the agreement with it, as `sick_without_sgi`: never a person, and wide enough
that nobody is known by it."""


class CapacityStatus(StrEnum):
    """How it stands with a provider's places (kapacitet): there are some, none, none but a waiting list, or only after an assessment."""

    FREE = "free"
    NONE = "none"
    WAITLIST = "waitlist"
    ASSESS_FIRST = "assess_first"
