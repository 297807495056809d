"""The worklist: which referral waits for whom, why, and by which day. Computed when it is asked for, so it is never old. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.referrals.domain.facts import INSUFFICIENT_PROGRESS, Code, State
from services.referrals.domain.moments import local_date
from services.referrals.domain.referral import Case, Referral
from services.referrals.domain.steps import Actor

NEAR_END = timedelta(days=30)
"""So long before a planned end somebody should have sent what comes next (memo S1); an assumption."""
FULL_WEEK_H = 30
"""The plan of a full week begins at so many hours (26-punktsplanen act. 2)."""


class Reason(StrEnum):
    """Why a referral is on somebody's worklist."""

    TO_SEND = "to_send"
    TO_ANSWER = "to_answer"
    REPLY_OVERDUE = "reply_overdue"
    INFORMATION_AWAITED = "information_awaited"
    TO_BOOK = "to_book"
    IN_QUEUE = "in_queue"
    TO_START = "to_start"
    ON_HOLD = "on_hold"
    RECALL_TO_ANSWER = "recall_to_answer"
    SUCCESSOR_MISSING = "successor_missing"
    READY_FOR_NEXT_STEP = "ready_for_next_step"
    END_NEAR_WITHOUT_NEXT = "end_near_without_next"
    HOURS_BELOW_PLAN = "hours_below_plan"
    CASE_CLOSED = "case_closed"
    DEVIATION_TO_ACKNOWLEDGE = "deviation_to_acknowledge"
    DEVIATION_TO_HANDLE = "deviation_to_handle"


@dataclass(frozen=True)
class Task:
    """One thing that waits: for whom, by which Swedish date, of which referral, sent to which function."""

    due_on: date
    reason: Reason
    waits_for: Actor
    referral_id: UUID
    to_function: Code | None
    ref: UUID | None = None


def tasks(case: Case, closed: bool, now: datetime) -> Iterator[Task]:
    """What waits in the referrals of a case, in no order."""
    today = local_date(now)
    for referral_id, referral in case.referrals.items():
        for due_on, reason, waits_for, ref in _of(case, referral_id, referral, closed, today):
            yield Task(due_on, reason, waits_for, referral_id, referral.to_function, ref)
    running = [(key, each) for key, each in case.referrals.items() if each.runs and each.is_insats]
    if running and case.hours_per_week < FULL_WEEK_H and all(each.planned_hours_per_week is not None for _, each in running):
        key, last = max(running, key=lambda each: each[1].started.at if each[1].started else each[1].drafted.at)
        if last.started:
            yield Task(last.started.date, Reason.HOURS_BELOW_PLAN, Actor.SENDER, key, last.to_function)


Found = tuple[date, Reason, Actor, UUID | None]


def _of(case: Case, referral_id: UUID, referral: Referral, closed: bool, today: date) -> Iterator[Found]:
    sender, recipient = Actor.SENDER, Actor.RECIPIENT
    if closed and referral.is_open:
        yield today, Reason.CASE_CLOSED, sender, None
    if referral.state is State.DRAFT and not closed:
        yield referral.drafted.date, Reason.TO_SEND, sender, None
    if referral.waits_for_an_answer and referral.reply_due_on:
        if referral.state is not State.INFO_REQUESTED:  # whoever asks waits: every wait is of one party (`domain.md` 4.1)
            yield referral.reply_due_on, Reason.TO_ANSWER, recipient, None
        if today > referral.reply_due_on:
            yield referral.reply_due_on, Reason.REPLY_OVERDUE, sender, None
    if referral.state is State.INFO_REQUESTED and referral.information_due_on:
        yield referral.information_due_on, Reason.INFORMATION_AWAITED, sender, None
    if referral.state is State.ACCEPTED and referral.answered and not referral.recall_requested:
        yield referral.expected_start_on or referral.answered.date, Reason.TO_BOOK, recipient, None
    if referral.state is State.WAITLISTED and referral.answered:
        yield referral.expected_start_on or referral.answered.date, Reason.IN_QUEUE, sender, None
    if referral.state is State.ON_HOLD and not closed:
        yield today, Reason.ON_HOLD, sender, None
    if referral.state is State.SCHEDULED and referral.starts_on:
        yield referral.starts_on, Reason.TO_START, recipient, None
    if referral.recall_requested and referral.state is not State.ON_HOLD:
        yield today, Reason.RECALL_TO_ANSWER, recipient, None
    if referral.state in (State.DECLINED, State.REDIRECTED) and not closed and referral.ended and case.successor(referral_id) is None:
        yield referral.ended.date, Reason.SUCCESSOR_MISSING, sender, None
    ended_too_soon = referral.state is State.DISCONTINUED and referral.reason == INSUFFICIENT_PROGRESS
    if ended_too_soon and not closed and referral.ended and not (case.successor(referral_id) or case.has_next(referral_id, today)):
        yield referral.ended.date, Reason.SUCCESSOR_MISSING, sender, None
    if referral.runs and referral.ready:
        yield referral.ready.date, Reason.READY_FOR_NEXT_STEP, sender, None
    end = referral.planned_end_on
    if referral.runs and end and end - NEAR_END <= today and not case.has_next(referral_id, end):
        yield end, Reason.END_NEAR_WITHOUT_NEXT, sender, None
    for deviation_id, deviation in referral.deviations.items():
        if deviation.handled is None:
            reason = Reason.DEVIATION_TO_ACKNOWLEDGE if deviation.acknowledged is None else Reason.DEVIATION_TO_HANDLE
            yield deviation.reported.date, reason, sender, deviation_id
