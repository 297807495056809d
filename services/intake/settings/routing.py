"""Reads the routing tables of a municipality from a TOML file; whatever is wrong in it is told with its place."""

import tomllib
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from contracts.codes import AssignmentBasis, HoursPerWeek, InsatsKind, StaffRole, UnitCode
from services.intake.domain.routing import Condition, Direct, Rule, Table

OURS: Final = Path(__file__).parent / "routing.toml"


class BadRouting(Exception):
    """The file cannot be used: which one, where in it, and what is wrong."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Rule(_Model):
    id: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,19}$")]
    unit: UnitCode
    role: StaffRole
    when: frozenset[Condition] = frozenset()


class _Direct(_Model):
    insats_kind: InsatsKind
    basis: AssignmentBasis
    planned_hours_per_week: HoursPerWeek | None = None


class _Table(_Model):
    version: Annotated[int, Field(ge=1, le=9999)]
    valid_from: date
    rules: Annotated[Sequence[_Rule], Field(min_length=1)]
    direct: _Direct | None = None


class _File(_Model):
    tables: Annotated[Sequence[_Table], Field(min_length=1)]


def read_routing(file: Path) -> tuple[Table, ...]:
    """The tables in the order of their days. Raises BadRouting."""
    try:
        read = _File.model_validate(tomllib.loads(file.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise BadRouting(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (OSError, ValueError) as error:
        raise BadRouting(f"{file}: {error}") from None
    for table in read.tables:
        where = f"{file}: version {table.version}"
        if len({rule.id for rule in table.rules}) < len(table.rules):
            raise BadRouting(f"{where}: two rules have one id")
        if [not rule.when for rule in table.rules] != [False] * (len(table.rules) - 1) + [True]:
            raise BadRouting(f"{where}: the last rule, and no other, holds for every case")
    for one, following in pairwise(read.tables):
        if following.version != one.version + 1 or following.valid_from <= one.valid_from:
            raise BadRouting(f"{file}: version {following.version} does not come after version {one.version}")
    return tuple(_table(table) for table in read.tables)


def _table(read: _Table) -> Table:
    rules = tuple(Rule(rule.id, rule.unit, str(rule.role), rule.when) for rule in read.rules)
    said = read.direct
    direct = Direct(str(said.insats_kind), str(said.basis), said.planned_hours_per_week) if said else None
    return Table(read.version, read.valid_from, rules, direct)
