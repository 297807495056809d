"""Whatever intake lets be corrected, and corrected again: intake and leadtimes count the same facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.intake.domain.corrections import Recorded, correct, standing
from services.intake.domain.facts import EventCorrected, FirstContactRegistered
from services.intake.domain.moments import instant
from services.intake.domain.steps import Refused
from services.leadtimes.domain.facts import Fact, FactType, in_force
from services.leadtimes.domain.moments import Precision

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Choice = tuple[int, bool]
"""Which of the facts told so far is corrected, and whether another one is said instead."""


def a_contact(days: int) -> FirstContactRegistered:
    return FirstContactRegistered(instant(NOW - timedelta(days=days)), None, None, "phone", "intake", None)


def corrected(choices: list[Choice]) -> list[Recorded]:
    """Two contacts, and what intake tells of each correction that it takes."""
    ids = map(UUID, (f"{number:032x}" for number in count(1)))
    told = [Recorded(next(ids), a_contact(days)) for days in (5, 50)]
    for number, (which, otherwise) in enumerate(choices):
        wrong = told[which % len(told)]
        said: Any = None
        if otherwise and not isinstance(wrong.fact, EventCorrected):
            said = Recorded(next(ids), replace(wrong.fact, happened=instant(NOW - timedelta(days=100 + number))))
        try:
            told += correct(told, lambda: next(ids), wrong.id, said, NOW)
        except Refused:
            continue
    return told


def heard(told: list[Recorded]) -> list[Fact]:
    facts = []
    for number, each in enumerate(told):
        fact = each.fact
        kind, body = FactType.FIRST_CONTACT_REGISTERED, {}
        if isinstance(fact, EventCorrected):
            replaced_by = str(fact.replaced_by) if fact.replaced_by else None
            kind, body = FactType.EVENT_CORRECTED, {"corrects_event_id": str(fact.corrects_event_id), "replaced_by": replaced_by}
        recorded_at = NOW + timedelta(seconds=number)
        facts.append(Fact(each.id, kind, UUID(int=1), NOW, Precision.INSTANT, recorded_at, 1, sequence=number, body=body))
    return facts


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=8))
@example([(0, True), (3, False), (0, True), (4, False)])
@example([(0, True), (3, False), (0, False), (4, False)])
def test_intake_and_leadtimes_count_the_same_facts(choices: list[Choice]) -> None:
    told = corrected(choices)
    assert {each.id for each in standing(told)} == {each.event_id for each in in_force(heard(told))}


def test_corrections_that_lead_in_a_circle_count_nothing_and_end() -> None:
    one, other = (UUID(int=number) for number in (1, 2))
    told = [Recorded(one, a_contact(5)), Recorded(other, a_contact(6))]
    told += [
        Recorded(UUID(int=9), EventCorrected(instant(NOW), one, None, other)),
        Recorded(UUID(int=10), EventCorrected(instant(NOW), other, None, one)),
    ]
    assert in_force(heard(told)) == []
