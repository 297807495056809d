"""What a service answers instead of a case: what it refuses, with all that it says about it, and what it does not show."""

from collections.abc import Mapping, Sequence
from typing import Any

from sluss_client.answers import Step


class Unshown(Exception):
    """It is done, in a case that the token may not see (of a protected person): nothing of it is told. It need not be sent again."""


class Refusal(Exception):
    """The service refused, and nothing happened: `code` is that of its catalogue of errors, `reason` the rule's own words.

    `next`: the steps allowed now; `errors`: which fields of the request are wrong, by place and kind, never by what was said.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("type", "")).rpartition(":")[2] or f"http_{status}"
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.cure = str(problem.get("cure", ""))
        self.reason = str(problem.get("reason", ""))
        self.errors: Sequence[Mapping[str, str]] = problem.get("errors", [])
        self.next = [Step.model_validate(step) for step in problem.get("next", [])]
        super().__init__(" ".join(filter(None, (f"{self.code}:", self.reason or self.detail, self.cure))))
