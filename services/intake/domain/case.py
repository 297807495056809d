"""The case: what has been folded from its facts, and when a rule would close it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.intake.domain.facts import (
    UNPROTECTED,
    ApplicationCompleted,
    ApplicationReceived,
    ApplicationWithdrawn,
    AssessmentCompleted,
    AssessmentStarted,
    CaseClosed,
    CaseMarkedDuplicate,
    CaseReopened,
    CaseUnmarkedDuplicate,
    CloseReason,
    Code,
    CompletionRequested,
    DecisionMade,
    EventCorrected,
    Fact,
    FirstContactRegistered,
    ProtectionLevelChanged,
    ReopenReason,
)
from services.intake.domain.moments import When, local_midnight, month_of, next_month
from services.intake.domain.passage import Passage, follow, hidden

LAPSES_AFTER = timedelta(days=30)
WORK_ABILITY = "work_ability"


class Stage(StrEnum):
    """How far an application has come."""

    APPLIED = "applied"
    AWAITING_COMPLETION = "awaiting_completion"
    UNDER_ASSESSMENT = "under_assessment"
    ASSESSED = "assessed"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Assessment:
    """One assessment of one application (utredning)."""

    kind: Code
    started: When
    completed: When | None = None


@dataclass(frozen=True)
class Application:
    """One application (ansökan), which runs on its own beside the others of the case."""

    ref: UUID
    kind: Code
    received: When
    period_from: date
    period_to: date
    asked: When | None = None
    """When completion was last asked for; it is waited for until `completed`."""
    due_on: date | None = None
    completed: bool = False
    assessments: tuple[Assessment, ...] = ()
    decision: DecisionMade | None = None
    withdrawn: When | None = None

    @property
    def ended(self) -> When | None:
        """When it was decided or withdrawn; None while it is open."""
        return self.decision.happened if self.decision else self.withdrawn

    @property
    def is_open(self) -> bool:
        """Whether it is neither decided nor withdrawn."""
        return self.ended is None

    @property
    def awaits_completion(self) -> bool:
        """Whether something has been asked for that has not come."""
        return self.asked is not None and not self.completed

    @property
    def stage(self) -> Stage:
        """How far it has come, in one word (`domain.md` 4.2)."""
        if self.decision:
            return Stage.DECIDED
        if self.withdrawn:
            return Stage.WITHDRAWN
        if self.awaits_completion:
            return Stage.AWAITING_COMPLETION
        if any(each.completed is None for each in self.assessments):
            return Stage.UNDER_ASSESSMENT
        if self.assessments:
            return Stage.ASSESSED
        return Stage.UNDER_ASSESSMENT if self.completed else Stage.APPLIED

    def assessment(self, kind: Code) -> Assessment | None:
        """The assessment of a kind, if it was started."""
        return next((each for each in self.assessments if each.kind == kind), None)

    @property
    def assesses_work_ability(self) -> bool:
        """Whether an assessment of the ability to work is going on."""
        assessment = self.assessment(WORK_ABILITY)
        return assessment is not None and assessment.completed is None

    def supports(self, month: date) -> bool:
        """Whether granted support touches the month that begins on `month`."""
        decided = self.decision
        if decided is None or not decided.outcome.gives_support or decided.support_from is None or decided.support_to is None:
            return False
        return decided.support_from < next_month(month) and decided.support_to >= month


@dataclass(frozen=True)
class Case:
    """One spell of one adult (`clocks.md` 2), folded from its facts in the order in which they were typed."""

    person_ref: UUID | None = None
    household_ref: UUID | None = None
    known_from: date | None = None
    contacts: tuple[When, ...] = ()
    applications: tuple[Application, ...] = ()
    closing: CaseClosed | None = None
    reopened: When | None = None
    appealed: When | None = None
    """When the case was last reopened after an appeal: what had been decided before may be decided anew."""
    protection: Code = UNPROTECTED
    duplicate_of: UUID | None = None
    """The case with which this one is read as one (dubblett)."""
    passage: Passage = field(default_factory=Passage)

    @property
    def opened(self) -> When | None:
        """The earliest contact or application; None for a case that does not exist."""
        return min([*self.contacts, *(each.received for each in self.applications)], default=None)

    def application(self, ref: UUID) -> Application | None:
        """The application of a reference."""
        return next((each for each in self.applications if each.ref == ref), None)

    def may_be_decided(self, application: Application) -> bool:
        """An open application, and after an appeal one that had been decided before it."""
        if application.is_open:
            return True
        decided = application.decision
        return decided is not None and self.appealed is not None and decided.happened.at < self.appealed.at

    def supported_in(self, month: date) -> bool:
        """Whether granted support touches the month that begins on `month`."""
        return any(each.supports(month) for each in self.applications)


def evolve(case: Case, fact: Fact) -> Case:
    """The case after a fact. A fact is never refused here: it is true already."""
    match fact:
        case FirstContactRegistered():
            known = replace(case, known_from=fact.known_from or case.known_from, contacts=(*case.contacts, fact.happened))
            return _about(known, fact)
        case ApplicationReceived():
            application = Application(fact.application_ref, fact.kind, fact.happened, fact.period_from, fact.period_to)
            return _about(replace(case, applications=(*case.applications, application)), fact)
        case CompletionRequested():
            return _with(case, fact.application_ref, lambda known: replace(known, asked=fact.happened, due_on=fact.due_on, completed=False))
        case ApplicationCompleted():
            return _with(case, fact.application_ref, lambda known: replace(known, completed=True))
        case ApplicationWithdrawn():
            return _with(case, fact.application_ref, lambda known: replace(known, withdrawn=fact.happened))
        case AssessmentStarted():
            started = Assessment(fact.kind, fact.happened)
            return _with(case, fact.application_ref, lambda known: replace(known, assessments=(*known.assessments, started)))
        case AssessmentCompleted():
            return _with(case, fact.application_ref, lambda known: _assessed(known, fact))
        case DecisionMade():
            return _with(case, fact.application_ref, lambda known: replace(known, decision=fact))
        case CaseClosed():
            return replace(case, closing=fact)
        case CaseReopened():
            appealed = fact.happened if fact.reason is ReopenReason.APPEAL else case.appealed
            return replace(case, closing=None, reopened=fact.happened, appealed=appealed)
        case CaseMarkedDuplicate():
            return replace(case, duplicate_of=fact.of)
        case CaseUnmarkedDuplicate():
            return replace(case, duplicate_of=None)
        case ProtectionLevelChanged():
            passage = case.passage if fact.level == UNPROTECTED else hidden(case.passage)
            return replace(case, protection=fact.level, passage=passage)
        case EventCorrected():
            return case  # what it takes away is left out when the facts are folded anew (`corrections`)
        case _:
            return replace(case, passage=follow(case.passage, fact))


def _about(case: Case, fact: FirstContactRegistered | ApplicationReceived) -> Case:
    return replace(case, person_ref=fact.person_ref or case.person_ref, household_ref=fact.household_ref or case.household_ref)


def _with(case: Case, ref: UUID, change: Callable[[Application], Application]) -> Case:
    return replace(case, applications=tuple(change(each) if each.ref == ref else each for each in case.applications))


def _assessed(application: Application, fact: AssessmentCompleted) -> Application:
    done = (replace(each, completed=fact.happened) if each.kind == fact.kind else each for each in application.assessments)
    return replace(application, assessments=tuple(done))


@dataclass(frozen=True)
class Lapse:
    """A closing that comes by rule: its instant (UTC) and its reason."""

    at: datetime
    reason: CloseReason


def lapse_due(case: Case) -> Lapse | None:
    """When a rule closes the case if nothing more happens; None when none will (`clocks.md` 2).

    A case that was taken over from before go-live is judged from the day it became known (`known_from`).
    """
    if case.opened is None or case.closing is not None:
        return None
    if not case.applications:
        return Lapse(local_midnight(_quiet_since(case) + LAPSES_AFTER), CloseReason.LAPSED_NO_APPLICATION)
    if any(each.is_open for each in case.applications):
        return None
    return Lapse(local_midnight(next_month(_first_unsupported_month(case))), CloseReason.LAPSED_NO_SUPPORT)


def _quiet_since(case: Case) -> date:
    """The date of the last contact, of a later reopening, or of a later day from which the case is known."""
    later = [case.reopened.date] if case.reopened else []
    known = [case.known_from] if case.known_from else []
    return max([*(contact.date for contact in case.contacts), *later, *known])


def _first_unsupported_month(case: Case) -> date:
    """The first whole month, after all that happened to the applications so far, that no granted support touches.

    Months before that are judged no more: they passed, and the case went on. Nor is one in which the case was not open,
    or not known, throughout.
    """
    dates = [moment.date for each in case.applications for moment in (each.received, each.ended) if moment]
    later = [case.reopened.date] if case.reopened else []
    unknown = [case.known_from - timedelta(days=1)] if case.known_from else []
    month = next_month(month_of(max([*dates, *later, *unknown])))
    while case.supported_in(month):
        month = next_month(month)
    return month
