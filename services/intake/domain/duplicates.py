"""Duplicates (dubbletter): which cases are read as one, under which of them, and what that one is (`clocks.md` 2). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.intake.domain.case import Case
from services.intake.domain.caseload import CaseType, Handling
from services.intake.domain.facts import UNPROTECTED, CaseClosed, CloseReason, Code
from services.intake.domain.rules import closing_by_now

NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """A case as it is kept, and who has it; None: nobody has it, or nobody said of which type it is."""

    case: Case
    worker_ref: UUID | None = None
    case_type: CaseType | None = None


@dataclass(frozen=True)
class AsOne:
    """Cases that are read as one, or a case alone. `ids`: of them all, first the one under which they are read.

    `case`: closed as it is by now. `unit`: the one that answers for it. No unit is shown, nor a worker, where any of them is protected.
    """

    ids: tuple[UUID, ...]
    case: Case
    unit: Code | None
    handling: Handling


def read_as_one(found: Mapping[UUID, Kept], now: datetime) -> list[AsOne]:
    """All cases, those that marks join as one, by way of others too; a mark that names a case not among them joins nothing.

    They are read under the case with the earliest contact, then the lower id. A case of which nobody said more is one of income support.
    """
    group: dict[UUID, tuple[UUID, ...]] = {case_id: (case_id,) for case_id in found}
    for case_id, kept in found.items():
        of = kept.case.duplicate_of
        if of in group and of is not None and of not in group[case_id]:
            joined = group[case_id] + group[of]
            group |= dict.fromkeys(joined, joined)
    in_order = (tuple(sorted(ids, key=lambda each: (_opened(found[each].case), each))) for ids in dict.fromkeys(group.values()))
    return [_as_one(ids, [found[each] for each in ids], now) for ids in in_order]


def _opened(case: Case) -> datetime:
    return case.opened.at if case.opened else NEVER


def _as_one(ids: tuple[UUID, ...], kept: Sequence[Kept], now: datetime) -> AsOne:
    """What the first does not say of itself, the next that says it does. Nothing counts of one entered in error beside another."""
    kept = [each for each in kept if not _in_error(each.case)] or kept
    cases = [each.case for each in kept]
    may_tell = all(each.protection == UNPROTECTED for each in cases)
    units = (each.passage.answers.unit for each in cases if each.passage.answers)
    applications = (application for case in cases for application in case.applications)
    one = replace(
        cases[0],
        person_ref=next((each.person_ref for each in cases if each.person_ref), None),
        household_ref=next((each.household_ref for each in cases if each.household_ref), None),
        contacts=tuple(sorted(contact for case in cases for contact in case.contacts)),
        applications=tuple(sorted(applications, key=lambda each: each.received.at)),
        closing=_closing(cases, now),
    )
    handling = Handling(
        next((each.worker_ref for each in kept if each.worker_ref), None) if may_tell else None,
        next((each.case_type for each in kept if each.case_type), CaseType.INCOME_SUPPORT),
    )
    return AsOne(ids, one, next((unit for unit in units if unit), None) if may_tell else None, handling)


def _closing(cases: Sequence[Case], now: datetime) -> CaseClosed | None:
    """The latest one, while all are closed."""
    ended = [closing for each in cases if (closing := closing_by_now(each, now))]
    return max(ended, key=lambda each: each.happened.at) if len(ended) == len(cases) else None


def _in_error(case: Case) -> bool:
    return case.closing is not None and case.closing.reason is CloseReason.ENTERED_IN_ERROR
