"""The pages as text: exact figures with their units, words for codes, nothing beyond what was followed, nothing that could run."""

import base64
import hashlib
import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.leadtimes.api.curves import curve_of
from services.leadtimes.api.measures import figures_of
from services.leadtimes.api.render import POLICY, Address, render_choice, render_progress
from services.leadtimes.api.words import Language
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.measures import Flag, Interval, Measure, Outcome
from services.leadtimes.domain.waits import summary
from services.leadtimes.handlers import Known
from tests.unit.leadtimes.histories import begun, closed, contact, decided, drafted, found, sent
from tests.unit.leadtimes.test_insats_histories import opened
from tests.unit.leadtimes.test_passage import in_case, ways
from tests.unit.leadtimes_page.sample import AS_OF, KNOWN_AT, log_waits, measures_page, six, support, wait, waits_page

BOTH = (Language.SWEDISH, Language.ENGLISH)


def plain(page: str) -> str:
    """What a reader reads, in one line."""
    body = re.sub(r"<(style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).replace("\xa0", " ").split())


def test_the_oracle_of_the_rule_set_gives_50_days_beside_the_30_of_the_completed() -> None:
    read = plain(measures_page(six()))
    assert '<data value="50.0" data-of="L04.curve_median">50\xa0days</data>' in measures_page(six())
    assert '<data value="30.0" data-of="L04.completed.median">30\xa0days</data>' in measures_page(six())
    assert "still waiting 3 of 6 cases" in read


def test_working_days_stand_beside_calendar_days() -> None:
    page = measures_page(six())
    assert "Wait Calendar days Working days" in plain(page)
    assert "Half within (median) 30 days 21 days" in plain(page)
    assert "Half of them have so far waited at least 40 days ( 28 working days )." in plain(page)
    assert '<data value="21.0" data-of="L04.completed.working_days.median">21\xa0days</data>' in page
    assert '<data value="28.0" data-of="L04.still_waiting.working_days_median_so_far">28\xa0working days</data>' in page
    assert "Kalenderdagar Arbetsdagar" in plain(measures_page(six(), Language.SWEDISH))


def test_a_direct_assignment_is_told_in_working_days() -> None:
    waits = [replace(each, measure=Measure.L09) for each in six()]
    for language, said in ((Language.ENGLISH, "median 21 working days"), (Language.SWEDISH, "median 21 arbetsdagar")):
        page = measures_page(waits, language, "L09")
        assert said in plain(page)
        assert page.count('data-of="L09.still_waiting.working_days_median_so_far"') == 2
        assert page.count('data-of="L09.completed.working_days.median"') == 3, "in the overview, as the headline and in the table"
        assert '<data value="30.0" data-of="L09.completed.median">' in page
        assert '<data value="21.0" data-of="L09.groups.0.completed.working_days.median">' in page
        assert '<data value="28.0" data-of="L09.groups.0.still_waiting.working_days_median_so_far">' in page
        assert 'data-of="L09.groups.0.completed.median"' not in page


def test_months_of_support_are_shown_whole_and_never_as_days() -> None:
    every = [support("2026-03", Outcome.OPEN), support("2026-01", Outcome.COMPLETED), support("2025-08", Outcome.COMPLETED)]
    every += [support("2025-07", Outcome.OPEN), support("2026-02", Outcome.ENDED_OTHERWISE, "moved")]
    every.append(support("2026-02", Outcome.EXCLUDED, "entered_in_error"))
    page = measures_page([], shown="L24", support=every)
    read = plain(page)
    assert "still have an open case 2 of 5 cases With support for more than six months so far: 1 ." in read
    assert "met the target 1 of 2" in read
    assert "Share: 50.0% ." in read
    assert '<data value="5.5" data-of="L24.completed.median">5.5\xa0months</data>' in page
    assert '<data value="5.0" data-of="L24.still_receiving.mean_so_far">5\xa0months</data>' in page
    assert "Reason Count moved away 1" in read
    assert "Rule Count entered in error 1" in read
    assert "confidence" not in read[read.index("Every measure") :]
    assert "Calendar days" not in read
    assert "5 månader" in plain(measures_page([], Language.SWEDISH, "L24", every))


def test_without_any_support_the_months_have_a_page_too() -> None:
    for language in BOTH:
        assert "None" not in plain(measures_page([], language, "L24"))


def test_nothing_is_said_about_days_that_nobody_was_followed_to() -> None:
    read = plain(measures_page(six()))
    assert "Within Share 95% confidence interval 30 days 37.5%" in read
    assert "90 days beyond follow-up 180 days beyond follow-up 365 days beyond follow-up" in read
    read = plain(waits_page(log_waits([1, 2, 3], [6])))
    assert "7 days beyond follow-up" in read
    assert "3 days 25.0%" in read


def test_a_median_that_was_not_reached_is_said_in_words() -> None:
    assert "not reached" in plain(measures_page([wait(9, Outcome.COMPLETED), *[wait(20, Outcome.OPEN)] * 3]))
    assert "not reached" in plain(waits_page(log_waits([1], [2, 3, 4])))


def test_who_ended_otherwise_and_who_is_not_counted_stand_there_by_reason_and_rule() -> None:
    read = plain(measures_page([*six(), wait(5, Outcome.ENDED_OTHERWISE, "moved"), wait(5, Outcome.EXCLUDED, "starts_after_closing")]))
    assert "Reason Count moved away 1" in read
    assert "Rule Count the wait would start after the closing 1" in read
    assert "unknown 3 median so far 40 days 3 median 30 days 1 moved away: 1" in read, "by group too"
    assert "Aalen–Johansen" in read[read.index("Every measure") :]


def test_a_code_that_we_do_not_know_is_shown_as_it_came_and_said_to_be_unknown() -> None:
    page = measures_page([*six(), wait(5, Outcome.ENDED_OTHERWISE, "joined_the_circus")])
    assert '<th scope="row"><code>joined_the_circus</code></th>' in page
    assert "Codes that the system does not know, shown as they came: joined_the_circus ." in plain(page)


def test_both_dates_and_the_rule_set_stand_on_the_page() -> None:
    assert "As of 31 March 2026 Recorded by 1 April 2026 at 10:15 Rule set 3" in plain(measures_page(six()))


def test_cases_that_lack_an_event_are_counted_in_words() -> None:
    assert "1 case lacks an event" in plain(measures_page(six(), incomplete=1))
    assert "2 ärenden saknar en händelse" in plain(measures_page(six(), Language.SWEDISH, incomplete=2))
    assert "No case lacks an event." in plain(measures_page(six()))


def test_data_quality_is_said_and_never_repaired() -> None:
    flagged = [replace(each, flags=(Flag.FIRST_CONTACT_INFERRED,)) for each in six()[:3]]
    assert "3 cases: no first contact, the application stands in for it." in plain(measures_page([*flagged, *six()[3:]]))


def test_a_street_without_a_case_has_a_page_too() -> None:
    for language in BOTH:
        page = measures_page([], language)
        assert '<svg class="curve' not in page
    assert "Nobody has been followed yet, so there is no curve." in plain(measures_page([]))


def test_a_wait_of_no_day_at_all_is_a_curve() -> None:
    assert '<svg class="curve wide"' in measures_page([wait(0, Outcome.COMPLETED)])
    assert '<svg class="curve wide"' in waits_page(log_waits([0.0], []))


def test_a_log_in_which_nobody_waited_says_so() -> None:
    assert "No case had reached “Received”." in plain(waits_page(log_waits([], [])))


def test_a_log_leads_with_who_still_waits() -> None:
    read = plain(waits_page(log_waits([1, 2, 3], [40, 60])))
    assert read.index("still waiting 2 of 5") < read.index("median, everybody counted")
    assert "Half of them have so far waited at least 50 days" in read


def test_where_other_ends_compete_no_share_is_shown_that_takes_them_for_waiting() -> None:
    waits = log_waits([1, 2, 40], [95, 100], [20, 30, 35])
    page, figures = waits_page(waits), summary(waits)
    read = plain(page)
    assert "still waiting 2 of 8" in read
    assert "Completed: 3 . Ended otherwise: 3 ." in read
    assert "half of all completed not reached" in read
    assert "Confirmed 3 37.5%" in read
    assert "Withdrawn 3 37.5%" in read
    assert 'data-of="S.' not in page
    assert f'<data value="{figures["competing"]["CIF_event1"]["90"]}" data-of="competing.CIF_event1.90">37.5%</data>' in page
    assert "stroke-dasharray" in page


def test_what_is_drawn_is_what_the_table_beside_it_says() -> None:
    for otherwise, start in ([20, 30, 35], 0), ([], 1):
        waits = log_waits([1, 2, 40], [95, 100], otherwise)
        figures = summary(waits)
        curve = curve_of(waits, figures)
        shares = figures["competing"]["CIF_event1"] if otherwise else figures["S"]
        assert curve.start == start
        assert {point.day: point.share for point in curve.marks} == {
            float(day): share for day, share in shares.items() if float(day) <= 100
        }
        for mark in curve.marks:
            assert mark.share == [start, *(step.share for step in curve.steps if step.day <= mark.day)][-1]
        assert [other.steps[-1].share for other in curve.others] == ([0.375] if otherwise else [])


def test_months_stand_in_a_drawing_and_in_a_table() -> None:
    page = waits_page(log_waits([1, 2], [40]))
    assert page.count('aria-labelledby="months-') == 2
    assert "2026-02 1 1 2026-03 2 3 2026-04 0 1" in plain(page)


def test_names_from_a_log_are_text_and_never_markup() -> None:
    name = '<script>alert("1")</script>&'
    page = render_choice("small", {name: 3}, Language.ENGLISH, Address("/leadtimes/logs/small/page", {"from": name}))
    assert "<script" not in page
    assert name in plain(page)


def test_a_link_keeps_what_was_asked_and_changes_one_thing() -> None:
    address = Address("/leadtimes/", {"as_of": "2026-03-31", "lang": "sv", "empty": ""})
    assert address(lang="en") == "/leadtimes/?as_of=2026-03-31&lang=en"
    assert address(lang="", as_of="") == "/leadtimes/"
    several = Address("/leadtimes/logs/small/page", {"from": "A", "competing": ["B", "C"]})
    assert several(lang="en") == "/leadtimes/logs/small/page?from=A&competing=B&competing=C&lang=en"
    assert 'href="/leadtimes/?lang=sv&amp;as_of=2026-03-31&amp;measure=L01#measure"' in measures_page(six(), Language.SWEDISH)


def test_the_form_keeps_what_was_asked_and_names_the_day_that_the_head_of_the_page_says() -> None:
    asked_known = measures_page(six(), asked={"known_at": "2026-04-01T08:15:00Z"})
    assert '<input type="hidden" name="known_at" value="2026-04-01T08:15:00+00:00">' in asked_known
    assert 'name="known_at"' not in measures_page(six()), "what was not asked for stays the state of now"
    assert 'name="as_of" value="2026-03-31"' in measures_page(six())
    at_night = measures_page(six(), as_of=datetime(2026, 6, 30, 22, 30, tzinfo=UTC))
    assert "As of 1 July 2026 at 00:30" in plain(at_night)
    assert 'name="as_of" value="2026-07-01"' in at_night


def test_the_waits_of_a_person_are_counted_as_waits_and_not_as_people() -> None:
    two = [replace(wait(9, Outcome.OPEN), measure=Measure.L20P)] * 2
    assert "still waiting 2 of 2 waits" in plain(measures_page(two, shown="L20P"))
    assert "väntar fortfarande 2 av 2 väntetider" in plain(measures_page(two, Language.SWEDISH, "L20P"))


def test_the_policy_names_the_style_that_the_page_brings_and_allows_no_script() -> None:
    for page in (measures_page(six()), render_progress("small", 3, 9, Language.SWEDISH, Address("/"))):
        [style] = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in POLICY
        assert not re.search(r"<script| style=|\bon\w+=|https?://", page)
    assert POLICY.startswith("default-src 'none';")
    assert "unsafe" not in POLICY


def test_an_unfinished_import_says_how_far_it_is() -> None:
    assert "3 412 av 8 577 händelser har kommit fram." in plain(render_progress("small", 3412, 8577, Language.SWEDISH, Address("/")))


def headline_waits() -> list[Interval]:
    """The oracle of the rule set as waits for an insats, half of them of one hindrance, and of that one who moved and who was in one."""
    ended = [wait(5, Outcome.ENDED_OTHERWISE, reason) for reason in ("moved", "joined_the_circus")]
    already = wait(5, Outcome.EXCLUDED, "already_in_insats")
    codes = (*(None, "language") * 3, "language", "language", None)
    return [replace(each, measure=Measure.L20, hindrance=code) for each, code in zip([*six(), *ended, already], codes, strict=True)]


def test_the_headline_comes_first_whatever_else_is_shown_and_names_every_end() -> None:
    waits, shown = headline_waits(), figures_of(Measure.L20, AS_OF, KNOWN_AT, Known(tuple(headline_waits()), (), (), 0), Grouping.HINDRANCE)
    for page in (measures_page(waits, shown="L20"), measures_page(waits, shown="L04", by=Grouping.CHANNEL)):
        read = plain(page)
        assert read.index("Rule set 3 Share that have started an insats, by support hindrance L20") < read.index("Every measure")
        assert (
            "Support hindrance within 30 days within 90 days within 180 days within 365 days All contacts 8 cases 28.1% 2.6% – 64.3%"
            in read
        )
        assert (
            "language 5 cases 0.0% – beyond follow-up – beyond follow-up – beyond follow-up unknown 3 cases 66.7% 22.6% – 99.1% 100.0%"
            in read
        )
        assert (
            "All contacts 3 3 joined_the_circus : 1 , moved away: 1 language 0 3 joined_the_circus : 1 , moved away: 1 unknown 3 0 –"
            in read
        )
        assert "Not counted. already in an insats at first contact: 1 ." in read
        for number, group in enumerate((shown, *shown["groups"])):
            of = f"headline.groups.{number - 1}" if number else "headline"
            assert f'<data value="{group["curve"][0]["share"]}" data-of="{of}.curve.0.share">' in page
    assert "Alla kontakter 8 ärenden 28,1 % 2,6 % – 64,3 %" in plain(measures_page(waits, Language.SWEDISH))
    assert measures_page(waits, shown="L20").count('class="shares"') == 1, "the groups of the headline are not told twice"
    assert "All contacts 0 cases – beyond follow-up" in plain(measures_page([]))
    assert "All contacts 0 0 – Everybody is counted. Every measure" in plain(measures_page([]))


def test_a_measure_is_shown_by_what_was_known_in_time_and_each_group_by_its_name() -> None:
    waits = [
        replace(each, hindrance=code, unit=unit)
        for each, code, unit in zip(six(), (None, "language") * 3, ("basgruppen",) * 6, strict=True)
    ]
    read = plain(measures_page(waits))
    assert "language 3 median so far 40 days 0 0 unknown 0 3 median 30 days 0" in read
    assert "The hindrance is the one known at the first decision, before it the last one known. The unit is the case's first unit." in read
    assert "All 6 cases 37.5% 10.7% – 85.8% – beyond follow-up" in read
    assert "language 3 cases 0.0% – beyond follow-up" in read
    assert "språkhinder 3 median hittills 40 dagar" in plain(measures_page(waits, Language.SWEDISH))
    by_unit = measures_page(waits, by=Grouping.UNIT)
    assert "<code>basgruppen</code>" in by_unit
    assert '<strong aria-current="true">unit</strong>' in by_unit
    assert 'href="/leadtimes/?lang=en&amp;as_of=2026-03-31&amp;by=channel#groups"' in by_unit
    months = plain(measures_page([], shown="L24", support=[replace(support("2026-03", Outcome.OPEN), hindrance="social")]))
    assert "social reasons 1 median so far 1 month 0 0" in months
    assert "Nobody is counted." in plain(measures_page([]))


def test_where_people_are_and_who_holds_the_ball_stand_on_the_page_with_the_figures_of_the_api() -> None:
    way = [*opened("2025-10-01"), decided("2025-10-11"), drafted("2025-10-11"), sent("2025-10-11")]
    page = measures_page([], cases=ways(way, as_of=AS_OF))
    text = plain(page)
    assert (
        "Days after contact 30 90 180 365 wait for an insats 1 1 1 0 in an insats 0 0 0 0 between insatser 0 0 0 0 closed 0 0 0 0" in text
    )
    assert "the recipient jobbcentrum 171 94.5% 171" in text
    assert '<data value="10" data-of="responsibility.parts.0.days">10</data>' in page
    assert "mottagaren jobbcentrum" in plain(measures_page([], Language.SWEDISH, cases=ways(way, as_of=AS_OF)))
    assert "In all cases but those entered in error ( 1 ): referrals that bounced on: 0 , no-shows: 0 , routings" in text
    assert "insats, closing or the as-of date belongs to one" in text
    assert "avslut eller lägets datum hör till en enda" in plain(measures_page([], Language.SWEDISH))
    assert "Nobody is counted." in plain(measures_page([]))


def test_where_people_are_names_each_closing_and_both_tables_say_whom_they_leave_out() -> None:
    moved, late = ([*opened("2025-10-01"), closed(day, reason)] for day, reason in (("2025-10-20", "moved"), ("2026-02-01", "rejected")))
    already = [*opened("2025-10-01"), found("2025-09-15", recorded="2025-10-10T09:00")]
    void = [contact("2025-10-01"), closed("2025-10-09", "entered_in_error")]
    early = [*opened("2025-10-10"), begun("2025-10-01")]
    unseen = opened("2025-10-01", known_from="2025-12-01")
    every = (moved, late, already, void, early, unseen)
    page = measures_page([], cases=ways(*(in_case(number, *facts) for number, facts in enumerate(every)), as_of=AS_OF))
    read = plain(page)
    assert "closed 1 1 2 0 moved away 1 1 1 0 rejected 0 0 1 0 Everybody 4 5 4 0" in read
    assert (
        "of them in an insats already at contact 1 1 1 0 Left out: known to us only later 1 0 0 0 Left out: entered in error 1 1 1 0"
        in read
    )
    left_out = "insats dated before the contact: 1 , entered in error: 1 , already in an insats at first contact: 1"
    assert f"Cases: 3 . Left out: {left_out} ." in read
    assert "In all cases but those entered in error ( 5 ):" in read
    assert '<data value="1" data-of="where.days.2.closed.rejected">' in page


def test_the_ages_of_those_ready_for_the_next_step_are_told_in_months_too() -> None:
    ready = [replace(wait(days, Outcome.OPEN), measure=Measure.L22) for days in (90, 91, 180, 181, 365, 366)]
    page = measures_page(ready, shown="L22")
    assert "0–3 months 1 3–6 months 2 6–12 months 2 over 12 months 1" in plain(page)
    assert '<data value="2" data-of="L22.still_waiting.month_buckets.up_to_12_months">' in page
    assert "0–3 månader 1 3–6 månader 2" in plain(measures_page(ready, Language.SWEDISH, "L22"))
    assert "month_buckets" not in measures_page(six())


def test_where_too_few_were_followed_from_the_start_that_is_said_and_no_share_shown() -> None:
    taken_over = [replace(each, known_from=AS_OF - timedelta(days=9)) for each in [wait(200, Outcome.OPEN)] * 20]
    waits = [replace(each, measure=Measure.L20) for each in [*taken_over, wait(1, Outcome.COMPLETED)]]
    page = measures_page(waits, shown="L20")
    assert "30 days too few followed from the start 90 days too few followed from the start" in plain(page)
    assert "All contacts 21 cases – too few followed from the start" in plain(page)
    assert "not reached Too few were followed from the start to say when half" in plain(page)
    assert 'data-of="L20.curve.0.share"' not in page
