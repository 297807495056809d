"""The catalogue of errors: complete, documented, and silent about what was sent."""

import re
from pathlib import Path

import pytest

from shared.problems import BY_STATUS, CATALOGUE, Problem, as_markdown

ROOT = Path(__file__).parents[3]
RAISED = re.compile(r'(?:Problem|_closing)\(\s*"([a-z_]+)"')


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


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    assert {code for source in sources() for code in RAISED.findall(source)} <= set(CATALOGUE)


def test_the_catalogue_holds_no_error_that_nobody_answers() -> None:
    text = "\n".join(sources())
    assert [code for code in CATALOGUE if f'"{code}"' not in text and code not in BY_STATUS.values()] == []


def sources() -> list[str]:
    """Everything that can raise a problem."""
    files = [file for folder in ("shared", "services") for file in (ROOT / folder).rglob("*.py")]
    return [file.read_text(encoding="utf-8") for file in files if file.name != "problems.py"]
