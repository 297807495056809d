"""The worked histories of the rule set, as somebody types them: each in a year of its own, so that one street tells them apart.

The years are no leap years: the days of 2026 count the same in each.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.local.record import StreetRecord
from shared.clock import LOCAL, local_midnight
from tests.street import service_client
from tools.clock import move_to

AT_WORK = time(9, 30)


@dataclass(frozen=True)
class Typed:
    """One thing that somebody types about a client, on the day it happened or later."""

    happened: date
    client: str
    what: str
    body: dict[str, Any]
    typed: date


def typed(happened: date, client: str, what: str, *, on: date | None = None, **body: Any) -> Typed:
    """Typed on the day it happened unless `on` says later."""
    return Typed(happened, client, what, body, on or happened)


CONTACT = {"channel": "phone", "source_system": "intake"}


def application(day: date, kind: str = "new") -> dict[str, Any]:
    """An application for the month of a day."""
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return {"kind": kind, "channel": "phone", "period_from": first.isoformat(), "period_to": last.isoformat()}


def granted(day: date) -> dict[str, Any]:
    """Granted for the month of a day."""
    wanted = application(day)
    period = {"support_from": wanted["period_from"], "support_to": wanted["period_to"]}
    return {"outcome": "granted", "automated": False, "decided_by_role": "social_worker", **period}


REJECTED = {"outcome": "rejected", "automated": False, "decided_by_role": "social_worker"}


def h1(y: int) -> list[Typed]:
    """Granted January to May, nothing in June: lapses; a new case in August."""
    steps = [
        typed(date(y, 1, 5), "h1a", "contact", **CONTACT),
        typed(date(y, 1, 5), "h1a", "application", **application(date(y, 1, 5))),
        typed(date(y, 1, 20), "h1a", "decision", **granted(date(y, 1, 20))),
    ]
    for month in (2, 3, 4, 5):
        steps.append(typed(date(y, month, 2), "h1a", "application", **application(date(y, month, 2), "renewal")))
        steps.append(typed(date(y, month, 6), "h1a", "decision", **granted(date(y, month, 6))))
    steps += [
        typed(date(y, 8, 3), "h1b", "contact", **CONTACT),
        typed(date(y, 8, 3), "h1b", "application", **application(date(y, 8, 3))),
        typed(date(y, 8, 24), "h1b", "decision", **granted(date(y, 8, 24))),
    ]
    return steps


def h2_rejected(y: int) -> list[Typed]:
    """Rejected and closed, then again: two cases, as KKiK counts them."""
    return [
        typed(date(y, 1, 5), "h2a", "contact", **CONTACT),
        typed(date(y, 1, 5), "h2a", "application", **application(date(y, 1, 5))),
        typed(date(y, 1, 20), "h2a", "decision", **REJECTED),
        typed(date(y, 1, 20), "h2a", "closing", reason="rejected"),
        typed(date(y, 2, 3), "h2b", "contact", **CONTACT),
        typed(date(y, 2, 3), "h2b", "application", **application(date(y, 2, 3))),
        typed(date(y, 2, 10), "h2b", "decision", **REJECTED),
    ]


def h2_renewed(y: int) -> list[Typed]:
    """Granted, and the application of February a renewal: one wait."""
    return [
        typed(date(y, 1, 5), "h2c", "contact", **CONTACT),
        typed(date(y, 1, 5), "h2c", "application", **application(date(y, 1, 5))),
        typed(date(y, 1, 20), "h2c", "decision", **granted(date(y, 1, 20))),
        typed(date(y, 2, 3), "h2c", "application", **application(date(y, 2, 3), "renewal")),
        typed(date(y, 2, 10), "h2c", "decision", **granted(date(y, 2, 10))),
    ]


def h7(y: int) -> list[Typed]:
    """Rejected and closed; back within the week and granted."""
    return [
        typed(date(y, 1, 1), "h7a", "contact", **CONTACT),
        typed(date(y, 1, 1), "h7a", "application", **application(date(y, 1, 1))),
        typed(date(y, 1, 20), "h7a", "decision", **REJECTED),
        typed(date(y, 1, 20), "h7a", "closing", reason="rejected"),
        typed(date(y, 1, 26), "h7b", "contact", **CONTACT),
        typed(date(y, 1, 26), "h7b", "application", **application(date(y, 1, 26))),
        typed(date(y, 2, 10), "h7b", "decision", **granted(date(y, 2, 10))),
    ]


def h8(y: int) -> list[Typed]:
    """A call, nothing more."""
    return [typed(date(y, 2, 10), "h8", "contact", **CONTACT)]


def h12(y: int) -> list[Typed]:
    """The decision in the place of the start: made on 1 March, typed on 20 April."""
    return [
        typed(date(y, 1, 5), "h12", "contact", **CONTACT),
        typed(date(y, 1, 5), "h12", "application", **application(date(y, 1, 5))),
        typed(date(y, 3, 1), "h12", "decision", on=date(y, 4, 20), **granted(date(y, 3, 1))),
    ]


def h10(y: int) -> list[Typed]:
    """The first half: rejected and closed, reopened after an appeal, and decided anew."""
    return [
        typed(date(y, 1, 5), "h10", "contact", **CONTACT),
        typed(date(y, 1, 5), "h10", "application", **application(date(y, 1, 5))),
        typed(date(y, 1, 20), "h10", "decision", **REJECTED),
        typed(date(y, 1, 20), "h10", "closing", reason="rejected"),
        typed(date(y, 5, 28), "h10", "reopening", reason="appeal"),
        typed(date(y, 5, 28), "h10", "decision", **granted(date(y, 5, 28))),
    ]


def h14(y: int) -> list[Typed]:
    """Granted for February to July, and self-supporting at its end. Unemployed: assigned at once, planned after the assessment."""
    half_a_year = {"support_from": f"{y}-02-01", "support_to": f"{y}-07-31"}
    return [
        typed(date(y, 1, 5), "h14", "contact", **CONTACT),
        typed(date(y, 1, 5), "h14", "application", on=date(y, 1, 8), **application(date(y, 1, 5)), hindrance="unemployed"),
        typed(date(y, 1, 9), "h14", "assessment-start", kind="application"),
        typed(date(y, 1, 23), "h14", "assessment-completion", kind="application"),
        typed(date(y, 1, 25), "h14", "decision", **granted(date(y, 2, 1)) | half_a_year),
        typed(date(y, 2, 1), "h14", "plan", next_follow_up_on=f"{y}-03-01"),
        typed(date(y, 2, 8), "h14", "assignments", mode="planned", insats_kind="work_placement", basis="sol_12_4"),
        typed(date(y, 7, 31), "h14", "closing", reason="self_supporting_work"),
    ]


def h20(y: int) -> list[Typed]:
    """Moved away before anything was decided."""
    return [
        typed(date(y, 1, 5), "h20", "contact", **CONTACT),
        typed(date(y, 1, 5), "h20", "application", **application(date(y, 1, 5))),
        typed(date(y, 2, 9), "h20", "closing", reason="moved"),
    ]


PATHS = {
    "contact": "/intake/cases",
    "application": "/intake/cases/{case}/applications",
    "closing": "/intake/cases/{case}/closing",
    "reopening": "/intake/cases/{case}/reopening",
    "plan": "/intake/cases/{case}/plan",
    "assignments": "/intake/cases/{case}/assignments",
    "assessment-start": "/intake/cases/{case}/applications/{application}/assessment-start",
    "assessment-completion": "/intake/cases/{case}/applications/{application}/assessment-completion",
    "decision": "/intake/cases/{case}/applications/{application}/decision",
}


class Desk:
    """Somebody at intake who types histories on the days they are typed, the street's clock going along."""

    def __init__(self, street: StreetRecord) -> None:
        self._street = street
        self.cases: dict[str, UUID] = {}
        self._applications: dict[str, UUID] = {}

    def play(self, steps: list[Typed]) -> None:
        """Types everything in the order it was typed; the clock stops at every day on which something is."""
        with service_client(self._street, "intake", "intake-staff", "intake-decider") as intake:
            day = None
            for step in sorted(steps, key=lambda step: step.typed):
                if step.typed != day:
                    day = step.typed
                    move_to(self._street, datetime.combine(day, AT_WORK, LOCAL))
                self._type(intake, step)

    def _type(self, intake: httpx.Client, step: Typed) -> None:
        path = PATHS[step.what].format(case=self.cases.get(step.client), application=self._applications.get(step.client))
        key = f"{step.client}-{step.what}-{step.happened}"
        answer = intake.post(path, json={"happened": {"on": step.happened.isoformat()}, **step.body}, headers={"idempotency-key": key})
        assert answer.is_success, answer.text
        told = answer.json()
        self.cases[step.client] = UUID(told["case_id"])
        if told.get("application_ref"):
            self._applications[step.client] = UUID(told["application_ref"])


@pytest.fixture(scope="session")
def desk(street: StreetRecord) -> Desk:
    """All worked histories played, years apart, and the clock a year behind the last.

    A test that moves the street's clock uses this fixture too: it moves forward only, and the histories come first.
    """
    desk = Desk(street)
    desk.play([*h1(2001), *h2_rejected(2002), *h2_renewed(2003), *h7(2005), *h8(2006), *h20(2007), *h12(2009), *h14(2021), *h10(2022)])
    move_to(street, local_midnight(date(2023, 6, 1)))
    return desk
