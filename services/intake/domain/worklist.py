"""The worklist: what waits for somebody in a case, why, and by which day. Computed when it is asked for, so it is never old. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.intake.domain.case import Application, Case, lapse_due
from services.intake.domain.facts import Code
from services.intake.domain.moments import local_date, month_of, next_month

ANSWERS_WITHIN = timedelta(days=14)
"""An assumption: no law says how long an anvisning may wait for its answer."""


class Reason(StrEnum):
    """Why a case is on the worklist."""

    APPLICATION_AWAITED = "application_awaited"
    COMPLETION_AWAITED = "completion_awaited"
    ASSESSMENT_TO_START = "assessment_to_start"
    DECISION_TO_MAKE = "decision_to_make"
    PES_CHECK = "pes_check"
    PLAN_MISSING = "plan_missing"
    FOLLOW_UP = "follow_up"
    ASSIGNMENT_UNANSWERED = "assignment_unanswered"


@dataclass(frozen=True)
class Task:
    """One thing that waits, of which application or assignment, by which Swedish date, and who answers for it."""

    due_on: date
    reason: Reason
    ref: UUID | None
    unit: Code | None
    role: Code | None


def tasks(case: Case, now: datetime) -> Iterator[Task]:
    """What waits in an open case, in no order. A case that a rule has closed by now has none."""
    lapse, passage, today = lapse_due(case), case.passage, local_date(now)
    if case.opened is None or case.closing is not None or (lapse and lapse.at <= now):
        return
    answers = passage.answers
    unit, role = (answers.unit, answers.role) if answers else (None, None)
    waiting = [(application.ref, *_of_application(application)) for application in case.applications if application.is_open]
    yield from (Task(due_on, reason, ref, unit, role) for ref, reason, due_on in waiting)
    if not case.applications and lapse and case.duplicate_of is None:
        yield Task(local_date(lapse.at), Reason.APPLICATION_AWAITED, None, unit, role)
    if passage.needs_pes_check and passage.hindrance:
        since = month_later(passage.pes.happened.date) if passage.pes else passage.hindrance.happened.date
        yield Task(since, Reason.PES_CHECK, None, unit, role)
    if passage.plan and passage.has_valid_plan:
        yield Task(passage.plan.next_follow_up_on, Reason.FOLLOW_UP, None, unit, role)
    elif case.supported_in(month_of(today)):
        yield Task(_paid_without_plan_since(case), Reason.PLAN_MISSING, None, unit, role)
    for each in passage.assignments:
        if each.is_open:
            yield Task(each.issued.date + ANSWERS_WITHIN, Reason.ASSIGNMENT_UNANSWERED, each.ref, unit, role)


def _of_application(application: Application) -> tuple[Reason, date]:
    """An assessment begins at once (SoL 14 kap. 2 §); after a month a decision is late (förvaltningslagen 11 §, as Malmö reads it)."""
    if application.awaits_completion and application.due_on:
        return Reason.COMPLETION_AWAITED, application.due_on
    if not application.assessments:
        return Reason.ASSESSMENT_TO_START, application.received.date
    return Reason.DECISION_TO_MAKE, month_later(application.received.date)


def _paid_without_plan_since(case: Case) -> date:
    """The day from which support is paid without a valid plan (memo S3): that of the last decision, or of the plan's end if later."""
    decided = max(each.decision.happened.date for each in case.applications if each.decision and each.decision.outcome.gives_support)
    plan = case.passage.plan
    return max(decided, plan.expired.date) if plan and plan.expired else decided


def month_later(on: date) -> date:
    """The same day of the next month, or its last (lag 1930:173 1 §). A threshold: it does not roll."""
    following = next_month(month_of(on))
    last = next_month(following) - timedelta(days=1)
    return last.replace(day=min(on.day, last.day))
