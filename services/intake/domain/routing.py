"""Slussning: the municipality's effective-dated rules, which unit a case belongs to, and what is assigned at once. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import uuid5

from services.intake.domain.case import Case
from services.intake.domain.commands import ReceiveApplication, Typed
from services.intake.domain.facts import (
    SICK_WITHOUT_SGI,
    UNEMPLOYED,
    UNPROTECTED,
    AssignmentIssued,
    CaseRouted,
    Code,
    Fact,
    Mode,
)
from services.intake.domain.moments import instant, local_date, month_of

YOUTH = range(18, 26)
LONG_TERM_MONTHS, OF_MONTHS = 10, 12
"""Långvarigt biståndsmottagande: support in at least ten of the last twelve months (Socialstyrelsen)."""
NEW = "new"


class Condition(StrEnum):
    """What a rule may ask of a case. Several together must all hold."""

    UNEMPLOYED = "unemployed"
    SICK_WITHOUT_SGI = "sick_without_sgi"
    OTHER_HINDRANCE = "other_hindrance"
    AGED_18_TO_25 = "aged_18_to_25"
    LONG_TERM = "long_term"
    WORK_ABILITY_UNCLEAR = "work_ability_unclear"
    SUPPORTED = "supported"
    PLAN_VALID = "plan_valid"
    PLAN_EXPIRED = "plan_expired"


@dataclass(frozen=True)
class Rule:
    """To which unit and role a case goes of which all conditions hold; without conditions: every case."""

    id: str
    unit: Code
    role: Code
    when: frozenset[Condition] = frozenset()


@dataclass(frozen=True)
class Direct:
    """What somebody unemployed is assigned to at once (direktanvisning)."""

    insats_kind: Code
    basis: Code
    planned_hours_per_week: int | None = None


@dataclass(frozen=True)
class Table:
    """The rules from one day on; the first that holds decides."""

    version: int
    valid_from: date
    rules: tuple[Rule, ...]
    direct: Direct | None = None


@dataclass(frozen=True)
class Beside:
    """What a decision needs to know beside the case: the rules of every time, and of the person, where known, age and protection."""

    tables: Sequence[Table] = ()
    age: int | None = None
    """In years."""
    protection: Code | None = None
    protected_from: date | None = None


def follow_on(case: Case, command: Typed, beside: Beside) -> Iterator[Fact]:
    """What follows of itself, now, from what was typed: a case is routed, and somebody who says unemployed is assigned."""
    yield from route(case, command.now, beside)
    table = table_at(beside.tables, local_date(command.now))
    if table and table.direct and isinstance(command, ReceiveApplication) and _is_assigned_at_once(case, command):
        direct, ref = table.direct, uuid5(command.application_ref, f"{Mode.DIRECT} {command.person_ref}")
        yield AssignmentIssued(instant(command.now), ref, Mode.DIRECT, direct.insats_kind, direct.planned_hours_per_week, direct.basis)


def route(case: Case, now: datetime, beside: Beside) -> Iterator[Fact]:
    """To another unit or role, if the rules of now name one; nobody who is protected is routed, for the rule would tell the unit."""
    table = table_at(beside.tables, local_date(now))
    if table is None or case.closing is not None or not case.applications or case.protection != UNPROTECTED:
        return
    holding = conditions(case, now, beside.age)
    rule = next((rule for rule in table.rules if rule.when <= holding), None)
    last = case.passage.routes[-1] if case.passage.routes else None
    if rule and (last is None or (last.unit, last.role) != (rule.unit, rule.role)):
        yield CaseRouted(instant(now), rule.unit, rule.role, rule.id, table.version, case.passage.hops + 1)


def table_at(tables: Sequence[Table], on: date) -> Table | None:
    """The rules that are valid on a day; they come in the order of their days."""
    return next((table for table in reversed(tables) if table.valid_from <= on), None)


def conditions(case: Case, now: datetime, age: int | None) -> frozenset[Condition]:
    """All that holds of a case now."""
    passage, month = case.passage, month_of(local_date(now))
    code = passage.hindrance.code if passage.hindrance else None
    holds = {
        Condition.UNEMPLOYED: code == UNEMPLOYED,
        Condition.SICK_WITHOUT_SGI: code == SICK_WITHOUT_SGI,
        Condition.OTHER_HINDRANCE: code not in (None, UNEMPLOYED, SICK_WITHOUT_SGI),
        Condition.AGED_18_TO_25: age in YOUTH,
        Condition.LONG_TERM: sum(case.supported_in(each) for each in _months_before(month)) >= LONG_TERM_MONTHS,
        Condition.WORK_ABILITY_UNCLEAR: any(each.assesses_work_ability for each in case.applications),
        Condition.SUPPORTED: case.supported_in(month),
        Condition.PLAN_VALID: passage.has_valid_plan,
        Condition.PLAN_EXPIRED: passage.plan is not None and not passage.has_valid_plan,
    }
    return frozenset(condition for condition, it_holds in holds.items() if it_holds)


def _months_before(month: date) -> Iterator[date]:
    """The twelve whole months before the one that begins on `month`."""
    count = month.year * 12 + month.month - 1
    return (date(each // 12, each % 12 + 1, 1) for each in range(count - OF_MONTHS, count))


def _is_assigned_at_once(case: Case, command: ReceiveApplication) -> bool:
    """A new application that says unemployed, unless a human has a reason against it or an assignment is open already."""
    wanted = command.kind == NEW and command.hindrance == UNEMPLOYED and command.assign and case.closing is None
    return wanted and not any(each.is_open for each in case.passage.assignments)
