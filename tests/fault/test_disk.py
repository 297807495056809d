"""A street whose folder cannot be written says so in one line, and starts as soon as it can."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.failures import StreetFailure
from deploy.local.processes import parts_of
from deploy.local.record import StreetRecord
from deploy.local.street import Street
from tests.fault.machine import SmallDisk, require_small_disks, small_disk
from tests.street import Servers, servers_of


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    require_small_disks()
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", 1) as made:
        yield made


@pytest.fixture
def bare(disk: SmallDisk, street: StreetRecord, servers: Servers) -> Iterator[Street]:
    """A street of a launcher alone, on the small disk: both servers are somebody's."""
    made = Street(disk.folder / "street", services=(), extra_env=servers_of(street, servers))
    yield made
    made.stop()


def test_a_street_on_a_disk_that_may_not_be_written_says_so_and_starts_when_it_may(disk: SmallDisk, bare: Street) -> None:
    disk.read_only(True)
    with pytest.raises(StreetFailure, match=r"The system refuses something in .*street: Read-only file system"):
        bare.start()
    disk.read_only(False)
    assert bare.start().launcher.pid


@pytest.mark.parametrize("pages", range(7))
def test_a_street_that_runs_out_of_disk_at_whichever_file_says_so_and_starts_when_there_is_room(
    disk: SmallDisk, bare: Street, pages: int
) -> None:
    """`pages`: how much room is left at first; each file and each new folder takes one or more."""
    disk.fill(but=pages)
    failure = failure_of(bare)
    assert failure is None or "No space left on device" in failure
    bare.stop()
    assert parts_of(disk.folder / "street") == {}
    disk.free()
    assert failure_of(bare) is None


def failure_of(street: Street) -> str | None:
    """What it says when it cannot start."""
    try:
        street.start()
    except StreetFailure as failure:
        return str(failure)
    return None
