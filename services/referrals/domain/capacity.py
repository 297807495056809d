"""The places of a programme (utförarens program): who may start there, in which group, and when those who wait will. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.referrals.domain.steps import Refused

FREE = "free"
"""The one capacity status that says something of seats which we can count ourselves."""


class Grouping(StrEnum):
    """Whether people start any day, or in groups: one group at a time in the premises (memo S3), or several."""

    NONE = "none"
    ONE_AT_A_TIME = "one_at_a_time"
    SIDE_BY_SIDE = "side_by_side"


class BlockedFor(StrEnum):
    """For how long a place has been held by somebody who is ready for the next step (memo S1; the stretches of `clocks.md` 3)."""

    UP_TO_3_MONTHS = "up_to_3_months"
    UP_TO_6_MONTHS = "up_to_6_months"
    UP_TO_12_MONTHS = "up_to_12_months"
    OVER_12_MONTHS = "over_12_months"


@dataclass(frozen=True)
class Group:
    """A group that starts on a day and goes on for whole weeks; `ends_on` is the first day after it."""

    group_id: UUID
    starts_on: date
    weeks: int
    seats: int

    @property
    def ends_on(self) -> date:
        """The first day after it."""
        return self.starts_on + timedelta(weeks=self.weeks)


@dataclass(frozen=True)
class Place:
    """A seat that somebody has: booked or held from a day, in a group where there are groups, and until the day it was given back."""

    from_on: date
    group_id: UUID | None = None
    to_on: date | None = None


@dataclass(frozen=True)
class Programme:
    """What a provider gives: nobody starts before `opens_on` or after `closes_on`, and no more than `seats` are there at once."""

    opens_on: date
    closes_on: date
    seats: int
    grouping: Grouping = Grouping.NONE
    groups: tuple[Group, ...] = ()

    def place(self, places: Sequence[Place], on: date, today: date) -> UUID | None:
        """The group in which somebody may start on a day, None where there are no groups. Raises Refused."""
        if not self.opens_on <= on <= self.closes_on:
            raise Refused("The programme takes nobody on that day: it is outside its period.")
        running = [group for group in self._in_order() if group.starts_on <= on < group.ends_on]
        if self.grouping is not Grouping.NONE and not running:
            raise Refused("No group of the programme runs on that day: somebody can be put on its waiting list.")
        for group in running or (None,):
            if self.free(places, on, today, group) > 0:
                return group.group_id if group else None
        raise Refused("Every seat of the programme is taken on that day: somebody can be put on its waiting list.")

    def free(self, places: Sequence[Place], on: date, today: date, group: Group | None = None) -> int:
        """How many more can start on a day, in that group, without a seat too many on any day that they would be there."""
        until = group.ends_on if group else date.max
        stays = [(each.from_on, self._until(each, today), each.group_id) for each in places]
        days = [on, *(start for start, _, _ in stays if on < start < until)]
        held = [[of for start, end, of in stays if start <= day < end] for day in days]
        left = self.seats - max(map(len, held))
        return max(0, min(left, group.seats - max(each.count(group.group_id) for each in held)) if group else left)

    def free_next(self, places: Sequence[Place], today: date) -> int:
        """How many can start on the next day on which anybody can: of groups, in the first that runs or is planned and has a seat."""
        on = max(today, self.opens_on)
        if self.grouping is not Grouping.NONE:
            lasting = (group for group in self._in_order() if group.ends_on > today and max(today, group.starts_on) <= self.closes_on)
            of_groups = (self.free(places, max(today, group.starts_on), today, group) for group in lasting)
            return next((free for free in of_groups if free), 0)
        return self.free(places, on, today) if on <= self.closes_on else 0

    def forecast(self, places: Sequence[Place], waiting: int, today: date) -> list[Group | None]:
        """For every position of the waiting list the group it starts in, as things stand today; None: no group is planned for it.

        Each group that starts takes the first in the line, as many as it has seats; who is in a group leaves when that ends, but those
        whose group has ended and who are still there: they stay.
        """
        found: list[Group | None] = []
        for group in self._to_come(today):
            taken = min(self.free(places, group.starts_on, today, group), waiting - len(found))
            places = [*places, *[Place(group.starts_on, group.group_id)] * taken]
            found += [group] * taken
        return [*found, *[None] * (waiting - len(found))]

    def plan(self, group: Group) -> "Programme":
        """The programme with one group more. Raises Refused."""
        if self.grouping is Grouping.NONE:
            raise Refused("The programme has no groups: people start on any day.")
        if not self.opens_on <= group.starts_on <= self.closes_on:
            raise Refused("A group starts within the period of its programme.")
        if group.seats > self.seats:
            raise Refused("A group has no more seats than its programme.")
        if self.grouping is Grouping.ONE_AT_A_TIME and any(
            each.starts_on < group.ends_on and group.starts_on < each.ends_on for each in self.groups
        ):
            raise Refused("The programme has one group at a time, and another runs then.")
        return replace(self, groups=(*self.groups, group))

    def _until(self, place: Place, today: date) -> date:
        """The first day on which a seat is no longer needed, as far as is known today."""
        group = next((each for each in self.groups if each.group_id == place.group_id), None)
        return place.to_on or (group.ends_on if group and group.ends_on > today else date.max)

    def _in_order(self) -> list[Group]:
        return sorted(self.groups, key=lambda each: (each.starts_on, each.group_id))

    def _to_come(self, today: date) -> Iterable[Group]:
        return (each for each in self._in_order() if each.starts_on >= today)


@dataclass(frozen=True)
class Registered:
    """A programme as it is registered: whose it is, for whom, and what its provider last reported."""

    programme_id: UUID
    provider: UUID
    to_function: str
    insats_kind: str
    target_group: str
    programme: Programme
    status: str | None = None
    reported_at: datetime | None = None


def blocked_for(ready_on: date, today: date) -> BlockedFor:
    """In which stretch the age of a blocked place is."""
    days = (today - ready_on).days
    if days > 365:
        return BlockedFor.OVER_12_MONTHS
    if days > 180:
        return BlockedFor.UP_TO_12_MONTHS
    return BlockedFor.UP_TO_6_MONTHS if days > 90 else BlockedFor.UP_TO_3_MONTHS
