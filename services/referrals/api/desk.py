"""The desk at which a request becomes an act, and what the domain or the database says against it becomes a Problem."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from services.referrals.api.answers import CASE_ID, CASES, DEVIATION_ID, REFERRAL_ID, CaseShown, case_shown, next_shown
from services.referrals.domain.facts import Fact
from services.referrals.domain.rules import Act
from services.referrals.domain.seeing import Seer
from services.referrals.domain.steps import NotYet, Step
from services.referrals.handlers.cases import Asked, Done, NotAllowed, Ours, Outdated, Unknown, actor_of, handle
from shared.auth import Caller, caller
from shared.changes import may_see_protected
from shared.clock import Clock
from shared.context import begin
from shared.http import etag, expected_version
from shared.idempotency import Key, idempotency_key
from shared.postgres import Database
from shared.problems import Problem

CREATED, DONE = 201, 200
PROTECTED, RECIPIENT, FUNCTION = "referrals-protected", "referrals-recipient", "function-"
REFERRAL = "/cases/{case_id}/referrals/{referral_id}"

sender = caller("referrals-staff")
staff = caller("referrals-staff", RECIPIENT)
sees_protected = may_see_protected(sender, PROTECTED)
CaseId = Annotated[UUID, Path(examples=[CASE_ID])]
ReferralId = Annotated[UUID, Path(examples=[REFERRAL_ID])]
DeviationId = Annotated[UUID, Path(examples=[DEVIATION_ID])]


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
    seer: Seer
    key: Key
    response: Response

    async def carry_out(
        self,
        step: Step,
        fact: Fact,
        case_id: UUID,
        expected: int | None,
        overriding: str | None = None,
        status: int = DONE,
        programme_id: UUID | None = None,
    ) -> CaseShown:
        """The referrals of the case after the act. Raises Problem, as `refusals` says."""
        act = Act(step, actor_of(self.seer, step), fact, self.now, overriding)
        asked = Asked(act, case_id, self.seer, expected, programme_id)
        with refusals(self.seer):
            done = await handle(self.house.db, self.house.ours, self.key, status, asked, begin(self.now, self.who.subject))
        if status == CREATED:
            self.response.headers["Location"] = f"{CASES}/{case_id}"
        return shown(done, self.seer, self.response)


def seer_of(who: Caller) -> Seer:
    """Who looks: the senders' staff see all; a recipient's staff what was sent to the functions that their token names."""
    functions = tuple(sorted(role.removeprefix(FUNCTION).replace("-", "_") for role in who.roles if role.startswith(FUNCTION)))
    return Seer(None if "referrals-staff" in who.roles else functions, PROTECTED in who.roles)


async def _seer(who: Annotated[Caller, Depends(staff)]) -> Seer:
    return seer_of(who)


async def _desk(
    request: Request, response: Response, who: Annotated[Caller, Depends(staff)], key: Annotated[Key, Depends(idempotency_key)]
) -> Desk:
    house: House = request.app.state.house
    return Desk(house, await house.clock.now(), who, seer_of(who), key, response)


At = Annotated[Desk, Depends(_desk)]
Looking = Annotated[Seer, Depends(_seer)]
Expected = Annotated[int | None, Depends(expected_version)]


@contextmanager
def refusals(seer: Seer) -> Iterator[None]:
    """What handlers raise, as a Problem: not_found, version_mismatch, time_in_future, step_not_allowed (with `next`)."""
    try:
        yield
    except Unknown:
        raise Problem("not_found") from None
    except Outdated:
        raise Problem("version_mismatch") from None
    except NotAllowed as error:
        if isinstance(error.refused, NotYet):
            raise Problem("time_in_future") from None
        allowed = [each.model_dump(mode="json") for each in next_shown(error.done, seer, error.refused.allowed)]
        raise Problem("step_not_allowed", reason=error.refused.message, next=allowed) from None


def shown(done: Done, seer: Seer, response: Response) -> CaseShown:
    """The answer about a case, with its ETag."""
    answer = case_shown(done, seer)
    response.headers["ETag"] = etag(answer.version)
    return answer
