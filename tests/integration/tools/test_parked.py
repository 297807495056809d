"""What an operator does about events that wait for an earlier one of their case, and about forks: seen, given up, kept with who."""

import asyncio
import json
from uuid import uuid4

from contracts.catalogue import INTAKE_EVENTS
from contracts.envelope import Envelope
from deploy.local import keys
from deploy.local.places import Places
from deploy.local.record import StreetRecord
from shared.inbox import Inbox
from shared.postgres import Database, Transaction
from shared.quarantine import Seal
from tests.integration.shared.streams import told
from tests.integration.tools.conftest import Sluss
from tests.street import service_client


async def nothing(_: Transaction, __: Envelope) -> None:
    """An effect of none."""


async def test_what_is_parked_and_forked_is_listed_and_a_gap_given_up(run: Sluss, street: StreetRecord, referrals: Database) -> None:
    inbox = Inbox("referrals", referrals, Seal(keys.quarantine_key(Places(street.folder))), nothing)
    case = uuid4()
    await inbox.hear([told(INTAKE_EVENTS, case, sequence) for sequence in (3, 4, 4)])
    try:
        [shown] = [each for each in json.loads((await run("parked", "--format", "json")).stdout) if each["stream"] == str(case)]
        assert (shown["service"], shown["applied"], shown["first_parked"], shown["events"]) == ("referrals", 0, 3, 2)
        table, rows = (await run("parked")).stdout, (await run("parked", "--format", "csv")).stdout
        assert (str(case) in table, "republish" in table, str(case) in rows) == (True, True, True)
        forks = [(await run("forks", "--format", each)).stdout for each in ("json", "csv", "table")]
        [fork] = [each for each in json.loads(forks[0]) if each["stream"] == str(case)]
        assert (fork["sequence"], all(str(case) in each for each in forks)) == (4, True)
        with service_client(street, "referrals", "operator") as operator:
            too_late = {"topic": INTAKE_EVENTS, "stream": str(case), "first_parked": 4, "reason": "lost"}
            assert operator.post("/referrals/inbox/gaps/discard", json=too_late).status_code == 404
            assert operator.post("/referrals/inbox/gaps/discard", json=too_late | {"reason": "because"}).status_code == 422
        given_up = await run("discard-gap", str(case), "--reason", "never_told")
        assert (given_up.exit_code, "2 events of intake-events given up, from number 1" in given_up.stdout) == (0, True)
        async with asyncio.timeout(60):
            while await referrals.fetchval("SELECT count(*) FROM inbox_parked WHERE stream = $1", case):
                await asyncio.sleep(0.05)  # the service itself applies what waited
        kept = await referrals.fetchrow("SELECT first_sequence, last_sequence, reason, given_up_by FROM inbox_gap WHERE stream = $1", case)
        assert kept is not None
        assert tuple(kept) == (1, 2, "never_told", "sluss")
        assert (await run("discard-gap", str(case), "--reason", "lost")).exit_code == 2
        assert (await run("discard-gap", str(case), "--reason", "because")).exit_code == 2
    finally:
        for table in ("inbox_fork", "inbox_parked"):
            await referrals.execute(f"DELETE FROM {table} WHERE stream = $1", case)
