"""Every published event, once, in the order in which facts of one moment are folded."""

from typing import Final

from contracts import history, intake, referrals
from contracts.event import PublishedEvent

PUBLISHED: Final[tuple[type[PublishedEvent], ...]] = (
    intake.FirstContactRegisteredV1,
    intake.ApplicationReceivedV1,
    intake.CompletionRequestedV1,
    intake.ApplicationCompletedV1,
    intake.ApplicationWithdrawnV1,
    intake.AssessmentStartedV1,
    intake.AssessmentCompletedV1,
    intake.SupportHindranceCodedV1,
    intake.DecisionMadeV1,
    intake.PesCheckedV1,
    intake.InsatsObservedV1,
    intake.CaseRoutedV1,
    intake.CaseAssignedV1,
    intake.PlanAgreedV1,
    intake.PlanExpiredV1,
    intake.FollowUpHeldV1,
    intake.AssignmentIssuedV1,
    intake.AssignmentAnsweredV1,
    intake.IntroDaysAttendedV1,
    intake.PlanningMeetingHeldV1,
    intake.CaseClosedV1,
    intake.CaseReopenedV1,
    intake.CaseMarkedDuplicateV1,
    intake.CaseUnmarkedDuplicateV1,
    intake.ProtectionLevelChangedV1,
    referrals.ReferralDraftedV1,
    referrals.ReferralDiscardedV1,
    referrals.ReferralSentV1,
    referrals.ReferralReceivedV1,
    referrals.ReferralInformationRequestedV1,
    referrals.ReferralInformationSuppliedV1,
    referrals.ReferralAcceptedV1,
    referrals.ReferralWaitlistedV1,
    referrals.ReferralDeclinedV1,
    referrals.ReferralRedirectedV1,
    referrals.ReferralScheduledV1,
    referrals.ReferralNoShowV1,
    referrals.ReferralStartedV1,
    referrals.ReferralExtendedV1,
    referrals.ReferralCompletedV1,
    referrals.ReferralDiscontinuedV1,
    referrals.ReferralRecalledV1,
    referrals.ReferralWithdrawnV1,
    referrals.ReferralCancelledV1,
    referrals.ReferralExpiredV1,
    referrals.RecallRequestedV1,
    referrals.RecallRefusedV1,
    referrals.ReferralPutOnHoldV1,
    referrals.ReferralHoldEndedV1,
    referrals.ReferralChasedV1,
    referrals.ReferralEscalatedV1,
    referrals.AdviceGivenV1,
    referrals.ReadyForNextStepV1,
    referrals.DeviationReportedV1,
    referrals.DeviationAcknowledgedV1,
    referrals.DeviationHandledV1,
    referrals.CapacityReportedV1,
    referrals.GroupStartPlannedV1,
    intake.EventCorrectedV1,
    referrals.EventCorrectedV1,
    history.LogEventRecordedV1,
    history.ImportCompletedV1,
)

BY_TYPE: Final[dict[str, type[PublishedEvent]]] = {event.event_type: event for event in PUBLISHED}

STAGE_RANK: Final[dict[str, int]] = {event.event_type: rank for rank, event in enumerate(PUBLISHED)}
"""The tie rule for facts with one time: the lower rank came first, whatever arrived first."""

INTAKE_EVENTS: Final = intake.IntakeEvent.topic
REFERRAL_EVENTS: Final = referrals.ReferralEvent.topic
HISTORY_EVENTS: Final = history.HistoryEvent.topic
TOPICS: Final[tuple[str, ...]] = (INTAKE_EVENTS, REFERRAL_EVENTS, HISTORY_EVENTS)
