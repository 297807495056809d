"""What the pages say: every text in both languages, every code in words, every number as its language writes it."""

import inspect
import re
from datetime import datetime

import pytest

from contracts.codes import CloseReason
from services.leadtimes.api import drawing, render
from services.leadtimes.api.insats_texts import HOLDERS
from services.leadtimes.api.words import CODES, TEXTS, Language, Words, preferred
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.insats_measures import ALREADY_IN_INSATS
from services.leadtimes.domain.measures import Flag, Measure
from services.leadtimes.domain.passage import Place
from services.leadtimes.domain.passage_report import ALWAYS
from services.leadtimes.domain.referrals import NOT_TAKEN, OVER
from services.leadtimes.domain.report import MONTHS
from services.leadtimes.domain.responsibility import PARTNER, UNKNOWN

SV, EN = Words(Language.SWEDISH), Words(Language.ENGLISH)
PAGES = "".join(file.read_text(encoding="utf-8") for file in render.FOLDER.glob("*.html"))
SOURCES = PAGES + inspect.getsource(render) + inspect.getsource(drawing)
GAP = re.compile(r"\{(\w+)\}")


def test_every_text_is_written_in_both_languages_with_the_same_gaps() -> None:
    for name, (swedish, english) in TEXTS.items():
        assert swedish.strip(), name
        assert english.strip(), name
        assert GAP.findall(swedish) == GAP.findall(english), name


def test_no_text_is_written_for_nobody() -> None:
    parts = ("name", "means", "done", "reached", "since")
    by_measure = {f"{measure}.{part}" for measure in Measure for part in parts} - {"L24.reached", "L24.since"}
    by_figure = {f"completed.{figure}" for figure in ("mean", "median", "p75", "p90")}
    by_choice = {f"flows.{order}" for order in render.Order} | {f"by.{grouping}" for grouping in Grouping}
    by_age = {f"months.{bucket}" for bucket in MONTHS}
    by_place = {f"where.{place}" for place in Place if place is not Place.CLOSED}
    assert {name for name in TEXTS if f'"{name}"' not in SOURCES} == by_measure | by_figure | by_choice | by_place | by_age
    assert set(HOLDERS) == {*ALWAYS, f"{PARTNER}{UNKNOWN}"}


def test_every_text_that_a_page_asks_for_is_written() -> None:
    assert set(re.findall(r'\bt\("([^"]+)"[,)]', PAGES)) <= set(TEXTS)


def test_every_way_to_end_every_exclusion_and_every_flag_has_words() -> None:
    rules = {"decided", "withdrawn", "before_plan", "starts_after_closing", "decided_without_completion", "entered_in_error"}
    rules |= {ALREADY_IN_INSATS, "answered", "enrolment_started", "discarded", *NOT_TAKEN.values(), *OVER.values()}
    assert {reason.value for reason in CloseReason} | {flag.value for flag in Flag} | rules <= set(CODES)


def test_a_code_that_nobody_knows_has_no_words() -> None:
    assert SV.code("joined_the_circus") is None


@pytest.mark.parametrize(
    ("days", "swedish", "english"),
    [
        (0, "0 sekunder", "0 seconds"),
        (41 / 86400, "41 sekunder", "41 seconds"),
        (15.2 / 1440, "15,2 minuter", "15.2 minutes"),
        (0.893055, "21,4 timmar", "21.4 hours"),
        (1, "24 timmar", "24 hours"),
        (2, "2 dagar", "2 days"),
        (4.708189, "4,7 dagar", "4.7 days"),
        (218.234, "218 dagar", "218 days"),
        (1709, "1 709 dagar", "1,709 days"),
    ],
)
def test_a_length_of_time_has_the_unit_that_fits_it(days: float, swedish: str, english: str) -> None:
    assert SV.duration(days).replace("\xa0", " ") == swedish
    assert EN.duration(days).replace("\xa0", " ") == english


def test_days_are_whole_or_have_one_decimal_and_a_minus_that_is_one() -> None:
    assert [EN.days(days).replace("\xa0", " ") for days in (1, 15, 14.5, -2, -0.01)] == [
        "1 day",
        "15 days",
        "14.5 days",
        "−2 days",
        "0 days",
    ]


def test_a_share_has_one_decimal_always() -> None:
    assert (SV.share(0.365318), EN.share(0.365318), EN.share(1)) == ("36,5\xa0%", "36.5%", "100.0%")


def test_a_time_is_that_of_the_swedish_clock() -> None:
    assert SV.when("2012-01-23T14:42:54+00:00").replace("\xa0", " ") == "23 januari 2012 kl. 15.42"
    assert EN.when("2012-07-23T14:42:54+00:00").replace("\xa0", " ") == "23 July 2012 at 16:42"
    assert EN.when("2026-03-31").replace("\xa0", " ") == "31 March 2026"
    assert SV.moment(datetime.fromisoformat("2026-01-01T00:30:00+01:00")).startswith("1\xa0januari 2026")


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("en", "sv", "en"),
        ("EN-gb", None, "en"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "sv;q=0.5,en;q=0.8", "en"),
        (None, "fi,de;q=0.9", "sv"),
        (None, "en;q=0", "sv"),
        (None, "fi, en;q=0.1", "en"),
        (None, "english, ;;q=, en;q=x", "sv"),
        ("<script>", None, "sv"),
        (None, None, "sv"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_readers_else_swedish(asked: str | None, accepted: str | None, language: str) -> None:
    assert preferred(asked, accepted) == language
