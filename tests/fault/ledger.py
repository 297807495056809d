"""The ledger: what clients asked and were promised, on disk before anybody relies on it. It judges; services are never asked.

One JSON line each time something is known. `ok`: promised. `failed`: refused, so it must not happen. `unknown` (the service
died, or could not say): 0 or 1 effect, never 2. Every request carries a mark of its own (its `household_ref`), which its event repeats.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID, uuid4

import httpx

from shared.clock import real_now

LONG_AGO = "1990-01-15T09:00:00+01:00"
AGAIN_S = 0.05
IN_FLIGHT = "urn:sluss:error:idempotency_in_flight"
MONTH = {"kind": "new", "channel": "phone", "period_from": "2026-01-01", "period_to": "2026-01-31"}


class Outcome(StrEnum):
    """What a client knows of its request."""

    ASKED = "asked"  # and nothing came back yet; if that stays so, it is as good as unknown
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Request:
    """One thing that was asked, under one key, however often. `closes`: a contact long ago, whose case a timer closes at once."""

    mark: UUID
    outcome: Outcome
    case: UUID | None
    closes: bool


class Ledger:
    """Written by the client, line by line, each on disk before the client goes on."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, mark: UUID, outcome: Outcome, case: UUID | None, closes: bool) -> None:
        """Adds what is known now. When it returns, it survives a crash of this machine."""
        line = {"mark": str(mark), "outcome": outcome, "case": str(case) if case else None, "closes": closes}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """The ledger in a file; what is in it already stays."""
    with path.open("a", encoding="utf-8") as file:
        yield Ledger(file)


def read(path: Path) -> list[Request]:
    """Every request in the order of first asking, with the last that is known of it."""
    known: dict[UUID, Request] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        mark = UUID(told["mark"])
        known[mark] = Request(mark, Outcome(told["outcome"]), UUID(told["case"]) if told["case"] else None, told["closes"])
    return list(known.values())


class GaveUp(Exception):
    """The client does not ask again, and will never know."""


class Clients:
    """People at intake's API. Who does not know asks again with the same key; every third such time they leave it at that.

    What they tell of happened `ago`, or, to be refused, will happen tomorrow.
    """

    def __init__(self, url: str, token: str, ledger: Ledger, *, pause_s: float, ago: timedelta = timedelta()) -> None:
        self._url, self._token, self._ledger, self._pause_s, self._ago = url, token, ledger, pause_s, ago
        self._cases = self._unknowns = 0
        self.enough = asyncio.Event()
        self.put_off: list[httpx.Response] = []  # the answers that asked them to come again later

    async def work(self, people: int) -> None:
        """Each person opens one case after the other until `enough`; when it returns, nothing is in flight."""
        headers = {"authorization": f"Bearer {self._token}"}
        async with (
            httpx.AsyncClient(base_url=self._url, headers=headers, timeout=15, trust_env=False) as api,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(people):
                group.create_task(self._one_after_the_other(api))

    async def _one_after_the_other(self, api: httpx.AsyncClient) -> None:
        while not self.enough.is_set():
            self._cases += 1
            with suppress(GaveUp):
                await self._case(api, closes=self._cases % 3 == 0)
            await asyncio.sleep(self._pause_s)

    async def _case(self, api: httpx.AsyncClient, *, closes: bool) -> None:
        now, tomorrow = real_now() - self._ago, real_now() + timedelta(days=1)
        contact = {"happened": {"at": LONG_AGO if closes else now.isoformat()}, "channel": "phone"}
        case = await self._ask(api, "/intake/cases", contact, None, closes)
        if closes:
            return
        for happened in (now, tomorrow, now):  # what has not happened yet is refused
            applied = {"happened": {"at": happened.isoformat()}, **MONTH}
            await self._ask(api, f"/intake/cases/{case}/applications", applied, case, False)

    async def _ask(self, api: httpx.AsyncClient, path: str, body: dict[str, Any], case: UUID | None, closes: bool) -> UUID | None:
        mark, key = uuid4(), str(uuid4())
        self._ledger.write(mark, Outcome.ASKED, case, closes)
        while True:
            try:
                answer = await api.post(path, json={**body, "household_ref": str(mark)}, headers={"idempotency-key": key})
            except httpx.ConnectError:
                await asyncio.sleep(AGAIN_S)  # nobody was there to hear it
                continue
            except httpx.TransportError:
                self._does_not_know(mark, case, closes)
                await asyncio.sleep(AGAIN_S)
                continue
            if answer.is_success:
                case = UUID(answer.json()["case_id"])
                self._ledger.write(mark, Outcome.OK, case, closes)
                return case
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                self.put_off.append(answer)
                self._does_not_know(mark, case, closes)
            elif answer.json()["type"] != IN_FLIGHT:
                assert answer.is_client_error, answer.text
                self._ledger.write(mark, Outcome.FAILED, case, closes)
                return case
            await asyncio.sleep(AGAIN_S)

    def _does_not_know(self, mark: UUID, case: UUID | None, closes: bool) -> None:
        self._ledger.write(mark, Outcome.UNKNOWN, case, closes)
        self._unknowns += 1
        if self._unknowns % 3 == 0:
            raise GaveUp


def those(requests: Iterable[Request], outcome: Outcome) -> list[Request]:
    """The requests with this outcome."""
    return [each for each in requests if each.outcome is outcome]
