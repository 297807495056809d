"""Beside the applications: what may be registered when, and what is refused."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

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
    Answer,
    AssignmentAnswered,
    AssignmentIssued,
    CaseAssigned,
    CaseClosed,
    CloseReason,
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
from services.intake.domain.moments import When, instant
from services.intake.domain.steps import NotYet, Refused, Step
from tests.unit.intake.scenarios import NOW, a_case, application, at, closed, contact, on

PLAN, ASSIGNMENT, OBSERVED = UUID(int=31), UUID(int=41), UUID(int=51)
LATER = on("06-01").date
an_open_case = a_case.given(contact(on("01-05")), application(on("01-06")))
PLANNED = PlanAgreed(on("02-01"), PLAN, 1, LATER)
ISSUED = AssignmentIssued(on("02-03"), ASSIGNMENT, Mode.PLANNED, "work_training", 30, "sol_12_4")


def code(happened: When, hindrance: str = "unemployed") -> CodeHindrance:
    return CodeHindrance(happened=happened, now=NOW, code=hindrance)


def plan(happened: When, next_on: date = LATER) -> AgreePlan:
    return AgreePlan(happened=happened, now=NOW, plan_ref=PLAN, next_follow_up_on=next_on)


def issue(happened: When, mode: Mode = Mode.PLANNED) -> IssueAssignment:
    return IssueAssignment(
        happened=happened,
        now=NOW,
        assignment_ref=ASSIGNMENT,
        mode=mode,
        insats_kind="work_training",
        planned_hours_per_week=30,
        basis="sol_12_4",
    )


def answer(happened: When, said: Answer, ref: UUID = ASSIGNMENT) -> AnswerAssignment:
    return AnswerAssignment(happened=happened, now=NOW, assignment_ref=ref, answer=said)


def check(happened: When, result: str, since: date | None = None) -> CheckPes:
    return CheckPes(happened=happened, now=NOW, result=result, registered_since=since)


def observe(began: When, ended_on: date | None = None, now: datetime = NOW) -> ObserveInsats:
    role = "employment_service"
    return ObserveInsats(
        happened=began,
        now=now,
        observed_ref=OBSERVED,
        kind="af_programme",
        ended_on=ended_on,
        planned_hours_per_week=30,
        provider_role=role,
    )


EACH: list[tuple[OnPassage, Any]] = [
    (code(on("01-07")), SupportHindranceCoded(on("01-07"), "unemployed", 1)),
    (check(on("01-08"), "registered", date(2025, 11, 3)), PesChecked(on("01-08"), "registered", date(2025, 11, 3))),
    (
        observe(on("01-01")),
        InsatsObserved(on("01-01"), OBSERVED, "af_programme", on("01-01").date, None, 30, "employment_service"),
    ),
    (
        AssignCase(happened=on("01-08"), now=NOW, unit="vuxteamet", role="social_worker"),
        CaseAssigned(on("01-08"), "vuxteamet", "social_worker"),
    ),
    (plan(on("02-01")), PLANNED),
    (issue(on("02-03"), Mode.DIRECT), AssignmentIssued(on("02-03"), ASSIGNMENT, Mode.DIRECT, "work_training", 30, "sol_12_4")),
    (AttendIntroDays(happened=on("01-09"), now=NOW), IntroDaysAttended(on("01-09"))),
    (HoldPlanningMeeting(happened=on("01-10"), now=NOW), PlanningMeetingHeld(on("01-10"))),
]
names = [type(command).__name__ for command, _ in EACH]
each = pytest.mark.parametrize(("command", "fact"), EACH, ids=names)


@each
def test_each_is_registered_in_an_open_case(command: OnPassage, fact: Any) -> None:
    an_open_case.when(command).then(fact)


@each
def test_none_is_registered_where_no_application_is_or_after_the_closing(command: OnPassage, fact: Any) -> None:
    a_case.when(command).refused(Refused)
    a_case.given(contact(on("01-05"))).when(command).refused(Refused)
    refused = an_open_case.given(closed(on("02-20"))).when(command).refused(Refused)
    assert Step.REOPEN_CASE not in {step.step for step in refused.allowed}, "thirty days have passed"


@each
def test_what_happened_before_a_closing_by_rule_reopens_the_case(command: OnPassage, fact: Any) -> None:
    lapsed = an_open_case.given(CaseClosed(on("05-01"), CloseReason.LAPSED_NO_SUPPORT))
    told = lapsed.when(command).events
    assert [type(one).__name__ for one in told] == ["CaseReopened", type(fact).__name__]


@each
def test_none_happens_in_the_future_and_none_but_an_insats_before_the_case(command: OnPassage, fact: Any) -> None:
    late = type(command)(**{**vars(command), "happened": instant(NOW.replace(year=2027))})
    an_open_case.when(late).refused(NotYet)
    early = type(command)(**{**vars(command), "happened": on("01-01")})
    if not isinstance(command, ObserveInsats):
        an_open_case.when(early).refused(Refused)


def test_a_hindrance_is_coded_again_only_when_it_changes() -> None:
    unemployed = an_open_case.given(SupportHindranceCoded(on("01-07"), "unemployed", 1))
    unemployed.when(code(on("01-20"))).nothing_happened()
    unemployed.when(code(on("01-20"), "parental")).then(SupportHindranceCoded(on("01-20"), "parental", 1))
    typed_late = unemployed.given(SupportHindranceCoded(on("01-06"), "language", 1))
    assert typed_late.state().passage.hindrance.code == "unemployed"


def test_a_hindrance_that_held_earlier_is_told_though_it_is_known_from_later_on() -> None:
    known = an_open_case.given(SupportHindranceCoded(on("03-05"), "unemployed", 1))
    known.when(code(on("02-01"))).then(SupportHindranceCoded(on("02-01"), "unemployed", 1))
    assert known.given(SupportHindranceCoded(on("02-01"), "unemployed", 1)).state().passage.hindrance.happened == on("03-05")


def test_a_plan_and_a_follow_up_typed_late_move_nothing_that_came_later() -> None:
    other = UUID(int=32)
    ended = an_open_case.given(PLANNED, PlanExpired(on("03-10"), PLAN), PlanAgreed(on("02-20"), other, 2, on("03-01").date))
    assert (ended.state().passage.has_valid_plan, ended.state().passage.plan.version) == (False, 2)
    followed = an_open_case.given(PLANNED, FollowUpHeld(on("04-01"), LATER), FollowUpHeld(on("03-01"), on("04-01").date))
    assert followed.state().passage.plan.next_follow_up_on == LATER


def test_since_when_is_said_of_the_registered_only() -> None:
    an_open_case.when(check(on("01-08"), "not_registered")).then(PesChecked(on("01-08"), "not_registered", None))
    an_open_case.when(check(on("01-08"), "unknown", date(2026, 1, 1))).refused(Refused)
    an_open_case.when(check(on("01-08"), "registered", date(2026, 1, 9))).refused(Refused)


def test_an_insats_that_was_found_ended_between_its_beginning_and_today() -> None:
    an_open_case.when(observe(on("01-10"), date(2026, 1, 9))).refused(Refused)
    an_open_case.when(observe(on("01-10"), date(2027, 1, 1))).refused(Refused)
    assert an_open_case.when(observe(at("01-10T08:00+01:00"), date(2026, 1, 10))).events[0].happened == on("01-10")


def test_a_plan_is_followed_up_and_ends_and_a_new_version_follows() -> None:
    planned = an_open_case.given(PLANNED)
    planned.when(HoldFollowUp(happened=on("03-01"), now=NOW, next_follow_up_on=LATER)).then(FollowUpHeld(on("03-01"), LATER))
    for too_early in (on("01-31"), on("06-01")):
        planned.when(HoldFollowUp(happened=too_early, now=NOW, next_follow_up_on=LATER)).refused(Refused)
    an_open_case.when(plan(on("06-01"))).refused(Refused)
    ended = planned.given(PlanExpired(on("03-02"), PLAN))
    planned.when(ExpirePlan(happened=on("03-02"), now=NOW)).then(PlanExpired(on("03-02"), PLAN))
    ended.when(ExpirePlan(happened=on("03-03"), now=NOW)).refused(Refused)
    ended.when(HoldFollowUp(happened=on("03-03"), now=NOW, next_follow_up_on=LATER)).refused(Refused)
    ended.when(plan(on("03-04"))).then(PlanAgreed(on("03-04"), PLAN, 2, LATER))


def test_a_planned_assignment_follows_a_plan() -> None:
    an_open_case.when(issue(on("02-03"))).refused(Refused)
    an_open_case.given(PLANNED).when(issue(on("02-03"))).then(ISSUED)
    an_open_case.given(PLANNED, PlanExpired(on("02-02"), PLAN)).when(issue(on("02-03"))).refused(Refused)


def test_an_assignment_is_answered_once_but_no_answer_may_be_followed_by_one() -> None:
    issued = an_open_case.given(PLANNED, ISSUED)
    issued.when(answer(on("02-04"), Answer.ACCEPTED)).then(AssignmentAnswered(on("02-04"), ASSIGNMENT, Answer.ACCEPTED))
    issued.when(answer(on("02-02"), Answer.ACCEPTED)).refused(Refused)
    issued.when(answer(on("02-04"), Answer.ACCEPTED, OBSERVED)).refused(Refused)
    silent = issued.given(AssignmentAnswered(on("02-10"), ASSIGNMENT, Answer.NO_ANSWER))
    silent.when(answer(on("02-11"), Answer.NO_ANSWER)).refused(Refused)
    silent.when(answer(on("02-11"), Answer.DECLINED)).then(AssignmentAnswered(on("02-11"), ASSIGNMENT, Answer.DECLINED))
    declined = silent.given(AssignmentAnswered(on("02-11"), ASSIGNMENT, Answer.DECLINED))
    declined.when(answer(on("02-12"), Answer.ACCEPTED)).refused(Refused)
    assert declined.state().passage.assignment(ASSIGNMENT).answer is Answer.DECLINED


def test_what_was_assigned_by_hand_answers_until_the_rules_send_it_elsewhere() -> None:
    state = an_open_case.given(CaseAssigned(on("01-08"), "vuxteamet", "social_worker")).state()
    assert state.passage.answers.unit == "vuxteamet"
