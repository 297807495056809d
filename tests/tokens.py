"""Tokens that must not be accepted, each of them right but for the one thing that its name says."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from joserfc import jwk, jws, jwt

from shared.auth import MOST_LIFETIME, new_signing_key


@dataclass(frozen=True)
class Forge:
    """Has the issuer's own key, and claims that would be accepted now."""

    key: dict[str, Any]
    claims: dict[str, Any]

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "ES256", "kid": self.key["kid"], "typ": "at+jwt"}

    def signed(self, claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: dict[str, Any] | None = None) -> str:
        """A token with a right signature and whatever claims and headers."""
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        signing = jwk.ECKey.import_key(key or self.key)
        return jwt.encode(self.header | (header or {}), self.claims if claims is None else claims, signing, registry=registry)

    def bad(self) -> dict[str, str]:
        """Every kind by its name."""
        claims, now = self.claims, int(self.claims["iat"])
        head, body, signature = self.signed().split(".")
        stranger = new_signing_key()
        known = {name: value for name, value in stranger.items() if name != "d"}
        changed: dict[str, dict[str, Any]] = {
            "another issuer": {"iss": "https://other.example"},
            "another audience": {"aud": "other"},
            "one audience too many": {"aud": [claims["aud"], "other"]},
            "expiry as text": {"exp": str(claims["exp"])},
            "expired": {"iat": now - 7200, "exp": now - 60},
            "never expires": {"exp": 10**18},
            "lives too long": {"exp": now + int(MOST_LIFETIME.total_seconds()) + 3600},
            "issued in the future": {"iat": now + 60},
            "not valid yet": {"nbf": now + 60},
            "a subject of two lines": {"sub": "anna\nroot"},
            "roles as one text": {"roles": "operator"},
            "a role that is no code": {"roles": ["Operator!"]},
            "a token of more than 8 kB": {"more": "x" * 8192},
        }
        return {
            "empty": "",
            "not a token": "a.b.c",
            "no algorithm": f"{encoded(self.header | {'alg': 'none'})}.{body}.",
            "the public key as a secret": self._signed_with_the_public_key_as_a_secret(),
            "altered claims": f"{head}.{encoded(claims | {'roles': ['operator']})}.{signature}",
            "another key under our key's id": self.signed(key=stranger | {"kid": self.key["kid"]}),
            "unknown key": self.signed(header={"kid": stranger["kid"]}, key=stranger),
            "its own key in the header": self.signed(header={"jwk": known, "kid": stranger["kid"]}, key=stranger),
            "an address of a key": self.signed(header={"jku": "https://evil.example/keys"}),
            "critical extension": self.signed(header={"crit": ["b64"], "b64": False}),
            "no kid": jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims, jwk.ECKey.import_key(self.key), algorithms=["ES256"]),
            "an ID token": self.signed(header={"typ": "JWT"}),
            "deep nesting": f"{head}.{base64.urlsafe_b64encode(b'[' * 5000).decode()}.AA",
            **{f"no {name}": self.signed({each: value for each, value in claims.items() if each != name}) for name in claims},
            **{kind: self.signed(claims | change) for kind, change in changed.items()},
        }

    def _signed_with_the_public_key_as_a_secret(self) -> str:
        public = jwk.ECKey.import_key(self.key).as_pem(private=False)
        registry = jws.JWSRegistry(algorithms=["HS256"])
        return jwt.encode(self.header | {"alg": "HS256"}, self.claims, jwk.OctKey.import_key(base64.b64encode(public)), registry=registry)


def encoded(part: dict[str, Any]) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
