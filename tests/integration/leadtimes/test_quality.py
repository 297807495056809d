"""How facts were registered, over the API: what is late and what only looks so, what is corrected, which cases are duplicates."""

from datetime import date
from typing import Any
from uuid import uuid4

from contracts.codes import InsatsKind, ProviderRole
from contracts.intake import CaseClosedV1, Channel, CloseReason, EventCorrectedV1, FirstContactRegisteredV1, InsatsObservedV1, SourceSystem
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import Case, decided_case


async def quality(leadtimes: Leadtimes) -> dict[str, Any]:
    answer = await leadtimes.reader.get("/leadtimes/quality")
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name != "known_at"}


async def test_late_corrected_and_duplicates_are_counted_and_nothing_that_only_looks_like_them(leadtimes: Leadtimes) -> None:
    assert await quality(leadtimes) == {"facts": 0, "late": 0, "corrected": 0, "duplicates": 0}
    await leadtimes.hear(*decided_case())
    assert await quality(leadtimes) == {"facts": 3, "late": 0, "corrected": 0, "duplicates": 0}

    late = Case()
    await leadtimes.hear(late.contacts("2026-01-05"), late.applies("2026-01-06"), late.decided("2026-01-20", recorded="2026-01-21"))
    assert (await quality(leadtimes))["late"] == 1

    taken_over = Case()
    known = FirstContactRegisteredV1(channel=Channel.PHONE, source_system=SourceSystem.MIGRATION, known_from=date(2026, 1, 10))
    insats = InsatsObservedV1(
        observed_ref=uuid4(), kind=InsatsKind.AF_PROGRAMME, started_on=date(2026, 1, 20), provider_role=ProviderRole.EMPLOYMENT_SERVICE
    )
    by_rule = CaseClosedV1(reason=CloseReason.LAPSED_NO_SUPPORT)
    await leadtimes.hear(
        taken_over.tell(known, "2025-11-05", recorded="2026-01-10"),
        taken_over.assessment_started("2025-11-08"),
        taken_over.tell(insats, "2026-01-20", recorded="2026-02-20"),
        taken_over.tell(by_rule, "2026-03-01", recorded="2026-03-02"),
    )
    assert (await quality(leadtimes))["late"] == 1
    await leadtimes.hear(taken_over.decided("2026-01-10", recorded="2026-01-12"))
    assert (await quality(leadtimes))["late"] == 2

    wrong = late.coded("2026-01-06")
    instead = late.tell(wrong.envelope.data, "2026-01-07", recorded="2026-01-30")
    correction = late.tell(EventCorrectedV1(corrects_event_id=wrong.envelope.id, replaced_by=instead.envelope.id), "2026-01-30")
    await leadtimes.hear(wrong, instead, correction)
    assert await quality(leadtimes) == {"facts": 14, "late": 2, "corrected": 1, "duplicates": 0}
    back = late.tell(EventCorrectedV1(corrects_event_id=correction.envelope.id, entered_in_error=True), "2026-01-31")
    await leadtimes.hear(back)
    assert (await quality(leadtimes))["corrected"] == 0

    one, other = Case(), Case()
    marks = [each.marked_duplicate("2026-02-01", late.id) for each in (one, other)]
    await leadtimes.hear(*marks, other.unmarked_duplicate("2026-02-02", late.id))
    assert await quality(leadtimes) == {"facts": 18, "late": 2, "corrected": 0, "duplicates": 1}
    assert (await leadtimes.operator.get("/leadtimes/quality")).json().keys() == {"known_at", "facts", "late", "corrected", "duplicates"}
