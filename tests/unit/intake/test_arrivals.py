"""Arrivals by hand: what became of each case, weeks of the Swedish calendar, and both sides of Little's law."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.intake.domain.arrivals import Became, Received, Spell, arrivals, littles_law, spell
from services.intake.domain.case import Application, Case
from services.intake.domain.caseload import CaseType, Handling
from services.intake.domain.duplicates import AsOne, Kept, read_as_one
from services.intake.domain.facts import CaseClosed, CaseRouted, CloseReason, DecisionMade, Outcome
from services.intake.domain.moments import When, day, instant
from services.intake.domain.passage import Passage

NOW = datetime(2026, 2, 1, 10, 0, tzinfo=UTC)  # a Sunday
TODAY = date(2026, 2, 1)
SUPPORT = CaseType.INCOME_SUPPORT


def decided(on: date, outcome: Outcome) -> DecisionMade:
    return DecisionMade(day(on), UUID(int=1), UUID(int=2), outcome, None, None, False, "social_worker")


def applied(on: date, decision: DecisionMade | None = None, withdrawn: When | None = None) -> Application:
    return Application(UUID(int=on.toordinal()), "new", day(on), on, on, decision=decision, withdrawn=withdrawn)


def opened(*applications: Application, closed: CloseReason | None = None, contact: date = date(2026, 1, 20)) -> Case:
    closing = CaseClosed(day(date(2026, 1, 30)), closed) if closed else None
    return Case(contacts=(day(contact),), applications=applications, closing=closing)


def as_one(*cases: Case) -> list[AsOne]:
    """The cases of the ids A, B and so on."""
    return read_as_one({ref: Kept(case) for ref, case in zip(IDS, cases, strict=False)}, NOW)


def arrival(*cases: Case) -> Spell | None:
    [one] = as_one(*cases)
    return spell(one.case, SUPPORT)


def ended(case: Case, on: date, reason: CloseReason = CloseReason.MOVED) -> Case:
    return replace(case, closing=CaseClosed(day(on), reason))


IDS = A, B, C, D = [UUID(int=number) for number in (101, 102, 103, 104)]
JAN = [date(2026, 1, number) for number in range(1, 32)]
REJECTED, GRANTED = decided(JAN[24], Outcome.REJECTED), decided(JAN[28], Outcome.GRANTED)


@pytest.mark.parametrize(
    ("case", "expected", "reason"),
    [
        (opened(), Became.AWAITING_APPLICATION, None),
        (opened(applied(JAN[20])), Became.AWAITING_DECISION, None),
        (opened(applied(JAN[20], GRANTED)), Became.GRANTED, None),
        (opened(applied(JAN[20], decided(JAN[24], Outcome.PARTLY))), Became.PARTLY, None),
        (opened(applied(JAN[20], REJECTED), closed=CloseReason.REJECTED), Became.REJECTED, None),
        (opened(applied(JAN[20], decided(JAN[24], Outcome.DISMISSED))), Became.DISMISSED, None),
        (opened(applied(JAN[20], GRANTED), applied(JAN[21], REJECTED)), Became.REJECTED, None),
        (opened(applied(JAN[20]), applied(JAN[21], REJECTED)), Became.REJECTED, None),
        (opened(applied(JAN[20], withdrawn=day(JAN[21]))), Became.WITHDRAWN, None),
        (opened(applied(JAN[20], withdrawn=day(JAN[21])), closed=CloseReason.WITHDRAWN), Became.WITHDRAWN, None),
        (opened(applied(JAN[20], withdrawn=day(JAN[21])), applied(JAN[22])), Became.AWAITING_DECISION, None),
        (opened(closed=CloseReason.MOVED), Became.NEVER_APPLIED, None),
        (opened(contact=date(2025, 12, 20)), Became.NEVER_APPLIED, None),  # by rule, also while no timer has told it
        (opened(applied(JAN[20]), closed=CloseReason.MOVED), Became.CLOSED_OTHERWISE, CloseReason.MOVED),
    ],
)
def test_of_each_case_exactly_one_thing_became(case: Case, expected: Became, reason: CloseReason | None) -> None:
    found = arrival(case)
    assert found is not None
    assert (found.became, found.reason, found.applied) == (expected, reason, bool(case.applications))


def test_what_was_entered_in_error_never_came() -> None:
    assert arrival(opened(closed=CloseReason.ENTERED_IN_ERROR)) is None
    assert arrival(Case()) is None


def test_a_closing_by_rule_counts_from_the_day_it_was_due() -> None:
    found = arrival(opened(contact=date(2025, 12, 20)))
    assert found is not None
    assert (found.opened, found.closed) == (date(2025, 12, 20), date(2026, 1, 19))


def came(on: date, closed: date | None = None, case_type: CaseType = SUPPORT, household: int | None = None) -> Spell:
    return Spell(on, closed, Became.AWAITING_DECISION, None, True, case_type, None, UUID(int=household) if household else None)


def test_weeks_are_swedish_iso_weeks_and_the_present_one_ends_today() -> None:
    late_on_sunday = arrival(opened(contact=date(2026, 1, 25)))
    first_on_monday = arrival(Case(contacts=(instant(datetime(2026, 1, 25, 23, 30, tzinfo=UTC)),)))
    assert late_on_sunday is not None
    assert first_on_monday is not None
    spells = [late_on_sunday, first_on_monday, came(date(2026, 1, 11)), came(date(2026, 1, 19), household=1)]
    spells += [came(date(2026, 1, 20), household=1), came(date(2026, 1, 21), case_type=CaseType.RENT_GUARANTEE)]
    weeks = arrivals(spells, [Received(date(2026, 1, 21), "e_service"), Received(date(2026, 1, 25), "letter")], TODAY, 2)
    assert [(each.monday, each.complete) for each in weeks] == [
        *((date(2026, 1, 12), True), (date(2026, 1, 19), True)),
        (date(2026, 1, 26), False),
    ]
    assert [(each.counted.cases, each.counted.households, each.not_counted) for each in weeks] == [(0, 0, 0), (3, 2, 1), (1, 1, 0)]
    assert [(each.applications, each.by_e_service) for each in weeks] == [(0, 0), (2, 1), (0, 0)]
    assert [each.open_at_end for each in weeks] == [1, 4, 5]
    assert all(sum(each.became.values()) == each.counted.cases for each in weeks)
    assert [each.complete for each in arrivals([], [], date(2026, 2, 2), 1)] == [True, False]


def test_both_sides_of_littles_law_are_alike_where_as_many_come_as_go() -> None:
    mondays = [date(2025, 9, 1) + timedelta(weeks=number) for number in range(22)]
    spells = [came(monday, monday + timedelta(weeks=3)) for monday in mondays for _ in range(2)]
    spells = [each if each.closed and each.closed <= TODAY else came(each.opened) for each in spells]
    law = littles_law(spells, arrivals(spells, [], TODAY, 8))
    assert (law.arrivals_a_week, law.closed, law.mean_weeks, law.mean_open) == (2, 16, 3, 6)
    assert law.arrivals_times_weeks == law.mean_open
    assert (law.still_open, law.mean_weeks_so_far) == (6, 2)


def test_where_nobody_closed_there_is_no_other_side() -> None:
    spells = [came(date(2026, 1, 12)), came(date(2026, 1, 19)), came(date(2026, 1, 12), date(2026, 1, 19), CaseType.ESTATE_NOTIFICATION)]
    law = littles_law(spells, arrivals(spells, [], TODAY, 2))
    assert (law.closed, law.mean_weeks, law.arrivals_times_weeks) == (0, None, None)
    assert (law.mean_open, law.arrivals_a_week, law.still_open, law.mean_weeks_so_far) == (1.5, 1, 2, 1.5)
    none = littles_law([], arrivals([], [], TODAY, 1))
    assert (none.mean_open, none.still_open, none.mean_weeks_so_far) == (0, 0, None)


def test_cases_marked_as_duplicates_are_one_arrival_open_while_any_is() -> None:
    first, second = opened(applied(JAN[6]), contact=JAN[5]), opened(applied(JAN[22], GRANTED), contact=JAN[22], closed=CloseReason.MOVED)
    second = replace(second, duplicate_of=A)
    found = arrival(first, second)
    assert found is not None
    assert (found.opened, found.closed, found.became) == (JAN[5], None, Became.GRANTED)
    [both] = as_one(ended(first, JAN[25]), second)
    assert (both.ids, both.case.closing) == ((A, B), second.closing), "the later one"
    in_error = ended(second, JAN[30], CloseReason.ENTERED_IN_ERROR)
    [one] = as_one(ended(first, JAN[25]), in_error)
    assert one.case.closing == CaseClosed(day(JAN[25]), CloseReason.MOVED)
    assert [each.decision for each in one.case.applications] == [None], "the decision was made in the one that was an error"
    assert arrival(ended(first, JAN[25], CloseReason.ENTERED_IN_ERROR), in_error) is None


def test_marks_join_by_way_of_others_and_under_the_earliest_contact_then_the_lower_id() -> None:
    late, early = opened(contact=JAN[22]), opened(contact=JAN[5])
    assert [each.ids for each in as_one(replace(late, duplicate_of=B), replace(late, duplicate_of=C), early, late)] == [(C, A, B), (D,)]
    assert [each.ids for each in as_one(late, replace(early, duplicate_of=A), replace(early, duplicate_of=A))] == [(B, C, A)]
    assert [each.ids for each in as_one(replace(late, duplicate_of=B), replace(late, duplicate_of=A))] == [(A, B)], "a circle ends"
    assert [each.ids for each in as_one(replace(late, duplicate_of=C), replace(early, duplicate_of=C))] == [(A,), (B,)], "C is not there"


def test_a_rule_closes_each_of_the_cases_and_never_what_they_are_together() -> None:
    rejected = applied(date(2025, 11, 5), decided(date(2025, 11, 10), Outcome.REJECTED))
    before = ended(opened(rejected, contact=date(2025, 11, 3)), date(2025, 11, 12), CloseReason.REJECTED)
    call = replace(opened(contact=JAN[20]), duplicate_of=A)
    found = arrival(before, call)
    assert found is not None
    assert (found.opened, found.closed) == (date(2025, 11, 3), None), "not on 1 January, after a month without support"
    [one] = read_as_one({A: Kept(before), B: Kept(call)}, datetime(2026, 3, 2, tzinfo=UTC))
    found = spell(one.case, SUPPORT)
    assert found is not None
    assert (found.closed, found.became) == (date(2026, 2, 20), Became.REJECTED), "thirty days after the call"


def test_what_the_first_does_not_say_the_next_says_and_whoever_is_protected_has_no_unit() -> None:
    fund, routed = CaseType.FUND_ADMINISTRATION, Passage(routes=(CaseRouted(day(JAN[5]), "basgruppen", "social_worker", "r1", 1, 1),))
    first = replace(opened(contact=JAN[5]), person_ref=UUID(int=1), known_from=JAN[3], reopened=day(JAN[7]))
    second = replace(opened(contact=JAN[9]), person_ref=UUID(int=2), household_ref=UUID(int=9), known_from=JAN[2], duplicate_of=B)
    [one] = read_as_one({A: Kept(second), B: Kept(first)}, NOW)
    assert (one.case.person_ref, one.case.household_ref) == (UUID(int=1), UUID(int=9))
    assert (one.case.known_from, one.case.reopened, one.case.duplicate_of) == (JAN[3], day(JAN[7]), None)
    assert (one.unit, one.handling) == (None, Handling())

    def handled(protection: str, *kept: tuple[UUID | None, CaseType | None]) -> tuple[str | None, Handling]:
        of_first, of_second = kept
        [one] = read_as_one({A: Kept(replace(second, passage=routed, protection=protection), *of_second), B: Kept(first, *of_first)}, NOW)
        return one.unit, one.handling

    assert handled("none", (UUID(int=5), SUPPORT), (UUID(int=6), fund)) == ("basgruppen", Handling(UUID(int=5), SUPPORT))
    assert handled("none", (None, None), (UUID(int=6), fund)) == ("basgruppen", Handling(UUID(int=6), fund))
    assert handled("secrecy_marking", (UUID(int=5), fund), (None, None)) == (None, Handling(None, fund))
