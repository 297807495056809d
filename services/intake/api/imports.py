"""The route for systems that deliver only in batches: many items at once, each carried out once, whatever is delivered again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict

from services.intake.api.acts import ACTS
from services.intake.api.answers import APPLICATION_REF, CASE_ID, StepShown
from services.intake.api.desk import House, SeesProtected, refusals, staff
from services.intake.api.items import Import, contradictions, taken_in
from services.intake.handlers.imports import Delivery, Item, KeyReused, NotTold, Outcome
from shared.auth import Caller
from shared.context import Context, begin
from shared.problems import Problem
from shared.telemetry import step

router = APIRouter(dependencies=[Depends(staff)])


class ItemProblem(BaseModel):
    """Why an item was refused, as an error of the catalogue (RFC 9457), and where: `pointer` into the delivery."""

    type: str
    title: str
    status: int
    detail: str
    cure: str
    reason: str | None
    next: list[StepShown]
    pointer: str


class ItemShown(BaseModel):
    """What became of an item: `done`, `again` (done before, and nothing now), `refused` (`problem` says why), or `held_back` (an earlier
    item of its case was refused). What it did is null where nothing was done, and where the case may not be seen.
    """

    key: str
    outcome: Outcome
    case_id: UUID | None
    application_ref: UUID | None
    assignment_ref: UUID | None
    problem: ItemProblem | None


class ImportShown(BaseModel):
    """What became of every item, in the order of the delivery."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "key": "K-2",
                            "outcome": "done",
                            "case_id": CASE_ID,
                            "application_ref": APPLICATION_REF,
                            "assignment_ref": None,
                            "problem": None,
                        }
                    ]
                }
            ]
        }
    )

    items: list[ItemShown]


@router.post("/imports", summary="Deliver a batch of what happened")
@step
async def take_delivery(body: Import, request: Request, who: Annotated[Caller, Depends(staff)], sees: SeesProtected) -> ImportShown:
    """Leverans. Idempotent by the items' own keys, for ever: whatever is delivered again is answered `again`, and done once.

    Nothing is done unless the whole delivery can be read, and the caller may do every step in it (a decision: role intake-decider).
    Then each item is carried out by itself, in order.
    """
    if wrong := contradictions(body):
        raise RequestValidationError([{"loc": ("body", *place), "type": "contradicts"} for place in wrong])
    for guard in {act.guard for act in (ACTS[item.step] for item in body.items) if act.guard}:
        guard.let_in(who)
    house: House = request.app.state.house
    delivery = Delivery(house.db, house.ours, sees)
    shown = []
    for number, item in enumerate(body.items):
        now = await house.clock.now()  # for each: what a long delivery registers is not registered in the past
        shown.append(await _brought(delivery, taken_in(body.source_system, item, now, sees), begin(now, who.subject), f"/items/{number}"))
    return ImportShown(items=shown)


async def _brought(delivery: Delivery, item: Item, context: Context, place: str) -> ItemShown:
    try:
        with refusals():
            found = await delivery.bring(item, context)
    except KeyReused:
        return _refused(item, Problem("item_key_reused"), f"{place}/key")
    except NotTold as unknown:
        return _refused(item, Problem("not_found"), f"{place}/{unknown.part}")
    except Problem as problem:
        return _refused(item, problem, place)
    return ItemShown(
        key=item.key.key,
        outcome=found.outcome,
        case_id=found.case_id,
        application_ref=found.application_ref,
        assignment_ref=found.assignment_ref,
        problem=None,
    )


def _refused(item: Item, problem: Problem, place: str) -> ItemShown:
    said = ItemProblem.model_validate({"reason": None, "next": [], **problem.document(), "pointer": place})
    return ItemShown(key=item.key.key, outcome=Outcome.REFUSED, case_id=None, application_ref=None, assignment_ref=None, problem=said)
