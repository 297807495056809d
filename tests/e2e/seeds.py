"""What a request needs to find so that it can succeed: cases in the right states, a whole log, records in quarantine, a link."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx

HAPPENED = {"on": "1990-02-01"}  # before the years of the worked histories and of every other test
LATER = {"on": "1990-02-02"}
BODIES: dict[str, dict[str, Any]] = {
    "contact": {"channel": "phone", "source_system": "intake"},
    "applications": {"kind": "new", "channel": "phone", "period_from": "1990-02-01", "period_to": "1990-02-28"},
    "completion-requests": {"due_on": "1990-03-01"},
    "completion": {},
    "withdrawal": {},
    "assessment-start": {"kind": "application"},
    "assessment-completion": {"kind": "application"},
    "decision": {"outcome": "rejected", "automated": False, "decided_by_role": "social_worker"},
    "hindrance": {"code": "social"},
    "pes-checks": {"result": "unknown"},
    "plan": {"next_follow_up_on": "1990-03-01"},
    "assignments": {"mode": "direct", "insats_kind": "work_training", "basis": "sol_12_1"},
    "closing": {"reason": "moved"},
    "reopening": {"reason": "closed_in_error"},
}
# What must have been done to a case before a step, beside the first contact.
BEFORE: dict[str, list[str]] = {
    "applications": [],
    "completion-requests": ["applications"],
    "completion": ["applications", "completion-requests"],
    "withdrawal": ["applications"],
    "assessment-start": ["applications"],
    "assessment-completion": ["applications", "assessment-start"],
    "decision": ["applications"],
    "hindrance": ["applications"],
    "pes-checks": ["applications"],
    "observed-insatser": ["applications"],
    "responsibility": ["applications"],
    "introduction-days": ["applications"],
    "planning-meetings": ["applications"],
    "plan": ["applications"],
    "follow-ups": ["applications", "plan"],
    "expiry": ["applications", "plan"],
    "assignments": ["applications", "plan"],
    "answer": ["applications", "assignments"],
    "facts": [],
    "corrections": ["applications", "hindrance"],
    "handling": [],
    "closing": [],
    "reopening": ["closing"],
    "duplicate": [],
    "undoing": ["duplicate"],
    "{case_id}": [],
}
DELIVERED: dict[str, Any] = {
    "source_system": "migration",
    "items": [{"key": "K-1", "step": "contact", "body": {"happened": HAPPENED, "channel": "phone"}}],
}
OF_APPLICATION = ("completion-requests", "completion", "withdrawal", "assessment-start", "assessment-completion", "decision")


class Cases:
    """Makes cases of intake, each fresh and in the state that a step asks for."""

    def __init__(self, intake: httpx.Client) -> None:
        self._intake = intake

    def ready_for(self, step: str) -> dict[str, str]:
        """The parameters of the path of a case that is ready for a step (the path's last part)."""
        found = self._post("/intake/cases", "contact")
        path = {"case_id": str(found["case_id"])}
        for done in BEFORE[step]:
            of_case = f"/intake/cases/{path['case_id']}"
            where = f"{of_case}/applications/{path['application_ref']}" if done in OF_APPLICATION else of_case
            made = self._post(f"{where}/{done}", done)
            if made["application_ref"]:
                path["application_ref"] = str(made["application_ref"])
            if assignments := made["passage"]["assignments"]:
                path["assignment_ref"] = str(assignments[-1]["assignment_ref"])
        return path

    def another(self) -> str:
        """The id of a fresh case."""
        return str(self._post("/intake/cases", "contact")["case_id"])

    def last_fact(self, case_id: str) -> str:
        """The id of the fact that was told last of a case."""
        return str(self._intake.get(f"/intake/cases/{case_id}/facts").json()["facts"][-1]["event_id"])

    def _post(self, path: str, step: str) -> dict[str, Any]:
        headers = {"idempotency-key": str(uuid4())}
        body = {"of": self.another()} if step == "duplicate" else {"happened": HAPPENED, **BODIES[step]}
        answer = self._intake.post(path, json=body, headers=headers)
        assert answer.is_success, (path, answer.text)
        return dict(answer.json())


def a_number() -> str:
    """A reserve number that nobody has."""
    return f"99{secrets.randbelow(10**10):010}"


def a_person(intake: httpx.Client) -> dict[str, str]:
    """A fresh person: the reference and the number."""
    number = a_number()
    answer = intake.post("/intake/persons", json={"number": number, "given_name": "Tolvan"}, headers={"idempotency-key": str(uuid4())})
    assert answer.is_success, answer.text
    return {"person_ref": answer.json()["person_ref"], "number": number}


def link_code(leadtimes: httpx.Client) -> str:
    """The code of a fresh one-time link."""
    url = leadtimes.post("/leadtimes/links").json()["url"]
    return dict(parse_qsl(urlsplit(url).query))["code"]


def soon(service: httpx.Client, prefix: str) -> str:
    """A few seconds after the service's present."""
    shown = service.get(f"/{prefix}/clock").json()["now"]
    return (datetime.fromisoformat(shown) + timedelta(seconds=5)).isoformat()
