"""Arrivals by hand: what became of each case, weeks of the Swedish calendar, and both sides of Little's law."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.intake.domain.arrivals import Became, Received, Spell, arrivals, littles_law, read_as_one, spell
from services.intake.domain.case import Application, Case
from services.intake.domain.caseload import CaseType
from services.intake.domain.facts import CaseClosed, CloseReason, DecisionMade, Outcome
from services.intake.domain.moments import When, day, instant

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
    found = spell(case, SUPPORT, NOW)
    assert found is not None
    assert (found.became, found.reason, found.applied) == (expected, reason, bool(case.applications))


def test_what_was_entered_in_error_never_came() -> None:
    assert spell(opened(closed=CloseReason.ENTERED_IN_ERROR), SUPPORT, NOW) is None
    assert spell(Case(), SUPPORT, NOW) is None


def test_a_closing_by_rule_counts_from_the_day_it_was_due() -> None:
    found = spell(opened(contact=date(2025, 12, 20)), SUPPORT, NOW)
    assert found is not None
    assert (found.opened, found.closed) == (date(2025, 12, 20), date(2026, 1, 19))


def came(on: date, closed: date | None = None, case_type: CaseType = SUPPORT, household: int | None = None) -> Spell:
    return Spell(on, closed, Became.AWAITING_DECISION, None, True, case_type, None, UUID(int=household) if household else None)


def test_weeks_are_swedish_iso_weeks_and_the_present_one_ends_today() -> None:
    late_on_sunday = spell(opened(contact=date(2026, 1, 25)), SUPPORT, NOW)
    first_on_monday = spell(Case(contacts=(instant(datetime(2026, 1, 25, 23, 30, tzinfo=UTC)),)), SUPPORT, NOW)
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
    a, b, c = (UUID(int=number) for number in (101, 102, 103))
    first, second = opened(applied(JAN[6]), contact=JAN[5]), opened(applied(JAN[22], GRANTED), contact=JAN[22], closed=CloseReason.MOVED)
    [one] = read_as_one({a: first, b: replace(second, duplicate_of=a)}, NOW).values()
    found = spell(one, SUPPORT, NOW)
    assert found is not None
    assert (found.opened, found.closed, found.became) == (JAN[5], None, Became.GRANTED)
    by_way = {a: first, b: replace(second, duplicate_of=a), c: replace(opened(), duplicate_of=b)}
    assert list(read_as_one(by_way, NOW)) == [a]
    closed = replace(first, closing=CaseClosed(day(JAN[25]), CloseReason.MOVED))
    [both] = read_as_one({a: closed, b: replace(second, duplicate_of=a)}, NOW).values()
    assert both.closing == second.closing
    in_error = replace(second, closing=CaseClosed(day(JAN[30]), CloseReason.ENTERED_IN_ERROR), duplicate_of=a)
    assert read_as_one({a: closed, b: in_error}, NOW)[a].closing == closed.closing
    assert len(read_as_one({b: replace(second, duplicate_of=a)}, NOW)) == 1, "the other is not among them"
    assert len(read_as_one({a: replace(first, duplicate_of=b), b: replace(second, duplicate_of=a)}, NOW)) >= 1, "a circle ends"
