"""The client of referrals: a method for each operation of both sides, each request sent once however often it has to be sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sluss_client.connection import Connection, Happened
from sluss_client.referral_answers import Conflict, ListedReferral, Programme, Referrals, ReferralTask, WholeProgramme
from sluss_client.refusals import Unshown


class ReferralsClient(Connection):
    """Referrals over HTTP, for the senders' staff and for a recipient's. Use it as `async with ReferralsClient(url, token) as referrals`.

    `token`: an access token, or a function that gives a fresh one. A request carries an Idempotency-Key of its own, so it is sent again
    after a fault of the network and has one effect. A step builds on the answer it is given: it is refused (`version_mismatch`) if the
    referrals of the case have changed since. Every method raises Refusal, and httpx.TransportError when the service cannot be reached
    after several tries.
    """

    PREFIX: ClassVar[str] = "/referrals"

    async def draft(
        self,
        case_id: UUID,
        *,
        happened: Happened,
        kind: str,
        to_function: str,
        insats_kind: str | None = None,
        planned_hours_per_week: int | None = None,
        assignment_ref: UUID | None = None,
        successor_of: UUID | None = None,
        content_ref: UUID | None = None,
        building_on: Referrals | None = None,
    ) -> Referrals:
        """Utkast; the answer's `referral_id` is the new one's."""
        said = {"kind": kind, "to_function": to_function, "insats_kind": insats_kind, "planned_hours_per_week": planned_hours_per_week}
        refs = {"assignment_ref": assignment_ref, "successor_of": successor_of, "content_ref": content_ref}
        version = building_on.version if building_on else None
        return Referrals.model_validate(await self._tell(f"/cases/{case_id}/referrals", happened, said | refs, version))

    async def discard(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Utkast kasserat."""
        return await self._of_referral(case, referral, "discarding", happened)

    async def send(
        self,
        case: Referrals,
        referral: UUID,
        *,
        happened: Happened,
        legal_basis: str,
        reply_due_on: date | None = None,
        reply_within_working_days: int | None = None,
        consent_ref: UUID | None = None,
        not_consulted_because: str | None = None,
    ) -> Referrals:
        """Skickad; the reply is due on a day, or within so many working days."""
        due = {"reply_due_on": reply_due_on, "reply_within_working_days": reply_within_working_days}
        said = {"legal_basis": legal_basis, "consent_ref": consent_ref, "not_consulted_because": not_consulted_because}
        return await self._of_referral(case, referral, "sending", happened, due | said)

    async def receive(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Kvittens."""
        return await self._of_referral(case, referral, "receipt", happened)

    async def ask(self, case: Referrals, referral: UUID, *, happened: Happened, asked_of: str, due_on: date) -> Referrals:
        """Begär komplettering."""
        return await self._of_referral(case, referral, "question", happened, {"asked_of": asked_of, "due_on": due_on})

    async def supply(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Komplettering lämnad."""
        return await self._of_referral(case, referral, "information", happened)

    async def accept(self, case: Referrals, referral: UUID, *, happened: Happened, expected_start_on: date | None = None) -> Referrals:
        """Accepterad; of a sender: told by telephone."""
        return await self._of_referral(case, referral, "acceptance", happened, {"expected_start_on": expected_start_on})

    async def waitlist(
        self,
        case: Referrals,
        referral: UUID,
        *,
        happened: Happened,
        reason: str | None = None,
        position: int | None = None,
        expected_start_on: date | None = None,
        programme_id: UUID | None = None,
    ) -> Referrals:
        """Kölagd; at a programme without a position: the last in its line, with the forecast."""
        said = {"reason": reason, "position": position, "expected_start_on": expected_start_on, "programme_id": programme_id}
        return await self._of_referral(case, referral, "waitlisting", happened, said)

    async def decline(
        self, case: Referrals, referral: UUID, *, happened: Happened, reason: str, suggested_function: str | None = None
    ) -> Referrals:
        """Avböjd."""
        said = {"reason": reason, "suggested_function": suggested_function}
        return await self._of_referral(case, referral, "decline", happened, said)

    async def redirect(
        self, case: Referrals, referral: UUID, *, happened: Happened, reason: str | None = None, suggested_function: str | None = None
    ) -> Referrals:
        """Hänvisad vidare."""
        said = {"reason": reason, "suggested_function": suggested_function}
        return await self._of_referral(case, referral, "redirection", happened, said)

    async def advise(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Konsultation besvarad."""
        return await self._of_referral(case, referral, "advice", happened)

    async def schedule(
        self, case: Referrals, referral: UUID, *, happened: Happened, starts_on: date, programme_id: UUID | None = None
    ) -> Referrals:
        """Inbokad, or booked anew; at a programme a seat is taken from that day."""
        return await self._of_referral(case, referral, "booking", happened, {"starts_on": starts_on, "programme_id": programme_id})

    async def no_show(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Uteblev."""
        return await self._of_referral(case, referral, "no-show", happened)

    async def start(
        self,
        case: Referrals,
        referral: UUID,
        *,
        happened: Happened,
        planned_end_on: date | None = None,
        planned_hours_per_week: int | None = None,
        funding: str | None = None,
        programme_id: UUID | None = None,
    ) -> Referrals:
        """Påbörjad; without hours those of the draft hold. At a programme it takes a seat, or is refused."""
        planned = {"planned_end_on": planned_end_on, "planned_hours_per_week": planned_hours_per_week}
        return await self._of_referral(case, referral, "start", happened, planned | {"funding": funding, "programme_id": programme_id})

    async def extend(
        self,
        case: Referrals,
        referral: UUID,
        *,
        happened: Happened,
        planned_end_on: date,
        planned_hours_per_week: int | None = None,
        funding: str | None = None,
    ) -> Referrals:
        """Förlängd; without hours those planned before hold."""
        said = {"planned_end_on": planned_end_on, "planned_hours_per_week": planned_hours_per_week, "funding": funding}
        return await self._of_referral(case, referral, "extension", happened, said)

    async def ready(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Redo för nästa steg."""
        return await self._of_referral(case, referral, "readiness", happened)

    async def complete(
        self, case: Referrals, referral: UUID, *, happened: Happened, outcome: str, attended: str, reason: str | None = None
    ) -> Referrals:
        """Avslutad med utfall."""
        said = {"outcome": outcome, "attended": attended, "reason": reason}
        return await self._of_referral(case, referral, "completion", happened, said)

    async def discontinue(
        self,
        case: Referrals,
        referral: UUID,
        *,
        happened: Happened,
        outcome: str,
        reason: str,
        attended: str,
        no_successor_because: str | None = None,
    ) -> Referrals:
        """Avbruten."""
        said = {"outcome": outcome, "reason": reason, "attended": attended, "no_successor_because": no_successor_because}
        return await self._of_referral(case, referral, "discontinuation", happened, said)

    async def recall(self, case: Referrals, referral: UUID, *, happened: Happened, reason: str) -> Referrals:
        """Återkallad; after an answer it is only asked for (`recall_requested`)."""
        return await self._of_referral(case, referral, "recall", happened, {"reason": reason})

    async def confirm_recall(self, case: Referrals, referral: UUID, *, happened: Happened, reason: str) -> Referrals:
        """Återkallelse bekräftad."""
        return await self._of_referral(case, referral, "recall-confirmation", happened, {"reason": reason})

    async def refuse_recall(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Återkallelse avvisad: the referral goes on."""
        return await self._of_referral(case, referral, "recall-refusal", happened)

    async def withdraw(self, case: Referrals, referral: UUID, *, happened: Happened, reason: str) -> Referrals:
        """Klienten har tackat nej."""
        return await self._of_referral(case, referral, "withdrawal", happened, {"reason": reason})

    async def cancel(self, case: Referrals, referral: UUID, *, happened: Happened, reason: str) -> Referrals:
        """Inställd."""
        return await self._of_referral(case, referral, "cancellation", happened, {"reason": reason})

    async def hold(self, case: Referrals, referral: UUID, *, happened: Happened, reason: str) -> Referrals:
        """Vilande."""
        return await self._of_referral(case, referral, "hold", happened, {"reason": reason})

    async def end_hold(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Vilande hävd: back to where it was."""
        return await self._of_referral(case, referral, "hold-end", happened)

    async def chase(self, case: Referrals, referral: UUID, *, happened: Happened, to_role: str) -> Referrals:
        """Påmind."""
        return await self._of_referral(case, referral, "reminder", happened, {"to_role": to_role})

    async def escalate(self, case: Referrals, referral: UUID, *, happened: Happened, to_role: str) -> Referrals:
        """Eskalerad."""
        return await self._of_referral(case, referral, "escalation", happened, {"to_role": to_role})

    async def enter_in_error(self, case: Referrals, referral: UUID, *, happened: Happened) -> Referrals:
        """Felregistrerad: nothing that was told of it counts."""
        return await self._of_referral(case, referral, "error", happened)

    async def report_deviation(
        self, case: Referrals, referral: UUID, *, happened: Happened, scope: str, kind: str, observed_on: date, to_role: str
    ) -> Referrals:
        """Avvikelse."""
        said = {"scope": scope, "kind": kind, "observed_on": observed_on, "to_role": to_role}
        return await self._of_referral(case, referral, "deviations", happened, said)

    async def acknowledge_deviation(self, case: Referrals, referral: UUID, deviation: UUID, *, happened: Happened) -> Referrals:
        """Avvikelse mottagen."""
        return await self._of_referral(case, referral, f"deviations/{deviation}/acknowledgement", happened)

    async def handle_deviation(self, case: Referrals, referral: UUID, deviation: UUID, *, happened: Happened) -> Referrals:
        """Avvikelse hanterad."""
        return await self._of_referral(case, referral, f"deviations/{deviation}/handling", happened)

    async def case(self, case_id: UUID) -> Referrals:
        """The referrals of a case as they are now."""
        return Referrals.model_validate(await self._get(f"/cases/{case_id}"))

    async def referrals(self, *, to_function: str | None = None, state: str | None = None) -> AsyncIterator[ListedReferral]:
        """Every referral that fits, in the order of drafting."""
        async for page in self._pages("/referrals", {"to_function": to_function, "state": state}):
            for referral in page["referrals"]:
                yield ListedReferral.model_validate(referral)

    async def worklist(
        self, *, to_function: str | None = None, reason: str | None = None, due_by: date | None = None
    ) -> AsyncIterator[ReferralTask]:
        """Everything that waits for the token's side, the most urgent first."""
        async for page in self._pages("/worklist", {"to_function": to_function, "reason": reason, "due_by": due_by}):
            for task in page["tasks"]:
                yield ReferralTask.model_validate(task)

    async def conflicts(self) -> AsyncIterator[Conflict]:
        """Korsande besked that no human has settled, the oldest first; for the senders' staff."""
        async for page in self._pages("/conflicts", {}):
            for conflict in page["conflicts"]:
                yield Conflict.model_validate(conflict)

    async def settle_conflict(self, number: int) -> None:
        """A human has looked at what crossed, and done what was to be done."""
        with suppress(Unshown):  # its answer never shows anything
            await self._tell(f"/conflicts/{number}/settlement", None, {})

    async def programmes(self, *, to_function: str | None = None) -> AsyncIterator[Programme]:
        """Every programme that fits, in the order of registration, with its places."""
        async for page in self._pages("/programmes", {"to_function": to_function}):
            for programme in page["programmes"]:
                yield Programme.model_validate(programme)

    async def programme(self, programme_id: UUID) -> WholeProgramme:
        """A programme with its waiting list and its blocked places."""
        return WholeProgramme.model_validate(await self._get(f"/programmes/{programme_id}"))

    async def register_programme(
        self,
        *,
        provider: UUID,
        to_function: str,
        insats_kind: str,
        target_group: str,
        opens_on: date,
        closes_on: date,
        seats: int,
        grouping: str = "none",
    ) -> WholeProgramme:
        """Utförarens program: so many seats at once, and nobody starts outside its period."""
        of = {"provider": provider, "to_function": to_function, "insats_kind": insats_kind, "target_group": target_group}
        holds = {"opens_on": opens_on, "closes_on": closes_on, "seats": seats, "grouping": grouping}
        return WholeProgramme.model_validate(await self._tell("/programmes", None, of | holds))

    async def plan_group(self, programme_id: UUID, *, happened: Happened, starts_on: date, weeks: int, seats: int) -> WholeProgramme:
        """Gruppstart planerad."""
        said = {"starts_on": starts_on, "weeks": weeks, "seats": seats}
        return WholeProgramme.model_validate(await self._tell(f"/programmes/{programme_id}/groups", happened, said))

    async def report_capacity(self, programme_id: UUID, *, happened: Happened, status: str) -> WholeProgramme:
        """Kapacitet, as the provider says."""
        return WholeProgramme.model_validate(await self._tell(f"/programmes/{programme_id}/capacity", happened, {"status": status}))

    async def _of_referral(
        self, case: Referrals, referral: UUID, step: str, happened: Happened, said: Mapping[str, Any] | None = None
    ) -> Referrals:
        path = f"/cases/{case.case_id}/referrals/{referral}/{step}"
        return Referrals.model_validate(await self._tell(path, happened, said or {}, case.version))
