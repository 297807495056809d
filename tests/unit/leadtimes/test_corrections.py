"""What was corrected is gone from when it was known to be wrong; a figure known at an earlier day keeps it."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

from services.leadtimes.domain.facts import Fact, FactType
from tests.unit.leadtimes.histories import application, clocks, contact, decided, happened, told, wait

WRONG, RIGHT = decided("2026-01-20"), decided("2026-01-27", recorded="2026-03-01")
OPENING = [contact("2026-01-05"), application("2026-01-05")]


def correction(of: Fact, at: str, by: Fact | None = None) -> Fact:
    """The correction of a fact, recorded on a day: replaced by another, or entered in error."""
    body = {"corrects_event_id": str(of.event_id)} | ({"replaced_by": str(by.event_id)} if by else {})
    return happened(FactType.EVENT_CORRECTED, at, **body)


CORRECTED = correction(WRONG, "2026-03-01", RIGHT)
HISTORY = [*OPENING, WRONG, RIGHT, CORRECTED]


def test_the_replacement_counts_and_an_earlier_figure_keeps_what_was_known_then() -> None:
    assert told(wait("L04", HISTORY)) == ("completed", None, 22)
    assert told(wait("L04", HISTORY, known_at=date(2026, 2, 28))) == ("completed", None, 15)
    assert told(wait("L04", HISTORY, known_at=date(2026, 3, 1))) == ("completed", None, 22)


def test_a_correction_obeys_known_at_only_and_not_the_as_of_of_the_figure() -> None:
    assert told(wait("L04", HISTORY, as_of=date(2026, 1, 21))) == ("open", None, None)
    assert told(wait("L04", HISTORY, as_of=date(2026, 1, 21), known_at=date(2026, 2, 1))) == ("completed", None, 15)


def test_what_was_entered_in_error_waits_again_until_the_correction_is_corrected() -> None:
    mistaken = correction(WRONG, "2026-03-01")
    assert told(wait("L04", [*OPENING, WRONG, mistaken])) == ("open", None, None)
    undone = correction(mistaken, "2026-03-10")
    assert told(wait("L04", [*OPENING, WRONG, mistaken, undone])) == ("completed", None, 15)
    again = correction(undone, "2026-03-20")
    assert told(wait("L04", [*OPENING, WRONG, mistaken, undone, again])) == ("open", None, None)


def test_what_came_only_with_a_correction_that_was_corrected_counts_no_longer() -> None:
    right, later = decided("2026-01-12", recorded="2026-03-01"), decided("2026-01-10", recorded="2026-03-05")
    first = correction(WRONG, "2026-03-01", right)
    history, undone = [*OPENING, WRONG, right, first], correction(first, "2026-03-10")
    assert told(wait("L04", history)) == ("completed", None, 7)
    assert told(wait("L04", [*history, undone])) == ("completed", None, 15)
    again = [*history, later, correction(right, "2026-03-05", later)]
    assert told(wait("L04", again)) == ("completed", None, 5)
    assert told(wait("L04", [*again, undone])) == ("completed", None, 15), "nor what stood in its place"
    assert told(wait("L04", [*again, undone, correction(undone, "2026-03-20")])) == ("completed", None, 5)


def test_the_order_of_arrival_does_not_matter() -> None:
    assert {clocks(each) for each in permutations(HISTORY)} == {clocks(HISTORY)}


def test_a_correction_of_what_never_came_changes_nothing() -> None:
    assert told(wait("L04", [*OPENING, WRONG, correction(RIGHT, "2026-03-01")])) == ("completed", None, 15)


def test_a_case_of_which_everything_was_in_error_has_no_waits() -> None:
    of_case = clocks([OPENING[0], correction(OPENING[0], "2026-03-01")])
    assert of_case is not None
    assert (of_case.intervals, of_case.support) == ((), None)


def test_kept_clocks_do_not_answer_for_a_day_before_a_correction_was_known() -> None:
    of_case = clocks(HISTORY)
    assert of_case is not None
    assert of_case.answers(known_at=date(2026, 3, 1))
    assert not of_case.answers(known_at=date(2026, 2, 28))
    assert of_case.answers(as_of=date(2026, 2, 1)), "a correction is none of what had happened"
    assert of_case.latest_recorded_at - of_case.latest_time > timedelta(days=20)


def test_corrections_of_one_moment_are_read_in_the_order_they_were_told() -> None:
    mistaken = replace(correction(WRONG, "2026-03-01"), sequence=10)
    undone = replace(correction(mistaken, "2026-03-01"), sequence=11)
    for facts in permutations([*OPENING, WRONG, mistaken, undone]):
        assert told(wait("L04", facts)) == ("completed", None, 15)
