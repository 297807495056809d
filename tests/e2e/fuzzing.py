"""schemathesis at the doors of the running street: its examples, edge cases, random requests and chains, counted by status."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.engine import events, from_schema
from schemathesis.generation.meta import TestPhase

from deploy.local.record import StreetRecord
from tests.street import token

OFTEN, HALF, SELDOM = 0.8, 0.5, 0.2
CHAINS = 4  # for each random request that an operation gets
NO_ANSWER = 0
SUCCESS = (200, 201, 204, 303)  # 303: the one-time link leads on to its page
ROLES = (
    *("intake-staff", "intake-decider", "intake-protected", "intake-manager", "leadtimes-reader", "operator", "partners"),
    *("referrals-staff", "referrals-protected"),
)
Prepare = Callable[[schemathesis.Case], None]


@dataclass
class Answers:
    """How often each operation answered with each status, and the requests that nobody should be able to make fail."""

    counted: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    chained: int = 0

    def table(self) -> str:
        """Operation by status."""
        statuses = sorted({status for _, status in self.counted})
        rows = [["operation", *map(str, statuses)]]
        rows += [[each, *(str(self.counted[each, status] or "-") for status in statuses)] for each in self.operations()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)

    def operations(self) -> list[str]:
        return sorted({each for each, _ in self.counted})

    def succeeded(self) -> set[str]:
        return {each for each, status in self.counted if status in SUCCESS}


def send(street: StreetRecord, service: str, prepare: Prepare, examples: int, seed: int) -> Answers:
    """Sends what schemathesis thinks of to every operation of a service: valid and invalid, alone and in chains.

    `prepare` may give a request what it must find to succeed. `examples`: how many random requests an operation gets.
    """
    schema = schemathesis.openapi.from_url(
        f"{street.services[service].url}/{service}/openapi.json", config=_config(token(street, *ROLES), examples, seed)
    )
    answers = Answers()
    with _before_each_call(prepare):
        for event in from_schema(schema).execute():
            match event:
                case events.ScenarioFinished():
                    _count(event, answers)
                case events.NonFatalError():
                    answers.faults.append(f"schemathesis: {event.info.format()}")
                case events.FatalError():
                    raise event.exception
    assert {each.ok().label for each in schema.get_all_operations()} == set(answers.operations()), "no operation is left out"
    return answers


def _config(access_token: str, examples: int, seed: int) -> schemathesis.Config:
    checks = {
        "enabled": False,
        "not_a_server_error": {"enabled": True},
        "content_type_conformance": {"enabled": True},
        "response_schema_conformance": {"enabled": True},
    }
    return schemathesis.Config.from_dict(
        {
            "seed": seed,
            "headers": {"authorization": f"Bearer {access_token}"},
            "checks": checks,
            "generation": {"mode": "all", "max-examples": examples, "database": "none", "no-shrink": True},
            "phases": {"stateful": {"generation": {"max-examples": CHAINS * examples}}},
            # Its edge cases are those of every step together, some two thousand: each step's own route gets them anyhow.
            "operations": [{"include-name": "POST /intake/imports", "phases": {"coverage": {"enabled": False}}}],
            "request-timeout": 30,
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "cache": {"enabled": False},
            "warnings": False,
        }
    )


@contextmanager
def _before_each_call(prepare: Prepare) -> Iterator[None]:
    def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: Mapping[str, Any]) -> None:
        prepare(case)

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)


def _count(event: events.ScenarioFinished, answers: Answers) -> None:
    recorder = event.recorder
    for number, sent in recorder.interactions.items():
        status = sent.response.status_code if sent.response else NO_ANSWER
        answers.counted[recorder.cases[number].value.operation.label, status] += 1
        answers.chained += recorder.cases[number].parent_id is not None
        wrong = [each.failure_info.failure.title for each in recorder.checks.get(number, []) if each.failure_info]
        if status == NO_ANSWER or status >= 500 or wrong:
            answers.faults.append(f"{status} {wrong} {sent.request.method} {sent.request.uri} {sent.request.encoded_body}")


class Preparing:
    """What every request is given, so that more than the first refusal of each operation is met: now and then, the examples always."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def often(self, case: schemathesis.Case) -> bool:
        is_example = case.meta is not None and case.meta.phase.name is TestPhase.EXAMPLES
        return self._chance.random() < OFTEN or is_example

    def now_and_then(self, case: schemathesis.Case) -> bool:
        """Never in a chain, which has found for itself; seldom among the edge cases, of which most are refused before they look."""
        phase = case.meta.phase.name if case.meta else TestPhase.FUZZING
        likely = {TestPhase.STATEFUL: 0.0, TestPhase.COVERAGE: SELDOM, TestPhase.EXAMPLES: 1.0}.get(phase, HALF)
        return self._chance.random() < likely

    def __call__(self, case: schemathesis.Case) -> None:
        if case.headers is not NOT_SET and "Idempotency-Key" in (case.headers or {}) and self.often(case):
            case.headers["Idempotency-Key"] = str(uuid4())
        self.prepare(case)

    def prepare(self, case: schemathesis.Case) -> None:
        """What this service's requests need."""
