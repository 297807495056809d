"""What one fact says must fit together, whether it was typed or replaces another. Pure."""

from datetime import date, datetime

from services.intake.domain.facts import (
    REGISTERED,
    ApplicationReceived,
    DecisionMade,
    Fact,
    FirstContactRegistered,
    InsatsObserved,
    PesChecked,
)
from services.intake.domain.moments import local_date
from services.intake.domain.steps import Refused

SYSTEM = "system"


def must_be_sound(fact: Fact, now: datetime) -> None:
    """Raises Refused for a fact that contradicts itself or speaks of days to come."""
    match fact:
        case FirstContactRegistered():
            if fact.known_from and not fact.happened.date <= fact.known_from <= local_date(now):
                raise Refused("A case is known from a day between its contact and today.")
        case ApplicationReceived():
            if fact.period_to < fact.period_from:
                raise Refused("The period that is applied for ends before it begins.")
        case DecisionMade():
            _decision(fact)
        case PesChecked():
            _check(fact)
        case InsatsObserved():
            _observed(fact, local_date(now))
        case _:
            return


def _decision(fact: DecisionMade) -> None:
    """A period of support if and only if something is granted; automated if and only if the system decided."""
    period = (fact.support_from, fact.support_to)
    if fact.outcome.gives_support and None in period:
        raise Refused("A decision that grants something says from which day to which day.")
    if not fact.outcome.gives_support and period != (None, None):
        raise Refused("A decision that grants nothing has no period of support.")
    if fact.automated != (fact.decided_by_role == SYSTEM):
        raise Refused("An automated decision is the system's, and no other is.")
    if fact.support_from and fact.support_to and fact.support_to < fact.support_from:
        raise Refused("The period of support ends before it begins.")


def _check(fact: PesChecked) -> None:
    """Since when somebody is registered is said of the registered only."""
    if fact.registered_since is None:
        return
    if fact.result != REGISTERED:
        raise Refused("Only somebody who is registered has a day since when.")
    if fact.registered_since > fact.happened.date:
        raise Refused("Nobody is registered from a day after the check.")


def _observed(fact: InsatsObserved, today: date) -> None:
    """It happened on the day it began (`clocks.md` 1), and ended no later than today."""
    if fact.happened.date != fact.started_on:
        raise Refused("An insats that was found happened on the day it began: both say the same day.")
    if fact.ended_on and not fact.started_on <= fact.ended_on <= today:
        raise Refused("An insats ended between the day it began and today.")
