"""Property tests: whatever order, repetition and delay the facts have, the stored clocks are the same bytes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import TypeVar
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.leadtimes.domain.clocks import MADE_BY, from_json, to_json
from services.leadtimes.domain.facts import Fact, FactType, in_order
from services.leadtimes.domain.measures import RULE_SET, Measure, Outcome
from services.leadtimes.domain.moments import LOCAL, Limit, Precision, local_midnight, reaches
from services.leadtimes.domain.passage import Place
from tests.unit.leadtimes.histories import CASE, RANK, application, clocks, closed, contact, decided, reopened, wait

MONTH = date(2026, 3, 10)
REASONS = {
    FactType.CASE_CLOSED: ("moved", "rejected", "lapsed_no_support", "studies", "entered_in_error"),
    FactType.CASE_REOPENED: ("closed_in_error", "appeal"),
}

NUMBERS = range(61)
EVENLY = st.integers(0, (1 << 24) - 1)
"""Of wider ranges Hypothesis mostly draws the small ones."""
T = TypeVar("T")
ASSESSMENTS = (FactType.ASSESSMENT_STARTED, FactType.ASSESSMENT_COMPLETED)
FACTS = list(FactType)
OF_REFERRALS = FACTS[FACTS.index(FactType.REFERRAL_DRAFTED) : FACTS.index(FactType.EVENT_CORRECTED)]
OF_INTAKE = [kind for kind in FACTS if kind not in OF_REFERRALS]
STARTS_AND_ENDS = [
    *(FactType.FIRST_CONTACT_REGISTERED, FactType.APPLICATION_RECEIVED, FactType.DECISION_MADE, FactType.CASE_ROUTED),
    FactType.SUPPORT_HINDRANCE_CODED,
    *(FactType.REFERRAL_DRAFTED, FactType.REFERRAL_SENT, FactType.REFERRAL_STARTED, FactType.REFERRAL_COMPLETED),
]
KINDS = {
    **dict.fromkeys(ASSESSMENTS, ("application", "mapping")),
    **dict.fromkeys(OF_REFERRALS, ("insats", "insats", "enrolment")),
    FactType.INSATS_OBSERVED: ("af_programme", "sfi"),
}


class Picks:
    """Choices from one number: to draw each of them by itself took most of the time of these tests."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, options: Sequence[T]) -> T:
        self.left, place = divmod(self.left, len(options))
        return options[place]


def a_body(pick: Picks, kind: FactType) -> dict[str, str | None]:
    """What a fact of that kind may say."""
    body = {
        "kind": pick(KINDS.get(kind, ("new", "renewal"))),
        "reason": pick(REASONS[kind]) if kind in REASONS else None,
        "corrects_event_id": str(uuid5(CASE, str(pick(NUMBERS)))) if kind is FactType.EVENT_CORRECTED else None,
    }
    if kind in OF_REFERRALS or kind is FactType.INSATS_OBSERVED:
        body |= {
            "referral_id": pick(["R", "S"]) if kind in OF_REFERRALS else None,
            "insats_kind": pick(["work_training", "work_training", "sfi"]),
            "planned_hours_per_week": pick([None, "9", "10", "25"]),
            "to_function": pick([None, "jobbcentrum"]),
            "successor_of": pick([None, "S"]),
            "attended": pick(["yes", "no"]),
            "asked_of": pick(["sender", "client"]),
            "deviation_id": pick(["D", "E"]),
            "ended_on": pick([None, "2026-03-08", "2026-04-12"]) if kind is FactType.INSATS_OBSERVED else None,
        }
    else:
        body |= {
            "application_ref": pick(["A", "B"]),
            "channel": pick([None, "phone"]),
            "known_from": pick([None, "2026-03-20"]),
            "level": pick(["none", "secrecy_marking"]) if kind is FactType.PROTECTION_LEVEL_CHANGED else None,
            "code": pick(["unemployed", "social"]),
            "unit": pick([None, "intake_group", "work_group"]),
            "mode": pick(["direct", "planned"]),
            "outcome": pick(["granted", "partly", "rejected"]),
            "person_ref": pick([None, "P"]),
            "support_from": pick([None, "2026-02-10", "2026-03-01"]),
            "support_to": pick([None, "2026-02-28", "2026-04-15"]),
        }
    return body


def fact_from(numbers: Sequence[int]) -> Fact:
    """Any fact of a busy month, across the change to summer time: days and instants, recorded late or at once."""
    pick = Picks(sum(number << 24 * place for place, number in enumerate(numbers)))
    number = pick(NUMBERS)
    kind = pick(pick([OF_INTAKE, OF_INTAKE, OF_REFERRALS, STARTS_AND_ENDS]))
    midnight = local_midnight(MONTH + timedelta(days=pick(range(41))))
    hours = pick([None, 0, 1, 9, 23])
    return Fact(
        event_id=uuid5(CASE, str(number)),
        type=kind,
        case_id=CASE,
        time=(midnight + timedelta(hours=hours or 0)).astimezone(pick([UTC, LOCAL])),
        precision=Precision.DAY if hours is None else Precision.INSTANT,
        recorded_at=midnight + timedelta(days=pick(range(21)), hours=23),
        rank=RANK[kind],
        topic="referral-events" if kind in OF_REFERRALS else "intake-events",
        sequence=number,
        body=a_body(pick, kind),
    )


facts_of_one_case = st.lists(st.tuples(EVENLY, EVENLY, EVENLY, EVENLY).map(fact_from), min_size=1, max_size=14)
limits: st.SearchStrategy[Limit] = st.one_of(
    st.dates(date(2026, 3, 8), date(2026, 6, 1)),
    st.integers(0, 85 * 24).map(lambda hours: datetime(2026, 3, 8, tzinfo=UTC) + timedelta(hours=hours)),
)


def stored(facts: list[Fact]) -> str:
    """The document of a case."""
    of_case = clocks(facts)
    assert of_case is not None
    return to_json(of_case)


@given(facts_of_one_case, st.randoms(use_true_random=False))
def test_order_and_repetition_never_matter(facts: list[Fact], chance: Random) -> None:
    shuffled = facts + chance.sample(facts, len(facts) // 2)
    chance.shuffle(shuffled)
    assert stored(shuffled) == stored(facts)


@given(facts_of_one_case, st.randoms(use_true_random=False))
def test_batch_by_batch_ends_in_the_same_bytes_as_a_rebuild(facts: list[Fact], chance: Random) -> None:
    arriving = facts + chance.sample(facts, len(facts) // 3)
    chance.shuffle(arriving)
    kept: list[Fact] = []
    document = ""
    while arriving:
        size = chance.randint(1, 4)
        kept, arriving = kept + arriving[:size], arriving[size:]
        document = stored(kept)
    assert document == stored(facts)


@given(facts_of_one_case)
def test_the_document_is_read_back_whole(facts: list[Fact]) -> None:
    of_case = clocks(facts)
    assert of_case is not None
    assert from_json(to_json(of_case)) == of_case


@given(facts_of_one_case)
def test_an_as_of_later_than_everything_changes_nothing(facts: list[Fact]) -> None:
    later = date(2027, 1, 1)
    assert clocks(facts, as_of=later, known_at=later) == clocks(facts)


@given(facts_of_one_case, limits, limits)
def test_limits_do_nothing_but_leave_facts_out(facts: list[Fact], as_of: Limit, known_at: Limit) -> None:
    once = [fact for fact in {fact.event_id: fact for fact in facts}.values() if fact.type is not FactType.PROTECTION_LEVEL_CHANGED]
    left = [
        fact.as_of(as_of)
        for fact in once
        if (fact.obeys_known_at_only or reaches(as_of, fact.time)) and reaches(known_at, fact.recorded_at)
    ]
    assert clocks(once, as_of, known_at) == clocks(left)


@given(facts_of_one_case, limits, limits)
def test_stored_clocks_answer_for_every_limit_they_say_they_answer_for(facts: list[Fact], as_of: Limit, known_at: Limit) -> None:
    of_case = clocks(facts)
    assert of_case is not None
    if of_case.answers(as_of, known_at):
        assert clocks(facts, as_of, known_at) == of_case


@given(facts_of_one_case)
def test_no_wait_is_open_in_a_closed_case_and_the_case_measures_come_once(facts: list[Fact]) -> None:
    of_case = clocks(facts)
    assert of_case is not None
    measured = [interval.measure for interval in of_case.intervals]
    assert measured.count(Measure.L01) == measured.count(Measure.L04) <= 1
    assert all(measured.count(once) <= 1 for once in (Measure.L07, Measure.L08, Measure.L09))
    kinds = {fact.type for fact in in_order(facts)}
    if FactType.CASE_CLOSED in kinds and FactType.CASE_REOPENED not in kinds:
        assert Outcome.OPEN not in {interval.outcome for interval in of_case.intervals}
        assert of_case.support is None or of_case.support.outcome is not Outcome.OPEN


def test_stored_clocks_do_not_answer_for_a_day_before_their_latest_fact() -> None:
    of_case = clocks([contact("2026-01-05"), decided("2026-01-20", recorded="2026-02-01")])
    assert of_case is not None
    assert of_case.answers(date(2026, 1, 20), date(2026, 2, 1))
    assert not of_case.answers(as_of=date(2026, 1, 19))
    assert not of_case.answers(known_at=date(2026, 1, 31))


def test_a_late_fact_takes_its_place_by_when_it_happened() -> None:
    opened = [contact("2026-01-05"), application("2026-01-05")]
    history = [*opened, decided("2026-01-20"), decided("2026-01-10", recorded="2026-02-01")]
    assert wait("L04", history).days == 5
    together = [closed("2026-01-08"), replace(reopened("2026-01-08"), recorded_at=opened[0].recorded_at)]
    assert wait("L04", [*history, *together]).days == 5, "of one time, the closing comes before the reopening"


def test_of_two_facts_with_one_id_the_first_recorded_counts() -> None:
    right = decided("2026-01-20")
    other = replace(right, time=right.time + timedelta(days=5), recorded_at=right.recorded_at + timedelta(days=9))
    opened = [contact("2026-01-05"), application("2026-01-05")]
    assert stored([*opened, other, right]) == stored([*opened, right])


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        replace(contact("2026-01-05"), time=datetime.fromisoformat("2026-01-05"))


def test_every_measure_and_group_is_among_what_is_shuffled() -> None:
    """The facts above are such that each of them comes about: a property of nothing holds always."""
    seen: set[str] = set()
    for history in range(500):
        digests = (sha256(f"{history} {place}".encode()).digest() for place in range(12))
        of_case = clocks([fact_from([int.from_bytes(digest[:12])]) for digest in digests])
        if of_case is None or of_case.passage is None:
            continue
        seen.update(interval.measure for interval in of_case.intervals)
        seen.update("both groups" for interval in of_case.intervals if interval.hindrance and interval.unit)
        seen.update("a recipient" for interval in of_case.intervals if interval.recipient)
        seen.update(holder for _, holders in of_case.passage.held.since for holder in holders)
        seen.update(of_case.passage.places)
        seen.update(["months of support"] if of_case.support else [])
    assert seen >= {*Measure} - {Measure.L24, Measure.L20P} | {*Place} | {"both groups", "a recipient", "months of support"}
    assert seen >= {"municipality", "client", "partner:jobbcentrum", "gap"}


def test_clocks_of_another_rule_set_are_of_no_use() -> None:
    document = stored([contact("2026-01-05")])
    assert from_json(document) is not None
    for name, version in (("rule_set", RULE_SET), ("made_by", MADE_BY)):
        older = document.replace(f'"{name}":{version}', f'"{name}":{version - 1}')
        assert older != document
        assert from_json(older) is None
    assert from_json(document.replace(f'"made_by":{MADE_BY},', "")) is None
    assert from_json('{"intervals": [], "rule_set": 1}') is None
