"""Which of intake's assignments count when some were corrected, and some corrections were."""

from uuid import UUID

import pytest

from services.referrals.domain.known import Assignment, Correction, Known

FIRST, SECOND, THIRD, OTHER = (UUID(int=n) for n in range(1, 5))
C1, C2, C3 = (UUID(int=n) for n in range(11, 14))
ISSUED = Known(assignments={each: Assignment(UUID(int=99), "sol_12_4") for each in (FIRST, SECOND, THIRD)})


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ([], {FIRST, SECOND, THIRD}),
        ([Correction(C1, FIRST)], {SECOND, THIRD}),
        ([Correction(C1, FIRST), Correction(C2, C1)], {FIRST, SECOND, THIRD}),
        ([Correction(C1, FIRST), Correction(C2, C1), Correction(C3, C2)], {SECOND, THIRD}),
        ([Correction(C1, FIRST, SECOND)], {SECOND, THIRD}),
        ([Correction(C1, FIRST, SECOND), Correction(C2, SECOND, THIRD)], {THIRD}),
        ([Correction(C1, FIRST, SECOND), Correction(C2, SECOND, THIRD), Correction(C3, C1)], {FIRST}),
        ([Correction(C1, FIRST, SECOND), Correction(C2, SECOND, THIRD), Correction(C3, C2)], {SECOND}),
    ],
)
def test_what_counts_is_folded_from_the_last_correction_to_the_first(told: list[Correction], counts: set[UUID]) -> None:
    known = ISSUED
    for each in told:
        known = known.corrected(each)
    assert known.in_force.keys() == counts


def test_corrections_of_anything_else_are_not_kept() -> None:
    assert ISSUED.corrected(Correction(C1, OTHER)) == ISSUED
    assert ISSUED.corrected(Correction(C1, OTHER)).corrected(Correction(C2, C1)) == ISSUED
