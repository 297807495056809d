"""The page of a soak: what was hit, what was promised and kept, and a drawing of both over time. No script, no colour needed."""

import io
import signal
from collections.abc import Sequence
from html import escape
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.fault.chaos import SIGNALS, Hit
from tests.fault.soaked import Soaked, by_part

matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sluss"})

INK, RULE = "#16202a", "#d3d9df"
# What each signal is drawn as, and how far above the middle of its part's row: an hour has nearly a thousand.
MARKS: Final = {signal.SIGKILL: ("x", 0.26), signal.SIGTERM: ("v", 0.0), signal.SIGSTOP: ("|", -0.26)}
BIN_S: Final = 10
PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Soak of {date}: {verdict}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #16202a; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}
.tables {{ display: flex; flex-wrap: wrap; gap: 1.5rem 3rem; align-items: start }}
table {{ border-collapse: collapse }}
caption {{ text-align: left; font-weight: 600; padding: .3rem 0; white-space: nowrap }}
th, td {{ text-align: right; padding: .2rem .8rem; border-bottom: 1px solid #d3d9df; font-variant-numeric: tabular-nums }}
th:first-child {{ text-align: left; font-weight: 400 }}
svg {{ width: 100%; height: auto }}
</style>
<h1>Soak: {verdict}</h1>
<p>{story}</p>
<h2>Over time</h2>
{drawing}
<p>Above: requests answered in each ten seconds. Below: each fault where it fell, three lines a part: a cross is SIGKILL, a triangle
SIGTERM (SIGKILL follows if it is not heeded), a bar SIGSTOP, as long as it lasted.</p>
<h2>In figures</h2>
<div class="tables">
{tables}
</div>
<p>Lost: promised, and not there. Doubled: happened twice, or although it was refused. Disordered: a case whose events do not lie in the
order in which they were asked for. Invented: asked for by nobody. Astray: in the outbox and not in this place, or the other way round.
Unknown: the client was never told whether it happened, and did not ask again; it may have happened once.</p>
</html>
"""


def page(soaked: Soaked) -> str:
    """One HTML page that needs nothing else."""
    troubles = soaked.all_troubles
    verdict = "every promise kept" if not troubles else "not every promise kept"
    story = (
        f"{soaked.minutes:g} minutes from {soaked.began}, seed {soaked.seed}, commit {soaked.commit}, "
        f"{soaked.kafka_nodes} Kafka node{'s' if soaked.kafka_nodes != 1 else ''} ({soaked.broker}). "
        "Clients worked at intake's API all the while; the relay and the timers live in intake and died with it."
    )
    story += "".join(f"<br><strong>{escape(each)}</strong>" for each in troubles)
    return PAGE.format(date=soaked.began[:10], verdict=verdict, story=story, tables="\n".join(_tables(soaked)), drawing=_drawing(soaked))


def _tables(soaked: Soaked) -> list[str]:
    judged, figures = soaked.judged, soaked.figures()
    kinds = ("lost", "doubled", "disordered", "invented", "astray")
    names = [each.name for each in SIGNALS]
    hit = {part: [times.get(name, 0) for name in names] for part, times in by_part(soaked.hits).items()}
    rows = {part: [*row, sum(row)] for part, row in hit.items()}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)] if rows else [0] * 4
    return [
        _table("What it came to", ["figure", ""], {
            "promised to clients": [figures["promised"]],
            **{kind: [figures[kind]] for kind in kinds},
            "longest time without any promise, s": [figures["longest_stall_s"]],
            "longest time without leadtimes having heard all, s": [figures["longest_behind_s"]],
            "from the end of load and faults to calm, s": [figures["calm_after_s"]],
            "records that the relay told again": [judged.told_again],
            "of the promised, cases that a timer has closed": [judged.closings],
        }),
        _table("What was hit", ["part", *names, "all"], rows),
        _table("Requests, by what the client knows", ["outcome", ""], {name: [times] for name, times in figures["requests"].items()}),
        _table(
            "Breaches by place",
            ["place", "events", *kinds],
            {place: [judged.events[place], *(len(found[kind]) for kind in kinds)] for place, found in judged.breaches.items()},
        ),
        _table("sluss verify", ["service", "cases", "differing"], {name: list(found.values()) for name, found in judged.verified.items()}),
        _table("Memory, MB", ["part", "start", "end"], {part: list(used) for part, used in soaked.memory_mb.items()}),
    ]  # fmt: skip


def _table(caption: str, heads: Sequence[str], rows: dict[str, list[Any]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{_number(each)}</td>" for each in row)}</tr>' for name, row in rows.items()
    )
    return f"<table><caption>{escape(caption)}</caption>\n<tr>{head}</tr>\n{body}\n</table>"


def _number(value: float) -> str:
    return f"{value:,}"


def _drawing(soaked: Soaked) -> str:
    parts = sorted({hit.part for hit in soaked.hits}, reverse=True)
    figure = Figure(figsize=(12, 3.4 + 0.5 * len(parts)), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 0.5 * len(parts)))
    minutes = [number * BIN_S / 60 for number in range(len(soaked.answered) + 1)]
    above.stairs(soaked.answered, minutes, color=INK, fill=True)
    above.set_ylabel("answered in 10 s")
    above.set_ylim(0)
    _hits(below, soaked.hits, parts)
    below.set_xlabel("minutes")
    below.set_xlim(0, max(minutes[-1], max((hit.at_s for hit in soaked.hits), default=0) / 60))
    for axes in (above, below):
        axes.grid(axis="x", color=RULE)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = drawn.getvalue().decode()
    described = f"{sum(soaked.answered):,} requests answered, {len(soaked.hits)} faults of {len(parts)} parts over time"
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(described)}"', 1)


def _hits(axes: Axes, hits: Sequence[Hit], parts: Sequence[str]) -> None:
    for number, (mark, above) in MARKS.items():
        drawn = [hit for hit in hits if hit.signal is number]
        at, rows = [hit.at_s / 60 for hit in drawn], [parts.index(hit.part) + above for hit in drawn]
        axes.plot(at, rows, mark, color=INK, markersize=4, linestyle="none")
        if number is signal.SIGSTOP:
            axes.hlines(rows, at, [(hit.at_s + hit.for_s) / 60 for hit in drawn], color=INK, linewidth=2)
    for between in range(1, len(parts)):
        axes.axhline(between - 0.5, color=RULE, linewidth=1)
    axes.set_yticks(range(len(parts)), parts)
    axes.set_ylim(-0.6, len(parts) - 0.4)
