"""What holds of every history, whatever is typed and in whichever order."""

from datetime import UTC, datetime
from functools import reduce
from typing import get_args
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import INTAKE_EVENTS, PUBLISHED, STAGE_RANK
from contracts.envelope import Envelope, open_message
from services.intake.domain.case import Case, evolve
from services.intake.domain.facts import CaseClosed, CaseReopened, CloseReason, Fact
from services.intake.domain.moments import day, local_date
from services.intake.store.cases import BODY
from services.intake.translate import EVENT_OF, fold, kept, publishable
from shared.outbox import Told
from tests.unit.intake.histories import typed

CASE_ID = UUID(int=99)
any_history = given(typed())
calmly = settings(deadline=None, max_examples=60)


def over_the_wire(told: Told, sequence: int) -> Envelope:
    """The fact as another house would read it."""
    envelope = Envelope(
        id=UUID(int=sequence),
        source="/municipality/0114/intake",
        subject=told.stream,
        time=told.time,
        timeprecision=told.precision,
        recordedtime=datetime.now(UTC),
        partitionkey=told.stream,
        sequence=sequence,
        correlationid=UUID(int=1),
        data=told.event,
    )
    opened = open_message(*envelope.message())
    assert isinstance(opened, Envelope)
    return opened


@calmly
@any_history
def test_what_is_told_folds_to_what_is_stored(history: tuple[Case, list[Fact]]) -> None:
    case, facts = history
    told = [over_the_wire(each, number) for number, each in enumerate(publishable(CASE_ID, facts), start=1)]
    assert [kept(each.data, each.time, each.timeprecision) for each in told] == facts
    assert fold(told) == BODY.dump_python(case, mode="json")
    assert BODY.validate_python(BODY.dump_python(case, mode="json")) == case == reduce(evolve, facts, Case())


@calmly
@any_history
def test_a_reader_who_folds_by_time_finds_the_same_closing(history: tuple[Case, list[Fact]]) -> None:
    case, facts = history
    told = sorted(publishable(CASE_ID, facts), key=lambda each: (each.time, STAGE_RANK[each.event.event_type]))
    in_force: CaseClosed | None = None
    for each in told:
        match kept(each.event, each.time, each.precision):
            case CaseClosed() as closing:
                in_force = in_force or closing
            case CaseReopened():
                in_force = None
    assert in_force == case.closing


@calmly
@any_history
def test_no_rule_closes_over_an_open_application(history: tuple[Case, list[Fact]]) -> None:
    case = Case()
    for fact in history[1]:
        case = evolve(case, fact)
        if isinstance(fact, CaseClosed) and fact.reason.is_rule:
            assert all(each.ended for each in case.applications)
            assert all(each.received.at < fact.happened.at for each in case.applications)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31), timezones=st.just(UTC)))
def test_a_day_survives_the_wire_in_every_year(at: datetime) -> None:
    happened = day(local_date(at))
    told = publishable(CASE_ID, [CaseClosed(happened, reason=CloseReason.MOVED)])[0]
    envelope = over_the_wire(told, 1)
    assert kept(envelope.data, envelope.time, envelope.timeprecision) == CaseClosed(happened, CloseReason.MOVED)


def test_every_fact_has_an_event_and_every_event_of_intake_a_fact() -> None:
    assert set(EVENT_OF) == set(get_args(Fact))
    assert set(EVENT_OF.values()) == {event for event in PUBLISHED if event.topic == INTAKE_EVENTS}
