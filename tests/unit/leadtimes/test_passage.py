"""Where people are, who holds the ball, and the cases of a person as one wait, by the worked histories. Years are 2026."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from services.leadtimes.domain.clocks import clocks
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.measures import Flag, Interval, Outcome
from services.leadtimes.domain.moments import Limit, both_instants, moment_of
from services.leadtimes.domain.passage import chained
from services.leadtimes.domain.passage_report import Case, responsibility_document, where_document
from services.leadtimes.domain.responsibility import Parts
from tests.unit.leadtimes.histories import (
    CASE,
    application,
    asked,
    assigned,
    begun,
    closed,
    completed,
    contact,
    decided,
    drafted,
    dropped,
    finished,
    found,
    happened,
    reopened,
    routed,
    sent,
    told,
    told_of,
)
from tests.unit.leadtimes.histories import wait as only_wait
from tests.unit.leadtimes.test_clocks_do_not_care_how_facts_arrive import facts_of_one_case, limits
from tests.unit.leadtimes.test_insats_histories import H3, H6, H10, H20, opened

LATE = date(2027, 12, 31)


def in_case(number: int, *facts: Fact) -> list[Fact]:
    """The same facts in another case."""
    return [replace(fact, case_id=UUID(int=CASE.int + number), event_id=UUID(int=fact.event_id.int ^ number)) for fact in facts]


def ways(*cases: Sequence[Fact], as_of: Limit | None = None, known_at: Limit | None = None) -> list[Case]:
    every = (each.way for facts in cases for each in clocks(facts, as_of, known_at))
    return [way for way in every if way]


def parts(facts: Sequence[Fact], as_of: date = LATE) -> Parts:
    (case,) = ways(facts, as_of=as_of)
    found_parts = case[1].held.until(moment_of(as_of))
    assert found_parts is not None
    return found_parts


def l20p(*cases: Sequence[Fact], as_of: Limit | None = None) -> list[tuple[str, str | None, int | None]]:
    return [told(each) for each in sorted(chained(ways(*cases, as_of=as_of)), key=lambda wait: wait.start.time)]


FIRST = [contact("2026-01-01", person_ref="P"), application("2026-01-01"), decided("2026-01-20"), closed("2026-01-20", "rejected")]
SECOND = in_case(1, contact("2026-01-26", person_ref="P"), application("2026-01-26"), decided("2026-02-10"), begun("2026-03-01"))


def test_h7_to_close_a_case_shortens_no_wait_of_the_person() -> None:
    assert l20p(FIRST, SECOND) == [("completed", None, 59)]
    assert l20p(FIRST, SECOND, as_of=date(2026, 1, 25)) == [("ended_otherwise", "rejected", 19)]
    assert l20p(FIRST, SECOND, as_of=date(2026, 2, 28)) == [("open", None, None)]
    assert l20p(FIRST, SECOND[2:]) == [("ended_otherwise", "rejected", 19)], "a case without an opening is none"


def test_a_chain_breaks_after_more_than_92_days_and_never_while_a_case_is_open() -> None:
    linked = in_case(1, contact("2026-04-22", person_ref="P"), begun("2026-05-01"))
    apart = in_case(1, contact("2026-04-23", person_ref="P"), begun("2026-05-01"))
    assert l20p(FIRST, linked) == [("completed", None, 120)]
    assert l20p(FIRST, apart) == [("ended_otherwise", "rejected", 19), ("completed", None, 8)]
    assert l20p(FIRST[:3], apart) == [("completed", None, 120)]
    nobody = [contact("2026-01-01"), closed("2026-01-20")], in_case(1, contact("2026-01-26"), begun("2026-01-30"))
    assert l20p(*nobody) == [("ended_otherwise", "moved", 19), ("completed", None, 4)]
    both_closed = in_case(1, contact("2026-01-26", person_ref="P"), closed("2026-02-20", "moved"))
    assert l20p(FIRST, both_closed) == [("ended_otherwise", "moved", 50)]


def test_who_is_outside_l20_is_outside_the_chain() -> None:
    void = in_case(1, contact("2026-01-10", person_ref="P"), closed("2026-01-11", "entered_in_error"))
    already = in_case(2, contact("2026-01-15", person_ref="P"), found("2026-01-14"))
    assert l20p(FIRST, void, already) == [
        ("ended_otherwise", "rejected", 19),
        ("excluded", "entered_in_error", None),
        ("excluded", "already_in_insats", None),
    ]


def test_h16_the_person_waits_once_whether_the_mark_is_known_or_not() -> None:
    person = {"person_ref": "P"}
    mark = in_case(1, happened(FactType.CASE_MARKED_DUPLICATE, "2026-08-01", of=str(CASE)))
    facts = [contact("2026-01-01", **person), *in_case(1, contact("2026-06-01", **person), begun("2026-07-01")), *mark]
    assert [told(each) for each in chained(ways(facts))] == [("completed", None, 181)]
    assert [told(each) for each in chained(ways(facts, known_at=date(2026, 7, 31)))] == [("completed", None, 181)]


def test_the_chain_has_the_flags_of_its_own_end() -> None:
    (chain,) = chained(ways([application("2026-01-10", person_ref="P"), begun("2026-01-05")]))
    assert chain.flags == (Flag.FIRST_CONTACT_INFERRED, Flag.NEGATIVE)


def places(*cases: Sequence[Fact], as_of: date = LATE) -> dict[int, dict[str, Any]]:
    shown = where_document(ways(*cases, as_of=as_of), as_of, as_of)
    return {each["day"]: {name: value for name, value in each.items() if value and name != "day"} for each in shown["days"]}


def test_h6_who_dropped_out_is_in_no_insats_at_day_90_and_180_and_in_one_at_365() -> None:
    between = {"n": 1, "between": 1}
    assert places(H6) == {30: {"n": 1, "in_insats": 1}, 90: between, 180: between, 365: {"n": 1, "in_insats": 1}}
    assert places(H6, as_of=date(2026, 4, 1)) == {30: {"n": 1, "in_insats": 1}, 90: {}, 180: {}, 365: {}}
    assert places(H6, as_of=date(2026, 4, 2))[90] == between, "day 90 lasts to its end"
    (case,) = ways(H6)
    assert where_document([case], moment_of(date(2026, 4, 2)).time, LATE)["days"][1]["n"] == 0, "day 90 has not passed at its midnight"


def test_who_was_in_an_insats_already_counts_as_in_one_and_who_is_closed_by_the_reason() -> None:
    assert {day: places(H3)[day] for day in (30, 365)} == {day: {"n": 1, "in_insats": 1, "already_in_insats": 1} for day in (30, 365)}
    assert places(H20)[30] == {"n": 1, "waiting": 1}
    assert places(H20)[90] == {"n": 1, "closed": {"moved": 1}}
    over = [*opened("2026-03-01"), found("2026-01-15", ended_on="2026-05-30")]
    assert [name for day in (30, 90) for name in places(over)[day]] == [
        "n",
        "in_insats",
        "already_in_insats",
        "n",
        "between",
        "already_in_insats",
    ]
    course = [*opened("2026-03-01"), begun("2026-03-02", hours=3)]
    assert places(course)[30] == {"n": 1, "waiting": 1}, "an insats that does not count is none"
    assert places([contact("2026-01-01"), closed("2026-01-09", "entered_in_error")])[365] == {"void": 1}


def test_a_day_before_we_knew_the_case_is_left_out() -> None:
    old = opened("2025-12-01", known_from="2026-02-01")
    assert (places(old)[30], places(old)[90]) == ({"before_known_from": 1}, {"n": 1, "waiting": 1})


def test_h10_the_time_until_the_court_decided_is_that_of_an_external_decision() -> None:
    found_parts = parts(H10)
    assert dict(found_parts.days) == {"municipality": 15, "external_decision": 128, "gap": 23}
    error = [*opened("2026-01-05"), closed("2026-01-20"), reopened("2026-01-25"), begun("2026-02-01")]
    assert dict(parts(error).days) == {"municipality": 27}


H13 = [
    *opened("2026-03-01"),
    asked("2026-03-01"),
    *(drafted("2026-03-01", "F", "forsakringskassan"), sent("2026-03-01", "F")),
    *(drafted("2026-03-01", "J", "jobbcentrum"), sent("2026-03-01", "J"), told_of(FactType.REFERRAL_WAITLISTED, "2026-03-01", "J")),
]


def test_h13_the_client_holds_the_ball_and_all_three_share_the_days() -> None:
    found_parts = parts(H13, as_of=date(2026, 4, 30))
    assert dict(found_parts.days) == {"client": 60}
    assert dict(found_parts.shared_days) == {"client": 60, "partner:forsakringskassan": 60, "partner:jobbcentrum": 60}
    answered = parts([*H13, completed("2026-04-10"), decided("2026-04-20")], as_of=date(2026, 4, 30))
    assert dict(answered.days) == {"client": 40, "municipality": 10, "partner:forsakringskassan": 10}


@pytest.mark.parametrize(
    ("facts", "holder"),
    [
        ([], "gap"),
        ([drafted("2026-01-03")], "municipality"),
        ([drafted("2026-01-03"), told_of(FactType.REFERRAL_DISCARDED, "2026-01-03")], "gap"),
        ([drafted("2026-01-03"), sent("2026-01-03")], "partner:jobbcentrum"),
        ([told_of(FactType.REFERRAL_DRAFTED, "2026-01-03", kind="insats"), sent("2026-01-03")], "partner:unknown"),
        ([sent("2026-01-03"), told_of(FactType.REFERRAL_INFORMATION_REQUESTED, "2026-01-03", asked_of="sender")], "municipality"),
        ([sent("2026-01-03"), told_of(FactType.REFERRAL_INFORMATION_REQUESTED, "2026-01-03", asked_of="client")], "client"),
        (
            [
                sent("2026-01-03"),
                told_of(FactType.REFERRAL_INFORMATION_REQUESTED, "2026-01-03", asked_of="sender"),
                told_of(FactType.REFERRAL_INFORMATION_SUPPLIED, "2026-01-03"),
            ],
            "partner:unknown",
        ),
        ([sent("2026-01-03"), told_of(FactType.REFERRAL_DECLINED, "2026-01-03")], "gap"),
        ([sent("2026-01-03"), told_of(FactType.REFERRAL_ACCEPTED, "2026-01-03")], "partner:unknown"),
        ([sent("2026-01-03"), told_of(FactType.REFERRAL_PUT_ON_HOLD, "2026-01-03")], "partner:unknown"),
        ([sent("2026-01-03"), begun("2026-01-03", hours=3)], "gap"),
        ([assigned("2026-01-03")], "client"),
        ([told_of(FactType.DEVIATION_REPORTED, "2026-01-03", deviation_id="D")], "municipality"),
        (
            [told_of(what, "2026-01-03", deviation_id="D") for what in (FactType.DEVIATION_REPORTED, FactType.DEVIATION_ACKNOWLEDGED)],
            "gap",
        ),
    ],
)
def test_who_holds_the_ball(facts: list[Fact], holder: str) -> None:
    history = [*opened("2026-01-01"), decided("2026-01-03"), *facts]
    assert dict(parts(history, as_of=date(2026, 1, 13)).days) == {"municipality": 2, holder: 10} or holder == "municipality"
    assert sum(parts(history, as_of=date(2026, 1, 13)).days[each] for each in {holder, "municipality"}) == 12


def test_an_assignment_is_the_clients_until_it_is_answered_or_what_it_is_about_has_begun() -> None:
    issued = happened(FactType.ASSIGNMENT_ISSUED, "2026-01-03", assignment_ref="N", mode="direct")
    history = [*opened("2026-01-01"), decided("2026-01-03"), issued]
    as_of = date(2026, 1, 13)
    answered = happened(FactType.ASSIGNMENT_ANSWERED, "2026-01-05", assignment_ref="N")
    assert dict(parts([*history, answered], as_of).days) == {"municipality": 2, "client": 2, "gap": 8}
    way = [drafted("2026-01-03", assignment_ref="N"), sent("2026-01-03"), begun("2026-01-08", hours=3)]
    assert dict(parts([*history, *way], as_of).days) == {"municipality": 2, "client": 5, "gap": 5}


def test_before_an_application_the_client_holds_it_and_seconds_stand_beside_days_between_instants() -> None:
    history = [contact("2026-01-01T08:00"), application("2026-01-03T09:00"), begun("2026-01-05T10:00")]
    found_parts = parts(history)
    assert (dict(found_parts.days), found_parts.seconds) == ({"client": 2, "municipality": 2}, {"client": 176400, "municipality": 176400})
    assert parts([*history[:2], begun("2026-01-05")]).seconds is None


def test_the_report_sums_what_each_held_and_counts_bounces_no_shows_and_hops() -> None:
    bounced = [
        *opened("2026-01-01"),
        *(routed(f"2026-01-0{day}", "basgruppen") for day in (1, 2, 3)),
        *(drafted("2026-01-01"), sent("2026-01-01"), told_of(FactType.REFERRAL_DECLINED, "2026-01-05")),
        *(drafted("2026-01-06", "S", successor_of="R"), sent("2026-01-06", "S"), told_of(FactType.REFERRAL_NO_SHOW, "2026-01-09", "S")),
        begun("2026-01-21", "S"),
    ]
    early = in_case(3, *opened("2026-01-10"), begun("2026-01-05"))
    void = in_case(4, contact("2026-01-01"), closed("2026-01-09", "entered_in_error"))
    shown = responsibility_document(ways(bounced, in_case(1, *H10), in_case(2, *H3), early, void), LATE, LATE)
    assert {name: value for name, value in shown.items() if name not in ("as_of", "known_at", "rule_set", "parts")} == {
        **{"cases": 2, "days": 186, "seconds": None, "negative": 1, "excluded": {"already_in_insats": 1}, "void": 1, "all_cases": 4},
        **{"bounces": 1, "no_shows": 1, "hops": 3},
    }
    assert [(each["holder"], each["days"], each["shared_days"], each["cases"]) for each in shown["parts"]] == [
        ("municipality", 35, 35, 2),
        ("client", 0, 0, 0),
        ("consent", 0, 0, 0),
        ("partner:jobbcentrum", 0, 19, 1),
        ("external_decision", 128, 128, 1),
        ("gap", 23, 23, 1),
    ]
    assert sum(each["share"] for each in shown["parts"]) == pytest.approx(1)
    empty = responsibility_document([], LATE, LATE)
    assert (empty["cases"], empty["days"], empty["parts"][0]["share"]) == (0, 0, None)


def told_twice(reopened_a: list[Fact], reopened_b: list[Fact]) -> list[Fact]:
    """H10 and a duplicate of it that was registered a day later and rejected the same day, each reopened so."""
    rejected = [decided("2026-01-20"), closed("2026-01-20", "rejected")]
    other = [
        contact("2026-01-06"),
        application("2026-01-06", "B"),
        decided("2026-01-20", "B"),
        closed("2026-01-20", "rejected"),
        *reopened_b,
    ]
    mark = happened(FactType.CASE_MARKED_DUPLICATE, "2026-01-10", of=str(CASE))
    return [*opened("2026-01-05"), *rejected, *reopened_a, begun("2026-06-20"), *in_case(1, *other, mark)]


def test_duplicates_are_closed_while_all_are_whichever_was_reopened() -> None:
    appeal, later = [reopened("2026-05-28", "appeal")], [reopened("2026-06-01", "appeal")]
    expected = {"municipality": 15, "external_decision": 128, "gap": 23}
    for one, other in ((appeal, []), ([], appeal), (appeal, appeal), (appeal, later), (later, appeal)):
        assert dict(parts(told_twice(one, other)).days) == expected
    again = [*appeal, closed("2026-06-02", "moved"), reopened("2026-06-09")]
    assert dict(parts(told_twice(again, appeal)).days) == expected, "closed alone"
    both = parts(told_twice(again, [*appeal, closed("2026-06-05", "moved"), reopened("2026-06-12")])).days
    assert dict(both) == {"municipality": 19, "external_decision": 128, "gap": 19}, (
        "in error from the 5th to the 9th, when both were closed"
    )


def test_what_was_answered_on_the_day_of_the_question_stays_answered_by_a_second_answer_too() -> None:
    """A day and an instant of one date: neither is surely before the other, and L02 is completed by whichever it is."""
    as_of = date(2026, 4, 30)
    answers = [completed("2026-03-21"), completed("2026-03-21T09:00")]
    history = [*opened("2026-03-01"), *answers, asked("2026-03-21T15:00")]
    assert dict(parts(history, as_of=as_of).days) == {"municipality": 60}
    assert told(only_wait("L02", history)) == ("completed", None, 20)
    assert dict(parts([*opened("2026-03-01"), answers[1], asked("2026-03-21T15:00")], as_of).days) == {"municipality": 20, "client": 40}
    question = told_of(FactType.REFERRAL_INFORMATION_REQUESTED, "2026-01-05T15:00", asked_of="client")
    supplied = [told_of(FactType.REFERRAL_INFORMATION_SUPPLIED, at) for at in ("2026-01-05", "2026-01-05T09:00")]
    sent_out = [*opened("2026-01-01"), decided("2026-01-01"), sent("2026-01-01")]
    assert dict(parts([*sent_out, *supplied, question], as_of).days) == {"partner:unknown": 119}
    assert dict(parts([*sent_out, supplied[1], question], as_of).days) == {"partner:unknown": 4, "client": 115}
    issued = happened(FactType.ASSIGNMENT_ISSUED, "2026-01-05T15:00", assignment_ref="N", mode="direct")
    replies = [happened(FactType.ASSIGNMENT_ANSWERED, at, assignment_ref="N") for at in ("2026-01-05", "2026-01-05T09:00")]
    assert dict(parts([*sent_out[:3], *replies, issued], as_of).days) == {"gap": 119}


def test_a_bounce_is_followed_by_a_referral_that_was_not_discarded() -> None:
    declined = [*opened("2026-01-01"), sent("2026-01-01"), told_of(FactType.REFERRAL_DECLINED, "2026-01-05")]
    followed = [*declined, drafted("2026-01-06", "S", successor_of="R")]
    discarded = [*followed, told_of(FactType.REFERRAL_DISCARDED, "2026-01-07", "S")]
    written_again = [*discarded, drafted("2026-01-08", "T", successor_of="R")]
    assert [ways(each)[0][1].bounces for each in (declined, followed, discarded, written_again)] == [0, 1, 0, 1]


def test_a_closing_on_the_day_of_the_start_does_not_stop_the_walk_before_it() -> None:
    history = [contact("2026-01-01T08:00"), application("2026-01-01T08:00"), closed("2026-01-20"), begun("2026-01-20T14:00")]
    ((wait, way),) = ways(history)
    assert (told(wait), way.held.stop) == (("completed", None, 19), wait.end)
    assert sum((parts(history).seconds or {}).values()) == wait.seconds


def l20(case: Case) -> Interval:
    return case[0]


@settings(max_examples=150)
@given(facts_of_one_case, limits)
def test_the_parts_sum_to_l20_in_days_and_in_seconds(facts: list[Fact], as_of: Limit) -> None:
    opening = [contact("2026-03-10T08:00"), application("2026-03-11")]
    for case in ways([*opening, *facts], as_of=as_of):
        wait = l20(case)
        found_parts = case[1].held.until(moment_of(as_of))
        if wait.outcome is Outcome.EXCLUDED:
            continue
        end = wait.end or moment_of(as_of)
        if Flag.NEGATIVE in wait.flags:
            assert found_parts is None
            continue
        assert found_parts is not None
        assert case[1].held.stop == wait.end
        assert sum(found_parts.days.values()) == (end.day - wait.start.day).days
        if both_instants(wait.start, end):
            assert found_parts.seconds is not None
            assert sum(found_parts.seconds.values()) == (end.time - wait.start.time).total_seconds()
        else:
            assert found_parts.seconds is None


def test_dropping_out_and_finishing_hold_no_ball_any_more() -> None:
    for over in (dropped("2026-01-05"), finished("2026-01-05")):
        history = [*opened("2026-01-01"), decided("2026-01-01"), sent("2026-01-01"), begun("2026-01-03", hours=3), over]
        assert dict(parts(history, as_of=date(2026, 1, 11)).days) == {"partner:unknown": 2, "gap": 8}
