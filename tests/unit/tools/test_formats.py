"""A log is the same log in every form it comes in; what cannot be read is refused with its place, whatever the form."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.shared_data import shared_file
from tests.unit.tools.logs import xes
from tools.formats.event import BadLog, LogEvent
from tools.formats.look import Form, Told, look, read_events
from tools.mapping import Mapping
from tools.survey import LogFile, survey

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
SHOWN = "2026-03-02T12:00:00+01:00"
LOGS = ("receipt", "roadtraffic100", "running-example", "sepsis", "traffic_fines")
LOGS += ("bpic2020_DomesticDeclarations", "bpic2020_InternationalDeclarations", "bpic2020_RequestForPayment")
STANDARD, NOTHING = Mapping(), Told()


def read(content: bytes, mapping: Mapping = STANDARD, zone: str | None = None, told: Told = NOTHING) -> list[LogEvent]:
    return list(read_events(io.BytesIO(content), "some", mapping, ZoneInfo(zone) if zone else None, told))


def refusal(content: bytes, mapping: Mapping = STANDARD, told: Told = NOTHING) -> str:
    with pytest.raises(BadLog) as refused:
        read(content, mapping, None, told)
    return str(refused.value)


def as_xes(case: str, activity: str, time: str) -> bytes:
    attributes = f'<string key="concept:name" value="{activity}"/><date key="time:timestamp" value="{time}"/>'
    return f'<log><trace><string key="concept:name" value="{case}"/><event>{attributes}</event></trace></log>'.encode()


def as_csv(case: str, activity: str, time: str) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([["case_id", "activity", "timestamp"], [case, activity, time]])
    return out.getvalue().encode()


def as_lines(case: str, activity: str, time: str) -> bytes:
    return json.dumps({"case": case, "type": activity, "occurred_at": time}).encode() + b"\n"


def as_batch(case: str, activity: str, time: str) -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "/x", "subject": case, "type": activity, "time": time, "data": {"outcome": "yes"}}
    return json.dumps([event]).encode()


Write = Callable[[str, str, str], bytes]
each_form = pytest.mark.parametrize("write", [as_xes, as_csv, as_lines, as_batch])


@each_form
def test_one_event_reads_the_same_plain_and_compressed_whatever_the_form(write: Write) -> None:
    content = write("NA", "Sent", SHOWN)
    assert read(content) == read(gzip.compress(content)) == [LogEvent("NA", "Sent", NOON, None, None, None, 0)]


@each_form
def test_a_time_without_a_zone_is_refused_until_one_is_given(write: Write) -> None:
    content = write("1", "Sent", "2026-03-02T12:00:00")
    assert "--zone" in refusal(content)
    assert read(content, zone="Europe/Stockholm")[0].time == NOON


@each_form
@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("03/02/2026 12:00", "--time-format"),
        ("2026-12-31T23:59:60Z", "not a time"),
        ("-0044-03-15T12:00:00Z", "not a time"),
        ("12026-03-02T12:00:00Z", "not a time"),
        ("0001-01-01T00:00:00+14:00", "not a time"),
        ("9999-12-31T23:59:59-14:00", "not a time"),
        ("2026-02-30T12:00:00Z", "not a time"),
        ("١٢:٠٠", "not a time"),
        ("soon", "not a time"),
        ("", "t"),
    ],
)
def test_a_time_that_is_none_is_refused_and_day_and_month_are_never_guessed(write: Write, time: str, why: str) -> None:
    said = refusal(write("1", "Sent", time))
    assert said.startswith("some:")
    assert why in said
    assert not time or time not in said, "what the file says is never repeated"


@each_form
def test_a_form_of_time_that_is_given_is_read(write: Write) -> None:
    content = write("1", "Sent", "02/03/2026 12:00")
    assert read(content, zone="Europe/Stockholm", told=Told(time_format="%d/%m/%Y %H:%M"))[0].time == NOON
    assert "--time-format" in refusal(content, told=Told(time_format="%Y"))


@each_form
@pytest.mark.parametrize("case", ["", "   "])
def test_a_blank_case_is_refused(write: Write, case: str) -> None:
    assert "belongs to no case" in refusal(write(case, "Sent", SHOWN))


@each_form
def test_a_name_or_a_case_of_ten_megabytes_is_refused(write: Write) -> None:
    for case, activity in (("x" * 10_000_000, "Sent"), ("1", "x" * 10_000_000), ("x" * 1001, "Sent"), ("1", "x" * 201)):
        assert refusal(write(case, activity, SHOWN)).startswith("some:")


@each_form
def test_a_file_cut_anywhere_in_its_compression_is_refused(write: Write) -> None:
    packed = gzip.compress(write("1", "Sent", SHOWN))
    assert all(refusal(packed[:-cut]).startswith("some:") for cut in range(1, len(packed) - 2))


@pytest.mark.parametrize(
    ("content", "place", "why"),
    [
        (b"case_id,activity,timestamp\n1,Sent\n", "2:1", "has 2 fields here, and the first row 3"),
        (b"case_id,activity,timestamp\n1,Sent," + SHOWN.encode() + b',"\n', "2:1", "quote that never closes"),
        (b'case_id,activity,timestamp\n1,"Sent" it,' + SHOWN.encode() + b"\n", "2:1", "closing quote"),
        (b"case_id,activity,timestamp\n", "2:1", "holds no event"),
        (b"case_id,activity,when\n", "1:1", "which of its keys is the time"),
        (b"1,Sent,2026-03-02\n", "1:1", "case and the activity and the time"),
        (b"case_id,activity,timestamp\n1,Bj\xf6rk," + SHOWN.encode() + b"\n", "2:5", "--encoding"),
        (b"case_id,activity,timestamp,timestamp\n", "1:1", 'more than one column "timestamp"'),
        (",".join(f"c{n}" for n in range(100_000)).encode() + b"\n", "1:1", "more than 1000 columns"),
        (b"case_id,activity,timestamp\n" + b"x" * 10_000_000, "2:1", "longer than 4 MiB"),
        (b'case_id,activity,timestamp\n1,"' + b"x\n" * 2_000_000, "2:1", "quote that never closes"),
        (b"case_id,activity,timestamp,seq\n1,A,2026-03-02T12:00Z,1\n1,B,2026-03-02T12:00Z,1\n", "3:1", "an earlier one has"),
        (b"\n\n", "1:1", "is empty"),
        (b'{"case": "1", "type": "Sent"}\n', "1:1", "which of its keys is the time"),
        (as_lines("1", "Sent", SHOWN) + b"{\n", "2:1", "not one JSON object"),
        (as_lines("1", "Sent", SHOWN) + b"[1]\n", "2:1", "not one JSON object"),
        (as_lines("1", "Sent", SHOWN) + b'{"case": "\xf6"}\n', "2:1", "not"),
        (as_lines("1", "Sent", SHOWN) + b'{"a":' * 100_000 + b"\n", "2:1", "not one JSON object"),
        (b"[]", "1:1", "holds no event"),
        (b"[1]", "1:1", "not an object"),
        (as_batch("\ud800", "Sent", SHOWN), "1:1", "half a character"),
        (as_batch("1", "Sent", SHOWN)[:-1], "1:", "should stand here"),
        (as_batch("1", "Sent", SHOWN)[:-3], "1:", "truncated"),
        (b"[\n" + b'{"a":' * 3_000_000, "2:1", "n"),
        (gzip.compress(b"\0" * 100_000_000), "1:1", "no log"),
        (gzip.compress(b"\n" * 100_000_000), "1:1", "is empty"),
        (gzip.compress(b"case_id,activity,timestamp\n" + b"\n" * 100_000_000), "", "no log"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_its_place(content: bytes, place: str, why: str) -> None:
    said = refusal(content)
    assert said.startswith(f"some:{place}")
    assert why in said
    assert len(said) < 400


def test_what_only_looks_odd_goes_in_unharmed() -> None:
    rows = ["case_id;activity;timestamp", f"NA;Sent;{SHOWN}", f"NA;Sent;{SHOWN}", '"a;b";"Two\nlines";2026-07-02T12:00:00.123456+02:00', ""]
    lines, sent = "\n".join(rows), LogEvent("NA", "Sent", NOON, None, None, None, 0)
    for content in (lines.encode(), "\r\n".join(rows).encode(), lines.encode("utf-8-sig"), lines.encode("utf-16")):
        first, second, third = read(content)
        assert (first, third.case, third.activity) == (sent, "a;b", "Two lines")
        assert (second.row, third.row, third.time) == (1, 2, datetime(2026, 7, 2, 10, 0, 0, 123456, UTC))


def test_an_encoding_and_a_delimiter_that_are_given_are_taken() -> None:
    content = "case_id!activity!timestamp\n1!Björk!2026-03-02T12:00Z\n".encode("windows-1252")
    assert read(content, told=Told(delimiter="!", encoding="windows-1252"))[0].activity == "Björk"


def test_what_was_recorded_later_keeps_both_times() -> None:
    [event] = read(b'{"case": "1", "type": "Sent", "occurred_at": "2026-03-02T11:00Z", "recorded_at": "2026-03-05T11:00Z"}')
    assert (event.time, event.recorded) == (NOON, datetime(2026, 3, 5, 11, tzinfo=UTC))


def test_attributes_are_taken_along_in_every_form_and_are_none_where_nothing_is_said() -> None:
    extra = '<log><trace><string key="concept:name" value="1"/><string key="kind" value="new"/>{}</trace></log>'
    event = f'<event><string key="concept:name" value="Sent"/><date key="time:timestamp" value="{SHOWN}"/>{{}}</event>'
    as_said, unsaid = event.format('<string key="age" value="47"/>'), event.format("")
    table = f"case_id,activity,timestamp,age\n1,Sent,{SHOWN},47\n1,Sent,{SHOWN},\n"
    lines = as_lines("1", "Sent", SHOWN).replace(b"}", b', "age": 47}') + as_lines("1", "Sent", SHOWN)
    for content in (extra.format(as_said + unsaid).encode(), table.encode(), lines):
        assert [each.attributes for each in read(content, Mapping(attributes=("age",)))] == [("47",), (None,)]
    second = f'</trace><trace><string key="concept:name" value="2"/>{unsaid}'
    of_trace = read(extra.format(as_said + unsaid + second).encode(), Mapping(attributes=("case:kind",)))
    assert [each.attributes for each in of_trace] == [("new",), ("new",), (None,)]
    assert read(as_batch("1", "Sent", SHOWN), Mapping(attributes=("data.outcome",)))[0].attributes == ("yes",)


def test_a_column_to_take_along_that_is_not_there_is_refused() -> None:
    assert 'no column "age"' in refusal(as_csv("1", "Sent", SHOWN), Mapping(attributes=("age",)))


def test_keys_inside_an_object_are_reached_by_a_dot() -> None:
    assert read(as_batch("1", "Sent", SHOWN), Mapping(resource="data.outcome"))[0].resource == "yes"


@pytest.mark.parametrize("name", LOGS)
def test_every_real_log_is_read_without_a_word_and_counts_as_its_oracle(name: str) -> None:
    oracle = json.loads(shared_file(f"oracles/oracle_{name}.json").read_text())
    log = LogFile(shared_file(f"logs/{name}.csv.gz"), Mapping(), None)
    found = survey(log)
    cases = {event.case for event in log.events("")}
    assert (log.reading.form, log.reading.mapping.row) == (Form.CSV, "seq")
    assert (found.events, len(cases), len(found.activities.names())) == (oracle["events"], oracle["cases"], oracle["activities"])
    assert {each["name"]: each["events"] for each in found.activities.counted().values()} == oracle["activity_counts"]


@pytest.mark.parametrize("name", ["receipt.xes.gz", "running-example.xes"])
def test_a_log_in_xes_and_in_csv_holds_the_same_events(name: str) -> None:
    both = [LogFile(shared_file(f"logs/{each}"), Mapping(), None) for each in (name, f"{name.partition('.')[0]}.csv.gz")]
    xes_events, csv_events = (sorted((each.case, each.activity, each.time) for each in log.events("")) for log in both)
    assert xes_events == csv_events


@pytest.mark.parametrize(("name", "events"), [("vasby", 22951), ("enkoping", 30800)])
def test_the_simulated_municipalities_keep_when_each_fact_was_known(name: str, events: int) -> None:
    log = LogFile(shared_file(f"sim/{name}_s42_events.ndjson.gz"), Mapping(), None)
    kept = list(log.events(""))
    assert (log.reading.form, len(kept)) == (Form.NDJSON, events)
    assert (log.reading.mapping.case, log.reading.mapping.activity, log.reading.mapping.recorded) == ("case", "type", "recorded_at")
    assert all(each.recorded for each in kept)


def test_the_first_bytes_tell_the_form() -> None:
    forms = {Form.XES: as_xes, Form.CSV: as_csv, Form.NDJSON: as_lines, Form.BATCH: as_batch}
    for form, write in forms.items():
        event = write("1", "Sent", SHOWN)
        for content in (event, b"\xef\xbb\xbf" + event, b"\n " + event):
            assert look(io.BytesIO(content), "some", Mapping(), Told()).form is form
    wide = xes([("1", [("Sent", NOON)])]).replace("UTF-8", "UTF-16").encode("utf-16")
    assert look(io.BytesIO(wide), "some", Mapping(), Told()).form is Form.XES
