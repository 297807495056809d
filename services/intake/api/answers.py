"""What the API answers: the case as it is, and the steps allowed now, each with the address to send it to."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.intake.api.words import STEPS
from services.intake.domain import case as domain
from services.intake.domain.facts import Answer, CaseRouted, CloseReason, Mode, Outcome
from services.intake.domain.moments import LOCAL, Precision, When
from services.intake.domain.passage import Passage
from services.intake.domain.rules import steps
from services.intake.domain.steps import Next, Step
from shared.code_lists import Names

CASES, APPLICATIONS = "/intake/cases", "/intake/applications"
OF_CASE = {
    Step.RECEIVE_APPLICATION: "applications",
    Step.CODE_HINDRANCE: "hindrance",
    Step.CHECK_PES: "pes-checks",
    Step.OBSERVE_INSATS: "observed-insatser",
    Step.ASSIGN_CASE: "responsibility",
    Step.ATTEND_INTRO_DAYS: "introduction-days",
    Step.HOLD_PLANNING_MEETING: "planning-meetings",
    Step.AGREE_PLAN: "plan",
    Step.HOLD_FOLLOW_UP: "plan/follow-ups",
    Step.EXPIRE_PLAN: "plan/expiry",
    Step.ISSUE_ASSIGNMENT: "assignments",
    Step.CLOSE_CASE: "closing",
    Step.REOPEN_CASE: "reopening",
    Step.MARK_DUPLICATE: "duplicate",
    Step.UNMARK_DUPLICATE: "duplicate/undoing",
}
OF_APPLICATION = {
    Step.REQUEST_COMPLETION: "completion-requests",
    Step.COMPLETE_APPLICATION: "completion",
    Step.WITHDRAW_APPLICATION: "withdrawal",
    Step.START_ASSESSMENT: "assessment-start",
    Step.COMPLETE_ASSESSMENT: "assessment-completion",
    Step.MAKE_DECISION: "decision",
}
ASSIGNMENT_REF = "01997f3e-7c32-7e66-9a2d-4b8d3f5e6c7a"
CASE_ID, APPLICATION_REF = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e", "01997f3e-6b21-7d55-8f1c-3a7c2e4d5b6f"
EXAMPLE: dict[str, Any] = {
    "case_id": CASE_ID,
    "application_ref": APPLICATION_REF,
    "version": 2,
    "status": "open",
    "person_ref": "0b9e6d5c-4a3f-4c1e-9d2b-7f8a6c5e4d3b",
    "household_ref": None,
    "opened": {"at": "2026-01-05T09:30:00+01:00"},
    "applications": [
        {
            "application_ref": APPLICATION_REF,
            "kind": "new",
            "stage": "applied",
            "received": {"on": "2026-01-05"},
            "ended": None,
            "period_from": "2026-01-01",
            "period_to": "2026-01-31",
            "decision": None,
        }
    ],
    "passage": {
        "hindrance": "unemployed",
        "unit": "jobbaktiv",
        "role": "labour_market_secretary",
        "routes": [
            {
                "happened": {"at": "2026-01-05T09:30:00+01:00"},
                "unit": "jobbaktiv",
                "role": "labour_market_secretary",
                "rule_id": "r2",
                "rule_version": 2,
                "hop": 1,
            }
        ],
        "returns": 0,
        "plan": None,
        "assignments": [
            {
                "assignment_ref": ASSIGNMENT_REF,
                "mode": "direct",
                "insats_kind": "work_training",
                "issued": {"at": "2026-01-05T09:30:00+01:00"},
                "answer": None,
            }
        ],
        "pes_result": None,
        "observed_insatser": 0,
    },
    "closed": None,
    "duplicate_of": None,
    "lapses_at": None,
    "next": [
        {
            "step": "close_case",
            "names": {"sv": "Avsluta ärendet", "en": "Close the case"},
            "method": "POST",
            "path": f"{CASES}/{CASE_ID}/closing",
        },
        {
            "step": "make_decision",
            "names": {"sv": "Besluta", "en": "Decide"},
            "method": "POST",
            "path": f"{CASES}/{CASE_ID}/applications/{APPLICATION_REF}/decision",
        },
    ],
}


class MomentShown(BaseModel):
    """An instant (`at`, Swedish time) or a day (`on`)."""

    at: datetime | None = None
    on: date | None = None


class DecisionShown(BaseModel):
    """What was decided on an application."""

    decision_ref: UUID
    outcome: Outcome
    support_from: date | None
    support_to: date | None


class ApplicationShown(BaseModel):
    """One application and how far it has come."""

    application_ref: UUID
    kind: str
    stage: domain.Stage
    received: MomentShown
    ended: MomentShown | None
    period_from: date
    period_to: date
    decision: DecisionShown | None


class ClosingShown(BaseModel):
    """When and why the case closed."""

    happened: MomentShown
    reason: CloseReason


class RouteShown(BaseModel):
    """Where the case was routed: by which rule of which version; `hop` counts from 1."""

    happened: MomentShown
    unit: str | None
    role: str
    rule_id: str
    rule_version: int
    hop: int


class PlanShown(BaseModel):
    """The latest version of the plan."""

    plan_ref: UUID
    version: int
    agreed: MomentShown
    next_follow_up_on: date
    expired: MomentShown | None


class AssignmentShown(BaseModel):
    """One assignment, and what was said to it."""

    assignment_ref: UUID
    mode: Mode
    insats_kind: str
    issued: MomentShown
    answer: Answer | None


class PassageShown(BaseModel):
    """How far the person has come beside the applications. `unit`: who answers now; `returns`: how often it came back to a unit."""

    hindrance: str | None
    unit: str | None
    role: str | None
    routes: list[RouteShown]
    returns: int
    plan: PlanShown | None
    assignments: list[AssignmentShown]
    pes_result: str | None
    observed_insatser: int


class StepShown(BaseModel):
    """A step that is allowed now, what to call it, and where to send it."""

    step: Step
    names: Names
    method: str
    path: str


class CaseShown(BaseModel):
    """The case as it is now. `lapses_at`: when a rule closes it if nothing more happens."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    case_id: UUID
    application_ref: UUID | None
    version: int
    status: str
    person_ref: UUID | None
    household_ref: UUID | None
    opened: MomentShown | None
    applications: list[ApplicationShown]
    passage: PassageShown
    closed: ClosingShown | None
    duplicate_of: UUID | None
    lapses_at: datetime | None
    next: list[StepShown]


def case_shown(case_id: UUID, version: int, case: domain.Case, application_ref: UUID | None, now: datetime) -> CaseShown:
    """The answer about a case; `application_ref` is the application that the request was about."""
    lapse = domain.lapse_due(case)
    return CaseShown(
        case_id=case_id,
        application_ref=application_ref,
        version=version,
        status="closed" if case.closing else "open",
        person_ref=case.person_ref,
        household_ref=case.household_ref,
        opened=_moment(case.opened),
        applications=[_application(each) for each in case.applications],
        passage=_passage(case.passage),
        closed=ClosingShown(happened=moment_shown(case.closing.happened), reason=case.closing.reason) if case.closing else None,
        duplicate_of=case.duplicate_of,
        lapses_at=lapse.at.astimezone(LOCAL) if lapse else None,
        next=next_shown(case_id, steps(case, now)),
    )


def next_shown(case_id: UUID, allowed: Iterable[Next]) -> list[StepShown]:
    """Each step with its address. What may come to a case only while it is open opens a new one afterwards, at another address."""
    listed = list(allowed)
    is_open = any(each.step is Step.CLOSE_CASE for each in listed)
    return [StepShown(step=each.step, names=STEPS[each.step], method="POST", path=_path(case_id, each, is_open)) for each in listed]


def _path(case_id: UUID, allowed: Next, is_open: bool) -> str:
    if allowed.step is Step.REGISTER_CONTACT:
        return CASES
    if allowed.step is Step.RECEIVE_APPLICATION and not is_open:
        return APPLICATIONS
    if allowed.ref is None:
        return f"{CASES}/{case_id}/{OF_CASE[allowed.step]}"
    if allowed.step is Step.ANSWER_ASSIGNMENT:
        return f"{CASES}/{case_id}/assignments/{allowed.ref}/answer"
    return f"{CASES}/{case_id}/applications/{allowed.ref}/{OF_APPLICATION[allowed.step]}"


def _route(route: CaseRouted) -> RouteShown:
    return RouteShown(
        happened=moment_shown(route.happened),
        unit=route.unit,
        role=route.role,
        rule_id=route.rule_id,
        rule_version=route.rule_version,
        hop=route.hop,
    )


def _passage(passage: Passage) -> PassageShown:
    plan, answers = passage.plan, passage.answers
    return PassageShown(
        hindrance=passage.hindrance.code if passage.hindrance else None,
        unit=answers.unit if answers else None,
        role=answers.role if answers else None,
        routes=[_route(each) for each in passage.routes],
        returns=passage.returns,
        plan=plan
        and PlanShown(
            plan_ref=plan.ref,
            version=plan.version,
            agreed=moment_shown(plan.agreed),
            next_follow_up_on=plan.next_follow_up_on,
            expired=_moment(plan.expired),
        ),
        assignments=[
            AssignmentShown(
                assignment_ref=each.ref, mode=each.mode, insats_kind=each.insats_kind, issued=moment_shown(each.issued), answer=each.answer
            )
            for each in passage.assignments
        ],
        pes_result=passage.pes.result if passage.pes else None,
        observed_insatser=len(passage.observed),
    )


def _application(application: domain.Application) -> ApplicationShown:
    decided = application.decision
    return ApplicationShown(
        application_ref=application.ref,
        kind=application.kind,
        stage=application.stage,
        received=moment_shown(application.received),
        ended=_moment(application.ended),
        period_from=application.period_from,
        period_to=application.period_to,
        decision=decided
        and DecisionShown(
            decision_ref=decided.decision_ref, outcome=decided.outcome, support_from=decided.support_from, support_to=decided.support_to
        ),
    )


def moment_shown(moment: When) -> MomentShown:
    """A moment as it was typed: an instant or a day."""
    if moment.precision is Precision.DAY:
        return MomentShown(on=moment.date)
    return MomentShown(at=moment.at.astimezone(LOCAL))


def _moment(moment: When | None) -> MomentShown | None:
    return moment_shown(moment) if moment else None
