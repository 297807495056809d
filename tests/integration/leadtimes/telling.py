"""Facts as leadtimes hears them, without a broker between."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from contracts.codes import (
    ApplicationKind,
    AssessmentKind,
    AssignmentBasis,
    AssignmentMode,
    Channel,
    CloseReason,
    DecidingRole,
    DecisionOutcome,
    InsatsKind,
    LegalBasis,
    ReferralKind,
    SourceSystem,
    StaffRole,
    SupportHindrance,
)
from contracts.envelope import Envelope, PublishedEvent, TimePrecision
from contracts.history import ImportCompletedV1, LogEventRecordedV1
from contracts.intake import (
    ApplicationReceivedV1,
    AssessmentCompletedV1,
    AssessmentStartedV1,
    AssignmentIssuedV1,
    CaseClosedV1,
    CaseMarkedDuplicateV1,
    CaseRoutedV1,
    CaseUnmarkedDuplicateV1,
    DecisionMadeV1,
    FirstContactRegisteredV1,
    PlanAgreedV1,
    SupportHindranceCodedV1,
)
from contracts.referrals import ReferralDraftedV1, ReferralSentV1, ReferralStartedV1
from shared.broker import Heard
from shared.clock import local_midnight
from shared.quarantine import Record

LOG_ID = UUID("8a1b0a2c-7f0e-5b7e-9a44-0d3f1c2b5e6f")
SECRET = UUID("00000000-0000-4000-8000-00000000005e")
SHA256 = "ab" * 32


class Case:
    """One case that tells its facts in sequence."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.application = uuid4()
        self.told: Counter[str] = Counter()

    def tell(self, event: PublishedEvent, day: str, recorded: str | None = None) -> Heard:
        """A fact of a day, recorded at noon of the same or a later day; each topic has its own sequence."""
        self.told[event.topic] += 1
        at = local_midnight(date.fromisoformat(day))
        learnt = local_midnight(date.fromisoformat(recorded or day)) + timedelta(hours=12)
        return heard(
            Envelope(
                id=uuid4(),
                source="/municipality/0114/intake",
                subject=self.id,
                time=at,
                recordedtime=learnt,
                partitionkey=self.id,
                sequence=self.told[event.topic],
                correlationid=uuid4(),
                timeprecision=TimePrecision.DAY,
                data=event,
            )
        )

    def contacts(self, day: str, channel: Channel = Channel.PHONE, person: UUID | None = None) -> Heard:
        return self.tell(FirstContactRegisteredV1(person_ref=person, channel=channel, source_system=SourceSystem.INTAKE), day)

    def applies(self, day: str) -> Heard:
        on = date.fromisoformat(day)
        application = ApplicationReceivedV1(
            application_ref=self.application, kind=ApplicationKind.NEW, channel=Channel.E_SERVICE, period_from=on, period_to=on
        )
        return self.tell(application, day)

    def decided(self, day: str, recorded: str | None = None, outcome: DecisionOutcome = DecisionOutcome.REJECTED) -> Heard:
        decision = DecisionMadeV1(
            decision_ref=uuid4(),
            application_ref=self.application,
            outcome=outcome,
            automated=False,
            decided_by_role=DecidingRole.SOCIAL_WORKER,
        )
        return self.tell(decision, day, recorded)

    def granted(self, day: str, first: str, last: str) -> Heard:
        decision = DecisionMadeV1(
            decision_ref=uuid4(),
            application_ref=self.application,
            outcome=DecisionOutcome.GRANTED,
            support_from=date.fromisoformat(first),
            support_to=date.fromisoformat(last),
            automated=False,
            decided_by_role=DecidingRole.SOCIAL_WORKER,
        )
        return self.tell(decision, day)

    def coded(self, day: str, code: SupportHindrance = SupportHindrance.UNEMPLOYED) -> Heard:
        return self.tell(SupportHindranceCodedV1(code=code, code_version=1), day)

    def routed(self, day: str, unit: str) -> Heard:
        routing = CaseRoutedV1(unit=unit, role=StaffRole.SOCIAL_WORKER, rule_id="r1", rule_version=1, hop=1)
        return self.tell(routing, day)

    def assessment_started(self, day: str) -> Heard:
        return self.tell(AssessmentStartedV1(application_ref=self.application, kind=AssessmentKind.APPLICATION), day)

    def assessed(self, day: str) -> Heard:
        return self.tell(AssessmentCompletedV1(application_ref=self.application, kind=AssessmentKind.APPLICATION), day)

    def planned(self, day: str) -> Heard:
        return self.tell(PlanAgreedV1(plan_ref=uuid4(), version=1, next_follow_up_on=date.fromisoformat(day)), day)

    def assigned(self, day: str, mode: AssignmentMode = AssignmentMode.DIRECT) -> Heard:
        issued = AssignmentIssuedV1(assignment_ref=uuid4(), mode=mode, insats_kind=InsatsKind.WORK_TRAINING, basis=AssignmentBasis.SOL_12_4)
        return self.tell(issued, day)

    def drafted(self, day: str, referral: UUID, to: str = "jobbcentrum") -> Heard:
        return self.tell(ReferralDraftedV1(referral_id=referral, kind=ReferralKind.INSATS, to_function=to), day)

    def sent(self, day: str, referral: UUID) -> Heard:
        due = date.fromisoformat(day) + timedelta(days=14)
        return self.tell(ReferralSentV1(referral_id=referral, reply_due_on=due, legal_basis=LegalBasis.CONSENT), day)

    def begun(self, day: str, referral: UUID, hours: int = 25, recorded: str | None = None) -> Heard:
        start = ReferralStartedV1(
            referral_id=referral, kind=ReferralKind.INSATS, insats_kind=InsatsKind.WORK_TRAINING, planned_hours_per_week=hours
        )
        return self.tell(start, day, recorded)

    def closed(self, day: str, reason: CloseReason = CloseReason.REJECTED) -> Heard:
        return self.tell(CaseClosedV1(reason=reason), day)

    def marked_duplicate(self, day: str, of: UUID) -> Heard:
        return self.tell(CaseMarkedDuplicateV1(of=of), day)

    def unmarked_duplicate(self, day: str, of: UUID) -> Heard:
        return self.tell(CaseUnmarkedDuplicateV1(of=of), day)


def heard(envelope: Envelope) -> Heard:
    return Heard(envelope, Record(envelope.data.topic, 0, 0, [], None, None))


def decided_case(contact: str = "2026-01-05", decision: str = "2026-01-20") -> list[Heard]:
    """Contact and application on one day, decided on another: L04 15 by default."""
    case = Case()
    return [case.contacts(contact), case.applies(contact), case.decided(decision)]


def log_events(
    events: Iterable[tuple[str, str, datetime, int]], log_id: UUID = LOG_ID, organisations: Sequence[str | None] = ()
) -> list[Heard]:
    """Events of a log: case, activity code, time, row, and by the row the code of an organisation."""
    return [
        _of_log(
            log_id,
            uuid5(SECRET, case),
            uuid5(log_id, str(row)),
            at,
            LogEventRecordedV1(
                log_id=log_id, activity_code=code, row=row, organisation_code=organisations[row] if row < len(organisations) else None
            ),
        )
        for case, code, at, row in events
    ]


def import_completed(events: int, log_id: UUID = LOG_ID) -> Heard:
    """The end of an import."""
    completed = ImportCompletedV1(log_id=log_id, events=events, sha256=SHA256)
    return _of_log(log_id, log_id, uuid5(log_id, "completed"), datetime(2026, 1, 1, tzinfo=UTC), completed)


def _of_log(log_id: UUID, stream: UUID, event_id: UUID, at: datetime, event: PublishedEvent) -> Heard:
    return heard(
        Envelope(
            id=event_id,
            source="/municipality/0114/tools",
            subject=stream,
            time=at,
            recordedtime=datetime(2026, 1, 1, tzinfo=UTC),
            partitionkey=stream,
            correlationid=log_id,
            timeprecision=TimePrecision.INSTANT,
            data=event,
        )
    )


class CsvLog:
    """A log of ../shared/data in its CSV form: codes in the order of first sight, rows in the order of the file."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.codes = {name: f"a{number}" for number, name in enumerate(dict.fromkeys(row["activity"] for row in rows), start=1)}
        self._rows = rows

    def events(self) -> Iterator[tuple[str, str, datetime, int]]:
        for row in self._rows:
            yield row["case_id"], self.codes[row["activity"]], datetime.fromisoformat(row["timestamp"]), int(row["seq"])

    def description(self) -> dict[str, Any]:
        """What PUT /leadtimes/logs/{name} is given."""
        return description({code: name for name, code in self.codes.items()}, len(self._rows))


def description(activities: dict[str, str], events: int, log_id: UUID = LOG_ID) -> dict[str, Any]:
    called = {code: {"name": name, "events": events} for code, name in activities.items()}
    return {"log_id": str(log_id), "sha256": SHA256, "events": events, "vocabulary": {"activities": called}}


def passed_case() -> list[Heard]:
    """A case that passes every measure: L05 1, L06 6, L07 3, L08 4, L09 14 (9 working days), three months of support, studies."""
    case = Case()
    return [
        case.routed("2026-01-05", "intake_group"),
        case.contacts("2026-01-05"),
        case.applies("2026-01-05"),
        case.coded("2026-01-05"),
        case.assessment_started("2026-01-06"),
        case.assessed("2026-01-12"),
        case.planned("2026-01-15"),
        case.assigned("2026-01-19"),
        case.granted("2026-01-20", "2026-01-05", "2026-03-31"),
        case.closed("2026-03-31", CloseReason.STUDIES),
    ]


def in_batches(facts: Sequence[Heard], sizes: Iterable[int]) -> Iterator[Sequence[Heard]]:
    """The facts in batches of these sizes, the last one taking the rest."""
    start = 0
    for size in sizes:
        if start < len(facts):
            yield facts[start : start + size]
            start += size
    if start < len(facts):
        yield facts[start:]
