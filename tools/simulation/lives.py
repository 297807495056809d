"""What becomes of one person: from the contact to the closing, as `clocks.md` and the calibration tell it. Days only; pure."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log
from typing import Any, Final

from tools.simulation.acts import Draft, lognormal, pick, working
from tools.simulation.profile import Profile

LAPSES_AFTER: Final = timedelta(days=30)
UNDER_ONE_MONTH_AND_A_HALF: Final = timedelta(days=45)
"""From the last month of support to the closing by rule, on the average."""
JULY: Final = 7
HOURS_PER_WEEK: Final = 25


@dataclass(frozen=True)
class Life:
    """What happens, in order; on which day the case closes; and when a rule does that, if one does."""

    drafts: list[Draft]
    closes: date
    lapses: date | None


def month_of(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def later_month(month: date, months: int) -> date:
    """The first day of a month so many months later."""
    count = month.year * 12 + month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def last_day(month: date) -> date:
    """The last day of the month that begins on `month`."""
    return later_month(month, 1) - timedelta(days=1)


def hindrance(profile: Profile, chance: random.Random) -> str:
    """What keeps somebody from supporting themselves."""
    found = pick(profile.hindrances, chance)
    return pick(profile.other_hindrances, chance) if found == "other" else found


def live(contact: date, person: str, profile: Profile, chance: random.Random) -> Life:
    """A person who gets in touch on a working day."""
    channel = pick(profile.channels, chance)
    first = Draft("contact", contact, {"person_ref": person, "channel": channel, "source_system": "intake"})
    if chance.random() < profile.never_applies:
        return Life([first], contact + LAPSES_AFTER, contact + LAPSES_AFTER)
    applied, decided = _days(contact, profile, chance)
    code = hindrance(profile, chance)
    drafts = [first, application("application", "new", applied, channel, hindrance=code)]
    if code == "unemployed":
        checked = min(working(applied + timedelta(days=chance.randint(0, 3))), decided)
        drafts.append(Draft("pes_check", checked, {"result": pick(profile.pes_results, chance)}))
    drafts += _completion(applied, decided, profile, chance)
    if chance.random() < profile.assessed:
        begun = min(working(applied + timedelta(days=chance.randint(0, (decided - applied).days // 2))), decided)
        drafts.append(Draft("assessment_start", begun, {"kind": "application"}))
        drafts.append(Draft("assessment_completion", decided, {"kind": "application"}))
    outcome = pick(profile.outcomes, chance)
    if outcome == "withdrawn":
        drafts += [Draft("withdrawal", decided), Draft("closing", decided, {"reason": "withdrawn"})]
        return Life(in_order(drafts), decided, None)
    if outcome == "rejected":
        drafts += [decision(decided), Draft("closing", decided, {"reason": "rejected"})]
        return Life(in_order(drafts), decided, None)
    mean_weeks = profile.weeks_of_support[
        chance.choices(range(len(profile.weeks_of_support)), [part[0] for part in profile.weeks_of_support])[0]
    ][1]
    ends = decided + timedelta(days=round(7 * chance.expovariate(1 / mean_weeks)))
    closes, last_month, by_rule = ending(ends, month_of(decided), profile, chance)
    granted_to = min(last_month, later_month(month_of(decided), profile.first_grant_months - 1))
    drafts.append(decision(decided, month_of(applied), last_day(granted_to)))
    if code == "unemployed" and chance.random() < profile.enrolled:
        drafts += _plan(decided, closes, profile, chance)
    drafts += renewals(granted_to, last_month, closes, profile, chance)
    if not by_rule:
        drafts.append(Draft("closing", closes, {"reason": pick(profile.closing_reasons, chance)}))
    return Life(in_order(drafts), closes, closes if by_rule else None)


def ending(ends: date, earliest: date, profile: Profile, chance: random.Random) -> tuple[date, date, bool]:
    """When the case closes, the last month with support (`earliest` or later), and whether a rule closes it.

    By hand on the day that support is needed no more; by rule a whole month after the last with support, on the average the same day.
    """
    last_month = month_of(ends - UNDER_ONE_MONTH_AND_A_HALF)
    if chance.random() >= profile.closed_by_hand and last_month >= earliest:
        return later_month(last_month, 2), last_month, True
    closes = working(ends)
    return closes, max(month_of(closes), earliest), False


def renewals(granted_to: date, last_month: date, closes: date, profile: Profile, chance: random.Random) -> list[Draft]:
    """Applications for the next months and their decisions, while support lasts and the case is open."""
    drafts: list[Draft] = []
    while granted_to < last_month:
        applied = working(last_day(granted_to) - timedelta(days=chance.randint(0, 8)))
        decided = working(applied + timedelta(days=chance.randint(2, 8)))
        if decided >= closes:
            break
        begins = later_month(granted_to, 1)
        granted_to = min(last_month, later_month(granted_to, profile.renewal_months))
        drafts += [application("renewal", "renewal", applied, "e_service"), decision(decided, begins, last_day(granted_to))]
    return drafts


def application(what: str, kind: str, day: date, channel: str, **more: Any) -> Draft:
    """An application for the month of its day."""
    period = {"period_from": month_of(day).isoformat(), "period_to": last_day(month_of(day)).isoformat()}
    return Draft(what, day, {"kind": kind, "channel": channel, **period, **more})


def decision(day: date, support_from: date | None = None, support_to: date | None = None) -> Draft:
    """Granted for these days, else rejected."""
    said = {"automated": False, "decided_by_role": "social_worker"}
    if support_from is None or support_to is None:
        return Draft("decision", day, {"outcome": "rejected", **said})
    return Draft(
        "decision", day, {"outcome": "granted", "support_from": support_from.isoformat(), "support_to": support_to.isoformat(), **said}
    )


def in_order(drafts: list[Draft]) -> list[Draft]:
    """By day; what is listed first comes first of one day."""
    return sorted(drafts, key=lambda draft: draft.day)


def _days(contact: date, profile: Profile, chance: random.Random) -> tuple[date, date]:
    """Of the application and of its decision: who applies late is mostly decided late, and nobody before they apply."""
    one, other, rho = chance.gauss(0, 1), chance.gauss(0, 1), profile.late_applicants_are_decided_late
    median, sigma = profile.days_to_application
    wait = min(exp(log(median) + sigma * one), profile.most_days_to_application)
    applied = contact if chance.random() < profile.applies_the_same_day else working(contact + timedelta(days=round(wait)))
    slow = profile.july_slowdown if contact.month == JULY else 1.0
    drawn = exp(log(profile.decision_median_unrounded) + profile.days_to_decision[1] * (rho * one + (1 - rho**2) ** 0.5 * other))
    decided = working(contact + timedelta(days=round(drawn * slow)))
    return applied, decided if decided > applied else working(applied + timedelta(days=1))


def _completion(applied: date, decided: date, profile: Profile, chance: random.Random) -> list[Draft]:
    """Asked for, and answered unless the decision comes first."""
    if chance.random() >= profile.completion_asked:
        return []
    asked = working(applied + timedelta(days=chance.randint(0, 2)))
    came = working(asked + timedelta(days=round(lognormal(profile.days_to_completion, chance))))
    due_on = (asked + timedelta(days=14)).isoformat()
    drafts = [Draft("completion_request", asked, {"due_on": due_on}), Draft("completion", came)]
    return [draft for draft in drafts if draft.day <= decided]


def _plan(decided: date, closes: date, profile: Profile, chance: random.Random) -> list[Draft]:
    """The plan some time after the enrolment, and for some an assignment after it, if the case is open still."""
    days = lognormal(profile.days_to_enrolment, chance) + lognormal(profile.days_to_plan, chance)
    planned = working(decided + timedelta(days=round(days)))
    drafts = [Draft("plan", planned, {"next_follow_up_on": (planned + timedelta(days=30)).isoformat()})]
    if chance.random() < profile.assigned:
        assigned = working(planned + timedelta(days=round(lognormal(profile.days_to_assignment, chance))))
        to = {"mode": "planned", "insats_kind": "work_placement", "basis": "sol_12_4", "planned_hours_per_week": HOURS_PER_WEEK}
        drafts.append(Draft("assignment", assigned, to))
    return [draft for draft in drafts if draft.day < closes]
