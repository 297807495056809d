"""The desk at which a request becomes a command, and what the domain or the database says against it becomes a Problem."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from services.intake.api.answers import APPLICATION_REF, CASE_ID, CASES, CaseShown, case_shown, next_shown
from services.intake.domain.commands import Typed
from services.intake.domain.steps import NotYet
from services.intake.handlers.cases import Asked, Done, NotAllowed, Ours, Outdated, TakenReference, Unknown, handle
from services.intake.store.cases import Override, SourceRef
from shared.auth import Caller, caller
from shared.changes import may_see_protected
from shared.clock import Clock
from shared.context import begin
from shared.http import etag, expected_version
from shared.idempotency import Key, idempotency_key
from shared.postgres import Database
from shared.problems import Problem

CREATED, DONE = 201, 200
APPLICATION = "/cases/{case_id}/applications/{application_ref}"

PROTECTED = "intake-protected"
UNSHOWN: Final[dict[int | str, dict[str, Any]]] = {
    204: {"description": "Done, in a case that the caller may not see: nothing of it is told"}
}
staff = caller("intake-staff")
CaseId = Annotated[UUID, Path(examples=[CASE_ID])]
ApplicationRef = Annotated[UUID, Path(examples=[APPLICATION_REF])]


@dataclass(frozen=True)
class House:
    """What every request needs of the service."""

    db: Database
    clock: Clock
    ours: Ours


@dataclass(frozen=True)
class Desk:
    """One request being dealt with: `now` is read once, here."""

    house: House
    now: datetime
    who: Caller
    key: Key
    response: Response

    @property
    def sees_protected(self) -> bool:
        """Whether the caller may see cases of protected persons."""
        return PROTECTED in self.who.roles

    async def carry_out(
        self,
        command: Typed,
        status: int,
        case_id: UUID | None = None,
        expected: int | None = None,
        known_as: SourceRef | None = None,
        override: Override | None = None,
    ) -> CaseShown:
        """The case after the command. Raises Problem, as `refusals` says, and Unshown."""
        asked = Asked(command, case_id, expected, known_as, override, self.sees_protected)
        with refusals():
            done = await handle(self.house.db, self.house.ours, self.key, status, asked, begin(self.now, self.who.subject))
        answer = shown(done, self.now, self.response)
        if status == CREATED:
            self.response.headers["Location"] = f"{CASES}/{done.case_id}"
        return answer


async def _desk(
    request: Request, response: Response, who: Annotated[Caller, Depends(staff)], key: Annotated[Key, Depends(idempotency_key)]
) -> Desk:
    house: House = request.app.state.house
    return Desk(house, await house.clock.now(), who, key, response)


At = Annotated[Desk, Depends(_desk)]
sees_protected = may_see_protected(staff, PROTECTED)
SeesProtected = Annotated[bool, Depends(sees_protected)]
"""Whether the caller may see cases of protected persons (role intake-protected): as few as possible (`domain.md` 2.3)."""
Expected = Annotated[int | None, Depends(expected_version)]


@contextmanager
def refusals() -> Iterator[None]:
    """What handlers raise, as a Problem: not_found, version_mismatch, time_in_future, reference_taken, step_not_allowed (with `next`)."""
    try:
        yield
    except Unknown:
        raise Problem("not_found") from None
    except Outdated:
        raise Problem("version_mismatch") from None
    except TakenReference:
        raise Problem("reference_taken") from None
    except NotAllowed as error:
        if isinstance(error.refused, NotYet):
            raise Problem("time_in_future") from None
        if error.case_id is None:
            raise Problem("step_not_allowed", next=[]) from None
        allowed = [each.model_dump(mode="json") for each in next_shown(error.case_id, error.refused.allowed)]
        raise Problem("step_not_allowed", reason=error.refused.message, next=allowed) from None


class Unshown(Exception):
    """What was asked is done, and the caller may not see the case: answered 204."""


async def answer_unshown(_request: Request, _error: Exception) -> Response:
    return Response(status_code=204)


def shown(done: Done, now: datetime, response: Response) -> CaseShown:
    """The answer about a case, with its ETag. Raises Unshown."""
    if not done.seen:
        raise Unshown
    response.headers["ETag"] = etag(done.version)
    return case_shown(done.case_id, done.version, done.case, done.application_ref, now)
