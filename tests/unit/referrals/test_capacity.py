"""Places: nobody outside the period, no seat too many, and a forecast that is right for every position of the waiting list."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referrals.domain.capacity import BlockedFor, Group, Grouping, Place, Programme, blocked_for
from services.referrals.domain.steps import Refused

S0 = Programme(date(2018, 2, 1), date(2018, 7, 31), 17)
S2 = Programme(date(2020, 6, 1), date(2020, 11, 30), 30)
JUNE = date(2006, 6, 5)
GROUPS = tuple(Group(UUID(int=n + 1), JUNE + timedelta(weeks=4 * n), 4, 12) for n in range(3))
S3 = Programme(date(2006, 6, 1), date(2007, 5, 31), 12, Grouping.ONE_AT_A_TIME, GROUPS)


def refused(programme: Programme, places: Sequence[Place], on: date, today: date | None = None) -> str:
    with pytest.raises(Refused) as caught:
        programme.place(places, on, today or on)
    return caught.value.message


def test_memo_s0_seventeen_clients_in_six_months_and_the_eighteenth_when_one_leaves() -> None:
    held = [Place(date(2018, 2, 1))] * 16
    assert S0.place(held, date(2018, 3, 1), date(2018, 3, 1)) is None
    held.append(Place(date(2018, 3, 1)))
    assert "seat" in refused(S0, held, date(2018, 3, 1))
    assert (S0.free_next(held, date(2018, 3, 1)), S0.free_next([], date(2018, 1, 1)), S0.free_next([], date(2018, 8, 1))) == (0, 17, 0)
    held[0] = Place(date(2018, 2, 1), to_on=date(2018, 4, 9))
    S0.place(held, date(2018, 4, 9), date(2018, 4, 9))
    assert "seat" in refused(S0, held, date(2018, 4, 8), date(2018, 5, 1)), "typed late, it would have been one too many then"
    assert "seat" in refused(S0, [*held, Place(date(2018, 5, 1))], date(2018, 4, 9)), "the seat is booked from May"
    assert S0.forecast(held, 2, date(2018, 5, 1)) == [None, None], "without groups nobody knows"


def test_a_group_that_runs_and_has_a_seat_left_is_free_today() -> None:
    running = Programme(date(2026, 1, 1), date(2026, 12, 31), 10, Grouping.SIDE_BY_SIDE, (Group(UUID(int=1), date(2026, 3, 1), 4, 5),))
    seated = [Place(date(2026, 3, 1), UUID(int=1))] * 3
    assert (running.free_next(seated, date(2026, 3, 2)), running.free_next([*seated, *seated[:2]], date(2026, 3, 2))) == (2, 0)
    assert running.free_next(seated, date(2026, 3, 29)) == 0, "it is over"


def test_memo_s2_nobody_outside_the_period() -> None:
    for outside in (date(2020, 5, 31), date(2020, 12, 1)):
        assert "period" in refused(S2, [], outside)
    for within in (date(2020, 6, 1), date(2020, 11, 30)):
        S2.place([], within, within)


def test_memo_s3_position_thirty_starts_in_the_third_group() -> None:
    assert [each.starts_on for each in GROUPS] == [date(2006, 6, 5), date(2006, 7, 3), date(2006, 7, 31)]
    forecast = S3.forecast([], 40, date(2006, 6, 1))
    assert forecast == [GROUPS[0]] * 12 + [GROUPS[1]] * 12 + [GROUPS[2]] * 12 + [None] * 4
    assert forecast[29] == GROUPS[2]
    booked = [Place(GROUPS[0].starts_on, GROUPS[0].group_id)] * 5
    assert S3.forecast(booked, 30, date(2006, 6, 1)) == [GROUPS[0]] * 7 + [GROUPS[1]] * 12 + [GROUPS[2]] * 11
    stayed = [Place(GROUPS[0].starts_on, GROUPS[0].group_id)] * 2
    assert S3.forecast(stayed, 12, date(2006, 7, 3)) == [GROUPS[1]] * 10 + [GROUPS[2]] * 2, "two whose group is over block two places"
    assert "No group" in refused(S3, [], date(2006, 6, 4))
    assert S3.place([], date(2006, 7, 2), date(2006, 7, 2)) == GROUPS[0].group_id
    whole = [Place(GROUPS[0].starts_on, GROUPS[0].group_id)] * 12
    assert "seat" in refused(S3, whole, date(2006, 6, 6))
    assert S3.place(whole, date(2006, 7, 3), date(2006, 6, 6)) == GROUPS[1].group_id, "booked: the first group will be over"
    assert "seat" in refused(S3, whole, date(2006, 7, 3)), "they are still there"


def test_groups_keep_to_their_programme() -> None:
    for starts_on, seats, reason in ((JUNE, 13, "seats"), (date(2006, 5, 29), 12, "period"), (date(2006, 7, 2), 12, "one group at a time")):
        with pytest.raises(Refused, match=reason):
            S3.plan(Group(UUID(int=9), starts_on, 4, seats))
    assert len(S3.plan(Group(UUID(int=9), date(2006, 8, 28), 4, 12)).groups) == 4
    with pytest.raises(Refused, match="no groups"):
        S0.plan(Group(UUID(int=9), date(2018, 3, 1), 4, 12))


def test_memo_s1_the_age_of_a_blocked_place() -> None:
    today = date(2020, 12, 1)
    ages = [blocked_for(today - timedelta(days=days), today) for days in (0, 90, 91, 180, 181, 365, 366)]
    three, six, twelve, over = BlockedFor
    assert ages == [three, three, six, six, twelve, twelve, over]


DAYS = st.integers(-20, 60).map(lambda days: JUNE + timedelta(days=days))


@st.composite
def programmes(draw: st.DrawFn) -> tuple[Programme, list[Place], date]:
    """A programme with groups, side by side or one at a time, who already has seats in it, and a today."""
    grouping = draw(st.sampled_from([Grouping.ONE_AT_A_TIME, Grouping.SIDE_BY_SIDE]))
    programme, today = Programme(JUNE - timedelta(days=10), JUNE + timedelta(days=50), draw(st.integers(1, 6)), grouping), draw(DAYS)
    for n, on in enumerate(draw(st.lists(DAYS, max_size=6))):
        group = Group(UUID(int=n + 1), on, draw(st.integers(1, 4)), draw(st.integers(1, 6)))
        try:
            programme = programme.plan(group)
        except Refused:
            continue
    places: list[Place] = []
    for on in draw(st.lists(DAYS, max_size=10)):
        try:
            found = programme.place(places, on, today)
        except Refused:
            continue
        left = draw(st.none() | st.integers(0, 30))
        places.append(Place(on, found, on + timedelta(days=left) if left is not None and on + timedelta(days=left) <= today else None))
    return programme, places, today


def last_day(programme: Programme, place: Place, today: date) -> date | None:
    """The last day of a seat, as far as is known today; None: nobody knows."""
    if place.to_on:
        return place.to_on - timedelta(days=1)
    of = {group.group_id: group.starts_on + timedelta(days=7 * group.weeks - 1) for group in programme.groups}
    ends = of[place.group_id] if place.group_id else None
    return ends if ends and ends >= today else None


def too_many(programme: Programme, places: Sequence[Place], day: date, today: date) -> bool:
    """Whether on one day there are more people than seats, in all or in one group."""
    there = [each for each in places if each.from_on <= day and ((last := last_day(programme, each, today)) is None or day <= last)]
    in_groups = [(sum(each.group_id == group.group_id for each in there), group.seats) for group in programme.groups]
    return len(there) > programme.seats or any(found > seats for found, seats in in_groups)


@given(programmes(), st.integers(0, 30))
def test_the_forecast_is_what_happens_when_every_day_is_lived_through(made: tuple[Programme, list[Place], date], waiting: int) -> None:
    programme, places, today = made
    line, began, there = list(range(waiting)), dict[int, UUID](), list(places)
    for day in (today + timedelta(days=n) for n in range(120)):
        for group in sorted(programme.groups, key=lambda each: each.group_id):
            while line and group.starts_on == day:
                joined = [*there, Place(day, group.group_id)]
                if any(too_many(programme, joined, day + timedelta(days=n), today) for n in range(7 * group.weeks)):
                    break
                began[line.pop(0)], there = group.group_id, joined
    forecast = programme.forecast(places, waiting, today)
    assert [group and group.group_id for group in forecast] == [began.get(position) for position in range(waiting)]


@given(programmes())
def test_whatever_is_begun_and_left_no_day_had_a_group_with_a_seat_too_many(made: tuple[Programme, list[Place], date]) -> None:
    programme, places, _ = made
    for day in (JUNE + timedelta(days=n) for n in range(-20, 90)):
        for group in programme.groups:
            held = [each for each in places if each.group_id == group.group_id and each.from_on <= day < (each.to_on or group.ends_on)]
            assert len(held) <= group.seats
