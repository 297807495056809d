"""`./sluss` as an operator types it, on the street of the test run."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner, Result

from deploy.local.record import StreetRecord
from tools.cli import sluss

Sluss = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(street: StreetRecord) -> Sluss:
    """Runs a command, in a thread because it has an event loop of its own; what it prints lies on the result."""

    async def run(*words: str) -> Result:
        env = {"SLUSS_STREET": str(street.folder), "COLUMNS": "120"}
        return await asyncio.to_thread(CliRunner(env=env).invoke, sluss, words)

    return run
