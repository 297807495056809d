"""The routes beside the applications: hindrance, check at Arbetsförmedlingen, insatser found, plan, assignments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from services.intake.api import acts, bodies
from services.intake.api.answers import ASSIGNMENT_REF, CaseShown
from services.intake.api.desk import DONE, UNSHOWN, At, CaseId, Expected, staff
from shared.telemetry import step

CASE = "/cases/{case_id}"
router = APIRouter(dependencies=[Depends(staff)], responses=UNSHOWN)
AssignmentRef = Annotated[UUID, Path(examples=[ASSIGNMENT_REF])]


@router.post(f"{CASE}/hindrance", summary="Code the support hindrance")
@step
async def code_hindrance(case_id: CaseId, body: bodies.Hindrance, at: At, expected: Expected) -> CaseShown:
    """Koda försörjningshinder; the rules then say which unit the case belongs to."""
    return await at.carry_out(acts.hindrance(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/pes-checks", summary="Register a check at Arbetsförmedlingen")
@step
async def check_pes(case_id: CaseId, body: bodies.PesCheck, at: At, expected: Expected) -> CaseShown:
    """Inskrivningskontroll; while somebody unemployed is not registered, or nobody knows, the case is on the worklist."""
    return await at.carry_out(acts.pes_check(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/observed-insatser", summary="Register an insats that began without us")
@step
async def observe_insats(case_id: CaseId, body: bodies.Observed, at: At, expected: Expected) -> CaseShown:
    """Pågående insats funnen, as at the check; it happened on the day it began."""
    return await at.carry_out(acts.observed_insats(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/responsibility", summary="Decide who answers for the case")
@step
async def assign_case(case_id: CaseId, body: bodies.Responsible, at: At, expected: Expected) -> CaseShown:
    """Tilldela by hand, whatever the rules say; the next route that they give takes its place."""
    return await at.carry_out(acts.responsibility(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/plan", summary="Agree a plan, or a new version of it")
@step
async def agree_plan(case_id: CaseId, body: bodies.FollowUp, at: At, expected: Expected) -> CaseShown:
    """Handlingsplan överenskommen."""
    return await at.carry_out(acts.plan(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/plan/expiry", summary="Register that the plan is valid no more")
@step
async def expire_plan(case_id: CaseId, body: bodies.Happened, at: At, expected: Expected) -> CaseShown:
    """Handlingsplan upphörd; the case goes back for a new assessment."""
    return await at.carry_out(acts.plan_expiry(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/plan/follow-ups", summary="Register a follow-up of the plan")
@step
async def hold_follow_up(case_id: CaseId, body: bodies.FollowUp, at: At, expected: Expected) -> CaseShown:
    """Uppföljning hållen, and the day of the next one."""
    return await at.carry_out(acts.follow_up(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/assignments", summary="Assign to an insats")
@step
async def issue_assignment(case_id: CaseId, body: bodies.Assigned, at: At, expected: Expected) -> CaseShown:
    """Anvisning; a planned one follows a valid plan."""
    return await at.carry_out(acts.assignment(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/assignments/{{assignment_ref}}/answer", summary="Register the answer to an assignment")
@step
async def answer_assignment(case_id: CaseId, assignment_ref: AssignmentRef, body: bodies.Answered, at: At, expected: Expected) -> CaseShown:
    """Anvisning besvarad. What follows from a no a human judges, never a rule (SoL 12 kap. 5 §)."""
    return await at.carry_out(acts.assignment_answer(body, at.now, assignment_ref), DONE, case_id, expected)


@router.post(f"{CASE}/introduction-days", summary="Register that the introduction days were attended")
@step
async def attend_intro_days(case_id: CaseId, body: bodies.Happened, at: At, expected: Expected) -> CaseShown:
    """Introdagar genomförda."""
    return await at.carry_out(acts.introduction_days(body, at.now), DONE, case_id, expected)


@router.post(f"{CASE}/planning-meetings", summary="Register that the planning meeting was held")
@step
async def hold_planning_meeting(case_id: CaseId, body: bodies.Happened, at: At, expected: Expected) -> CaseShown:
    """Planeringssamtal hållet."""
    return await at.carry_out(acts.planning_meeting(body, at.now), DONE, case_id, expected)
