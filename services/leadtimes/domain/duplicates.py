"""Duplicates (dubbletter): which cases are read as one, and under which of them (`clocks.md` 2). Cases are never re-keyed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from services.leadtimes.domain.cases import spell
from services.leadtimes.domain.facts import DUPLICATE_MARKS, Fact, FactType, in_force, ordered

Mark: TypeAlias = tuple[UUID, UUID]
"""A case, and the one that it is marked as a duplicate of."""
NEVER = datetime.max.replace(tzinfo=UTC)


def joined(cases: Iterable[UUID], marks: Collection[Mark]) -> list[frozenset[UUID]]:
    """The cases and all that marks join to them, by way of others too, in groups; a case without a mark is a group of its own."""
    group = {case: frozenset({case}) for case in cases}
    if not marks:
        return list(group.values())
    beside: dict[UUID, set[UUID]] = {}
    for case, of in marks:
        beside.setdefault(case, set()).add(of)
        beside.setdefault(of, set()).add(case)
    found: set[frozenset[UUID]] = set()
    for case in group:
        reached, ahead = {case}, [case]
        while ahead:
            ahead = [each for one in ahead for each in beside.get(one, ()) if each not in reached]
            reached.update(ahead)
        found.add(frozenset(reached))
    return sorted(found, key=min)


def read_as_one(recorded: Mapping[UUID, Sequence[Fact]]) -> list[list[UUID]]:
    """The cases in the groups that their marks in force make of them: first the one under which a group is read, then the others.

    That is the case with the earliest contact, then the lower id. Of the marks of a case the last one counts, and an undoing takes
    it away. A mark that names a case of which nothing was heard joins nothing.
    """
    if len(recorded) == 1:
        return [list(recorded)]
    marks = {(case, of) for case, facts in recorded.items() if (of := _marked(facts)) in recorded and of is not None}
    return [sorted(group, key=lambda case: (_opened(recorded[case]), case)) for group in joined(recorded, marks)]


def _marked(recorded: Sequence[Fact]) -> UUID | None:
    """By the last told, which need not be the last recorded: two requests may come at once."""
    marks = [fact for fact in reversed(in_force(recorded)) if fact.type in DUPLICATE_MARKS]
    last = max(marks, key=lambda fact: fact.sequence, default=None)
    return UUID(last.body["of"]) if last is not None and last.type is FactType.CASE_MARKED_DUPLICATE else None


def _opened(recorded: Sequence[Fact]) -> datetime:
    alone = spell(ordered(recorded))
    return alone.contact.time if alone else NEVER
