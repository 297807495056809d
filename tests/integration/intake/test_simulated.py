"""The simulator's acts at the real intake: each once however often it is sent, corrections of what was meant, a refusal said plainly."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.integration.intake.conftest import NOW, Intake
from tests.integration.intake.test_client import Flaky
from tools.api import Refused
from tools.simulation import play
from tools.simulation.acts import Act
from tools.simulation.diary import Diary
from tools.simulation.play import Player

DAY = NOW.date()
ON = {"happened": {"on": DAY.isoformat()}}
APPLIED = {"channel": "e_service", "period_from": "2026-01-01", "period_to": "2026-01-31"}
STORY = [
    Act(DAY, 1, 0, "contact", {**ON, "person_ref": str(UUID(int=7)), "channel": "phone", "source_system": "intake"}),
    Act(DAY, 1, 1, "application", {**ON, **APPLIED, "kind": "new", "hindrance": "unemployed"}, late_facts=2),
    Act(DAY, 1, 2, "renewal", {**ON, **APPLIED, "channel": "letter", "kind": "renewal"}),
    Act(DAY, 1, 3, "pes_check", {**ON, "result": "unknown"}),
    Act(DAY, 1, 4, "correction", {"fact": "application-received", "fields": {"channel": "letter"}}),
    Act(DAY, 1, 5, "correction", {"fact": "pes-checked"}),
]


@pytest.fixture
async def lossy(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """Intake over a network that loses the answer to every second request."""
    monkeypatch.setattr(play, "PAUSE_S", 0)
    headers = {"Authorization": intake.staff.headers["authorization"]}
    async with httpx.AsyncClient(transport=Flaky(httpx.ASGITransport(intake.app)), base_url="http://intake.test", headers=headers) as http:
        yield http


async def facts(intake: Intake) -> list[dict[str, Any]]:
    [case] = (await intake.staff.get("/intake/cases")).json()["cases"]
    return list((await intake.staff.get(f"/intake/cases/{case['case_id']}/facts")).json()["facts"])


async def test_each_act_is_done_once_however_often_it_is_sent_and_so_is_the_whole_day(intake: Intake, lossy: httpx.AsyncClient) -> None:
    diary = Diary()
    await Player(lossy, 1, diary).type_day(STORY)
    told = await facts(intake)
    corrected = [(each["fact"], each["fields"].get("channel")) for each in told if not each["in_force"]]
    assert corrected == [("application-received", "e_service"), ("pes-checked", None)]
    assert diary.counts == {"late": 2, "corrected": 2, "duplicates": 0}
    assert diary.acts == len(STORY)
    await Player(lossy, 1, Diary()).type_day(STORY[:4])
    assert await facts(intake) == told
    await Player(lossy, 2, Diary()).type_day(STORY[:4])
    assert len(await facts(intake)) > len(told)


async def test_what_intake_refuses_ends_the_day_with_its_words(intake: Intake) -> None:
    player = Player(intake.staff, 1, Diary())
    await player.type_day(STORY[:1])
    with pytest.raises(Refused, match="not allowed") as refused:
        await player.type_day([Act(DAY, 1, 1, "plan", {**ON, "next_follow_up_on": "2026-03-01"})])
    assert refused.value.status == 409


async def test_open_cases_are_counted_over_every_page(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "PAGE", 2)
    player = Player(intake.staff, 1, Diary())
    person = STORY[0].body
    await player.type_day([Act(DAY, spell, 0, "contact", {**person, "person_ref": str(UUID(int=spell))}) for spell in range(5)])
    assert await player.open_cases() == 5
