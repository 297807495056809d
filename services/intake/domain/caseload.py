"""Caseload (ärendebelastning): open cases by unit and by the experience of those who handle them, never of one worker. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from services.intake.domain.facts import Code

FEWEST: Final = 3
"""So many present workers stand behind each figure about workers that is shown: of two, one could tell the other's load from their own."""


class Experience(StrEnum):
    """How long a caseworker has done this work (erfarenhet)."""

    NEW = "new"
    EXPERIENCED = "experienced"


class CaseType(StrEnum):
    """Ärendetyp. Memo S1 leaves three kinds out of the caseload: förmedlingsmedel, dödsboanmälan, hyresgaranti."""

    INCOME_SUPPORT = "income_support"
    FUND_ADMINISTRATION = "fund_administration"
    ESTATE_NOTIFICATION = "estate_notification"
    RENT_GUARANTEE = "rent_guarantee"

    @property
    def counts_in_caseload(self) -> bool:
        """Whether such a case is counted among those that a caseworker has."""
        return self is CaseType.INCOME_SUPPORT


@dataclass(frozen=True)
class Worker:
    """A caseworker (handläggare) by a random reference; `away`: for whatever reason, which nobody is told."""

    ref: UUID
    unit: Code
    experience: Experience
    away: bool


@dataclass(frozen=True)
class Handling:
    """Of which kind a case is, and who has it; None: nobody, as always of somebody protected, since a worker tells the unit."""

    worker_ref: UUID | None = None
    case_type: CaseType = CaseType.INCOME_SUPPORT


class OfSomebody(Protocol):
    """What is counted by adult and by household."""

    @property
    def person_ref(self) -> UUID | None: ...

    @property
    def household_ref(self) -> UUID | None: ...


@dataclass(frozen=True)
class OpenCase:
    """An open case as the caseload sees it; `unit`: the one that answers for it."""

    unit: Code | None
    handling: Handling
    person_ref: UUID | None
    household_ref: UUID | None


@dataclass(frozen=True)
class Counted:
    """The same cases counted three ways: two adults of one household are two cases, two adults and one household."""

    cases: int
    adults: int
    households: int


@dataclass(frozen=True)
class Load:
    """The cases that count, those that do not by their type, the workers, and the cases of each present worker if all had as many."""

    counted: Counted
    not_counted: Mapping[CaseType, int]
    workers: int
    away: int

    @property
    def even(self) -> float | None:
        """Cases that count for each present worker; None where nobody is present."""
        return _for_each(self.counted.cases, self.workers - self.away)


@dataclass(frozen=True)
class Bucket:
    """The workers of a unit who are as experienced as each other, and all cases they have."""

    experience: Experience
    workers: int
    away: int
    cases: int

    @property
    def each(self) -> float | None:
        """Their cases for each of them who is present."""
        return _for_each(self.cases, self.workers - self.away)


@dataclass(frozen=True)
class UnitLoad(Load):
    """The load of a unit; without a unit: cases that no unit and no worker has, those of protected persons among them.

    `without_worker`, `gini` and `buckets` are figures about workers: None, or empty, where fewer than FEWEST present ones stand behind one.
    """

    unit: Code | None
    without_worker: int | None
    gini: float | None
    buckets: Sequence[Bucket]


def count(cases: Iterable[OfSomebody]) -> Counted:
    """Cases, adults and households; of whom no person or household is known is one of their own."""
    found = list(cases)
    return Counted(len(found), _distinct([each.person_ref for each in found]), _distinct([each.household_ref for each in found]))


def caseload(cases: Sequence[OpenCase], workers: Sequence[Worker]) -> tuple[Load, list[UnitLoad]]:
    """The whole, and each unit. A case belongs to the unit of its worker, else to the one that answers for it.

    Adults and households are counted once in the whole, also where two units have cases of theirs. The whole has no figure about
    workers: beside those of all units but one it would give that one's.
    """
    known = {each.ref: each for each in workers}

    def unit_of(case: OpenCase) -> Code | None:
        worker = known.get(case.handling.worker_ref) if case.handling.worker_ref else None
        return worker.unit if worker else case.unit

    units = sorted({each.unit for each in workers} | {unit for each in cases if (unit := unit_of(each))})
    by_unit = [
        _unit_load(unit, [each for each in cases if unit_of(each) == unit], [each for each in workers if each.unit == unit])
        for unit in (*units, *([None] if any(unit_of(each) is None for each in cases) else []))
    ]
    return _load(cases, workers), by_unit


def gini(loads: Sequence[int]) -> float | None:
    """How unevenly cases are spread: 0 all have as many, towards 1 one has all; None where there is none to spread.

    The mean difference of any two, beside twice the mean (Gini 1912).
    """
    if not sum(loads):
        return None
    return sum(abs(one - other) for one in loads for other in loads) / (2 * len(loads) * sum(loads))


def _load(cases: Sequence[OpenCase], workers: Sequence[Worker]) -> Load:
    others = Counter(each.handling.case_type for each in cases if not each.handling.case_type.counts_in_caseload)
    return Load(count(_counting(cases)), others, len(workers), sum(each.away for each in workers))


def _unit_load(unit: Code | None, cases: Sequence[OpenCase], workers: Sequence[Worker]) -> UnitLoad:
    whole, held = _load(cases, workers), Counter(each.handling.worker_ref for each in _counting(cases))
    buckets = [_bucket(experience, workers, held) for experience in Experience if any(each.experience is experience for each in workers)]
    may_tell = not workers or _enough(whole)
    return UnitLoad(
        **vars(whole),
        unit=unit,
        without_worker=held[None] if may_tell else None,
        gini=gini([held[each.ref] for each in workers if not each.away]) if _enough(whole) else None,
        buckets=buckets if all(map(_enough, buckets)) else [],
    )


def _bucket(experience: Experience, workers: Sequence[Worker], held: Mapping[UUID | None, int]) -> Bucket:
    alike = [each for each in workers if each.experience is experience]
    return Bucket(experience, len(alike), sum(each.away for each in alike), sum(held[each.ref] for each in alike))


def _enough(group: Load | Bucket) -> bool:
    return group.workers - group.away >= FEWEST


def _counting(cases: Iterable[OpenCase]) -> list[OpenCase]:
    return [each for each in cases if each.handling.case_type.counts_in_caseload]


def _distinct(refs: Sequence[UUID | None]) -> int:
    return len({each for each in refs if each}) + sum(each is None for each in refs)


def _for_each(cases: int, present: int) -> float | None:
    return cases / present if present else None
