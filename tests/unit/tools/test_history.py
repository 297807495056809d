"""What an import puts on the bus: references and codes, the same each time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.envelope import Envelope, open_message
from contracts.history import ImportCompletedV1, Lifecycle, LogEventRecordedV1
from tests.unit.tools.logs import xes
from tools import import_log
from tools.history import History
from tools.mapping import Mapping
from tools.survey import LogFile, Survey, survey

NOON = datetime(2011, 3, 2, 12, tzinfo=UTC)
SECRET = b"nobody can guess this"
SAID = (
    '<string key="org:group" value="Enheten i Vallda"/><string key="org:resource" value="Anna Andersson"/>'
    '<string key="lifecycle:transition" value="COMPLETE"/>'
)
CASES = [("19121212-1212", [("Ringde Bo Ek", NOON), ("Brev sänt", NOON + timedelta(hours=1))]), ("NA", [("Brev sänt", NOON)] * 2)]


def log_file(folder: Path, attributes: str = SAID, mapping: Mapping | None = None) -> LogFile:
    file = folder / "some.xes"
    file.write_text(xes(CASES, attributes))
    return LogFile(file, mapping or Mapping(), None)


def told(log: LogFile, found: Survey, secret: bytes = SECRET) -> list[Envelope]:
    history = History(found, secret, "0114")
    return [*map(history.recorded, log.events("")), history.completed()]


def test_a_survey_counts_the_events_and_what_they_are_called(tmp_path: Path) -> None:
    found = survey(log_file(tmp_path))
    assert (found.events, found.last) == (4, NOON + timedelta(hours=1))
    assert found.document()["vocabulary"] == {
        "activities": {"a1": {"name": "Ringde Bo Ek", "events": 1}, "a2": {"name": "Brev sänt", "events": 3}},
        "organisations": {"o1": "Enheten i Vallda"},
        "resources": {"r1": "Anna Andersson"},
    }


def test_every_message_of_a_log_can_be_opened_and_says_what_the_log_says(tmp_path: Path) -> None:
    log = log_file(tmp_path)
    found = survey(log)
    *events, completed = [open_message(*envelope.message()) for envelope in told(log, found)]
    bodies = [each.data for each in events if isinstance(each, Envelope) and isinstance(each.data, LogEventRecordedV1)]
    assert [(body.activity_code, body.organisation_code, body.resource_code, body.row) for body in bodies] == [
        ("a1", "o1", "r1", 0),
        ("a2", "o1", "r1", 1),
        ("a2", "o1", "r1", 2),
        ("a2", "o1", "r1", 3),
    ]
    assert {body.lifecycle for body in bodies} == {Lifecycle.COMPLETE}
    assert isinstance(completed, Envelope)
    assert completed.data == ImportCompletedV1(log_id=found.log_id, events=4, sha256=found.sha256)


def test_no_word_of_the_log_is_on_the_bus(tmp_path: Path) -> None:
    log = log_file(tmp_path)
    sent = repr([envelope.message() for envelope in told(log, survey(log))])
    assert not [word for word in ("19121212", "Bo Ek", "Ringde", "Brev", "Anna", "Vallda", "NA'", '"NA"') if word in sent]


def test_attributes_go_out_as_codes_where_they_were_asked_for_and_are_said(tmp_path: Path) -> None:
    said = '<string key="channel" value="Besök"/><string key="age" value="fyrtiosju"/>'
    log = log_file(tmp_path, said, Mapping(attributes=("channel", "case:concept:name")))
    log.file.write_text(log.file.read_text()[::-1].replace("Besök"[::-1], "", 1)[::-1])  # the last event says none
    found = survey(log)
    events = [each.data for each in told(log, found) if isinstance(each.data, LogEventRecordedV1)]
    assert [each.attributes for each in events] == [
        *[{"f1": "v1", "f2": "v1"}] * 2,
        {"f1": "v1", "f2": "v2"},
        {"f2": "v2"},
    ]
    assert found.document()["vocabulary"]["attributes"] == {
        "f1": {"name": "channel", "values": {"v1": "Besök"}},
        "f2": {"name": "case:concept:name", "values": {"v1": "19121212-1212", "v2": "NA"}},
    }
    sent = repr([envelope.message() for envelope in told(log, found)])
    assert not [word for word in ("channel", "Bes", "fyrtiosju", "19121212") if word in sent]
    plain = log_file(tmp_path, said)
    assert b"attributes" not in told(plain, survey(plain))[0].message()[1], "nothing goes along unasked"


def test_two_identical_events_are_two(tmp_path: Path) -> None:
    log = log_file(tmp_path)
    events = told(log, survey(log))
    assert len({each.id for each in events}) == len(events) == 5


def test_sending_the_same_file_again_sends_the_same_bytes(tmp_path: Path) -> None:
    log = log_file(tmp_path)
    once, again = ([each.message() for each in told(log, survey(log))] for _ in range(2))
    assert once == again


def test_the_same_bytes_read_in_another_way_are_another_log(tmp_path: Path) -> None:
    one, other = survey(log_file(tmp_path)), survey(log_file(tmp_path, mapping=Mapping(resource="")))
    assert one.sha256 == other.sha256
    assert one.log_id != other.log_id


def test_a_case_has_one_reference_in_its_log_and_another_under_another_secret(tmp_path: Path) -> None:
    log = log_file(tmp_path)
    found = survey(log)
    ours, theirs = ([each.partitionkey for each in told(log, found, secret)] for secret in (SECRET, b"another"))
    assert ours[0] == ours[1] != ours[2] == ours[3]
    assert not set(ours[:4]) & set(theirs[:4])
    assert ours[4] == theirs[4] == found.log_id


def test_a_file_that_changes_while_it_is_sent_is_never_said_to_be_complete(tmp_path: Path) -> None:
    log = log_file(tmp_path)
    found = survey(log)
    sending = import_log.told(History(found, SECRET, "0114"), log, found)
    next(sending)
    log.file.write_text(log.file.read_text() + " ")
    with pytest.raises(import_log.CutShort):
        list(sending)


def test_a_transition_that_the_standard_does_not_have_is_unknown(tmp_path: Path) -> None:
    log = log_file(tmp_path, '<string key="lifecycle:transition" value="Anna"/>')
    (first, *_) = told(log, survey(log))
    assert isinstance(first.data, LogEventRecordedV1)
    assert first.data.lifecycle is Lifecycle.UNKNOWN
