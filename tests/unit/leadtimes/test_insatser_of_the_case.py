"""What a review of the clocks found: histories in which a figure was not what the rule set says."""

from dataclasses import replace
from datetime import date

import pytest

from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.passage import chained
from tests.unit.leadtimes.histories import (
    CASE,
    application,
    asked,
    assigned,
    begun,
    clocks,
    closed,
    completed,
    contact,
    decided,
    drafted,
    found,
    happened,
    reopened,
    sent,
    told,
    told_of,
    wait,
    waits,
)  # fmt: skip
from tests.unit.leadtimes.test_insats_histories import opened
from tests.unit.leadtimes.test_passage import in_case, l20p, parts, places, ways


def test_an_insats_that_ended_before_the_contact_is_none_of_the_case() -> None:
    over = found("2025-01-01", planned_hours_per_week="40", ended_on="2025-06-30")
    waiting = [*opened("2026-01-05"), over]
    assert places(waiting)[30] == {"n": 1, "waiting": 1}
    assert waits("L23", waiting) == []
    begins = [*waiting, begun("2026-03-01")]
    assert (told(wait("L20", begins)), waits("L23", begins)) == (("completed", None, 55), [])


def test_a_booking_anew_after_the_assignment_is_the_first_not_before_it() -> None:
    booked = [
        *opened("2026-01-02"), drafted("2026-01-02"), sent("2026-01-02"), told_of(FactType.REFERRAL_SCHEDULED, "2026-01-05"),
        told_of(FactType.REFERRAL_NO_SHOW, "2026-01-08"), assigned("2026-01-10"), told_of(FactType.REFERRAL_SCHEDULED, "2026-01-20"),
    ]  # fmt: skip
    assert told(wait("L10", booked)) == ("completed", None, 10)


ASKED = told_of(FactType.REFERRAL_INFORMATION_REQUESTED, "2026-01-05", asked_of="sender")
SUPPLIED = told_of(FactType.REFERRAL_INFORMATION_SUPPLIED, "2026-01-07")
NOBODYS = [contact("2026-01-05"), application("2026-01-05"), decided("2026-01-05")]


@pytest.mark.parametrize(
    ("facts", "holder"),
    [
        ([contact("2026-01-05"), application("2026-01-05T09:12"), asked("2026-01-05")], "client"),
        ([contact("2026-01-05"), application("2026-01-05T09:12"), asked("2026-01-05"), completed("2026-01-06")], "municipality"),
        ([contact("2026-01-05"), application("2026-01-05T09:12"), decided("2026-01-05")], "gap"),
        ([*NOBODYS, drafted("2026-01-05"), sent("2026-01-05T14:00"), ASKED], "municipality"),
        ([*NOBODYS, drafted("2026-01-05"), sent("2026-01-05"), ASKED, SUPPLIED], "partner:jobbcentrum"),
        ([*NOBODYS, happened(FactType.ASSIGNMENT_ISSUED, "2026-01-07T10:00", assignment_ref="X"),
          happened(FactType.ASSIGNMENT_ANSWERED, "2026-01-07", assignment_ref="X")], "gap"),
        ([*NOBODYS, begun("2026-01-06", hours=3), told_of(FactType.DEVIATION_REPORTED, "2026-01-07T10:00", deviation_id="D"),
          told_of(FactType.DEVIATION_ACKNOWLEDGED, "2026-01-07", deviation_id="D")], "gap"),
    ],
)  # fmt: skip
def test_what_is_answered_on_the_day_it_was_opened_is_answered(facts: list[Fact], holder: str) -> None:
    as_of = date(2026, 3, 6)
    assert max(parts(facts, as_of).days.items(), key=lambda each: each[1])[0] == holder


def test_a_start_after_its_own_case_was_closed_is_no_start_of_the_person_either() -> None:
    first = [contact("2026-01-01", person_ref="P"), sent("2026-01-10"), closed("2026-01-20", "rejected"), begun("2026-03-01")]
    second = in_case(1, contact("2026-01-26", person_ref="P"))
    assert l20p(first, second, as_of=date(2026, 6, 1)) == [("open", None, None)]


def test_an_appeal_is_the_courts_also_where_the_case_has_a_duplicate() -> None:
    appealed = [
        *opened("2026-01-05"), decided("2026-01-20"), closed("2026-01-20", "rejected"), reopened("2026-05-28", "appeal"),
        begun("2026-06-20"),
    ]  # fmt: skip
    mark = happened(FactType.CASE_MARKED_DUPLICATE, "2026-08-01", of=str(CASE))
    twice = [*appealed, *in_case(1, contact("2026-01-08"), closed("2026-01-12", "other_support"), mark)]
    [case] = ways(twice)
    assert case[0] is not None
    found_parts = case[1].held.until(case[1].held.start)
    assert found_parts is not None
    assert dict(found_parts.days) == {"municipality": 15, "external_decision": 128, "gap": 23}
    assert [told(each) for each in chained(ways(twice))] == [("completed", None, 166)]


def test_a_protection_that_was_lowered_by_mistake_stands() -> None:
    def level(at: str, said: str, sequence: int) -> Fact:
        return replace(happened(FactType.PROTECTION_LEVEL_CHANGED, at, level=said), sequence=sequence)

    lowered = level("2026-02-01", "none", 5)
    corrected = happened(FactType.EVENT_CORRECTED, "2026-02-02", corrects_event_id=str(lowered.event_id))
    case = clocks(
        [*opened("2026-01-05"), drafted("2026-01-06"), sent("2026-01-06"), level("2026-01-07", "secrecy_marking", 3), lowered, corrected]
    )
    assert case is not None
    assert {each.recipient for each in case.intervals} == {None}
