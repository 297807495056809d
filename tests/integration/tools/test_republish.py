"""`sluss republish` on the street of the run: one case, and what it says of a case or a topic that it cannot send."""

import asyncio
from uuid import UUID, uuid4

import pytest

from contracts.envelope import open_message
from deploy.kafka.topics import ADMIN
from deploy.local.record import StreetRecord
from shared.postgres import Database
from tests.integration.tools.conftest import Sluss, a_case
from tests.street import read_topic
from tools.clock import open_clock


async def on_the_topic(street: StreetRecord, case: UUID) -> list[int]:
    """The sequences of a case as they lie on the topic, when all is told and heard."""
    with open_clock(street) as clock:
        await asyncio.to_thread(clock.rest)
    records = [each for each in await read_topic(street.broker.access(ADMIN), "intake-events", 1) if each.key == str(case).encode()]
    return [open_message(each.headers, each.value).sequence for each in records]


async def test_one_case_goes_again_and_no_other(run: Sluss, street: StreetRecord) -> None:
    case, other = a_case(street), a_case(street)
    told, of_other = await on_the_topic(street, case), await on_the_topic(street, other)  # with what timers have made of it by now
    result = await run("republish", "--case", str(case))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"intake-events: {len(told)} events on the way again.\n")
    assert await on_the_topic(street, case) == [*told, *told]
    assert await on_the_topic(street, other) == of_other


async def test_a_case_that_misses_an_event_is_whole_again(run: Sluss, street: StreetRecord, leadtimes: Database) -> None:
    case = a_case(street)
    await on_the_topic(street, case)
    before = await leadtimes.fetchval("SELECT body FROM clock WHERE case_id = $1", case)
    await leadtimes.execute("DELETE FROM event WHERE stream = $1 AND sequence = 1", case)
    assert (await run("rebuild")).exit_code == 0
    assert await leadtimes.fetchval("SELECT missing FROM clock WHERE case_id = $1", case) == 1
    assert (await run("republish", "--case", str(case))).exit_code == 0
    await on_the_topic(street, case)
    assert await leadtimes.fetchval("SELECT missing FROM clock WHERE case_id = $1", case) == 0
    assert await leadtimes.fetchval("SELECT body FROM clock WHERE case_id = $1", case) == before


async def test_imported_logs_are_kept_by_nobody_and_it_says_so(run: Sluss) -> None:
    result = await run("republish", "--topic", "history-events")
    assert result.exit_code == 0, result.output
    assert "leadtimes begins at its start again" in result.stdout
    assert "history-events has no outbox, so nothing was sent" in result.stdout


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--case", str(uuid4())], "No service has told anything about a case of that id."),
        (["--topic", "unknown-events"], "There is no such topic. These are: history-events, intake-events, referral-events."),
        (["--case", "7"], "is not a valid UUID"),
        ([], "Say either --case ID or --topic T."),
        (["--case", str(uuid4()), "--topic", "intake-events"], "Say either --case ID or --topic T."),
    ],
    ids=["unknown case", "unknown topic", "no id", "neither", "both"],
)
async def test_what_cannot_be_sent_is_refused_with_2(run: Sluss, asked: list[str], says: str) -> None:
    result = await run("republish", *asked)
    assert result.exit_code == 2
    assert says in result.stderr
