"""Who may do what with a referral in which state: the matrix of `domain.md` 4.3, and the words in which a refusal answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.referrals.domain.facts import ENDED, State


class Actor(StrEnum):
    """Who brings a step about: the sender, the recipient, the person by way of the sender, or a rule (a timer, a heard fact)."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    CLIENT = "client"
    RULE = "rule"


class Step(StrEnum):
    """What can be done with a case or a referral, by the name of its route."""

    DRAFT = "draft"
    DISCARD = "discard"
    SEND = "send"
    RECEIVE = "receive"
    ASK = "ask"
    SUPPLY = "supply"
    ACCEPT = "accept"
    WAITLIST = "waitlist"
    DECLINE = "decline"
    REDIRECT = "redirect"
    ADVISE = "advise"
    SCHEDULE = "schedule"
    NO_SHOW = "no_show"
    START = "start"
    EXTEND = "extend"
    READY = "ready"
    COMPLETE = "complete"
    DISCONTINUE = "discontinue"
    RECALL = "recall"
    CONFIRM_RECALL = "confirm_recall"
    REFUSE_RECALL = "refuse_recall"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    EXPIRE = "expire"
    HOLD = "hold"
    END_HOLD = "end_hold"
    CHASE = "chase"
    ESCALATE = "escalate"
    REPORT_DEVIATION = "report_deviation"
    ACKNOWLEDGE_DEVIATION = "acknowledge_deviation"
    HANDLE_DEVIATION = "handle_deviation"
    ENTER_IN_ERROR = "enter_in_error"


S, R, C, T = Actor.SENDER, Actor.RECIPIENT, Actor.CLIENT, Actor.RULE
Row = Mapping[Step, frozenset[Actor]]


def _row(**may: tuple[Actor, ...]) -> Row:
    return {Step(name): frozenset(actors) for name, actors in may.items()}


# The recipient's acts may be written down by the sender, told by telephone; what the client says always comes by way of the sender.
_ANSWERS = _row(
    ask=(R, S), accept=(R, S), waitlist=(R, S), decline=(R, S), redirect=(R, S), advise=(R, S), schedule=(R, S), start=(R, S)
)  # fmt: skip
_WAITS = _row(recall=(S,), withdraw=(C,), hold=(S, T), chase=(S, T), escalate=(S, T))
_ANSWERED = _row(recall=(S,), confirm_recall=(R, S), refuse_recall=(R, S), withdraw=(C,), hold=(S, T), chase=(S,), escalate=(S,))
_SETTLED = _row(acknowledge_deviation=(R, S), handle_deviation=(R, S))
_LATER = {**_row(report_deviation=(R, S)), **_SETTLED}
_WRONG = _row(enter_in_error=(S,))

DRAFTERS: Final = frozenset({S, T})
"""Who may write a referral: before it is written it has no state, so no row."""

_WAYS: Final[Mapping[State, Row]] = {
    State.DRAFT: _row(send=(S,), discard=(S, T), hold=(S, T)),
    State.SENT: {**_row(receive=(R, S)), **_ANSWERS, **_WAITS, **_row(expire=(T,))},
    State.RECEIVED: {**_ANSWERS, **_WAITS, **_row(expire=(T,))},
    State.INFO_REQUESTED: {**_row(supply=(S,)), **_ANSWERS, **_WAITS, **_row(expire=(T,))},
    State.ACCEPTED: {**_row(schedule=(R, S), waitlist=(R, S), start=(R, S), cancel=(R, S)), **_ANSWERED},
    State.WAITLISTED: {**_row(accept=(R, S), schedule=(R, S), start=(R, S), decline=(R, S)), **_ANSWERED},
    State.SCHEDULED: {**_row(schedule=(R, S), start=(R, S), no_show=(R, S), cancel=(R, S)), **_ANSWERED},
    State.IN_PROGRESS: {
        **_row(extend=(R, S), ready=(R, S), complete=(R, S), discontinue=(R, S), hold=(S, T)), **_LATER
    },
    State.ON_HOLD: {
        **_row(end_hold=(S, T), cancel=(R, S), withdraw=(C,), discard=(S,), complete=(R, S), discontinue=(R, S)),
        **_LATER,
    },
    State.COMPLETED: _LATER,
    State.DISCONTINUED: _LATER,
    **{state: {} for state in ENDED - {State.COMPLETED, State.DISCONTINUED}},
}  # fmt: skip
MATRIX: Final[Mapping[State, Row]] = {state: row if state is State.ENTERED_IN_ERROR else {**row, **_WRONG} for state, row in _WAYS.items()}
"""Of every state the steps and who may cause them; the guards in `rules` narrow it further, and never widen it."""


@dataclass(frozen=True)
class Next:
    """One step that is allowed now, with which referral or deviation, and who may take it."""

    step: Step
    referral_id: UUID | None = None
    deviation_id: UUID | None = None
    by: tuple[Actor, ...] = ()


class Refused(Exception):
    """What the domain forbids: why, in words that hold nothing of what was said, and the steps allowed now.

    `crossed`: the step would have been right a moment ago, but another came first; a human should look at the two.
    """

    def __init__(self, message: str, allowed: Sequence[Next] = (), *, crossed: bool = False) -> None:
        super().__init__(message)
        self.message, self.allowed, self.crossed = message, tuple(allowed), crossed


class NotYet(Refused):
    """It is said to have happened later than now."""

    def __init__(self) -> None:
        super().__init__("This has not happened yet: a time later than now cannot be registered.")
