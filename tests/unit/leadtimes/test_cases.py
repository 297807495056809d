"""The spell: which closing is in force, what a reopening undoes, what a void case leaves."""

import pytest

from services.leadtimes.domain.facts import Fact
from services.leadtimes.domain.measures import Flag
from tests.unit.leadtimes.histories import application, closed, contact, decided, reopened, told, wait, waits

OPENED = [contact("2026-01-05"), application("2026-01-05")]


def test_a_closing_in_force_ends_every_open_wait_with_its_reason() -> None:
    history = [*OPENED, closed("2026-02-09", "deceased"), decided("2026-03-01")]
    assert told(wait("L04", history)) == ("ended_otherwise", "deceased", 35)
    assert told(wait("L03", history)) == ("ended_otherwise", "deceased", 35)


def test_an_unknown_reason_ends_the_waits_too() -> None:
    assert told(wait("L04", [*OPENED, closed("2026-02-09", "a_code_of_tomorrow")])) == ("ended_otherwise", "a_code_of_tomorrow", 35)


def test_of_two_closings_the_first_counts() -> None:
    history = [*OPENED, closed("2026-02-09", "moved"), closed("2026-02-19", "no_contact")]
    assert told(wait("L04", history)) == ("ended_otherwise", "moved", 35)


def test_a_wait_that_would_start_after_the_closing_is_excluded() -> None:
    history = [*OPENED, closed("2026-02-09"), application("2026-02-10", ref="B", kind="renewal"), decided("2026-02-12", ref="B")]
    assert told(waits("L02", history)[1]) == ("excluded", "starts_after_closing", None)
    assert told(waits("L03", history)[1]) == ("excluded", "starts_after_closing", None)


def test_a_wait_that_starts_on_the_date_of_the_closing_is_not() -> None:
    history = [*OPENED, closed("2026-02-09T09:00"), application("2026-02-09", ref="B", kind="renewal")]
    assert told(waits("L03", history)[1]) == ("ended_otherwise", "moved", 0)


@pytest.mark.parametrize(
    ("undone", "reopening"),
    [
        (closed("2026-02-09"), reopened("2026-03-11")),
        (closed("2026-02-09", "lapsed_no_support"), reopened("2027-01-01")),
        (closed("2026-02-09", "lapsed_no_application"), reopened("2027-01-01")),
        (closed("2026-02-09"), reopened("2027-01-01", "appeal")),
    ],
)
def test_a_reopening_in_time_undoes_the_closing(undone: Fact, reopening: Fact) -> None:
    history = [*OPENED, undone, reopening]
    assert told(wait("L04", history)) == ("open", None, None)
    assert told(wait("L04", [*history, decided("2027-02-01")])) == ("completed", None, 392)


def test_an_error_found_after_30_days_changes_nothing_and_is_flagged() -> None:
    history = [*OPENED, closed("2026-02-09"), reopened("2026-03-12")]
    assert told(wait("L04", history)) == ("ended_otherwise", "moved", 35)
    assert wait("L04", history).flags == (Flag.REOPENED_TOO_LATE,)


def test_a_reopening_undoes_all_closings_before_it_and_none_after() -> None:
    history = [*OPENED, closed("2026-02-09"), closed("2026-02-10"), reopened("2026-02-11"), closed("2026-02-19", "no_contact")]
    assert told(wait("L04", history[:-1])) == ("open", None, None)
    assert told(wait("L04", history)) == ("ended_otherwise", "no_contact", 45)


def test_a_case_is_closed_as_of_a_day_before_it_was_reopened() -> None:
    history = [*OPENED, closed("2026-02-09"), reopened("2026-02-20")]
    assert told(wait("L04", history, as_of=reopened("2026-02-19").moment.day)) == ("ended_otherwise", "moved", 35)


def test_a_case_entered_in_error_has_no_clocks_that_count() -> None:
    history = [*OPENED, decided("2026-01-20"), closed("2026-02-09", "entered_in_error")]
    for measure in ("L01", "L02", "L03", "L04"):
        assert told(wait(measure, history)) == ("excluded", "entered_in_error", None)
    assert told(wait("L04", [*history, reopened("2026-02-10")])) == ("completed", None, 15)
