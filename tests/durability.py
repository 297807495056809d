"""Where Tansu stands in for Apache Kafka, the tests that rest on the real one (`needs_durable_broker`) are not run, and listed."""

import os
from collections.abc import Sequence

import pytest

from deploy.local.failures import JarsOutOfReach, StreetFailure
from deploy.local.kafka_jars import jars
from deploy.local.places import cache
from deploy.local.record import TANSU

LEFT_OUT = "the broker of this run keeps everything in memory"


def broker_in_memory() -> bool:
    """Whether this run stands on Tansu: SLUSS_BROKER says so, or says nothing and the jars cannot be fetched; then it says so from here."""
    if os.environ.get("SLUSS_KAFKA"):
        return False
    if not os.environ.get("SLUSS_BROKER"):
        try:
            jars(cache(), lambda _: None)
        except JarsOutOfReach:
            os.environ["SLUSS_BROKER"] = TANSU
        except StreetFailure as failure:
            pytest.exit(str(failure), returncode=3)
    return os.environ.get("SLUSS_BROKER") == TANSU


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Before any of their fixtures."""
    marked = [item for item in items if item.get_closest_marker("needs_durable_broker")]
    if marked and broker_in_memory():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=LEFT_OUT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Each by its name, so that such a run does not look like one that passed."""
    left_out = [each.nodeid for each in terminalreporter.stats.get("skipped", []) if LEFT_OUT in str(each.longrepr)]
    if left_out:
        terminalreporter.section("NOT RUN: Tansu stood in for Apache Kafka, on which these rest", "!")
        for nodeid in left_out:
            terminalreporter.write_line(nodeid)
