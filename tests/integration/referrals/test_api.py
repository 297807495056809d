"""The API of referrals: every operation with its own example, what it answers beside what it says of itself, and who is let in."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from services.referrals.api.acts import DEEDS
from services.referrals.domain.steps import Step
from tests.integration.referrals.conftest import Referrals

# What an operator does with what was heard needs a broker: tests/e2e/test_any_request.py.
OF_HEARING = {
    ("POST", "/referrals/quarantine/{number}/redrive"),
    ("POST", "/referrals/quarantine/{number}/discard"),
    ("POST", "/referrals/topics/{topic}/rewind"),
    ("POST", "/referrals/inbox/gaps/discard"),
}
DRAFT, ON = "/cases/{case_id}/referrals", "2026-03-02"
# Each way leads from a fresh draft by examples alone; together they take every step.
WAYS: list[list[Step]] = [
    [Step.DISCARD],
    [Step.SEND, Step.RECEIVE, Step.ASK, Step.SUPPLY, Step.CHASE, Step.ESCALATE, Step.ACCEPT, Step.SCHEDULE, Step.NO_SHOW, Step.CANCEL],
    [Step.SEND, Step.WAITLIST, Step.RECALL, Step.REFUSE_RECALL, Step.RECALL, Step.CONFIRM_RECALL],
    [Step.SEND, Step.START, Step.EXTEND, Step.READY, Step.HOLD, Step.END_HOLD, Step.COMPLETE],
    [Step.SEND, Step.START, Step.DISCONTINUE],
    [Step.SEND, Step.DECLINE],
    [Step.SEND, Step.REDIRECT],
    [Step.SEND, Step.WITHDRAW],
    [Step.SEND, Step.ENTER_IN_ERROR],
]
OTHERWISE = {Step.NO_SHOW: {"happened": {"on": "2026-03-16"}}}  # not before the day for which the example of a booking books


class Described:
    """The service as it describes itself; notes which operations were answered as they say."""

    def __init__(self, referrals: Referrals, document: Mapping[str, Any]) -> None:
        self.referrals, self.document = referrals, document
        self.answered: set[tuple[str, str]] = set()

    async def send(self, method: str, path: str, by: str = "sender", asked: Mapping[str, Any] | None = None, **names: Any) -> Any:
        """Sends an operation with its own example (`asked`: with something said otherwise); answers what it must answer."""
        operation = self.document["paths"][f"/referrals{path}"][method.lower()]
        body = self._example(operation) if "requestBody" in operation else None
        answer = await self.referrals.clients[by].request(
            method,
            f"/referrals{path.format(**names)}",
            json=body | dict(asked or {}) if body is not None else None,
            headers={"Idempotency-Key": f"key-{next(self.referrals.keys)}"},
        )
        assert answer.is_success, (path, answer.text)
        said = operation["responses"][str(answer.status_code)]
        self.answered.add((method, f"/referrals{path}"))
        if "application/json" not in said.get("content", {}):
            return None
        schema = said["content"]["application/json"]["schema"] | {"components": self.document["components"]}
        assert list(Draft202012Validator(schema).iter_errors(answer.json())) == [], path
        return answer.json()

    def _example(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        [example] = operation["requestBody"]["content"]["application/json"]["schema"]["examples"]
        return dict(example)


async def described(referrals: Referrals) -> Described:
    return Described(referrals, (await referrals.clients["sender"].get("/referrals/openapi.json")).json())


async def test_every_operation_is_answered_as_it_says_to_its_own_example(referrals: Referrals) -> None:
    api, case_id = await described(referrals), await referrals.case()
    for way in WAYS:
        names = {"case_id": case_id, "referral_id": (await api.send("POST", DRAFT, case_id=case_id))["referral_id"]}
        for step in way:
            case = await api.send("POST", f"{DRAFT}/{{referral_id}}/{DEEDS[step].path}", asked=OTHERWISE.get(step), **names)
            if step is Step.START:
                case = await api.send("POST", f"{DRAFT}/{{referral_id}}/deviations", **names)
                deviation = {"deviation_id": case["referrals"][-1]["deviations"][0]["deviation_id"], **names}
                for path in ("acknowledgement", "handling"):
                    await api.send("POST", f"{DRAFT}/{{referral_id}}/deviations/{{deviation_id}}/{path}", **deviation)
    consultation = {"kind": "consultation", "insats_kind": None, "to_function": "employment_service"}
    asked = (await api.send("POST", DRAFT, asked=consultation, case_id=case_id))["referral_id"]
    for step in (Step.SEND, Step.ADVISE):
        await api.send("POST", f"{DRAFT}/{{referral_id}}/{DEEDS[step].path}", case_id=case_id, referral_id=asked)
    assert (await referrals.post(f"/cases/{case_id}/referrals/{names['referral_id']}/acceptance", ON)).status_code == 409
    [crossed] = (await api.send("GET", "/conflicts"))["conflicts"]
    await api.send("POST", "/conflicts/{number}/settlement", number=crossed["id"])
    programme = {"programme_id": (await api.send("POST", "/programmes"))["programme_id"]}
    for path in ("/programmes/{programme_id}/groups", "/programmes/{programme_id}/capacity"):
        await api.send("POST", path, **programme)
    for path in ("/cases/{case_id}", "/referrals", "/worklist", "/changes", "/codes", "/programmes", "/programmes/{programme_id}"):
        assert await api.send("GET", path, case_id=case_id, **programme)
    assert (await referrals.clients["sender"].get("/referrals/changes/stream?for_s=0")).status_code == 200
    api.answered.add(("GET", "/referrals/changes/stream"))
    sent_again = {"topic": "referral-events", "stream": str(case_id)}
    again = await api.send("POST", "/outbox/republish", "operator", sent_again)
    assert again == {"events": len(await referrals.told(case_id))}
    for path in ("/quarantine", "/inbox/parked", "/inbox/forks"):
        await api.send("GET", path, "operator")
    await api.send("GET", "/clock", "operator")
    await api.send("POST", "/clock", "operator", {"to": "2026-06-02T00:00:00+02:00"})
    operations = {(method.upper(), path) for path, item in api.document["paths"].items() for method in item}
    assert operations - api.answered == OF_HEARING
    assert {step for way in WAYS for step in way} | {Step.ADVISE} == set(DEEDS)


async def test_every_operation_has_an_example(referrals: Referrals) -> None:
    document = (await described(referrals)).document

    def faults(shown: Mapping[str, Any], left_out: str | None) -> Iterator[str]:
        if (content := shown.get("content", {}).get("application/json")) is None:
            return  # done and not shown, or a stream
        schema = content["schema"]
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        [example] = schema.get("examples", [None])
        for error in Draft202012Validator(schema | {"components": document["components"]}).iter_errors(example):
            if error.validator != left_out:
                yield f"{schema['title']}: {error.message}"

    for item in document["paths"].values():
        for operation in item.values():
            assert list(faults(operation.get("requestBody", {}), None)) == []
            for status, answer in operation["responses"].items():
                if status.startswith("2"):  # FastAPI leaves every null out of an example
                    assert list(faults(answer, "required")) == []


async def test_who_may_nothing_is_let_into_no_operation(referrals: Referrals) -> None:
    document = (await described(referrals)).document
    for route in referrals.app.routes:
        if isinstance(route, APIRoute):
            assert route.dependencies, route.path
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for by in ("nobody", "operator", "jobbcentrum"):
                status = (await knock(referrals, by, method, path)).status_code
                operators = "operations" in operation.get("tags", []) or "simulation" in operation.get("tags", [])
                senders = path.startswith(("/referrals/conflicts", "/referrals/changes"))
                let_in = {"nobody": False, "operator": operators, "jobbcentrum": not (operators or senders)}[by]
                assert (status != 403) is let_in, (by, method, path, status)


async def knock(referrals: Referrals, by: str, method: str, path: str) -> httpx.Response:
    """An empty request at an operation: whoever is let in is told what is missing."""
    address = path.format(
        case_id=UUID(int=1), referral_id=UUID(int=2), deviation_id=UUID(int=3), programme_id=UUID(int=4), number="none", topic="none"
    )
    query = {"for_s": "0"} if path.endswith("/stream") else {}
    return await referrals.clients[by].request(method.upper(), address, json={} if method == "post" else None, params=query)


async def test_an_answer_names_its_case_its_version_and_steps_that_are_there(referrals: Referrals) -> None:
    case_id = await referrals.case()
    answer = await referrals.post(f"/cases/{case_id}/referrals", ON, kind="assessment", to_function="health_centre")
    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, f"/referrals/cases/{case_id}", '"1"')
    referral = await referrals.sent(case_id)
    await referrals.done(f"{referral}/start", ON)
    seen = {"scope": "insats", "kind": "not_on_track", "observed_on": ON, "to_role": "social_worker"}
    running = await referrals.done(f"{referral}/deviations", ON, **seen)
    assert {each["step"] for each in running["next"]} >= {"draft", "send", "complete", "report_deviation", "acknowledge_deviation"}
    for each in running["next"]:
        assert (await referrals.post(each["path"].removeprefix("/referrals"))).status_code == 422, each
    assert (await referrals.post(f"/cases/{case_id}/referrals", "2026-06-02", kind="assessment", to_function="sfi")).json()["type"] == (
        "urn:sluss:error:time_in_future"
    )
    without_a_key = await referrals.clients["sender"].post(f"/referrals{referral}/completion", json={"happened": {"on": ON}})
    assert without_a_key.json()["type"] == "urn:sluss:error:idempotency_key_missing"
