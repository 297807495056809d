"""The gate: what every request passes before a route sees it, and every answer on its way out. It denies by default."""

import asyncio
import time
from email.message import Message
from typing import Any
from urllib.parse import unquote_plus

from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Piece

from shared import telemetry
from shared.auth import missing_token, refused_token
from shared.crash import CrashPoint, reach
from shared.json_check import UNWELCOME, check_json
from shared.log import logger
from shared.postgres import is_transient
from shared.problems import Problem, answer
from shared.sessions import COOKIE

MOST_BYTES = 256 * 1024
BODY_S = 10.0
READING = ("GET", "HEAD")
METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class _Gone(Exception):
    """The client hung up before its request was complete."""


class Gate:
    """ASGI middleware around the whole application. Only `free` paths are read without a token or a session."""

    def __init__(self, app: ASGIApp, free: frozenset[str]) -> None:
        self._app, self._free = app, free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"  # HTTP lets it be any word
        route, begun, status = _template(scope), time.monotonic(), 0

        async def send_dressed(piece: Piece) -> None:
            nonlocal status
            if piece["type"] == "http.response.start":
                status = piece["status"]
                headers = MutableHeaders(scope=piece)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                reach(CrashPoint.API_BEFORE_ANSWER)
            await send(piece)

        with telemetry.requested(method, route) as answered:
            try:
                await self._let_in(scope, receive, send_dressed)
            except _Gone:
                return
            except Exception as error:
                if status:  # half an answer is out: only breaking the connection can say that it is not whole
                    raise
                await answer(_problem(error), scope)(scope, receive, send_dressed)
            answered(status)
        logger.info("answered", method=method, route=route, status=status, ms=round(1000 * (time.monotonic() - begun), 1))

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if UNWELCOME.search(scope["path"]) or UNWELCOME.search(unquote_plus(scope["query_string"].decode("latin-1"))):
            raise Problem("request_malformed")
        scope.setdefault("state", {}).update(await self._who(request))
        body = await _body(request, receive)
        await self._app(scope, _replay(body, receive), send)

    async def _who(self, request: Request) -> dict[str, Any]:
        """Whom the request speaks for, for the guards of the routes. Raises Problem unless the path is free."""
        state, shown = request.app.state, request.headers.getlist("authorization")
        reading = request.method in READING
        if shown:
            scheme, _, token = shown[0].partition(" ")
            if len(shown) > 1 or scheme.lower() != "bearer":
                raise refused_token()
            return {"caller": state.verifier.verify(token.strip())}
        if reading and request.scope["path"] in self._free:
            return {}
        sessions = getattr(state, "sessions", None)
        if not reading or sessions is None:  # a cookie shows pages; it never changes anything, so nobody can forge a request with it
            raise missing_token()
        visitor = await sessions.visitor(request.cookies.get(COOKIE, ""))
        if visitor is None:
            raise (
                Problem("session_ended")
                if COOKIE in request.cookies or "text/html" in request.headers.get("accept", "")
                else missing_token()
            )
        return {"visitor": visitor}


async def _body(request: Request, receive: Receive) -> bytes:
    """The whole body, checked.

    Raises Problem: content_encoding_unsupported, body_too_large (before reading on), request_too_slow, media_type_unsupported,
    json_invalid.
    """
    headers = request.headers
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise _closing("content_encoding_unsupported")
    if "content-length" in headers and "transfer-encoding" in headers:
        raise _closing("request_malformed")  # whoever stands before us may have read another body than we would (RFC 9112, 6.1)
    declared = headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise _closing("request_malformed")
    if len(declared) > len(str(MOST_BYTES)) or int(declared) > MOST_BYTES:
        raise _closing("body_too_large")
    try:
        async with asyncio.timeout(BODY_S):
            body = await _read(receive)
    except TimeoutError:
        raise _closing("request_too_slow") from None
    if body:
        if not _is_json(headers.getlist("content-type")):
            raise Problem("media_type_unsupported")
        check_json(body)
    return body


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        piece = await receive()
        if piece["type"] == "http.disconnect":
            raise _Gone
        body += bytes(piece.get("body", b""))
        if len(body) > MOST_BYTES:
            raise _closing("body_too_large")
        if not piece.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body again for the route, then whatever the client does next."""
    waiting = [body]

    async def replay() -> Piece:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def _is_json(content_types: list[str]) -> bool:
    if len(content_types) != 1:
        return False
    read = Message()
    read["content-type"] = content_types[0]
    return read.get_content_type() == "application/json" and str(read.get_param("charset", "utf-8")).lower() == "utf-8"


def _closing(code: str) -> Problem:
    """A refusal of a body that was not read to its end: the connection cannot be used again."""
    return Problem(code, headers={"Connection": "close"})


def _problem(error: Exception) -> Problem:
    """The answer to a fault of our own: never its text."""
    if isinstance(error, Problem):
        return error
    if is_transient(error):
        logger.warning("a request could not be answered now", error=type(error).__name__)
        return Problem("unavailable", headers={"Retry-After": "5"})
    logger.error("a request failed", exc_info=error)
    return Problem("internal_error")


def _template(scope: Scope) -> str:
    """The route's template (`/intake/cases/{case_id}`): logs and traces hold no path, which may hold anything."""
    for route in iter_route_contexts(scope["app"].routes):
        if route.matches(scope)[0] is not Match.NONE:
            return str(route.path_format)
    return "unmatched"
