"""The other drawings of a log for its pages: waits begun and open month by month, and its largest flows. Readable without colour."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import MaxNLocator

from services.leadtimes.api.drawing import BAND, INK, LINE, NOTHING_ABOUT, POINTS_PER_INCH, QUIET, RULE, Size, for_a_page, short
from services.leadtimes.api.words import Words
from services.leadtimes.domain.log_stats import Flow

MONTHS_WIDE, MONTHS_NARROW = Size("wide", 1000, 300, 14, 36), Size("narrow", 328, 280, 13, 56)
FLOWS_WIDE, FLOWS_NARROW = Size("wide", 1000, 52, 14), Size("narrow", 328, 42, 12)
"""Here the height is that of one activity."""
MOST_BENT = 3.2
LETTER = 0.58
"""How wide a letter is beside its height, about."""
ROOM_OF_A_MONTH = 5.5
"""What the name of a month takes, in letters."""


def draw_months(months: Sequence[Mapping[str, Any]], words: Words, *, name: str, title: str, description: str, size: Size) -> str:
    """A bar for those who began to wait in each month, a line for those waiting at its end, as one <svg> element."""
    figure = Figure(figsize=(size.width / POINTS_PER_INCH, size.height / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    axes = figure.add_subplot()
    left, right, top, bottom = size.text * 3.9, size.width - size.text * 2, size.height - size.head, size.text * 2.2
    figure.subplots_adjust(left=left / size.width, right=right / size.width, top=top / size.height, bottom=bottom / size.height)
    places = list(range(len(months)))
    began, waiting = ([each[what] for each in months] for what in ("began", "open_at_end"))
    axes.bar(places, began, width=0.8, color=BAND, edgecolor=QUIET, linewidth=1, label=words("log.began"))
    axes.plot(places, waiting, "o-", color=LINE, linewidth=2.5, markersize=0 if len(places) > 40 else 5, label=words("log.open_at_end"))
    _frame(axes, words, size)
    step = max(1, round(len(places) * size.text * ROOM_OF_A_MONTH / (right - left)) + 1) if len(places) > 1 else 1
    axes.set_xticks(places[::step], [each["month"] for each in months[::step]])
    axes.set_xlim(-0.6, max(len(places) - 0.4, 0.6))
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2 if size.width > MONTHS_NARROW.width else 1,
        frameon=False,
        fontsize=size.text - 1,
        labelcolor=INK,
    )
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata=NOTHING_ABOUT)
    return for_a_page(drawn.getvalue().decode(), f"{name}-{size.name}", size, title, description)


def draw_flows(shown: Sequence[Flow], order: Sequence[str], words: Words, *, name: str, title: str, description: str, size: Size) -> str:
    """Activities from top to bottom in that order, an arc for each flow, the wider the more often; dashed where it goes back up."""
    rows = {activity: row for row, activity in enumerate(order)}
    height = size.height * len(rows)
    figure = Figure(figsize=(size.width / POINTS_PER_INCH, height / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    most = max(8, int(size.width * 0.48 / (size.text * LETTER)))
    line = max((len(short(activity, most)) for activity in rows), default=0) * size.text * LETTER + 16
    axes = figure.add_axes((line / size.width, 0, 1 - line / size.width, 1))
    axes.set_axis_off()
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, size.width - line)  # in pixels, from the line of the activities
    for activity, row in rows.items():
        axes.plot([6], [row], "o", color=INK, markersize=6)
        said = axes.text(-6, row, short(activity, most), ha="right", va="center", fontsize=size.text, color=INK)
        said.set_parse_math(False)
    longest = max((abs(rows[flow.after] - rows[flow.before]) for flow in shown), default=1) * size.height
    room = size.width - line - size.text * 4.5
    bend = min(MOST_BENT, 2 * room / max(longest, 1))
    largest = max((flow.n for flow in shown), default=1)
    taken: list[tuple[float, float, float]] = []
    for flow in sorted(shown, key=lambda flow: -flow.n):
        start, end = rows[flow.before], rows[flow.after]
        bent = bend * (0.7 if end < start else 1)  # what goes back up is bent less, so that both ways are seen
        axes.add_patch(_arc(start, end, bent, 1 + 5 * flow.n / largest))
        _number(axes, words.number(flow.n), start, end, bent, size, taken)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata=NOTHING_ABOUT)
    whole = Size(size.name, size.width, height, size.text)
    return for_a_page(drawn.getvalue().decode(), f"{name}-{size.name}", whole, title, description)


def _arc(start: int, end: int, bent: float, width: float) -> FancyArrowPatch:
    """From one activity to another, out to the right."""
    back = end < start
    return FancyArrowPatch(
        (6, start),
        (6, end),
        connectionstyle=f"arc3,rad={bent if back else -bent}",
        arrowstyle="-|>",
        mutation_scale=11,
        shrinkA=4,
        shrinkB=4,
        linewidth=width,
        linestyle=(0, (6 / width, 4 / width)) if back else "solid",  # dashes are told in widths of their line
        color=QUIET if back else LINE,
        clip_on=False,
    )


def _number(axes: Axes, text: str, start: int, end: int, bent: float, size: Size, taken: list[tuple[float, float, float]]) -> None:
    """A number on its arc, where no other stands, else none: one half over another would be read as a third.

    taken: where the others stand, with half the width of each, in pixels.
    """
    half = len(text) * size.text * LETTER / 2 + 2
    out = bent * abs(end - start) * size.height  # how far out the arc's control point lies: the arc itself comes half as far
    for along in (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78):
        across = 6 + 2 * along * (1 - along) * out
        down = ((1 - along) * start + along * end) * size.height
        if all(abs(across - x) > half + wide or abs(down - y) > size.text * 1.15 for x, y, wide in taken):
            break
    else:
        return
    taken.append((across, down, half))
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text(across, down / size.height, text, ha="center", va="center", fontsize=size.text - 1, color=INK, bbox=box, zorder=5)


def _frame(axes: Axes, words: Words, size: Size) -> None:
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: words.number(value))
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(axis="both", colors=QUIET, labelsize=size.text, length=0, pad=6)
