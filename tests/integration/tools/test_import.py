"""A log goes through Apache Kafka into leadtimes, once, and its waits are what the oracles say."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.envelope import Envelope, Unreadable, open_message
from contracts.history import LogEventRecordedV1
from deploy.kafka.topics import ADMIN
from deploy.local.record import StreetRecord
from shared.postgres import Database
from tests.integration.tools.conftest import Sluss
from tests.shared_data import shared_file
from tests.street import read_topic, service_client
from tests.unit.leadtimes.test_log_stats import KEYS, differences
from tests.unit.tools.logs import xes
from tools.formats.look import read_events
from tools.history import History, send
from tools.mapping import Mapping
from tools.survey import LogFile, survey

NOON = datetime(2011, 3, 2, 12, tzinfo=UTC)
FIGURES = ("n", "events", "censored", "naive_median_completed_only", "km_median")
BY_KEY = ("km_quantiles", "S", "S_ci95_loglog", "rmst", "open_wait_age_days")
FROM_TO = ("--from", "Confirmation of receipt", "--to", "T05 Print and send confirmation of receipt")


def fresh_name() -> str:
    return f"log-{uuid4().hex}"


def small_log(folder: Path, cases: int = 3) -> Path:
    """A log that nobody has imported before: each case is sent and answered, the case ids are new."""
    file = folder / f"{uuid4().hex}.xes"
    file.write_text(xes((uuid4().hex, [("Sent", NOON), ("Answered", NOON + timedelta(days=day + 1))]) for day in range(cases)))
    return file


async def records_of(street: StreetRecord, log_id: str) -> list[Envelope]:
    """Every event of a log that is on the topic, however often."""
    opened = [open_message(record.headers, record.value) for record in await readable(street)]
    return [each for each in opened if isinstance(each, Envelope) and str(getattr(each.data, "log_id", "")) == log_id]


async def readable(street: StreetRecord) -> Sequence[Any]:
    """What can be read: other tests leave strange records on the topic."""
    found = []
    for record in await read_topic(street.broker.access(ADMIN), "history-events", 1):
        with suppress(Unreadable):
            open_message(record.headers, record.value)
            found.append(record)
    return found


async def conflicts(street: StreetRecord) -> int:
    """How many ids leadtimes has heard with another content than the one it keeps."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return int((await client.get(f"{street.services['leadtimes'].ops}/health")).json()["conflicts"])


async def log_id(run: Sluss, name: str) -> str:
    return str(json.loads((await run("waits", name, "--format", "json")).stdout)["log_id"])


async def waits(run: Sluss, name: str, *asked: str) -> Any:
    result = await run("waits", name, *asked, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def test_receipt_waits_as_the_oracle_says_at_each_of_its_snapshots(run: Sluss) -> None:
    name = fresh_name()
    oracle = json.loads(shared_file("oracles/oracle_km_receipt_T05.json").read_text())
    imported = await run("import", str(shared_file("logs/receipt.xes.gz")), "--name", name)
    assert imported.exit_code == 0, imported.output
    for snapshot in oracle["snapshots"]:
        found = await waits(run, name, *FROM_TO, "--as-of", snapshot["as_of"])
        for figure in FIGURES:
            assert found[figure] == pytest.approx(snapshot[figure], abs=1e-6), figure
        for figure in BY_KEY:
            assert found[figure].keys() == snapshot[figure].keys()
            for key, expected in snapshot[figure].items():
                assert found[figure][key] == pytest.approx(expected, abs=1e-6), (figure, key)


async def test_receipt_s_figures_are_what_the_oracle_says_of_the_whole_log(run: Sluss) -> None:
    name, log = fresh_name(), shared_file("logs/receipt.csv.gz")
    oracle = json.loads(shared_file("oracles/oracle_receipt.json").read_text())
    assert (await run("import", str(log), "--name", name)).exit_code == 0
    asked = [word for pair in oracle["milestones_first_to_first"] for word in ("--milestone", *pair.split(" => "))]
    found = json.loads((await run("log-stats", name, *asked, "--format", "json")).stdout)
    both = found.keys() & oracle.keys()
    assert both >= KEYS
    assert differences({key: found[key] for key in both}, {key: oracle[key] for key in both}) == []
    shown = (await run("log-stats", name, *asked)).stdout
    assert "8,577 events of 1,434 cases and 27 activities" in shown
    assert (await run("log-stats", name, "--milestone", "Never", "Ever")).exit_code == 2
    assert (await run("log-stats", fresh_name())).exit_code == 2


@pytest.mark.long
async def test_the_simulated_vasby_waits_as_the_oracle_says_and_as_it_was_known_earlier(run: Sluss) -> None:
    name = fresh_name()
    oracle = json.loads(shared_file("oracles/oracle_l20_vasby_s42.json").read_text())
    imported = await run("import", str(shared_file("sim/vasby_s42_events.ndjson.gz")), "--name", name, "--attribute", "category")
    assert imported.exit_code == 0, imported.output
    ends = (
        "--from",
        "forsta_kontakt",
        "--to",
        "insats_start",
        "--competing",
        "arende_avslutat",
        "--at",
        "30,90,180,365,730",
        "--by",
        "category",
    )
    for snapshot in oracle["snapshots"]:
        found = await waits(run, name, *ends, "--as-of", snapshot["as_of"])
        numbers = (found["n"], found["competing"]["n1"], found["competing"]["n2"], found["competing"]["n_cens"])
        assert numbers == (snapshot["n"], snapshot["started"], snapshot["ended_otherwise"], snapshot["still_waiting"])
        assert found["competing"]["CIF_event1"] == pytest.approx(snapshot["share_started_within"], abs=1e-6)
        assert found["competing"]["CIF_event2"] == pytest.approx(snapshot["share_ended_otherwise_within"], abs=1e-6)
        wrong = {day: 1 - share for day, share in found["S"].items()}
        assert wrong == pytest.approx(snapshot["wrong_if_closings_are_censored"], abs=1e-6)
        assert {of["group"] for of in found["groups"]} == snapshot["by_category"].keys()
        for of in found["groups"]:
            expected = snapshot["by_category"][of["group"]]
            assert (of["n"], of["competing"]["n1"]) == (expected["n"], expected["started"])
            assert of["competing"]["CIF_event1"] == pytest.approx(expected["share_started_within"], abs=1e-6)
    at, known = ("--as-of", "2018-06-30"), ("--known-at", "2018-06-30")
    late, early = await waits(run, name, *ends, *at), await waits(run, name, *ends, *at, *known)
    assert early["competing"]["n2"] < late["competing"]["n2"], "two closings of June were typed in July"
    assert early["n"] == late["n"]


async def test_a_copy_with_other_ids_other_order_and_other_days_waits_the_same(run: Sluss, tmp_path: Path) -> None:
    receipt, copy = shared_file("logs/receipt.xes.gz"), tmp_path / "copy.xes"
    cases: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    with receipt.open("rb") as raw:
        for event in read_events(raw, "receipt", Mapping(), None):
            cases[f"renamed {event.case}"].append((event.activity, event.time + timedelta(days=37)))
    chance = Random(3)
    for events in cases.values():
        chance.shuffle(events)
    shuffled = list(cases.items())
    chance.shuffle(shuffled)
    copy.write_text(xes((case, [(name, at) for name, at in events]) for case, events in shuffled))
    ours, theirs = fresh_name(), fresh_name()
    for file, name in ((receipt, ours), (copy, theirs)):
        imported = await run("import", str(file), "--name", name)
        assert imported.exit_code == 0, imported.output
    one, other = [await waits(run, name, *FROM_TO) for name in (ours, theirs)]
    assert all(one[figure] == other[figure] for figure in (*FIGURES, *BY_KEY))


async def test_the_topic_has_as_many_records_as_the_log_has_events(run: Sluss, street: StreetRecord, tmp_path: Path) -> None:
    name = fresh_name()
    assert (await run("import", str(small_log(tmp_path, 40)), "--name", name)).exit_code == 0
    records = await records_of(street, await log_id(run, name))
    assert sum(isinstance(each.data, LogEventRecordedV1) for each in records) == 80
    assert len(records) == 81


async def test_attributes_that_were_asked_for_lie_in_leadtimes_as_codes_and_as_names(
    run: Sluss, leadtimes: Database, tmp_path: Path
) -> None:
    file, name = tmp_path / "some.csv", fresh_name()
    rows = [f"{uuid4().hex},Sent,2026-03-02T12:00Z,{kind}" for kind in ("arbetslös", "sjuk", "arbetslös", "")]
    file.write_text("\n".join(["case_id,activity,timestamp,kind", *rows]))
    assert (await run("import", str(file), "--name", name, "--attribute", "kind")).exit_code == 0
    log = await log_id(run, name)
    kept = await leadtimes.fetch(
        "SELECT data ->> 'attributes' AS of_event FROM event WHERE log_id = $1 AND data ? 'row' ORDER BY data -> 'row'", UUID(log)
    )
    assert [each["of_event"] and json.loads(each["of_event"]) for each in kept] == [{"f1": "v1"}, {"f1": "v2"}, {"f1": "v1"}, None]
    named = await leadtimes.fetchval("SELECT vocabulary -> 'attributes' -> 'f1' ->> 'values' FROM log WHERE log_id = $1", UUID(log))
    assert json.loads(named) == {"v1": "arbetslös", "v2": "sjuk"}
    found = await waits(run, name, "--from", "Sent", "--to", "Sent", "--by", "kind")
    assert [(of["group"], of["n"], of["events"]) for of in found["groups"]] == [("arbetslös", 2, 0), ("sjuk", 1, 0), (None, 1, 0)]
    refused = await run("waits", name, "--from", "Sent", "--to", "Sent", "--by", "category")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "Error: --by: the log has no such field. Those it has: kind. An import takes more along with --attribute.\n",
    )


async def test_a_second_import_sends_nothing_and_another_name_is_an_alias(run: Sluss, street: StreetRecord, tmp_path: Path) -> None:
    file, name, alias = small_log(tmp_path), fresh_name(), fresh_name()
    for called in (name, name, alias):
        assert (await run("import", str(file), "--name", called)).exit_code == 0
    assert await log_id(run, name) == await log_id(run, alias)
    assert len(await records_of(street, await log_id(run, name))) == 7


async def test_a_name_never_means_two_logs(run: Sluss, tmp_path: Path) -> None:
    name = fresh_name()
    assert (await run("import", str(small_log(tmp_path)), "--name", name)).exit_code == 0
    refused = await run("import", str(small_log(tmp_path)), "--name", name)
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"Error: {name} already means another log, or this one read in another way. Choose another --name.\n",
    )


async def test_an_import_cut_short_answers_with_its_progress_and_goes_on_where_it_is_asked_again(
    run: Sluss, street: StreetRecord, tmp_path: Path
) -> None:
    file, name = small_log(tmp_path, 10), fresh_name()
    log = LogFile(file, Mapping(), None)
    found, before = survey(log), await conflicts(street)
    with service_client(street, "leadtimes", "operator") as leadtimes:
        assert leadtimes.put(f"/leadtimes/logs/{name}", json=found.document()).status_code == 201
        history = History(found, street.history_secret_file.read_bytes(), "0114")
        await send(street.broker.access(ADMIN), [history.recorded(event) for event in log.events("")][:12])
        while leadtimes.get(f"/leadtimes/logs/{name}").json()["events_stored"] < 12:
            await asyncio.sleep(0.1)
    early = await run("waits", name, "--from", "Sent", "--to", "Answered")
    assert early.exit_code == 1
    assert "12 of 20 events are in" in early.stderr
    assert (await run("import", str(file), "--name", name)).exit_code == 0
    assert (await waits(run, name, "--from", "Sent", "--to", "Answered"))["n"] == 10
    assert await conflicts(street) == before


async def test_a_case_called_NA_and_two_identical_events_arrive(run: Sluss, tmp_path: Path) -> None:
    file, name = tmp_path / "odd.xes", fresh_name()
    file.write_text(xes([("NA", [("Sent", NOON), ("Sent", NOON)]), (uuid4().hex, [("Sent", NOON)])]))
    assert (await run("import", str(file), "--name", name)).exit_code == 0
    shown = await run("waits", name, "--format", "json")
    assert json.loads(shown.stdout)["events_stored"] == 3
    assert (await waits(run, name, "--from", "Sent", "--to", "Sent"))["n"] == 2


async def test_logs_are_listed_and_one_that_was_forgotten_is_imported_anew(run: Sluss, tmp_path: Path) -> None:
    file, name = small_log(tmp_path, 5), fresh_name()
    assert (await run("import", str(file), "--name", name)).exit_code == 0
    listed = await run("logs")
    assert [line.split()[-2:] for line in listed.stdout.splitlines() if line.startswith(name)] == [["2", "10"]]
    assert (await run("forget", name, "--yes")).stdout == f"{name} is forgotten; its 10 events are gone.\n"
    assert name not in (await run("logs", "--format", "json")).stdout
    assert (await run("forget", name, "--yes")).exit_code == 2
    anew = await run("import", str(file), "--name", name)
    assert f"{name} is in: 10 events" in anew.stdout


async def test_another_end_is_shown_beside_the_completed(run: Sluss, tmp_path: Path) -> None:
    file, name = tmp_path / "competing.xes", fresh_name()
    ends = [("Answered", 2), ("Withdrawn", 1), ("Answered", 4)]
    file.write_text(xes((uuid4().hex, [("Sent", NOON), (end, NOON + timedelta(days=days))]) for end, days in ends))
    assert (await run("import", str(file), "--name", name)).exit_code == 0
    asked = ("--from", "Sent", "--to", "Answered", "--competing", "Withdrawn")
    assert (await waits(run, name, *asked))["competing"]["CIF_event2"]["3"] == pytest.approx(1 / 3)
    shown = (await run("waits", name, *asked)).stdout.splitlines()
    assert "1 ended by Withdrawn." in shown
    [after_three] = [line.split() for line in shown if line.startswith("3 days")]
    assert (after_three[2], after_three[-2]) == ("33.3", "33.3")
    drawn = await run("waits", name, *asked, "--plot", str(tmp_path / "curve.svg"), "--format", "csv")
    assert (drawn.exit_code, len(drawn.stdout.splitlines()), "Drawn in" in drawn.stderr) == (0, 2, True)
    assert "Withdrawn" in (tmp_path / "curve.svg").read_text()
    for place in ("curve.pdf", "nowhere/curve.png"):
        refused = await run("waits", name, *asked, "--plot", str(tmp_path / place))
        assert (refused.exit_code, refused.stdout) == (2, ""), place


async def test_an_activity_the_log_does_not_have_is_answered_with_those_it_has(run: Sluss, tmp_path: Path) -> None:
    name = fresh_name()
    assert (await run("import", str(small_log(tmp_path)), "--name", name)).exit_code == 0
    listed, unknown = await run("waits", name), await run("waits", name, "--from", "Sent", "--to", "Never")
    assert listed.exit_code == 0
    assert f"./sluss waits {name} --from Sent --to Answered" in listed.stdout
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert listed.stdout in unknown.stderr


@pytest.mark.parametrize("asked", [["--as-of", "yesterday"], ["--at", "soon"]])
async def test_a_day_that_is_none_is_refused(run: Sluss, tmp_path: Path, asked: list[str]) -> None:
    name = fresh_name()
    assert (await run("import", str(small_log(tmp_path)), "--name", name)).exit_code == 0
    assert (await run("waits", name, "--from", "Sent", "--to", "Answered", *asked)).exit_code == 2


async def test_a_log_that_nobody_imported_is_said_to_be_unknown(run: Sluss) -> None:
    assert (await run("waits", fresh_name())).exit_code == 2
