"""The rules of a case: what may be done now, one small function a command. Whatever they forbid is `Refused`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import reduce

from services.intake.domain.case import Application, Case, evolve, lapse_due
from services.intake.domain.commands import (
    AboutApplication,
    CloseCase,
    Command,
    CompleteApplication,
    CompleteAssessment,
    LapseCase,
    MakeDecision,
    MarkDuplicate,
    ObserveInsats,
    OnPassage,
    Opening,
    ProtectCase,
    ReceiveApplication,
    RegisterContact,
    ReopenCase,
    RequestCompletion,
    StartAssessment,
    Typed,
    UnmarkDuplicate,
    WithdrawApplication,
)
from services.intake.domain.facts import (
    UNPROTECTED,
    ApplicationCompleted,
    ApplicationReceived,
    ApplicationWithdrawn,
    AssessmentCompleted,
    AssessmentStarted,
    CaseAssigned,
    CaseClosed,
    CaseMarkedDuplicate,
    CaseReopened,
    CaseRouted,
    CaseUnmarkedDuplicate,
    Code,
    CompletionRequested,
    DecisionMade,
    Fact,
    FirstContactRegistered,
    Outcome,
    ProtectionLevelChanged,
    ReopenReason,
)
from services.intake.domain.moments import Precision, When, instant, local_date
from services.intake.domain.passage import Passage, coded, decide_on
from services.intake.domain.routing import Beside, follow_on, route
from services.intake.domain.sound import must_be_sound
from services.intake.domain.steps import Next, NotYet, Refused, Step

REOPENS_WITHIN = timedelta(days=30)


NOWHERE = Beside()


def decide(case: Case, command: Command, beside: Beside = NOWHERE) -> list[Fact]:
    """The facts that follow from a command, in the order in which they shall be told; raises Refused, of which NotYet is one kind."""
    if isinstance(command, LapseCase):
        return lapse(case, command.now)
    if isinstance(command, ProtectCase):
        changed = protect(case, command.level, command.effective_on, command.now)
        return [*changed, *route(reduce(evolve, changed, case), command.now, beside)]
    _not_later_than_now(command)
    try:
        typed = _typed(case, command)
    except Refused as refused:
        raise Refused(refused.message, steps(case, command.now)) from None
    if not typed:
        return []
    level, since = beside.protection or case.protection, beside.protected_from or local_date(command.now)
    told = [*(typed if level == UNPROTECTED else map(without_unit, typed)), *protect(case, level, since, command.now)]
    return [*told, *follow_on(reduce(evolve, told, case), command, beside)]


def protect(case: Case, level: Code, effective_on: date, now: datetime) -> list[Fact]:
    """A level of protection that the case does not have yet, told also of a closed one."""
    return [ProtectionLevelChanged(instant(now), level, effective_on)] if level != case.protection else []


def without_unit(fact: Fact) -> Fact:
    """The fact as it is told of somebody protected."""
    return replace(fact, unit=None) if isinstance(fact, CaseRouted | CaseAssigned) else fact


def lapse(case: Case, now: datetime) -> list[Fact]:
    """The closing that a rule has made due by now, dated when it was due."""
    due = lapse_due(case)
    return [CaseClosed(instant(due.at), due.reason)] if due and due.at <= now else []


def _typed(case: Case, command: Typed) -> list[Fact]:
    """What a hand types. A closing that was due before it comes first; one that it shows to be wrong is undone."""
    before = [closed for closed in lapse(case, command.now) if not command.happened.surely_before(closed.happened)]
    case = reduce(evolve, before, case)
    if _is_late(case, command):
        reopened = CaseReopened(instant(command.now), ReopenReason.CLOSED_IN_ERROR)
        late = _rule(evolve(case, reopened), command)
        return [reopened, *late] if late else []
    return [*before, *_rule(case, command)]


def _not_later_than_now(command: Typed) -> None:
    happened, now = command.happened, command.now
    is_instant = happened.precision is Precision.INSTANT
    if happened.at > now if is_instant else happened.date > local_date(now):
        raise NotYet


def _is_late(case: Case, command: Typed) -> bool:
    """Whether it happened before the closing by rule that only its absence had made due."""
    if isinstance(command, CloseCase | ReopenCase) or case.closing is None:
        return False
    return case.closing.reason.is_rule and command.happened.surely_before(case.closing.happened)


def _rule(case: Case, command: Typed) -> list[Fact]:
    match command:
        case RegisterContact():
            return register_contact(case, command)
        case ReceiveApplication():
            return receive_application(case, command)
        case RequestCompletion():
            return request_completion(case, command)
        case CompleteApplication():
            return complete_application(case, command)
        case WithdrawApplication():
            return withdraw_application(case, command)
        case StartAssessment():
            return start_assessment(case, command)
        case CompleteAssessment():
            return complete_assessment(case, command)
        case MakeDecision():
            return make_decision(case, command)
        case CloseCase():
            return close_case(case, command)
        case ReopenCase():
            return reopen_case(case, command)
        case MarkDuplicate():
            return mark_duplicate(case, command)
        case UnmarkDuplicate():
            return unmark_duplicate(case, command)
        case _:
            return on_passage(case, command)


def on_passage(case: Case, command: OnPassage) -> list[Fact]:
    """Beside the applications: in an open case that has one, and not before it; an insats that was found began at any time."""
    _must_be_open(case)
    if case.opened is None or not case.applications:
        raise Refused("The case has no application yet.")
    if not isinstance(command, ObserveInsats):
        _not_before(command.happened, case.opened, "The case began later than that.")
    return decide_on(case.passage, command)


def register_contact(case: Case, command: RegisterContact) -> list[Fact]:
    """The first contact opens the case; later ones show that the person is still there. The same one twice is one."""
    if command.happened in case.contacts:
        return []
    _must_be_open(case)
    _must_be_about_the_same_person(case, command)
    contact = FirstContactRegistered(
        command.happened,
        command.person_ref or case.person_ref,
        command.household_ref or case.household_ref,
        command.channel,
        command.source_system,
        command.known_from,
    )
    must_be_sound(contact, command.now)
    return [contact]


def receive_application(case: Case, command: ReceiveApplication) -> list[Fact]:
    """An application opens a case or joins the open one; several may be open at once."""
    _must_be_open(case)
    _must_be_about_the_same_person(case, command)
    if case.application(command.application_ref):
        raise Refused("This application has been received already.")
    received = ApplicationReceived(
        command.happened,
        command.application_ref,
        command.person_ref or case.person_ref,
        command.household_ref or case.household_ref,
        command.kind,
        command.channel,
        command.period_from,
        command.period_to,
    )
    must_be_sound(received, command.now)
    return [received, *(coded(case.passage, command.happened, command.hindrance) if command.hindrance else [])]


def request_completion(case: Case, command: RequestCompletion) -> list[Fact]:
    """May be asked again until the decision, answered or not."""
    application = _open_application(case, command)
    if command.due_on < command.happened.date:
        raise Refused("The day to answer by is before the day of asking.")
    return [CompletionRequested(command.happened, application.ref, command.due_on)]


def complete_application(case: Case, command: CompleteApplication) -> list[Fact]:
    """Only what was asked for can come."""
    application = _open_application(case, command)
    if application.asked is None or not application.awaits_completion:
        raise Refused("No completion is awaited for this application.")
    _not_before(command.happened, application.asked, "The completion cannot come before it was asked for.")
    return [ApplicationCompleted(command.happened, application.ref)]


def withdraw_application(case: Case, command: WithdrawApplication) -> list[Fact]:
    """Ends the application; the case is closed by hand, or lapses."""
    return [ApplicationWithdrawn(command.happened, _open_application(case, command).ref)]


def start_assessment(case: Case, command: StartAssessment) -> list[Fact]:
    """Once for each kind."""
    application = _open_application(case, command)
    if application.assessment(command.kind):
        raise Refused("An assessment of this kind has been started already.")
    return [AssessmentStarted(command.happened, application.ref, command.kind)]


def complete_assessment(case: Case, command: CompleteAssessment) -> list[Fact]:
    """Only what was started, of the same kind."""
    application = _open_application(case, command)
    assessment = application.assessment(command.kind)
    if assessment is None or assessment.completed:
        raise Refused("No assessment of this kind is going on.")
    _not_before(command.happened, assessment.started, "The assessment cannot be completed before it was started.")
    return [AssessmentCompleted(command.happened, application.ref, command.kind)]


def make_decision(case: Case, command: MakeDecision) -> list[Fact]:
    """From each open state of the application; a period of support if and only if something is granted."""
    application = _open_application(case, command)
    decided = DecisionMade(
        command.happened,
        application.ref,
        command.decision_ref,
        command.outcome,
        command.support_from,
        command.support_to,
        command.automated,
        command.decided_by_role,
    )
    must_be_sound(decided, command.now)
    return [decided]


def close_case(case: Case, command: CloseCase) -> list[Fact]:
    """By hand, for any reason that is no rule's.

    Surely before a closing by rule it takes that one's place: of two closings the first counts. After a reopening it
    must sort after it, since a reopening undoes every closing before it.
    """
    happened = command.happened
    if command.reason.is_rule:
        raise Refused("A case lapses by rule only, never by hand.")
    if case.opened is None:
        raise Refused("There is no such case.")
    if not (case.closing and case.closing.reason.is_rule and happened.surely_before(case.closing.happened)):
        _must_be_open(case)
    _not_before(happened, max([*case.contacts, *(each.received for each in case.applications)]), "The case went on after that day.")
    if case.reopened and happened.at <= case.reopened.at:
        raise Refused("The case was reopened later than that; on the same day, the time of day says which came first.")
    return [CaseClosed(happened, command.reason)]


def reopen_case(case: Case, command: ReopenCase) -> list[Fact]:
    """For a closing in error within 30 days, at any time when it came by rule; after an appeal at any time (`clocks.md` 2)."""
    if case.closing is None:
        raise Refused("The case is not closed.")
    if command.reason is ReopenReason.APPEAL and not _can_be_appealed(case):
        raise Refused("Nothing was decided that can be appealed.")
    if command.reason is ReopenReason.CLOSED_IN_ERROR and not _may_reopen(case.closing, command.happened):
        raise Refused("A case that was closed by hand can be reopened within 30 days.")
    if command.happened.at < case.closing.happened.at:
        raise Refused("The case was closed later than that; on the same day, the time of day says which came first.")
    return [CaseReopened(command.happened, command.reason)]


def mark_duplicate(case: Case, command: MarkDuplicate) -> list[Fact]:
    """Of an open case or a closed one. The same mark again says nothing new; a case is a duplicate of one other."""
    if case.opened is None:
        raise Refused("There is no such case.")
    if case.duplicate_of not in (None, command.of):
        raise Refused("The case is marked as a duplicate of another one. Undo that first.")
    return [] if case.duplicate_of else [CaseMarkedDuplicate(command.happened, command.of)]


def unmark_duplicate(case: Case, command: UnmarkDuplicate) -> list[Fact]:
    """The two are two again."""
    if case.duplicate_of is None:
        raise Refused("The case is not marked as a duplicate.")
    return [CaseUnmarkedDuplicate(command.happened, case.duplicate_of)]


def _can_be_appealed(case: Case) -> bool:
    return any(each.decision is not None and each.decision.outcome is not Outcome.GRANTED for each in case.applications)


def _may_reopen(closing: CaseClosed, happened: When) -> bool:
    return closing.reason.is_rule or happened.date - closing.happened.date <= REOPENS_WITHIN


def _must_be_open(case: Case) -> None:
    if case.closing is not None:
        raise Refused("The case is closed. Reopen it, or open a new one for what came after.")


def _must_be_about_the_same_person(case: Case, command: Opening) -> None:
    if command.person_ref and case.person_ref and command.person_ref != case.person_ref:
        raise Refused("The case is about another person.")


def _not_before(happened: When, earlier: When, message: str) -> None:
    if happened.surely_before(earlier):
        raise Refused(message)


def _open_application(case: Case, command: AboutApplication) -> Application:
    """The application of a command, in an open case, received and not ended; nothing can happen to it before it came."""
    _must_be_open(case)
    application = case.application(command.application_ref)
    if application is None:
        raise Refused("The case has no such application.")
    if not (application.is_open or (isinstance(command, MakeDecision) and case.may_be_decided(application))):
        raise Refused("The application has been decided or withdrawn.")
    _not_before(command.happened, application.received, "This cannot have happened before the application came.")
    return application


def closing_by_now(case: Case, now: datetime) -> CaseClosed | None:
    """The closing in force, also one that a rule has made due and no timer has told yet."""
    return reduce(evolve, lapse(case, now), case).closing


def steps(case: Case, now: datetime) -> tuple[Next, ...]:
    """What is allowed now, the case first and then each open application."""
    if case.opened is None:
        return (Next(Step.REGISTER_CONTACT), Next(Step.RECEIVE_APPLICATION))
    mark = Next(Step.UNMARK_DUPLICATE if case.duplicate_of else Step.MARK_DUPLICATE)
    closing = closing_by_now(case, now)
    if closing is not None:
        again = [Next(Step.REOPEN_CASE)] if _may_reopen(closing, instant(now)) or _can_be_appealed(case) else []
        return (*again, Next(Step.REGISTER_CONTACT), Next(Step.RECEIVE_APPLICATION), mark)
    of_person = (Step.REGISTER_CONTACT,) if case.person_ref else ()  # another contact finds an open case by the person only
    beside = _steps_on(case.passage) if case.applications else ()
    of_case = (*of_person, Step.RECEIVE_APPLICATION, *beside, Step.CLOSE_CASE)
    of_applications = (Next(step, each.ref) for each in case.applications for step in _steps_of(case, each))
    of_assignments = (Next(Step.ANSWER_ASSIGNMENT, each.ref) for each in case.passage.assignments if each.is_open)
    return (*map(Next, of_case), mark, *of_applications, *of_assignments)


def _steps_on(passage: Passage) -> Iterable[Step]:
    """What may happen beside the applications of an open case."""
    yield from (Step.CODE_HINDRANCE, Step.CHECK_PES, Step.OBSERVE_INSATS, Step.ASSIGN_CASE)
    yield from (Step.ATTEND_INTRO_DAYS, Step.HOLD_PLANNING_MEETING, Step.AGREE_PLAN)
    if passage.has_valid_plan:
        yield from (Step.HOLD_FOLLOW_UP, Step.EXPIRE_PLAN)
    yield Step.ISSUE_ASSIGNMENT


def _steps_of(case: Case, application: Application) -> Iterable[Step]:
    """What may happen to an application: while it is open, and to be decided anew after an appeal."""
    if not application.is_open:
        yield from (Step.MAKE_DECISION,) if case.may_be_decided(application) else ()
        return
    yield Step.REQUEST_COMPLETION
    if application.awaits_completion:
        yield Step.COMPLETE_APPLICATION
    yield Step.START_ASSESSMENT
    if any(each.completed is None for each in application.assessments):
        yield Step.COMPLETE_ASSESSMENT
    yield Step.MAKE_DECISION
    yield Step.WITHDRAW_APPLICATION
