"""A log that cannot be imported: one clear line with file, line and column, exit code 2, and nobody is asked for anything."""

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tools.cli import sluss

SOUND = (
    '<log>\n<trace><string key="concept:name" value="1"/>\n'
    '<event><string key="concept:name" value="Sent"/><date key="time:timestamp" value="2026-03-02T12:00:00+01:00"/></event></trace></log>'
)
BOMB = '<?xml version="1.0"?>\n<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n<log/>'


@pytest.fixture(autouse=True)
def no_street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs: whoever gets as far as asking for it gets exit code 3."""
    monkeypatch.setenv("SLUSS_STREET", str(tmp_path / "no street"))


def imported(file: Path, content: bytes, *options: str) -> Result:
    file.write_bytes(content)
    return CliRunner().invoke(sluss, ["import", str(file), "--name", "some", *options])


@pytest.mark.parametrize(
    ("content", "place", "why"),
    [
        (b"case;activity\n1;Sent\n", "1:1", "does not show which of its keys is the time; say so with --map"),
        (SOUND[:-30].encode(), "3:", "truncated"),
        (gzip.compress(SOUND.encode())[:60], "", "truncated"),
        (SOUND.replace("time:timestamp", "when").encode(), "3:1", 'no "time:timestamp"'),
        (SOUND.replace("+01:00", "").encode(), "3:49", "--zone"),
        (BOMB.encode(), "2:", "document type"),
        (b"", "1:1", "empty"),
        (b"<log>\n</log>\n", "3:1", "no event"),
    ],
)
def test_a_bad_log_is_refused_in_one_line_with_its_place(tmp_path: Path, content: bytes, place: str, why: str) -> None:
    file = tmp_path / "bad.xes"
    result = imported(file, content)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {file}:{place}")
    assert why in line


def test_times_without_an_offset_go_in_with_a_zone(tmp_path: Path) -> None:
    content = SOUND.replace("+01:00", "").encode()
    assert imported(tmp_path / "some.xes", content, "--zone", "Europe/Stockholm").exit_code == 3


def test_a_sound_log_gets_as_far_as_the_street_that_does_not_run(tmp_path: Path) -> None:
    result = imported(tmp_path / "some.xes", SOUND.encode())
    assert result.exit_code == 3
    assert "No street runs" in result.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ["--delimiter", "::"],
        ["--encoding", "nowhere"],
        ["--encoding", "utf-32"],
        ["--zone", "Europe/Nowhere"],
        ["--zone", "../etc"],
        ["--map", "missing.toml"],
        ["--name", "Två ord"],
        ["--name", "x" * 65],
    ],
)
def test_a_wrong_option_is_said_before_anything_is_read(tmp_path: Path, wrong: list[str]) -> None:
    assert imported(tmp_path / "some.xes", SOUND.encode(), *wrong).exit_code == 2


def test_a_dry_run_needs_no_street_and_says_how_the_file_is_read_and_what_looks_wrong(tmp_path: Path) -> None:
    rows = [
        "Case ID;Activity;Timestamp;org",
        "1;Sent;2026-03-02T12:00+01:00;A",
        "1;Answered;2026-03-02T12:00+01:00;B",
        "2;Sent;2999-07-02T12:00+02:00;",
    ]
    result = imported(tmp_path / "some.csv", "\n".join(rows).encode(), "--dry-run")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for words in (
        "CSV, delimiter ';'",
        "case Case ID",
        "organisation org",
        "3 events of 2 cases and 2 activities",
        "+01:00, +02:00",
        "Sent 2",
    ):
        assert words in said
    assert "lies in the future" in said
    assert "1 events have the time of the one before them in their case; their order in the file decides" in said
    assert said.endswith("Nothing was sent.")


def test_more_names_than_a_vocabulary_holds_is_most_likely_the_wrong_attribute(tmp_path: Path) -> None:
    events = "".join(
        f'<event><string key="concept:name" value="{n:0150}"/><date key="time:timestamp" value="2026-03-02T12:00:00Z"/></event>'
        for n in range(2000)
    )
    result = imported(tmp_path / "some.xes", f'<log><trace><string key="concept:name" value="1"/>{events}</trace></log>'.encode())
    assert result.exit_code == 2
    assert "--map" in result.stderr


def test_an_attribute_of_free_text_does_not_go_out_and_one_that_no_event_has_is_said(tmp_path: Path) -> None:
    rows = [f"1,Sent,2026-03-02T12:00Z,{number},{number % 3}" for number in range(201)]
    content = "\n".join(["case_id,activity,timestamp,note,kind", *rows]).encode()
    file = tmp_path / "some.csv"
    for options in ([], ["--dry-run"]):
        refused = imported(file, content, "--attribute", "kind", "--attribute", "note", *options)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.startswith(f'Error: {file}: "note" has more than 200 different values')
    dry = imported(file, content, "--attribute", "kind", "--dry-run")
    assert "kind: 3 different values are taken along." in dry.stdout
    missing = imported(tmp_path / "some.xes", SOUND.encode(), "--attribute", "kind")
    assert (missing.exit_code, 'no event with "kind"' in missing.stderr) == (2, True)
    assert imported(file, content, "--attribute", "").exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["waits", "some"],
        ["leadtimes"],
        ["quarantine"],
        ["redrive", "1"],
        ["redrive", "--all"],
        ["discard", "1", "--reason", "broken"],
        ["parked"],
        ["forks"],
        ["discard-gap", "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e", "--reason", "lost"],
        ["verify"],
        ["rebuild"],
    ],
)
def test_without_a_street_every_command_says_so_with_exit_code_3(command: list[str]) -> None:
    result = CliRunner().invoke(sluss, command)
    assert result.exit_code == 3
    assert "make up" in result.stderr
