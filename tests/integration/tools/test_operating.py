"""What an operator does when something is wrong: a stopped service, a bad record, a state that is not what its events say."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from deploy.kafka.topics import ADMIN
from deploy.local.record import StreetRecord
from shared.postgres import Database
from tests.integration.tools.conftest import Sluss, a_case, a_referral
from tests.street import free_port
from tools.cli import sluss


@pytest.mark.parametrize("command", [["waits", "some"], ["leadtimes"], ["quarantine"], ["rebuild"]])
def test_with_leadtimes_stopped_a_command_says_so(street: StreetRecord, tmp_path: Path, command: list[str]) -> None:
    record = json.loads((street.folder / "street.json").read_text())
    record["services"]["leadtimes"]["url"] = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "street.json").write_text(json.dumps(record))
    result = CliRunner(env={"SLUSS_STREET": str(tmp_path)}).invoke(sluss, command)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: leadtimes does not answer.")


DRAW = ["--rule", "assessment_to_start", "--n", "3"]


async def unreadable_record(street: StreetRecord) -> str:
    """Puts a record on the bus that nobody can read; answers its place."""
    producer = AIOKafkaProducer(**street.broker.access(ADMIN).options())
    await producer.start()
    sent = await producer.send_and_wait("history-events", b"{", headers=[("ce_type", b"\xff")])
    await producer.stop()
    return f"{sent.topic}/{sent.partition}/{sent.offset}"


async def quarantined(run: Sluss, place: str) -> list[int]:
    records = json.loads((await run("quarantine", "--format", "json")).stdout)
    return [each["id"] for each in records if f"{each['topic']}/{each['partition']}/{each['offset']}" == place]


async def test_a_record_that_cannot_be_read_is_listed_played_again_and_given_up(run: Sluss, street: StreetRecord) -> None:
    place = await unreadable_record(street)
    while not (numbers := await quarantined(run, place)):
        await asyncio.sleep(0.1)
    number = str(numbers[0])
    listed = await run("quarantine")
    assert place in listed.stdout
    assert "header_not_utf8" in listed.stdout
    assert (await run("redrive", number)).exit_code == 1
    assert (await run("discard", number, "--reason", "x")).exit_code == 2
    assert (await run("discard", number, "--reason", "A test made it.")).exit_code == 0
    assert await quarantined(run, place) == []
    assert (await run("discard", number, "--reason", "A test made it.")).exit_code == 2
    assert (await run("redrive", number)).exit_code == 2


async def test_verify_finds_the_stored_state_that_its_events_do_not_give(
    run: Sluss, street: StreetRecord, intake: Database, referrals: Database
) -> None:
    case, referred = a_case(street), a_referral(street)
    sound = await run("verify")
    assert (sound.exit_code, sound.stdout.count(", 0 differ")) == (0, 3), sound.stdout
    for db, stream, other in ((intake, case, {"person_ref": str(uuid4())}), (referrals, referred, {"referrals": {}})):
        row: Any = await db.fetchrow("SELECT version, body FROM state WHERE stream = $1", stream)
        for wrong in ({**row["body"], **other}, row["body"]):
            version = row["version"] + (wrong == row["body"])
            await db.execute("UPDATE state SET body = $2, version = $3 WHERE stream = $1", stream, wrong, version)
            try:
                found = await run("verify")
            finally:
                await db.execute("UPDATE state SET body = $2, version = $3 WHERE stream = $1", stream, row["body"], row["version"])
            assert found.exit_code == 1
            assert f"case {stream} differs" in found.stdout


async def test_rebuild_says_how_many_cases_it_made_anew(run: Sluss) -> None:
    result = await run("rebuild")
    assert result.exit_code == 0
    assert "made anew" in result.stdout


async def test_lead_times_are_shown_in_each_format(run: Sluss) -> None:
    table, document, rows = [
        await run("leadtimes", "--measure", "L04", "--by", "channel", "--format", each) for each in ("table", "json", "csv")
    ]
    assert table.stdout.startswith("L04  first contact to decision")
    assert json.loads(document.stdout)["measure"] == "L04"
    assert rows.stdout.startswith("measure,as_of,known_at,rule_set,completed.n,")
    assert (await run("leadtimes", "--as-of", "yesterday")).exit_code == 2


async def test_the_caseload_is_shown_in_each_format(run: Sluss, street: StreetRecord) -> None:
    a_case(street)
    table, document, rows = [(await run("caseload", "--weeks", "2", "--format", each)).stdout for each in ("table", "json", "csv")]
    found = json.loads(document)
    assert found["caseload"]["total"]["cases"] >= 1
    assert [each["is_complete"] for each in found["arrivals"]["weeks"]] == [True, True, False]
    for said in (
        "Caseload as of",
        "all units",
        found["arrivals"]["weeks"][-1]["week"] + " so far",
        "Little's law over the 2 complete weeks",
    ):
        assert said in table
    assert rows.startswith("part,cases,adults,households,")
    assert [line.partition(",")[0] for line in rows.splitlines()][-4:] == ["total", "week", "week", "week"]
    assert (await run("caseload", "--weeks", "0")).exit_code == 2


async def test_a_sample_is_the_same_for_the_same_seed_and_says_what_it_was_drawn_from(run: Sluss, street: StreetRecord) -> None:
    for _ in range(6):
        a_case(street)
    drawn = [
        json.loads((await run("sample", *asked, "--format", "json")).stdout)
        for asked in (DRAW, DRAW, *([*DRAW, "--seed", f"{n}"] for n in (2, 3, 4)))
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0]["of"] >= 6
    assert len({each["case_id"] for each in drawn[0]["cases"]}) == 3
    assert any(each["cases"] != drawn[0]["cases"] for each in drawn)
    text = (await run("sample", *DRAW)).stdout
    assert all(each["case_id"] in text for each in drawn[0]["cases"])
    unknown = await run("sample", "--rule", "nothing")
    assert (unknown.exit_code, "assessment_to_start" in unknown.stderr) == (2, True)
