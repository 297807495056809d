"""Arrivals (inflöde): new cases of each Swedish ISO week, what became of them so far, and Little's law on the same weeks. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import fmean
from typing import Final
from uuid import UUID

from services.intake.domain.case import Application, Case
from services.intake.domain.caseload import CaseType, Counted, count
from services.intake.domain.facts import CloseReason, Code, Outcome

E_SERVICE: Final = "e_service"
DAY: Final = timedelta(days=1)
WEEK: Final = 7 * DAY


class Became(StrEnum):
    """What became of a new case so far; of each exactly one of these is true."""

    AWAITING_APPLICATION = "awaiting_application"
    AWAITING_DECISION = "awaiting_decision"
    GRANTED = "granted"
    PARTLY = "partly"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    NEVER_APPLIED = "never_applied"
    CLOSED_OTHERWISE = "closed_otherwise"


@dataclass(frozen=True)
class Spell:
    """One case from its opening on; `closed`: None while it is open. `reason`: why it closed otherwise than by a decision."""

    opened: date
    closed: date | None
    became: Became
    reason: CloseReason | None
    applied: bool
    case_type: CaseType
    person_ref: UUID | None
    household_ref: UUID | None


@dataclass(frozen=True)
class Received:
    """An application of any kind: its Swedish date and how it came."""

    on: date
    channel: Code | None


@dataclass(frozen=True)
class Week:
    """The cases that were opened in a week. `complete`: the week is over; else all so far, for nothing is registered of days to come.

    `applications`: all that were received, of older cases too. `open_at_end`: all cases open then, whenever they were opened.
    """

    monday: date
    complete: bool
    counted: Counted
    applied: int
    became: Mapping[Became, int]
    closed_otherwise: Mapping[CloseReason, int]
    not_counted: int
    applications: int
    by_e_service: int
    open_at_end: int


@dataclass(frozen=True)
class LittlesLaw:
    """In the long run: cases open = arrivals a week x mean weeks that a case is open (Little 1961). Both sides, over the complete weeks.

    The weeks that a case is open are known only of those that closed; beside them, how long those have been open that still are.
    """

    mean_open: float
    arrivals_a_week: float
    closed: int
    mean_weeks: float | None
    still_open: int
    mean_weeks_so_far: float | None

    @property
    def arrivals_times_weeks(self) -> float | None:
        """The other side; None where no case closed."""
        return None if self.mean_weeks is None else self.arrivals_a_week * self.mean_weeks


def spell(case: Case, case_type: CaseType) -> Spell | None:
    """A case as `read_as_one` gives it, as an arrival; None of one that was entered in error, which never was."""
    reason, closed = (case.closing.reason, case.closing.happened.date) if case.closing else (None, None)
    if case.opened is None or reason is CloseReason.ENTERED_IN_ERROR:
        return None
    became = _became(case.applications, closed is not None)
    otherwise = reason if became is Became.CLOSED_OTHERWISE else None
    return Spell(case.opened.date, closed, became, otherwise, bool(case.applications), case_type, case.person_ref, case.household_ref)


def _became(applications: Sequence[Application], is_closed: bool) -> Became:
    """By the first decision, as it stands now: a renewal that is decided otherwise later is another matter."""
    decided = [each.decision for each in applications if each.decision]
    if decided:
        return _BY_DECISION[min(decided, key=lambda each: each.happened.at).outcome]
    if not applications:
        return Became.NEVER_APPLIED if is_closed else Became.AWAITING_APPLICATION
    if all(each.withdrawn for each in applications):
        return Became.WITHDRAWN
    return Became.CLOSED_OTHERWISE if is_closed else Became.AWAITING_DECISION


_BY_DECISION: Final = {
    Outcome.GRANTED: Became.GRANTED,
    Outcome.PARTLY: Became.PARTLY,
    Outcome.REJECTED: Became.REJECTED,
    Outcome.DISMISSED: Became.DISMISSED,
}


def first_monday(today: date, weeks: int) -> date:
    """The Monday with which the complete weeks before the present one begin."""
    return monday_of(today) - weeks * WEEK


def monday_of(on: date) -> date:
    """The Monday of the ISO week of a date."""
    return on - timedelta(days=on.weekday())


def arrivals(spells: Sequence[Spell], received: Sequence[Received], today: date, weeks: int) -> list[Week]:
    """So many complete weeks, and the present one up to today, the oldest first."""
    first = first_monday(today, weeks)
    return [_week(spells, received, first + number * WEEK, today) for number in range(weeks + 1)]


def _week(spells: Sequence[Spell], received: Sequence[Received], monday: date, today: date) -> Week:
    end = monday + WEEK
    came = [each for each in spells if monday <= each.opened < end]
    new = [each for each in came if each.case_type.counts_in_caseload]
    channels = [each.channel for each in received if monday <= each.on < end]
    return Week(
        monday=monday,
        complete=end <= today,
        counted=count(new),
        applied=sum(each.applied for each in new),
        became=Counter(each.became for each in new),
        closed_otherwise=Counter(each.reason for each in new if each.reason),
        not_counted=len(came) - len(new),
        applications=len(channels),
        by_e_service=channels.count(E_SERVICE),
        open_at_end=sum(_open_before(each, end) for each in spells),
    )


def littles_law(spells: Sequence[Spell], weeks: Sequence[Week]) -> LittlesLaw:
    """Both sides of Little's law over the complete ones of some weeks, of which there is at least one."""
    over = [each for each in weeks if each.complete]
    start, end = over[0].monday, over[-1].monday + WEEK
    counting = [each for each in spells if each.case_type.counts_in_caseload]
    ended = [_weeks(each.opened, each.closed) for each in counting if each.closed and start <= each.closed < end]
    still = [_weeks(each.opened, end) for each in counting if _open_before(each, end)]
    return LittlesLaw(
        mean_open=fmean(each.open_at_end for each in over),
        arrivals_a_week=fmean(each.counted.cases for each in over),
        closed=len(ended),
        mean_weeks=fmean(ended) if ended else None,
        still_open=len(still),
        mean_weeks_so_far=fmean(still) if still else None,
    )


def _open_before(spell: Spell, end: date) -> bool:
    """Whether a case that counts is open as a day begins."""
    return spell.case_type.counts_in_caseload and spell.opened < end and (spell.closed is None or spell.closed >= end)


def _weeks(start: date, end: date) -> float:
    return (end - start) / WEEK
