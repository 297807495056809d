"""What reaches a log: the kind and the place of a fault, never what somebody typed."""

import io
import json
import logging

from shared import log

CANARY = "19121212-1212 Tolvan Tolvansson"


def test_an_exception_is_told_by_its_kind_and_place(lines: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        log.logger.error("it failed", exc_info=error)
        logging.getLogger("somebody.else").error("theirs failed", exc_info=True)
    ours, theirs = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (ours["exception"], ours["service"], ours["level"]) == ("ValueError", "test", "error")
    assert "test_log.py" in ours["at"][-1]
    assert theirs["exception"] == "ValueError"
    assert "Tolvan" not in lines.getvalue()


def test_of_a_library_only_the_template_is_kept(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("could not store %s", CANARY)
    assert json.loads(lines.getvalue())["event"] == "could not store %s"


def test_a_line_break_in_a_value_stays_one_line(lines: io.StringIO) -> None:
    log.logger.info("heard", code="a\r\n2026 INFO admin login")
    assert len(lines.getvalue().splitlines()) == 1
