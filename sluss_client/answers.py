"""What intake answers, as typed and frozen values. A field or a code that a younger service adds is let through, never an error."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Of every answer: frozen, and open for fields that this client does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Moment(Answer):
    """When something happened: an instant (`at`), or only a Swedish date (`on`)."""

    at: datetime | None = None
    on: date | None = None


class Decision(Answer):
    """Beslut on an application; the days of support are both included."""

    decision_ref: UUID
    outcome: str
    support_from: date | None
    support_to: date | None


class Application(Answer):
    """Ansökan, and how far it has come (`stage`)."""

    application_ref: UUID
    kind: str
    stage: str
    received: Moment
    ended: Moment | None
    period_from: date
    period_to: date
    decision: Decision | None


class Closing(Answer):
    """When and why the case closed."""

    happened: Moment
    reason: str


class Route(Answer):
    """Where the case was routed, by which rule of which version."""

    happened: Moment
    unit: str | None
    role: str
    rule_id: str
    rule_version: int
    hop: int


class Plan(Answer):
    """The latest version of the plan (handlingsplan)."""

    plan_ref: UUID
    version: int
    agreed: Moment
    next_follow_up_on: date
    expired: Moment | None


class Assignment(Answer):
    """Anvisning, and what was said to it."""

    assignment_ref: UUID
    mode: str
    insats_kind: str
    issued: Moment
    answer: str | None


class Passage(Answer):
    """How far the person has come beside the applications; `unit` and `role`: who answers for the case now."""

    hindrance: str | None
    unit: str | None
    role: str | None
    routes: Sequence[Route]
    returns: int
    plan: Plan | None
    assignments: Sequence[Assignment]
    pes_result: str | None
    observed_insatser: int


class Step(Answer):
    """A step that is allowed now, what it is called (`sv`, `en`), and where it is sent."""

    step: str
    names: Mapping[str, str]
    method: str
    path: str


class Case(Answer):
    """A case as it is now. `application_ref`: the application that the request was about; `version`: what `building_on` compares."""

    case_id: UUID
    application_ref: UUID | None
    version: int
    status: str
    person_ref: UUID | None
    household_ref: UUID | None
    opened: Moment | None
    applications: Sequence[Application]
    passage: Passage
    closed: Closing | None
    duplicate_of: UUID | None
    lapses_at: datetime | None
    next: Sequence[Step]

    def may(self, step: str) -> bool:
        """Whether a step is allowed now."""
        return any(each.step == step for each in self.next)


class Task(Answer):
    """One thing that waits: why, by which day, in which case, about which application or assignment."""

    case_id: UUID
    reason: str
    due_on: date
    ref: UUID | None
    unit: str | None
    role: str | None


class Change(Answer):
    """A case that changed: to which version, by which facts; `place` is where to go on reading."""

    place: int
    case_id: UUID
    version: int
    facts: Sequence[str]
    recorded_at: datetime


class Member(Answer):
    """A case of a household; `role`: as whom its adult applied."""

    role: str | None
    case: Case


class Household(Answer):
    """Hushåll: the cases of its adults that the caller may see."""

    household_ref: UUID
    members: Sequence[Member]


class Fact(Answer):
    """A fact of a case as it was told; `event_id` is what a correction names. `in_force`: whether it still counts."""

    event_id: UUID
    fact: str
    sequence: int
    happened: Moment
    recorded_at: datetime
    fields: Mapping[str, Any]
    in_force: bool
    replaced_by: UUID | None


class ItemProblem(Answer):
    """Why an item of a batch was refused: an error of the service's catalogue, the rule's own words, and where in the batch."""

    type: str
    title: str
    status: int
    detail: str
    cure: str
    reason: str | None
    next: Sequence[Step]
    pointer: str


class ImportedItem(Answer):
    """What became of an item of a batch: `done`, `again` (it had been done before), `refused`, or `held_back` behind a refused one.

    What it did is None where nothing was done, and where the case may not be seen.
    """

    key: str
    outcome: str
    case_id: UUID | None
    application_ref: UUID | None
    assignment_ref: UUID | None
    problem: ItemProblem | None


class Code(Answer):
    """A code and what it is called (`sv`, `en`)."""

    code: str
    names: Mapping[str, str]


class CodeSet(Answer):
    """A set of codes in a version."""

    set: str
    version: int
    codes: Sequence[Code]


class Worker(Answer):
    """A caseworker (handläggare) by a random reference."""

    worker_ref: UUID
    unit: str
    experience: str
    away: bool


class Handling(Answer):
    """Who has a case, and of which type it is. `worker_ref` is None of somebody protected, whatever was sent."""

    case_id: UUID
    worker_ref: UUID | None
    case_type: str
    counts_in_caseload: bool


class Load(Answer):
    """Open cases that count, those that do not by type, and the workers; `even`: cases for each present worker if spread evenly."""

    cases: int
    adults: int
    households: int
    not_counted: Mapping[str, int]
    workers: int
    away: int
    even: float | None


class Bucket(Answer):
    """The workers of one experience; `each`: what one of them who is present has."""

    experience: str
    workers: int
    away: int
    cases: int
    each: float | None


class UnitLoad(Load):
    """The load of a unit, or of none; figures about workers are None or empty where fewer than three present ones stand behind them."""

    unit: str | None
    without_worker: int | None
    gini: float | None
    by_experience: Sequence[Bucket]


class Caseload(Answer):
    """The caseload at an instant: the whole, and each unit."""

    as_of: datetime
    total: Load
    units: Sequence[UnitLoad]


class Week(Answer):
    """The cases opened in an ISO week; `became` adds up to `arrivals`, and says what became of them by now."""

    week: str
    first_day: date
    last_day: date
    is_complete: bool
    arrivals: int
    adults: int
    households: int
    applied: int
    became: Mapping[str, int]
    closed_otherwise: Mapping[str, int]
    not_counted: int
    applications: int
    by_e_service: int
    share_by_e_service: float | None
    open_at_end: int


class LittlesLaw(Answer):
    """Cases open beside arrivals a week x weeks that a case is open, over the complete weeks."""

    mean_open: float
    arrivals_times_weeks: float | None
    arrivals_a_week: float
    closed: int
    mean_weeks: float | None
    still_open: int
    mean_weeks_so_far: float | None


class Arrivals(Answer):
    """Week by week, the oldest first and the present one last."""

    as_of: datetime
    weeks: Sequence[Week]
    littles_law: LittlesLaw
