"""The caseload by hand: what is counted, what is hidden, and how unevenly it is spread."""

from uuid import UUID

import pytest

from services.intake.domain.caseload import CaseType, Experience, Handling, OpenCase, Worker, caseload, count, gini

NEW, EXPERIENCED = Experience.NEW, Experience.EXPERIENCED


def worker(number: int, experience: Experience = NEW, unit: str = "basgruppen", away: bool = False) -> Worker:
    return Worker(UUID(int=number), unit, experience, away)


def cases(n: int, of: int | None = None, unit: str | None = None, case_type: CaseType = CaseType.INCOME_SUPPORT) -> list[OpenCase]:
    return [OpenCase(unit, Handling(UUID(int=of) if of else None, case_type), None, None)] * n


def case(person: int | None, household: int | None) -> OpenCase:
    return OpenCase(None, Handling(), UUID(int=person) if person else None, UUID(int=household) if household else None)


@pytest.mark.parametrize(
    ("loads", "expected"),
    [([], None), ([0, 0], None), ([7], 0), ([5, 5, 5], 0), ([1, 3], 0.25), ([0, 0, 0, 4], 0.75), ([2, 3, 5], 0.2)],
)
def test_gini_by_hand(loads: list[int], expected: float | None) -> None:
    assert gini(loads) == (None if expected is None else pytest.approx(expected))


def test_two_adults_of_one_household_are_two_cases_and_one_household_and_who_is_not_known_is_one_more() -> None:
    family = [case(1, 9), case(2, 9)]
    assert vars(count(family)) == {"cases": 2, "adults": 2, "households": 1}
    assert vars(count([*family, case(3, None), case(None, None), case(None, None), case(3, 8)])) == {
        **{"cases": 6, "adults": 5, "households": 5}
    }


def test_a_unit_is_shown_as_it_is_and_as_it_would_be_if_all_who_are_present_had_as_many() -> None:
    workers = [*map(worker, (1, 2, 3)), *(worker(number, EXPERIENCED) for number in (4, 5, 6)), worker(7, EXPERIENCED, away=True)]
    held = [*cases(2, 1), *cases(4, 2), *cases(3, 3), *cases(8, 4), *cases(9, 5), *cases(7, 6), *cases(3, 7)]
    nobodys = cases(6, None, "basgruppen")
    others = [*cases(2, 1, None, CaseType.ESTATE_NOTIFICATION), *cases(1, None, "basgruppen", CaseType.RENT_GUARANTEE)]
    total, [unit] = caseload([*held, *nobodys, *others], workers)
    assert (unit.unit, unit.counted.cases, unit.workers, unit.away, unit.even) == ("basgruppen", 42, 7, 1, 7)
    assert (unit.without_worker, unit.gini) == (6, pytest.approx(gini([2, 4, 3, 8, 9, 7])))
    assert unit.not_counted == {CaseType.ESTATE_NOTIFICATION: 2, CaseType.RENT_GUARANTEE: 1}
    assert [(each.experience, each.workers, each.away, each.cases, each.each) for each in unit.buckets] == [
        (NEW, 3, 0, 9, 3),
        (EXPERIENCED, 4, 1, 27, 9),  # also what the one who is away has: alone it would be theirs
    ]
    assert (total.counted.cases, total.even) == (42, 7)


def test_a_case_counts_in_the_unit_of_its_worker_and_else_in_the_one_that_answers_for_it() -> None:
    found = [*cases(3, 1, "jobbaktiv"), *cases(2, None, "jobbaktiv"), *cases(4, None, None), *cases(1, 99, "jobbaktiv")]
    total, units = caseload(found, [worker(1)])
    assert [(each.unit, each.counted.cases, each.without_worker) for each in units] == [
        ("basgruppen", 3, None),
        ("jobbaktiv", 3, 2),
        (None, 4, 4),
    ]
    assert total.counted.cases == sum(each.counted.cases for each in units)


def test_a_household_that_two_units_know_is_one_in_the_whole() -> None:
    family = [OpenCase(unit, Handling(), UUID(int=number), UUID(int=9)) for number, unit in enumerate(("jobbaktiv", "basgruppen"))]
    total, units = caseload(family, [])
    assert [each.counted.households for each in units] == [1, 1]
    assert (total.counted.households, total.counted.adults) == (1, 2)


@pytest.mark.parametrize("present", [1, 2])
def test_no_figure_about_fewer_than_three_present_workers_is_shown(present: int) -> None:
    workers = [*(worker(number) for number in range(1, present + 1)), *(worker(number, away=True) for number in (7, 8, 9))]
    total, [unit] = caseload([*cases(40, 1), *cases(2, None, "basgruppen")], workers)
    assert (unit.without_worker, unit.gini, unit.buckets) == (None, None, [])
    assert (unit.counted.cases, unit.even, total.even) == (42, 42 / present, 42 / present)
    assert not hasattr(total, "without_worker"), "beside the units that are shown it would give the one that is not"


def test_two_of_one_experience_hide_the_other_too_since_the_rest_would_be_theirs() -> None:
    workers = [*map(worker, (1, 2, 3)), worker(4, EXPERIENCED), worker(5, EXPERIENCED)]
    _, [unit] = caseload([*cases(40, 1), *cases(80, 4)], workers)
    assert unit.buckets == []
    assert (unit.without_worker, unit.gini) == (0, pytest.approx(gini([40, 0, 0, 80, 0])))
    _, [whole] = caseload([*cases(40, 1), *cases(80, 4)], [*workers, worker(6, EXPERIENCED)])
    assert [each.cases for each in whole.buckets] == [40, 80]
