"""L01-L04: what completes a wait, what ends it otherwise, and who wins a tie."""

from datetime import date

import pytest

from services.leadtimes.domain.facts import Fact
from services.leadtimes.domain.measures import Flag
from tests.unit.leadtimes.histories import application, asked, closed, completed, contact, decided, told, wait, waits, withdrawn

OPENED = [contact("2026-01-05"), application("2026-01-08")]


def test_l01_runs_from_contact_to_the_first_application() -> None:
    assert told(wait("L01", [*OPENED, application("2026-02-01", ref="B", kind="renewal")])) == ("completed", None, 3)


def test_l01_is_open_without_an_application() -> None:
    assert told(wait("L01", [contact("2026-01-05")])) == ("open", None, None)


@pytest.mark.parametrize("late_contact", [[], [contact("2026-01-09")]])
def test_without_a_contact_or_with_a_later_one_the_application_stands_in(late_contact: list[Fact]) -> None:
    history = [application("2026-01-08", channel="letter"), decided("2026-01-18"), *late_contact]
    assert told(wait("L01", history)) == ("completed", None, 0)
    assert wait("L01", history).flags == (Flag.FIRST_CONTACT_INFERRED,)
    assert told(wait("L04", history)) == ("completed", None, 10)
    assert wait("L04", history).flags == (Flag.FIRST_CONTACT_INFERRED,)
    assert wait("L04", history).channel == "letter"


def test_on_one_date_the_contact_opens_the_case() -> None:
    history = [application("2026-01-08"), contact("2026-01-08T14:00")]
    assert told(wait("L01", history)) == ("completed", None, 0)
    assert wait("L01", history).flags == ()
    assert wait("L01", history).seconds is None


def test_seconds_are_known_only_between_instants() -> None:
    instants = [contact("2026-03-28T14:00"), application("2026-03-29T14:00")]
    assert wait("L01", instants).seconds == 23 * 3600, "the clocks went forward that night"
    assert wait("L01", [contact("2026-03-28T14:00"), application("2026-03-29")]).seconds is None


@pytest.mark.parametrize(
    ("then", "l02", "l03"),
    [
        ([], ("completed", None, 0), ("open", None, None)),
        ([decided("2026-01-18")], ("completed", None, 0), ("completed", None, 10)),
        ([withdrawn("2026-01-18")], ("completed", None, 0), ("ended_otherwise", "withdrawn", 10)),
        ([closed("2026-01-18")], ("completed", None, 0), ("ended_otherwise", "moved", 10)),
        ([completed("2026-01-12")], ("completed", None, 0), ("open", None, None)),
        ([asked("2026-01-10")], ("open", None, None), None),
        ([completed("2026-01-09"), asked("2026-01-10")], ("open", None, None), None),
        ([asked("2026-01-10"), completed("2026-01-12")], ("completed", None, 4), ("open", None, None)),
        ([asked("2026-01-10"), completed("2026-01-12"), decided("2026-01-18")], ("completed", None, 4), ("completed", None, 6)),
        ([asked("2026-01-10"), completed("2026-01-12"), asked("2026-01-14")], ("open", None, None), None),
        ([asked("2026-01-10"), completed("2026-01-12"), completed("2026-01-15")], ("completed", None, 7), ("open", None, None)),
        (
            [asked("2026-01-10"), decided("2026-01-18")],
            ("ended_otherwise", "decided", 10),
            ("excluded", "decided_without_completion", None),
        ),
        (
            [asked("2026-01-10"), decided("2026-01-18"), completed("2026-01-20")],
            ("ended_otherwise", "decided", 10),
            ("excluded", "decided_without_completion", None),
        ),
        (
            [asked("2026-01-10"), completed("2026-01-12"), decided("2026-01-18"), completed("2026-01-20")],
            ("completed", None, 4),
            ("completed", None, 6),
        ),
        ([decided("2026-01-18"), asked("2026-01-20")], ("completed", None, 0), ("completed", None, 10)),
        ([asked("2026-01-10"), withdrawn("2026-01-18")], ("ended_otherwise", "withdrawn", 10), None),
        ([asked("2026-01-10"), closed("2026-01-18", "no_contact")], ("ended_otherwise", "no_contact", 10), None),
        (
            [asked("2026-01-10"), completed("2026-01-12"), withdrawn("2026-01-18")],
            ("completed", None, 4),
            ("ended_otherwise", "withdrawn", 6),
        ),
    ],
)
def test_l02_and_l03_by_what_was_asked_and_answered(
    then: list[Fact], l02: tuple[str, str | None, int | None], l03: tuple[str, str | None, int | None] | None
) -> None:
    history = [*OPENED, *then]
    assert told(wait("L02", history)) == l02
    assert [told(each) for each in waits("L03", history)] == ([] if l03 is None else [l03])


def test_l02_was_completed_at_0_as_of_a_day_before_it_was_asked_for() -> None:
    history = [*OPENED, asked("2026-01-10")]
    assert told(wait("L02", history, as_of=date(2026, 1, 9))) == ("completed", None, 0)
    assert told(wait("L02", history, as_of=date(2026, 1, 10))) == ("open", None, None)


def test_a_completion_on_the_date_of_the_request_answers_it() -> None:
    assert told(wait("L02", [*OPENED, asked("2026-01-10T14:00"), completed("2026-01-10")])) == ("completed", None, 2)


def test_each_application_has_its_own_l02_and_l03() -> None:
    history = [*OPENED, application("2026-02-01", ref="B", kind="renewal"), asked("2026-02-03", ref="B"), decided("2026-01-18")]
    assert [(each.application_ref, *told(each)) for each in waits("L02", history)] == [
        ("A", "completed", None, 0),
        ("B", "open", None, None),
    ]
    assert [each.application_ref for each in waits("L03", history)] == ["A"]


@pytest.mark.parametrize("end", [withdrawn("2026-01-20"), closed("2026-01-20", "rejected"), closed("2026-01-20T08:00", "rejected")])
@pytest.mark.parametrize("decision", [decided("2026-01-20"), decided("2026-01-20T15:00")])
def test_a_tie_goes_to_the_completion(end: Fact, decision: Fact) -> None:
    both_instants = "instant" == end.precision.value == decision.precision.value
    expected = ("ended_otherwise", "rejected", 15) if both_instants else ("completed", None, 15)
    assert told(wait("L04", [*OPENED, decision, end])) == expected


def test_an_end_the_day_before_beats_the_completion() -> None:
    assert told(wait("L04", [*OPENED, withdrawn("2026-01-19"), decided("2026-01-20")])) == ("ended_otherwise", "withdrawn", 14)


def test_an_instant_that_beats_is_found_beside_a_day_that_does_not() -> None:
    history = [*OPENED, withdrawn("2026-01-20"), closed("2026-01-20T10:00"), decided("2026-01-20T14:00")]
    assert told(wait("L04", history)) == ("ended_otherwise", "moved", 15)


def test_l04_is_on_the_first_new_application_only() -> None:
    history = [*OPENED, withdrawn("2026-01-12"), application("2026-01-20", ref="B"), decided("2026-01-25", ref="B")]
    assert told(wait("L04", history)) == ("ended_otherwise", "withdrawn", 7)
    assert wait("L04", history).application_ref == "A"


def test_l04_waits_while_there_is_only_a_renewal() -> None:
    history = [contact("2026-01-05"), application("2026-01-08", kind="renewal"), decided("2026-01-10")]
    assert told(wait("L04", history)) == ("open", None, None)


def test_l04_stops_at_the_first_decision() -> None:
    assert told(wait("L04", [*OPENED, decided("2026-01-20"), decided("2026-01-15")])) == ("completed", None, 10)


def test_a_negative_wait_is_shown_and_flagged() -> None:
    history = [*OPENED, decided("2026-01-03")]
    assert told(wait("L03", history)) == ("completed", None, -5)
    assert wait("L03", history).flags == (Flag.NEGATIVE,)
    assert told(wait("L04", history)) == ("completed", None, -2)


def test_a_fact_about_an_application_nobody_received_starts_nothing() -> None:
    history = [contact("2026-01-05"), decided("2026-01-20", ref="lost")]
    assert waits("L02", history) == []
    assert told(wait("L04", history)) == ("open", None, None)


def test_nothing_is_measured_before_the_case_opens() -> None:
    assert waits("L04", [decided("2026-01-20")]) == []
    assert waits("L04", []) == []
