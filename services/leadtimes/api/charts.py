"""The other drawings of a log for its pages: waits begun and open month by month. Readable without colour."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from services.leadtimes.api.drawing import BAND, INK, LINE, NOTHING_ABOUT, POINTS_PER_INCH, QUIET, RULE, Size, for_a_page
from services.leadtimes.api.words import Words

MONTHS_WIDE, MONTHS_NARROW = Size("wide", 1000, 300, 14, 36), Size("narrow", 328, 280, 13, 56)
ROOM_OF_A_MONTH = 5.5
"""What the name of a month takes, in letters."""


def draw_months(months: Sequence[Mapping[str, Any]], words: Words, *, name: str, title: str, description: str, size: Size) -> str:
    """A bar for those who began to wait in each month, a line for those waiting at its end, as one <svg> element."""
    figure = Figure(figsize=(size.width / POINTS_PER_INCH, size.height / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    axes = figure.add_subplot()
    left, right, top, bottom = size.text * 3.9, size.width - size.text, size.height - size.head, size.text * 2.2
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
