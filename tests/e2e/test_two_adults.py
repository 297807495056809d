"""Two adults of one household, from the first contact to an insats each: one is declined and redirected, the other waits in a queue."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.record import StreetRecord
from shared.clock import LOCAL, local_midnight
from tests.scenarios import Desk
from tests.street import service_client
from tools.clock import move_to, open_clock

FIRST_DAY = datetime(2024, 3, 4, 9, 0, tzinfo=LOCAL)
PATIENCE_S = 30
ROLES = ("applicant", "co_applicant")


class Office:
    """Everybody who works with the two: intake, the senders of referrals, Jobbcentrum and the region."""

    def __init__(self, street: StreetRecord, clients: dict[str, httpx.Client]) -> None:
        self._street, self._clients = street, clients

    def post(self, by: str, path: str, on: datetime, **body: Any) -> dict[str, Any]:
        """What somebody does on a day, the street's clock there by then; what was told elsewhere just before is waited for."""
        happened = {"happened": {"on": on.date().isoformat()}} if on else {}
        until, key = time.monotonic() + PATIENCE_S, str(uuid4())
        while True:
            answer = self._clients[by].post(path, json=happened | body, headers={"Idempotency-Key": key})
            if answer.status_code != httpx.codes.NOT_FOUND or time.monotonic() > until:
                assert answer.is_success, answer.text
                return dict(answer.json())
            time.sleep(0.05)

    def get(self, who: str, path: str, **asked: Any) -> dict[str, Any]:
        """What somebody reads."""
        answer = self._clients[who].get(path, params=asked)
        answer.raise_for_status()
        return dict(answer.json())

    def day(self, number: int) -> datetime:
        """So many days after the contact, the street's clock moved there."""
        at = FIRST_DAY + timedelta(days=number)
        with open_clock(self._street) as clock:
            if clock.now() < at:
                clock.move_to(at)
        return at


@pytest.fixture
def office(street: StreetRecord, desk: Desk) -> Iterator[Office]:
    who = {
        "intake": ("intake", "intake-staff", "intake-decider"),
        "sender": ("referrals", "referrals-staff"),
        "jobbcentrum": ("referrals", "referrals-recipient", "function-jobbcentrum"),
        "region": ("referrals", "referrals-recipient", "function-region"),
        "reader": ("leadtimes", "leadtimes-reader"),
    }
    with ExitStack() as stack:
        yield Office(street, {name: stack.enter_context(service_client(street, *roles)) for name, roles in who.items()})


def test_from_the_first_contact_to_an_insats_each(office: Office, street: StreetRecord) -> None:
    day, household, adults = office.day, str(uuid4()), (str(uuid4()), str(uuid4()))
    on = day(0)
    for person in adults:
        contact = {"person_ref": person, "household_ref": household, "channel": "visit"}
        office.post("intake", "/intake/cases", on, **contact)
    applied = office.post(
        "intake", f"/intake/households/{household}/applications", on, kind="new", channel="visit", period_from="2024-03-01",
        period_to="2024-03-31",
        adults=[{"person_ref": person, "role": role, "hindrance": "unemployed"} for person, role in zip(adults, ROLES, strict=True)],
    )  # fmt: skip
    one, other = (each["case"]["case_id"] for each in applied["members"])

    def act(by: str, case_id: str, referral: str, what: str, number: int, **body: Any) -> dict[str, Any]:
        return office.post(by, f"/referrals/cases/{case_id}/referrals/{referral}/{what}", day(number), **body)

    def drafted(case_id: str) -> str:
        """The draft that the direct assignment left, once it was heard."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = office.get("sender", "/referrals/referrals", state="draft", to_function="jobbcentrum", limit=200)["referrals"]
            for each in found:
                if each["case_id"] == case_id:
                    return str(each["referral_id"])
            time.sleep(0.05)
        raise AssertionError("no draft came of the direct assignment")

    send = {"reply_within_working_days": 10, "legal_basis": "osl_10_2", "not_consulted_because": "urgent"}
    first, second = drafted(one), drafted(other)
    for case_id, referral in ((one, first), (other, second)):
        act("sender", case_id, referral, "sending", 1, **send)
    draft = {"kind": "insats", "insats_kind": "medical_rehabilitation", "to_function": "region", "planned_hours_per_week": 12}
    parallel = office.post("sender", f"/referrals/cases/{one}/referrals", day(1), **draft)["referral_id"]
    act("sender", one, parallel, "sending", 1, **send)
    act("jobbcentrum", one, first, "decline", 5, reason="medical_clarification_needed")
    act("region", one, parallel, "redirection", 8, reason="wrong_recipient", suggested_function="region_rehab")
    successor = office.post(
        "sender", f"/referrals/cases/{one}/referrals", day(9), **draft | {"to_function": "region"}, successor_of=parallel
    )["referral_id"]
    act("sender", one, successor, "sending", 9, **send)
    act("jobbcentrum", other, second, "waitlisting", 10, reason="no_capacity", position=3, expected_start_on="2024-04-15")
    act("sender", one, successor, "acceptance", 20)
    act("region", one, successor, "start", 30, planned_end_on="2024-06-28")
    act("jobbcentrum", other, second, "start", 42)
    end = {"outcome": "work", "reason": "got_job", "attended": "yes"}
    act("region", one, successor, "completion", 80, **end)
    act("jobbcentrum", other, second, "completion", 90, **end)

    move_to(street, local_midnight((FIRST_DAY + timedelta(days=91)).date()))
    shown = office.get("reader", "/leadtimes/measures/L20", by="month", as_of="2024-06-30")
    [march] = [group for group in shown["groups"] if group["group"] == "2024-03"]
    assert (march["completed"]["n"], march["completed"]["mean"], march["still_waiting"]["n"]) == (2, 36, 0)
    answers = office.get("reader", "/leadtimes/measures/L15", by="month", as_of="2024-06-30")
    [march] = [group for group in answers["groups"] if group["group"] == "2024-03"]
    assert march["ended_otherwise"] == {"declined": 1, "redirected": 1}
    assert {each["state"] for each in office.get("sender", f"/referrals/cases/{one}")["referrals"]} == {
        "declined",
        "redirected",
        "completed",
    }
