"""What a bench says of a ratio: which ones must hold, which are aims, and that the whole spread is kept."""

import pytest

from tools.bench.frame import Ratio


@pytest.mark.parametrize(
    ("bound", "aim", "verdict", "holds"),
    [
        ({}, False, "shown", True),
        ({"at_least": 2.0}, False, "holds", True),
        ({"at_least": 2.1}, False, "FALLS SHORT", False),
        ({"at_least": 2.1}, True, "short of the aim", True),
        ({"at_most": 2.0}, True, "as aimed", True),
        ({"at_most": 1.9}, False, "FALLS SHORT", False),
        ({"at_least": 1.0, "at_most": 1.9}, False, "FALLS SHORT", False),
    ],
)
def test_only_a_floor_that_is_not_reached_makes_a_bench_fail(bound: dict[str, float], aim: bool, verdict: str, holds: bool) -> None:
    ratio = Ratio("what", "1/s", limit=[10, 11, 900], subject=[22, 1, 23], aim=aim, **bound)
    assert (ratio.value, ratio.verdict, ratio.holds) == (2, verdict, holds)


def test_every_round_is_written_down() -> None:
    written = Ratio("what", "1/s", limit=[10, 20], subject=[1, 2], at_least=5).document()
    assert (written["limit"], written["measured"], written["verdict"]) == ([10, 20], [1, 2], "FALLS SHORT")
