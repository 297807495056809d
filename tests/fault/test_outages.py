"""Outages under load, each on a lane of its own, all at once: all goes on by itself, and nothing is lost, doubled, disordered, invented."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from deploy.local.record import StreetRecord
from tests.fault.judge import disordered, doubled, invented, lost
from tests.fault.lane import SERVICES, Lived, live
from tests.fault.ledger import Outcome
from tests.fault.machine import FalseClock, faketime, require
from tests.fault.processes import forge
from tests.fault.stories import STORIES, clock_steps_back, zombie_relay
from tests.street import Servers

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first test that asks waits for every lane
each_place = pytest.mark.parametrize("place", ["outbox", "topic", "leadtimes"])


@pytest.fixture(scope="module")
async def all_lived(street: StreetRecord, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Lived]]:
    """Every story that this machine can tell, all at the same time."""
    folder, library = tmp_path_factory.mktemp("lanes"), faketime()
    clocks = {service: FalseClock(library, folder / f"{service}.clock") for service in SERVICES} if library else {}
    for clock in clocks.values():
        clock.step(0)
    async with AsyncExitStack() as stack:
        forges = {service: await stack.enter_async_context(forge(service)) for service in SERVICES}
        false = {service: await stack.enter_async_context(forge(service, clock.env)) for service, clock in clocks.items()}
        lives = {
            name: live(street, servers, folder, *((false, story, clocks) if story is clock_steps_back else (forges, story, {})))
            for name, story in STORIES.items()
            if library or story is not clock_steps_back
        }
        yield dict(zip(lives, await asyncio.gather(*lives.values()), strict=True))


@pytest.fixture(params=STORIES)
def lived(request: pytest.FixtureRequest, all_lived: dict[str, Lived]) -> Lived:
    """What one lane left behind."""
    require(request.param in all_lived, "Debian's package faketime is not installed")
    return all_lived[request.param]


def test_the_load_was_real(lived: Lived) -> None:
    outcomes = Counter(each.outcome for each in lived.promised)
    assert outcomes[Outcome.OK] > 20
    assert outcomes[Outcome.FAILED] > 3


@each_place
def test_nothing_is_lost_doubled_disordered_or_invented(lived: Lived, place: str) -> None:
    promised, lying = lived.promised, lived.lying[place]
    assert [breach for question in (lost, doubled, disordered, invented) for breach in question(promised, lying)] == []
    assert Counter(lying) == Counter(lived.lying["outbox"])


def test_nothing_is_quarantined_or_in_conflict_and_all_kept_events_fold_to_what_is_stored(lived: Lived) -> None:
    assert lived.alarms == {"quarantine": 0, "id_conflict": 0}
    assert lived.differing == 0


def test_no_service_ended_by_itself(lived: Lived) -> None:
    assert lived.deaths == []


@pytest.mark.parametrize("lived", [zombie_relay.__name__], indirect=True)
def test_the_relay_that_came_to_life_again_told_what_another_had_told_before(lived: Lived) -> None:
    assert lived.told_again > 0


@pytest.mark.parametrize("lived", [clock_steps_back.__name__], indirect=True)
def test_a_service_whose_clock_is_an_hour_back_refuses_a_token_of_its_future_and_says_so_in_its_log(lived: Lived) -> None:
    assert (lived.seen["fresh token"], lived.seen["older token"]) == (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND)
    assert "issued in the future: the clock here is behind" in lived.seen["log"]


@pytest.mark.parametrize("lived", [clock_steps_back.__name__], indirect=True)
def test_a_simulated_clock_never_goes_back(lived: Lived) -> None:
    assert lived.seen["simulated times"] == sorted(lived.seen["simulated times"])
