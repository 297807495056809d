"""A case is marked as a duplicate of one other, and the mark is undone; what is typed next belongs to the one that is not marked."""

from uuid import UUID

import pytest

from services.intake.domain.case import Case, lapse_due
from services.intake.domain.commands import MarkDuplicate, UnmarkDuplicate
from services.intake.domain.corrections import Recorded, correct
from services.intake.domain.facts import CaseMarkedDuplicate, CaseUnmarkedDuplicate, CloseReason
from services.intake.domain.home import home
from services.intake.domain.moments import instant
from services.intake.domain.rules import steps
from services.intake.domain.steps import Refused, Step
from services.intake.domain.worklist import tasks
from tests.unit.intake.scenarios import NOW, a_case, at, closed, contact, on, register_contact

A, B, C = UUID(int=101), UUID(int=102), UUID(int=103)
EARLY = at("01-10T12:00+01:00").at
TOLD = instant(EARLY)
a_call = a_case.given(contact(on("01-05")))
a_duplicate = a_call.given(CaseMarkedDuplicate(TOLD, A))


def mark(of: UUID) -> MarkDuplicate:
    return MarkDuplicate(happened=TOLD, now=EARLY, of=of)


UNMARK = UnmarkDuplicate(happened=TOLD, now=EARLY)


def test_a_case_is_marked_once_and_the_mark_undone_once() -> None:
    a_call.when(mark(A)).then(CaseMarkedDuplicate(TOLD, A))
    a_duplicate.when(mark(A)).then()
    a_duplicate.when(mark(C)).refused(Refused)
    a_duplicate.when(UNMARK).then(CaseUnmarkedDuplicate(TOLD, A))
    a_call.when(UNMARK).refused(Refused)
    a_case.when(mark(A)).refused(Refused)
    a_duplicate.given(CaseUnmarkedDuplicate(TOLD, A)).when(mark(C)).then(CaseMarkedDuplicate(TOLD, C))


def test_a_closed_case_is_marked_too() -> None:
    a_call.given(closed(on("01-09"))).when(mark(A)).then(CaseMarkedDuplicate(TOLD, A))


def test_the_step_that_is_allowed_is_named() -> None:
    def named(case: Case) -> set[Step]:
        return {each.step for each in steps(case, EARLY)} & {Step.MARK_DUPLICATE, Step.UNMARK_DUPLICATE}

    assert named(a_call.state()) == {Step.MARK_DUPLICATE}
    assert named(a_call.given(closed(on("01-09"))).state()) == {Step.MARK_DUPLICATE}
    assert named(a_duplicate.state()) == {Step.UNMARK_DUPLICATE}
    assert named(Case()) == set()


def test_no_application_is_awaited_in_a_duplicate() -> None:
    assert len(list(tasks(a_call.state(), EARLY))) == 1
    assert list(tasks(a_duplicate.state(), EARLY)) == []
    assert lapse_due(a_duplicate.state()) == lapse_due(a_call.state()), "it lapses by rule as any other"


def test_what_is_typed_next_belongs_to_the_one_that_is_not_marked() -> None:
    again = register_contact(on("01-08"), now=EARLY)
    assert home({A: a_call.state(), B: a_duplicate.state()}, again) == A
    assert home({A: a_call.given(closed(on("01-06"))).state(), B: a_duplicate.state()}, again) == B, "it is still open"
    lapsed = a_duplicate.given(closed(on("02-04"), CloseReason.LAPSED_NO_APPLICATION)).state()
    assert home({A: a_call.state(), B: lapsed}, register_contact(on("01-08"))) == A
    assert home({B: lapsed}, register_contact(on("01-08"))) is None


@pytest.mark.parametrize("fact", [CaseMarkedDuplicate(TOLD, A), CaseUnmarkedDuplicate(TOLD, A)])
def test_a_mark_is_undone_and_not_corrected(fact: CaseMarkedDuplicate | CaseUnmarkedDuplicate) -> None:
    told = [Recorded(UUID(int=1), contact(on("01-05"))), Recorded(UUID(int=2), fact)]
    with pytest.raises(Refused, match="undoing"):
        correct(told, lambda: UUID(int=3), UUID(int=2), None, NOW)
