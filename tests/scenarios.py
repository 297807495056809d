"""The worked histories of the rule set, typed into the street of a test run as `sluss seed` types them: in a year each, told apart by it.

The years are no leap years: the days of 2026 count the same in each.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from deploy.local.record import StreetRecord
from shared.clock import local_midnight
from tools import histories
from tools.clock import move_to
from tools.histories import History
from tools.seed import play

PLAYED = [
    *(histories.h1(2001), histories.h2_rejected(2002), histories.h2_renewed(2003), histories.h7(2005), histories.h8(2006)),
    *(histories.h20(2007), histories.h12(2009), histories.h3(2010), histories.h4(2011), histories.h5(2013), histories.h6(2014)),
    *(histories.h9(2015), histories.h19(2015), histories.h16(2017), histories.h11(2018), histories.h13(2019), histories.h14(2021)),
    *(histories.h10(2022), histories.h15(2002), histories.h17(2007), histories.h18(2013)),
]


class Desk:
    """Somebody at intake who types histories on the days they are typed, the street's clock going along."""

    def __init__(self, street: StreetRecord) -> None:
        self._street = street
        self.cases: dict[str, UUID] = {}

    def play(self, told: Sequence[History]) -> None:
        """Types everything in the order it was typed; the clock stops at every day on which something is."""
        self.cases |= {client: UUID(case_id) for client, case_id in play(self._street, told).items()}


@pytest.fixture(scope="session")
def desk(street: StreetRecord) -> Desk:
    """All worked histories played, years apart, and the clock a year behind the last.

    A test that moves the street's clock uses this fixture too: it moves forward only, and the histories come first.
    """
    desk = Desk(street)
    desk.play(PLAYED)
    move_to(street, local_midnight(date(2023, 6, 1)))
    return desk
