"""Sessions: a page is opened in a browser by a link that works once and becomes a cookie. In real time, also under simulation."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

from shared.auth import Caller, Guard
from shared.clock import real_now
from shared.postgres import Database, Transaction
from shared.problems import Problem

COOKIE = "sluss_session"
LINK_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(hours=8)

MAKE_LINK = "INSERT INTO one_time_link (code_sha256, subject, roles, expires_at) VALUES ($1, $2, $3, $4)"
USE_LINK = "UPDATE one_time_link SET used_at = $2 WHERE code_sha256 = $1 AND used_at IS NULL AND expires_at > $2 RETURNING subject, roles"
FIND_LINK = "SELECT used_at FROM one_time_link WHERE code_sha256 = $1"
BEGIN = "INSERT INTO page_session (secret_sha256, subject, roles, expires_at) VALUES ($1, $2, $3, $4)"
FIND = "SELECT subject, roles FROM page_session WHERE secret_sha256 = $1 AND expires_at > $2"
FORGET = "WITH links AS (DELETE FROM one_time_link WHERE expires_at < $1) DELETE FROM page_session WHERE expires_at < $1"


@dataclass(frozen=True)
class Visitor:
    """Somebody whose browser holds a session. Not a Caller: a cookie opens pages, never the rest of the API."""

    caller: Caller


async def make_link(tx: Transaction, maker: Caller, *, lifetime: timedelta = LINK_LIFETIME) -> str:
    """The code of a new link, 256 random bits; who opens it acts as its maker. Only its SHA-256 is kept."""
    code = secrets.token_urlsafe(32)
    await tx.execute(MAKE_LINK, _digest(code), maker.subject, sorted(maker.roles), real_now() + lifetime)
    return code


async def open_link(tx: Transaction, code: str) -> str:
    """Uses a link up and gives the secret of the session it begins. Raises Problem: link_unknown, link_used, link_expired."""
    now = real_now()
    maker = await tx.fetchrow(USE_LINK, _digest(code), now)
    if maker is None:
        found = await tx.fetchrow(FIND_LINK, _digest(code))
        if found is None:
            raise Problem("link_unknown")
        raise Problem("link_used" if found["used_at"] else "link_expired")
    secret = secrets.token_urlsafe(32)
    await tx.execute(BEGIN, _digest(secret), maker["subject"], maker["roles"], now + SESSION_LIFETIME)
    return secret


async def forget_ended(tx: Transaction) -> None:
    """Deletes links and sessions that ended more than a day ago; till then a late visitor is told why the link does not work."""
    await tx.execute(FORGET, real_now() - timedelta(days=1))


def set_cookie(response: Response, secret: str, path: str, *, secure: bool) -> None:
    """Hands the session to the browser.

    HttpOnly: no script can read it. SameSite=Lax: another site's form or image does not bring it, but a link in a mail to
    the page works, which Strict would break. Path: the other services under the same host never see it. Secure wherever
    the page itself came by HTTPS; the local street has none.
    """
    response.set_cookie(
        COOKIE, secret, max_age=int(SESSION_LIFETIME.total_seconds()), path=path, httponly=True, samesite="lax", secure=secure
    )


class Sessions:
    """The open sessions of a service's pages; `make_app` asks it about a cookie."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def visitor(self, secret: str) -> Visitor | None:
        """Who holds a session; None when it is unknown or has ended."""
        row = await self._db.fetchrow(FIND, _digest(secret), real_now())
        return Visitor(Caller(row["subject"], frozenset(row["roles"]))) if row else None


@dataclass(frozen=True)
class PageGuard(Guard):
    """A dependency for pages that only show: gives the caller of the token, or else of the cookie. 401 without, 403 without a role."""

    async def __call__(self, request: Request) -> Caller:
        visitor = getattr(request.state, "visitor", None)
        return self.let_in(visitor.caller) if isinstance(visitor, Visitor) else await super().__call__(request)


def page_caller(*roles: str) -> PageGuard:
    """The guard of a page: `who: Annotated[Caller, Depends(page_caller("leadtimes-reader"))]`."""
    return PageGuard(frozenset(roles))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
