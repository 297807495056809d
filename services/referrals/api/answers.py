"""What the API answers: the referrals of a case as they are, and the steps that the asker may take now, each with its address."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.referrals.api.acts import DEEDS
from services.referrals.api.words import STEPS
from services.referrals.domain.facts import State
from services.referrals.domain.moments import LOCAL, Precision, When
from services.referrals.domain.referral import Case, Deviation, Referral
from services.referrals.domain.rules import steps
from services.referrals.domain.seeing import Addressed, Seer
from services.referrals.domain.steps import Actor, Next, Step
from services.referrals.handlers.cases import Done, beside
from shared.code_lists import Names

CASES = "/referrals/cases"
CASE_ID, REFERRAL_ID = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e", "01997f3e-9a54-7a88-9c4f-6d0f5b7a8e9c"
DEVIATION_ID = "01997f3e-ab65-7b99-8d50-7e1a6c8b9fad"
OF_DEVIATIONS = {Step.ACKNOWLEDGE_DEVIATION: "acknowledgement", Step.HANDLE_DEVIATION: "handling"}
EXAMPLE: dict[str, Any] = {
    "case_id": CASE_ID,
    "referral_id": REFERRAL_ID,
    "version": 1,
    "case_closed": False,
    "referrals": [
        {
            "referral_id": REFERRAL_ID,
            "kind": "insats",
            "insats_kind": "work_training",
            "state": "draft",
            "held_from": None,
            "to_function": "jobbcentrum",
            "planned_hours_per_week": 30,
            "assignment_ref": None,
            "successor_of": None,
            "successor": None,
            "content_ref": None,
            "drafted": {"on": "2026-03-02"},
            "sent": None,
            "reply_due_on": None,
            "answered": None,
            "asked_of": None,
            "information_due_on": None,
            "position": None,
            "expected_start_on": None,
            "starts_on": None,
            "no_shows": 0,
            "started": None,
            "planned_end_on": None,
            "funding": None,
            "ready": None,
            "recall_requested": False,
            "reminded": None,
            "escalated": None,
            "outcome": None,
            "reason": None,
            "suggested_function": None,
            "ended": None,
            "deviations": [],
        }
    ],
    "planned_hours_per_week": 0,
    "next": [
        {
            "step": "send",
            "names": {"sv": "Skicka", "en": "Send"},
            "method": "POST",
            "path": f"{CASES}/{CASE_ID}/referrals/{REFERRAL_ID}/sending",
        }
    ],
}


class MomentShown(BaseModel):
    """When something happened: an instant, or a day when no more is known."""

    at: datetime | None = None
    on: date | None = None


class DeviationShown(BaseModel):
    """A deviation, to which role it was reported, and what became of it."""

    deviation_id: UUID
    scope: str
    kind: str
    observed_on: date
    to_role: str
    reported: MomentShown
    acknowledged: MomentShown | None
    handled: MomentShown | None


class ReferralShown(BaseModel):
    """A referral as it is now. `successor`: the referral that came in its place."""

    referral_id: UUID
    kind: str
    insats_kind: str | None
    state: State
    held_from: State | None
    to_function: str
    planned_hours_per_week: int | None
    assignment_ref: UUID | None
    successor_of: UUID | None
    successor: UUID | None
    content_ref: UUID | None
    drafted: MomentShown
    sent: MomentShown | None
    reply_due_on: date | None
    answered: MomentShown | None
    asked_of: str | None
    information_due_on: date | None
    position: int | None
    expected_start_on: date | None
    starts_on: date | None
    no_shows: int
    started: MomentShown | None
    planned_end_on: date | None
    funding: str | None
    ready: MomentShown | None
    recall_requested: bool
    reminded: MomentShown | None
    escalated: MomentShown | None
    outcome: str | None
    reason: str | None
    suggested_function: str | None
    ended: MomentShown | None
    deviations: list[DeviationShown]


class StepShown(BaseModel):
    """A step that the asker may take now, what it is called, and the address to send it to."""

    step: Step
    names: Names
    method: str
    path: str


class CaseShown(BaseModel):
    """The referrals of a case, as far as the asker may see them. `planned_hours_per_week`: of all insatser that run together."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    case_id: UUID
    referral_id: UUID | None
    version: int
    case_closed: bool
    referrals: list[ReferralShown]
    planned_hours_per_week: int
    next: list[StepShown]


def case_shown(done: Done, seer: Seer) -> CaseShown:
    """The answer about a case."""
    case, may_see = done.stored.case, set(seer.sees(done.stored.case, done.functions))
    return CaseShown(
        case_id=done.case_id,
        referral_id=done.referral_id,
        version=seer.version(done.stored.version, case, may_see),
        case_closed=done.known.closed and (seer.functions is None or any(case.referrals[key].is_open for key in may_see)),
        referrals=[referral_shown(key, each, done.functions[key], case, may_see) for key, each in case.referrals.items() if key in may_see],
        planned_hours_per_week=sum(
            each.planned_hours_per_week or 0 for key, each in case.referrals.items() if key in may_see and each.runs and each.is_insats
        ),
        next=next_shown(done, seer),
    )


def next_shown(done: Done, seer: Seer, allowed: Iterable[Next] | None = None) -> list[StepShown]:
    """Each step that the asker may take, with its address."""
    ours = {Actor.RECIPIENT} if seer.functions is not None else {Actor.SENDER, Actor.CLIENT}
    may_see = set(seer.sees(done.stored.case, done.functions))
    found = steps(done.stored.case, beside(done.known)) if allowed is None else allowed
    return [
        StepShown(step=each.step, names=STEPS[each.step], method="POST", path=_path(done.case_id, each))
        for each in found
        if ours.intersection(each.by) and (each.referral_id is None or each.referral_id in may_see)
    ]


def referral_shown(referral_id: UUID, referral: Referral, addressed: Addressed, case: Case, may_see: Collection[UUID]) -> ReferralShown:
    """One referral of a case; what it succeeds and what succeeds it only where they may be seen."""
    return ReferralShown(
        referral_id=referral_id,
        kind=referral.kind,
        insats_kind=referral.insats_kind,
        state=referral.state,
        held_from=referral.held_from,
        to_function=addressed.to_function,
        planned_hours_per_week=referral.planned_hours_per_week,
        assignment_ref=referral.assignment_ref,
        successor_of=_seen(referral.successor_of, may_see),
        successor=_seen(case.successor(referral_id), may_see),
        content_ref=referral.content_ref,
        drafted=moment_shown(referral.drafted),
        sent=_moment(referral.sent),
        reply_due_on=referral.reply_due_on,
        answered=_moment(referral.answered),
        asked_of=referral.asked_of,
        information_due_on=referral.information_due_on,
        position=referral.position,
        expected_start_on=referral.expected_start_on,
        starts_on=referral.starts_on,
        no_shows=referral.no_shows,
        started=_moment(referral.started),
        planned_end_on=referral.planned_end_on,
        funding=referral.funding,
        ready=_moment(referral.ready),
        recall_requested=referral.recall_requested,
        reminded=_moment(referral.chased),
        escalated=_moment(referral.escalated),
        outcome=referral.outcome,
        reason=referral.reason,
        suggested_function=addressed.suggested_function,
        ended=_moment(referral.ended),
        deviations=[_deviation(key, each) for key, each in referral.deviations.items()],
    )


def moment_shown(moment: When) -> MomentShown:
    """A moment as it was typed: an instant or a day."""
    if moment.precision is Precision.DAY:
        return MomentShown(on=moment.date)
    return MomentShown(at=moment.at.astimezone(LOCAL))


def _moment(moment: When | None) -> MomentShown | None:
    return moment_shown(moment) if moment else None


def _seen(referral_id: UUID | None, may_see: Collection[UUID]) -> UUID | None:
    return referral_id if referral_id in may_see else None


def _deviation(deviation_id: UUID, deviation: Deviation) -> DeviationShown:
    return DeviationShown(
        deviation_id=deviation_id,
        scope=deviation.scope,
        kind=deviation.kind,
        observed_on=deviation.observed_on,
        to_role=deviation.to_role,
        reported=moment_shown(deviation.reported),
        acknowledged=_moment(deviation.acknowledged),
        handled=_moment(deviation.handled),
    )


def _path(case_id: UUID, allowed: Next) -> str:
    referrals = f"{CASES}/{case_id}/referrals"
    if allowed.referral_id is None:
        return referrals
    if allowed.step is Step.REPORT_DEVIATION:
        return f"{referrals}/{allowed.referral_id}/deviations"
    if allowed.deviation_id is not None:
        return f"{referrals}/{allowed.referral_id}/deviations/{allowed.deviation_id}/{OF_DEVIATIONS[allowed.step]}"
    return f"{referrals}/{allowed.referral_id}/{DEEDS[allowed.step].path}"
