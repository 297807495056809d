"""What intake told, in the transaction of the inbox: what this house knows of a case, and the draft of a direct assignment."""

from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.codes import AssignmentMode, ProtectionLevel
from contracts.envelope import Envelope
from contracts.event import TimePrecision, UnmappedCode
from contracts.intake import AssignmentIssuedV1, CaseClosedV1, CaseReopenedV1, EventCorrectedV1, ProtectionLevelChangedV1
from services.referrals.domain import facts
from services.referrals.domain.facts import State
from services.referrals.domain.known import Assignment, Correction, Known
from services.referrals.domain.moments import day, instant, local_date
from services.referrals.domain.rules import Act
from services.referrals.domain.steps import Actor, Refused, Step
from services.referrals.handlers.cases import Ours, follow, remind
from services.referrals.store import cases as store
from services.referrals.store.cases import Stored
from shared.context import Context
from shared.postgres import Transaction
from shared.telemetry import step


@step
async def apply(tx: Transaction, ours: Ours, envelope: Envelope, context: Context) -> None:
    """One fact of intake, heard once and in its order. What the domain refuses is kept as a conflict: it never raises for that."""
    case_id = envelope.partitionkey
    stored, known = await store.load(tx, case_id), await store.known(tx, case_id) or Known()
    told = _with(known, envelope)
    await store.know(tx, case_id, told)
    if told.closed is not known.closed:
        await remind(tx, ours, case_id, stored, told)
    if isinstance(envelope.data, AssignmentIssuedV1) and envelope.data.mode == AssignmentMode.DIRECT:
        await _draft(tx, ours, case_id, stored, told, envelope, context)
    if isinstance(envelope.data, EventCorrectedV1) and told.in_force != known.in_force:
        await _reverse(tx, ours, case_id, stored, known, told, envelope, context)


def _with(known: Known, envelope: Envelope) -> Known:
    match envelope.data:
        case CaseClosedV1():
            return replace(known, closed_by=known.closed_by or envelope.id)
        case CaseReopenedV1():
            return replace(known, closed_by=None)
        case EventCorrectedV1() as corrected if corrected.corrects_event_id == known.closed_by and corrected.entered_in_error:
            return replace(known, closed_by=None)
        case ProtectionLevelChangedV1() as changed:
            return replace(known, protected=changed.level != ProtectionLevel.NONE)
        case AssignmentIssuedV1() as issued:
            entry = Assignment(issued.assignment_ref, str(issued.basis))
            return replace(known, assignments={**known.assignments, envelope.id: entry})
        case EventCorrectedV1() as corrected:
            return known.corrected(Correction(envelope.id, corrected.corrects_event_id, corrected.replaced_by))
    return known


async def _draft(tx: Transaction, ours: Ours, case_id: UUID, stored: Stored, known: Known, envelope: Envelope, context: Context) -> None:
    """Direktanvisning (26-punktsplanen act. 10): the referral for it is written at once; a human sends it."""
    issued = envelope.data
    assert isinstance(issued, AssignmentIssuedV1)
    referred = (each for each in stored.case.referrals.values() if each.state is not State.DISCARDED)
    if any(each.assignment_ref == issued.assignment_ref for each in referred):
        return  # it replaces one that was referred: the correction that follows says so
    if isinstance(issued.insats_kind, UnmappedCode):  # a newer intake says what this house cannot tell further
        await store.note_conflict(tx, case_id, None, Step.DRAFT, Actor.RULE, context, envelope.id)
        return
    happened = day(local_date(envelope.time)) if envelope.timeprecision is TimePrecision.DAY else instant(envelope.time)
    draft = facts.ReferralDrafted(
        happened=happened,
        referral_id=uuid7(),
        kind=facts.INSATS,
        insats_kind=str(issued.insats_kind),
        to_function=ours.direct_to,
        planned_hours_per_week=issued.planned_hours_per_week,
        assignment_ref=issued.assignment_ref,
    )
    heard_at = max(context.now, envelope.recordedtime)  # intake's clock may be ahead of ours
    await _try(tx, ours, case_id, stored, known, Act(Step.DRAFT, Actor.RULE, draft, heard_at), envelope, context)


async def _reverse(
    tx: Transaction, ours: Ours, case_id: UUID, stored: Stored, before: Known, known: Known, envelope: Envelope, context: Context
) -> None:
    """An assignment that intake takes back: a draft for it is discarded. One that it replaces, or that is back again, a human looks at."""
    corrected = envelope.data
    assert isinstance(corrected, EventCorrectedV1)
    if known.in_force.keys() - before.in_force.keys():
        await store.note_conflict(tx, case_id, None, Step.DRAFT, Actor.RULE, context, envelope.id)
        return
    lost = {each.ref for event_id, each in before.in_force.items() if event_id not in known.in_force}
    for referral_id, referral in stored.case.referrals.items():
        if not referral.is_open or referral.assignment_ref not in lost:
            continue
        if referral.state is State.DRAFT and corrected.entered_in_error:
            discarded = facts.ReferralDiscarded(instant(context.now), referral_id)
            act = Act(Step.DISCARD, Actor.RULE, discarded, context.now)
            await _try(tx, ours, case_id, stored, known, act, envelope, context)
        else:
            await store.note_conflict(tx, case_id, referral_id, Step.RECALL, Actor.RULE, context, envelope.id)


async def _try(
    tx: Transaction, ours: Ours, case_id: UUID, stored: Stored, known: Known, act: Act, envelope: Envelope, context: Context
) -> None:
    try:
        await follow(tx, ours, case_id, stored, known, act, context)
    except Refused:
        referral_id = act.fact.referral_id if act.fact.referral_id in stored.case.referrals else None
        await store.note_conflict(tx, case_id, referral_id, act.step, act.by, context, envelope.id, act.fact)
