"""Who a person is: registered, looked up, renumbered, protected, told to three services, erased. What is refused is never repeated."""

import asyncio
import json
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.domain.identity import Protection
from services.intake.store.vault import standing as standing_of
from tests.integration.intake.conftest import Intake

# Test numbers that Skatteverket publishes; nobody has them.
NUMBER, OTHER, COORDINATION = "198507012394", "198507012386", "198504782395"
ADDRESS = {"care_of": None, "street": "Exempelgatan 1", "postal_code": "194 80", "place": "Upplands Väsby"}
NAMES = {"given_name": "Tolvan", "family_name": "Tolvansson"}
MAY_ASK = ("partners", "meetings", "notifications")
AT_ONCE = 10


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].removeprefix("urn:sluss:error:"))


async def registered(intake: Intake, number: str | None = NUMBER, **more: Any) -> str:
    """A person's reference."""
    return str((await intake.done("/persons", number=number, **NAMES, address=ADDRESS, **more))["person_ref"])


async def look_up(intake: Intake, number: str) -> httpx.Response:
    return await intake.staff.post("/intake/persons:lookup", json={"number": number, "purpose": "handling"})


async def identity(intake: Intake, person_ref: str, role: str = "partners", purpose: str = "planning") -> httpx.Response:
    return await intake.clients[role].post(f"/intake/persons/{person_ref}/identity", json={"purpose": purpose})


async def erase(intake: Intake, person_ref: str, role: str = "operator") -> httpx.Response:
    return await intake.clients[role].delete(f"/intake/persons/{person_ref}/key")


async def connected(intake: Intake) -> None:
    """The vault's pool with a connection for each of those who come at once: else the first is done before the next has one."""
    await asyncio.gather(*(intake.vault.db.fetchval("SELECT pg_sleep(0.3)") for _ in range(AT_ONCE)))


async def accesses(intake: Intake) -> list[tuple[str, str, str, str | None]]:
    """The access log: who, what, why, whose. Read as the administrator: the vault's own role may not."""
    rows = await intake.db.fetch("SELECT caller, action, purpose, person_ref FROM vault.identity_access ORDER BY id")
    return [(row["caller"], row["action"], row["purpose"], str(row["person_ref"]) if row["person_ref"] else None) for row in rows]


async def test_a_person_is_registered_and_found_by_every_form_of_the_number(intake: Intake) -> None:
    answer = await intake.post("/persons", number="850701-2394", **NAMES)
    assert answer.status_code == 201
    assert answer.json() | {"person_ref": None} == {
        "person_ref": None, "kind": "personnummer", "protection_level": "none", "effective_on": None, "version": 1,
    }  # fmt: skip
    for form in (NUMBER, "8507012394", "850701-2394", "19850701-2394"):
        found = await look_up(intake, form)
        assert (found.status_code, found.json(), found.headers["etag"]) == (200, answer.json(), '"1"')


async def test_the_same_number_again_is_the_same_person_as_they_were(intake: Intake) -> None:
    first = await intake.post("/persons", number=NUMBER, **NAMES)
    again = await intake.post("/persons", number="850701-2394", given_name="Somebody", family_name="Else")
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert (await identity(intake, first.json()["person_ref"])).json()["given_name"] == "Tolvan"


async def test_one_request_sent_twice_is_one_person_and_one_answer(intake: Intake) -> None:
    answers = [await intake.post("/persons", key="once", number=None, **NAMES) for _ in range(2)]
    assert {(each.status_code, each.text) for each in answers} == {(201, answers[0].text)}
    other = await intake.post("/persons", key="once", number=NUMBER, **NAMES)
    assert (other.status_code, code(other)) == (422, "idempotency_key_reused")


async def test_registered_at_once_a_number_gets_one_person(intake: Intake) -> None:
    await connected(intake)
    answers = await asyncio.gather(*(intake.post("/persons", number=NUMBER) for _ in range(AT_ONCE)))
    assert Counter(each.status_code for each in answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({each.json()["person_ref"] for each in answers}) == 1


async def test_without_a_number_each_is_a_person_of_their_own(intake: Intake) -> None:
    first, second = await registered(intake, None), await registered(intake, None)
    assert first != second
    assert (await identity(intake, first)).json()["number"] is None
    left_out = await intake.post("/persons", **NAMES)
    assert left_out.status_code == 422, "it is said that there is none"


async def test_a_number_that_nobody_has_and_one_that_was_erased_are_answered_alike(intake: Intake) -> None:
    await erase(intake, await registered(intake, OTHER))
    answers = [await look_up(intake, number) for number in (NUMBER, OTHER)]
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
    assert (await accesses(intake))[-1] == ("test-intake-staff", "look_up", "handling", None)


async def test_a_personnummer_takes_the_place_of_a_samordningsnummer_and_the_reference_stays(intake: Intake) -> None:
    person_ref = await registered(intake, COORDINATION)
    changed = await intake.done(f"/persons/{person_ref}/number", number="850701-2394")
    assert (changed["person_ref"], changed["kind"], changed["version"]) == (person_ref, "personnummer", 2)
    assert (await look_up(intake, NUMBER)).json()["person_ref"] == person_ref
    assert (await look_up(intake, COORDINATION)).status_code == 404
    told = (await identity(intake, person_ref)).json()
    assert (told["number"], told["given_name"], told["address"]) == (NUMBER, "Tolvan", ADDRESS)
    again = await intake.done(f"/persons/{person_ref}/number", number=NUMBER)
    assert again == changed, "already so"


async def test_a_number_that_somebody_else_has_is_refused(intake: Intake) -> None:
    holder, person_ref = await registered(intake), await registered(intake, None)
    answer = await intake.post(f"/persons/{person_ref}/number", number=NUMBER)
    assert (answer.status_code, code(answer)) == (409, "number_taken")
    assert NUMBER not in answer.text
    assert holder not in answer.text
    assert (await identity(intake, person_ref)).json()["number"] is None


async def test_two_who_get_one_number_at_once_are_one_who_gets_it(intake: Intake) -> None:
    people = [await registered(intake, None) for _ in range(AT_ONCE)]
    await connected(intake)
    answers = await asyncio.gather(*(intake.post(f"/persons/{each}/number", number=NUMBER) for each in people))
    assert Counter(each.status_code for each in answers) == {200: 1, 409: AT_ONCE - 1}


async def test_a_change_that_builds_on_an_older_version_is_refused(intake: Intake) -> None:
    person_ref = await registered(intake)
    for path, body in (("number", {"number": OTHER}), ("protection", {"level": "secrecy_marking", "effective_on": "2026-01-05"})):
        answer = await intake.post(f"/persons/{person_ref}/{path}", if_match='"7"', **body)
        assert (answer.status_code, code(answer)) == (412, "version_mismatch")


async def test_a_change_sent_twice_is_made_once(intake: Intake) -> None:
    person_ref = await registered(intake)
    answers = [await intake.post(f"/persons/{person_ref}/number", key="once", if_match='"1"', number=OTHER) for _ in range(2)]
    assert {(each.status_code, each.text) for each in answers} == {(200, answers[0].text)}
    assert [action for _, action, _, _ in await accesses(intake)] == ["register", "change_number"]


async def test_of_somebody_protected_no_address_is_told(intake: Intake) -> None:
    person_ref = await registered(intake)
    for version, level in ((2, "protected_registration"), (3, "secrecy_marking")):
        told = await intake.done(f"/persons/{person_ref}/protection", level=level, effective_on="2026-01-05")
        assert (told["protection_level"], told["effective_on"], told["version"]) == (level, "2026-01-05", version)
        shown = (await identity(intake, person_ref)).json()
        assert (shown["address"], shown["protection_level"], shown["number"]) == (None, level, NUMBER)
        standing = await standing_of(intake.vault, UUID(person_ref), date(2026, 2, 1))
        assert standing is not None
        assert standing.protection is Protection(level)
    await intake.done(f"/persons/{person_ref}/protection", level="none", effective_on="2026-01-06")
    assert (await identity(intake, person_ref)).json()["address"] == ADDRESS
    assert await standing_of(intake.vault, uuid4(), date(2026, 2, 1)) is None


async def test_protection_begins_today_at_the_latest_and_has_three_levels(intake: Intake) -> None:
    person_ref = await registered(intake)
    future = await intake.post(f"/persons/{person_ref}/protection", level="secrecy_marking", effective_on="2026-02-02")
    assert (future.status_code, code(future)) == (422, "time_in_future")
    unknown = await intake.post(f"/persons/{person_ref}/protection", level="fictitious", effective_on="2026-01-05")
    assert (unknown.status_code, code(unknown)) == (422, "request_invalid")


async def test_three_services_are_told_who_a_person_is_and_each_time_it_is_logged(intake: Intake) -> None:
    person_ref = await registered(intake)
    for role in MAY_ASK:
        answer = await identity(intake, person_ref, role)
        assert answer.json() == {
            "person_ref": person_ref, "kind": "personnummer", "protection_level": "none", "effective_on": None, "version": 1,
            "number": NUMBER, **NAMES, "address": ADDRESS,
        }  # fmt: skip
        assert answer.headers["cache-control"] == "no-store"
    assert (await accesses(intake))[1:] == [(f"test-{role}", "identify", "planning", person_ref) for role in MAY_ASK]


@pytest.mark.parametrize("role", ["intake-staff", "operator", "leadtimes-reader"])
async def test_nobody_else_is_told(intake: Intake, role: str) -> None:
    person_ref = await registered(intake)
    answer = await identity(intake, person_ref, role)
    assert (answer.status_code, code(answer)) == (403, "role_missing")
    assert len(await accesses(intake)) == 1


@pytest.mark.parametrize("purpose", [None, "", "statistics", "curiosity"])
async def test_whoever_does_not_say_what_for_is_told_nothing(intake: Intake, purpose: str | None) -> None:
    person_ref = await registered(intake)
    body = {} if purpose is None else {"purpose": purpose}
    asked = await intake.clients["partners"].post(f"/intake/persons/{person_ref}/identity", json=body)
    searched = await intake.staff.post("/intake/persons:lookup", json={"number": NUMBER, **body})
    assert [(each.status_code, code(each)) for each in (asked, searched)] == [(422, "request_invalid")] * 2


async def test_what_cannot_be_logged_is_not_told(intake: Intake) -> None:
    person_ref = await registered(intake)
    await intake.db.execute("REVOKE INSERT ON vault.identity_access FROM intake_vault")
    try:
        answers = [await identity(intake, person_ref), await look_up(intake, NUMBER), await erase(intake, person_ref)]
    finally:
        await intake.db.execute("GRANT INSERT ON vault.identity_access TO intake_vault")
    assert {(each.status_code, code(each)) for each in answers} == {(500, "internal_error")}
    assert (await identity(intake, person_ref)).json()["number"] == NUMBER


async def test_an_erased_person_is_a_reference_and_nothing_more(intake: Intake) -> None:
    person_ref = await registered(intake)
    await intake.done(f"/persons/{person_ref}/protection", level="secrecy_marking", effective_on="2026-01-05")
    answer = await erase(intake, person_ref)
    assert (answer.status_code, answer.json()["person_ref"], answer.json()["protection_level"]) == (200, person_ref, "secrecy_marking")
    assert (await erase(intake, person_ref)).json() == answer.json(), "already so"
    for gone in (await identity(intake, person_ref), await intake.post(f"/persons/{person_ref}/number", number=OTHER)):
        assert (gone.status_code, code(gone)) == (410, "identity_erased")
    assert [action for _, action, _, _ in await accesses(intake)] == ["register", "protect", "erase"]
    assert await registered(intake) != person_ref, "who comes again is somebody new"


async def test_only_an_operator_erases(intake: Intake) -> None:
    person_ref = await registered(intake)
    answers = [await erase(intake, person_ref, role) for role in ("intake-staff", *MAY_ASK)]
    assert {(each.status_code, code(each)) for each in answers} == {(403, "role_missing")}


async def test_a_reference_that_nobody_has_is_404_for_each(intake: Intake) -> None:
    nobody = str(uuid4())
    protection = {"level": "none", "effective_on": "2026-01-05"}
    answers = [
        await identity(intake, nobody), await erase(intake, nobody), await intake.post(f"/persons/{nobody}/number", number=NUMBER),
        await intake.post(f"/persons/{nobody}/protection", **protection),
    ]  # fmt: skip
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}


BAD_NUMBERS = {
    "a wrong check digit": ("198507012395", "number_check_digit"),
    "29 February 1900": ("19000229-1005", "number_date"),
    "month 13": ("198513012394", "number_date"),
    "the future": ("20260202-1006", "number_of_the_future"),
    "an interim number": ("850701-T220", "number_form"),
    "0": ("0", "number_form"),
    "nothing": ("", "number_form"),
    "SQL behind it": ("8507012394'; DROP TABLE person; --", "string_too_long"),
    "a short injection": ("850701; DROP", "number_form"),
    "a newline behind it": ("850701-2394\n", "unwelcome_character"),
    "a NUL behind it": ("8507012394\x00", "unwelcome_character"),
    "Arabic-Indic digits": ("٨٥٠٧٠١-٢٣٩٤", "number_form"),
    "full-width digits": ("１９８５０７０１２３９４", "number_form"),
    "an organisation number": ("556016-0680", "number_date"),
    "a number for a text": (198507012394, "string_type"),
    "a list": ([NUMBER], "string_type"),
    "an object": ({"number": NUMBER}, "string_type"),
    "true": (True, "string_type"),
}


@pytest.mark.parametrize("kind", BAD_NUMBERS)
async def test_a_number_that_is_none_is_422_wherever_it_is_sent_and_never_repeated(intake: Intake, kind: str) -> None:
    number, fault = BAD_NUMBERS[kind]
    person_ref = await registered(intake, None)
    answers = [
        await intake.post("/persons", number=number, **NAMES),
        await intake.post(f"/persons/{person_ref}/number", number=number),
        await intake.staff.post("/intake/persons:lookup", json={"number": number, "purpose": "handling"}),
    ]
    for answer in answers:
        assert (answer.status_code, code(answer)) == (422, "request_invalid")
        assert answer.json()["errors"] == [{"in": "body", "pointer": "/number", "kind": fault}]
        assert json.dumps(number)[1:-1] not in answer.text or number in ("", "0", True)
        assert "DROP" not in answer.text


BAD_WORDS = {
    "a direction override": "Tolvan\u202e",
    "a NUL": "Tol\x00van",
    "two lines": "Tolvan\r\n2026 INFO admin login",
    "an escape": "Tolvan\x1b[31m",
    "500 combining marks": "A" + "\u030a" * 500,
    "a hundred and one": "x" * 101,
    "nothing": "",
    "blanks": "   ",
    "a lone surrogate's place": "\ufeffTolvan",
}


@pytest.mark.parametrize("kind", BAD_WORDS)
async def test_a_name_that_cannot_be_one_is_422_and_never_repeated(intake: Intake, kind: str) -> None:
    for body in ({"given_name": BAD_WORDS[kind]}, {"address": ADDRESS | {"street": BAD_WORDS[kind]}}):
        answer = await intake.post("/persons", number=None, **body)
        assert (answer.status_code, code(answer)) == (422, "request_invalid")
        assert "Tol" not in answer.text


async def test_a_name_is_kept_in_one_form_and_taken_literally(intake: Intake) -> None:
    names = {"given_name": "A\u030asa {{7*7}}", "family_name": "=O'Brien; DROP TABLE person; --"}
    person_ref = (await intake.done("/persons", number=None, **names))["person_ref"]
    told = (await identity(intake, person_ref)).json()
    assert (told["given_name"], told["family_name"]) == ("Åsa {{7*7}}", names["family_name"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/persons"), ("POST", "/persons:lookup"), ("POST", f"/persons/{uuid4()}/number"), ("POST", f"/persons/{uuid4()}/protection")],
)
async def test_a_number_in_an_address_is_refused(intake: Intake, method: str, path: str) -> None:
    body = {"number": NUMBER, "purpose": "handling"}
    answer = await intake.staff.request(method, f"/intake{path}?number={NUMBER}", json=body, headers={"idempotency-key": str(uuid4())})
    assert (answer.status_code, code(answer)) == (400, "request_malformed")
    assert NUMBER not in answer.text


@pytest.mark.parametrize("path", ["persons/{}", "persons/{}/number", "persons/{}/identity", "persons:lookup/{}"])
async def test_there_is_no_address_that_a_number_is_a_part_of(intake: Intake, path: str) -> None:
    headers, body = {"idempotency-key": str(uuid4())}, {"number": NUMBER, "purpose": "handling"}
    for client in (intake.staff, intake.clients["partners"]):
        answer = await client.post(f"/intake/{path.format(NUMBER)}", json=body, headers=headers)
        assert answer.status_code in (403, 404, 422)
        assert NUMBER not in answer.text
    assert (await intake.staff.get("/intake/persons", params={"number": NUMBER})).status_code == 405
