"""The catalogue of errors: complete, documented, and silent about what was sent."""

from pathlib import Path

import pytest

from shared.problems import CATALOGUE, Problem, as_markdown

ROOT = Path(__file__).parents[3]


def test_the_documented_errors_are_those_of_the_catalogue() -> None:
    assert (ROOT / "docs/errors.md").read_text(encoding="utf-8") == as_markdown()


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_error_says_what_it_is_where_it_comes_from_and_what_cures_it(code: str) -> None:
    kind = CATALOGUE[code]
    assert 400 <= kind.status < 600
    assert kind.title
    assert kind.cause.endswith(".")
    assert kind.cure.endswith((".", "`."))


def test_a_problem_is_answered_with_its_type_status_and_our_extensions() -> None:
    document = Problem("step_not_allowed", next=["completion"]).document()
    assert document["type"] == "urn:sluss:error:step_not_allowed"
    assert document["status"] == 409
    assert document["next"] == ["completion"]


def test_a_code_that_is_not_in_the_catalogue_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        Problem("made_up")
