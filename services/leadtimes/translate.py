"""Published words to leadtimes' own. Pure; the only file that knows both."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from contracts import intake, referrals
from contracts.catalogue import STAGE_RANK
from contracts.envelope import Envelope
from contracts.history import ImportCompletedV1, LogEventRecordedV1
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.moments import Precision

FACT_TYPE: Final = {
    intake.FirstContactRegisteredV1.event_type: FactType.FIRST_CONTACT_REGISTERED,
    intake.ApplicationReceivedV1.event_type: FactType.APPLICATION_RECEIVED,
    intake.CompletionRequestedV1.event_type: FactType.COMPLETION_REQUESTED,
    intake.ApplicationCompletedV1.event_type: FactType.APPLICATION_COMPLETED,
    intake.ApplicationWithdrawnV1.event_type: FactType.APPLICATION_WITHDRAWN,
    intake.AssessmentStartedV1.event_type: FactType.ASSESSMENT_STARTED,
    intake.AssessmentCompletedV1.event_type: FactType.ASSESSMENT_COMPLETED,
    intake.SupportHindranceCodedV1.event_type: FactType.SUPPORT_HINDRANCE_CODED,
    intake.DecisionMadeV1.event_type: FactType.DECISION_MADE,
    intake.PesCheckedV1.event_type: FactType.PES_CHECKED,
    intake.InsatsObservedV1.event_type: FactType.INSATS_OBSERVED,
    intake.CaseRoutedV1.event_type: FactType.CASE_ROUTED,
    intake.CaseAssignedV1.event_type: FactType.CASE_ASSIGNED,
    intake.PlanAgreedV1.event_type: FactType.PLAN_AGREED,
    intake.PlanExpiredV1.event_type: FactType.PLAN_EXPIRED,
    intake.FollowUpHeldV1.event_type: FactType.FOLLOW_UP_HELD,
    intake.AssignmentIssuedV1.event_type: FactType.ASSIGNMENT_ISSUED,
    intake.AssignmentAnsweredV1.event_type: FactType.ASSIGNMENT_ANSWERED,
    intake.IntroDaysAttendedV1.event_type: FactType.INTRO_DAYS_ATTENDED,
    intake.PlanningMeetingHeldV1.event_type: FactType.PLANNING_MEETING_HELD,
    intake.CaseClosedV1.event_type: FactType.CASE_CLOSED,
    intake.CaseReopenedV1.event_type: FactType.CASE_REOPENED,
    intake.CaseMarkedDuplicateV1.event_type: FactType.CASE_MARKED_DUPLICATE,
    intake.CaseUnmarkedDuplicateV1.event_type: FactType.CASE_UNMARKED_DUPLICATE,
    intake.ProtectionLevelChangedV1.event_type: FactType.PROTECTION_LEVEL_CHANGED,
    referrals.ReferralDraftedV1.event_type: FactType.REFERRAL_DRAFTED,
    referrals.ReferralDiscardedV1.event_type: FactType.REFERRAL_DISCARDED,
    referrals.ReferralSentV1.event_type: FactType.REFERRAL_SENT,
    referrals.ReferralReceivedV1.event_type: FactType.REFERRAL_RECEIVED,
    referrals.ReferralInformationRequestedV1.event_type: FactType.REFERRAL_INFORMATION_REQUESTED,
    referrals.ReferralInformationSuppliedV1.event_type: FactType.REFERRAL_INFORMATION_SUPPLIED,
    referrals.ReferralAcceptedV1.event_type: FactType.REFERRAL_ACCEPTED,
    referrals.ReferralWaitlistedV1.event_type: FactType.REFERRAL_WAITLISTED,
    referrals.ReferralDeclinedV1.event_type: FactType.REFERRAL_DECLINED,
    referrals.ReferralRedirectedV1.event_type: FactType.REFERRAL_REDIRECTED,
    referrals.ReferralScheduledV1.event_type: FactType.REFERRAL_SCHEDULED,
    referrals.ReferralNoShowV1.event_type: FactType.REFERRAL_NO_SHOW,
    referrals.ReferralStartedV1.event_type: FactType.REFERRAL_STARTED,
    referrals.ReferralExtendedV1.event_type: FactType.REFERRAL_EXTENDED,
    referrals.ReferralCompletedV1.event_type: FactType.REFERRAL_COMPLETED,
    referrals.ReferralDiscontinuedV1.event_type: FactType.REFERRAL_DISCONTINUED,
    referrals.ReferralRecalledV1.event_type: FactType.REFERRAL_RECALLED,
    referrals.ReferralWithdrawnV1.event_type: FactType.REFERRAL_WITHDRAWN,
    referrals.ReferralCancelledV1.event_type: FactType.REFERRAL_CANCELLED,
    referrals.ReferralExpiredV1.event_type: FactType.REFERRAL_EXPIRED,
    referrals.RecallRequestedV1.event_type: FactType.RECALL_REQUESTED,
    referrals.RecallRefusedV1.event_type: FactType.RECALL_REFUSED,
    referrals.ReferralPutOnHoldV1.event_type: FactType.REFERRAL_PUT_ON_HOLD,
    referrals.ReferralHoldEndedV1.event_type: FactType.REFERRAL_HOLD_ENDED,
    referrals.ReferralChasedV1.event_type: FactType.REFERRAL_CHASED,
    referrals.ReferralEscalatedV1.event_type: FactType.REFERRAL_ESCALATED,
    referrals.AdviceGivenV1.event_type: FactType.ADVICE_GIVEN,
    referrals.ReadyForNextStepV1.event_type: FactType.READY_FOR_NEXT_STEP,
    referrals.DeviationReportedV1.event_type: FactType.DEVIATION_REPORTED,
    referrals.DeviationAcknowledgedV1.event_type: FactType.DEVIATION_ACKNOWLEDGED,
    referrals.DeviationHandledV1.event_type: FactType.DEVIATION_HANDLED,
    intake.EventCorrectedV1.event_type: FactType.EVENT_CORRECTED,
    referrals.EventCorrectedV1.event_type: FactType.EVENT_CORRECTED,
}


def is_about_a_case(envelope: Envelope) -> bool:
    """Whether an event is one that the clocks of a case are made from."""
    return envelope.type in FACT_TYPE


def logs_of(heard: Iterable[Envelope]) -> set[UUID]:
    """The imported logs of which something was heard."""
    return {envelope.data.log_id for envelope in heard if isinstance(envelope.data, LogEventRecordedV1 | ImportCompletedV1)}


def marks(heard: Iterable[Envelope]) -> set[tuple[UUID, UUID]]:
    """Which cases were marked as duplicates, and of which."""
    return {(envelope.partitionkey, envelope.data.of) for envelope in heard if isinstance(envelope.data, intake.CaseMarkedDuplicateV1)}


def fact(envelope: Envelope) -> Fact:
    """An event of intake or of referrals as a fact. Codes that we do not know stay as they came, numbers are written out."""
    body = envelope.data.model_dump(mode="json")
    return Fact(
        event_id=envelope.id,
        type=FACT_TYPE[envelope.type],
        case_id=envelope.partitionkey,
        time=envelope.time,
        precision=Precision(envelope.timeprecision.value),
        recorded_at=envelope.recordedtime,
        rank=STAGE_RANK[envelope.type],
        topic=envelope.data.topic,
        sequence=envelope.sequence or 0,
        body={name: str(value) for name, value in body.items() if isinstance(value, str | int) and not isinstance(value, bool)},
    )


def facts(history: Iterable[Envelope]) -> list[Fact]:
    """The events of a case as facts."""
    return [fact(envelope) for envelope in history]
