"""The waits of a log as a curve to draw: who still waits or, where ends compete, who has reached each of them."""

from collections.abc import Mapping
from typing import Any

from services.leadtimes.api.drawing import Curve, Other, Point
from services.leadtimes.domain.survival import Numbers
from services.leadtimes.domain.waits import LogWaits, incidence, survival_curve


def curve_of(waits: LogWaits, figures: Mapping[str, Any]) -> Curve:
    """The curve of these waits, with marks where their figures (`summary`) name a day; without any wait it has no steps."""
    follow_up = figures["follow_up_days"]
    competing = figures.get("competing")
    shares, bands = (
        (figures["S"], figures["S_ci95_loglog"]) if competing is None else (competing["CIF_event1"], competing["CIF_ci95_event1"])
    )
    named = [Point(float(day), share, *bands[day]) for day, share in shares.items()]
    marks = [point for point in named if point.day <= follow_up]
    asked = max((point.day for point in named), default=follow_up)
    if competing is None:
        still = survival_curve(waits)
        return Curve(_points(still.times, still.survival, still.low, still.high), marks, 1.0, follow_up, asked)
    reached, *others = (incidence(waits, cause) for cause in range(1 + len(waits.competing)))
    steps = _points(reached.times, reached.completed, reached.low, reached.high)
    ends = [Other(name, _points(of.times, of.completed)) for name, of in zip(waits.competing, others, strict=True)]
    return Curve(steps if len(waits.days) else [], marks, 0.0, follow_up, asked, waits.end, ends)


def _points(*columns: Numbers) -> list[Point]:
    return [Point(*step) for step in zip(*(column.tolist() for column in columns), strict=True)]
