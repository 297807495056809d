"""Given, when, then: a decider tested by values alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True)
class Decider(Generic[S]):
    """`Decider(initial, decide, evolve).given(...).when(command).then(...)`."""

    initial: S
    decide: Callable[[S, Any], Sequence[Any]]
    evolve: Callable[[S, Any], S]
    _history: tuple[Any, ...] = field(default=(), repr=False)

    def given(self, *events: Any) -> "Decider[S]":
        """Adds what has already happened."""
        return replace(self, _history=(*self._history, *events))

    def state(self) -> S:
        """The state that the history folds to."""
        return reduce(self.evolve, self._history, self.initial)

    def when(self, command: Any) -> "Outcome":
        """Decides once; an exception is kept for `refused`."""
        try:
            return Outcome(tuple(self.decide(self.state(), command)), None)
        except Exception as error:
            return Outcome((), error)


@dataclass(frozen=True)
class Outcome:
    """What a decision answered."""

    events: tuple[Any, ...]
    error: Exception | None

    def then(self, *expected: Any) -> None:
        """Exactly these events, in this order."""
        if self.error is not None:
            raise self.error
        assert self.events == expected, f"decided {self.events}"

    def nothing_happened(self) -> None:
        """It was already so."""
        self.then()

    def refused(self, kind: type[Exception]) -> Any:
        """The refusal, of this kind; fails when it was allowed."""
        assert isinstance(self.error, kind), f"decided {self.events}, error {self.error!r}"
        return self.error
