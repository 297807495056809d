"""Short histories for the clocks: a fact is a line, a day is written as a date, an instant as a local time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from services.leadtimes.domain.clocks import Clocks
from services.leadtimes.domain.clocks import clocks as clocks_of_each
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.measures import Interval, Measure
from services.leadtimes.domain.moments import LOCAL, Limit, Precision, local_midnight
from shared.calendar import HOLIDAYS

CASE = uuid5(NAMESPACE_OID, "a case")
CALENDAR = np.busdaycalendar(holidays=sorted(HOLIDAYS))
RANK = {kind: rank for rank, kind in enumerate(FactType)}


def happened(what: FactType, at: str, recorded: str | None = None, **body: str) -> Fact:
    """A fact at a day ("2026-01-05") or a local instant ("2026-01-05T14:05"), recorded at once unless it says when."""
    known_at = local(recorded or at)
    return Fact(
        event_id=uuid5(CASE, f"{what} {at} {known_at} {sorted(body.items())}"),
        type=what,
        case_id=CASE,
        time=local(at),
        precision=Precision.INSTANT if "T" in at else Precision.DAY,
        recorded_at=known_at,
        rank=RANK[what],
        body=body,
    )


def local(at: str) -> datetime:
    """The instant a text means in Sweden."""
    return datetime.fromisoformat(at).replace(tzinfo=LOCAL) if "T" in at else local_midnight(date.fromisoformat(at))


def contact(at: str, **body: str) -> Fact:
    """Första kontakt."""
    return happened(FactType.FIRST_CONTACT_REGISTERED, at, **{"channel": "phone", **body})


def application(at: str, ref: str = "A", kind: str = "new", **body: str) -> Fact:
    """Ansökan inkommen."""
    return happened(FactType.APPLICATION_RECEIVED, at, application_ref=ref, kind=kind, **{"channel": "e_service", **body})


def asked(at: str, ref: str = "A") -> Fact:
    """Komplettering begärd."""
    return happened(FactType.COMPLETION_REQUESTED, at, application_ref=ref)


def completed(at: str, ref: str = "A") -> Fact:
    """Ansökan komplett."""
    return happened(FactType.APPLICATION_COMPLETED, at, application_ref=ref)


def withdrawn(at: str, ref: str = "A") -> Fact:
    """Återtagen."""
    return happened(FactType.APPLICATION_WITHDRAWN, at, application_ref=ref)


def decided(at: str, ref: str = "A", recorded: str | None = None) -> Fact:
    """Beslut."""
    return happened(FactType.DECISION_MADE, at, recorded=recorded, application_ref=ref)


def started(at: str, ref: str = "A", kind: str = "application") -> Fact:
    """Utredning inledd."""
    return happened(FactType.ASSESSMENT_STARTED, at, application_ref=ref, kind=kind)


def assessed(at: str, ref: str = "A", kind: str = "application") -> Fact:
    """Utredning avslutad."""
    return happened(FactType.ASSESSMENT_COMPLETED, at, application_ref=ref, kind=kind)


def granted(at: str, first: str, last: str, ref: str = "A", outcome: str = "granted") -> Fact:
    """Bifall, with the first and the last day of support."""
    return happened(FactType.DECISION_MADE, at, application_ref=ref, outcome=outcome, support_from=first, support_to=last)


def coded(at: str, code: str = "unemployed") -> Fact:
    """Försörjningshinder."""
    return happened(FactType.SUPPORT_HINDRANCE_CODED, at, code=code)


def routed(at: str, unit: str, what: FactType = FactType.CASE_ROUTED) -> Fact:
    """Slussad, or handed over."""
    return happened(what, at, unit=unit)


def planned(at: str) -> Fact:
    """Handlingsplan."""
    return happened(FactType.PLAN_AGREED, at)


def assigned(at: str, mode: str = "planned") -> Fact:
    """Anvisning."""
    return happened(FactType.ASSIGNMENT_ISSUED, at, mode=mode)


def closed(at: str, reason: str = "moved") -> Fact:
    """Avslutad."""
    return happened(FactType.CASE_CLOSED, at, reason=reason)


def reopened(at: str, reason: str = "closed_in_error") -> Fact:
    """Återöppnad."""
    return happened(FactType.CASE_REOPENED, at, reason=reason)


def found(at: str, kind: str = "af_programme", recorded: str | None = None, **body: str) -> Fact:
    """Pågående insats funnen: begun on a day, learnt of later."""
    return happened(FactType.INSATS_OBSERVED, at, recorded=recorded, **{"observed_ref": "O", "kind": kind, "started_on": at, **body})


def told_of(what: FactType, at: str, referral: str = "R", recorded: str | None = None, **body: str) -> Fact:
    """A fact of a referral, on the topic of referrals."""
    fact = happened(what, at, recorded=recorded, referral_id=referral, **body)
    return replace(fact, topic="referral-events")


def drafted(at: str, referral: str = "R", to: str = "jobbcentrum", kind: str = "insats", **body: str) -> Fact:
    """Utkast."""
    return told_of(FactType.REFERRAL_DRAFTED, at, referral, kind=kind, to_function=to, **body)


def sent(at: str, referral: str = "R") -> Fact:
    """Skickad."""
    return told_of(FactType.REFERRAL_SENT, at, referral)


def begun(at: str, referral: str = "R", hours: int | None = 25, insats: str = "work_training", recorded: str | None = None) -> Fact:
    """Påbörjad: an insats of so many hours a week."""
    planned = {} if hours is None else {"planned_hours_per_week": str(hours)}
    return told_of(FactType.REFERRAL_STARTED, at, referral, recorded, kind="insats", insats_kind=insats, **planned)


def dropped(at: str, referral: str = "R", attended: str = "yes") -> Fact:
    """Avbruten."""
    return told_of(FactType.REFERRAL_DISCONTINUED, at, referral, attended=attended)


def finished(at: str, referral: str = "R") -> Fact:
    """Avslutad med utfall."""
    return told_of(FactType.REFERRAL_COMPLETED, at, referral, attended="yes")


def clocks(facts: Iterable[Fact], as_of: Limit | None = None, known_at: Limit | None = None) -> Clocks | None:
    """The clocks of a history of one case."""
    found = clocks_of_each(facts, as_of, known_at)
    assert len(found) <= 1
    return found[0] if found else None


def waits(measure: str, facts: Iterable[Fact], as_of: Limit | None = None, known_at: Limit | None = None) -> list[Interval]:
    """Every wait of one measure in a history."""
    every = clocks_of_each(facts, as_of, known_at)
    return [interval for of_case in every for interval in of_case.intervals if interval.measure is Measure(measure)]


def wait(measure: str, facts: Iterable[Fact], as_of: Limit | None = None, known_at: Limit | None = None) -> Interval:
    """The only wait of one measure in a history."""
    (interval,) = waits(measure, facts, as_of, known_at)
    return interval


def told(interval: Interval) -> tuple[str, str | None, int | None]:
    """What a wait comes to: outcome, reason, calendar days."""
    return interval.outcome.value, interval.reason, interval.days
