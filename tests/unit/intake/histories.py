"""Any history that staff could type: commands in any order, sensible or not, at times that only go forward."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from contracts.codes import (
    ApplicationKind,
    AssessmentKind,
    AssignmentBasis,
    Channel,
    DecidingRole,
    InsatsKind,
    PesResult,
    ProviderRole,
    SourceSystem,
    StaffRole,
    SupportHindrance,
)
from services.intake.domain.case import Case, evolve
from services.intake.domain.commands import (
    AgreePlan,
    AnswerAssignment,
    AssignCase,
    AttendIntroDays,
    CheckPes,
    CloseCase,
    CodeHindrance,
    Command,
    CompleteApplication,
    CompleteAssessment,
    ExpirePlan,
    HoldFollowUp,
    HoldPlanningMeeting,
    IssueAssignment,
    LapseCase,
    MakeDecision,
    ObserveInsats,
    ReceiveApplication,
    RegisterContact,
    ReopenCase,
    RequestCompletion,
    StartAssessment,
    WithdrawApplication,
)
from services.intake.domain.facts import Answer, CloseReason, Fact, Mode, Outcome, ReopenReason
from services.intake.domain.moments import day, instant
from services.intake.domain.routing import Beside
from services.intake.domain.rules import decide
from services.intake.domain.steps import Refused
from services.intake.settings.routing import OURS, read_routing
from tests.unit.intake.scenarios import receive_application

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = st.sampled_from([None, None, UUID(int=1), UUID(int=1), UUID(int=2)])
REFS = st.sampled_from([UUID(int=number) for number in (11, 12)])
DATES = st.dates(date(2025, 12, 1), date(2026, 12, 31))
HOURS = st.one_of(st.none(), st.integers(0, 40))
BESIDES = st.builds(Beside, st.sampled_from([(), read_routing(OURS)]), st.sampled_from([None, 20, 40]))
LATENESS = st.one_of(st.just(timedelta()), st.timedeltas(timedelta(hours=-1), timedelta(days=60)))


def codes(kind: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([str(code) for code in kind])


DECIDED: dict[str, st.SearchStrategy[Any]] = {
    "application_ref": REFS,
    "decision_ref": REFS,
    "support_from": st.none(),
    "support_to": st.none(),
    "automated": st.just(False),
    "decided_by_role": codes(role for role in DecidingRole if role is not DecidingRole.SYSTEM),
}
PARTS: dict[type, st.SearchStrategy[dict[str, Any]]] = {
    RegisterContact: st.fixed_dictionaries(
        {
            "person_ref": PEOPLE,
            "household_ref": PEOPLE,
            "channel": codes(Channel),
            "source_system": codes(SourceSystem),
            "known_from": st.one_of(st.none(), DATES),
        }
    ),
    ReceiveApplication: st.fixed_dictionaries(
        {
            "application_ref": REFS,
            "person_ref": PEOPLE,
            "household_ref": PEOPLE,
            "kind": codes(ApplicationKind),
            "channel": codes(Channel),
            "period_from": DATES,
            "period_to": DATES,
            "hindrance": st.one_of(st.none(), codes(SupportHindrance)),
            "assign": st.booleans(),
        }
    ),
    RequestCompletion: st.fixed_dictionaries({"application_ref": REFS, "due_on": DATES}),
    CompleteApplication: st.fixed_dictionaries({"application_ref": REFS}),
    WithdrawApplication: st.fixed_dictionaries({"application_ref": REFS}),
    StartAssessment: st.fixed_dictionaries({"application_ref": REFS, "kind": codes(AssessmentKind)}),
    CompleteAssessment: st.fixed_dictionaries({"application_ref": REFS, "kind": codes(AssessmentKind)}),
    MakeDecision: st.one_of(
        st.fixed_dictionaries(DECIDED | {"outcome": st.sampled_from(Outcome)}),
        st.fixed_dictionaries(DECIDED | {"outcome": st.just(Outcome.PARTLY), "support_from": DATES, "support_to": DATES}),
    ),
    CloseCase: st.fixed_dictionaries({"reason": st.sampled_from(CloseReason)}),
    CodeHindrance: st.fixed_dictionaries({"code": codes(SupportHindrance)}),
    CheckPes: st.fixed_dictionaries({"result": codes(PesResult), "registered_since": st.one_of(st.none(), DATES)}),
    ObserveInsats: st.fixed_dictionaries(
        {
            "observed_ref": REFS,
            "kind": codes(InsatsKind),
            "ended_on": st.one_of(st.none(), DATES),
            "planned_hours_per_week": HOURS,
            "provider_role": codes(ProviderRole),
        }
    ),
    AssignCase: st.fixed_dictionaries({"unit": st.sampled_from(["basgruppen", "vuxteamet"]), "role": codes(StaffRole)}),
    AgreePlan: st.fixed_dictionaries({"plan_ref": REFS, "next_follow_up_on": DATES}),
    ExpirePlan: st.just({}),
    HoldFollowUp: st.fixed_dictionaries({"next_follow_up_on": DATES}),
    IssueAssignment: st.fixed_dictionaries(
        {
            "assignment_ref": REFS,
            "mode": st.sampled_from(Mode),
            "insats_kind": codes(InsatsKind),
            "planned_hours_per_week": HOURS,
            "basis": codes(AssignmentBasis),
        }
    ),
    AnswerAssignment: st.fixed_dictionaries({"assignment_ref": REFS, "answer": st.sampled_from(Answer)}),
    AttendIntroDays: st.just({}),
    HoldPlanningMeeting: st.just({}),
    ReopenCase: st.fixed_dictionaries({"reason": st.sampled_from(ReopenReason)}),
    LapseCase: st.just({}),
}


@st.composite
def commands(draw: st.DrawFn, now: datetime) -> Command:
    """One command of any kind, typed now."""
    kind = draw(st.sampled_from([*PARTS, ReceiveApplication, MakeDecision, LapseCase]))  # more of what goes far
    said = {"now": now} | draw(PARTS[kind])
    if kind is not LapseCase:
        at = instant(now - draw(LATENESS))
        said["happened"] = day(at.date) if draw(st.booleans()) else at
    command: Command = kind(**said)
    return command


@st.composite
def typed(draw: st.DrawFn) -> tuple[Case, list[Fact]]:
    """What comes of any history: the case as it was decided on, and all facts in the order they were told."""
    case, facts, now, beside = Case(), list[Fact](), BEGIN, draw(BESIDES)
    if draw(st.booleans()):  # else few go as far as a decision
        facts = decide(case, receive_application(day(BEGIN.date()), now=BEGIN))
        case = reduce(evolve, facts, case)
    for _ in range(draw(st.integers(10, 25))):
        now += timedelta(hours=draw(st.integers(0, 15 * 24)))
        try:
            told = decide(case, draw(commands(now)), beside)
        except Refused:
            continue
        case = reduce(evolve, told, case)
        facts += told
    return case, facts
