"""Groups of waits: the hindrance at the first decision, the unit when the wait began, and never what came later."""

from datetime import date

import pytest

from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.measures import Measure
from services.leadtimes.domain.report import document
from tests.unit.leadtimes.histories import (
    CALENDAR,
    application,
    assigned,
    closed,
    coded,
    contact,
    decided,
    happened,
    planned,
    routed,
    wait,
    waits,
)

OPENED = [contact("2026-01-05"), application("2026-01-08")]
AS_OF = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], None),
        ([coded("2026-01-09", "social"), coded("2026-02-09", "language")], "language"),
        ([coded("2026-01-09", "social"), decided("2026-01-20"), coded("2026-02-09", "language")], "social"),
        ([coded("2026-01-20", "social"), decided("2026-01-20")], "social"),
        ([decided("2026-01-20T10:00"), coded("2026-01-20T11:00", "social")], None),
        ([decided("2026-01-20"), coded("2026-02-09", "language")], None),
        ([decided("2026-01-20"), coded("2026-01-15", "parental"), decided("2026-01-10")], None),
    ],
)
def test_the_hindrance_is_the_last_code_not_after_the_first_decision(then: list[Fact], expected: str | None) -> None:
    assert wait("L04", [*OPENED, *then]).hindrance == expected


def test_while_there_is_no_decision_the_hindrance_is_the_last_code_by_as_of() -> None:
    history = [*OPENED, coded("2026-01-09", "social"), coded("2026-02-09", "language"), decided("2026-02-20")]
    assert [wait("L04", history, as_of=date(2026, month, 1)).hindrance for month in (2, 3)] == ["social", "language"]


def test_the_unit_is_the_first_that_was_known_when_the_wait_began() -> None:
    history = [
        *OPENED,
        routed("2026-01-08", "intake_group"),
        routed("2026-01-20", "work_group", FactType.CASE_ASSIGNED),
        planned("2026-02-01"),
        assigned("2026-02-10"),
        application("2026-02-12", ref="B", kind="renewal"),
    ]
    assert wait("L04", history).unit is None, "nobody had been given the case at the contact"
    assert [each.unit for each in waits("L02", history)] == ["intake_group", "intake_group"]
    assert wait("L08", history[:2] + history[3:]).unit == "work_group"


def test_a_unit_that_came_after_the_start_is_never_looked_at() -> None:
    assert wait("L04", [*OPENED, routed("2026-01-06", "work_group")]).unit is None
    assert wait("L04", [contact("2026-01-05T10:00"), routed("2026-01-05T11:00", "work_group")]).unit is None
    assert wait("L04", [contact("2026-01-05T10:00"), routed("2026-01-05", "work_group")]).unit == "work_group"


def test_of_somebody_protected_no_unit_is_known_not_even_as_it_was_known_before() -> None:
    protected = happened(FactType.PROTECTION_LEVEL_CHANGED, "2026-03-01", level="secrecy_marking")
    history = [*OPENED, routed("2026-01-05", "work_group")]
    assert wait("L04", history).unit == "work_group"
    assert wait("L04", [*history, protected]).unit is None
    earlier = date(2026, 2, 1)
    assert wait("L04", [*history, protected], as_of=earlier, known_at=earlier).unit is None
    no_more = happened(FactType.PROTECTION_LEVEL_CHANGED, "2026-03-10", level="none")
    assert wait("L04", [*history, protected, no_more]).unit == "work_group"


def test_groups_by_hindrance_and_by_unit_add_up_to_the_whole() -> None:
    cases = [
        [*OPENED, coded("2026-01-09"), routed("2026-01-04", "work_group"), decided("2026-01-20")],
        [*OPENED, coded("2026-01-09", "social"), closed("2026-02-01")],
        [*OPENED, decided("2026-01-25")],
    ]
    intervals = [wait("L04", case) for case in cases]
    by = {each: document(Measure.L04, intervals, AS_OF, AS_OF, CALENDAR, each) for each in (Grouping.HINDRANCE, Grouping.UNIT)}
    names = {each: [(group["group"], group["completed"]["n"]) for group in answer["groups"]] for each, answer in by.items()}
    assert names == {
        Grouping.HINDRANCE: [("social", 0), ("unemployed", 1), ("unknown", 1)],
        Grouping.UNIT: [("unknown", 1), ("work_group", 1)],
    }
