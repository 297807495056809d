"""The gate: no token, no way in; no body that is too large, too strange or of the wrong kind; nothing is ever repeated."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st

from shared.http import make_app, unguarded
from shared.json_check import check_json
from shared.problems import Problem
from shared.settings import ServiceSettings
from tests.unit.shared.conftest import GOOD

SECRET = "850709-9805"


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"].removeprefix("urn:sluss:error:"))


async def post(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    return await client.post("/toy/things", content=content, headers={"content-type": "application/json", **headers})


async def test_every_route_asks_for_a_token(app: FastAPI, client: httpx.AsyncClient) -> None:
    routes = [(method, str(route.path)) for route in iter_route_contexts(app.routes) for method in route.methods or ()]
    assert len(routes) >= 10
    for method, path in [*routes, ("GET", "/"), ("GET", "/toy/nothing"), ("DELETE", "/toy/things"), ("TRACE", "/toy/docs")]:
        answer = await client.request(method, path)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_only_the_local_street_shows_its_documentation_without_a_token(settings: ServiceSettings, client: httpx.AsyncClient) -> None:
    local = make_app(settings.model_copy(update={"open_docs": True}), prefix="/toy", title="Toy")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(local), base_url="http://toy") as visitor:
        for path in ("/toy/docs", "/toy/openapi.json"):
            assert (await visitor.get(path)).status_code == 200
            assert (await visitor.post(path)).status_code == 401
            assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize("shown", ["", "Basic YTpi", "Bearer", "Bearer ", "Bearer x", "bearer a.b.c", "a.b.c", "Bearer é"])
async def test_a_header_that_is_no_good_token_is_401(client: httpx.AsyncClient, shown: str) -> None:
    answer = await client.get("/toy/things/x", headers=[(b"authorization", shown.encode("latin-1"))])
    assert code(answer) == "token_invalid"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_two_tokens_are_none(client: httpx.AsyncClient, token: Callable[..., dict[str, str]]) -> None:
    twice = [("Authorization", token("maker")["Authorization"])] * 2
    assert code(await client.get("/toy/things/x", headers=twice)) == "token_invalid"


async def test_a_token_without_one_of_the_roles_is_403(client: httpx.AsyncClient, token: Callable[..., dict[str, str]]) -> None:
    assert code(await client.post("/toy/things", json=GOOD, headers=token("reader", "operator"))) == "role_missing"
    assert (await client.get("/toy/things/x", headers=token("reader"))).status_code == 200
    assert (await client.post("/toy/things", json=GOOD, headers=token("reader", "maker"))).status_code == 201


async def test_a_service_with_a_route_that_names_no_role_does_not_start(app: FastAPI) -> None:
    assert unguarded(app) == []

    @app.get("/toy/forgotten")
    async def forgotten() -> None: ...

    assert unguarded(app) == ["/toy/forgotten"]
    with pytest.raises(RuntimeError, match="/toy/forgotten"):
        async with app.router.lifespan_context(app):
            pass


async def test_what_does_not_exist_is_told_as_a_problem(maker: httpx.AsyncClient) -> None:
    assert code(await maker.get("/toy/nothing")) == "not_found"
    answer = await maker.delete("/toy/things")
    assert code(answer) == "method_not_allowed"
    assert answer.headers["allow"] == "POST"


async def test_a_browser_is_told_in_a_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/toy/docs", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 401
    assert "<h1>" in answer.text


async def test_a_fault_is_500_and_tells_nothing(maker: httpx.AsyncClient, lines: io.StringIO) -> None:
    answer = await maker.get("/toy/fault")
    assert code(answer) == "internal_error"
    assert "Anna" not in answer.text


async def test_a_database_that_is_away_is_503_and_worth_another_try(maker: httpx.AsyncClient) -> None:
    answer = await maker.get("/toy/away")
    assert code(answer) == "unavailable"
    assert int(answer.headers["retry-after"]) > 0
    assert "10.0.0.7" not in answer.text


async def test_every_answer_may_be_neither_kept_nor_framed_nor_guessed_at(client: httpx.AsyncClient, maker: httpx.AsyncClient) -> None:
    for answer in (await client.get("/toy/docs"), await maker.get("/toy/things/x"), await maker.get("/toy/fault")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_declared_body_of_more_than_256_kb_is_refused_before_it_is_read(maker: httpx.AsyncClient) -> None:
    read = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(300):
            read += 1
            yield b" " * 1024

    for declared in (str(300 * 1024), "9" * 5000):
        answer = await maker.post("/toy/things", content=large(), headers={"content-length": declared})
        assert code(answer) == "body_too_large"
        assert answer.headers["connection"] == "close"
    assert read == 0


async def test_a_body_of_more_than_256_kb_without_a_length_is_not_read_to_its_end(maker: httpx.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 1024

    assert code(await maker.post("/toy/things", content=endless())) == "body_too_large"
    assert read == 257


@pytest.mark.parametrize("declared", ["-1", "+5", "1e3", "five", ""])
async def test_a_length_that_is_no_number_is_400(maker: httpx.AsyncClient, declared: str) -> None:
    assert code(await post(maker, b"{}", **{"content-length": declared})) == "request_malformed"


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x"])
async def test_a_compressed_body_is_refused(maker: httpx.AsyncClient, encoding: str) -> None:
    assert code(await post(maker, b"\x1f\x8b", **{"content-encoding": encoding})) == "content_encoding_unsupported"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "application/problem+json", "", "json"]
)
async def test_a_body_that_is_not_json_in_utf8_is_415(maker: httpx.AsyncClient, kind: str) -> None:
    assert code(await post(maker, json.dumps(GOOD).encode(), **{"content-type": kind})) == "media_type_unsupported"


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
async def test_json_in_utf8_is_taken(maker: httpx.AsyncClient, kind: str) -> None:
    assert (await post(maker, json.dumps(GOOD).encode(), **{"content-type": kind})).status_code == 201


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"count": NaN}', "not_a_number"),
        (b'{"count": Infinity}', "not_a_number"),
        (b'{"ratio": -1e400}', "not_a_number"),
        (b'{"count": ' + b"9" * 5000 + b"}", "integer_too_large"),
        (b'{"count": 9007199254740992}', "integer_too_large"),
        (b'{"count": 1, "count": 2}', "duplicate_key"),
        (b'{"parts": [{"name": "a", "n\\u0061me": "b"}]}', "duplicate_key"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 50_000, "too_deep"),
        (b'"\\ud800"', "lone_surrogate"),
        (b'{"\\udc00": 1}', "lone_surrogate"),
        (b'"\xed\xa0\x80"', "not_utf8"),
        (b"\xff\xfe{\x00}\x00", "not_utf8"),
        (b"\xef\xbb\xbf{}", "byte_order_mark"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b" ", "not_json"),
        (b"{'a': 1}", "not_json"),
    ],
)
async def test_json_that_readers_read_differently_is_refused(maker: httpx.AsyncClient, body: bytes, kind: str) -> None:
    answer = await post(maker, body)
    assert code(answer) == "json_invalid"
    assert answer.json()["kind"] == kind


@given(body=st.binary(min_size=1) | st.text(alphabet='[]{}",:\\u0123456789eE+-.ntf \ud7ff', min_size=1).map(str.encode))
def test_whatever_the_bytes_they_are_refused_as_a_problem_or_are_json(body: bytes) -> None:
    with suppress(Problem):
        check_json(body)
        json.loads(body)


@pytest.mark.parametrize("path", ["/toy/things/%00", "/toy/things/a%0d%0ab", "/toy/things/x?at_least=%00", "/toy/things/%E2%80%AE"])
async def test_a_control_character_in_an_address_is_400(maker: httpx.AsyncClient, path: str) -> None:
    assert code(await maker.get(path)) == "request_malformed"


async def test_a_request_that_is_refused_is_never_repeated_in_the_answer(maker: httpx.AsyncClient) -> None:
    bodies: list[Any] = [
        GOOD | {SECRET: 1},
        GOOD | {"notes": {SECRET: 1}},
        GOOD | {"colour": SECRET},
        GOOD | {"at": SECRET},
        GOOD | {"parts": [{"name": "a", SECRET: {}}]},
        GOOD | {"parts": SECRET},
        [SECRET],
        SECRET,
    ]
    answers = [await maker.post("/toy/things", json=body) for body in bodies]
    answers.append(await maker.get(f"/toy/things/x?at_least={SECRET}"))
    answers.append(await maker.get(f"/toy/{SECRET}"))
    assert {answer.status_code for answer in answers} == {422, 404}
    assert all(SECRET not in answer.text for answer in answers)


async def test_the_log_names_the_route_and_never_the_address(maker: httpx.AsyncClient, lines: io.StringIO) -> None:
    await maker.get(f"/toy/things/{SECRET}?at_least=1")
    logged = lines.getvalue()
    assert "/toy/things/{name}" in logged
    assert SECRET not in logged


async def test_the_end_of_a_slow_body_is_not_waited_for(
    maker: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, app: FastAPI, token: Callable[..., dict[str, str]]
) -> None:
    monkeypatch.setattr("shared.gate.BODY_S", 0.01)
    sent: list[Any] = []

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(piece: Any) -> None:
        sent.append(piece)

    headers = [(b"authorization", token("maker")["Authorization"].encode()), (b"host", b"toy")]
    scope = {"type": "http", "method": "POST", "path": "/toy/things", "query_string": b"", "headers": headers, "http_version": "1.1"}
    await app(scope, never, send)
    assert sent[0]["status"] == 408
