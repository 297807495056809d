"""What every test run has in common."""

import pytest

from tests.shared_data import oracles_read

pytest_plugins = ["tests.street", "tests.scenarios", "tests.durability"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many of the oracles were held against us, so that a run that skipped them does not look like one that passed."""
    terminalreporter.write_line(f"oracle files checked: {oracles_read()}")
