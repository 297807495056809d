"""The way through after the application: hindrance, routes, plan, assignments; what has been folded of it, and its rules."""

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, TypeVar, assert_never
from uuid import UUID

from services.intake.domain.commands import (
    AgreePlan,
    AnswerAssignment,
    AssignCase,
    AttendIntroDays,
    CheckPes,
    CodeHindrance,
    ExpirePlan,
    HoldFollowUp,
    HoldPlanningMeeting,
    IssueAssignment,
    ObserveInsats,
    OnPassage,
)
from services.intake.domain.facts import (
    REGISTERED,
    UNEMPLOYED,
    Answer,
    AssignmentAnswered,
    AssignmentIssued,
    CaseAssigned,
    CaseRouted,
    Code,
    Fact,
    FollowUpHeld,
    InsatsObserved,
    IntroDaysAttended,
    Mode,
    PesChecked,
    PlanAgreed,
    PlanExpired,
    PlanningMeetingHeld,
    SupportHindranceCoded,
)
from services.intake.domain.moments import When, day
from services.intake.domain.sound import must_be_sound
from services.intake.domain.steps import Refused

CODE_VERSION = 1
"""Of the codes of försörjningshinder that are given now."""

OfPassage: TypeAlias = (
    SupportHindranceCoded
    | PesChecked
    | InsatsObserved
    | CaseRouted
    | CaseAssigned
    | PlanAgreed
    | PlanExpired
    | FollowUpHeld
    | AssignmentIssued
    | AssignmentAnswered
    | IntroDaysAttended
    | PlanningMeetingHeld
)


@dataclass(frozen=True)
class Plan:
    """The latest version of the plan (handlingsplan)."""

    ref: UUID
    version: int
    agreed: When
    next_follow_up_on: date
    expired: When | None = None
    followed_up: When | None = None
    """When it was last followed up."""


@dataclass(frozen=True)
class Assignment:
    """One anvisning, and what was said to it."""

    ref: UUID
    mode: Mode
    insats_kind: str
    issued: When
    answer: Answer | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still waited for."""
        return self.answer in (None, Answer.NO_ANSWER)


@dataclass(frozen=True)
class Passage:
    """How far the person has come beside the applications."""

    hindrance: SupportHindranceCoded | None = None
    pes: PesChecked | None = None
    observed: tuple[InsatsObserved, ...] = ()
    routes: tuple[CaseRouted, ...] = ()
    hops: int = 0
    """The number of the last hop, of routes too that are not shown any more."""
    assigned: CaseAssigned | None = None
    plan: Plan | None = None
    assignments: tuple[Assignment, ...] = ()
    intro_days: When | None = None
    planning_meeting: When | None = None

    @property
    def answers(self) -> CaseAssigned | CaseRouted | None:
        """Who answers for the case: whom it was assigned to by hand, else where it was routed."""
        return self.assigned or (self.routes[-1] if self.routes else None)

    @property
    def has_valid_plan(self) -> bool:
        """Whether a plan was agreed that has not expired."""
        return self.plan is not None and self.plan.expired is None

    @property
    def returns(self) -> int:
        """How often the case was routed back to a unit that it had been at before."""
        units = [route.unit for route in self.routes]
        return sum(unit in units[:place] for place, unit in enumerate(units) if unit is not None)

    @property
    def needs_pes_check(self) -> bool:
        """Whether somebody unemployed is not known to be registered at Arbetsförmedlingen (26-punktsplanen act. 11)."""
        unemployed = self.hindrance is not None and self.hindrance.code == UNEMPLOYED
        return unemployed and (self.pes is None or self.pes.result != REGISTERED)

    def assignment(self, ref: UUID) -> Assignment | None:
        """The assignment of a reference."""
        return next((each for each in self.assignments if each.ref == ref), None)


def follow(passage: Passage, fact: OfPassage) -> Passage:
    """The passage after a fact."""
    match fact:
        case SupportHindranceCoded():
            return replace(passage, hindrance=_later(passage.hindrance, fact))
        case PesChecked():
            return replace(passage, pes=_later(passage.pes, fact))
        case InsatsObserved():
            return replace(passage, observed=(*passage.observed, fact))
        case CaseRouted():
            return replace(passage, routes=(*passage.routes, fact), hops=max(passage.hops, fact.hop), assigned=None)
        case CaseAssigned():
            return replace(passage, assigned=fact)
        case PlanAgreed():
            return replace(passage, plan=_agreed(passage.plan, fact))
        case PlanExpired():
            return replace(passage, plan=passage.plan and replace(passage.plan, expired=fact.happened))
        case FollowUpHeld():
            return replace(passage, plan=passage.plan and _followed_up(passage.plan, fact))
        case AssignmentIssued():
            issued = Assignment(fact.assignment_ref, fact.mode, fact.insats_kind, fact.happened)
            return replace(passage, assignments=(*passage.assignments, issued))
        case AssignmentAnswered():
            answered = (replace(each, answer=fact.answer) if each.ref == fact.assignment_ref else each for each in passage.assignments)
            return replace(passage, assignments=tuple(answered))
        case IntroDaysAttended():
            return replace(passage, intro_days=fact.happened)
        case PlanningMeetingHeld():
            return replace(passage, planning_meeting=fact.happened)
        case _:
            assert_never(fact)


def _agreed(plan: Plan | None, fact: PlanAgreed) -> Plan:
    """The plan after another version; one typed late, from before what is known, changes nothing but the count of versions."""
    known_since = plan and (plan.expired or plan.agreed)
    if plan and known_since and fact.happened.at < known_since.at:
        return replace(plan, version=fact.version)
    return Plan(fact.plan_ref, fact.version, fact.happened, fact.next_follow_up_on)


def _followed_up(plan: Plan, fact: FollowUpHeld) -> Plan:
    """The plan after a follow-up; one typed late, from before the last, moves no day."""
    if plan.followed_up and fact.happened.at < plan.followed_up.at:
        return plan
    return replace(plan, next_follow_up_on=fact.next_follow_up_on, followed_up=fact.happened)


def hidden(passage: Passage) -> Passage:
    """The passage of somebody who is protected: where it was routed and to whom it was assigned is gone, for a rule tells the unit."""
    return replace(passage, routes=(), assigned=None)


Known = TypeVar("Known", SupportHindranceCoded, PesChecked)


def _later(before: Known | None, fact: Known) -> Known:
    """Of what is true from a moment on, the later one, whichever was typed first."""
    return before if before and fact.happened.at < before.happened.at else fact


def decide_on(passage: Passage, command: OnPassage) -> list[Fact]:
    """What follows from a command about an open case; raises Refused."""
    happened = command.happened
    match command:
        case CodeHindrance():
            return coded(passage, happened, command.code)
        case CheckPes():
            return _sound(PesChecked(happened, command.result, command.registered_since), command)
        case ObserveInsats():
            return _sound(observed(command), command)
        case AssignCase():
            return [CaseAssigned(happened, command.unit, command.role)]
        case AgreePlan():
            version = passage.plan.version + 1 if passage.plan else 1
            _must_lie_ahead(command.next_follow_up_on, happened)
            return [PlanAgreed(happened, command.plan_ref, version, command.next_follow_up_on)]
        case ExpirePlan():
            return [PlanExpired(happened, _valid_plan(passage, happened).ref)]
        case HoldFollowUp():
            _valid_plan(passage, happened)
            _must_lie_ahead(command.next_follow_up_on, happened)
            return [FollowUpHeld(happened, command.next_follow_up_on)]
        case IssueAssignment():
            return issue_assignment(passage, command)
        case AnswerAssignment():
            return answer_assignment(passage, command)
        case AttendIntroDays():
            return [] if passage.intro_days == happened else [IntroDaysAttended(happened)]
        case HoldPlanningMeeting():
            return [] if passage.planning_meeting == happened else [PlanningMeetingHeld(happened)]
        case _:
            assert_never(command)


def coded(passage: Passage, happened: When, code: Code) -> list[Fact]:
    """The hindrance from a moment on; nothing when it is known to be so from that moment already."""
    known = passage.hindrance
    if known is not None and known.code == code and known.happened.at <= happened.at:
        return []
    return [SupportHindranceCoded(happened, code, CODE_VERSION)]


def observed(command: ObserveInsats) -> InsatsObserved:
    """An insats that began without us; it happened on the day it began, also before the case (`clocks.md` 1)."""
    began = command.happened.date
    return InsatsObserved(
        day(began),
        command.observed_ref,
        command.kind,
        began,
        command.ended_on,
        command.planned_hours_per_week,
        command.provider_role,
    )


def _sound(fact: Fact, command: OnPassage) -> list[Fact]:
    must_be_sound(fact, command.now)
    return [fact]


def issue_assignment(passage: Passage, command: IssueAssignment) -> list[Fact]:
    """A planned one follows a plan; a direct one may come at any time. Several may be open at once."""
    if command.mode is Mode.PLANNED:
        _valid_plan(passage, command.happened)
    issued = AssignmentIssued(
        command.happened,
        command.assignment_ref,
        command.mode,
        command.insats_kind,
        command.planned_hours_per_week,
        command.basis,
    )
    return [issued]


def answer_assignment(passage: Passage, command: AnswerAssignment) -> list[Fact]:
    """Once, but that no answer may be followed by one. What follows from it a human judges (SoL 12 kap. 5 §)."""
    assignment = passage.assignment(command.assignment_ref)
    if assignment is None:
        raise Refused("The case has no such assignment.")
    if not assignment.is_open or assignment.answer is command.answer:
        raise Refused("The assignment has been answered.")
    if command.happened.surely_before(assignment.issued):
        raise Refused("The assignment cannot be answered before it was issued.")
    return [AssignmentAnswered(command.happened, assignment.ref, command.answer)]


def _valid_plan(passage: Passage, happened: When) -> Plan:
    if passage.plan is None or passage.plan.expired:
        raise Refused("There is no valid plan.")
    if happened.surely_before(passage.plan.agreed):
        raise Refused("The plan was agreed later than that.")
    return passage.plan


def _must_lie_ahead(next_follow_up_on: date, happened: When) -> None:
    if next_follow_up_on <= happened.date:
        raise Refused("The next follow-up lies after this day.")
