"""L24: calendar months touched by support, never elapsed days, and whether it ended in work or studies within six of them."""

import json
from collections.abc import Iterable
from datetime import date

import pytest

from services.leadtimes.domain.clocks import from_json, to_json
from services.leadtimes.domain.facts import Fact
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.moments import Period
from services.leadtimes.domain.support import Support
from services.leadtimes.domain.support_report import support_document
from tests.unit.leadtimes.histories import application, clocks, closed, coded, contact, decided, granted, routed

AS_OF = date(2026, 12, 31)
OPENED = [contact("2026-01-05"), application("2026-01-05")]


def support_of(facts: Iterable[Fact]) -> Support | None:
    of_case = clocks(facts)
    assert of_case is not None
    return of_case.support


def months(facts: Iterable[Fact], as_of: date = AS_OF) -> int:
    found = support_of(facts)
    return 0 if found is None else found.months(as_of)


def standing(facts: Iterable[Fact]) -> tuple[str, str | None] | None:
    found = support_of(facts)
    return None if found is None else (found.outcome.value, found.reason)


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([granted("2026-01-20", "2026-01-20", "2026-01-31")], 1),
        ([granted("2026-01-20", "2026-01-31", "2026-02-01")], 2),
        ([granted("2026-01-20", "2026-01-01", "2026-01-31", outcome="partly")], 1),
        ([granted("2026-01-20", "2026-01-01", "2026-02-28"), granted("2026-02-20", "2026-02-01", "2026-03-31")], 3),
        ([granted("2026-02-20", "2026-05-01", "2026-05-31"), granted("2026-01-20", "2026-01-01", "2026-01-31")], 2),
        ([granted("2026-01-20", "2025-11-15", "2026-02-15")], 4),
        ([granted("2026-01-20", "2026-01-01", "2026-12-31"), granted("2026-01-21", "2026-03-01", "2026-03-31")], 12),
        ([granted("2026-01-20", "2026-11-01", "9999-12-31")], 2),
        ([granted("2026-01-20", "2026-03-31", "2026-03-01")], 0),
        ([granted("2026-01-20", "2026-01-01", "2026-01-31", outcome="rejected")], 0),
        ([granted("2026-01-20", "2026-01-01", "2026-01-31", ref="nobody received it")], 0),
        ([decided("2026-01-20")], 0),
    ],
)
def test_a_month_counts_once_if_any_day_of_it_was_granted(decisions: list[Fact], expected: int) -> None:
    assert months([*OPENED, *decisions]) == expected


def test_months_count_up_to_the_month_of_as_of_and_with_it() -> None:
    history = [*OPENED, granted("2026-01-20", "2026-02-15", "2026-07-31")]
    assert [months(history, as_of) for as_of in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 4, 30), AS_OF)] == [0, 1, 3, 6]
    and_in_autumn = [*history, granted("2026-01-21", "2026-10-01", "2026-11-30")]
    assert [months(and_in_autumn, as_of) for as_of in (date(2026, 4, 30), date(2026, 10, 1), AS_OF)] == [3, 7, 8]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([], ("open", None)),
        ([closed("2026-04-01", "self_supporting_work")], ("completed", None)),
        ([closed("2026-04-01", "studies")], ("completed", None)),
        ([closed("2026-04-01", "lapsed_no_support")], ("ended_otherwise", "lapsed_no_support")),
        ([closed("2026-04-01", "entered_in_error")], ("excluded", "entered_in_error")),
        ([closed("2026-01-25", "studies")], ("excluded", "starts_after_closing")),
    ],
)
def test_only_work_or_studies_complete_it(then: list[Fact], expected: tuple[str, str | None]) -> None:
    assert standing([*OPENED, granted("2026-01-20", "2026-02-01", "2026-03-31"), *then]) == expected


def test_the_months_are_kept_and_read_back_whole() -> None:
    known = [coded("2026-01-05", "social"), routed("2026-01-05", "work_group")]
    of_case = clocks([*OPENED, *known, granted("2026-01-20", "2026-02-01", "2026-03-31"), closed("2026-04-01", "moved")])
    assert of_case is not None
    assert of_case.support is not None
    assert from_json(to_json(of_case)) == of_case


def test_a_case_without_support_has_none() -> None:
    assert standing([*OPENED, decided("2026-01-20"), closed("2026-04-01", "studies")]) is None


def case(months_granted: int, *then: Fact) -> Support:
    """A case with support from January 2026 on."""
    found = support_of([*OPENED, granted("2026-01-20", "2026-01-10", f"2026-{months_granted:02}-10"), *then])
    assert found is not None
    return found


def test_the_report_says_who_met_the_target_and_who_still_receives_support() -> None:
    every = [
        case(6, closed("2026-06-30", "self_supporting_work")),
        case(8, closed("2026-08-31", "studies")),
        case(3, closed("2026-04-30", "moved")),
        case(2, closed("2026-04-30", "entered_in_error")),
        case(5),
        case(6),
        case(7),
    ]
    answer = support_document(every, AS_OF, AS_OF)
    assert json.loads(json.dumps(answer)) == answer
    assert answer == {
        **{"measure": "L24", "as_of": "2026-12-31", "known_at": "2026-12-31", "rule_set": 3},
        "completed": {"n": 2, "mean": 7, "median": 7, "target_met": 1, "share_target_met": 0.5},
        "still_receiving": {"n": 3, "mean_so_far": 6, "median_so_far": 6, "over_target": 1},
        "ended_otherwise": {"moved": 1},
        "excluded": {"entered_in_error": 1},
    }


def test_a_period_cuts_whose_case_closed_in_it_and_not_who_still_receives_support() -> None:
    every = [case(5, closed("2026-06-30", "studies")), case(5, closed("2026-07-01", "studies")), case(5, closed("2026-06-30")), case(5)]
    cut = support_document(every, AS_OF, AS_OF, Grouping.CHANNEL, Period(date(2026, 6, 1), date(2026, 6, 30)))
    for of in (cut, cut["groups"][0]):
        assert (of["completed"]["n"], of["ended_otherwise"], of["still_receiving"]["n"]) == (1, {"moved": 1}, 1)
        assert (of["from"], of["until"]) == ("2026-06-01", "2026-06-30")
    assert "from" not in support_document(every, AS_OF, AS_OF)


def test_the_report_of_nobody_has_no_figures() -> None:
    answer = support_document([case(5)], date(2025, 12, 31), AS_OF)
    assert answer["completed"] == {"n": 0, "mean": None, "median": None, "target_met": 0, "share_target_met": None}
    assert answer["still_receiving"] == {"n": 0, "mean_so_far": None, "median_so_far": None, "over_target": 0}


def test_groups_are_whole_reports() -> None:
    every = [case(5, coded("2026-01-06", "social"), routed("2026-01-06", "work_group")), case(7), case(6, closed("2026-08-01", "studies"))]
    by = {each: support_document(every, AS_OF, AS_OF, each) for each in Grouping}
    found = {each.value: [(of["group"], of["still_receiving"]["n"]) for of in answer["groups"]] for each, answer in by.items()}
    assert found == {
        "channel": [("phone", 2)],
        "month": [("2026-01", 2)],
        "hindrance": [("social", 1), ("unknown", 1)],
        "unit": [("unknown", 1), ("work_group", 1)],
        "recipient": [("unknown", 2)],
    }
