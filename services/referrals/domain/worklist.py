"""The worklist: which referral waits for whom, why, and by which day. Computed when it is asked for, so it is never old. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.referrals.domain.facts import CONSULTATION, INSUFFICIENT_PROGRESS, Code, State
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
    """One thing that waits: for whom, by which Swedish date, of which referral, sent to which function.

    `to_role`: which role a deviation was reported to. `ref`: the deviation.
    """

    due_on: date
    reason: Reason
    waits_for: Actor
    referral_id: UUID
    to_function: Code | None
    ref: UUID | None = None
    to_role: Code | None = None


def tasks(case: Case, closed: bool, now: datetime) -> Iterator[Task]:
    """What waits in the referrals of a case, in no order."""
    today = local_date(now)
    for referral_id, referral in case.referrals.items():
        for due_on, reason, waits_for in _of(case, referral_id, referral, closed, today):
            yield Task(due_on, reason, waits_for, referral_id, referral.to_function)
        for deviation_id, deviation in referral.deviations.items():
            if deviation.handled is None:
                reason = Reason.DEVIATION_TO_ACKNOWLEDGE if deviation.acknowledged is None else Reason.DEVIATION_TO_HANDLE
                told = deviation.reported.date
                waits = _asked(told, reason, today) if deviation.waits_for is Actor.RECIPIENT else [(told, reason, Actor.SENDER)]
                for due_on, _, by in waits:
                    yield Task(due_on, reason, by, referral_id, referral.to_function, deviation_id, deviation.to_role)
    running = [(key, each) for key, each in case.referrals.items() if each.runs and each.is_insats]
    if running and not closed and case.hours_per_week < FULL_WEEK_H:  # hours that nobody knows do not count, so that they are asked for
        key, last = max(running, key=lambda each: each[1].started.at if each[1].started else each[1].drafted.at)
        if last.started:
            yield Task(last.started.date, Reason.HOURS_BELOW_PLAN, Actor.SENDER, key, last.to_function)


Found = tuple[date, Reason, Actor]


def _of(case: Case, referral_id: UUID, referral: Referral, closed: bool, today: date) -> Iterator[Found]:
    sender, recipient = Actor.SENDER, Actor.RECIPIENT
    if closed and referral.is_open:
        yield today, Reason.CASE_CLOSED, sender
    if referral.state is State.DRAFT and not closed:
        yield referral.drafted.date, Reason.TO_SEND, sender
    if referral.waits_for_an_answer and referral.reply_due_on:
        if referral.state is not State.INFO_REQUESTED:  # whoever asks waits: every wait is of one party (`domain.md` 4.1)
            yield referral.reply_due_on, Reason.TO_ANSWER, recipient
        if today > referral.reply_due_on:
            yield referral.reply_due_on, Reason.REPLY_OVERDUE, sender
    if referral.state is State.INFO_REQUESTED and referral.information_due_on:
        yield referral.information_due_on, Reason.INFORMATION_AWAITED, sender
    if referral.state is State.ACCEPTED and referral.answered and not referral.recall_requested:
        yield from _asked(referral.expected_start_on or referral.answered.date, Reason.TO_BOOK, today)
    if referral.state is State.WAITLISTED and referral.answered:
        yield referral.expected_start_on or referral.answered.date, Reason.IN_QUEUE, sender
    if referral.state is State.ON_HOLD and not closed:
        yield today, Reason.ON_HOLD, sender
    if referral.state is State.SCHEDULED and referral.starts_on:
        yield from _asked(referral.starts_on, Reason.TO_START, today)
    if referral.recall_asked and referral.state is not State.ON_HOLD:
        yield from _asked(referral.recall_asked.date, Reason.RECALL_TO_ANSWER, today)
    too_soon = referral.state is State.DISCONTINUED and referral.reason == INSUFFICIENT_PROGRESS
    if (too_soon or referral.state in (State.DECLINED, State.REDIRECTED)) and not closed and not _is_followed(case, referral_id, referral):
        yield (referral.ended or referral.drafted).date, Reason.SUCCESSOR_MISSING, sender
    if referral.runs and referral.ready:
        yield referral.ready.date, Reason.READY_FOR_NEXT_STEP, sender
    end = referral.planned_end_on
    if referral.runs and end and not closed and end - NEAR_END <= today and not case.has_next(referral_id, end):
        yield end, Reason.END_NEAR_WITHOUT_NEXT, sender


def _asked(due_on: date, reason: Reason, today: date) -> Iterator[Found]:
    """Waits for the recipient; and once its day has passed for the sender too: the recipient may have nobody here (memo S1)."""
    yield due_on, reason, Actor.RECIPIENT
    if due_on < today:
        yield due_on, reason, Actor.SENDER


def _is_followed(case: Case, referral_id: UUID, ended: Referral) -> bool:
    """Whether something was written in the place of a referral that ended, or another insats is on its way or ran beyond that."""
    if ended.kind == CONSULTATION or case.successor(referral_id):
        return True
    others = (each for key, each in case.referrals.items() if key != referral_id and each.is_insats and each.sent)
    at = ended.ended or ended.drafted
    return any(each.is_open or (each.started and each.ended and each.ended.date > at.date) for each in others)
