"""The routes of what was told: every fact of a case, its correction, and the marks of duplicates."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from services.intake.api import acts, bodies
from services.intake.api.answers import CASE_ID, CaseShown, MomentShown, moment_shown
from services.intake.api.desk import DONE, UNSHOWN, At, CaseId, Expected, House, SeesProtected, refusals, shown, staff
from services.intake.domain.commands import MarkDuplicate, UnmarkDuplicate
from services.intake.domain.moments import instant
from services.intake.handlers.cases import Unknown
from services.intake.handlers.corrections import Correction, NotTheirs, ToldFact, correct_fact, facts_of
from services.intake.translate import BadField, kept, name_of
from shared.clock import LOCAL
from shared.context import begin
from shared.problems import Problem
from shared.telemetry import step

OF_UNITS = {"unit", "role", "rule_id", "rule_version"}
"""What tells a unit, and is shown of nobody who is protected."""
OF_ANOTHER = {"of"}
"""What tells of another case."""
router = APIRouter(dependencies=[Depends(staff)])
deeds = APIRouter(dependencies=[Depends(staff)], responses=UNSHOWN)


class FactShown(BaseModel):
    """A fact as it was told. `in_force`: whether it still counts; `replaced_by`: the one that counts instead."""

    event_id: UUID
    fact: str
    sequence: int
    happened: MomentShown
    recorded_at: datetime
    fields: dict[str, Any]
    in_force: bool
    replaced_by: UUID | None


class FactsShown(BaseModel):
    """Every fact of a case, in the order it was told."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "case_id": CASE_ID,
                    "facts": [
                        {
                            "event_id": bodies.EVENT,
                            "fact": "support-hindrance-coded",
                            "sequence": 3,
                            "happened": {"on": "2026-01-07"},
                            "recorded_at": "2026-01-07T09:30:00+01:00",
                            "fields": {"code": "unemployed", "code_version": 1},
                            "in_force": True,
                            "replaced_by": None,
                        }
                    ],
                }
            ]
        }
    )

    case_id: UUID
    facts: list[FactShown]


@router.get("/cases/{case_id}/facts", summary="Every fact of a case, as it was told")
@step
async def show_facts(case_id: CaseId, request: Request, sees: SeesProtected) -> FactsShown:
    """Händelser i ärendet, also those that were corrected; their ids are what a correction names."""
    house: House = request.app.state.house
    try:
        told = await facts_of(house.db, case_id, sees)
    except Unknown:
        raise Problem("not_found") from None
    return FactsShown(case_id=case_id, facts=[_fact(each) for each in told])


@deeds.post("/cases/{case_id}/corrections", summary="Correct a fact")
@step
async def correct(case_id: CaseId, body: bodies.Correction, at: At, expected: Expected) -> CaseShown:
    """Rättelse: the fact is gone, or another stands in its place. What was told stays told; a figure known at an earlier day keeps it.

    A decision, and what corrected one, is corrected by somebody with authority (role intake-decider beside intake-staff).
    """
    said = body.replacement
    happened = said.happened.when() if said and said.happened else None
    fields, may_decide = said.fields if said else {}, not acts.decider.roles.isdisjoint(at.who.roles)
    asked = Correction(case_id, body.event_id, at.key, expected, said is not None, happened, fields, at.sees_protected, may_decide)
    with refusals():
        try:
            done = await correct_fact(at.house.db, at.house.ours, asked, begin(at.now, at.who.subject))
        except NotTheirs:
            acts.decider.let_in(at.who)
            raise
        except BadField as wrong:
            faults = [{"in": "body", "pointer": f"/replacement/fields/{wrong.field}", "kind": "invalid"}]
            raise Problem("request_invalid", errors=faults) from None
    return shown(done, at.now, at.response)


@deeds.post("/cases/{case_id}/duplicate", summary="Mark a case as a duplicate of another")
@step
async def mark_duplicate(case_id: CaseId, body: bodies.Duplicate, at: At, expected: Expected) -> CaseShown:
    """Dubblett, of an open case or a closed one: figures read the two as one. Neither is changed, and the mark can be undone."""
    return await at.carry_out(MarkDuplicate(happened=instant(at.now), now=at.now, of=body.of), DONE, case_id, expected)


@deeds.post("/cases/{case_id}/duplicate/undoing", summary="Undo the mark of a duplicate")
@step
async def unmark_duplicate(case_id: CaseId, at: At, expected: Expected) -> CaseShown:
    """Dubblettmarkering hävd: the two are two again, as of any day."""
    return await at.carry_out(UnmarkDuplicate(happened=instant(at.now), now=at.now), DONE, case_id, expected)


def _fact(told: ToldFact) -> FactShown:
    envelope, kept_back = told.envelope, (OF_UNITS if told.is_protected else set()) | (OF_ANOTHER if told.hides_other else set())
    return FactShown(
        event_id=envelope.id,
        fact=name_of(envelope.data),
        sequence=envelope.sequence or 0,
        happened=moment_shown(kept(envelope.data, envelope.time, envelope.timeprecision).happened),
        recorded_at=envelope.recordedtime.astimezone(LOCAL),
        fields=envelope.data.model_dump(mode="json", exclude_none=True, exclude=kept_back),
        in_force=told.in_force,
        replaced_by=told.replaced_by,
    )
