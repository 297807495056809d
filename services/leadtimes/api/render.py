"""The pages as text: pure functions from figures, as the API answers them, to HTML in one language."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.leadtimes.api.charts import FLOWS_NARROW, FLOWS_WIDE, MONTHS_NARROW, MONTHS_WIDE, draw_flows, draw_months
from services.leadtimes.api.curves import curve_of
from services.leadtimes.api.drawing import NARROW, WIDE, Curve, Form, Point, draw, picture
from services.leadtimes.api.limits import DAY_LENGTH
from services.leadtimes.api.words import SECONDS_IN, Language, Words
from services.leadtimes.domain.grouping import Grouping
from services.leadtimes.domain.log_stats import Flow, flows
from services.leadtimes.domain.measures import IN_WORKING_DAYS
from services.leadtimes.domain.waits import LogWaits
from shared.clock import local_date

FOLDER = Path(__file__).parent / "templates"
STYLE = (FOLDER / "page.css").read_text(encoding="utf-8")
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load (Content-Security-Policy): its own style, known by its hash, and nothing else; no script at all."""

PAGES = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


MOST_DRAWN, MOST_LISTED = 14, 200


class Order(StrEnum):
    """What the table of transitions is sorted by."""

    N = "n"
    MEDIAN = "median"
    P90 = "p90"
    NAME = "name"


ORDERS: Mapping[Order, Callable[[Flow], Any]] = {
    Order.N: lambda flow: -flow.n,
    Order.MEDIAN: lambda flow: -flow.median,
    Order.P90: lambda flow: -flow.p90,
    Order.NAME: lambda flow: (flow.before, flow.after),
}


@dataclass(frozen=True)
class Address:
    """Where a page lies and what it was asked, so that each of its links changes one thing and keeps the rest."""

    path: str
    asked: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def __call__(self, **changed: str) -> str:
        """The same page with something changed."""
        query = urlencode({name: value for name, value in {**self.asked, **changed}.items() if value}, doseq=True)
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True)
class Measures:
    """What the page of measures shows: the headline (L20 by hindrance), a report for each, one in full with groups and curve.

    Beside them where people are, and who held the ball, each as the API answers it.
    """

    headline: Mapping[str, Any]
    reports: Mapping[str, Mapping[str, Any]]
    shown: str
    steps: Sequence[Point]
    incomplete: int
    logs: Mapping[str, str]
    where: Mapping[str, Any]
    responsibility: Mapping[str, Any]


@dataclass(frozen=True)
class Waits:
    """What the page of a log's waits shows: the answer of `sluss waits`, its curve and months, and whether its as-of was asked for."""

    name: str
    figures: Mapping[str, Any]
    curve: Curve
    months: Sequence[Mapping[str, Any]]
    as_of_asked: bool


def render_measures(measures: Measures, language: Language, address: Address) -> str:
    """Every measure: who still waits beside who was completed, and one of them in full and by groups."""
    words = Words(language)
    report = measures.reports[measures.shown]
    closed_as = {reason for day in measures.where["days"] for reason in day["closed"]}
    codes = closed_as | {code for each in measures.reports.values() for code in (*each["ended_otherwise"], *each["excluded"])}
    return _render(
        "measures.html",
        words,
        address,
        measures=measures,
        report=report,
        curves=_measure_curves(measures, words),
        banded=any(point["low"] is not None for point in report.get("curve", ())),
        in_working_days=IN_WORKING_DAYS,
        groupings=list(Grouping),
        closed_as=sorted(closed_as),
        as_of_day=_day(report["as_of"]),
        unmapped=sorted(code for code in codes if words.code(code) is None),
    )


def render_waits(waits: Waits, language: Language, address: Address) -> str:
    """The waits of an imported log between two of its activities."""
    words = Words(language)
    competing = waits.figures.get("competing")
    title = words("log.reached" if competing else "log.curve")
    return _render(
        "waits.html",
        words,
        address,
        waits=waits,
        figures=waits.figures,
        title=title,
        competing=competing,
        ends=[(number, name) for number, name in enumerate(waits.curve.names, 1)],
        curves=_curves(waits.curve, words, title, words("log.since")) if waits.curve.steps else [],
        months=_month_charts(waits.months, words),
    )


def render_picture(name: str, waits: LogWaits, figures: Mapping[str, Any], language: Language, form: Form) -> bytes:
    """The curve of a log's waits as a file: above it what it shows, from what to what, and how many still wait."""
    words = Words(language)
    still_open = f"{words.number(figures['open_wait_age_days']['n'])} {words('of')} {words.number(figures['n'])} {words('waiting')}"
    heading = [
        words("log.reached" if waits.competing else "log.curve") + f" – {name}",
        f"{words('log.from')}: {waits.start}",
        f"{words('log.to')}: {waits.end}",
        f"{words('as_of')} {words.when(figures['as_of'])}, {still_open}",
    ]
    return picture(curve_of(waits, figures), words, heading=heading, since=words("log.since"), form=form)


def render_flows(name: str, stats: Mapping[str, Any], sort: Order, language: Language, address: Address) -> str:
    """What follows what in a log: its largest flows drawn, and its transitions as a table in the order asked for."""
    words = Words(language)
    every = flows(stats)
    drawn = [flow for flow in every if flow.before != flow.after][:MOST_DRAWN]
    named = {end for flow in drawn for end in (flow.before, flow.after)}
    order = sorted(named, key=lambda activity: (stats["mean_place"][activity], activity))
    said = {"name": "flows", "title": words("flows.drawn"), "description": words("flows.desc")}
    return _render(
        "flows.html",
        words,
        address,
        name=name,
        stats=stats,
        sort=sort,
        orders=list(Order),
        rows=sorted(every, key=ORDERS[sort])[:MOST_LISTED],
        every=len(every),
        share=sum(flow.n for flow in drawn) / max(sum(flow.n for flow in every), 1),
        charts=[draw_flows(drawn, order, words, **said, size=size) for size in (FLOWS_WIDE, FLOWS_NARROW)] if drawn else [],
        seconds_a_day=SECONDS_IN["day"],
    )


def render_choice(name: str, activities: Mapping[str, int | None], language: Language, address: Address) -> str:
    """Where somebody chooses the two activities of a log to measure between; how often each occurs, where that is known."""
    return _render("choose.html", Words(language), address, name=name, activities=activities)


def render_progress(name: str, arrived: int, expected: int, language: Language, address: Address) -> str:
    """How far a log that is still being imported has come."""
    return _render("progress.html", Words(language), address, name=name, arrived=arrived, expected=expected)


def _day(limit: str) -> str:
    """The day of an as-of, as a field of a form holds it: of an instant the date in Sweden, which the page says too."""
    return limit if len(limit) == DAY_LENGTH else local_date(datetime.fromisoformat(limit)).isoformat()


def _render(template: str, words: Words, address: Address, **figures: object) -> str:
    other = next(language for language in Language if language is not words.language)
    return PAGES.get_template(template).render(t=words, address=address, other=other, style=STYLE, **figures)


def _measure_curves(measures: Measures, words: Words) -> list[str]:
    if not measures.steps:
        return []
    points = measures.reports[measures.shown]["curve"]
    marks = [Point(point["day"], point["share"], point["low"], point["high"]) for point in points if not point["beyond_follow_up"]]
    follow_up = max(measures.steps[-1].day, marks[-1].day if len(marks) == len(points) else 0.0)
    curve = Curve(measures.steps, marks, 0.0, follow_up, asked=points[-1]["day"])
    return _curves(curve, words, words(f"{measures.shown}.reached"), words(f"{measures.shown}.since"))


def _month_charts(months: Sequence[Mapping[str, Any]], words: Words) -> list[str]:
    said = {"name": "months", "title": words("log.months"), "description": words("log.months.desc")}
    return [draw_months(months, words, **said, size=size) for size in (MONTHS_WIDE, MONTHS_NARROW)] if months else []


def _curves(curve: Curve, words: Words, title: str, since: str) -> list[str]:
    """One drawing for a wide page and one for a phone; a reader meets only one of them."""
    points = "; ".join(f"{words.days(mark.day)}: {words.share(mark.share)}" for mark in curve.marks)
    description = words("curve.desc", points=points)
    return [draw(curve, words, name="curve", title=title, since=since, description=description, size=size) for size in (WIDE, NARROW)]
