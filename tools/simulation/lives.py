"""What becomes of one person: from the contact to the closing, as `clocks.md` and the calibration tell it. Days only; pure."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log
from typing import Any, Final

from tools.simulation.acts import Draft, lognormal, pick, working
from tools.simulation.profile import Profile
from tools.simulation.referrals import Referring

LAPSES_AFTER: Final = timedelta(days=30)
UNDER_ONE_MONTH_AND_A_HALF: Final = timedelta(days=45)
"""From the last month of support to the closing by rule, on the average."""
JULY: Final = 7
UNEMPLOYED: Final = "unemployed"
SICK: Final = "sick_without_sgi"


@dataclass(frozen=True)
class Life:
    """What happens, in order; on which day the case closes; and when a rule does that, if one does, and for which reason."""

    drafts: list[Draft]
    closes: date
    lapses: date | None
    lapsed: str = "lapsed_no_support"


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
        return Life([first], contact + LAPSES_AFTER, contact + LAPSES_AFTER, "lapsed_no_application")
    applied, decided = _days(contact, profile, chance)
    code = hindrance(profile, chance)
    drafts = [first, application("application", "new", applied, channel, hindrance=code)]
    assigned, found = code == UNEMPLOYED, None
    if assigned:
        checked = min(working(applied + timedelta(days=chance.randint(0, 3))), decided)
        drafts.append(Draft("pes_check", checked, {"result": pick(profile.pes_results, chance)}))
        if chance.random() < profile.already_in_insats:
            found = checked
            drafts.append(observed(found, contact - timedelta(days=chance.randint(0, 120))))
    drafts += _completion(applied, decided, profile, chance)
    if chance.random() < profile.assessed:
        begun = min(working(applied + timedelta(days=chance.randint(0, (decided - applied).days // 2))), decided)
        drafts.append(Draft("assessment_start", begun, {"kind": "application"}))
        drafts.append(Draft("assessment_completion", decided, {"kind": "application"}))
    outcome = pick(profile.outcomes, chance)
    if outcome != "granted":
        referring = Referring(decided, profile, chance)
        if found:
            referring.direct_discarded(found)
        drafts += [Draft("withdrawal", decided) if outcome == "withdrawn" else decision(decided)]
        drafts += [*referring.until_closed(outcome, assigned=assigned), Draft("closing", decided, {"reason": outcome})]
        return Life(in_order(drafts), decided, None)
    mean_weeks = profile.weeks_of_support[
        chance.choices(range(len(profile.weeks_of_support)), [part[0] for part in profile.weeks_of_support])[0]
    ][1]
    ends = decided + timedelta(days=round(7 * chance.expovariate(1 / mean_weeks)))
    closes, last_month, by_rule = ending(ends, month_of(decided), profile, chance)
    granted_to = min(last_month, later_month(month_of(decided), profile.first_grant_months - 1))
    drafts.append(decision(decided, month_of(applied), last_day(granted_to)))
    referring = Referring(closes, profile, chance)
    if assigned:
        drafts += _enrolled(decided, closes, found, referring, profile, chance)
    else:
        _refer(code, decided, referring, profile, chance)
    drafts += renewals(granted_to, last_month, closes, profile, chance)
    return concluded(drafts, referring, closes, by_rule, profile, chance, assigned=assigned)


def concluded(
    drafts: list[Draft], referring: Referring, closes: date, by_rule: bool, profile: Profile, chance: random.Random, *, assigned: bool
) -> Life:
    """The life with its referrals until the closing: by hand for a reason, which ends what is open, or by a rule."""
    reason = None if by_rule else pick(profile.closing_reasons, chance)
    drafts = [*drafts, *referring.until_closed(reason, assigned=assigned)]
    if reason:
        drafts.append(Draft("closing", closes, {"reason": reason}))
    return Life(in_order(drafts), closes, closes if by_rule else None)


def observed(found: date, began: date) -> Draft:
    """A programme of Arbetsförmedlingen that began without us, told on the day it was found."""
    said = {"kind": "af_programme", "started_on": began.isoformat(), "planned_hours_per_week": 30, "provider_role": "employment_service"}
    return Draft("observed_insats", found, said)


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


def _enrolled(
    decided: date, closes: date, found: date | None, referring: Referring, profile: Profile, chance: random.Random
) -> list[Draft]:
    """Somebody unemployed: the draft of the direct assignment is sent when they are enrolled; the plan some time after, and for some an
    assignment and another referral after it, if the case is open still. Who is found in an insats (`found`), or is never enrolled, is not
    referred on that assignment.
    """
    if not _is(profile.enrolled, chance):
        referring.direct_discarded(found or decided)
        return []
    enrolled = working(decided + timedelta(days=round(lognormal(profile.days_to_enrolment, chance))))
    if found:
        referring.direct_discarded(found)
    else:
        referring.direct(enrolled)
    planned = working(enrolled + timedelta(days=round(lognormal(profile.days_to_plan, chance))))
    drafts = [Draft("plan", planned, {"next_follow_up_on": (planned + timedelta(days=30)).isoformat()})]
    if _is(profile.assigned, chance):
        assigned = working(planned + timedelta(days=round(lognormal(profile.days_to_assignment, chance))))
        place = pick(profile.recipients[UNEMPLOYED], chance)
        _, kind, hours = profile.places[place]
        to = {"mode": "planned", "insats_kind": kind, "basis": "sol_12_4", "planned_hours_per_week": hours}
        drafts.append(Draft("assignment", assigned, to))
        referring.refer(place, assigned)
    return [draft for draft in drafts if draft.day < closes]


def _refer(code: str, decided: date, referring: Referring, profile: Profile, chance: random.Random) -> None:
    """Somebody who is not unemployed, and without an assignment."""
    share = profile.sick_referred if code == SICK else profile.others_referred.get(code, 0.0)
    if _is(share, chance):
        drafted = working(decided + timedelta(days=round(lognormal(profile.days_to_plan, chance))))
        referring.refer(pick(profile.recipients[code], chance), drafted)


def _is(share: float, chance: random.Random) -> bool:
    return chance.random() < share
