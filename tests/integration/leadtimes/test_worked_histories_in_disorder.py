"""The worked histories as the houses told them, shuffled and each event twice: the figures are those of the rule set."""

import random
from collections.abc import Sequence

import pytest

from contracts.envelope import Envelope, open_message
from deploy.local.record import StreetRecord
from shared.broker import Heard
from shared.postgres import connect
from tests.integration.leadtimes.conftest import Leadtimes
from tests.integration.leadtimes.telling import heard
from tests.scenarios import Desk

AS_OF = "2023-05-31"
BATCH = 50
# By measure and month in which the wait began: the mean of the completed, in days (`clocks.md` 7; beside it what tests/e2e holds of each).
COMPLETED = {
    "L02": {"2019-03": 60},
    "L04": {"2001-01": 15, "2001-08": 21, "2002-01": 15, "2002-02": 7, "2003-01": 15, "2005-01": 17, "2022-01": 15},
    "L14": {"2007-03": 90},
    "L14q": {"2007-03": 1},
    "L20": {"2005-01": 34, "2009-01": 55, "2011-03": 0, "2013-03": 200, "2014-01": 30, "2015-01": 55, "2015-03": 20, "2017-01": 181,
            "2022-01": 166},
    "L20any": {"2013-03": 1},
    "L20P": {"2005-01": 59},
    "L23": {"2002-12": 5, "2014-02": 302},
}  # fmt: skip
OTHERWISE = {("L20", "2006-02"): {"lapsed_no_application": 1}, ("L20", "2007-01"): {"moved": 1}, ("L20", "2005-01"): {"rejected": 1}}


async def told(street: StreetRecord, desk: Desk) -> Sequence[Heard]:
    """Everything that intake and referrals have told of the cases of the histories."""
    found = []
    for service in ("intake", "referrals"):
        record = street.services[service]
        db = await connect(record.database_url, record.password_file.read_text().strip(), size=1)
        rows = await db.fetch("SELECT headers, payload FROM outbox WHERE stream = ANY($1::uuid[])", list(desk.cases.values()))
        await db.close()
        found += [open_message([(name, text.encode()) for name, text in row["headers"]], row["payload"]) for row in rows]
    return [heard(each) for each in found if isinstance(each, Envelope)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_order_they_come_in_and_however_often(leadtimes: Leadtimes, street: StreetRecord, desk: Desk, seed: int) -> None:
    delivered = [*await told(street, desk)] * 2
    assert len(delivered) > 300
    random.Random(seed).shuffle(delivered)
    for at in range(0, len(delivered), BATCH):
        await leadtimes.hear(*delivered[at : at + BATCH])
    for measure, months in COMPLETED.items():
        shown = await leadtimes.measure(measure, by="month", as_of=AS_OF, known_at=AS_OF)
        groups = {group["group"]: group for group in shown["groups"]}
        assert {month: groups[month]["completed"]["mean"] for month in months} == months, measure
        for (code, month), ends in OTHERWISE.items():
            if code == measure:
                assert groups[month]["ended_otherwise"] == ends
    ready = await leadtimes.measure("L22", by="month", as_of="2018-11-22", known_at=AS_OF)
    [waiting] = [group["still_waiting"] for group in ready["groups"] if group["group"] == "2017-08"]
    assert (waiting["n"], waiting["median_so_far"]) == (1, 464)
    excluded = await leadtimes.measure("L20", by="month", as_of=AS_OF, known_at=AS_OF)
    assert [group["excluded"] for group in excluded["groups"] if group["group"] == "2010-03"] == [{"already_in_insats": 1}]
