"""Any file is imported whole or refused in one line with its place: files that Hypothesis thinks of, sound ones and spoilt ones.

SLUSS_FUZZ_EXAMPLES says how many of each kind; `make fuzz` asks for an hour's worth.
"""

import csv
import gzip
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.envelope import Envelope, open_message
from shared.json_check import UNWELCOME
from tools.formats.event import BadLog
from tools.formats.look import Told, read_events
from tools.history import History
from tools.import_log import told
from tools.mapping import Mapping
from tools.survey import LogFile, TooManyNames, survey

EXAMPLES = int(os.environ.get("SLUSS_FUZZ_EXAMPLES", "100"))
PLACE = re.compile(r"some:[0-9]+:[0-9]+: [^\n\r]+")
KEYS = ("case_id", "activity", "timestamp", "kind", "org", "resource", "seq")
MAPPING = Mapping(attributes=("kind",))
AT_LEAST_THESE = ("case_id", "activity", "timestamp", "kind")
by_hand = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
pytestmark = pytest.mark.timeout(0 if "SLUSS_FUZZ_EXAMPLES" in os.environ else 180)

in_xml = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff\u2028\u2029\x85")
names = st.text(in_xml, min_size=1, max_size=40).filter(lambda text: bool(as_a_name(text)))
cases = st.text(in_xml, min_size=1, max_size=40).filter(lambda text: bool(text.strip()))
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
sound = st.lists(st.tuples(cases, names, times, names), min_size=1, max_size=8)
ODD = (
    "",
    "NA",
    "0",
    "-1",
    "null",
    "\0",
    "\ud800",
    "\ufeff",
    "\u202e",
    '"',
    "'",
    "<",
    "&",
    "]]>",
    "\r",
    "\n",
    ";",
    "\t",
    "x" * 201,
    "1e400",
)
ODD += ("2026-03-02T12:00:00", "2026-03-02T12:00:00Z", "2026-12-31T23:59:60Z", "20260302", "2026-W10-1", "9" * 5000, "NaN", "٣", "🧵")
odd = st.one_of(st.sampled_from(ODD), st.text(st.characters(), max_size=20))
seldom_odd = {"timestamp": times.map(datetime.isoformat), "seq": st.integers(0, 2**28).map(str), "case_id": cases}
rows_of_any_kind = st.lists(
    st.tuples(*(st.integers(0, 15).flatmap(lambda n, of=seldom_odd.get(key, names): of if n else odd) for key in KEYS))
)


def as_a_name(text: str) -> str:
    """How a name stands in the vocabulary: on one line."""
    return " ".join(UNWELCOME.sub(" ", text).split())


def as_csv(rows: Sequence[Sequence[str]], keys: Sequence[str], delimiter: str = ",", end: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([keys, *rows])
    return out.getvalue().encode("utf-8", "surrogatepass")


def as_lines(rows: Sequence[Sequence[str]], keys: Sequence[str]) -> bytes:
    return b"\n".join(json.dumps(dict(zip(keys, row, strict=True))).encode() for row in rows)


def as_array(rows: Sequence[Sequence[str]], keys: Sequence[str]) -> bytes:
    return json.dumps([dict(zip(keys, row, strict=True)) for row in rows]).encode()


def as_xes(rows: Sequence[Sequence[str]], keys: Sequence[str]) -> bytes:
    xes_of = {"activity": "concept:name", "timestamp": "time:timestamp", "org": "org:group", "resource": "org:resource"}
    traces = []
    for row in rows:
        said = dict(zip(keys, row, strict=True))
        case = f'<string key="concept:name" value={quoteattr(said.pop("case_id", ""))}/>'
        event = "".join(f'<string key="{xes_of.get(key, key)}" value={quoteattr(value)}/>' for key, value in said.items())
        traces.append(f"<trace>{case}<event>{event}</event></trace>")
    return f"<log>\n{''.join(traces)}</log>".encode("utf-8", "surrogatepass")


Write = Callable[[Sequence[Sequence[str]], Sequence[str]], bytes]
forms = st.sampled_from([as_csv, as_lines, as_array, as_xes])


@given(sound, st.booleans(), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
@by_hand
def test_a_sound_log_reads_as_it_was_written_whatever_its_form(
    rows: list[tuple[str, str, datetime, str]], packed: bool, delimiter: str, end: str
) -> None:
    written = [(case, name, at.isoformat(), kind) for case, name, at, kind in rows]
    expected = [(case, as_a_name(name), at, (as_a_name(kind),), row) for row, (case, name, at, kind) in enumerate(rows)]
    for content in (
        as_csv(written, AT_LEAST_THESE, delimiter, end),
        *(write(written, AT_LEAST_THESE) for write in (as_lines, as_array, as_xes)),
    ):
        file = io.BytesIO(gzip.compress(content) if packed else content)
        read = read_events(file, "some", MAPPING, None)
        assert [(each.case, each.activity, each.time, each.attributes, each.row) for each in read] == expected


def check_refusal(said: str) -> None:
    """One line with its place; names that do not fit have none."""
    assert said.isprintable()
    assert len(said) < 400
    assert PLACE.fullmatch(said) or "different" in said, said


def whole_or_refused(content: bytes, options: Told = Told()) -> None:
    """The import of a file, up to the broker. Any error but a refusal is a finding."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "some"
        file.write_bytes(content)
        for mapping in (Mapping(), MAPPING):
            log = LogFile(file, mapping, None, options)
            try:
                found = survey(log)
            except (BadLog, TooManyNames) as refused:
                check_refusal(str(refused).replace(str(file), "some"))
                continue
            document = json.dumps(found.document(), ensure_ascii=False).encode()
            assert len(document) < 256_000, "the vocabulary is one request"
            sent = [open_message(*each.message()) for each in told(History(found, b"secret", "0114"), log, found)]
            assert len(sent) == found.events + 1 > 1
            assert len({each.id for each in sent if isinstance(each, Envelope)}) == len(sent)


@given(rows_of_any_kind, st.integers(4, len(KEYS)), forms)
@by_hand
def test_values_of_any_kind_go_in_or_are_refused(rows: list[tuple[str, ...]], columns: int, write: Write) -> None:
    whole_or_refused(write([row[:columns] for row in rows], KEYS[:columns]))


@given(sound, forms, st.data())
@by_hand
def test_a_file_spoilt_anywhere_goes_in_or_is_refused(
    rows: list[tuple[str, str, datetime, str]], write: Write, data: st.DataObject
) -> None:
    content = write([(case, name, at.isoformat(), kind) for case, name, at, kind in rows], AT_LEAST_THESE)
    if before := data.draw(st.booleans(), "packed first"):
        content = gzip.compress(content)
    for _ in range(data.draw(st.integers(1, 4), "times")):
        content = spoilt(content, data)
    whole_or_refused(content if before or data.draw(st.booleans(), "left plain") else gzip.compress(content))


def spoilt(content: bytes, data: st.DataObject) -> bytes:
    """With one piece taken out, put in, doubled or changed."""
    start = data.draw(st.integers(0, len(content)), "where")
    end = min(len(content), start + data.draw(st.integers(0, 20), "how long"))
    match data.draw(st.sampled_from(["out", "in", "twice", "end"]), "how"):
        case "out":
            return content[:start] + content[end:]
        case "in":
            new = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from(PIECES)), "what")
            return content[:start] + new + content[end:]
        case "twice":
            return content[:end] + content[start:]
        case _:
            return content[:start]


PIECES = [b"\x00", b'"', b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\\ud800", b"&#0;", b"&x;", b"<!DOCTYPE log>", b"<![CDATA["]
PIECES += [
    b"<event>",
    b"</trace>",
    b"{",
    b"]",
    b"null",
    b"NaN",
    b"1e999",
    b'{"a":' * 200,
    b"<a>" * 80,
    b"\x1f\x8b",
    b"<?xml version='1.0' encoding='x'?>",
]


@given(st.binary(max_size=200), st.sampled_from([Told(), Told(delimiter=","), Told(encoding="utf-16"), Told(time_format="%d/%m/%Y")]))
@by_hand
def test_bytes_of_any_kind_are_refused(content: bytes, options: Told) -> None:
    whole_or_refused(content, options)
