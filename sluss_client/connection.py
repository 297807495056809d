"""The connection to a service: each request sent until it is answered, what it refuses, and what every house answers alike."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TypeAlias
from uuid import uuid4

import httpx

from sluss_client.answers import Change, CodeSet
from sluss_client.refusals import Refusal, Unshown

Token: TypeAlias = str | Callable[[], str]
Happened: TypeAlias = date | datetime
"""A day when no more is known, else an instant with its offset."""
PATIENCE_S: Final = 30.0
TRIES: Final = 6
LONGEST_PAUSE_S: Final = 10.0
PASSES: Final = frozenset({409, 429, 502, 503, 504})
NOTHING_SHOWN: Final = 204
PAGE: Final = 100
SPREAD: Final = random.SystemRandom()


class Connection:
    """A service over HTTP, open while an `async with` block runs. `PREFIX`: where its API begins."""

    PREFIX: ClassVar[str]

    def __init__(self, url: str, token: Token, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._token = token
        self._http = httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, transport=transport, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.aclose()

    async def codes(self) -> dict[str, CodeSet]:
        """Every set of codes with their names, by its own name."""
        return {each["set"]: CodeSet.model_validate(each) for each in (await self._get("/codes"))["sets"]}

    async def changes(self, after: int = 0) -> AsyncIterator[Change]:
        """Every change after a place, until there is none left."""
        while True:
            page = await self._get("/changes", after=after, limit=PAGE)
            for change in page["changes"]:
                yield Change.model_validate(change)
            if len(page["changes"]) < PAGE:
                return
            after = page["next_after"]

    async def follow_changes(self, after: int = 0, *, at_a_time_s: int = 300) -> AsyncIterator[Change]:
        """Every change after a place, and each further one as it happens, for ever. A stream that ends is taken up where it was."""
        path = f"{self.PREFIX}/changes/stream"
        while True:
            headers = self._headers() | {"Last-Event-ID": str(after)}
            try:
                async with self._http.stream("GET", path, headers=headers, params={"for_s": at_a_time_s}) as answer:
                    if answer.status_code in PASSES:
                        raise httpx.ReadError("the service cannot answer at the moment")
                    if answer.is_error:
                        await answer.aread()
                        raise refusal(answer)
                    async for line in answer.aiter_lines():
                        if line.startswith("data: "):
                            change = Change.model_validate(json.loads(line.removeprefix("data: ")))
                            after = change.place
                            yield change
            except httpx.TransportError:
                await asyncio.sleep(1)

    async def _tell(self, path: str, happened: Happened | None, said: Mapping[str, Any], version: int | None = None) -> Any:
        """Says that something happened, under a key of its own; `version`: refused when the case has another by now."""
        body = {name: plain(value) for name, value in said.items() if value is not None}
        if happened is not None:
            body["happened"] = moment(happened)
        headers = {"Idempotency-Key": str(uuid4())} | ({"If-Match": f'"{version}"'} if version is not None else {})
        return await self._ask("POST", path, headers, json=body)

    async def _get(self, path: str, **asked: Any) -> Any:
        params = {name: plain(value) for name, value in asked.items() if value is not None}
        return await self._ask("GET", path, {}, params=params)

    async def _pages(self, path: str, asked: Mapping[str, Any]) -> AsyncIterator[Any]:
        after = None
        while True:
            page = await self._get(path, **asked, after=after, limit=PAGE)
            yield page
            after = page["next_after"]
            if after is None:
                return

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], **what: Any) -> Any:
        """Sends a request, again while it passes by itself: no connection, too many requests, the same key still on its way."""
        for left in reversed(range(TRIES)):
            pause = SPREAD.uniform(0, min(LONGEST_PAUSE_S, 0.2 * 2 ** (TRIES - left)))
            try:
                answer = await self._http.request(method, f"{self.PREFIX}{path}", headers=self._headers() | dict(headers), **what)
            except httpx.TransportError:
                if not left:
                    raise
            else:
                if answer.status_code == NOTHING_SHOWN:
                    raise Unshown
                if answer.is_success:
                    return answer.json()
                refused = refusal(answer)
                if not left or answer.status_code not in PASSES or (answer.status_code == 409 and refused.code != "idempotency_in_flight"):
                    raise refused
                asked = answer.headers.get("Retry-After", "")
                pause = max(pause, float(asked)) if asked.isdigit() else pause
            await asyncio.sleep(pause)
        raise AssertionError("the last try answers or raises")

    def _headers(self) -> dict[str, str]:
        token = self._token if isinstance(self._token, str) else self._token()
        return {"Authorization": f"Bearer {token}"}


def plain(value: Any) -> Any:
    """A value in JSON's own types: a day or a reference is written out."""
    return value if isinstance(value, bool | int | dict | None) else str(value)


def moment(happened: Happened) -> dict[str, str]:
    """When something happened, as the APIs take it."""
    return {"at" if isinstance(happened, datetime) else "on": happened.isoformat()}


def refusal(answer: httpx.Response) -> Refusal:
    """What a service said against a request."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    return Refusal(answer.status_code, problem if isinstance(problem, dict) else {})
