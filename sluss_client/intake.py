"""The client of intake: a method for each operation, each request sent once however often it has to be sent."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

from sluss_client.answers import Arrivals, Case, Caseload, Fact, Handling, Household, ImportedItem, Task, Worker
from sluss_client.connection import Connection, Happened, moment, plain

BATCH_PATIENCE_S: Final = 120.0


class IntakeClient(Connection):
    """Intake over HTTP. Use it as `async with IntakeClient(url, token) as intake`.

    `token`: an access token, or a function that gives a fresh one. A request carries an Idempotency-Key of its own, so it is sent again
    after a fault of the network and has one effect. `building_on`: refuse (`version_mismatch`) if the case has changed since that answer.
    Every method raises Refusal, Unshown for what is done in a case that the token may not see, and httpx.TransportError when the service
    cannot be reached after several tries.
    """

    PREFIX: ClassVar[str] = "/intake"

    async def register_contact(
        self,
        *,
        happened: Happened,
        channel: str,
        person_ref: UUID | None = None,
        household_ref: UUID | None = None,
        source_system: str = "intake",
        source_ref: str | None = None,
        known_from: date | None = None,
    ) -> Case:
        """Första kontakt."""
        said = {"channel": channel, "person_ref": person_ref, "household_ref": household_ref}
        known = {"source_system": source_system, "source_ref": source_ref, "known_from": known_from}
        return await self._post("/cases", happened, said | known)

    async def receive_application(
        self,
        *,
        happened: Happened,
        kind: str,
        channel: str,
        period_from: date,
        period_to: date,
        case_id: UUID | None = None,
        person_ref: UUID | None = None,
        household_ref: UUID | None = None,
        hindrance: str | None = None,
        not_assigned_because: str | None = None,
        source_system: str = "intake",
        source_ref: str | None = None,
        building_on: Case | None = None,
    ) -> Case:
        """Ansökan: in a case of which the id is known, else in the one of the person, or a new one."""
        path = f"/cases/{case_id}/applications" if case_id else "/applications"
        said = {"kind": kind, "channel": channel, "period_from": period_from, "period_to": period_to, "hindrance": hindrance}
        known = {"person_ref": person_ref, "household_ref": household_ref, "source_system": source_system, "source_ref": source_ref}
        return await self._post(path, happened, said | known | {"not_assigned_because": not_assigned_because}, building_on)

    async def apply_together(
        self,
        household_ref: UUID,
        *,
        happened: Happened,
        kind: str,
        channel: str,
        period_from: date,
        period_to: date,
        adults: Sequence[Mapping[str, Any]],
        source_system: str = "intake",
    ) -> Household:
        """Gemensam ansökan: of each adult `person_ref` and `role`, and as it is `hindrance`, `not_assigned_because`, `source_ref`."""
        body = {
            "happened": moment(happened),
            "kind": kind,
            "channel": channel,
            "period_from": str(period_from),
            "period_to": str(period_to),
        }
        said = [{name: plain(value) for name, value in adult.items() if value is not None} for adult in adults]
        headers = {"Idempotency-Key": str(uuid4())}
        path = f"/households/{household_ref}/applications"
        return Household.model_validate(
            await self._ask("POST", path, headers, json=body | {"adults": said, "source_system": source_system})
        )

    async def household(self, household_ref: UUID) -> Household:
        """Every case of a household, with the roles of its adults."""
        return Household.model_validate(await self._get(f"/households/{household_ref}"))

    async def request_completion(self, case: Case, application: UUID, *, happened: Happened, due_on: date) -> Case:
        """Begär komplettering."""
        return await self._of_application(case, application, "completion-requests", happened, {"due_on": due_on})

    async def complete_application(self, case: Case, application: UUID, *, happened: Happened) -> Case:
        """Ansökan komplett."""
        return await self._of_application(case, application, "completion", happened)

    async def withdraw_application(self, case: Case, application: UUID, *, happened: Happened) -> Case:
        """Ansökan återtagen."""
        return await self._of_application(case, application, "withdrawal", happened)

    async def start_assessment(self, case: Case, application: UUID, *, happened: Happened, kind: str) -> Case:
        """Utredning inledd."""
        return await self._of_application(case, application, "assessment-start", happened, {"kind": kind})

    async def complete_assessment(self, case: Case, application: UUID, *, happened: Happened, kind: str) -> Case:
        """Utredning avslutad."""
        return await self._of_application(case, application, "assessment-completion", happened, {"kind": kind})

    async def make_decision(
        self,
        case: Case,
        application: UUID,
        *,
        happened: Happened,
        outcome: str,
        decided_by_role: str,
        support_from: date | None = None,
        support_to: date | None = None,
        automated: bool = False,
    ) -> Case:
        """Beslut; the token needs the authority to decide."""
        said = {"outcome": outcome, "decided_by_role": decided_by_role, "automated": automated}
        period = {"support_from": support_from, "support_to": support_to}
        return await self._of_application(case, application, "decision", happened, said | period)

    async def code_hindrance(self, case: Case, *, happened: Happened, code: str) -> Case:
        """Koda försörjningshinder."""
        return await self._of_case(case, "hindrance", happened, {"code": code})

    async def check_pes(self, case: Case, *, happened: Happened, result: str, registered_since: date | None = None) -> Case:
        """Inskrivningskontroll hos Arbetsförmedlingen."""
        return await self._of_case(case, "pes-checks", happened, {"result": result, "registered_since": registered_since})

    async def observe_insats(
        self,
        case: Case,
        *,
        kind: str,
        started_on: date,
        provider_role: str,
        ended_on: date | None = None,
        planned_hours_per_week: int | None = None,
    ) -> Case:
        """Pågående insats funnen."""
        said = {"kind": kind, "started_on": started_on, "provider_role": provider_role}
        return await self._of_case(
            case, "observed-insatser", None, said | {"ended_on": ended_on, "planned_hours_per_week": planned_hours_per_week}
        )

    async def assign_case(self, case: Case, *, happened: Happened, unit: str, role: str) -> Case:
        """Tilldela ärendet by hand."""
        return await self._of_case(case, "responsibility", happened, {"unit": unit, "role": role})

    async def agree_plan(self, case: Case, *, happened: Happened, next_follow_up_on: date) -> Case:
        """Handlingsplan överenskommen."""
        return await self._of_case(case, "plan", happened, {"next_follow_up_on": next_follow_up_on})

    async def hold_follow_up(self, case: Case, *, happened: Happened, next_follow_up_on: date) -> Case:
        """Uppföljning hållen."""
        return await self._of_case(case, "plan/follow-ups", happened, {"next_follow_up_on": next_follow_up_on})

    async def expire_plan(self, case: Case, *, happened: Happened) -> Case:
        """Handlingsplan upphörd."""
        return await self._of_case(case, "plan/expiry", happened)

    async def attend_intro_days(self, case: Case, *, happened: Happened) -> Case:
        """Introdagar genomförda."""
        return await self._of_case(case, "introduction-days", happened)

    async def hold_planning_meeting(self, case: Case, *, happened: Happened) -> Case:
        """Planeringssamtal hållet."""
        return await self._of_case(case, "planning-meetings", happened)

    async def issue_assignment(
        self, case: Case, *, happened: Happened, mode: str, insats_kind: str, basis: str, planned_hours_per_week: int | None = None
    ) -> Case:
        """Anvisning."""
        said = {"mode": mode, "insats_kind": insats_kind, "basis": basis, "planned_hours_per_week": planned_hours_per_week}
        return await self._of_case(case, "assignments", happened, said)

    async def answer_assignment(self, case: Case, assignment: UUID, *, happened: Happened, answer: str) -> Case:
        """Anvisning besvarad."""
        return await self._of_case(case, f"assignments/{assignment}/answer", happened, {"answer": answer})

    async def facts(self, case_id: UUID) -> Sequence[Fact]:
        """Every fact of a case as it was told, in its order."""
        return [Fact.model_validate(each) for each in (await self._get(f"/cases/{case_id}/facts"))["facts"]]

    async def correct(
        self, case: Case, event_id: UUID, *, happened: Happened | None = None, fields: Mapping[str, Any] | None = None
    ) -> Case:
        """Rättelse: replaces a fact by the same with something said otherwise; with neither `happened` nor `fields` it was in error."""
        if happened is None and fields is None:
            return await self._of_case(case, "corrections", None, {"event_id": event_id, "entered_in_error": True})
        when = {"happened": moment(happened)} if happened else {}
        said = {name: plain(value) for name, value in (fields or {}).items()}
        return await self._of_case(case, "corrections", None, {"event_id": event_id, "replacement": {**when, "fields": said}})

    async def mark_duplicate(self, case: Case, *, of: UUID) -> Case:
        """Markera som dubblett of another case."""
        return await self._of_case(case, "duplicate", None, {"of": of})

    async def unmark_duplicate(self, case: Case) -> Case:
        """Häv dubblettmarkering."""
        return await self._of_case(case, "duplicate/undoing", None)

    async def close_case(self, case: Case, *, happened: Happened, reason: str) -> Case:
        """Avsluta ärendet."""
        return await self._of_case(case, "closing", happened, {"reason": reason})

    async def reopen_case(self, case: Case, *, happened: Happened, reason: str = "closed_in_error") -> Case:
        """Återöppna ärendet."""
        return await self._of_case(case, "reopening", happened, {"reason": reason})

    async def import_batch(self, source_system: str, items: Sequence[Mapping[str, Any]]) -> Sequence[ImportedItem]:
        """Leverans: `items` as the API takes them, each with your own key; what became of each. May be delivered again at any time."""
        body = {"source_system": source_system, "items": _written(items)}
        answer = await self._ask("POST", "/imports", {}, json=body, timeout=BATCH_PATIENCE_S)
        return [ImportedItem.model_validate(each) for each in answer["items"]]

    async def case(self, case_id: UUID) -> Case:
        """The case as it is now."""
        return Case.model_validate(await self._get(f"/cases/{case_id}"))

    async def case_known_as(self, source_system: str, source_ref: str) -> Case | None:
        """The case that your own system knows by this reference."""
        found = (await self._get("/cases", source_system=source_system, source_ref=source_ref))["cases"]
        return Case.model_validate(found[0]) if found else None

    async def cases(
        self, *, unit: str | None = None, status: str | None = None, person_ref: UUID | None = None, household_ref: UUID | None = None
    ) -> AsyncIterator[Case]:
        """Every case that fits, in the order of registration."""
        asked = {"unit": unit, "status": status, "person_ref": person_ref, "household_ref": household_ref}
        async for page in self._pages("/cases", asked):
            for case in page["cases"]:
                yield Case.model_validate(case)

    async def worklist(self, *, unit: str | None = None, reason: str | None = None, due_by: date | None = None) -> AsyncIterator[Task]:
        """Everything that waits, the most urgent first."""
        async for page in self._pages("/worklist", {"unit": unit, "reason": reason, "due_by": due_by}):
            for task in page["tasks"]:
                yield Task.model_validate(task)

    async def register_worker(self, worker_ref: UUID, *, unit: str, experience: str, away: bool = False) -> Worker:
        """Handläggare, new or changed; the token needs the role of a manager. `worker_ref`: a random one, of which you know whose it is."""
        said = {"unit": unit, "experience": experience, "away": away}
        return Worker.model_validate(await self._ask("PUT", f"/workers/{worker_ref}", {}, json=said))

    async def remove_worker(self, worker_ref: UUID) -> None:
        """A worker who left: nobody has their cases then. The token needs the role of a manager."""
        await self._ask("DELETE", f"/workers/{worker_ref}", {})

    async def hand_over(self, case_id: UUID, worker_ref: UUID | None, *, case_type: str = "income_support") -> Handling:
        """Who has a case from now on (None: nobody), and of which type it is."""
        said = {"worker_ref": plain(worker_ref), "case_type": case_type}
        return Handling.model_validate(await self._ask("PUT", f"/cases/{case_id}/handling", {}, json=said))

    async def caseload(self) -> Caseload:
        """Ärendebelastning now; the token needs the role of a manager."""
        return Caseload.model_validate(await self._get("/caseload"))

    async def arrivals(self, weeks: int = 12) -> Arrivals:
        """Inflöde: so many complete weeks and the present one, with what became of each week's cases."""
        return Arrivals.model_validate(await self._get("/arrivals", weeks=weeks))

    async def _of_application(
        self, case: Case, application: UUID, step: str, happened: Happened, said: Mapping[str, Any] | None = None
    ) -> Case:
        return await self._post(f"/cases/{case.case_id}/applications/{application}/{step}", happened, said or {}, case)

    async def _of_case(self, case: Case, step: str, happened: Happened | None, said: Mapping[str, Any] | None = None) -> Case:
        return await self._post(f"/cases/{case.case_id}/{step}", happened, said or {}, case)

    async def _post(self, path: str, happened: Happened | None, said: Mapping[str, Any], building_on: Case | None = None) -> Case:
        version = building_on.version if building_on else None
        return Case.model_validate(await self._tell(path, happened, said, version))


def _written(value: Any) -> Any:
    """The same in JSON's own types, however deep: days, instants and references are written out."""
    if isinstance(value, Mapping):
        return {name: _written(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    return value.isoformat() if isinstance(value, date) else plain(value)
