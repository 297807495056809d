"""A fact is corrected: what counts is folded anew from what was told, in one transaction with the telling of the correction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope
from contracts.intake import EventCorrectedV1
from services.intake.domain.corrections import Recorded, correct, corrections, fold, standing
from services.intake.domain.facts import UNPROTECTED
from services.intake.domain.moments import When
from services.intake.domain.routing import route
from services.intake.domain.rules import steps, without_unit
from services.intake.domain.steps import NotYet, Refused
from services.intake.handlers.cases import Done, NotAllowed, Ours, Outdated, Unknown, beside, may_see, tell
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


@dataclass(frozen=True)
class ToldFact:
    """A fact as it was told; `in_force`: whether it still counts, `replaced_by`: what counts instead.

    `is_protected`: the person is, now, so that no unit may be shown.
    """

    envelope: Envelope
    in_force: bool
    replaced_by: UUID | None
    is_protected: bool


@step
async def correct_fact(db: Database, ours: Ours, asked: Correction, context: Context) -> Done:
    """Corrects a fact once for each key. Raises Unknown, Outdated, NotAllowed, BadField, and Problem for a key that is in use."""
    async with transaction(db) as tx:
        answered = await claim(tx, asked.key)
        stored = await store.load(tx, asked.case_id)
        if not may_see(stored, asked.sees_protected):
            raise Unknown
        if answered is not None:
            return Done(asked.case_id, stored.version, stored.case)
        if asked.expected_version not in (None, stored.version):
            raise Outdated
        told = await outbox.history(tx, INTAKE_EVENTS, asked.case_id)
        recorded = [_recorded(each) for each in told]
        try:
            replacement, rules = _replacement(asked, told), await beside(ours, stored.case.person_ref, context)
            if replacement and (rules.protection or stored.case.protection) != UNPROTECTED:
                replacement = Recorded(replacement.id, without_unit(replacement.fact))
            new = correct(recorded, uuid7, asked.event_id, replacement, context.now)
            new += [Recorded(uuid7(), routed) for routed in route(fold([*recorded, *new]), context.now, rules)]
        except NotYet as refused:
            raise NotAllowed(asked.case_id, refused) from None
        except Refused as refused:
            raise NotAllowed(asked.case_id, Refused(refused.message, steps(stored.case, context.now))) from None
        after = Stored(stored.version + len(new), fold([*recorded, *new]))
        events = publishable(asked.case_id, [each.fact for each in new], [each.id for each in new])
        await tell(tx, ours, asked.case_id, after, events, context)
        await settle(tx, asked.key, Answer(200, str(asked.case_id)))
    return Done(asked.case_id, after.version, after.case)


async def facts_of(db: Database, case_id: UUID, sees_protected: bool) -> list[ToldFact]:
    """Every fact of a case in the order it was told, those too that were corrected. Raises Unknown."""
    async with transaction(db, snapshot=True) as tx:
        told = await outbox.history(tx, INTAKE_EVENTS, case_id)
    if not told:
        raise Unknown
    recorded = [_recorded(each) for each in told]
    corrected, is_protected = corrections(recorded), fold(recorded).protection != UNPROTECTED
    if is_protected and not sees_protected:
        raise Unknown
    counts = {each.id for each in standing(recorded)} | {
        each.id for each in told if isinstance(each.data, EventCorrectedV1) and each.id not in corrected
    }
    return [ToldFact(each, each.id in counts, corrected.get(each.id), is_protected) for each in told]


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
