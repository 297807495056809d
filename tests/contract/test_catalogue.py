"""The list of published events: one type each, and the order in which facts of one moment are folded."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import ValidationError

from contracts.catalogue import BY_TYPE, PUBLISHED, STAGE_RANK
from contracts.codes import Channel, CloseReason, SourceSystem
from contracts.envelope import Envelope, open_message
from contracts.event import PublishedEvent, TimePrecision, UnmappedCode
from contracts.history import ImportCompletedV1, LogEventRecordedV1
from contracts.intake import CaseClosedV1, FirstContactRegisteredV1
from tests.contract.examples import NAMES

STAGES = """
FirstContactRegistered ApplicationReceived CompletionRequested ApplicationCompleted ApplicationWithdrawn AssessmentStarted
AssessmentCompleted SupportHindranceCoded DecisionMade PesChecked InsatsObserved CaseRouted CaseAssigned PlanAgreed PlanExpired
FollowUpHeld AssignmentIssued AssignmentAnswered IntroDaysAttended PlanningMeetingHeld CaseClosed CaseReopened
CaseMarkedDuplicate CaseUnmarkedDuplicate ProtectionLevelChanged
ReferralDrafted ReferralDiscarded ReferralSent ReferralReceived ReferralInformationRequested
ReferralInformationSupplied ReferralAccepted ReferralWaitlisted ReferralDeclined ReferralRedirected
ReferralScheduled ReferralNoShow ReferralStarted ReferralExtended ReferralCompleted
ReferralDiscontinued ReferralRecalled ReferralWithdrawn ReferralCancelled ReferralExpired
RecallRequested RecallRefused ReferralPutOnHold ReferralHoldEnded ReferralChased
ReferralEscalated AdviceGiven ReadyForNextStep DeviationReported DeviationAcknowledged
DeviationHandled CapacityReported GroupStartPlanned
EventCorrected EventCorrected LogEventRecorded ImportCompleted
"""


def test_stages_follow_each_other_as_in_the_catalogue_of_events() -> None:
    by_rank = sorted(PUBLISHED, key=lambda event: STAGE_RANK[event.event_type])
    assert [event.__name__.removesuffix("V1") for event in by_rank] == STAGES.split()


@pytest.mark.parametrize("event", PUBLISHED, ids=NAMES)
def test_the_type_on_the_wire_is_the_name_of_the_class(event: type[PublishedEvent]) -> None:
    words = re.findall("[A-Z][a-z]+", event.__name__.removesuffix("V1"))
    area = event.topic.removesuffix("-events")
    assert event.event_type == f"se.sluss.{area}.{'-'.join(words).lower()}.v1"
    assert BY_TYPE[event.event_type] is event
    assert event.__doc__ != PublishedEvent.__doc__


def written(data: PublishedEvent, **changed: object) -> Envelope:
    """An envelope as an outbox would make it."""
    now = datetime(2026, 2, 2, 8, 15, tzinfo=UTC)
    stream = uuid4()
    fields = {"id": uuid4(), "source": "/municipality/0114/intake", "subject": stream, "partitionkey": stream, "correlationid": uuid4()}
    times = {"time": now, "recordedtime": now, "timeprecision": TimePrecision.INSTANT}
    return Envelope.model_validate({**fields, **times, "data": data, **changed})


def test_what_is_left_out_is_not_on_the_wire() -> None:
    headers, value = written(FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.INTAKE)).message()
    assert value == b'{"channel":"phone","source_system":"intake"}'
    assert {"ce_sequence", "ce_causationid", "traceparent"}.isdisjoint(dict(headers))


def test_nobody_writes_a_code_that_is_not_in_the_set() -> None:
    with pytest.raises(ValidationError):
        CaseClosedV1.model_validate({"reason": "bored"})
    with pytest.raises(ValueError, match="unmapped code"):
        written(CaseClosedV1(reason=UnmappedCode("bored"))).message()


def test_nobody_writes_a_body_that_went_around_the_checks() -> None:
    around = ImportCompletedV1.model_construct(log_id=uuid4(), events=-1, sha256="Anna Svensson")
    with pytest.raises(ValueError, match="ImportCompletedV1") as caught:
        written(around).message()
    assert "Anna" not in str(caught.value)


def test_a_code_of_a_log_is_a_number_and_never_a_name() -> None:
    assert LogEventRecordedV1(log_id=uuid4(), activity_code="a12", row=0).activity_code == "a12"
    with pytest.raises(ValidationError):
        LogEventRecordedV1(log_id=uuid4(), activity_code="anna_svensson", row=0)


def test_a_day_is_its_local_midnight() -> None:
    closed = CaseClosedV1(reason=CloseReason.MOVED)
    midnight = datetime.fromisoformat("2026-07-01T00:00:00+02:00")
    day = written(closed, time=midnight, timeprecision=TimePrecision.DAY)
    headers, value = day.message()
    assert dict(headers)["ce_time"] == b"2026-07-01T00:00:00+02:00"
    assert open_message(headers, value) == day
    with pytest.raises(ValidationError):
        written(closed, time=datetime(2026, 7, 1, tzinfo=UTC), timeprecision=TimePrecision.DAY)


def test_a_time_before_there_was_a_standard_time_is_written_in_whole_minutes() -> None:
    old = datetime.fromisoformat("1870-01-01T12:00:00+01:12:12")
    envelope = written(CaseClosedV1(reason=CloseReason.MOVED), time=old)
    headers, value = envelope.message()
    assert open_message(headers, value) == envelope


def test_an_error_of_the_envelope_never_shows_a_value() -> None:
    with pytest.raises(ValidationError) as caught:
        written(CaseClosedV1(reason=CloseReason.MOVED), subject="Anna Svensson")
    assert "Anna" not in str(caught.value)
