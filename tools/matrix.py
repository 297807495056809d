"""Writes `docs/referrals.md`: who may do what with a referral in which state, from the matrix by which the service decides."""

from collections.abc import Iterable
from typing import Final

from services.referrals.domain.facts import State
from services.referrals.domain.steps import DRAFTERS, MATRIX, Actor, Step

LETTERS: Final = {Actor.RECIPIENT: "R", Actor.SENDER: "S", Actor.CLIENT: "C", Actor.RULE: "rule"}

STATES: Final = {
    State.DRAFT: ("utkast", "written, and told to nobody"),
    State.SENT: ("skickad", "on its way to the recipient, with a day by which an answer is due"),
    State.RECEIVED: ("mottagen", "the recipient has seen it"),
    State.INFO_REQUESTED: ("komplettering begärd", "the recipient has asked something; a question is no answer"),
    State.ACCEPTED: ("accepterad", "the recipient takes the person; nothing has begun"),
    State.WAITLISTED: ("kölagd", "the recipient takes the person when there is a place"),
    State.SCHEDULED: ("inbokad", "a day is booked for the beginning; who does not come is booked again"),
    State.IN_PROGRESS: ("påbörjad", "it has begun: of the kind insats this is the start of an insats"),
    State.ON_HOLD: ("vilande", "rests, and goes on in the state it was in"),
    State.COMPLETED: ("avslutad", "went to its end, with an outcome"),
    State.DISCONTINUED: ("avbruten", "began and was broken off, with an outcome and a reason"),
    State.DECLINED: ("avböjd", "the recipient said no, with a reason; a successor may take its place"),
    State.REDIRECTED: ("hänvisad vidare", "the recipient points to another; a successor may take its place"),
    State.ADVISED: ("besvarad", "a consultation was answered; no responsibility moved"),
    State.RECALLED: ("återkallad", "the sender took it back, after an answer only when the recipient agreed"),
    State.WITHDRAWN: ("klienten har tackat nej", "the person said no"),
    State.CANCELLED: ("inställd", "called off before it began"),
    State.EXPIRED: ("inget svar", "nobody answered; only where the municipality wants that"),
    State.DISCARDED: ("kasserat utkast", "never sent"),
    State.ENTERED_IN_ERROR: ("felregistrerad", "it never was: nothing that was told of it counts in any figure from when that is known"),
}

ABOVE: Final = """\
# Referrals

What may become of a [referral](glossary.md#referrals) (remiss), and who may bring it about. Made from
`services/referrals/domain/steps.py` by `python -m tools.matrix`; do not edit.

**Who**: S the sender, R the recipient, C the person (what they say comes by way of the sender), rule: time, or what another service told.
Where R stands with S, the sender may write down what the recipient said by telephone.

**Whatever is not in the matrix is refused**, with the steps that are allowed now; nothing is changed. An answer implies the steps before
it: what was only sent can be accepted, booked or begun at once. Where two acted who did not know of each other (an answer to what was
recalled, a withdrawal of what has begun) the first one stands, and a human is asked to look.
"""

BELOW: Final = """\
Some steps are narrower than their row:

- A **consultation** is asked about, declined, redirected or answered with advice (`advise`, which nothing else takes). It is never
  accepted, put on a waiting list, booked or begun: it does not move responsibility.
- `extend` and `ready` are of an insats, and it is told once that somebody is ready for the next step.
- A **recall** ends what nobody has answered. After an answer it is a request, once at a time: only then can it be confirmed or refused, and
  a start refuses it.
- What **rests** goes on or ends as it could from where it was: a draft is discarded; what had not begun is cancelled or withdrawn; what had
  begun is completed or discontinued.
- In a **closed case** nothing is written or sent. What is open goes on, and stands on the sender's worklist as `case_closed`.
- A **deviation** was seen between the start and the end, and is reported also when the insats is over. It is acknowledged and handled
  once each; by the recipient only when it was reported to `recipient`.
- A **rule** reminds, escalates and lets expire only while the recipient's answer is awaited, no question of theirs is open, and the case is
  open. No rule puts on hold yet: consents that end will.
- That nobody came (`no_show`) is told once of each booking.
- What was **entered in error** is so for good; the same is written anew, as another referral.

What else a step asks for (a recipient, a consent, an order in time, what the law wants first) the refusal itself says.
"""


def as_markdown() -> str:
    """`docs/referrals.md`: the states in words, and every step in every state."""
    rows = [_row("state", "Swedish", "meaning"), _row(*["---"] * 3)]
    rows += [_row(f"`{state}`", *STATES[state]) for state in State]
    columns = _alike(State)
    rows += ["", "## Who may do what", ""]
    rows += [_row("step", "nothing yet", *(", ".join(f"`{state}`" for state in states) for states in columns))]
    rows += [_row(*["---"] * (len(columns) + 2))]
    for step in Step:
        may = [MATRIX[states[0]].get(step, frozenset()) for states in columns]
        rows.append(_row(f"`{step}`", *map(_letters, [DRAFTERS if step is Step.DRAFT else frozenset(), *may])))
    return "\n".join([ABOVE, "## States", "", *rows, "", BELOW])


def _alike(states: Iterable[State]) -> list[list[State]]:
    """The states in their order; those that have ended and take the same steps as one."""
    columns: list[list[State]] = []
    for state in states:
        same = next((each for each in columns if not (state.is_open or each[0].is_open) and MATRIX[each[0]] == MATRIX[state]), None)
        if same is None:
            columns.append([state])
        else:
            same.append(state)
    return columns


def _letters(actors: frozenset[Actor]) -> str:
    return " ".join(letter for actor, letter in LETTERS.items() if actor in actors)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(as_markdown(), end="")
