"""Published words to facts: every event of a case has its fact, unknown codes stay, and what the clocks read is there."""

from datetime import UTC, date, datetime
from uuid import uuid4

from contracts.catalogue import INTAKE_EVENTS, PUBLISHED, REFERRAL_EVENTS, STAGE_RANK
from contracts.codes import DecidingRole, DecisionOutcome
from contracts.envelope import Envelope, PublishedEvent, TimePrecision
from contracts.history import ImportCompletedV1
from contracts.intake import ApplicationReceivedV1, DecisionMadeV1, FirstContactRegisteredV1
from contracts.referrals import CapacityReportedV1, GroupStartPlannedV1, ReferralStartedV1
from services.leadtimes.domain.facts import FactType
from services.leadtimes.domain.moments import Precision
from services.leadtimes.translate import FACT_TYPE, fact, is_about_a_case

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def told(event: PublishedEvent) -> Envelope:
    case = uuid4()
    return Envelope(
        id=uuid4(),
        source="/municipality/0114/intake",
        subject=case,
        time=AT,
        recordedtime=AT,
        partitionkey=case,
        sequence=3,
        correlationid=uuid4(),
        timeprecision=TimePrecision.INSTANT,
        data=event,
    )


def test_every_published_event_of_a_case_is_a_fact_of_its_own_and_a_correction_of_either_topic_is_one() -> None:
    of_cases = [event for event in PUBLISHED if event.topic in (INTAKE_EVENTS, REFERRAL_EVENTS)]
    published = [event.event_type for event in of_cases if event not in (CapacityReportedV1, GroupStartPlannedV1)]
    assert FACT_TYPE.keys() == set(published)
    assert set(FACT_TYPE.values()) == set(FactType)
    twice = [kind for kind in published if list(FACT_TYPE.values()).count(FACT_TYPE[kind]) > 1]
    assert {FACT_TYPE[kind] for kind in twice} == {FactType.EVENT_CORRECTED}
    ranks = [STAGE_RANK[kind] for kind in FACT_TYPE]
    assert ranks == sorted(ranks), "the table stands in the order in which facts of one moment are folded"


def test_an_event_of_a_log_or_of_a_provider_is_about_no_case() -> None:
    group = GroupStartPlannedV1(provider=uuid4(), target_group="jobseekers", starts_on=date(2026, 6, 1), weeks=4, seats=12)
    assert not is_about_a_case(told(group))
    assert not is_about_a_case(told(ImportCompletedV1(log_id=uuid4(), events=1, sha256="ab" * 32)))


def test_a_fact_holds_its_place_and_what_the_clocks_read() -> None:
    event = ApplicationReceivedV1.model_validate_json(
        f'{{"application_ref": "{uuid4()}", "kind": "new", "channel": "letter", "period_from": "2026-01-01", "period_to": "2026-01-31"}}'
    )
    envelope = told(event)
    read = fact(envelope)
    assert (read.event_id, read.case_id, read.sequence) == (envelope.id, envelope.partitionkey, 3)
    assert (read.time, read.recorded_at, read.precision) == (AT, AT, Precision.INSTANT)
    assert (read.rank, read.topic) == (STAGE_RANK[event.event_type], INTAKE_EVENTS)
    assert (read.body["application_ref"], read.body["kind"], read.body["channel"]) == (str(event.application_ref), "new", "letter")


def test_the_period_of_support_is_there_as_iso_dates() -> None:
    event = DecisionMadeV1(
        decision_ref=uuid4(),
        application_ref=uuid4(),
        outcome=DecisionOutcome.GRANTED,
        support_from=date(2026, 2, 1),
        support_to=date(2026, 7, 31),
        automated=False,
        decided_by_role=DecidingRole.SOCIAL_WORKER,
    )
    body = fact(told(event)).body
    assert (body["outcome"], body["support_from"], body["support_to"]) == ("granted", "2026-02-01", "2026-07-31")


def test_a_start_of_an_insats_holds_its_hours_in_digits() -> None:
    event = ReferralStartedV1.model_validate_json(
        f'{{"referral_id": "{uuid4()}", "kind": "insats", "insats_kind": "work_training", "planned_hours_per_week": 25}}'
    )
    read = fact(told(event))
    assert (read.type, read.topic, read.body["referral_id"]) == (FactType.REFERRAL_STARTED, REFERRAL_EVENTS, str(event.referral_id))
    assert (read.body["kind"], read.body["insats_kind"], read.body["planned_hours_per_week"]) == ("insats", "work_training", "25")


def test_an_unknown_code_stays_as_it_came() -> None:
    event = FirstContactRegisteredV1.model_validate_json(
        '{"channel": "carrier_pigeon", "source_system": "intake", "known_from": "2026-01-02"}'
    )
    assert fact(told(event)).body == {"channel": "carrier_pigeon", "source_system": "intake", "known_from": "2026-01-02"}
