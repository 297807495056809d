"""The page of who may do what with a referral is the one that the matrix gives, and holds every state and step."""

from pathlib import Path

from services.referrals.domain.facts import State
from services.referrals.domain.steps import MATRIX, Step
from tools.matrix import LETTERS, STATES, as_markdown

ROOT = Path(__file__).parents[3]


def test_the_documented_matrix_is_that_of_the_service() -> None:
    assert (ROOT / "docs/referrals.md").read_text(encoding="utf-8") == as_markdown()


def test_every_state_is_explained_and_every_cell_of_the_matrix_is_on_the_page() -> None:
    assert list(STATES) == list(State)
    table = as_markdown().partition("## Who may do what\n\n")[2].partition("\n\n")[0]
    [head, _, *rows] = [[cell.strip(" ") for cell in line.strip("|").split("|")] for line in table.splitlines()]
    shown = {(state, row[0].strip("`")): row[number] for row in rows for number, states in enumerate(head) for state in states.split(", ")}
    for state in State:
        for step in Step:
            may = MATRIX[state].get(step, frozenset())
            assert shown[f"`{state}`", step] == " ".join(letter for actor, letter in LETTERS.items() if actor in may)
    assert [shown["nothing yet", step] for step in Step if shown["nothing yet", step]] == ["S rule"]
