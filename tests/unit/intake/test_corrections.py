"""What counts when facts were corrected, and what may not be corrected."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.case import Case, evolve
from services.intake.domain.corrections import Recorded, correct, fold, in_force
from services.intake.domain.facts import (
    CaseReopened,
    CloseReason,
    EventCorrected,
    Fact,
    InsatsObserved,
    Outcome,
    ProtectionLevelChanged,
    ReopenReason,
    SupportHindranceCoded,
)
from services.intake.domain.moments import day, instant
from services.intake.domain.steps import NotYet, Refused
from tests.unit.intake.histories import typed
from tests.unit.intake.scenarios import NOW, SECOND, application, asked, closed, contact, granted, on, rejected

CONTACT, APPLICATION, DECISION = contact(on("01-05")), application(on("01-06")), rejected(on("01-20"))
TOLD = [CONTACT, APPLICATION, DECISION]


def recorded(facts: Sequence[Fact]) -> list[Recorded]:
    return [Recorded(UUID(int=number), fact) for number, fact in enumerate(facts, start=1)]


def ids(first: int) -> Callable[[], UUID]:
    """New ids, counted from one on."""
    numbers = count(first)
    return lambda: UUID(int=next(numbers))


def corrected(facts: Sequence[Fact], number: int, said: Fact | None = None) -> list[Recorded]:
    """The facts and what follows when the n-th (from 1) is corrected."""
    told = recorded(facts)
    replacement = Recorded(UUID(int=500), said) if said else None
    return [*told, *correct(told, ids(501), UUID(int=number), replacement, NOW)]


def test_a_fact_entered_in_error_is_gone() -> None:
    told = corrected(TOLD, 3)
    assert told[-1].fact == EventCorrected(instant(NOW), UUID(int=3), True, None)
    assert in_force(told) == TOLD[:2]
    assert fold(told).applications[0].is_open


def test_what_replaces_a_fact_stands_in_its_place() -> None:
    earlier = replace(APPLICATION, happened=on("01-05"))
    told = corrected(TOLD, 2, earlier)
    assert [each.id.int for each in told[-2:]] == [500, 501]
    assert in_force(told) == [CONTACT, earlier, DECISION]
    assert fold(told).applications[0].decision == DECISION


def test_a_replacement_that_is_replaced_stands_there_too() -> None:
    first = corrected(TOLD, 3, granted(on("01-21"), "02-01", "02-28"))
    again = Recorded(UUID(int=600), granted(on("01-22"), "02-01", "02-28"))
    told = [*first, *correct(first, ids(601), UUID(int=500), again, NOW)]
    assert in_force(told) == [CONTACT, APPLICATION, again.fact]


def test_a_correction_that_is_corrected_has_no_force() -> None:
    once = corrected(TOLD, 3)
    told = [*once, *correct(once, ids(601), UUID(int=501), None, NOW)]
    assert in_force(told) == TOLD
    thrice = [*told, *correct(told, ids(701), UUID(int=601), None, NOW)]
    assert in_force(thrice) == TOLD[:2]


def test_what_came_only_with_a_correction_that_was_corrected_counts_no_longer_and_comes_back_with_it() -> None:
    earlier = replace(APPLICATION, happened=on("01-05"))
    told = corrected(TOLD, 2, earlier)
    undone = [*told, *correct(told, ids(601), UUID(int=501), None, NOW)]
    assert in_force(undone) == TOLD
    for replacement in (None, Recorded(UUID(int=700), APPLICATION)):
        with pytest.raises(Refused, match="already"):
            correct(undone, ids(701), UUID(int=500), replacement, NOW)
    assert in_force([*undone, *correct(undone, ids(701), UUID(int=601), None, NOW)]) == [CONTACT, earlier, DECISION]


def test_the_same_said_again_corrects_nothing() -> None:
    assert corrected(TOLD, 3, DECISION) == recorded(TOLD)


REFUSED: dict[str, tuple[Sequence[Fact], int, Fact | None]] = {
    "an unknown fact": (TOLD, 9, None),
    "an application that was decided": (TOLD, 2, None),
    "one that something was asked about": ([CONTACT, APPLICATION, asked(on("01-07"))], 2, None),
    "all there is": ([CONTACT], 1, None),
    "another kind of fact": (TOLD, 3, asked(on("01-20"))),
    "another application": (TOLD, 3, replace(DECISION, application_ref=SECOND)),
    "a closing": ([*TOLD, closed(on("01-21"))], 4, None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_corrected_is_refused(case: str) -> None:
    facts, number, said = REFUSED[case]
    with pytest.raises(Refused):
        corrected(facts, number, said)


def test_a_fact_is_corrected_once_and_never_to_the_future() -> None:
    with pytest.raises(NotYet):
        corrected(TOLD, 3, replace(DECISION, happened=instant(NOW + timedelta(seconds=1))))
    told = corrected(TOLD, 3)
    with pytest.raises(Refused, match="already"):
        correct(told, ids(601), UUID(int=3), None, NOW)
    with pytest.raises(Refused, match="same thing"):
        correct(told, ids(601), UUID(int=501), Recorded(UUID(int=600), EventCorrected(instant(NOW), UUID(int=1), True, None)), NOW)


@settings(deadline=None, max_examples=60)
@given(typed(), st.data())
def test_after_any_correction_the_case_is_what_its_facts_in_force_fold_to(history: tuple[Case, list[Fact]], data: Any) -> None:
    _, facts = history
    told = recorded(facts)
    for number in range(data.draw(st.integers(1, 4))):
        which = data.draw(st.sampled_from(told)).id if told else UUID(int=1)
        said = next((each.fact for each in told if each.id == which), None)
        other = None
        if data.draw(st.booleans()) and said is not None and not isinstance(said, EventCorrected):
            otherwise = (
                replace(said, code="parental") if isinstance(said, SupportHindranceCoded) else replace(said, happened=day(NOW.date()))
            )
            other = Recorded(UUID(int=1000 + 10 * number), otherwise)
        try:
            told += correct(told, ids(1001 + 10 * number), which, other, NOW)
        except Refused:
            continue
    case = fold(told)
    assert case == reduce(evolve, in_force(told), Case())
    assert case.opened is not None or not facts
    assert len(in_force(told)) <= len(facts)


def test_the_outcome_of_a_decision_moves_the_day_on_which_a_rule_closes() -> None:
    told = corrected(TOLD, 3, granted(on("01-20"), "01-01", "03-31"))
    assert fold(told).applications[0].decision.outcome is Outcome.GRANTED
    assert fold(told).supported_in(date(2026, 3, 1))


def test_a_protection_is_not_corrected_in_a_case() -> None:
    with pytest.raises(Refused, match="at the person"):
        corrected([*TOLD, ProtectionLevelChanged(on("01-21"), "secrecy_marking", date(2026, 1, 21))], 4)


def test_what_replaces_a_fact_must_fit_together_as_what_is_typed() -> None:
    grant = granted(on("01-20"), "02-01", "02-28")
    with pytest.raises(Refused, match="no period"):
        corrected([CONTACT, APPLICATION, grant], 3, replace(grant, outcome=Outcome.REJECTED))
    with pytest.raises(Refused, match="same thing"):
        corrected(TOLD, 1, replace(CONTACT, person_ref=UUID(int=99)))
    found = InsatsObserved(on("01-10"), UUID(int=51), "af_programme", date(2026, 1, 10), None, 30, "employment_service")
    with pytest.raises(Refused, match="the same day"):
        corrected([*TOLD, found], 4, replace(found, started_on=date(2026, 1, 9)))


def test_a_replacement_from_before_a_closing_by_rule_reopens_the_case() -> None:
    grant = granted(on("01-20"), "01-01", "01-31")
    lapsed = [CONTACT, APPLICATION, grant, closed(on("03-01"), CloseReason.LAPSED_NO_SUPPORT)]
    told = corrected(lapsed, 3, replace(grant, support_to=date(2026, 6, 30)))
    assert told[-1].fact == CaseReopened(instant(NOW), ReopenReason.CLOSED_IN_ERROR)
    assert fold(told).closing is None
    assert fold(corrected([*TOLD, closed(on("03-01"))], 3, replace(DECISION, happened=on("01-21")))).closing is not None, "by hand"
