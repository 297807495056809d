"""How many facts are corrected: a correction that is corrected has no force, and what came only with it counts for nothing."""

import pytest

from services.leadtimes.domain.quality import Correction, corrected

REPLACED = Correction("c1", "fact", "instead")


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ([], 0),
        ([REPLACED], 1),
        ([Correction("c1", "one"), Correction("c2", "other")], 2),
        ([REPLACED, Correction("c2", "instead", "again")], 2),
        ([REPLACED, Correction("c2", "c1")], 0),
        ([REPLACED, Correction("c2", "c1"), Correction("c3", "c2")], 1),
        ([REPLACED, Correction("c2", "instead", "again"), Correction("c3", "c1")], 0),
    ],
)
def test_corrections_in_force_are_counted_by_the_facts_they_took_away(told: list[Correction], counted: int) -> None:
    assert corrected(told) == counted
