"""A fact is corrected: what counts is folded anew from what was told, in one transaction with the telling of the correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope
from contracts.intake import CaseMarkedDuplicateV1, CaseUnmarkedDuplicateV1, EventCorrectedV1
from services.intake.domain.corrections import Recorded, correct, corrections, fold, standing
from services.intake.domain.facts import UNPROTECTED, DecisionMade, EventCorrected
from services.intake.domain.moments import When, local_date
from services.intake.domain.routing import route
from services.intake.domain.rules import protect, steps, without_unit
from services.intake.domain.steps import NotYet, Refused
from services.intake.handlers.cases import Done, NotAllowed, Ours, Outdated, Unknown, as_seen, beside, is_protected, may_see, tell
from services.intake.store import cases as store
from services.intake.store.cases import Stored
from services.intake.translate import kept, publishable, replaced
from shared import outbox
from shared.context import Context
from shared.idempotency import Answer, Key, claim, settle
from shared.postgres import Database, transaction
from shared.telemetry import step


@dataclass(frozen=True)
class Correction:
    """Which fact of which case is wrong; replaced when something is said instead (`happened`, fields), else entered in error."""

    case_id: UUID
    event_id: UUID
    key: Key
    expected_version: int | None
    replaces: bool
    happened: When | None
    fields: Mapping[str, Any]
    sees_protected: bool
    may_decide: bool


@dataclass(frozen=True)
class ToldFact:
    """A fact as it was told; `in_force`: whether it still counts, `replaced_by`: what counts instead.

    `is_protected`: the person is, now, so that no unit may be shown; `hides_other`: it names a case that the caller may not see.
    """

    envelope: Envelope
    in_force: bool
    replaced_by: UUID | None
    is_protected: bool
    hides_other: bool


class NotTheirs(Exception):
    """The fact is a decision, or a correction of one, and the caller may not decide."""


@step
async def correct_fact(db: Database, ours: Ours, asked: Correction, context: Context) -> Done:
    """Corrects a fact once for each key. Raises Unknown, NotTheirs, Outdated, NotAllowed, BadField, and Problem for a used key."""
    async with transaction(db) as tx:
        answered = await claim(tx, asked.key)
        stored = await store.load(tx, asked.case_id)
        if not may_see(stored, asked.sees_protected):
            raise Unknown
        seen = await as_seen(tx, stored, asked.sees_protected)
        if answered is not None:
            return Done(asked.case_id, stored.version, seen.case)
        if asked.expected_version not in (None, stored.version):
            raise Outdated
        told = await outbox.history(tx, INTAKE_EVENTS, asked.case_id)
        recorded = [_recorded(each) for each in told]
        if not asked.may_decide and _is_of_decision(recorded, asked.event_id):
            raise NotTheirs
        rules = await beside(ours, stored.case.person_ref, context)
        hides = is_protected(rules, stored.case)
        try:
            replacement = _replacement(asked, told)
            if replacement and hides:
                replacement = Recorded(replacement.id, without_unit(replacement.fact))
            new = correct(recorded, uuid7, asked.event_id, replacement, context.now)
            level, since = rules.protection or stored.case.protection, rules.protected_from or local_date(context.now)
            new += [Recorded(uuid7(), each) for each in protect(fold([*recorded, *new]), level, since, context.now)]
            new += [Recorded(uuid7(), routed) for routed in route(fold([*recorded, *new]), context.now, rules)]
        except NotYet as refused:
            raise NotAllowed(asked.case_id, refused) from None
        except Refused as refused:
            told_of = asked.case_id if asked.sees_protected or not hides else None
            raise NotAllowed(told_of, Refused(refused.message, steps(seen.case, context.now))) from None
        after = Stored(stored.version + len(new), fold([*recorded, *new]))
        events = publishable(asked.case_id, [each.fact for each in new], [each.id for each in new])
        await tell(tx, ours, asked.case_id, after, events, context)
        await settle(tx, asked.key, Answer(200, str(asked.case_id)))
        shown = await as_seen(tx, after, asked.sees_protected)
    return Done(asked.case_id, after.version, shown.case, seen=may_see(after, asked.sees_protected))


async def facts_of(db: Database, case_id: UUID, sees_protected: bool) -> list[ToldFact]:
    """Every fact of a case in the order it was told, those too that were corrected. Raises Unknown."""
    async with transaction(db, snapshot=True) as tx:
        told = await outbox.history(tx, INTAKE_EVENTS, case_id)
        others = {each.id: each.data.of for each in told if isinstance(each.data, CaseMarkedDuplicateV1 | CaseUnmarkedDuplicateV1)}
        hidden = frozenset() if sees_protected else await store.protected_of(tx, list(others.values()))
    if not told:
        raise Unknown
    recorded = [_recorded(each) for each in told]
    corrected, is_protected = corrections(recorded), fold(recorded).protection != UNPROTECTED
    if is_protected and not sees_protected:
        raise Unknown
    counts = {each.id for each in standing(recorded)} | {
        each.id for each in told if isinstance(each.data, EventCorrectedV1) and each.id not in corrected
    }
    return [ToldFact(each, each.id in counts, corrected.get(each.id), is_protected, others.get(each.id) in hidden) for each in told]


def _is_of_decision(recorded: Sequence[Recorded], event_id: UUID) -> bool:
    """Whether a fact is a decision, or corrects one, or corrects such a correction."""
    known = {each.id: each.fact for each in recorded}
    fact = known.get(event_id)
    while isinstance(fact, EventCorrected):
        fact = known.get(fact.corrects_event_id)
    return isinstance(fact, DecisionMade)


def _recorded(envelope: Envelope) -> Recorded:
    return Recorded(envelope.id, kept(envelope.data, envelope.time, envelope.timeprecision))


def _replacement(asked: Correction, told: list[Envelope]) -> Recorded | None:
    before = next((each for each in told if each.id == asked.event_id), None)
    if before is None or not asked.replaces:
        return None
    if isinstance(before.data, EventCorrectedV1):
        raise Refused("A correction is not replaced: it is corrected as entered in error.")
    happened = asked.happened or _recorded(before).fact.happened
    return Recorded(uuid7(), replaced(before.data, asked.fields, happened))
