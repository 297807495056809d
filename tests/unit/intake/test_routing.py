"""Which unit a case goes to, by the rules of the moment; what comes back; and who is assigned at once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.case import Case, evolve
from services.intake.domain.commands import AgreePlan, CodeHindrance, Command, ExpirePlan, ProtectCase, StartAssessment
from services.intake.domain.facts import AssignmentIssued, CaseRouted, Fact, Mode, Outcome
from services.intake.domain.moments import instant
from services.intake.domain.routing import Beside, table_at
from services.intake.domain.rules import decide
from services.intake.settings.routing import OURS, BadRouting, read_routing
from tests.unit.intake.scenarios import FIRST, SECOND, at, make_decision, receive_application

TABLES = read_routing(OURS)
NOW = at("03-02T10:00+01:00")


def played(*commands: Command, age: int | None = None, tables: Any = TABLES) -> list[Fact]:
    """All facts that follow from these commands, one after the other."""
    case, facts = Case(), list[Fact]()
    for command in commands:
        told = decide(case, command, Beside(tables, age))
        case, facts = reduce(evolve, told, case), [*facts, *told]
    return facts


def applied(now: datetime = NOW.at, **more: Any) -> Command:
    return receive_application(instant(now), now=now, **more)


def coded(code: str, now: datetime = NOW.at) -> Command:
    return CodeHindrance(happened=instant(now), now=now, code=code)


def routes(*commands: Command, **more: Any) -> list[tuple[str | None, str, int]]:
    return [(each.unit, each.rule_id, each.hop) for each in played(*commands, **more) if isinstance(each, CaseRouted)]


PLAN = AgreePlan(happened=NOW, now=NOW.at, plan_ref=UUID(int=31), next_follow_up_on=date(2026, 4, 1))
MARCH = {"support_from": date(2026, 3, 1), "support_to": date(2026, 3, 31)}
GRANTED = make_decision(NOW, now=NOW.at, outcome=Outcome.GRANTED, **MARCH)
PLAN_ENDS = ExpirePlan(happened=NOW, now=NOW.at)
UNCLEAR = StartAssessment(happened=NOW, now=NOW.at, application_ref=FIRST, kind="work_ability")


@pytest.mark.parametrize(
    ("commands", "age", "expected"),
    [
        ([applied()], None, [("basgruppen", "r1", 1)]),
        ([applied(), coded("unemployed")], 40, [("basgruppen", "r1", 1), ("jobbaktiv", "r2", 2)]),
        ([applied(hindrance="unemployed")], None, [("jobbaktiv", "r2", 1)]),
        ([applied(), coded("parental")], 40, [("basgruppen", "r1", 1)]),
        ([applied(), PLAN, GRANTED], 40, [("basgruppen", "r1", 1), ("bidragsgruppen", "r4", 2)]),
        (
            [applied(), PLAN, GRANTED, PLAN_ENDS],
            40,
            [("basgruppen", "r1", 1), ("bidragsgruppen", "r4", 2), ("basgruppen", "r5", 3)],
        ),
        ([applied(), UNCLEAR], 40, [("basgruppen", "r1", 1), ("rehabgruppen", "r6", 2)]),
        ([applied(hindrance="unemployed")], 18, [("st_ung", "r7", 1)]),
        ([applied(hindrance="unemployed")], 25, [("st_ung", "r7", 1)]),
        ([applied(hindrance="unemployed")], 17, [("jobbaktiv", "r2", 1)]),
        ([applied(hindrance="unemployed")], 26, [("jobbaktiv", "r2", 1)]),
        ([applied(hindrance="sick_without_sgi")], 20, [("rehabgruppen", "r8", 1)]),
    ],
    ids=["R1", "R2", "R2 at once", "R3", "R4", "R5", "R6", "R7 from 18", "R7 to 25", "17", "26", "sick without SGI"],
)
def test_each_rule_of_the_memo_sends_its_cases(commands: list[Command], age: int | None, expected: list[Any]) -> None:
    assert routes(*commands, age=age) == expected


def test_ten_months_of_twelve_with_support_are_long() -> None:
    def granted(months: int) -> list[Command]:
        last = date(2026, 2, 28)
        first = date(2025, 2, 1) if months == 13 else date(2025 if months > 2 else 2026, (2 - months) % 12 + 1, 1)
        return [applied(), replace(GRANTED, support_from=first, support_to=last)]

    assert routes(*granted(9))[-1][1] == "r1"
    assert routes(*granted(10))[-1][1] == "r6_long"
    assert routes(*granted(13))[-1][1] == "r6_long"


def test_a_case_is_routed_by_the_version_that_is_valid_at_that_moment() -> None:
    def at_noon(day: str) -> datetime:
        return datetime.fromisoformat(f"{day}T12:00+01:00")

    assert routes(applied(at_noon("2006-03-31"))) == []
    before = played(applied(at_noon("2019-12-31"), hindrance="sick_without_sgi"))
    after = played(applied(at_noon("2020-01-01"), hindrance="sick_without_sgi"))
    assert [(each.rule_id, each.rule_version) for each in (before[-1], after[-1]) if isinstance(each, CaseRouted)] == [("r1", 1), ("r8", 2)]
    late = receive_application(instant(at_noon("2019-12-31")), now=at_noon("2020-01-02"), hindrance="sick_without_sgi")
    assert isinstance(routed := played(late)[-1], CaseRouted)
    assert (routed.rule_version, routed.happened.date) == (2, date(2020, 1, 2)), "it is routed when it is registered"
    midnight = datetime(2019, 12, 31, 23, tzinfo=UTC)
    assert table_at(TABLES, instant(midnight).date) == TABLES[1]


def test_a_case_that_comes_back_is_counted_as_a_return() -> None:
    commands = [applied(), coded("unemployed"), PLAN, PLAN_ENDS, PLAN]
    facts = played(*commands)
    assert [each.unit for each in facts if isinstance(each, CaseRouted)] == ["basgruppen", "jobbaktiv", "basgruppen", "jobbaktiv"]
    assert reduce(evolve, facts, Case()).passage.returns == 2


def test_what_changes_nothing_routes_nothing() -> None:
    assert routes(applied(), PLAN, applied(application_ref=SECOND, kind="renewal")) == [("basgruppen", "r1", 1)]
    assert routes(applied(), tables=()) == []


def test_who_is_protected_is_not_routed_for_the_rule_would_tell_the_unit_and_afterwards_again() -> None:
    protected = Beside(TABLES, None, "secrecy_marking", date(2026, 3, 1))
    told = decide(Case(), applied(hindrance="unemployed"), protected)
    assert [type(each).__name__ for each in told] == [
        *("ApplicationReceived", "SupportHindranceCoded", "ProtectionLevelChanged", "AssignmentIssued")
    ]
    case = reduce(evolve, played(applied(hindrance="unemployed")), Case())
    level = ProtectCase(level="secrecy_marking", effective_on=date(2026, 3, 1), now=NOW.at)
    hidden = reduce(evolve, decide(case, level, protected), case)
    assert (hidden.passage.routes, hidden.passage.answers) == ((), None)
    assert not [each for each in decide(hidden, PLAN, protected) if isinstance(each, CaseRouted)]
    lifted = decide(hidden, replace(level, level="none"), Beside(TABLES, 20, "none", date(2026, 3, 1)))
    assert [(each.unit, each.hop) for each in lifted if isinstance(each, CaseRouted)] == [("st_ung", 2)]


@pytest.mark.parametrize(
    ("said", "is_assigned"),
    [
        ({"hindrance": "unemployed"}, True),
        ({"hindrance": "unemployed", "assign": False}, False),
        ({"hindrance": "unemployed", "kind": "renewal"}, False),
        ({"hindrance": "parental"}, False),
        ({}, False),
    ],
    ids=["says unemployed", "a human overrides", "a renewal", "another hindrance", "says nothing"],
)
def test_who_says_unemployed_in_a_new_application_is_assigned_at_once(said: dict[str, Any], is_assigned: bool) -> None:
    issued = [each for each in played(applied(**said)) if isinstance(each, AssignmentIssued)]
    assert [(each.mode, each.insats_kind, each.happened) for each in issued] == [(Mode.DIRECT, "work_training", NOW)] * is_assigned


def test_nobody_is_assigned_at_once_while_an_assignment_is_open() -> None:
    twice = played(applied(hindrance="unemployed"), applied(application_ref=SECOND, hindrance="unemployed"))
    assert len([each for each in twice if isinstance(each, AssignmentIssued)]) == 1


TABLE = 'version = {version}\nvalid_from = {day}\nrules = [{{ id = "r1", unit = "a", role = "social_worker"{when} }}]\n'


def file_of(folder: Path, *tables: str, more: str = "") -> Path:
    file = folder / "routing.toml"
    file.write_text("".join(f"[[tables]]\n{table}" for table in tables) + more)
    return file


def table(version: int = 1, day: str = "2026-01-01", when: str = "") -> str:
    return TABLE.format(version=version, day=day, when=when)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([], "tables"),
        (["version = 1"], "tables.0.valid_from"),
        ([table().replace('"a"', '"Anna Svensson"')], "tables.0.rules.0.unit"),
        ([table().replace("social_worker", "boss")], "tables.0.rules.0.role"),
        ([table(when=', when = ["rich"]')], "tables.0.rules.0.when.0"),
        ([table(when=', when = ["unemployed"]')], "version 1: the last rule, and no other, holds for every case"),
        ([table().replace("rules = [", 'rules = [{ id = "r1", unit = "b", role = "social_worker", when = ["supported"] }, ')], "one id"),
        ([table().replace("rules = [", 'rules = [{ id = "r0", unit = "b", role = "social_worker" }, ')], "and no other"),
        ([table(), table(3, "2026-02-01")], "version 3 does not come after version 1"),
        ([table(), table(2, "2026-01-01")], "version 2 does not come after version 1"),
        (["version = ="], "Invalid"),
        ([table() + "extra = 1\n"], "tables.0.extra"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(tmp_path: Path, tables: list[str], told: str) -> None:
    file = file_of(tmp_path, *tables)
    with pytest.raises(BadRouting, match=told.replace(".", r"\.")) as refused:
        read_routing(file)
    assert str(refused.value).startswith(str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRouting, match=r"routing\.toml"):
        read_routing(tmp_path / "routing.toml")


def test_the_rules_of_a_municipality_take_the_place_of_ours(tmp_path: Path) -> None:
    tables = read_routing(file_of(tmp_path, table(), table(2, "2026-03-01").replace('"a"', '"enhet_vast"')))
    assert routes(applied(NOW.at - timedelta(days=30)), tables=tables) == [("a", "r1", 1)]
    assert routes(applied(NOW.at - timedelta(days=30)), PLAN, tables=tables) == [("a", "r1", 1), ("enhet_vast", "r1", 2)]
