"""The measures over the API: what was known when, as of when, by group, and who may ask."""

from services.leadtimes import handlers
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import Case, decided_case, passed_case

ZERO_BUCKETS = {"0-30": 0, "31-90": 0, "91-180": 0, "181-365": 0, "over_365": 0}


async def test_the_answer_shows_a_measure_whole(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*decided_case(), Case().contacts("2026-03-01"))
    shown = await leadtimes.measure("L04")
    assert set(shown) == {
        *("measure", "as_of", "known_at", "rule_set", "completed", "still_waiting"),
        *("ended_otherwise", "curve", "curve_median", "too_few_followed", "excluded", "flags", "incomplete"),
    }
    working_days = {"mean": 10.0, "median": 10.0, "p75": 10.0, "p90": 10.0}
    assert shown["completed"] == {"n": 1, "mean": 15.0, "median": 15.0, "p75": 15.0, "p90": 15.0, "working_days": working_days}
    assert shown["still_waiting"] == {
        **{"n": 1, "median_so_far": 31.0, "working_days_median_so_far": 23.0},
        "buckets": ZERO_BUCKETS | {"31-90": 1},
    }
    assert [point["day"] for point in shown["curve"]] == [30, 90, 180, 365]
    assert {"day", "share", "low", "high"} <= set(shown["curve"][0])
    assert shown["as_of"] == shown["known_at"]
    assert shown["as_of"].startswith("2026-04-01T")


async def test_what_was_recorded_late_is_not_known_before(leadtimes: Leadtimes) -> None:
    case = Case()
    await leadtimes.hear(case.contacts("2026-01-05"), case.applies("2026-01-05"), case.decided("2026-03-01", recorded="2026-04-20"))
    before = await leadtimes.measure("L04", as_of="2026-03-31", known_at="2026-04-05")
    after = await leadtimes.measure("L04", as_of="2026-03-31", known_at="2026-04-30")
    assert (before["completed"]["n"], before["still_waiting"]["n"], before["still_waiting"]["median_so_far"]) == (0, 1, 85.0)
    assert (after["completed"]["n"], after["completed"]["median"], after["still_waiting"]["n"]) == (1, 55.0, 0)
    assert (after["as_of"], after["known_at"]) == ("2026-03-31", "2026-04-30")


async def test_as_of_a_day_lasts_to_its_end_and_what_came_later_had_not_happened(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*decided_case("2026-01-05", "2026-01-20"))
    assert (await leadtimes.measure("L04", as_of="2026-01-19"))["still_waiting"]["n"] == 1
    assert (await leadtimes.measure("L04", as_of="2026-01-20"))["completed"]["n"] == 1
    assert (await leadtimes.measure("L04", as_of="2026-01-19T23:59:59+01:00"))["still_waiting"]["n"] == 1
    before_all = await leadtimes.measure("L04", as_of="2026-01-04")
    assert (before_all["completed"]["n"], before_all["still_waiting"]["n"]) == (0, 0)


async def test_the_groups_add_up_to_the_whole(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*decided_case("2026-01-05"), *decided_case("2026-02-05", "2026-02-10"), Case().contacts("2026-02-07"))
    shown = await leadtimes.measure("L04", by="month")
    assert [(group["group"], group["completed"]["n"]) for group in shown["groups"]] == [("2026-01", 1), ("2026-02", 1)]
    assert sum(group["still_waiting"]["n"] for group in shown["groups"]) == shown["still_waiting"]["n"] == 1
    assert shown["by"] == "month"


async def test_a_period_cuts_what_ended(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(
        *decided_case("2026-01-05", "2026-01-20"), *decided_case("2026-02-05", "2026-02-10"), Case().contacts("2026-02-07")
    )
    shown = await leadtimes.measure("L04", **{"from": "2026-02-01", "until": "2026-02-10"}, by="month")
    assert (shown["completed"]["n"], shown["still_waiting"]["n"], shown["from"], shown["until"]) == (1, 1, "2026-02-01", "2026-02-10")
    assert [(group["completed"]["n"], group["from"]) for group in shown["groups"]] == [(0, "2026-02-01"), (1, "2026-02-01")]
    assert (await leadtimes.measure("L24", until="2026-02-10"))["until"] == "2026-02-10"
    for bad in ({"from": "2026-02-11", "until": "2026-02-10"}, {"from": "2026-02-11T00:00:00+01:00"}, {"until": "soon"}):
        assert (await leadtimes.reader.get("/leadtimes/measures", params=bad)).status_code == 422


async def test_every_measure_is_answered_at_once(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*decided_case())
    answer = await leadtimes.reader.get("/leadtimes/measures", params={"as_of": "2026-02-01"})
    codes = ["L20", "L20any", "L20P", "L21", "L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09"]
    codes += ["L10", "L12", "L13", "L14", "L14q", "L15", "L16", "L17", "L22", "L23", "L24"]
    assert [each["measure"] for each in answer.json()["measures"]] == codes
    assert answer.json()["measures"][7] == await leadtimes.measure("L04", as_of="2026-02-01") | {
        "known_at": answer.json()["measures"][7]["known_at"]
    }


async def test_what_was_told_of_assessment_plan_and_assignment_is_measured(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*passed_case())
    done = {code: (await leadtimes.measure(code))["completed"] for code in ("L05", "L06", "L07", "L08", "L09")}
    assert {code: (figures["n"], figures["median"]) for code, figures in done.items()} == {
        **{"L05": (1, 1.0), "L06": (1, 6.0), "L07": (1, 3.0)},
        **{"L08": (1, 4.0), "L09": (1, 14.0)},
    }
    assert done["L09"]["working_days"]["median"] == 9.0


async def test_months_of_support_are_answered_in_a_shape_of_their_own(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*passed_case())
    shown = await leadtimes.measure("L24", as_of="2026-03-31", by="unit")
    assert set(shown) == {
        *("measure", "as_of", "known_at", "rule_set", "completed", "still_receiving", "ended_otherwise", "excluded"),
        *("incomplete", "by", "groups"),
    }
    assert shown["completed"] == {"n": 1, "mean": 3.0, "median": 3.0, "target_met": 1, "share_target_met": 1.0}
    assert [(group["group"], group["completed"]["n"]) for group in shown["groups"]] == [("intake_group", 1)]
    before = await leadtimes.measure("L24", as_of="2026-02-10")
    assert before["still_receiving"] == {"n": 1, "mean_so_far": 2.0, "median_so_far": 2.0, "over_target": 0}


async def test_groups_by_hindrance_and_unit_are_what_was_known_in_time(leadtimes: Leadtimes) -> None:
    late = Case()
    told_late = [late.contacts("2026-01-05"), late.applies("2026-01-05"), late.decided("2026-01-10")]
    await leadtimes.hear(*passed_case(), *told_late, late.coded("2026-02-01"), late.routed("2026-02-01", "work_group"))
    for by, groups in (("hindrance", ["unemployed", "unknown"]), ("unit", ["intake_group", "unknown"])):
        assert [group["group"] for group in (await leadtimes.measure("L04", by=by))["groups"]] == groups


async def test_clocks_that_an_older_rule_set_left_are_made_anew_for_every_question(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*passed_case())
    right = await leadtimes.measure("L09"), await leadtimes.measure("L24")
    old = '{"rule_set": 1, "intervals": [{"measure": "L04"}]}'
    await leadtimes.db.execute("UPDATE clock SET body = $1", old)
    asked = await leadtimes.measure("L09"), await leadtimes.measure("L24")
    for one, other in zip(right, asked, strict=True):
        assert {name: value for name, value in one.items() if name not in ("as_of", "known_at")} == {
            name: value for name, value in other.items() if name not in ("as_of", "known_at")
        }
    assert await handlers.verify(leadtimes.db) == handlers.Verified(1, 1)
    assert await handlers.rebuild(leadtimes.db) == 1
    assert await handlers.verify(leadtimes.db) == handlers.Verified(1, 0)


async def test_a_date_that_is_none_is_refused_without_an_echo(leadtimes: Leadtimes) -> None:
    for bad in ("tomorrow", "2026-02-30", "2026-03-01T12:00:00", "0001-01-01", "9999-12-31", "2026-3-1", ""):
        answer = await leadtimes.reader.get("/leadtimes/measures/L04", params={"as_of": bad})
        assert answer.status_code == 422, bad
        assert not bad or bad not in answer.text
    assert (await leadtimes.reader.get("/leadtimes/measures/L99")).status_code == 422
    assert (await leadtimes.reader.get("/leadtimes/measures/L04", params={"by": "assignment"})).status_code == 422


async def test_nobody_asks_without_a_token(leadtimes: Leadtimes) -> None:
    leadtimes.reader.headers.pop("Authorization")
    assert (await leadtimes.reader.get("/leadtimes/measures/L04")).status_code == 401
