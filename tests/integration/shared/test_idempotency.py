"""Idempotency on a real PostgreSQL: a request sent twice changes things once, however the two meet."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request

from shared.auth import Caller
from shared.clock import real_now
from shared.http import answer_problem
from shared.idempotency import Answer, Key, claim, idempotency_key, settle
from shared.postgres import Database, transaction
from shared.problems import Problem
from shared.retention import Retention
from tests.street import House

KEY = Key("anna", "k-1", b"asked")
DONE = Answer(201, "7")


async def carry_out(db: Database, key: Key, effect: str = "done") -> Answer:
    """What a handler does: claim, the effect, settle; all in one transaction."""
    async with transaction(db) as tx:
        if known := await claim(tx, key):
            return known
        await tx.execute("INSERT INTO effect VALUES ($1)", effect)
        await settle(tx, key, DONE)
    return DONE


@pytest.fixture
async def db(house: House) -> Database:
    await house.db.execute("CREATE TABLE effect (name text)")
    return house.db


async def effects(db: Database) -> int:
    return int(await db.fetchval("SELECT count(*) FROM effect"))


async def test_the_same_request_gets_the_same_answer_and_changes_nothing(db: Database) -> None:
    assert await carry_out(db, KEY) == await carry_out(db, KEY) == DONE
    assert await effects(db) == 1


async def test_the_same_key_with_another_request_is_refused(db: Database) -> None:
    await carry_out(db, KEY)
    with pytest.raises(Problem, match="idempotency_key_reused"):
        await carry_out(db, Key("anna", "k-1", b"asked otherwise"))
    assert await effects(db) == 1


async def test_a_key_belongs_to_its_caller(db: Database) -> None:
    for key in (KEY, Key("bo", "k-1", b"asked otherwise"), Key("anna", "k-2", b"asked otherwise")):
        assert await carry_out(db, key) == DONE
    assert await effects(db) == 3


async def test_a_request_that_is_still_being_carried_out_is_not_begun_again(db: Database) -> None:
    async with transaction(db) as tx:
        assert await claim(tx, KEY) is None
        with pytest.raises(Problem, match="idempotency_in_flight") as refused:
            await carry_out(db, KEY)
        await settle(tx, KEY, DONE)
    assert refused.value.headers["Retry-After"] == "1"
    assert await carry_out(db, KEY) == DONE
    assert await effects(db) == 0


async def test_a_request_that_failed_may_be_sent_again(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with transaction(db) as tx:
            await claim(tx, KEY)
            await settle(tx, KEY, DONE)
            raise RuntimeError
    await carry_out(db, KEY)
    assert await effects(db) == 1


async def test_of_twenty_at_once_one_changes_things(db: Database) -> None:
    outcomes = await asyncio.gather(*(carry_out(db, KEY) for _ in range(20)), return_exceptions=True)
    assert await effects(db) == 1
    assert DONE in outcomes
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Problem)} <= {"idempotency_in_flight"}
    assert all(outcome == DONE or isinstance(outcome, Problem) for outcome in outcomes)


async def test_a_key_is_kept_for_seven_days_and_then_forgotten(db: Database) -> None:
    await carry_out(db, KEY)
    for days, kept in ((7, 1), (9, 0)):
        await db.execute("UPDATE idempotency SET settled_at = $1", real_now() - timedelta(days=days))
        await Retention(db).forget()
        assert await db.fetchval("SELECT count(*) FROM idempotency") == kept


@pytest.fixture
async def asking() -> AsyncIterator[httpx.AsyncClient]:
    """Asks for its own key, as anna."""
    app = FastAPI()
    app.add_exception_handler(Problem, answer_problem)

    async def as_anna(request: Request) -> None:
        request.state.caller = Caller("anna", frozenset())

    @app.post("/{name}", dependencies=[Depends(as_anna)])
    async def show(key: Annotated[Key, Depends(idempotency_key)]) -> list[str]:
        return [key.caller, key.key, key.request_sha256.hex()]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toy") as client:
        yield client


async def test_a_key_stands_for_address_and_body(asking: httpx.AsyncClient) -> None:
    async def digest(address: str, body: bytes) -> str:
        answer = await asking.post(address, content=body, headers={"Idempotency-Key": "k-1"})
        assert answer.json()[:2] == ["anna", "k-1"]
        return str(answer.json()[2])

    first = await digest("/a", b"1")
    assert first == await digest("/a", b"1")
    others = [await digest("/b", b"1"), await digest("/a", b"2"), await digest("/a", b""), await digest("/a?x=1", b"1")]
    assert len({first, *others}) == 5


@pytest.mark.parametrize("key", ["", " ", "a b", "a\tb", "å".encode().decode("latin-1"), "x" * 256])
async def test_a_key_that_cannot_be_used_is_refused(asking: httpx.AsyncClient, key: str) -> None:
    answer = await asking.post("/a", headers=[(b"idempotency-key", key.encode("latin-1"))])
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sluss:error:idempotency_key_invalid"


async def test_a_key_is_required_once(asking: httpx.AsyncClient) -> None:
    assert (await asking.post("/a")).json()["type"] == "urn:sluss:error:idempotency_key_missing"
    twice = await asking.post("/a", headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    assert twice.json()["type"] == "urn:sluss:error:idempotency_key_invalid"
    assert (await asking.post("/a", headers={"Idempotency-Key": "~" * 255})).status_code == 200
