"""Pages are opened by a link that works once and becomes a cookie; on a real PostgreSQL, through the gate."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, Response

from shared.auth import Caller, caller, issue_token, new_signing_key, public_keys
from shared.clock import real_now
from shared.http import make_app
from shared.postgres import Database, transaction
from shared.problems import Problem
from shared.sessions import Sessions, forget_ended, make_link, open_link, page_caller, set_cookie
from tests.street import House

MAKER = Caller("anna", frozenset({"reader"}))
KEY = new_signing_key()


async def link(db: Database, maker: Caller = MAKER, **options: timedelta) -> str:
    async with transaction(db) as tx:
        return await make_link(tx, maker, **options)


async def opened(db: Database, code: str) -> str:
    async with transaction(db) as tx:
        return await open_link(tx, code)


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in front of a service with one page, one operation for programs, and the door."""
    (tmp_path / "keys.json").write_text(json.dumps(public_keys([KEY])))
    settings = house.settings.model_copy(update={"token_keys_file": tmp_path / "keys.json"})
    app = make_app(settings, prefix="/toy", title="Toy", free=frozenset({"/toy/open"}))
    app.state.sessions = Sessions(house.db)

    @app.get("/toy/open")
    async def door(code: str, answer: Response) -> None:
        set_cookie(answer, await opened(house.db, code), "/toy", secure=False)

    @app.get("/toy/")
    async def show(who: Annotated[Caller, Depends(page_caller("reader"))]) -> str:
        return who.subject

    @app.post("/toy/")
    async def change(who: Annotated[Caller, Depends(page_caller("reader"))]) -> str:
        return who.subject

    @app.get("/toy/program", dependencies=[Depends(caller("reader"))])
    async def program() -> None: ...

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toy") as client:
        yield client


def problem(answer: httpx.Response) -> str:
    return str(answer.json()["type"].removeprefix("urn:sluss:error:"))


async def test_a_link_becomes_a_cookie_that_shows_the_page(house: House, browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/toy/open", params={"code": await link(house.db)})
    [cookie] = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "Path=/toy", "SameSite=lax", "Max-Age=28800"} <= set(cookie.split("; "))
    page = await browser.get("/toy/")
    assert (page.status_code, page.json()) == (200, "anna")


async def test_no_cookie_shows_nothing(browser: httpx.AsyncClient) -> None:
    assert problem(await browser.get("/toy/")) == "token_missing"
    in_browser = await browser.get("/toy/", headers={"Accept": "text/html"})
    assert in_browser.status_code == 401
    assert "./sluss open" in in_browser.text


async def test_a_link_opens_one_browser(house: House, browser: httpx.AsyncClient) -> None:
    code = await link(house.db)
    assert (await browser.get("/toy/open", params={"code": code})).status_code == 200
    again = await browser.get("/toy/open", params={"code": code})
    assert (again.status_code, problem(again)) == (410, "link_used")
    assert "set-cookie" not in again.headers


async def test_a_link_is_too_old_after_its_time(house: House, browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/toy/open", params={"code": await link(house.db, lifetime=timedelta(0))})
    assert (answer.status_code, problem(answer)) == (410, "link_expired")


@pytest.mark.parametrize("code", ["", "x", "A" * 43, "é\U0001f511"])
async def test_a_link_that_nobody_made_opens_nothing(browser: httpx.AsyncClient, code: str) -> None:
    answer = await browser.get("/toy/open", params={"code": code})
    assert (answer.status_code, problem(answer)) == (401, "link_unknown")


async def test_a_cookie_that_was_tampered_with_shows_nothing(house: House, browser: httpx.AsyncClient) -> None:
    secret = await opened(house.db, await link(house.db))
    for tampered in (secret[:-1], secret.swapcase(), "", hashlib.sha256(secret.encode()).hexdigest()):
        answer = await browser.get("/toy/", headers={"Cookie": f"sluss_session={tampered}"})
        assert (answer.status_code, problem(answer)) == (401, "session_ended")


async def test_a_session_ends(house: House, browser: httpx.AsyncClient) -> None:
    secret = await opened(house.db, await link(house.db))
    cookie = {"Cookie": f"sluss_session={secret}"}
    assert (await browser.get("/toy/", headers=cookie)).status_code == 200
    await house.db.execute("UPDATE page_session SET expires_at = $1", real_now())
    assert problem(await browser.get("/toy/", headers=cookie)) == "session_ended"


async def test_a_cookie_shows_pages_and_does_nothing_else(house: House, browser: httpx.AsyncClient) -> None:
    cookie = {"Cookie": f"sluss_session={await opened(house.db, await link(house.db))}"}
    assert (await browser.post("/toy/", headers=cookie)).status_code == 401
    assert (await browser.get("/toy/program", headers=cookie)).status_code == 401


async def test_a_session_has_the_roles_of_the_one_who_made_its_link(house: House, browser: httpx.AsyncClient) -> None:
    other = Caller("bo", frozenset({"operator"}))
    cookie = {"Cookie": f"sluss_session={await opened(house.db, await link(house.db, other))}"}
    assert problem(await browser.get("/toy/", headers=cookie)) == "role_missing"


async def test_a_page_is_shown_to_a_token_too(house: House, browser: httpx.AsyncClient) -> None:
    token = issue_token(KEY, house.settings.token_issuer, house.settings.token_audience, "bo", ["reader"], timedelta(minutes=5))
    answer = await browser.get("/toy/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (200, "bo")


async def test_the_database_holds_nothing_that_opens_a_page(house: House) -> None:
    code = await link(house.db)
    secret = await opened(house.db, code)
    rows = [*await house.db.fetch("SELECT * FROM one_time_link"), *await house.db.fetch("SELECT * FROM page_session")]
    kept = str([dict(row) for row in rows])
    assert code not in kept
    assert secret not in kept


async def test_what_ended_is_forgotten_and_what_is_open_is_not(house: House) -> None:
    code, secret = await link(house.db), await opened(house.db, await link(house.db))
    await house.db.execute("UPDATE one_time_link SET expires_at = expires_at - interval '2 days' WHERE used_at IS NOT NULL")
    async with transaction(house.db) as tx:
        await forget_ended(tx)
    assert await house.db.fetchval("SELECT count(*) FROM one_time_link") == 1
    assert await Sessions(house.db).visitor(secret) is not None
    await house.db.execute("UPDATE page_session SET expires_at = expires_at - interval '2 days'")
    async with transaction(house.db) as tx:
        await forget_ended(tx)
    assert await house.db.fetchval("SELECT count(*) FROM page_session") == 0
    with pytest.raises(Problem, match="link_unknown"):
        await opened(house.db, code + "x")
