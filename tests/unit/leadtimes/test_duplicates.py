"""Two cases that are marked as duplicates are read as one, from when it is known and as of any day, until the mark is undone."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from services.leadtimes.domain.clocks import clocks
from services.leadtimes.domain.duplicates import joined
from services.leadtimes.domain.facts import Fact, FactType
from tests.unit.leadtimes.histories import CASE, application, assigned, closed, contact, decided, happened, told, wait, waits

B, C = UUID(int=CASE.int + 1), UUID(int=CASE.int + 2)


def of(case: UUID, *facts: Fact) -> list[Fact]:
    """Facts of another case, each told there alone, about applications of its own."""
    return [
        replace(
            fact,
            case_id=case,
            event_id=UUID(int=fact.event_id.int ^ case.int),
            body={**fact.body, **({"application_ref": f"{fact.application_ref}-{case.int}"} if fact.application_ref else {})},
        )
        for fact in facts
    ]


def marked(other: UUID, at: str) -> Fact:
    return happened(FactType.CASE_MARKED_DUPLICATE, at, of=str(other))


def unmarked(other: UUID, at: str) -> Fact:
    return happened(FactType.CASE_UNMARKED_DUPLICATE, at, of=str(other))


FIRST = [contact("2026-01-01"), application("2026-01-01")]
SECOND = of(B, contact("2026-06-01"), application("2026-06-01"), decided("2026-07-01"))
TWO = [*FIRST, *SECOND]
MARK = of(B, marked(CASE, "2026-08-01"))
UNDONE = of(B, unmarked(CASE, "2026-09-01"))


def l04(facts: list[Fact], as_of: date | None = None, known_at: date | None = None) -> list[tuple[str, str | None, int | None]]:
    return [told(each) for each in waits("L04", facts, as_of, known_at)]


def test_h16_with_the_decision_in_the_place_of_the_start() -> None:
    assert l04([*TWO, *MARK], known_at=date(2026, 7, 31)) == [("open", None, None), ("completed", None, 30)]
    assert l04([*TWO, *MARK]) == [("completed", None, 181)]
    assert l04([*TWO, *MARK], as_of=date(2026, 6, 30)) == [("open", None, None)], "the mark obeys known-at only"


def test_an_undone_mark_has_no_force_and_a_figure_known_while_it_had_keeps_it() -> None:
    facts = [*TWO, *MARK, *UNDONE]
    assert l04(facts) == [("open", None, None), ("completed", None, 30)]
    assert l04(facts, known_at=date(2026, 8, 31)) == [("completed", None, 181)]
    assert l04([*facts, *of(B, marked(CASE, "2026-10-01"))]) == [("completed", None, 181)]


def test_kept_clocks_of_each_answer_for_no_day_before_what_is_known_of_all() -> None:
    for of_case in clocks([*TWO, *MARK, *UNDONE]):
        assert not of_case.answers(known_at=date(2026, 8, 31))
        assert of_case.answers(known_at=date(2026, 9, 1))


def test_they_are_read_under_the_case_with_the_earliest_contact_then_the_lower_id() -> None:
    lead, other = clocks([*TWO, *MARK])
    assert (lead.case_id, other.case_id, other.intervals, other.support) == (CASE, B, (), None)
    lead, _ = clocks([*of(B, *FIRST), contact("2026-06-01"), *of(B, marked(CASE, "2026-08-01"))])
    assert lead.case_id == B, "whichever is marked"
    lead, _ = clocks([*of(B, *FIRST), *FIRST, *MARK])
    assert lead.case_id == CASE


def test_the_order_of_arrival_does_not_matter() -> None:
    facts = [*FIRST, *SECOND[:2], *MARK]
    assert {tuple(clocks(each)) for each in permutations(facts)} == {tuple(clocks(facts))}


ERROR = closed("2026-08-02", "entered_in_error")


@pytest.mark.parametrize(
    ("closings", "told_of_l01"),
    [
        ([closed("2026-02-01")], ("open", None, None)),
        ([*of(B, closed("2026-07-02"))], ("open", None, None)),
        ([closed("2026-02-01"), *of(B, closed("2026-07-02", "rejected"))], ("ended_otherwise", "rejected", 182)),
        ([closed("2026-07-09"), *of(B, closed("2026-07-02", "rejected"))], ("ended_otherwise", "moved", 189)),
        ([closed("2026-02-01"), *of(B, ERROR)], ("ended_otherwise", "moved", 31)),
        ([*of(B, ERROR)], ("open", None, None)),
        ([ERROR, *of(B, ERROR)], ("excluded", "entered_in_error", None)),
    ],
)
def test_they_are_closed_only_while_all_are_and_one_in_error_does_not_count(
    closings: list[Fact], told_of_l01: tuple[str, str | None, int | None]
) -> None:
    facts = [contact("2026-01-01"), *of(B, contact("2026-06-01")), *MARK]
    assert told(wait("L01", [*facts, *closings])) == told_of_l01


def test_one_whose_facts_were_all_in_error_keeps_nothing_open() -> None:
    other = of(B, contact("2026-06-01"))
    gone = of(B, happened(FactType.EVENT_CORRECTED, "2026-08-02", corrects_event_id=str(other[0].event_id)))
    facts = [contact("2026-01-01"), closed("2026-02-01"), *other, *MARK, *gone]
    assert told(wait("L01", facts)) == ("ended_otherwise", "moved", 31)


def test_nothing_that_was_told_in_a_case_entered_in_error_counts() -> None:
    error = of(B, ERROR)
    assert l04([*TWO, *MARK, *error]) == [("open", None, None)], "the decision was made there alone"
    early = of(B, contact("2025-11-01"))
    assert told(wait("L01", [*FIRST, *early, *MARK, *error])) == ("completed", None, 0), "its contact is no first contact"
    assert [told(each) for each in waits("L05", [*TWO, *MARK, *error])] == [("open", None, None)]
    withdrawn = happened(FactType.APPLICATION_WITHDRAWN, "2026-01-09", application_ref=FIRST[1].application_ref or "")
    assert l04([*FIRST, withdrawn, *SECOND[:2], *MARK, *error]) == [("ended_otherwise", "withdrawn", 8)]


def test_the_mark_that_was_told_last_counts_whatever_the_clock_said() -> None:
    mark, undone = replace(MARK[0], sequence=5), replace(UNDONE[0], sequence=6, recorded_at=MARK[0].recorded_at - timedelta(minutes=1))
    assert len(l04([*TWO, mark, undone])) == 2
    assert len(l04([*TWO, replace(mark, sequence=7), undone])) == 1


def test_what_one_began_the_other_completes() -> None:
    issued = of(B, assigned("2026-07-15", "direct"))
    coded = happened(FactType.SUPPORT_HINDRANCE_CODED, "2026-01-01", code="unemployed")
    assert told(wait("L09", [*FIRST, coded, *SECOND, *issued, *MARK])) == ("completed", None, 195)


def test_the_applications_told_twice_are_withdrawn_when_both_are() -> None:
    gone = happened(FactType.APPLICATION_WITHDRAWN, "2026-01-09", application_ref=FIRST[1].application_ref or "")
    second = SECOND[:2]
    assert l04([*FIRST, gone, *second, *MARK]) == [("open", None, None)]
    both = of(B, happened(FactType.APPLICATION_WITHDRAWN, "2026-06-09", application_ref=FIRST[1].application_ref or ""))
    assert l04([*FIRST, gone, *second, *both, *MARK]) == [("ended_otherwise", "withdrawn", 159)]


def test_no_unit_is_shown_where_either_is_protected() -> None:
    routed = happened(FactType.CASE_ROUTED, "2026-01-01", unit="jobbaktiv")
    hidden = of(B, happened(FactType.PROTECTION_LEVEL_CHANGED, "2026-07-20", level="secrecy_marking"))
    assert wait("L04", [*FIRST, routed, *SECOND, *MARK]).unit == "jobbaktiv"
    assert wait("L04", [*FIRST, routed, *SECOND, *MARK, *hidden]).unit is None
    later = of(B, happened(FactType.PROTECTION_LEVEL_CHANGED, "2026-08-09", level="secrecy_marking"))
    assert wait("L04", [*FIRST, routed, *SECOND, *MARK, *later], known_at=date(2026, 8, 8)).unit is None, "nor in an earlier figure"
    assert {each.unit for each in waits("L04", [*FIRST, routed, *SECOND, *hidden])} == {"jobbaktiv", None}


def test_three_are_one_by_way_of_the_middle_one_and_a_mark_of_nothing_heard_joins_nothing() -> None:
    third = of(C, contact("2026-07-01"), marked(B, "2026-08-03"))
    assert [each.case_id for each in clocks([*TWO, *MARK, *third]) if each.intervals] == [CASE]
    assert [each.case_id for each in clocks([*SECOND, *MARK]) if each.intervals] == [B]
    assert [each.case_id for each in clocks([*SECOND, *MARK, *third]) if each.intervals] == [B]
    assert joined([B], {(B, CASE), (C, B)}) == [frozenset({CASE, B, C})]
    assert joined([B, CASE], set()) == [frozenset({B}), frozenset({CASE})]
