"""What is read of many cases at once: lists by unit and state, and the worklist."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from contracts.codes import SourceSystem, UnitCode
from services.intake.api.answers import APPLICATION_REF, CASE_ID, EXAMPLE, CaseShown, case_shown
from services.intake.api.desk import House, SeesProtected, staff
from services.intake.domain.worklist import Reason
from services.intake.handlers import cases as handlers
from services.intake.store import cases as store
from services.intake.store.cases import FIRST, SourceRef, Wanted
from shared.changes import MOST, USUAL
from shared.telemetry import step

TASK_PLACE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f-]{36}_[a-z_]{1,30}_([0-9a-f-]{36})?$"

router = APIRouter(dependencies=[Depends(staff)])
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at most")]
Unit = Annotated[UnitCode | None, Query(description="of this unit only")]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class CasesShown(BaseModel):
    """Cases in the order of their registration. `next_after`: ask again with it for more; null: there are no more."""

    model_config = _example(cases=[EXAMPLE], next_after=None)

    cases: list[CaseShown]
    next_after: UUID | None


class TaskShown(BaseModel):
    """One thing that waits: why, by which day, in which case, about which application or assignment."""

    case_id: UUID
    reason: Reason
    due_on: date
    ref: UUID | None
    unit: str | None
    role: str | None


class WorklistShown(BaseModel):
    """What waits, the most urgent first. `next_after`: ask again with it for more; null: there is no more."""

    model_config = _example(
        tasks=[
            {
                "case_id": CASE_ID,
                "reason": "assessment_to_start",
                "due_on": "2026-01-05",
                "ref": APPLICATION_REF,
                "unit": "basgruppen",
                "role": "social_worker",
            }
        ],
        next_after=f"2026-01-05_{CASE_ID}_assessment_to_start_{APPLICATION_REF}",
    )

    tasks: list[TaskShown]
    next_after: str | None


@router.get("/cases", summary="Find cases: by your own reference, or by unit, state, person or household")
@step
async def list_cases(
    request: Request,
    sees: SeesProtected,
    unit: Unit = None,
    status: Annotated[str | None, Query(pattern="^(open|closed)$")] = None,
    person_ref: UUID | None = None,
    household_ref: UUID | None = None,
    source_system: SourceSystem = SourceSystem.INTAKE,
    source_ref: Annotated[str | None, Query(max_length=64, description="what your own system calls the case")] = None,
    after: UUID = FIRST,
    limit: Limit = USUAL,
) -> CasesShown:
    """Ärenden. With `source_ref` the one case, or none; the other filters then say nothing."""
    house: House = request.app.state.house
    now = await house.clock.now()
    if source_ref is not None:
        case_id = await store.known_as(house.db, SourceRef(source_system, source_ref))
        known = {case_id: await store.read(house.db, case_id)} if case_id else {}
        found = {each: stored for each, stored in known.items() if handlers.may_see(stored, sees)}
    else:
        found = await store.listed(house.db, Wanted(status, unit, person_ref, household_ref, sees), after, limit + 1)
    page = {each: await handlers.as_seen(house.db, stored, sees) for each, stored in list(found.items())[:limit]}
    shown = [case_shown(case_id, stored.version, stored.case, None, now) for case_id, stored in page.items()]
    return CasesShown(cases=shown, next_after=shown[-1].case_id if len(found) > limit else None)


@router.get("/worklist", summary="What waits, why, and by which day")
@step
async def show_worklist(
    request: Request,
    sees: SeesProtected,
    unit: Unit = None,
    reason: Reason | None = None,
    due_by: Annotated[date | None, Query(description="due on this day or before")] = None,
    after: Annotated[str | None, Query(pattern=TASK_PLACE, description="the `next_after` of the page before")] = None,
    limit: Limit = USUAL,
) -> WorklistShown:
    """Arbetslistan, as it is now; what is due first comes first."""
    house: House = request.app.state.house
    waiting = [
        TaskShown(case_id=case_id, reason=task.reason, due_on=task.due_on, ref=task.ref, unit=task.unit, role=task.role)
        for case_id, task in await handlers.worklist(house.db, unit, await house.clock.now(), sees)
        if reason in (None, task.reason) and (due_by is None or task.due_on <= due_by)
    ]
    page = [task for task in waiting if after is None or _place(task) > after][: limit + 1]
    return WorklistShown(tasks=page[:limit], next_after=_place(page[limit - 1]) if len(page) > limit else None)


def _place(task: TaskShown) -> str:
    """Where a task stands; text sorts as the list does."""
    return f"{task.due_on}_{task.case_id}_{task.reason}_{task.ref or ''}"
