"""Rättelse: which facts are in force when some were corrected, and what may be corrected. A told fact is never edited. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from uuid import UUID

from services.intake.domain.case import Case, evolve
from services.intake.domain.facts import (
    AssignmentAnswered,
    AssignmentIssued,
    CaseClosed,
    CaseMarkedDuplicate,
    CaseReopened,
    CaseUnmarkedDuplicate,
    EventCorrected,
    Fact,
    ProtectionLevelChanged,
    ReopenReason,
)
from services.intake.domain.moments import Precision, instant, local_date
from services.intake.domain.sound import must_be_sound
from services.intake.domain.steps import NotYet, Refused


@dataclass(frozen=True)
class Recorded:
    """A fact as it was told, and under which id."""

    id: UUID
    fact: Fact


def in_force(recorded: Sequence[Recorded]) -> list[Fact]:
    """The facts that count: the case is what they fold to."""
    return [each.fact for each in standing(recorded)]


def standing(recorded: Sequence[Recorded]) -> list[Recorded]:
    """What counts of what was told, no corrections, in the order in which they were told; what replaces another one stands in its place.

    A correction that is corrected has no force: what it took away is there again, and what it brought counts no longer.
    """
    corrected = corrections(recorded)
    told = {each.id: each for each in recorded}
    brought = {each.fact.replaced_by for each in recorded if isinstance(each.fact, EventCorrected)}
    found = []
    for each in recorded:
        if isinstance(each.fact, EventCorrected) or each.id in brought:
            continue
        stands = _last(each.id, corrected)
        if stands is not None:
            found.append(told[stands])
    return found


def corrections(recorded: Sequence[Recorded]) -> dict[UUID, UUID | None]:
    """By what each fact that no longer counts is replaced: by its id; None when by nothing.

    From the last to the first, since a correction speaks of what was told before it only.
    """
    found: dict[UUID, UUID | None] = {}
    for each in reversed(recorded):
        if isinstance(each.fact, EventCorrected) and each.id not in found:
            found.setdefault(each.fact.corrects_event_id, each.fact.replaced_by)
    return found


def _last(event_id: UUID | None, corrected: Mapping[UUID, UUID | None]) -> UUID | None:
    """What stands in the place of a fact in the end; itself when nobody corrected it."""
    while event_id is not None and event_id in corrected:
        event_id = corrected[event_id]
    return event_id


def fold(recorded: Sequence[Recorded]) -> Case:
    """The case that the facts in force fold to."""
    return reduce(evolve, in_force(recorded), Case())


def correct(
    recorded: Sequence[Recorded], new_id: Callable[[], UUID], event_id: UUID, replacement: Recorded | None, now: datetime
) -> list[Recorded]:
    """What is told to correct a fact: the replacement, if there is one, and the correction; nothing when it says the same.

    A closing by rule that the replacement shows to be wrong is undone (`clocks.md` 2). Raises Refused where the fact is not there, was
    corrected already or came with a correction that was, or carries others.
    """
    known, corrected = {each.id: each.fact for each in recorded}, corrections(recorded)
    if event_id not in known:
        raise Refused("The case has no such fact.")
    before = known[event_id]
    if event_id in corrected or not (isinstance(before, EventCorrected) or any(each.id == event_id for each in standing(recorded))):
        raise Refused("This fact has been corrected already.")
    if isinstance(before, CaseClosed | CaseReopened):
        raise Refused("A closing is undone by a reopening, and a reopening by a closing.")
    if isinstance(before, CaseMarkedDuplicate | CaseUnmarkedDuplicate):
        raise Refused("A duplicate mark is undone by its own undoing, and that by another mark.")
    if isinstance(before, ProtectionLevelChanged):
        raise Refused("Protection is changed at the person, not in a case.")
    told = []
    if replacement is not None:
        if isinstance(before, EventCorrected) or not _speaks_of_the_same(before, replacement.fact):
            raise Refused("A fact is replaced by one that speaks of the same thing.")
        if replacement.fact == before:
            return []
        _must_have_happened(replacement.fact, now)
        must_be_sound(replacement.fact, now)
        told.append(replacement)
    told.append(Recorded(new_id(), _correction(event_id, replacement, now)))
    case = _must_hold_together(in_force([*recorded, *told]))
    closing = case.closing
    if replacement and closing and closing.reason.is_rule and replacement.fact.happened.surely_before(closing.happened):
        told.append(Recorded(new_id(), CaseReopened(instant(now), ReopenReason.CLOSED_IN_ERROR)))
    return told


def _correction(event_id: UUID, replacement: Recorded | None, now: datetime) -> EventCorrected:
    return EventCorrected(instant(now), event_id, None if replacement else True, replacement.id if replacement else None)


def _must_have_happened(fact: Fact, now: datetime) -> None:
    happened = fact.happened
    if happened.at > now if happened.precision is Precision.INSTANT else happened.date > local_date(now):
        raise NotYet


def _speaks_of_the_same(before: Fact, after: Fact) -> bool:
    """Of one kind, and about the same person, application, assignment, plan or observation."""
    refs = [name for name in vars(before) if name.endswith("_ref") and name != "household_ref"]
    return type(before) is type(after) and all(getattr(before, name) == getattr(after, name) for name in refs)


def _must_hold_together(facts: Sequence[Fact]) -> Case:
    """The case of these facts. Raises Refused where it would begin with nothing, or a fact speak of what is not there."""
    case = reduce(evolve, facts, Case())
    if case.opened is None:
        raise Refused("Nothing of the case would be left: close it as entered in error.")
    applications = {each.ref for each in case.applications}
    assignments = {each.assignment_ref for each in facts if isinstance(each, AssignmentIssued)}
    for fact in facts:
        if getattr(fact, "application_ref", None) not in {None, *applications}:
            raise Refused("Other facts rest on this one: correct them first.")
        if isinstance(fact, AssignmentAnswered) and fact.assignment_ref not in assignments:
            raise Refused("Other facts rest on this one: correct them first.")
    return case
