"""What every act carries with it: when it is registered, on whose behalf, and what caused it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


@dataclass(frozen=True)
class Context:
    """One interaction. `now` is read once, at the edge; `correlation` is shared by all that follows from it."""

    now: datetime
    correlation: UUID
    cause: UUID | None
    caller: str


def begin(now: datetime, caller: str) -> Context:
    """The context of something that begins here: a request, or a timer that fires."""
    return Context(now=now, correlation=uuid7(), cause=None, caller=caller)
