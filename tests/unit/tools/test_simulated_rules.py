"""Whole simulated years at intake's own rules, without a service: nothing that the simulator types is refused."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.domain.case import Case, evolve
from services.intake.domain.commands import (
    AgreePlan,
    CheckPes,
    CloseCase,
    CompleteApplication,
    CompleteAssessment,
    IssueAssignment,
    MakeDecision,
    ObserveInsats,
    ReceiveApplication,
    RegisterContact,
    RequestCompletion,
    StartAssessment,
    Typed,
    WithdrawApplication,
)
from services.intake.domain.facts import CaseReopened, CloseReason, Mode, Outcome
from services.intake.domain.home import home
from services.intake.domain.moments import When, day, instant
from services.intake.domain.rules import decide
from shared.clock import LOCAL
from tools.simulation.acts import SHUTS, Act
from tools.simulation.profile import read_profile
from tools.simulation.town import simulate

VASBY = read_profile("vasby")


def on(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def command(act: Act, happened: When, now: datetime, ref: UUID | None) -> Typed:
    """What the API makes of the act."""
    said: dict[str, Any] = {name: value for name, value in act.body.items() if name != "happened"}
    at: dict[str, Any] = {"happened": happened, "now": now}
    own = {"application_ref": ref}
    known: dict[str, Any] = {"person_ref": None, "household_ref": None}
    made: dict[str, Callable[[], Typed]] = {
        "contact": lambda: RegisterContact(
            **at,
            household_ref=None,
            person_ref=UUID(said["person_ref"]),
            channel=said["channel"],
            source_system=said["source_system"],
            known_from=on(said.get("known_from")),
        ),
        "application": lambda: ReceiveApplication(
            **at | known | own,
            kind=said["kind"],
            channel=said["channel"],
            period_from=date.fromisoformat(said["period_from"]),
            period_to=date.fromisoformat(said["period_to"]),
            hindrance=said.get("hindrance"),
        ),
        "completion_request": lambda: RequestCompletion(**at | own, due_on=date.fromisoformat(said["due_on"])),
        "completion": lambda: CompleteApplication(**at | own),
        "withdrawal": lambda: WithdrawApplication(**at | own),
        "assessment_start": lambda: StartAssessment(**at | own, kind=said["kind"]),
        "assessment_completion": lambda: CompleteAssessment(**at | own, kind=said["kind"]),
        "decision": lambda: MakeDecision(
            **at | own,
            decision_ref=uuid4(),
            outcome=Outcome(said["outcome"]),
            support_from=on(said.get("support_from")),
            support_to=on(said.get("support_to")),
            automated=said["automated"],
            decided_by_role=said["decided_by_role"],
        ),
        "pes_check": lambda: CheckPes(**at, result=said["result"], registered_since=None),
        "observed_insats": lambda: ObserveInsats(
            happened=day(date.fromisoformat(said["started_on"])),
            now=now,
            observed_ref=uuid4(),
            kind=said["kind"],
            ended_on=None,
            planned_hours_per_week=said["planned_hours_per_week"],
            provider_role=said["provider_role"],
        ),
        "plan": lambda: AgreePlan(**at, plan_ref=uuid4(), next_follow_up_on=date.fromisoformat(said["next_follow_up_on"])),
        "assignment": lambda: IssueAssignment(**at, assignment_ref=uuid4(), **said | {"mode": Mode(said["mode"])}),
        "closing": lambda: CloseCase(**at, reason=CloseReason(said["reason"])),
    }
    return made["application" if act.what == "renewal" else act.what]()


@pytest.mark.parametrize("seed", range(1, 5))
def test_intake_would_refuse_nothing_and_open_nothing_again(seed: int) -> None:
    persons: dict[UUID, dict[UUID, Case]] = {}
    spells: dict[int, tuple[UUID, UUID]] = {}
    refs: dict[int, UUID] = {}
    for act in simulate(VASBY, 12, seed).acts:
        if act.what in ("correction", "duplicate") or act.referral:
            continue
        said = act.body["happened"]
        happened = day(date.fromisoformat(said["on"])) if "on" in said else instant(datetime.fromisoformat(said["at"]))
        if act.what in ("application", "renewal"):
            refs[act.spell] = uuid4()
        asked = command(act, happened, datetime.combine(act.typed, SHUTS, LOCAL), refs.get(act.spell))
        if isinstance(asked, RegisterContact) and asked.person_ref:
            cases = persons.setdefault(asked.person_ref, {})
            spells[act.spell] = (asked.person_ref, home(cases, asked) or UUID(int=act.spell))
        person, case_id = spells[act.spell]
        case = persons[person].get(case_id, Case())
        facts = decide(case, asked)
        assert not any(isinstance(fact, CaseReopened) for fact in facts)
        for fact in facts:
            case = evolve(case, fact)
        persons[person][case_id] = case
