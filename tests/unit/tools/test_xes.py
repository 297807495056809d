"""What is read from a log, and what is refused, with its place in the file."""

import gzip
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tools.formats.event import BadLog, LogEvent
from tools.formats.look import read_events
from tools.formats.xes import LONGEST_TAG
from tools.mapping import Mapping

EVENT = '<event><string key="concept:name" value="{activity}"/><date key="time:timestamp" value="{time}"/>{more}</event>'
STANDARD = Mapping()
NOON = "2026-03-02T12:00:00+01:00"


def event(activity: str = "Sent", time: str = NOON, more: str = "") -> str:
    return EVENT.format(activity=activity, time=time, more=more)


def trace(*events: str, case: str = "case-1") -> str:
    return f'<trace>\n<string key="concept:name" value="{case}"/>\n' + "\n".join(events) + "\n</trace>"


def log(*traces: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n' + "\n".join(traces) + "\n</log>\n"
    ).encode()


def read(content: bytes, mapping: Mapping = STANDARD, zone: str | None = None) -> list[LogEvent]:
    return list(read_events(io.BytesIO(content), "some.xes", mapping, ZoneInfo(zone) if zone else None))


def refusal(content: bytes, mapping: Mapping = STANDARD, zone: str | None = None) -> str:
    with pytest.raises(BadLog) as refused:
        read(content, mapping, zone)
    return str(refused.value)


def test_an_event_is_read_with_its_case_its_names_and_its_place() -> None:
    said = {"org:group": "Unit 3", "org:resource": "R7", "lifecycle:transition": "complete"}
    more = "".join(f'<string key="{key}" value="{value}"/>' for key, value in said.items())
    first, second = read(log(trace(event("Received"), event("Sent", more=more))))
    assert (first.row, first.activity, first.organisation, first.resource, first.lifecycle) == (0, "Received", None, None, None)
    assert second == LogEvent("case-1", "Sent", datetime(2026, 3, 2, 11, tzinfo=UTC), "Unit 3", "R7", "complete", 1)


def test_gzip_is_known_by_its_bytes_and_reads_the_same() -> None:
    content = log(trace(event(), event()))
    assert read(gzip.compress(content)) == read(content)


def test_a_log_in_pieces_reads_as_one() -> None:
    content = log(*(trace(*[event(f"Step {n}") for n in range(30)], case=f"case-{c}") for c in range(100)))
    events = read(content)
    assert len(content) > 3 * 64 * 1024
    assert [each.row for each in events] == list(range(3000))
    assert {each.case for each in events} == {f"case-{c}" for c in range(100)}


def test_prefixed_tags_nested_attributes_and_globals_do_not_disturb() -> None:
    content = b"""<x:log xmlns:x="http://www.xes-standard.org/">
      <x:global scope="event"><x:string key="concept:name" value="UNKNOWN"/></x:global>
      <x:trace><x:string key="concept:name" value="c"><x:string key="concept:name" value="inner"/></x:string>
      <x:event><x:string key="concept:name" value="Sent"><x:date key="time:timestamp" value="nonsense"/></x:string>
      <x:date key="time:timestamp" value="2026-03-02T12:00:00Z"/></x:event></x:trace></x:log>"""
    assert [(each.case, each.activity) for each in read(content)] == [("c", "Sent")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-02T12:00:00+01:00", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("2026-07-02T12:00:00.5+02:00", datetime(2026, 7, 2, 10, 0, 0, 500_000, UTC)),
        ("2026-03-02T12:00:00.123Z", datetime(2026, 3, 2, 12, 0, 0, 123_000, UTC)),
        ("2026-03-02T12:00:00.123456789Z", datetime(2026, 3, 2, 12, 0, 0, 123_456, UTC)),
    ],
)
def test_offsets_and_fractions_may_change_within_a_log(written: str, meant: datetime) -> None:
    (read_back, _) = read(log(trace(event(time=written), event())))
    assert read_back.time == meant


def test_a_zone_stands_in_only_where_a_time_has_no_offset() -> None:
    winter, summer, told = read(
        log(trace(event(time="2026-01-02T12:00:00"), event(time="2026-07-02T12:00:00"), event(time="2026-07-02T12:00:00Z"))),
        zone="Europe/Stockholm",
    )
    assert (winter.time.hour, summer.time.hour, told.time.hour) == (11, 10, 12)


def test_a_case_called_NA_and_two_identical_events_go_in() -> None:
    one, other = read(log(trace(event(), event(), case="NA")))
    assert one.case == other.case == "NA"
    assert (one.row, other.row) == (0, 1)


def test_a_name_is_shown_on_one_line() -> None:
    (read_back,) = read(log(trace(event(" Sent&#10;&#9;by post&#x85; "))))
    assert read_back.activity == "Sent by post"


def test_a_file_that_numbers_its_events_is_taken_at_its_word() -> None:
    mapping = Mapping(row="seq")
    events = read(log(trace(event(more='<int key="seq" value="9"/>'), event(more='<int key="seq" value="0"/>'))), mapping)
    assert [each.row for each in events] == [9, 0]


def test_a_number_given_twice_is_refused_for_the_second_would_be_lost() -> None:
    content = log(trace(event(more='<int key="seq" value="9"/>'), event(more='<int key="seq" value="9"/>')))
    assert refusal(content, Mapping(row="seq")).startswith("some.xes:6:1: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "some.xes:1:1: is empty"),
        (log(), "some.xes:5:1: holds no event"),
        (log(trace()), "holds no event"),
        (bytes(range(256)), "some.xes:1:1: does not show"),
        (b"<html><body/></html>", "some.xes:1:1: is XML, but not XES"),
        (log(trace(event()))[:-8], "some.xes:6:9: is truncated"),
        (log(trace(event()))[:200], "is truncated"),
        (b"<log>\n<trace>\n</log>", "some.xes:3:3: is not XML: mismatched tag"),
        (log(trace(event(time="yesterday"))), 'some.xes:5:49: "time:timestamp" is not a time'),
        (log(trace(event(time="0001-01-01T00:00:00+01:00"))), "is not a time"),
        (log(trace(event(time="2026-03-02T12:00:00"))), "some.xes:5:49: a time without an offset"),
        (log(trace('<event><string key="concept:name" value="Sent"/></event>')), 'some.xes:5:1: this event has no "time:timestamp"'),
        (log(trace(f'<event><date key="time:timestamp" value="{NOON}"/></event>')), 'some.xes:5:1: this event has no "concept:name"'),
        (log(f"<trace>{event()}</trace>"), "some.xes:3:8: no"),
        (log(event()), "outside any <trace>"),
        (log(trace(event("x" * 201))), "some.xes:5:1: "),
        (b"<log>" + b"<list>" * 100, "nests tags deeper"),
        (b'<?xml version="1.0" encoding="klingon"?><log/>', "encoding"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_its_place(content: bytes, said: str) -> None:
    assert said in refusal(content)


def test_a_document_type_is_refused_before_its_entities_are_read() -> None:
    bomb = b"""<?xml version="1.0"?>
<!DOCTYPE log [
  <!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
  <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<log><trace><string key="concept:name" value="&b;"/></trace></log>"""
    assert refusal(bomb).startswith("some.xes:2:")
    assert "document type" in refusal(bomb)


@pytest.mark.parametrize("kept", [5, 30, -4, -20])
def test_truncated_gzip_is_refused(kept: int) -> None:
    packed = gzip.compress(log(*(trace(event()) for _ in range(20))))
    assert "is truncated: the compressed data ends" in refusal(packed[:kept])


def test_damaged_gzip_is_refused() -> None:
    packed = bytearray(gzip.compress(log(trace(event()))))
    packed[40] ^= 0xFF
    assert "some.xes:" in refusal(bytes(packed))


def test_a_tag_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    content = b'<log><trace><string key="' + b"x" * (LONGEST_TAG + 200_000)
    assert "longer than 4 MiB" in refusal(content)


@pytest.mark.parametrize("secret", ["Anna Andersson", "20260302-1212"])
def test_a_refusal_never_repeats_what_the_file_says(secret: str) -> None:
    for content in (log(trace(event(time=secret))), log(trace(event(secret * 30))), secret.encode(), f"<{secret}>".encode()):
        assert secret not in refusal(content)
