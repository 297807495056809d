"""An import killed between two of its items, and before one commits: delivered again, everything is there once."""

import asyncio
from pathlib import Path

import httpx
import pytest

from deploy.local.record import StreetRecord
from shared.crash import CrashPoint
from tests.fault.processes import Place, dies_at, forge, running
from tests.integration.intake.test_imports import several
from tests.street import House, token

pytestmark = pytest.mark.long
CASES = 5
DEATHS = ((CrashPoint.API_AFTER_COMMIT, 4), (CrashPoint.API_BEFORE_COMMIT, 5), (CrashPoint.API_BEFORE_ANSWER, 1))
DONE = "SELECT count(*) FROM import_item"
FACTS = "SELECT split_part(type, '.', 4) AS fact, count(*) AS n FROM outbox GROUP BY 1"


async def deliver(place: Place, street: StreetRecord) -> list[str]:
    """Delivers until it is answered; what became of each item then."""
    headers = {"authorization": f"Bearer {token(street, 'intake-staff', 'intake-decider')}"}
    async with httpx.AsyncClient(base_url=place.url, headers=headers, timeout=60, trust_env=False) as client:
        while True:
            try:
                answer = await client.post("/intake/imports", json={"source_system": "case_system", "items": several(CASES)})
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == httpx.codes.OK:
                return [each["outcome"] for each in answer.json()["items"]]
            await asyncio.sleep(0.1)


async def test_killed_in_the_middle_and_delivered_again_everything_is_done_once(
    street: StreetRecord, empty_house: House, tmp_path: Path
) -> None:
    done = []
    async with forge("intake") as made:
        place = Place("intake", made, street, empty_house, tmp_path / "intake.log")
        delivering = asyncio.create_task(deliver(place, street))
        for point, visit in DEATHS:
            assert await dies_at(place, point, visit, 60)
            done.append(await empty_house.db.fetchval(DONE))
        async with running(place):
            assert set(await delivering) == {"again"}, "the last death came when all was done, before the answer"
    assert done == [4, 8, 3 * CASES]
    facts = {row["fact"]: row["n"] for row in await empty_house.db.fetch(FACTS)}
    assert [facts[told] for told in ("first-contact-registered", "application-received", "decision-made")] == [CASES] * 3
