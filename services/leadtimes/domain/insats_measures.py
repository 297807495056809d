"""The measures from anvisning and first contact to an insats, L10-L17 and L20-L23. One function each, the rule beside it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from services.leadtimes.domain.cases import Spell
from services.leadtimes.domain.facts import Fact, FactType
from services.leadtimes.domain.insatser import first_start, stretches_without
from services.leadtimes.domain.measures import Interval, Measure, OtherEnd, closing, excluded, wait
from services.leadtimes.domain.moments import Moment, surely_before
from services.leadtimes.domain.referrals import (
    ACCEPTANCES,
    ACTS_OF_THE_RECIPIENT,
    ANSWERS,
    ENROLMENT,
    NOT_TAKEN,
    OVER,
    TAKEN_BACK,
    Referral,
)

ALREADY_IN_INSATS: Final = "already_in_insats"


def measured_to_insats(case: Spell) -> tuple[Interval, ...]:
    """Every wait for an insats: L10 for each anvisning, L12-L17 and L22 for each referral, L23 for each stretch, the others once a case."""
    return (
        contact_to_insats(case, Measure.L20, counting=True),
        contact_to_insats(case, Measure.L20ANY, counting=False),
        *application_to_insats(case),
        *(assignment_to_booking(case, issued) for issued in case.assignments),
        *(each for referral in case.referrals for each in of_referral(case, referral)),
        *between_insatser(case),
    )


def contact_to_insats(case: Spell, measure: Measure, *, counting: bool) -> Interval:
    """L20: first contact to the first start of an insats that counts; L20any: of any insats. A closing ends it otherwise, by its reason.

    Who was in an insats already at first contact is outside (`already_in_insats`).
    """
    if case.already_in_insats:
        return excluded(case, measure, case.contact, ALREADY_IN_INSATS)
    start = case.first_counting_start if counting else first_start(case.insatser, case.contact, counting=False)
    return wait(case, measure, case.contact, start, closing(case))


def application_to_insats(case: Spell) -> Iterator[Interval]:
    """L21: the case's first application received to the same start as L20, once a case; none without an application."""
    for application in case.applications[:1]:
        received = application.received.moment
        if case.already_in_insats:
            yield excluded(case, Measure.L21, received, ALREADY_IN_INSATS, application)
        else:
            yield wait(case, Measure.L21, received, case.first_counting_start, closing(case), application)


def assignment_to_booking(case: Spell, issued: Fact) -> Interval:
    """L10: an anvisning to the first booking (inbokad) of the case that is not before it, whichever referral is booked.

    The first start of an enrolment that is not before it ends it otherwise (`enrolment_started`), and a closing.
    """
    booked = _not_before(issued.moment, (fact for fact in case.facts if fact.type is FactType.REFERRAL_SCHEDULED))
    enrolled = _not_before(issued.moment, (each.start for each in case.referrals if each.kind == ENROLMENT))
    ends = [OtherEnd(enrolled, "enrolment_started")] if enrolled else []
    return wait(case, Measure.L10, issued.moment, booked, [*ends, *closing(case)])


def of_referral(case: Spell, referral: Referral) -> Iterator[Interval]:
    """L12-L17 and L22 of one referral, each once what it starts from has happened."""
    drafted, sent = referral.firsts.get(FactType.REFERRAL_DRAFTED), referral.firsts.get(FactType.REFERRAL_SENT)
    accepted, ready = referral.first(*ACCEPTANCES), referral.firsts.get(FactType.READY_FOR_NEXT_STEP)
    start, asked = referral.start, referral.firsts.get(FactType.REFERRAL_INFORMATION_REQUESTED)
    taken_back, not_taken = _ends(referral, TAKEN_BACK), _ends(referral, NOT_TAKEN)

    def waited(measure: Measure, since: Fact, completion: Fact | None, ends: Iterable[OtherEnd]) -> Interval:
        return wait(case, measure, since.moment, completion, [*ends, *closing(case)], referral)

    if drafted:  # L12: draft to sent; discarded
        yield waited(Measure.L12, drafted, sent, _ends(referral, {FactType.REFERRAL_DISCARDED: "discarded"}))
    if sent:
        answer = referral.first(*ANSWERS)
        answered = [OtherEnd(answer, "answered")] if answer else []
        # L13: sent to received, which any act of the recipient implies; taken back
        yield waited(Measure.L13, sent, referral.first(*ACTS_OF_THE_RECIPIENT), taken_back)
        # L14: sent to the final answer; taken back. L14q: sent to the first question; answered without one, taken back
        yield waited(Measure.L14, sent, answer, taken_back)
        yield waited(Measure.L14Q, sent, asked, [*answered, *taken_back])
        # L15 and L17: sent to accepted, to started; declined, redirected, taken back, advice given
        yield waited(Measure.L15, sent, accepted, not_taken)
        yield waited(Measure.L17, sent, start, not_taken)
    if accepted:  # L16: accepted, which a booking or a start implies, to started; as L15
        yield waited(Measure.L16, accepted, start, not_taken)
    if ready:  # L22: ready for the next step to the next start of any other insats; completed, discontinued
        others = (each.start for each in case.insatser if each.referral_id != referral.id)
        yield waited(Measure.L22, ready, _not_before(ready.moment, others), _ends(referral, OVER))


def between_insatser(case: Spell) -> Iterator[Interval]:
    """L23: the end of the last open insats that counts to the next start of one; each stretch with none open. A closing ends it otherwise.

    While one is open there is no wait, however many others have ended.
    """
    for ended, following in stretches_without(case.insatser):
        yield wait(case, Measure.L23, ended, following, closing(case))


def _not_before(start: Moment, facts: Iterable[Fact | None]) -> Fact | None:
    """The first of facts that is not surely before a start."""
    return min((fact for fact in facts if fact and not surely_before(fact.moment, start)), key=lambda fact: fact.place, default=None)


def _ends(referral: Referral, called: Mapping[FactType, str]) -> list[OtherEnd]:
    return [OtherEnd(referral.firsts[kind], name) for kind, name in called.items() if kind in referral.firsts]
