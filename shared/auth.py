"""Who calls: access tokens (JWT, RFC 7519 and 9068) signed with ES256, checked by joserfc, and the roles they hold.

ES256 and nothing else: it is what every identity provider can sign with (RFC 7518 calls it Recommended+), the keys are short,
and a list of one leaves nothing to confuse. Time is real time, also under simulation.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import Request
from joserfc import jwk, jwt
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.clock import real_now
from shared.log import logger
from shared.problems import Problem

ALGORITHM = "ES256"
KIND = "at+jwt"
USABLE = {"kty": "EC", "crv": "P-256", "alg": ALGORITHM, "use": "sig"}
MOST_BYTES = 8 * 1024
MOST_LIFETIME = timedelta(hours=12)
LEEWAY_S = 10
Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Subject = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]


@dataclass(frozen=True)
class Caller:
    """Who asks, and which roles (codes) the issuer gave them."""

    subject: str
    roles: frozenset[str]


class _Claims(BaseModel):
    """The claims we ask for, each required but `nbf`; others are allowed and not read."""

    model_config = ConfigDict(strict=True, frozen=True)

    iss: str
    aud: str | list[str]
    sub: Subject
    iat: int
    exp: int
    nbf: int = 0
    roles: list[Role] = Field(max_length=32)


class _Refused(Exception):
    """A token that is not accepted. Says why to ourselves only; the caller learns `token_invalid`."""


class TokenVerifier:
    """Checks tokens against the public keys of a JWK set. Two keys at once make rotation possible; a changed file is read again."""

    def __init__(self, keys_file: Path, issuer: str, audience: str) -> None:
        """Raises when the file cannot be used: a service without keys does not start."""
        self._file, self._issuer, self._audience = keys_file, issuer, audience
        self._registry = JWSRegistry(algorithms=[ALGORITHM])
        self._seen = _mark(keys_file)
        self._keys = _public_keys(keys_file)

    def verify(self, token: str, now: datetime | None = None) -> Caller:
        """The caller a token speaks for. Raises Problem("token_invalid") for anything that is not wholly right, whatever it is."""
        self._reread_if_changed()
        try:
            return self._read(token, now or real_now())
        except Exception as error:
            logger.info("a token was refused", reason=str(error) if isinstance(error, _Refused) else type(error).__name__)
            raise refused_token() from None

    def _read(self, token: str, now: datetime) -> Caller:
        _require(len(token) <= MOST_BYTES, "too long")
        read = jwt.decode(token, self._key_of, registry=self._registry)
        _require(set(read.header) == {"alg", "kid", "typ"} and read.header["typ"] == KIND, "header")
        claims = _Claims.model_validate(read.claims)
        _require(claims.iss == self._issuer, "issuer")
        _require(claims.aud in (self._audience, [self._audience]), "audience")
        _require_lifetime(claims, now.timestamp())
        return Caller(claims.sub, frozenset(claims.roles))

    def _key_of(self, asked: Any) -> jwk.ECKey:
        """The key the token names: one of ours, never one that the token brings (`jwk`, `jku`)."""
        key = self._keys.get(asked.headers().get("kid"))
        if key is None:
            raise _Refused("unknown key")
        return key

    def _reread_if_changed(self) -> None:
        """A file that cannot be used leaves the old keys in place: a slip in rotation must not lock everybody out."""
        try:
            mark = _mark(self._file)
            if mark != self._seen:
                self._seen = mark
                self._keys = _public_keys(self._file)
        except Exception as error:
            logger.error("the token keys could not be read again", error=type(error).__name__)


def _require(right: bool, what: str) -> None:
    if not right:
        raise _Refused(what)


def _require_lifetime(claims: _Claims, now: float) -> None:
    """Issued in the past, expires in the future, not valid for longer than a working day."""
    _require(claims.iat - LEEWAY_S <= now, "issued in the future: the clock here is behind, or the issuer's ahead")
    _require(now < claims.exp + LEEWAY_S, "expired")
    _require(claims.nbf - LEEWAY_S <= now, "not yet valid")
    _require(claims.exp - claims.iat <= MOST_LIFETIME.total_seconds(), "lives too long")


def _mark(file: Path) -> tuple[int, int, int]:
    """What changes when a file is written or replaced."""
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _public_keys(file: Path) -> dict[str, jwk.ECKey]:
    """The usable keys by their id. Raises ValueError when there is none, when one has no id, or when one is a private key."""
    keys = {}
    for each in json.loads(file.read_text(encoding="utf-8"))["keys"]:
        if any(each.get(name, value) != value for name, value in USABLE.items()):
            continue
        if "d" in each or not each.get("kid"):
            raise ValueError("a key that checks tokens needs an id and must not be private")
        keys[each["kid"]] = jwk.ECKey.import_key(each)
    if not keys:
        raise ValueError("no key that checks ES256")
    return keys


def new_signing_key() -> dict[str, Any]:
    """A new private key as a JWK; its id is its thumbprint (RFC 7638)."""
    key = jwk.ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
    return dict(key.as_dict(private=True))


def public_keys(private_keys: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The JWK set that lets others check what these keys sign."""
    return {"keys": [{name: value for name, value in key.items() if name != "d"} for key in private_keys]}


def issue_token(
    private_key: Mapping[str, Any],
    issuer: str,
    audience: str,
    subject: str,
    roles: Iterable[str],
    lifetime: timedelta,
    now: datetime | None = None,
) -> str:
    """An access token as an identity provider would issue it: for the local street and for tests."""
    issued = int((now or real_now()).timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "roles": sorted(roles),
    }
    header = {"alg": ALGORITHM, "kid": private_key["kid"], "typ": KIND}
    return jwt.encode(header, claims, jwk.ECKey.import_key(dict(private_key)), algorithms=[ALGORITHM])


@dataclass(frozen=True)
class Guard:
    """A dependency that gives the caller: 401 without a good token, 403 when the token holds none of the roles."""

    roles: frozenset[str]

    async def __call__(self, request: Request) -> Caller:
        who = getattr(request.state, "caller", None)
        if not isinstance(who, Caller):
            raise missing_token()
        return self.let_in(who)

    def let_in(self, who: Caller) -> Caller:
        """The caller again, when they hold one of the roles. Raises Problem("role_missing")."""
        if who.roles.isdisjoint(self.roles):
            raise Problem("role_missing", headers={"WWW-Authenticate": 'Bearer realm="sluss", error="insufficient_scope"'})
        return who


def caller(*roles: str) -> Guard:
    """The guard of a route: `who: Annotated[Caller, Depends(caller("operator"))]`."""
    return Guard(frozenset(roles))


def missing_token() -> Problem:
    """The answer to somebody who shows no token at all."""
    return Problem("token_missing", headers={"WWW-Authenticate": 'Bearer realm="sluss"'})


def refused_token() -> Problem:
    """The answer to somebody whose token is not accepted; it does not say why."""
    return Problem("token_invalid", headers={"WWW-Authenticate": 'Bearer realm="sluss", error="invalid_token"'})
