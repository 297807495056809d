"""What is read of many referrals at once: by function and state, the worklist, and what crossed and waits for a human."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from contracts.codes import FunctionCode
from services.referrals.api.answers import CASE_ID, EXAMPLE, REFERRAL_ID, ReferralShown, referral_shown
from services.referrals.api.desk import At, House, Looking, refusals, sender, staff
from services.referrals.domain.facts import State
from services.referrals.domain.steps import Actor, Step
from services.referrals.domain.worklist import Reason
from services.referrals.handlers import cases as handlers
from services.referrals.handlers.cases import place_of
from services.referrals.store import cases as store
from services.referrals.store.cases import FIRST
from shared.changes import MOST, USUAL
from shared.context import begin
from shared.telemetry import step

TASK_PLACE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f-]{36}_[a-z_]{1,30}_[0-9a-f-]{36}_([0-9a-f-]{36})?$"

router = APIRouter(dependencies=[Depends(staff)])
desk = APIRouter(dependencies=[Depends(sender)])
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at most")]
Function = Annotated[FunctionCode | None, Query(description="sent to this function only")]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class ListedReferral(ReferralShown):
    """A referral and its case."""

    case_id: UUID


class ReferralsShown(BaseModel):
    """Referrals in the order of their drafting. `next_after`: ask again with it for more; null: there are no more."""

    model_config = _example(referrals=[{"case_id": CASE_ID, **EXAMPLE["referrals"][0]}], next_after=None)

    referrals: list[ListedReferral]
    next_after: UUID | None


class TaskShown(BaseModel):
    """One thing that waits: why, by which day, in which case, about which referral or deviation, and to whom it was sent.

    `to_role`: to which role the deviation was reported.
    """

    case_id: UUID
    referral_id: UUID
    reason: Reason
    due_on: date
    to_function: str | None
    ref: UUID | None
    to_role: str | None


class WorklistShown(BaseModel):
    """What waits, the most urgent first. `next_after`: ask again with it for more; null: there is no more."""

    model_config = _example(
        tasks=[
            {
                "case_id": CASE_ID,
                "referral_id": REFERRAL_ID,
                "reason": "to_answer",
                "due_on": "2026-03-16",
                "to_function": "jobbcentrum",
                "ref": None,
                "to_role": None,
            }
        ],
        next_after=None,
    )

    tasks: list[TaskShown]
    next_after: str | None


class ConflictShown(BaseModel):
    """What was not applied because another act came first: which step, by whom, about which referral, and what was `said`."""

    id: int
    case_id: UUID
    referral_id: UUID | None
    step: Step
    by_actor: Actor
    noted_at: datetime
    said: dict[str, Any]


class ConflictsShown(BaseModel):
    """What waits for a human to look at, the oldest first."""

    model_config = _example(
        conflicts=[
            {
                "id": 1,
                "case_id": CASE_ID,
                "referral_id": REFERRAL_ID,
                "step": "accept",
                "by_actor": "recipient",
                "noted_at": "2026-03-02T09:30:00+01:00",
                "said": {"recorded_by": "recipient"},
            }
        ],
        next_after=None,
    )

    conflicts: list[ConflictShown]
    next_after: int | None


@router.get("/referrals", summary="Find referrals by function and state")
@step
async def list_referrals(
    request: Request, seer: Looking, to_function: Function = None, state: State | None = None, after: UUID = FIRST, limit: Limit = USUAL
) -> ReferralsShown:
    """Remisser. A recipient's staff find those that were sent to their function."""
    house: House = request.app.state.house
    found = await store.listed(house.db, to_function, state, seer, after, limit + 1)
    rows = await store.of_cases(house.db, {case_id for _, case_id in found[:limit]})
    cases = {case_id: (stored.case, functions) for case_id, stored, _, functions in map(store.whole, rows)}
    shown = []
    for referral_id, case_id in found[:limit]:
        case, functions = cases[case_id]
        one = referral_shown(referral_id, case.referrals[referral_id], functions[referral_id], case, seer.sees(case, functions))
        shown.append(ListedReferral(case_id=case_id, **one.model_dump()))
    return ReferralsShown(referrals=shown, next_after=shown[-1].referral_id if len(found) > limit else None)


@router.get("/worklist", summary="What waits for you, why, and by which day")
@step
async def show_worklist(
    request: Request,
    seer: Looking,
    to_function: Function = None,
    reason: Reason | None = None,
    due_by: Annotated[date | None, Query(description="due on this day or before")] = None,
    after: Annotated[str | None, Query(pattern=TASK_PLACE, description="the `next_after` of the page before")] = None,
    limit: Limit = USUAL,
) -> WorklistShown:
    """Arbetslistan: for the senders' staff what waits for them, for a recipient's what waits for their function."""
    house: House = request.app.state.house
    waiting = [
        each
        for each in await handlers.worklist(house.db, to_function, seer, await house.clock.now())
        if reason in (None, each[1].reason) and (due_by is None or each[1].due_on <= due_by)
    ]
    page = [each for each in waiting if after is None or place_of(*each) > after][: limit + 1]
    tasks = [
        TaskShown(
            case_id=case_id,
            reason=task.reason,
            due_on=task.due_on,
            referral_id=task.referral_id,
            to_function=task.to_function,
            ref=task.ref,
            to_role=task.to_role,
        )
        for case_id, task in page[:limit]
    ]
    return WorklistShown(tasks=tasks, next_after=place_of(*page[limit - 1]) if len(page) > limit else None)


@desk.get("/conflicts", summary="What crossed and waits for a human")
@step
async def show_conflicts(
    request: Request, seer: Looking, after: Annotated[int, Query(ge=0, lt=2**63)] = 0, limit: Limit = USUAL
) -> ConflictsShown:
    """Korsande besked: an answer to what had been recalled, a withdrawal of what had begun, a draft that intake took back."""
    house: House = request.app.state.house
    found = await store.conflicts(house.db, after, limit + 1, seer)
    shown = [ConflictShown(**{**vars(each), "step": Step(each.step), "by_actor": Actor(each.by_actor)}) for each in found[:limit]]
    return ConflictsShown(conflicts=shown, next_after=shown[-1].id if len(found) > limit else None)


@desk.post("/conflicts/{number}/settlement", status_code=204, summary="Settle what crossed")
@step
async def settle_conflict(number: Annotated[int, Path(ge=1, lt=2**63, examples=[1])], at: At) -> None:
    """A human has looked at it and done what was to be done."""
    with refusals(at.seer):
        await handlers.settle_conflict(at.house.db, at.key, number, at.seer, begin(at.now, at.who.subject))
