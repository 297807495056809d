"""What referrals answers, as typed and frozen values. A field or a code that a younger service adds is let through, never an error."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sluss_client.answers import Answer, Moment, Step


class Deviation(Answer):
    """Avvikelse: to which role it was reported, and what became of it."""

    deviation_id: UUID
    scope: str
    kind: str
    observed_on: date
    to_role: str
    reported: Moment
    acknowledged: Moment | None
    handled: Moment | None


class Referral(Answer):
    """Remiss, as it is now. `successor`: the referral that came in its place, where the token may see it."""

    referral_id: UUID
    kind: str
    insats_kind: str | None
    state: str
    held_from: str | None
    to_function: str
    planned_hours_per_week: int | None
    assignment_ref: UUID | None
    successor_of: UUID | None
    successor: UUID | None
    content_ref: UUID | None
    drafted: Moment
    sent: Moment | None
    reply_due_on: date | None
    answered: Moment | None
    asked_of: str | None
    information_due_on: date | None
    position: int | None
    expected_start_on: date | None
    starts_on: date | None
    no_shows: int
    started: Moment | None
    planned_end_on: date | None
    funding: str | None
    ready: Moment | None
    recall_requested: bool
    reminded: Moment | None
    escalated: Moment | None
    outcome: str | None
    reason: str | None
    suggested_function: str | None
    ended: Moment | None
    deviations: Sequence[Deviation]


class ListedReferral(Referral):
    """A referral and its case."""

    case_id: UUID


class Referrals(Answer):
    """The referrals of a case that the token may see. `referral_id`: the one that the request was about; `version`: what is built on."""

    case_id: UUID
    referral_id: UUID | None
    version: int
    case_closed: bool
    referrals: Sequence[Referral]
    planned_hours_per_week: int
    next: Sequence[Step]

    def referral(self, referral_id: UUID) -> Referral:
        """One of them. Raises KeyError when it is none of them."""
        for each in self.referrals:
            if each.referral_id == referral_id:
                return each
        raise KeyError(referral_id)

    def may(self, step: str) -> bool:
        """Whether a step is allowed now, with any of them."""
        return any(each.step == step for each in self.next)


class ReferralTask(Answer):
    """One thing that waits: why, by which day, about which referral (`ref`: or deviation of it, told `to_role`), sent to which function."""

    case_id: UUID
    referral_id: UUID
    reason: str
    due_on: date
    to_function: str | None
    ref: UUID | None
    to_role: str | None


class Conflict(Answer):
    """Korsande besked: which step of whom was not applied, because another came first, and waits for a human."""

    id: int
    case_id: UUID
    referral_id: UUID | None
    step: str
    by_actor: str
    noted_at: datetime
    said: Mapping[str, Any]


class Group(Answer):
    """A group of a programme, and how many more can be in it from its first day on."""

    group_id: UUID
    starts_on: date
    weeks: int
    seats: int
    free: int


class Programme(Answer):
    """Program: its seats, who has them, and how many can start on the next day on which anybody can. `status`: last reported."""

    programme_id: UUID
    provider: UUID
    to_function: str
    insats_kind: str
    target_group: str
    opens_on: date
    closes_on: date
    seats: int
    grouping: str
    groups: Sequence[Group]
    held: int
    booked: int
    free: int
    waiting: int
    status: str | None
    reported_at: datetime | None


class InLine(Answer):
    """Somebody on the waiting list, and the group that they start in as things stand today; None: none is planned for them."""

    position: int
    case_id: UUID
    referral_id: UUID
    group_id: UUID | None
    starts_on: date | None


class Blocked(Answer):
    """A place held by somebody who is ready for the next step, and for how long."""

    case_id: UUID
    referral_id: UUID
    ready_on: date
    days: int
    blocked_for: str


class WholeProgramme(Programme):
    """A programme with its waiting list, the first first, and its blocked places, the oldest first."""

    waiting_list: Sequence[InLine]
    blocked: Sequence[Blocked]
