"""L05-L09: assessment, plan and anvisning: what completes each wait, what ends it otherwise, and what begins none."""

from datetime import date

import pytest

from services.leadtimes.domain.facts import Fact
from services.leadtimes.domain.measures import Flag
from tests.unit.leadtimes.histories import (
    application,
    assessed,
    assigned,
    closed,
    coded,
    contact,
    decided,
    planned,
    started,
    told,
    wait,
    waits,
    withdrawn,
)

Told = tuple[str, str | None, int | None]
OPENED = [contact("2026-01-05"), application("2026-01-08")]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], ("open", None, None)),
        ([started("2026-01-12")], ("completed", None, 4)),
        ([started("2026-01-15", kind="mapping"), started("2026-01-12"), started("2026-01-20")], ("completed", None, 4)),
        ([decided("2026-01-10"), started("2026-01-12")], ("ended_otherwise", "decided", 2)),
        ([decided("2026-01-12T09:00"), started("2026-01-12")], ("completed", None, 4)),
        ([withdrawn("2026-01-10")], ("ended_otherwise", "withdrawn", 2)),
        ([closed("2026-01-10", "no_contact"), withdrawn("2026-01-11")], ("ended_otherwise", "no_contact", 2)),
        ([started("2026-01-06")], ("completed", None, -2)),
        ([started("2026-01-12", ref="another")], ("open", None, None)),
    ],
)
def test_l05_runs_from_an_application_to_its_first_assessment(then: list[Fact], expected: Told) -> None:
    assert told(wait("L05", [*OPENED, *then])) == expected


def test_each_application_has_an_l05_and_one_after_the_closing_is_excluded() -> None:
    history = [*OPENED, started("2026-01-09"), closed("2026-02-01"), application("2026-02-02", ref="B", kind="renewal")]
    assert [(each.application_ref, *told(each)) for each in waits("L05", history)] == [
        ("A", "completed", None, 1),
        ("B", "excluded", "starts_after_closing", None),
    ]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], []),
        ([assessed("2026-01-20")], []),
        ([started("2026-01-12")], [("open", None, None)]),
        ([started("2026-01-12"), assessed("2026-01-20"), assessed("2026-01-25")], [("completed", None, 8)]),
        ([started("2026-01-12"), assessed("2026-01-20", kind="mapping")], [("open", None, None)]),
        ([started("2026-01-12"), started("2026-01-14"), assessed("2026-01-20")], [("completed", None, 8)]),
        (
            [started("2026-01-12"), started("2026-01-13", kind="mapping"), assessed("2026-01-20", kind="mapping"), assessed("2026-01-22")],
            [("completed", None, 10), ("completed", None, 7)],
        ),
        ([started("2026-01-12"), decided("2026-01-15"), assessed("2026-01-20")], [("ended_otherwise", "decided", 3)]),
        ([started("2026-01-12"), assessed("2026-01-20"), decided("2026-01-20T08:00")], [("completed", None, 8)]),
        ([started("2026-01-12"), withdrawn("2026-01-15")], [("ended_otherwise", "withdrawn", 3)]),
        ([started("2026-01-12"), closed("2026-01-15", "moved")], [("ended_otherwise", "moved", 3)]),
        ([decided("2026-01-15"), started("2026-01-18", kind="mapping"), assessed("2026-01-30", kind="mapping")], [("completed", None, 12)]),
        ([decided("2026-01-15"), started("2026-01-15", kind="mapping")], [("ended_otherwise", "decided", 0)]),
        ([closed("2026-01-15"), started("2026-01-18")], [("excluded", "starts_after_closing", None)]),
    ],
)
def test_l06_runs_for_each_kind_of_assessment_of_an_application(then: list[Fact], expected: list[Told]) -> None:
    assert [told(each) for each in waits("L06", [*OPENED, *then])] == expected


def test_l06_of_two_applications_are_two() -> None:
    history = [*OPENED, application("2026-01-09", ref="B"), started("2026-01-10", ref="B"), started("2026-01-11"), assessed("2026-01-12")]
    assert [(each.application_ref, *told(each)) for each in waits("L06", history)] == [
        ("A", "completed", None, 1),
        ("B", "open", None, None),
    ]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], []),
        ([planned("2026-02-10")], []),
        ([assessed("2026-01-20")], [("open", None, None)]),
        (
            [assessed("2026-01-20", kind="mapping"), assessed("2026-01-25"), planned("2026-02-10"), planned("2026-01-30")],
            [("completed", None, 10)],
        ),
        ([assessed("2026-01-20"), closed("2026-01-25", "studies"), planned("2026-01-26")], [("ended_otherwise", "studies", 5)]),
        ([assessed("2026-01-20"), closed("2026-01-25T08:00", "studies"), planned("2026-01-25")], [("completed", None, 5)]),
        ([assessed("2026-01-20"), decided("2026-01-21"), withdrawn("2026-01-22")], [("open", None, None)]),
        ([assessed("2026-01-20"), planned("2026-01-15")], [("completed", None, -5)]),
        ([closed("2026-01-18"), assessed("2026-01-20"), planned("2026-01-22")], [("excluded", "starts_after_closing", None)]),
    ],
)
def test_l07_runs_once_a_case_from_the_first_assessment_to_the_first_plan(then: list[Fact], expected: list[Told]) -> None:
    assert [told(each) for each in waits("L07", [*OPENED, *then])] == expected


@pytest.mark.parametrize(("of_a", "of_b"), [("2026-01-20", "2026-01-25"), ("2026-01-25", "2026-01-20")])
def test_l07_begins_with_the_first_assessment_of_whatever_application(of_a: str, of_b: str) -> None:
    history = [*OPENED, application("2026-01-09", ref="B"), assessed(of_a), assessed(of_b, ref="B"), planned("2026-01-30")]
    assert told(wait("L07", history)) == ("completed", None, 10)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], []),
        ([assigned("2026-02-10")], []),
        ([planned("2026-02-01")], [("open", None, None)]),
        (
            [planned("2026-02-05"), planned("2026-02-01"), assigned("2026-02-10", "direct"), assigned("2026-02-20")],
            [("completed", None, 9)],
        ),
        ([assigned("2026-01-31", "direct"), planned("2026-02-01"), assigned("2026-02-10")], [("excluded", "before_plan", None)]),
        ([assigned("2026-02-01T08:00"), planned("2026-02-01T09:00")], [("excluded", "before_plan", None)]),
        ([assigned("2026-02-01T08:00"), planned("2026-02-01")], [("completed", None, 0)]),
        ([assigned("2026-02-01"), planned("2026-02-01T08:00")], [("completed", None, 0)]),
        ([planned("2026-02-01"), closed("2026-02-05"), assigned("2026-02-10")], [("ended_otherwise", "moved", 4)]),
        ([closed("2026-01-31"), planned("2026-02-01")], [("excluded", "starts_after_closing", None)]),
    ],
)
def test_l08_runs_once_a_case_from_the_first_plan_to_the_first_assignment(then: list[Fact], expected: list[Told]) -> None:
    assert [told(each) for each in waits("L08", [*OPENED, *then])] == expected


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], []),
        ([coded("2026-01-08", "language"), assigned("2026-01-10", "direct")], []),
        ([coded("2026-01-09"), assigned("2026-01-10", "direct")], []),
        ([coded("2026-01-05"), coded("2026-01-08", "social"), assigned("2026-01-10", "direct")], []),
        ([coded("2026-01-08T16:00")], [("open", None, None)]),
        ([coded("2026-01-05"), assigned("2026-01-15", "direct"), assigned("2026-01-12", "direct")], [("completed", None, 4)]),
        ([coded("2026-01-08"), assigned("2026-01-12"), assigned("2026-01-20", "direct")], [("completed", None, 12)]),
        ([coded("2026-01-08"), coded("2026-01-09", "social"), assigned("2026-01-20", "direct")], [("completed", None, 12)]),
        (
            [coded("2026-01-08"), decided("2026-01-10"), withdrawn("2026-01-11"), assigned("2026-01-20", "direct")],
            [("completed", None, 12)],
        ),
        (
            [coded("2026-01-08"), closed("2026-01-15", "other_benefit"), assigned("2026-01-20", "direct")],
            [("ended_otherwise", "other_benefit", 7)],
        ),
    ],
)
def test_l09_runs_once_a_case_from_the_first_application_as_unemployed_to_the_first_direct_assignment(
    then: list[Fact], expected: list[Told]
) -> None:
    assert [told(each) for each in waits("L09", [*OPENED, *then])] == expected


def test_l09_is_on_the_first_application_at_which_somebody_was_unemployed() -> None:
    later = [coded("2026-02-01"), application("2026-02-03", ref="B", kind="renewal"), application("2026-03-03", ref="C", kind="renewal")]
    history = [*OPENED, coded("2026-01-07", "sick_with_sgi"), *later, assigned("2026-02-05", "direct")]
    assert (wait("L09", history).application_ref, *told(wait("L09", history))) == ("B", "completed", None, 2)


def test_a_case_entered_in_error_has_none_of_these_that_counts() -> None:
    whole = [coded("2026-01-08"), started("2026-01-09"), assessed("2026-01-12"), planned("2026-01-14"), assigned("2026-01-16", "direct")]
    history = [*OPENED, *whole, closed("2026-02-09", "entered_in_error")]
    for measure in ("L05", "L06", "L07", "L08", "L09"):
        assert told(wait(measure, history[:-1]))[0] == "completed"
        assert told(wait(measure, history)) == ("excluded", "entered_in_error", None)


def test_what_had_not_happened_or_was_not_known_is_not_there() -> None:
    history = [*OPENED, started("2026-01-09"), assessed("2026-01-12"), planned("2026-01-14"), assigned("2026-01-16")]
    assert waits("L07", history, as_of=date(2026, 1, 11)) == []
    assert told(wait("L07", history, as_of=date(2026, 1, 13))) == ("open", None, None)
    assert told(wait("L08", history, as_of=date(2026, 1, 15))) == ("open", None, None)
    assert waits("L08", history, known_at=date(2026, 1, 13)) == []


def test_a_negative_wait_for_a_plan_is_flagged_and_the_contact_is_not_blamed_for_it() -> None:
    history = [application("2026-01-08"), assessed("2026-01-20"), planned("2026-01-15")]
    assert wait("L07", history).flags == (Flag.NEGATIVE,)
    assert wait("L05", history).flags == ()
