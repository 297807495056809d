"""The worked histories, typed at the APIs, told through Kafka, asked of leadtimes: what comes out is what the rule set says."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from deploy.local.record import StreetRecord
from tests.scenarios import PLAYED, Desk
from tests.street import service_client
from tools.api import BadInput, open_api
from tools.cli import sluss
from tools.clock import open_clock
from tools.histories import History, contact
from tools.seed import ROLES, SYSTEM, must_be_in_time, play


class Shown:
    """A measure of what began in one month, as of a day and known at another."""

    def __init__(self, street: StreetRecord, measure: str) -> None:
        self._street, self._measure = street, measure

    def __call__(self, month: str, as_of: str, known_at: str | None = None) -> dict[str, Any]:
        asked = {"by": "month", "as_of": as_of, **({"known_at": known_at} if known_at else {})}
        with service_client(self._street, "leadtimes", "leadtimes-reader") as leadtimes:
            answer = leadtimes.get(f"/leadtimes/measures/{self._measure}", params=asked)
            answer.raise_for_status()
            groups = {group["group"]: group for group in answer.json()["groups"]}
        nobody = {"completed": {"n": 0}, "still_waiting": {"n": 0}, "ended_otherwise": {}}
        return groups.get(month, nobody)


@pytest.fixture
def l04(street: StreetRecord, desk: Desk) -> Shown:
    return Shown(street, "L04")


@pytest.fixture
def l20(street: StreetRecord, desk: Desk) -> Shown:
    return Shown(street, "L20")


@pytest.fixture
def of(street: StreetRecord, desk: Desk) -> Callable[[str], Shown]:
    """Any measure."""
    return lambda measure: Shown(street, measure)


def completed(shown: dict[str, Any]) -> tuple[int, float]:
    return shown["completed"]["n"], shown["completed"]["mean"]


def test_h1_a_case_without_support_lapses_and_the_next_contact_is_a_case_of_its_own(l04: Shown, desk: Desk, street: StreetRecord) -> None:
    assert completed(l04("2001-01", "2001-12-31")) == (1, 15)
    assert completed(l04("2001-08", "2001-12-31")) == (1, 21)
    assert desk.cases["H1-a"] != desk.cases["H1-b"]
    with service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        closing = intake.get(f"/intake/cases/{desk.cases['H1-a']}").json()["closed"]
    assert closing["reason"] == "lapsed_no_support"
    assert closing["happened"]["at"] == "2001-07-01T00:00:00+02:00"


def test_h2_a_rejection_and_a_new_contact_are_two_waits_and_never_one_of_36_days(l04: Shown) -> None:
    assert completed(l04("2002-01", "2002-12-31")) == (1, 15)
    assert completed(l04("2002-02", "2002-12-31")) == (1, 7)


def test_h2_a_renewal_starts_no_wait(l04: Shown) -> None:
    assert completed(l04("2003-01", "2003-12-31")) == (1, 15)
    assert l04("2003-02", "2003-12-31")["completed"]["n"] == 0


def test_h7_closing_files_does_not_shorten_a_wait(l04: Shown, l20: Shown, of: Callable[[str], Shown]) -> None:
    shown = l04("2005-01", "2005-12-31")
    assert completed(shown) == (2, 17)
    assert (shown["completed"]["p75"], shown["completed"]["p90"]) == (18, pytest.approx(18.6))
    waits = l20("2005-01", "2005-12-31")
    assert (completed(waits), waits["ended_otherwise"]) == ((1, 34), {"rejected": 1})
    assert completed(of("L20P")("2005-01", "2005-12-31")) == (1, 59)


def test_h8_a_call_and_nothing_more_ends_otherwise_at_30_days(of: Callable[[str], Shown]) -> None:
    for shown in (of("L04"), of("L20")):
        before, after = shown("2006-02", "2006-03-11"), shown("2006-02", "2006-03-12")
        assert (before["still_waiting"]["n"], before["still_waiting"]["median_so_far"], before["ended_otherwise"]) == (1, 29, {})
        assert (after["still_waiting"]["n"], after["ended_otherwise"]) == (0, {"lapsed_no_application": 1})


def test_h20_who_moved_away_ended_otherwise_at_35_days(of: Callable[[str], Shown]) -> None:
    for shown in (of("L04"), of("L20")):
        before, after = shown("2007-01", "2007-02-08"), shown("2007-01", "2007-02-09")
        assert (before["still_waiting"]["n"], before["still_waiting"]["median_so_far"], before["ended_otherwise"]) == (1, 34, {})
        assert (after["still_waiting"]["n"], after["ended_otherwise"]) == (0, {"moved": 1})


def test_h12_a_start_typed_late_counts_from_when_it_was_known(l20: Shown) -> None:
    early = l20("2009-01", "2009-03-31", known_at="2009-04-05")
    assert (early["completed"]["n"], early["still_waiting"]["n"], early["still_waiting"]["median_so_far"]) == (0, 1, 85)
    assert completed(l20("2009-01", "2009-03-31", known_at="2009-04-30")) == (1, 55)


def test_h10_after_an_appeal_the_first_decision_counts_as_it_was_made(l04: Shown, l20: Shown, desk: Desk, street: StreetRecord) -> None:
    assert completed(l04("2022-01", "2022-12-31")) == (1, 15)
    assert completed(l20("2022-01", "2022-12-31")) == (1, 166)
    with service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        case = intake.get(f"/intake/cases/{desk.cases['H10']}").json()
    assert (case["applications"][0]["decision"]["outcome"], case["applications"][0]["ended"]["on"]) == ("granted", "2022-05-28")


def test_h1_support_of_five_months_ended_otherwise(desk: Desk, street: StreetRecord) -> None:
    shown = Shown(street, "L24")("2001-01", "2001-12-31")
    assert (shown["completed"]["n"], shown["ended_otherwise"]) == (0, {"lapsed_no_support": 1})
    still = Shown(street, "L24")("2001-01", "2001-06-15")
    assert (still["still_receiving"]["n"], still["still_receiving"]["median_so_far"]) == (1, 5)


def test_h14_support_of_six_months_and_then_work_is_within_the_target(desk: Desk, street: StreetRecord) -> None:
    shown = Shown(street, "L24")("2021-02", "2021-12-31")
    assert (shown["completed"]["n"], shown["completed"]["mean"], shown["completed"]["target_met"]) == (1, 6, 1)


@pytest.mark.parametrize(
    ("measure", "month", "days"),
    [("L05", "2021-01", 4), ("L06", "2021-01", 14), ("L07", "2021-01", 9)],
)
def test_from_application_to_plan_each_step_is_measured(measure: str, month: str, days: int, desk: Desk, street: StreetRecord) -> None:
    assert completed(Shown(street, measure)(month, "2021-12-31")) == (1, days)


def test_l09_counts_the_days_that_the_application_lay_unregistered(desk: Desk, street: StreetRecord) -> None:
    shown = Shown(street, "L09")("2021-01", "2021-12-31")
    assert completed(shown) == (1, 3)
    assert shown["completed"]["working_days"]["mean"] == 2, "6 January is a holiday"


def test_l08_leaves_out_who_was_assigned_before_the_plan(desk: Desk, street: StreetRecord) -> None:
    assert Shown(street, "L08")("2021-02", "2021-12-31")["excluded"] == {"before_plan": 1}


def test_h3_who_is_in_a_programme_before_the_contact_neither_waits_nor_has_waited(l20: Shown, desk: Desk, street: StreetRecord) -> None:
    shown = l20("2010-03", "2010-12-31")
    assert (shown["still_waiting"]["n"], shown["completed"]["n"], shown["excluded"]) == (0, 0, {"already_in_insats": 1})
    with service_client(street, "intake", "intake-staff") as intake:
        facts = intake.get(f"/intake/cases/{desk.cases['H3']}/facts").json()["facts"]
    [found] = [each for each in facts if each["fact"] == "insats-observed"]
    assert (found["happened"]["on"], found["recorded_at"][:10]) == ("2010-01-15", "2010-03-10")


def test_h4_an_instant_and_the_day_it_lies_on_are_0_days(l20: Shown) -> None:
    assert completed(l20("2011-03", "2011-12-31")) == (1, 0)


def test_h5_a_course_of_three_hours_a_week_is_not_what_was_waited_for(of: Callable[[str], Shown]) -> None:
    assert completed(of("L20any")("2013-03", "2013-12-31")) == (1, 1)
    assert completed(of("L20")("2013-03", "2013-12-31")) == (1, 200)


def test_h6_who_drops_out_has_waited_once_and_waits_again(of: Callable[[str], Shown]) -> None:
    assert completed(of("L20")("2014-01", "2014-12-31")) == (1, 30)
    assert completed(of("L23")("2014-02", "2014-12-31")) == (1, 302)


def test_h9_two_adults_are_two_cases_of_one_household(l20: Shown, desk: Desk, street: StreetRecord) -> None:
    shown = l20("2015-01", "2015-12-31")
    assert completed(shown) == (2, 55)
    assert (l20("2015-01", "2015-01-25")["completed"]["mean"], shown["completed"]["p90"]) == (20, 83)
    with service_client(street, "intake", "intake-staff") as intake:
        household = intake.get(f"/intake/cases/{desk.cases['H9-a']}").json()["household_ref"]
        cases = intake.get("/intake/cases", params={"household_ref": household}).json()["cases"]
    assert {UUID(case["case_id"]) for case in cases} == {desk.cases["H9-a"], desk.cases["H9-b"]}


def test_h11_who_was_ready_before_go_live_has_waited_since_then_and_is_known_from_go_live(of: Callable[[str], Shown]) -> None:
    l22 = of("L22")
    assert l22("2017-08", "2018-11-22", known_at="2018-08-31")["still_waiting"]["n"] == 0
    shown = l22("2017-08", "2018-11-22")["still_waiting"]
    assert (shown["n"], shown["median_so_far"], shown["buckets"]["over_365"]) == (1, 464, 1)


def test_h13_a_completion_that_was_asked_for_comes_after_60_days(desk: Desk, street: StreetRecord) -> None:
    assert completed(Shown(street, "L02")("2019-03", "2019-12-31")) == (1, 60)


def test_h16_before_the_mark_one_waits_and_the_other_waited_for_30_days_and_after_it_one_for_181(l20: Shown, desk: Desk) -> None:
    assert desk.cases["H16-a"] != desk.cases["H16-b"]
    waiting = l20("2017-01", "2017-12-31", known_at="2017-07-31")["still_waiting"]
    assert (waiting["n"], completed(l20("2017-06", "2017-12-31", known_at="2017-07-31"))) == (1, (1, 30))
    for as_of in ("2017-07-31", "2017-12-31"):
        assert completed(l20("2017-01", as_of)) == (1, 181)
        assert l20("2017-06", as_of)["completed"]["n"] == 0


def test_h19_the_first_of_two_insatser_ends_the_wait_at_20_days(l20: Shown) -> None:
    assert completed(l20("2015-03", "2015-12-31")) == (1, 20)


def test_h15_between_insatser_are_only_the_days_with_none_open(of: Callable[[str], Shown]) -> None:
    assert completed(of("L23")("2002-12", "2003-12-31")) == (1, 5)
    assert of("L23")("2002-03", "2003-12-31")["completed"]["n"] == 0


def test_h17_a_question_is_not_an_answer(of: Callable[[str], Shown]) -> None:
    assert completed(of("L14q")("2007-03", "2007-12-31")) == (1, 1)
    assert completed(of("L14")("2007-03", "2007-12-31")) == (1, 90)


@pytest.mark.parametrize("measure", ["L13", "L14", "L15"])
def test_h18_an_acceptance_by_telephone_is_receipt_answer_and_acceptance(measure: str, of: Callable[[str], Shown]) -> None:
    shown = of(measure)("2013-03", "2013-12-31")
    assert (completed(shown), shown["completed"]["p90"]) == ((2, 2), pytest.approx(3.6)), "4 days, and the course of H5 that began at once"


def test_seeded_again_nothing_is_there_twice_and_each_case_is_found_by_its_reference(desk: Desk, street: StreetRecord) -> None:
    with service_client(street, "intake", "intake-staff") as intake:

        def version(client: str) -> tuple[str, int]:
            [case] = intake.get("/intake/cases", params={"source_system": SYSTEM, "source_ref": client}).json()["cases"]
            return case["case_id"], case["version"]

        before = {client: version(client) for client in desk.cases}
        again = play(street, PLAYED)
        assert {client: version(client) for client in desk.cases} == before
    assert {client: UUID(case_id) for client, case_id in again.items()} == desk.cases == {c: UUID(each) for c, (each, _) in before.items()}


def test_a_street_of_another_year_or_whose_clock_has_passed_the_first_day_is_not_seeded(
    desk: Desk, street: StreetRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUSS_STREET", str(street.folder))
    other = CliRunner().invoke(sluss, ["seed", "--year", "2012"])
    assert (other.exit_code, "another year" in other.output) == (2, True)
    unheard = History("H0", "", [contact("H0", date(2012, 1, 1))])
    with open_clock(street) as clock, open_api(street, "intake", ROLES) as intake, pytest.raises(BadInput, match="has passed 2012-01-01"):
        must_be_in_time(clock, intake, [unheard])
