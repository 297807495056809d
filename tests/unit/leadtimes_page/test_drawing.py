"""The drawing of a curve: steps to the end of follow-up and no further, text as text, nothing that a strict page would refuse."""

import io
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from PIL import Image

from services.leadtimes.api.drawing import NARROW, WIDE, Curve, Form, Other, Point, Size, draw, picture
from services.leadtimes.api.words import Language, Words

SIX = [Point(10, 1 / 6), Point(30, 0.375), Point(50, 0.6875)]
MARKS = [Point(30, 0.375)]


def drawn(curve: Curve, size: Size = WIDE, title: str = "Share") -> str:
    return draw(curve, Words(Language.ENGLISH), name="curve", title=title, since="the start", description="Step curve.", size=size)


def texts(svg: str) -> list[str]:
    return [(element.text or "").strip() for element in ElementTree.fromstring(svg).iter("text")]


def test_text_stays_text_and_a_reader_is_told_what_it_shows() -> None:
    root = ElementTree.fromstring(drawn(Curve(SIX, MARKS, 0, 60, 365), title="Share < all & none"))
    assert root.attrib["role"] == "img"
    named = {element.attrib["id"]: element.text for element in root if element.tag in ("title", "desc")}
    assert [named[name] for name in root.attrib["aria-labelledby"].split()] == ["Share < all & none", "Step curve."]
    assert {"37.5%", "100%", "days since the start", "beyond follow-up"} <= set(texts(drawn(Curve(SIX, MARKS, 0, 60, 365))))


def test_it_brings_no_style_of_its_own_and_no_foreign_name() -> None:
    svg = drawn(Curve([Point(point.day, point.share, 0.1, 0.9) for point in SIX], MARKS, 0, 60, 365))
    assert not re.search(r"style|font-family|xlink|http|<\?|<!|matplotlib", svg)


def test_every_name_in_it_is_its_own_and_found() -> None:
    svg = drawn(Curve(SIX, MARKS, 0, 60, 365))
    names = re.findall(r'\bid="([^"]+)"', svg)
    assert len(names) == len(set(names))
    assert all(name.startswith("curve-wide-") for name in names)
    assert {*re.findall(r"url\(#([^)]+)\)", svg), *re.findall(r'href="#([^"]+)"', svg)} <= set(names)


def test_the_same_curve_is_the_same_text() -> None:
    curve = Curve(SIX, MARKS, 0, 60, 365)
    assert drawn(curve) == drawn(curve)
    assert drawn(curve, NARROW) != drawn(curve)


def test_it_ends_where_nobody_was_followed_further_and_says_so() -> None:
    assert "beyond follow-up" in texts(drawn(Curve(SIX, MARKS, 0, 60, asked=365)))
    assert "beyond follow-up" not in texts(drawn(Curve(SIX, MARKS, 0, 400, asked=365)))


def test_a_band_is_drawn_where_there_is_one_with_a_dashed_edge() -> None:
    with_band = drawn(Curve([Point(point.day, point.share, point.share / 2, 0.9) for point in SIX], MARKS, 0, 60, 365))
    assert with_band.count("stroke-dasharray") == 2
    assert "stroke-dasharray" not in drawn(Curve(SIX, MARKS, 0, 60, 365))


def test_other_ends_are_dashed_each_in_its_own_way_and_named_by_a_key() -> None:
    others = [Other(name, [Point(20, share)]) for name, share in (("Paid $5 or $6", 0.1), ("B" * 200, 0.2))]
    svg = drawn(Curve(SIX, MARKS, 0, 60, 365, "Answered", others))
    said = texts(svg)
    assert {"Answered", "Paid $5 or $6"} <= set(said), "a name is never read as mathematics"
    assert not any(len(text) > 60 for text in said)
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', svg))) == 2


@pytest.mark.parametrize("form", Form)
def test_a_file_stands_alone_and_the_same_curve_is_the_same_file(form: Form) -> None:
    curve = Curve(SIX, MARKS, 0, 60, 365)
    one, again = (
        picture(curve, Words(Language.ENGLISH), heading=["Share <all>", "From: $x$"], since="the start", form=form) for _ in range(2)
    )
    assert one == again
    if form is Form.SVG:
        ElementTree.fromstring(one)
        assert {b"Share &lt;all&gt;", b"From: $x$"} <= set(re.findall(rb">([^<\n]+)</text>", one))
    else:
        with Image.open(io.BytesIO(one)) as image:
            assert (image.format, image.size) == ("PNG", (1520, 1040))


def test_minutes_and_years_share_an_axis_that_says_it_is_logarithmic() -> None:
    falling = [Point(1 / 1440, 0.8), Point(1, 0.4), Point(300, 0.1)]
    said = texts(drawn(Curve(falling, [Point(1, 0.4)], 1, 365, 365)))
    assert "time since the start, logarithmic scale" in said
    assert {"1\xa0min", "1\xa0day", "1\xa0year"} <= set(said)


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("first", [0.5, 0.000_01])
@pytest.mark.parametrize("follow_up", [0.0, 0.01, 1, 9, 33, 120, 400, 900, 4500])
def test_whatever_the_follow_up_the_names_on_the_axis_do_not_touch(size: Size, first: float, follow_up: float) -> None:
    svg = drawn(Curve([Point(follow_up * first, 0.5)], [], 0, follow_up, 365), size)
    axis = re.search(r"<text([^>]*)>[^<]*since the start", svg)
    assert axis is not None
    placed = [
        (float(element.attrib["x"]), element.text or "")
        for element in ElementTree.fromstring(svg).iter("text")
        if element.attrib.get("text-anchor") == "middle" and "since" not in (element.text or "") and "beyond" not in (element.text or "")
    ]
    assert placed
    for (one, name), (next_one, next_name) in pairwise(placed):
        assert next_one - one > (len(name) + len(next_name)) / 2 * size.text * 0.5


def test_thousands_of_steps_do_not_make_it_heavy() -> None:
    many = [Point(day / 100, 1 - day / 40_000, 0.1, 0.9) for day in range(40_000)]
    assert len(drawn(Curve(many, [], 1, 400, 365), WIDE)) < 150_000
