"""What follows what, drawn and as a table: every activity once, the larger the wider, no number half over another, in any order."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from services.leadtimes.api.charts import FLOWS_NARROW, FLOWS_WIDE, draw_flows
from services.leadtimes.api.drawing import Size
from services.leadtimes.api.render import Address, Order, render_flows
from services.leadtimes.api.words import Language, Words
from services.leadtimes.domain.log_stats import Flow, log_stats
from tests.columns import LogEvent, columns
from tests.unit.leadtimes_page.test_drawing import texts

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
NAMES = ["Sent", "Paid $5 or $6", "<b>Answered</b>"]
SOME = [Flow(NAMES[0], NAMES[1], 30, 1, 1), Flow(NAMES[1], NAMES[2], 20, 1, 1), Flow(NAMES[2], NAMES[0], 10, 1, 1)]


def drawn(flows: list[Flow], order: list[str], size: Size = FLOWS_WIDE) -> str:
    return draw_flows(flows, order, Words(Language.ENGLISH), name="flows", title="Flows", description="Arcs.", size=size)


def test_every_activity_and_number_stands_there_and_only_what_goes_back_is_dashed() -> None:
    svg = drawn(SOME, NAMES)
    assert sorted(texts(svg)) == sorted([*NAMES, "30", "20", "10"])
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', svg))) == 1
    assert "stroke-dasharray" not in drawn(SOME[:2], NAMES)
    assert not re.search(r"style|font-family|xlink|http|<\?|<!|matplotlib", svg)


@pytest.mark.parametrize("size", [FLOWS_WIDE, FLOWS_NARROW], ids=lambda size: size.name)
def test_no_number_lies_over_another_and_the_largest_has_one(size: Size) -> None:
    every = [Flow(str(one), str(other), 1000 + 7 * one + other, 1, 1) for one in range(6) for other in range(6) if one != other]
    svg = drawn(every, [str(number) for number in range(6)], size)
    said = re.findall(r'<text[^>]*transform="translate\(([\d.]+) ([\d.]+)\)[^>]*>\s*([\d,]{5})</text>', svg) or re.findall(
        r'<text[^>]*\bx="([\d.]+)" y="([\d.]+)"[^>]*>\s*([\d,]{5})</text>', svg
    )
    assert "1,039" in {number for _, _, number in said}
    places = [(float(across), float(down)) for across, down, _ in said]
    assert len(places) > 5
    for place, (x, y) in enumerate(places):
        for other_x, other_y in places[:place]:
            assert abs(x - other_x) > 5 * size.text * 0.5 or abs(y - other_y) > size.text, (x, y, other_x, other_y)


def page(sort: Order, language: Language = Language.ENGLISH) -> str:
    case, activity = [0, 0, 0, 0, 1, 1, 1, 2, 2], [0, 1, 2, 0, 0, 1, 2, 1, 2]
    seconds = [0, 100, 160, 660, 0, 100, 160, 0, 7_200]
    events = zip(case, activity, seconds, strict=True)
    log = columns(
        (LogEvent(str(of), NAMES[did], AS_OF + timedelta(seconds=after), row) for row, (of, did, after) in enumerate(events)),
        "organisation",
    )
    return render_flows("small", log_stats(log), sort, language, Address("/leadtimes/logs/small/flows", {"sort": sort.value}))


@pytest.mark.parametrize(
    ("sort", "order"), [(Order.N, [1, 0, 2]), (Order.MEDIAN, [2, 0, 1]), (Order.P90, [1, 2, 0]), (Order.NAME, [2, 1, 0])]
)
def test_the_table_is_in_the_order_asked_for_and_the_others_are_links(sort: Order, order: list[int]) -> None:
    shown = page(sort)
    rows = [html.unescape(row) for row in re.findall(r'<th scope="row">(.*?)</th>', shown)]
    assert rows == [f"{NAMES[before]} → {NAMES[(before + 1) % 3]}" for before in order]
    assert len(re.findall("aria-sort=", shown)) == 1
    assert {Order(order) for order in re.findall(r"sort=(\w+)#transitions", shown)} == set(Order) - {sort}


def test_figures_have_their_names_and_names_are_never_markup() -> None:
    for language in Language:
        shown = page(Order.N, language)
        assert '<data value="100.0" data-of="transitions_s.Sent -&gt; Paid $5 or $6.median">' in shown
        assert "<b>" not in shown
        assert "<script" not in shown
