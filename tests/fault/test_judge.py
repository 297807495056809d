"""The judge of the sweeps sees each kind of breach when one is planted, and none where there is none."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from tests.fault.judge import CLOSED, Event, astray, disordered, doubled, first_times, invented, lost
from tests.fault.ledger import Outcome, Request, opened, read

CASE, QUIET = uuid4(), uuid4()
CONTACT, APPLIED, REFUSED, ABANDONED, LONG_AGO = [
    Request(uuid4(), Outcome.OK, CASE, closes=False),
    Request(uuid4(), Outcome.OK, CASE, closes=False),
    Request(uuid4(), Outcome.FAILED, CASE, closes=False),
    Request(uuid4(), Outcome.UNKNOWN, CASE, closes=False),
    Request(uuid4(), Outcome.OK, QUIET, closes=True),
]
ASKED = [CONTACT, APPLIED, REFUSED, ABANDONED, LONG_AGO]


def event(asked: Request, sequence: int) -> Event:
    """What a request leaves behind when all is well."""
    assert asked.case
    return Event(uuid4(), asked.case, sequence, "any", asked.mark)


CLOSING = Event(uuid4(), QUIET, 2, CLOSED, None)
WELL = [event(CONTACT, 1), event(APPLIED, 2), event(LONG_AGO, 1), CLOSING]


def breaches(events: list[Event]) -> list[list[str]]:
    """What each of the judge's questions finds."""
    return [question(ASKED, events) for question in (lost, doubled, disordered, invented)]


def test_what_is_well_is_no_breach_and_what_is_unknown_may_have_happened_once() -> None:
    assert breaches(WELL) == [[], [], [], []]
    assert breaches([*WELL, event(ABANDONED, 3)]) == [[], [], [], []]
    assert first_times([*WELL, *WELL]) == WELL


def test_a_promise_without_its_event_is_lost() -> None:
    assert lost(ASKED, WELL[:1] + WELL[2:]) == [f"{APPLIED.mark} of case {CASE} is lost"]
    assert lost(ASKED, WELL[:-1]) == [f"case {QUIET} was never closed"]


def test_two_effects_are_one_too_many_whatever_the_client_knows() -> None:
    assert doubled(ASKED, [*WELL, event(APPLIED, 3)]) == [f"{APPLIED.mark} happened 2 times"]
    assert doubled(ASKED, [*WELL, event(ABANDONED, 3), event(ABANDONED, 4)]) == [f"{ABANDONED.mark} happened 2 times"]
    assert doubled(ASKED, [*WELL, event(REFUSED, 3)]) == [f"{REFUSED.mark} was refused and happened"]
    assert doubled(ASKED, [*WELL, replace(CLOSING, id=uuid4(), sequence=3)]) == [f"case {QUIET} was closed 2 times"]
    assert doubled(ASKED, [*WELL, event(ABANDONED, 2)]) == [f"2 events are number 2 of {CASE}"]


def test_a_gap_and_a_swap_are_disorder() -> None:
    contact, applied, *others = WELL
    assert len(disordered(ASKED, [contact, replace(applied, sequence=3), *others])) == 1
    assert len(disordered(ASKED, [applied, contact, *others])) == 1
    assert len(disordered(ASKED, [replace(applied, sequence=1), replace(contact, sequence=2), *others])) == 1


def test_what_nobody_asked_for_is_invented() -> None:
    assert len(invented(ASKED, [*WELL, replace(CLOSING, id=uuid4(), stream=CASE, sequence=3)])) == 1
    assert len(invented(ASKED, [*WELL, replace(CLOSING, id=uuid4(), type="any", sequence=3)])) == 1


def test_a_place_that_differs_from_the_outbox_is_astray_whoever_was_promised_what() -> None:
    abandoned = event(ABANDONED, 3)
    assert astray(WELL, [*WELL, *WELL]) == []
    assert astray([*WELL, abandoned], WELL) == [f"{abandoned} did not arrive"]
    assert astray(WELL, [*WELL, abandoned]) == [f"the outbox does not keep {abandoned}"]


def test_the_ledger_tells_the_last_that_is_known_of_each_request_in_the_order_of_asking(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.jsonl") as ledger:
        for mark, outcome in [(CONTACT.mark, Outcome.ASKED), (REFUSED.mark, Outcome.FAILED), (CONTACT.mark, Outcome.UNKNOWN)]:
            ledger.write(mark, outcome, None, closes=False)
        assert read(tmp_path / "ledger.jsonl") == [
            Request(CONTACT.mark, Outcome.UNKNOWN, None, closes=False),
            Request(REFUSED.mark, Outcome.FAILED, None, closes=False),
        ]
