"""Imported logs over the API: names, progress, and waits that equal the oracle."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.leadtimes import handlers
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import LOG_ID, CsvLog, description, import_completed, in_batches, log_events
from tests.shared_data import shared_file

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDS = {"from": "Registered", "to": "Answered"}
SMALL = [("one", "a1", NOON, 0), ("one", "a2", NOON + timedelta(days=2), 1), ("two", "a1", NOON + timedelta(days=1), 2)]
CALLED = {"a1": "Registered", "a2": "Answered"}


async def named(leadtimes: Leadtimes, name: str = "small", **changed: Any) -> Any:
    return await leadtimes.operator.put(f"/leadtimes/logs/{name}", json=description(CALLED, 3) | changed)


async def test_a_log_is_importing_until_every_event_is_stored(leadtimes: Leadtimes) -> None:
    answer = await named(leadtimes)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "importing"

    await leadtimes.hear(*log_events(SMALL[:2]), import_completed(3))
    for question in ("waits", "waits/picture", "stats"):
        early = await leadtimes.reader.get(f"/leadtimes/logs/small/{question}", params=ENDS if question != "stats" else None)
        assert early.status_code == 409, question
        assert early.json()["progress"] == {"events_stored": 2, "events_expected": 3}

    await leadtimes.hear(*log_events(SMALL))
    shown = (await leadtimes.reader.get("/leadtimes/logs/small")).json()
    assert (shown["state"], shown["events_stored"], shown["events_expected"]) == ("complete", 3, 3)
    assert shown["last_event"] == "2026-01-03T12:00:00Z"
    assert shown["activities"][0] == {"code": "a1", "name": "Registered", "events": 3}
    waits = await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS)
    assert waits.status_code == 200, waits.text
    assert {"n": 2, "events": 1, "censored": 1, "as_of_is_last_event": True}.items() <= waits.json().items()


async def test_all_events_without_the_word_that_it_is_all_are_not_a_complete_log(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*log_events(SMALL))
    assert (await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS)).status_code == 409
    await leadtimes.hear(import_completed(3))
    assert (await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS)).status_code == 200


async def test_a_second_import_adds_nothing(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    for _ in range(2):
        await leadtimes.hear(*log_events(SMALL), import_completed(3))
    assert (await named(leadtimes)).json()["events_stored"] == 3
    assert await leadtimes.db.fetchval("SELECT count(*) FROM event") == 4
    assert await leadtimes.db.fetchval("SELECT count(*) FROM id_conflict") == 0


async def test_a_name_is_an_alias_and_never_means_two_logs(leadtimes: Leadtimes) -> None:
    await leadtimes.hear(*log_events(SMALL), import_completed(3))
    assert [(await named(leadtimes)).status_code for _ in range(2)] == [201, 200]
    assert (await named(leadtimes, "other_name")).json()["state"] == "complete"
    taken = await named(leadtimes, log_id=str(uuid4()))
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:sluss:error:already_there")
    listed = (await leadtimes.reader.get("/leadtimes/logs")).json()["logs"]
    assert [(log["name"], log["log_id"]) for log in listed] == [("other_name", str(LOG_ID)), ("small", str(LOG_ID))]
    assert await leadtimes.db.fetchval("SELECT count(*) FROM log") == 1


async def test_an_unknown_log_or_activity_is_told_without_an_echo(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*log_events(SMALL), import_completed(3))
    assert (await leadtimes.reader.get("/leadtimes/logs/nowhere/waits", params=ENDS)).status_code == 404
    assert (await leadtimes.reader.get("/leadtimes/logs/nowhere")).status_code == 404
    answer = await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS | {"to": "Somebody's name"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"in": "query", "pointer": "/to", "kind": "unknown_activity"}]
    assert not any(name in answer.text for name in ("Somebody", "Registered", "Answered")), "names are told by the log itself alone"


@pytest.mark.parametrize("at", ["", "0", "-1", "nan", "inf", "1,,2", "x", ",".join(map(str, range(1, 200)))])
async def test_days_that_are_none_are_refused(leadtimes: Leadtimes, at: str) -> None:
    assert (await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS | {"at": at})).status_code == 422


async def test_names_and_vocabularies_that_cannot_be_are_refused(leadtimes: Leadtimes) -> None:
    for name in ("Small", "a b", "x" * 65, "å"):
        assert (await named(leadtimes, name)).status_code == 422, name
    assert (await named(leadtimes, vocabulary={"activities": {"a0": {"name": "x", "events": 1}}})).status_code == 422
    assert (await named(leadtimes, vocabulary={"activities": {"a1": {"name": "x\u0000", "events": 1}}})).status_code == 422
    assert (await named(leadtimes, vocabulary={"activities": {"a1": {"name": "x", "events": 1}}, "people": {}})).status_code == 422


async def test_what_further_attributes_are_called_is_kept_and_bounded(leadtimes: Leadtimes) -> None:
    activities = {"activities": {"a1": {"name": "Registered", "events": 3}}}
    kept = {**activities, "attributes": {"f1": {"name": "category", "values": {"v1": "arbetslös"}}}}
    assert (await named(leadtimes, vocabulary=kept)).status_code == 201
    stored = json.loads(await leadtimes.db.fetchval("SELECT vocabulary::text FROM log"))
    assert stored["attributes"] == kept["attributes"]
    many = {f"v{number}": "x" for number in range(1, 1002)}
    for further in (
        {"category": {"name": "category", "values": {}}},
        {"f1": {"name": "category", "values": {"arbetslös": "v1"}}},
        {"f1": {"name": "category", "values": many}},
        {f"f{number}": {"name": f"x{number}", "values": {}} for number in range(1, 22)},
        {f"f{number}": {"name": "x", "values": {}} for number in range(1, 3)},
        {"f1": {"name": "resource", "values": {}}},
    ):
        assert (await named(leadtimes, "other", vocabulary={**activities, "attributes": further})).status_code == 422


async def test_a_reader_may_not_name_a_log(leadtimes: Leadtimes) -> None:
    assert (await leadtimes.reader.put("/leadtimes/logs/small", json=description(CALLED, 3))).status_code == 403


async def test_the_waits_of_receipt_equal_the_oracle_at_each_snapshot(leadtimes: Leadtimes) -> None:
    oracle = json.loads(shared_file("oracles/oracle_km_receipt_T05.json").read_text())
    log = CsvLog(shared_file("logs/receipt.csv.gz"))
    await leadtimes.operator.put("/leadtimes/logs/receipt", json=log.description())
    facts = log_events(log.events())
    for batch in in_batches(facts, [500] * 20):
        await leadtimes.hear(*batch)
    await leadtimes.hear(import_completed(len(facts)))

    for expected in oracle["snapshots"]:
        asked = {"from": oracle["A"], "to": oracle["B"], "as_of": expected["as_of"], "at": ",".join(expected["S"])}
        answer = await leadtimes.reader.get("/leadtimes/logs/receipt/waits", params=asked)
        assert answer.status_code == 200, answer.text
        for name in ("n", "events", "censored", "naive_median_completed_only", "km_median", "km_quantiles"):
            assert answer.json()[name] == pytest.approx(expected[name], abs=1e-6), name
        for name in ("S", "rmst", "open_wait_age_days"):
            assert answer.json()[name] == pytest.approx(expected[name], abs=1e-6), name
        for day, band in expected["S_ci95_loglog"].items():
            assert answer.json()["S_ci95_loglog"][day] == pytest.approx(band, abs=1e-6), day


async def test_another_end_competes_and_an_unknown_one_is_refused(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*log_events(SMALL), import_completed(3))
    start, end = ENDS["from"], ENDS["to"]
    found = (await leadtimes.reader.get("/leadtimes/logs/small/waits", params={"from": start, "to": start, "competing": end})).json()
    assert (found["events"], found["competing"]["event2"], found["competing"]["n2"]) == (0, end, 1)
    unknown = await leadtimes.reader.get("/leadtimes/logs/small/waits", params=[*ENDS.items(), ("competing", end), ("competing", "Never")])
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/competing")


async def test_waits_are_told_apart_by_the_organisation_known_at_their_start(leadtimes: Leadtimes) -> None:
    vocabulary = description(CALLED, 5)["vocabulary"] | {"organisations": {"o1": "North", "o2": "South"}}
    await named(leadtimes, events=5, vocabulary=vocabulary)
    events = [*SMALL, ("three", "a1", NOON + timedelta(days=2), 3), ("three", "a2", NOON, 4)]
    *told, typed_late = log_events(events, organisations=["o1", "o2", None, None, "o2"])
    typed_late = replace(typed_late, envelope=typed_late.envelope.model_copy(update={"recordedtime": NOON + timedelta(days=40)}))
    await leadtimes.hear(*told, typed_late, import_completed(5))

    async def groups(**asked: str) -> list[tuple[str | None, int, int]]:
        found = await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS | {"by": "organisation"} | asked)
        return [(each["group"], each["n"], each["events"]) for each in found.json()["groups"]]

    assert await groups() == [("North", 1, 1), ("South", 1, 0), (None, 1, 0)]
    assert await groups(known_at="2026-01-15") == [("North", 1, 1), (None, 2, 0)], "South was typed in February"
    assert await groups(**{"from": "Answered", "to": "Registered"}) == [("South", 2, 1)], (
        "case one had North only before: its start says South"
    )
    assert (await leadtimes.reader.get("/leadtimes/logs/small/waits", params=ENDS | {"by": "person"})).status_code == 422


async def test_more_groups_than_anybody_reads_are_refused_and_figures_are_not_made_where_events_are_heard(
    leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    summary = handlers.summary

    def summary_somewhere(*asked: Any) -> Any:
        threads.append(threading.current_thread().name)
        return summary(*asked)

    monkeypatch.setattr(handlers, "summary", summary_somewhere)
    await named(leadtimes, events=201, vocabulary=description(CALLED, 201)["vocabulary"] | {"organisations": {"o1": "North"}})
    days = [NOON] * 200 + [NOON + timedelta(days=1)]
    units = [f"o{row + 1}" for row in range(201)]
    events = log_events([(f"case {row}", "a1", at, row) for row, at in enumerate(days)], organisations=units)
    await leadtimes.hear(*events, import_completed(201))
    by = ENDS | {"by": "organisation"}
    refused = await leadtimes.reader.get("/leadtimes/logs/small/waits", params=by)
    assert (refused.status_code, refused.json()["errors"]) == (422, [{"in": "query", "pointer": "/by", "kind": "too_many_groups"}])
    assert threads == []
    fewer = await leadtimes.reader.get("/leadtimes/logs/small/waits", params=by | {"as_of": "2026-01-01"})
    assert (len(fewer.json()["groups"]), len(threads)) == (200, 201)
    assert threading.main_thread().name not in threads


async def test_the_curve_comes_as_a_file_of_the_form_asked_for(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await leadtimes.hear(*log_events(SMALL), import_completed(3))
    png, svg, other = [
        await leadtimes.reader.get("/leadtimes/logs/small/waits/picture", params=ENDS | {"form": form}) for form in ("png", "svg", "gif")
    ]
    assert (png.headers["content-type"], png.content[:4]) == ("image/png", b"\x89PNG")
    assert (svg.headers["content-type"], b"Share still waiting" in svg.content) == ("image/svg+xml", True)
    assert other.status_code == 422


async def test_a_forgotten_log_is_gone_with_its_last_name_and_what_is_heard_of_it_again_is_not_kept(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    await named(leadtimes, "other_name")
    told = [*log_events(SMALL), import_completed(3)]
    await leadtimes.hear(*told)
    first, last, again = [await leadtimes.operator.delete(f"/leadtimes/logs/{name}") for name in ("small", "other_name", "other_name")]
    assert (first.json()["events_removed"], last.json()["events_removed"], again.status_code) == (None, 3, 404)
    await leadtimes.hear(*told)
    tables = ("event", "log", "log_name")
    assert [await leadtimes.db.fetchval(f"SELECT count(*) FROM {table}") for table in tables] == [0, 0, 0]
    await named(leadtimes)
    await leadtimes.hear(*told)
    assert (await leadtimes.reader.get("/leadtimes/logs/small")).json()["state"] == "complete"


async def test_a_reader_may_not_forget_a_log(leadtimes: Leadtimes) -> None:
    await named(leadtimes)
    assert (await leadtimes.reader.delete("/leadtimes/logs/small")).status_code == 403
    assert (await leadtimes.reader.get("/leadtimes/logs/small")).status_code == 200
