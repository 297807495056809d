"""L24: how many calendar months support (bistånd) was granted for, and whether it ended in work or studies. Months, not elapsed days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from services.leadtimes.domain.cases import ENTERED_IN_ERROR, Spell
from services.leadtimes.domain.measures import Outcome
from services.leadtimes.domain.moments import Limit, Moment, Precision, local_midnight, moment_of, surely_before

GRANTED = frozenset({"granted", "partly"})
SELF_SUPPORTING = frozenset({"self_supporting_work", "studies"})
TARGET = 6
"""Months: whoever supports themselves after at most so many is within the target."""


@dataclass(frozen=True)
class Support:
    """The months of support of one case, and how it stands. What was decided for months to come is in it: `months` cuts at as-of.

    `stretches` are the first and the last month of each stretch without a gap, in order, each month by its first day. `start` is the first
    day of support, `end` when the case closed. `channel`, `hindrance` and `unit` are those of an interval.
    """

    stretches: tuple[tuple[date, date], ...]
    start: Moment
    outcome: Outcome
    reason: str | None
    channel: str | None
    hindrance: str | None
    unit: str | None
    end: Moment | None = None

    def months(self, as_of: Limit) -> int:
        """Calendar months touched by support, up to the month of as-of and with it."""
        until = _number(moment_of(as_of).day)
        return sum(max(min(_number(last), until) - _number(first) + 1, 0) for first, last in self.stretches)


def support(case: Spell) -> Support | None:
    """L24 of a case: the months touched by any decision that grants, wholly or partly; None where none does.

    Completed by a closing as self-supporting by work or as studies; any other closing ends it otherwise. Support that would begin surely
    after the closing is excluded, and that of a void case.
    """
    periods = list(_periods(case))
    if not periods:
        return None
    start = Moment(local_midnight(min(first for first, _ in periods)), Precision.DAY)
    outcome, reason = _standing(case, start)
    return Support(
        stretches=tuple(_merged(periods)),
        start=start,
        outcome=outcome,
        reason=reason,
        channel=case.channel,
        hindrance=case.hindrance,
        unit=case.unit_at(start),
        end=case.closing.moment if case.closing else None,
    )


def _standing(case: Spell, start: Moment) -> tuple[Outcome, str | None]:
    if case.void:
        return Outcome.EXCLUDED, ENTERED_IN_ERROR
    if case.closing is None:
        return Outcome.OPEN, None
    if surely_before(case.closing.moment, start):
        return Outcome.EXCLUDED, "starts_after_closing"
    return (Outcome.COMPLETED, None) if case.closed_as in SELF_SUPPORTING else (Outcome.ENDED_OTHERWISE, case.closed_as)


def _periods(case: Spell) -> Iterator[tuple[date, date]]:
    """The first and the last day of every period granted; one that ends before it begins touches no month."""
    for application in case.applications:
        for decision in application.decisions:
            begins, ends = decision.body.get("support_from"), decision.body.get("support_to")
            if decision.body.get("outcome") in GRANTED and begins and ends and begins <= ends:
                yield date.fromisoformat(begins), date.fromisoformat(ends)


def _merged(periods: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Each stretch of months without a gap once, in order."""
    stretches: list[tuple[date, date]] = []
    for begins, ends in sorted((first.replace(day=1), last.replace(day=1)) for first, last in periods):
        if stretches and _number(begins) <= _number(stretches[-1][1]) + 1:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], ends))
        else:
            stretches.append((begins, ends))
    return stretches


def _number(day: date) -> int:
    """The month of a day; neighbours differ by one."""
    return day.year * 12 + day.month
