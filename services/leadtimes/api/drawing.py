"""The curve, for a page or as a file: steps, a band with dashed edges, the end of follow-up; readable without colour.

matplotlib draws (its SVG and PNG backends, no pyplot); for a page every style then becomes an attribute, so that a page may forbid
inline styles, and text stays text in the type of the page.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.leadtimes.api.words import Words

# Set once and for all, not around each drawing: these settings are shared by all threads.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sluss", "hatch.linewidth": 0.6})

INK, QUIET, RULE, BAND, LINE = "#16202a", "#52606d", "#d3d9df", "#dfe8f0", "#0b4a7d"
POINTS_PER_INCH = 72
LOG_WHEN_WIDER_THAN = 1000
"""A curve whose first steps are this much shorter than its follow-up is drawn on a logarithmic axis, or it would be a wall."""
SHORT = 2
"""Follow-up of fewer days than this is drawn on one too: whole days would not tell it."""
BEYOND = 0.16
"""How much of the axis is left to show that nobody was followed further."""
MINUTE, HOUR = 1 / 1440, 1 / 24
LOG_TICKS = (1 / 86400, 10 / 86400, MINUTE, 10 * MINUTE, HOUR, 1.0, 7.0, 30.0, 365.0, 3650.0)
LINEAR_TICKS = (
    (10, tuple(range(11))),
    (45, tuple(range(0, 46, 7))),
    (130, (0, 30, 60, 90, 120)),
    (450, (0, 30, 90, 180, 270, 365)),
    (1000, (0, 180, 365, 730)),
    (4000, tuple(range(0, 4001, 365))),
)


@dataclass(frozen=True)
class Point:
    """A share at a time in days; without a band where none was estimated."""

    day: float
    share: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Other:
    """Another way in which waits ended: what it is called, and its steps from 0 at day 0."""

    name: str
    steps: Sequence[Point]


@dataclass(frozen=True)
class Curve:
    """What is drawn: steps from `start` (0 or 1) at day 0, and the known ones of the times that the table names.

    It is known as far as `follow_up`, and asked for as far as `asked`, both in days. Where there are `others` the curve itself is `name`.
    """

    steps: Sequence[Point]
    marks: Sequence[Point]
    start: float
    follow_up: float
    asked: float
    name: str = ""
    others: Sequence[Other] = ()

    @property
    def names(self) -> list[str]:
        """What is drawn, the curve itself first; of a curve with no others there is nothing to name."""
        return [self.name, *(other.name for other in self.others)] if self.others else []


@dataclass(frozen=True)
class Size:
    """A drawing for a column this wide, in CSS pixels, with a head that stays empty; ids of one page differ by the name."""

    name: str
    width: int
    height: int
    text: float
    head: int = 24


@dataclass(frozen=True)
class Span:
    """The days that the axis of time covers."""

    begins: float
    ends: float


WIDE = Size("wide", 660, 400, 14)
NARROW = Size("narrow", 328, 320, 13)
FILE = Size("file", 760, 520, 14, 104)


class Form(StrEnum):
    """How a picture is kept in a file."""

    PNG = "png"
    SVG = "svg"


SHARPNESS = 2
"""Pixels of a PNG to one of the page."""
SHORTENED = 60
DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 4)))


def draw(curve: Curve, words: Words, *, name: str, title: str, since: str, description: str, size: Size) -> str:
    """The curve as one <svg> element with its title and description. The same curve gives the same text."""
    drawn = io.BytesIO()
    _figure(curve, words, since, size).savefig(drawn, format=Form.SVG, transparent=True, metadata=NOTHING_ABOUT)
    return for_a_page(drawn.getvalue().decode(), f"{name}-{size.name}", size, title, description)


def picture(curve: Curve, words: Words, *, heading: Sequence[str], since: str, form: Form) -> bytes:
    """The curve as a file that stands alone, with up to four lines above it that say what it is."""
    figure = _figure(curve, words, since, FILE)
    for place, line in enumerate(heading):
        weight = "normal" if place else "bold"
        above = FILE.height - 22 - place * FILE.text * 1.5
        said = figure.text(16 / FILE.width, above / FILE.height, short(line, 90), fontsize=FILE.text, fontweight=weight, color=INK)
        said.set_parse_math(False)
    drawn = io.BytesIO()
    about = NOTHING_ABOUT if form is Form.SVG else {"Software": None}
    figure.savefig(drawn, format=form, facecolor="white", dpi=POINTS_PER_INCH * (1 if form is Form.SVG else SHARPNESS), metadata=about)
    return drawn.getvalue()


NOTHING_ABOUT = {"Date": None, "Creator": None, "Format": None, "Type": None}


def short(text: str, most: int = SHORTENED) -> str:
    """A name out of a log on one line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _figure(curve: Curve, words: Words, since: str, size: Size) -> Figure:
    figure = Figure(figsize=(size.width / POINTS_PER_INCH, size.height / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    axes = figure.add_subplot()
    left, right, top, bottom = size.text * 3.9, size.width - size.text * 2, size.height - size.head, 54
    figure.subplots_adjust(left=left / size.width, right=right / size.width, top=top / size.height, bottom=bottom / size.height)
    _frame(axes, words, size)
    span = _time_axis(axes, curve, words, since, size)
    _others(axes, curve, span, size)
    _steps(axes, curve, span)
    _beyond(axes, curve, span, words, size)
    _name_marks(axes, curve, span, words, size)
    return figure


def _frame(axes: Axes, words: Words, size: Size) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(lambda share, _: words.rough_share(share))
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(axis="both", colors=QUIET, labelsize=size.text, length=0, pad=6)
    axes.tick_params(axis="x", length=4)


def _time_axis(axes: Axes, curve: Curve, words: Words, since: str, size: Size) -> Span:
    """Draws the axis of time, on it as many round times as have room; returns the stretch it covers."""
    first = next((point.day for point in curve.steps if point.day > 0 and abs(point.share - curve.start) >= 0.1), curve.follow_up)
    logarithmic = first > 0 and (curve.follow_up / first > LOG_WHEN_WIDER_THAN or curve.follow_up < SHORT)
    span = _span(curve, max(first / 4, LOG_TICKS[0]) if logarithmic else 0.0)
    if logarithmic:
        axes.set_xscale("log")
        ticks = [(tick, words.short(tick)) for tick in LOG_TICKS if span.begins <= tick <= span.ends]
    else:
        days = next((days for limit, days in LINEAR_TICKS if span.ends <= limit), LINEAR_TICKS[-1][1])
        ticks = [(float(day), words.number(day)) for day in days if day <= span.ends]
    axes.set_xlim(span.begins, span.ends)
    ticks = _with_room(axes, ticks, size)
    axes.set_xticks([tick for tick, _ in ticks], [name for _, name in ticks])
    axes.minorticks_off()
    axes.set_xlabel(words("axis.log" if logarithmic else "axis.days", since=since), color=QUIET, fontsize=size.text, labelpad=8)
    return span


def _span(curve: Curve, begins: float) -> Span:
    """To a little beyond the last time asked for; where nobody was followed that far, to a little beyond the follow-up."""
    if curve.follow_up >= curve.asked:
        return Span(begins, max(min(curve.follow_up, curve.asked * 1.1), begins * 10))
    if begins:
        return Span(begins, max(curve.follow_up * (curve.follow_up / begins) ** BEYOND, begins * 10))
    return Span(begins, max(curve.follow_up * (1 + BEYOND), 1.0))


def _with_room(axes: Axes, ticks: list[tuple[float, str]], size: Size) -> list[tuple[float, str]]:
    """The ticks, from the left, whose names do not touch each other."""
    kept: list[tuple[float, str]] = []
    free_from = -float(size.width)
    for tick, name in ticks:
        middle = float(axes.transData.transform((tick, 0))[0])
        half = len(name) * size.text * 0.28 + 5
        if middle - half >= free_from:
            kept.append((tick, name))
            free_from = middle + half
    return kept


def _steps(axes: Axes, curve: Curve, span: Span) -> None:
    """The band below, the line above it, each to the end of follow-up and no further."""
    steps = _as_fine_as_seen(axes, [point for point in curve.steps if span.begins <= point.day <= curve.follow_up])
    before = [point for point in curve.steps if point.day < span.begins]
    first = replace(before[-1] if before else Point(0, curve.start), day=span.begins)
    line = [first, *steps, replace((steps or [first])[-1], day=curve.follow_up)]
    band = [(point.day, point.low, point.high) for point in line if point.low is not None and point.high is not None]
    if band:
        edge_days, low, high = zip(*band, strict=True)
        axes.fill_between(edge_days, low, high, step="post", color=BAND, linewidth=0)
        for edge in (low, high):
            axes.step(edge_days, edge, where="post", color=QUIET, linewidth=1, linestyle=(0, (3, 2)))
    days, shares = [point.day for point in line], [point.share for point in line]
    axes.step(days, shares, where="post", color=LINE, linewidth=2.5, solid_capstyle="butt")


def _others(axes: Axes, curve: Curve, span: Span, size: Size) -> None:
    """The other ends, each dashed in its own way; a key names them."""
    if not curve.others:
        return
    most = SHORTENED if size.width > NARROW.width else SHORTENED // 2
    axes.plot([], [], color=LINE, linewidth=2.5, label=short(curve.name, most))
    for place, other in enumerate(curve.others):
        before = [point.share for point in other.steps if point.day < span.begins][-1:]
        steps = _as_fine_as_seen(axes, [point for point in other.steps if span.begins <= point.day <= curve.follow_up])
        line = [Point(span.begins, before[0] if before else 0.0), *steps]
        line.append(replace(line[-1], day=curve.follow_up))
        days, shares = [point.day for point in line], [point.share for point in line]
        dashes = DASHES[place % len(DASHES)]
        axes.step(days, shares, where="post", color=INK, linewidth=1.75, linestyle=dashes, label=short(other.name, most))
    key = axes.legend(loc="best", fontsize=size.text - 1, facecolor="white", edgecolor=RULE, framealpha=1, labelcolor=INK, handlelength=2.6)
    for text in key.get_texts():
        text.set_parse_math(False)


def _as_fine_as_seen(axes: Axes, steps: Sequence[Point]) -> list[Point]:
    """Of steps within one half of a pixel only the last: thousands of them would make a page too heavy for a phone."""
    seen: dict[int, Point] = {}
    for point in steps:
        seen[round(2 * float(axes.transData.transform((point.day, 0))[0]))] = point
    return list(seen.values())


def _beyond(axes: Axes, curve: Curve, span: Span, words: Words, size: Size) -> None:
    """Hatched where nobody was followed, and said in words."""
    if curve.follow_up >= span.ends:
        return
    axes.axvspan(curve.follow_up, span.ends, facecolor="none", edgecolor=RULE, hatch="////", linewidth=0)
    axes.axvline(curve.follow_up, color=QUIET, linewidth=1)
    middle = (_across(axes, curve.follow_up) + 1) / 2
    box = {"facecolor": "white", "edgecolor": "none", "pad": 3}
    said = axes.text(middle, 0.5, words("beyond"), transform=axes.transAxes, ha="center", va="center", bbox=box)
    said.set(rotation=90, color=QUIET, fontsize=size.text - 1)


def _name_marks(axes: Axes, curve: Curve, span: Span, words: Words, size: Size) -> None:
    """A dot at each time that the table names, and its share where there is room and the curve is not: the last one first."""
    shown = [mark for mark in curve.marks if span.begins <= mark.day <= min(curve.follow_up, span.ends)]
    days, shares = [mark.day for mark in shown], [mark.share for mark in shown]
    axes.plot(days, shares, "o", markersize=7, color=LINE, markeredgecolor="white", markeredgewidth=1.5, clip_on=False)
    room = size.text * 3.6 / size.width
    end = _across(axes, min(curve.follow_up, span.ends))
    taken: list[float] = []
    for mark in [*shown[-1:], *shown[:-1]]:
        place = _across(axes, mark.day)
        rises = curve.start == 0
        to_the_left = place > (room if rises else end - room)
        begins = place - room if to_the_left else place
        if any(abs(begins - other) < room for other in taken):
            continue
        taken.append(begins)
        below = rises and not to_the_left
        low, high = (mark.share if edge is None else edge for edge in (mark.low, mark.high))
        axes.annotate(
            words.share(mark.share),
            (mark.day, low if below else high),
            xytext=(7 if below else -4 if rises else 5 if to_the_left else -3, -5 if below else 5),
            textcoords="offset points",
            ha="right" if to_the_left else "left",
            va="top" if below else "bottom",
            color=INK,
            fontsize=size.text,
            fontweight="bold",
        )


def _across(axes: Axes, day: float) -> float:
    """How far across the drawing a day lies, from 0 to 1."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform((day, 0)))[0])


def for_a_page(drawn: str, name: str, size: Size, title: str, description: str) -> str:
    """The same drawing without prolog, metadata, styles and fixed size, with a title and a description to be read aloud."""
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 :]
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r' (?:id="(?:[a-z]+|matplotlib\.[a-z]+)_[0-9.]+"|transform="rotate\(-0 [^"]*")', "", body)
    body = re.sub(r"(\.\d\d)\d+", r"\1", body)
    body = re.sub(r' style="([^"]*)"', lambda style: _attributes(style[1]), body)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body).replace("xlink:href", "href")
    return (
        f'<svg class="curve {size.name}" viewBox="0 0 {size.width} {size.height}" role="img" stroke-linejoin="round"'
        f' aria-labelledby="{name}-title {name}-description">\n'
        f'<title id="{name}-title">{escape(title)}</title>\n<desc id="{name}-description">{escape(description)}</desc>{body}'
    )


def _attributes(style: str) -> str:
    """A style as presentation attributes; the type of the letters is left to the page."""
    pairs = [pair.split(":", 1) for pair in style.split(";") if pair.strip()]
    return "".join(f' {key.strip()}="{value.strip()}"' for key, value in pairs if key.strip() != "font-family")
