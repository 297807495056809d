"""What a request to referrals needs to find so that it can succeed: referrals in the right states, and what crossed."""

import time
from typing import Any, Final
from uuid import uuid4

import httpx

from tests.e2e.seeds import BODIES as OF_INTAKE
from tests.e2e.seeds import HAPPENED, LATER

SENDING: Final[dict[str, Any]] = {"reply_due_on": "2090-03-01", "legal_basis": "osl_10_2"}  # so late that time never changes the state
BODIES: Final[dict[str, dict[str, Any]]] = {
    "referrals": {"kind": "insats", "insats_kind": "work_training", "to_function": "jobbcentrum"},
    "sending": SENDING,
    "question": {"asked_of": "sender", "due_on": "1990-03-01"},
    "booking": {"starts_on": "1990-02-01"},
    "recall": {"reason": "moved"},
    "hold": {"reason": "sick"},
    "deviations": {"scope": "person", "kind": "absence", "observed_on": "1990-02-01", "to_role": "team_leader"},
}
SENT, BEGUN = ["sending"], ["sending", "start"]
# What must have been done to a referral before a step, beside its draft.
BEFORE: Final[dict[str, list[str]]] = {
    "discarding": [],
    "sending": [],
    **dict.fromkeys(("receipt", "question", "acceptance", "waitlisting", "decline", "redirection", "booking", "start", "recall"), SENT),
    **dict.fromkeys(("withdrawal", "hold", "reminder", "escalation", "advice", "error"), SENT),
    "information": [*SENT, "question"],
    "no-show": [*SENT, "booking"],
    "recall-confirmation": [*SENT, "acceptance", "recall"],
    "recall-refusal": [*SENT, "acceptance", "recall"],
    "cancellation": [*SENT, "acceptance"],
    "hold-end": [*SENT, "hold"],
    **dict.fromkeys(("extension", "readiness", "completion", "discontinuation", "deviations"), BEGUN),
    "acknowledgement": [*BEGUN, "deviations"],
    "handling": [*BEGUN, "deviations"],
}
MOST_IN_A_CASE: Final = 20
HEARD_WITHIN_S: Final = 120  # a rewind that was asked for meanwhile stops the hearing, and it hears everything again


class Referred:
    """Makes referrals, each fresh and in the state that a step asks for."""

    def __init__(self, intake: httpx.Client, referrals: httpx.Client) -> None:
        self._intake, self._referrals = intake, referrals
        self._case_id, self._left = "", 0

    def case_id(self) -> str:
        """A case that intake told of and referrals has heard of; each takes a number of referrals, so that none becomes long."""
        if not self._left:
            applied = {"happened": HAPPENED, **OF_INTAKE["applications"]}
            self._case_id = _posted(self._intake, "/intake/applications", applied)["case_id"]
            until = time.monotonic() + HEARD_WITHIN_S
            while self._referrals.get(f"/referrals/cases/{self._case_id}").status_code == 404:
                assert time.monotonic() < until, "referrals hears intake"
                time.sleep(0.02)
            self._left = MOST_IN_A_CASE
        self._left -= 1
        return self._case_id

    def ready_for(self, step: str) -> dict[str, str]:
        """The parameters of the path of a referral that is ready for a step (the path's last part)."""
        path, drafted = {"case_id": self.case_id()}, BODIES["referrals"]
        if step == "advice":
            drafted = {"kind": "consultation", "to_function": "employment_service"}
        made = self._post(path, "", drafted)
        path["referral_id"] = made["referral_id"]
        for done in BEFORE[step]:
            made = self._post(path, f"/{path['referral_id']}/{done}", BODIES.get(done, {}))
        for deviation in made["referrals"][-1]["deviations"]:
            path["deviation_id"] = deviation["deviation_id"]
        return path

    def programme(self) -> str:
        """A programme that has groups, and none yet."""
        registered = {"provider": str(uuid4()), "to_function": "jobbcentrum", "insats_kind": "work_training", "target_group": "jobseekers"}
        holds = {"opens_on": "1980-01-01", "closes_on": "2199-12-31", "seats": 999, "grouping": "side_by_side"}
        return str(_posted(self._referrals, "/referrals/programmes", registered | holds)["programme_id"])

    def crossed(self) -> int:
        """The number of something that crossed and that no human has settled."""
        path = self.ready_for("recall")
        self._post(path, f"/{path['referral_id']}/recall", BODIES["recall"])
        at = f"/referrals/cases/{path['case_id']}/referrals/{path['referral_id']}/acceptance"
        refused = self._referrals.post(at, json={"happened": LATER}, headers={"idempotency-key": str(uuid4())})
        assert refused.status_code == 409, refused.text
        return int(self._referrals.get("/referrals/conflicts").json()["conflicts"][0]["id"])

    def _post(self, path: dict[str, str], step: str, body: dict[str, Any]) -> dict[str, Any]:
        return _posted(self._referrals, f"/referrals/cases/{path['case_id']}/referrals{step}", {"happened": HAPPENED, **body})


def _posted(service: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = service.post(path, json=body, headers={"idempotency-key": str(uuid4())})
    assert answer.is_success, (path, answer.text)
    return dict(answer.json())
