"""Types a town's acts at the APIs of intake and referrals, day by day in simulated time: many persons at once, of one in their order."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID, uuid5

import httpx
from httpx import codes

from deploy.local.record import StreetRecord
from shared.clock import LOCAL, local_midnight
from tools.api import NotReachable, Refused, token_for
from tools.clock import StreetClock
from tools.simulation.acts import SHUTS, Act
from tools.simulation.diary import Diary
from tools.simulation.referrals import DIRECT
from tools.simulation.town import Town

AT_ONCE: Final = 8
PATIENCE_S: Final = 30.0
TRIES: Final = 60
PAUSE_S: Final = 1.0
"""Between tries: a part of the street that died is back within half a minute."""
PASSES: Final = (codes.TOO_MANY_REQUESTS, codes.BAD_GATEWAY, codes.SERVICE_UNAVAILABLE, codes.GATEWAY_TIMEOUT)
IN_FLIGHT: Final = "idempotency_in_flight"
HEARD_S: Final = 300.0
"""By then referrals has heard what intake told, also at go-live, when that is thousands of facts at once."""
POLL_S: Final = 0.03
PAGE: Final = 200
KEYS: Final = UUID("6e1c0f0a-7d0b-5c0e-9f67-6d8a0c2b4e11")
OF_APPLICATION: Final = "cases/{case}/applications/{application}"
PATHS: Final = {
    "contact": "cases",
    "application": "cases/{case}/applications",
    "renewal": "cases/{case}/applications",
    "completion_request": f"{OF_APPLICATION}/completion-requests",
    "completion": f"{OF_APPLICATION}/completion",
    "withdrawal": f"{OF_APPLICATION}/withdrawal",
    "assessment_start": f"{OF_APPLICATION}/assessment-start",
    "assessment_completion": f"{OF_APPLICATION}/assessment-completion",
    "decision": f"{OF_APPLICATION}/decision",
    "pes_check": "cases/{case}/pes-checks",
    "plan": "cases/{case}/plan",
    "observed_insats": "cases/{case}/observed-insatser",
    "assignment": "cases/{case}/assignments",
    "closing": "cases/{case}/closing",
    "correction": "cases/{case}/corrections",
    "duplicate": "cases/{case}/duplicate",
}


class Player:
    """Knows the cases and referrals of the spells that it has typed so far.

    `referrals`: whoever types there, by the function they work at; "": the municipality's own staff.
    """

    def __init__(self, http: httpx.AsyncClient, seed: int, diary: Diary, referrals: Mapping[str, httpx.AsyncClient] | None = None) -> None:
        self._http, self._seed, self._diary = http, seed, diary
        self._referrals = referrals or {}
        self._cases: dict[int, dict[str, str]] = {}
        self._drafted: dict[tuple[int, int], str] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def type_day(self, acts: Sequence[Act]) -> None:
        """Everything of one day; one spell's acts one after another. Raises Refused, NotReachable: of several the first.

        Of each spell first what precedes its first act of a referral: meanwhile that is heard of.
        """
        before: dict[int, list[Act]] = {}
        after: dict[int, list[Act]] = {}
        for act in acts:
            (after if act.referral or act.spell in after else before).setdefault(act.spell, []).append(act)
        try:
            for spells in (before, after):
                async with asyncio.TaskGroup() as group:
                    for of_spell in spells.values():
                        group.create_task(self._type(of_spell))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def open_cases(self) -> int:
        """How many cases are open, as intake lists them."""
        found, after = 0, None
        while True:
            page = await self._ask("GET", "cases", params={"status": "open", "limit": PAGE} | ({"after": after} if after else {}))
            found += len(page["cases"])
            after = page["next_after"]
            if after is None:
                return found

    async def _type(self, acts: Sequence[Act]) -> None:
        async with self._at_once:
            assigned = [await self._act(act) for act in acts]
        if self._referrals and any(assigned):
            await self._direct(acts[0].spell)

    async def _act(self, act: Act) -> bool:
        """Types it; answers whether it has led to a direct assignment."""
        known = self._cases.setdefault(act.spell, {})
        if act.referral:
            await self._tell(act, known["case"])
            return False
        match act.what:
            case "correction":
                body = await self._correction(known["case"], act)
            case "duplicate":
                await self._mark(known["case"], act)
                return False
            case "observed_insats":
                body = {name: said for name, said in act.body.items() if name != "happened"}
            case _:
                body = dict(act.body)
        answer = await self._post(act, known, body)
        known["case"] = answer["case_id"]
        if answer["application_ref"]:
            known["application"] = answer["application_ref"]
        self._diary.note(act, known["case"])
        return act.what == "application" and any(each["mode"] == "direct" for each in answer["passage"]["assignments"])

    def lapsed(self, lapses: Mapping[int, tuple[date, str]]) -> None:
        """The cases that a rule has closed meanwhile, each on its day and for its reason."""
        for spell, (on, reason) in lapses.items():
            self._diary.lapsed(self._cases[spell]["case"], on, reason)

    async def _tell(self, act: Act, case: str) -> None:
        """One act of a referral. A draft waits until referrals has heard of the case."""
        staff, body, of = self._referrals[act.by], dict(act.body), (act.spell, act.referral)
        key = self._key(act)
        if act.what == "draft":
            if "successor_of" in body:
                body["successor_of"] = self._drafted[act.spell, body["successor_of"]]
            drafted = await self._once_heard(
                lambda: self._ask("POST", f"cases/{case}/referrals", staff, "referrals", json=body, headers={"Idempotency-Key": key})
            )
            self._drafted[of] = drafted["referral_id"]
        else:
            if of not in self._drafted:
                await self._direct(act.spell)
            place = f"cases/{case}/referrals/{self._drafted[of]}/{act.what}"
            await self._ask("POST", place, staff, "referrals", json=body, headers={"Idempotency-Key": key})
        self._diary.note(act, case)

    async def _direct(self, spell: int) -> None:
        """Waits for the referral that a direct assignment drafts: were it heard of on another day, it would be registered late."""
        self._drafted[spell, DIRECT] = await self._once_heard(lambda: self._draft_of_assignment(self._cases[spell]["case"]))

    async def _draft_of_assignment(self, case: str) -> str:
        """Raises Refused while there is none."""
        found = (await self._ask("GET", f"cases/{case}", self._referrals[""], "referrals"))["referrals"]
        drafts = [str(each["referral_id"]) for each in found if each["assignment_ref"]]
        if not drafts:
            raise Refused(codes.NOT_FOUND, {})
        return drafts[0]

    async def _once_heard(self, ask: Callable[[], Any]) -> Any:
        """Asked again while referrals does not know yet what intake has told. Raises Refused."""
        by = time.monotonic() + HEARD_S
        while True:
            try:
                return await ask()
            except Refused as refused:
                if refused.status != codes.NOT_FOUND or time.monotonic() > by:
                    raise
                await asyncio.sleep(POLL_S)

    async def _correction(self, case: str, act: Act) -> dict[str, Any]:
        """Of the last fact of its kind that does not say already what shall be said."""
        fields = act.body.get("fields", {})
        told = (await self._ask("GET", f"cases/{case}/facts"))["facts"]
        meant = [each for each in told if each["fact"] == act.body["fact"] and each["in_force"]]
        wrong = [each for each in meant if any(each["fields"].get(name) != said for name, said in fields.items()) or not fields]
        return {"event_id": wrong[-1]["event_id"], **({"replacement": {"fields": fields}} if fields else {"entered_in_error": True})}

    async def _mark(self, case: str, act: Act) -> None:
        """The case is the duplicate of another one."""
        await self._post(act, {"case": case}, {"of": self._cases[act.body["of"]]["case"]})
        self._diary.note(act, case)

    async def _post(self, act: Act, known: dict[str, str], body: dict[str, Any]) -> Any:
        return await self._ask("POST", PATHS[act.what].format(**known), json=body, headers={"Idempotency-Key": self._key(act)})

    def _key(self, act: Act) -> str:
        return str(uuid5(KEYS, f"{self._seed}/{act.spell}/{act.number}"))

    async def _ask(self, method: str, path: str, http: httpx.AsyncClient | None = None, service: str = "intake", **sent: Any) -> Any:
        """Asks, and again while it passes by itself: the key is the same, so nothing is done twice. Raises Refused, NotReachable."""
        for _ in range(TRIES):
            try:
                answer = await (http or self._http).request(method, f"/{service}/{path}", **sent)
            except httpx.TransportError:
                await asyncio.sleep(PAUSE_S)
                continue
            if answer.is_success:
                return answer.json()
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            if answer.status_code not in PASSES and not str(problem.get("type", "")).endswith(IN_FLIGHT):
                raise Refused(answer.status_code, problem)
            await asyncio.sleep(PAUSE_S)
        raise NotReachable(f"{service} does not answer. What runs: ./sluss status")


async def play(
    record: StreetRecord, clock: StreetClock, town: Town, seed: int, reach: Callable[[int], None], diary: Diary
) -> dict[date, int]:
    """Types everything, the clock going along; answers how many cases were open at the beginning of each month but the first.

    At the end it is the first instant of the day after, and all is told and heard.
    """
    stock: dict[date, int] = {}
    async with AsyncExitStack() as stack:

        async def staff(service: str, *roles: str) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {token_for(record, roles)}"}
            return await stack.enter_async_context(
                httpx.AsyncClient(base_url=record.services[service].url, headers=headers, timeout=PATIENCE_S, trust_env=False)
            )

        functions = sorted({act.by for act in town.acts if act.by})
        recipients = {each: await staff("referrals", "referrals-recipient", f"function-{each.replace('_', '-')}") for each in functions}
        referrals = {"": await staff("referrals", "referrals-staff"), **recipients}
        player = Player(await staff("intake", "intake-staff", "intake-decider"), seed, diary, referrals)
        month = town.begins
        for day, of_day in groupby(town.acts, key=lambda act: act.typed):
            if day.replace(day=1) != month:
                month = day.replace(day=1)
                stock[month] = await player.open_cases()
            clock.pass_to(datetime.combine(day, SHUTS, LOCAL))
            acts = list(of_day)
            await player.type_day(acts)
            reach(len(acts))
        clock.move_to(local_midnight(town.ends))
        stock[town.ends] = await player.open_cases()
        player.lapsed(town.lapses)
    return stock
