"""What somebody may tell of a referral: each act with its address, its body and the fact that it says is true."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from contracts.codes import RecordedBy
from services.referrals.api import bodies
from services.referrals.domain import facts
from services.referrals.domain.facts import Fact
from services.referrals.domain.steps import Actor, Step
from shared.calendar import add_working_days, deadline


@dataclass(frozen=True)
class Deed:
    """One act: its address below the referral, what it is called, its body, and how that becomes a fact.

    `fact` takes the body, the referral and who says so.
    """

    path: str
    summary: str
    body: type[bodies.Happened]
    fact: Callable[[Any, UUID, Actor], Fact]
    doc: str


def plain(fact: type[Fact]) -> Callable[[Any, UUID, Actor], Fact]:
    """What says nothing but that it happened, or whose fields are the body's own."""

    def build(body: bodies.Happened, referral_id: UUID, _: Actor) -> Fact:
        return fact(**{"happened": body.happened.when(), "referral_id": referral_id, **_said(body)})

    return build


def answer(fact: type[Fact]) -> Callable[[Any, UUID, Actor], Fact]:
    """An answer: the same, and who wrote it down."""

    def build(body: bodies.Happened, referral_id: UUID, by: Actor) -> Fact:
        recorded_by = RecordedBy.RECIPIENT if by is Actor.RECIPIENT else RecordedBy.SENDER_ON_BEHALF
        said = {"happened": body.happened.when(), "referral_id": referral_id, "recorded_by": str(recorded_by)}
        return fact(**{**said, **_said(body)})

    return build


def sending(body: bodies.Sending, referral_id: UUID, _: Actor) -> facts.ReferralSent:
    """Sent, with the reply due on a working day."""
    happened = body.happened.when()
    due_on = body.reply_due_on or add_working_days(happened.date, body.reply_within_working_days or 0)
    consent_ref, basis = body.consent_ref, str(body.legal_basis)
    return facts.ReferralSent(happened, referral_id, deadline(due_on), basis, consent_ref)


def overriding(body: bodies.Happened) -> str | None:
    """For which reason a guard is overridden, where a body says so."""
    match body:
        case bodies.Sending(not_consulted_because=reason) | bodies.Discontinuation(no_successor_because=reason):
            return str(reason) if reason else None
    return None


def programme(body: bodies.Happened) -> UUID | None:
    """At which programme, where a body says so."""
    match body:
        case bodies.Waitlisting() | bodies.Booking() | bodies.Start():
            return body.programme_id
    return None


def _said(body: bodies.Happened) -> dict[str, Any]:
    """What a body says beside when it happened, codes as plain text, and without what overrides a guard or names a programme."""
    said = {name: value for name, value in body if name not in ("happened", "no_successor_because", "programme_id")}
    return {name: str(value) if isinstance(value, str) else value for name, value in said.items()}


DEEDS: Final[Mapping[Step, Deed]] = {
    Step.DISCARD: Deed("discarding", "Discard a draft", bodies.Happened, plain(facts.ReferralDiscarded), "Utkast kasserat."),
    Step.SEND: Deed("sending", "Send a referral", bodies.Sending, sending, "Skickad, on which ground and with the day of the reply."),
    Step.RECEIVE: Deed("receipt", "Register that it was received", bodies.Happened, plain(facts.ReferralReceived), "Kvittens."),
    Step.ASK: Deed(
        "question", "Ask for more information", bodies.Question, plain(facts.ReferralInformationRequested), "Komplettering begärd."
    ),
    Step.SUPPLY: Deed(
        "information",
        "Register that the information came",
        bodies.Happened,
        plain(facts.ReferralInformationSupplied),
        "Komplettering lämnad.",
    ),
    Step.ACCEPT: Deed("acceptance", "Accept", bodies.Acceptance, answer(facts.ReferralAccepted), "Accepterad, also by telephone."),
    Step.WAITLIST: Deed("waitlisting", "Put on the waiting list", bodies.Waitlisting, answer(facts.ReferralWaitlisted), "Kölagd."),
    Step.DECLINE: Deed("decline", "Decline", bodies.Decline, answer(facts.ReferralDeclined), "Avböjd, with a reason."),
    Step.REDIRECT: Deed("redirection", "Redirect", bodies.Redirection, answer(facts.ReferralRedirected), "Hänvisad vidare."),
    Step.ADVISE: Deed("advice", "Give advice", bodies.Happened, plain(facts.AdviceGiven), "Konsultation besvarad."),
    Step.SCHEDULE: Deed("booking", "Book the start", bodies.Booking, plain(facts.ReferralScheduled), "Inbokad, or booked anew."),
    Step.NO_SHOW: Deed(
        "no-show", "Register that nobody came", bodies.Happened, plain(facts.ReferralNoShow), "Uteblev. No clock stops for it."
    ),
    Step.START: Deed("start", "Register the start", bodies.Start, plain(facts.ReferralStarted), "Insats påbörjad."),
    Step.EXTEND: Deed("extension", "Extend", bodies.Extension, plain(facts.ReferralExtended), "Förlängd."),
    Step.READY: Deed(
        "readiness",
        "Register that the person is ready for the next step",
        bodies.Happened,
        plain(facts.ReadyForNextStep),
        "Redo för nästa steg.",
    ),
    Step.COMPLETE: Deed("completion", "Complete", bodies.Completion, plain(facts.ReferralCompleted), "Avslutad med utfall."),
    Step.DISCONTINUE: Deed("discontinuation", "Discontinue", bodies.Discontinuation, plain(facts.ReferralDiscontinued), "Avbruten."),
    Step.RECALL: Deed(
        "recall", "Recall", bodies.Because, plain(facts.ReferralRecalled), "Återkallad; after an answer it is asked for, and answered."
    ),
    Step.CONFIRM_RECALL: Deed(
        "recall-confirmation", "Confirm a recall", bodies.Because, plain(facts.ReferralRecalled), "Återkallelse bekräftad."
    ),
    Step.REFUSE_RECALL: Deed(
        "recall-refusal", "Refuse a recall", bodies.Happened, plain(facts.RecallRefused), "Återkallelse avvisad: the referral goes on."
    ),
    Step.WITHDRAW: Deed(
        "withdrawal", "Register that the person declined", bodies.Because, plain(facts.ReferralWithdrawn), "Klienten har tackat nej."
    ),
    Step.CANCEL: Deed("cancellation", "Cancel", bodies.Because, plain(facts.ReferralCancelled), "Inställd."),
    Step.HOLD: Deed("hold", "Put on hold", bodies.Because, plain(facts.ReferralPutOnHold), "Vilande."),
    Step.END_HOLD: Deed("hold-end", "End the hold", bodies.Happened, plain(facts.ReferralHoldEnded), "Vilande hävd: back to where it was."),
    Step.CHASE: Deed("reminder", "Remind", bodies.Told, plain(facts.ReferralChased), "Påmind."),
    Step.ENTER_IN_ERROR: Deed(
        "error",
        "Register that it was entered in error",
        bodies.Happened,
        plain(facts.EnteredInError),
        "Felregistrerad: nothing of it counts.",
    ),
    Step.ESCALATE: Deed("escalation", "Escalate", bodies.Told, plain(facts.ReferralEscalated), "Eskalerad to a role."),
}
