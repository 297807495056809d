"""Which tokens are accepted: one signed by a known key, for us, from our issuer, now; and no other."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws, jwt

from shared.auth import Caller, TokenVerifier, issue_token, new_signing_key, public_keys
from shared.problems import Problem

NOW = datetime(2001, 3, 5, 12, tzinfo=UTC)
ISSUER, AUDIENCE = "https://issuer.example", "sluss"
HOUR = timedelta(hours=1)
KEY = new_signing_key()
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "anna",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + HOUR).timestamp()),
    "roles": ["intake-staff"],
}
HEADER = {"alg": "ES256", "kid": KEY["kid"], "typ": "at+jwt"}


def write_keys(file: Path, *keys: dict[str, Any]) -> Path:
    file.write_text(json.dumps(public_keys(keys)))
    return file


@pytest.fixture
def verifier(tmp_path: Path) -> TokenVerifier:
    return TokenVerifier(write_keys(tmp_path / "keys.json", KEY), ISSUER, AUDIENCE)


def good(key: dict[str, Any] = KEY, **said: Any) -> str:
    return issue_token(key, said.get("issuer", ISSUER), said.get("audience", AUDIENCE), "anna", ["intake-staff"], HOUR, NOW)


def signed(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: dict[str, Any] = KEY) -> str:
    """A token with a right signature and whatever claims and headers."""
    header = HEADER | (header or {})
    registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    return jwt.encode(header, CLAIMS if claims is None else claims, jwk.ECKey.import_key(key), registry=registry)


def without(name: str) -> dict[str, Any]:
    return {claim: value for claim, value in CLAIMS.items() if claim != name}


def unsigned() -> str:
    _, body, _ = good().split(".")
    return f"{encoded(HEADER | {'alg': 'none'})}.{body}."


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed_with_the_public_key_as_a_secret() -> str:
    public = jwk.ECKey.import_key(KEY).as_pem(private=False)
    registry = jws.JWSRegistry(algorithms=["HS256"])
    return jwt.encode(HEADER | {"alg": "HS256"}, CLAIMS, jwk.OctKey.import_key(base64.b64encode(public)), registry=registry)


def altered() -> str:
    head, _, signature = good().split(".")
    return f"{head}.{encoded(CLAIMS | {'roles': ['operator']})}.{signature}"


def by_a_key_of_its_own() -> str:
    stranger = new_signing_key()
    public = {name: value for name, value in stranger.items() if name != "d"}
    return signed(header={"jwk": public, "kid": stranger["kid"]}, key=stranger)


BAD: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "not a token": lambda: "a.b.c",
    "no algorithm": unsigned,
    "the public key as a secret": signed_with_the_public_key_as_a_secret,
    "altered claims": altered,
    "another key under our key's id": lambda: signed(key=new_signing_key() | {"kid": KEY["kid"]}),
    "unknown key": lambda: good(new_signing_key()),
    "its own key in the header": by_a_key_of_its_own,
    "an address of a key": lambda: signed(header={"jku": "https://evil.example/keys"}),
    "critical extension": lambda: signed(header={"crit": ["b64"], "b64": False}),
    "no kid": lambda: jwt.encode({"alg": "ES256", "typ": "at+jwt"}, CLAIMS, jwk.ECKey.import_key(KEY), algorithms=["ES256"]),
    "an ID token": lambda: signed(header={"typ": "JWT"}),
    "no issuer": lambda: signed(without("iss")),
    "another issuer": lambda: good(issuer="https://other.example"),
    "no audience": lambda: signed(without("aud")),
    "another audience": lambda: good(audience="other"),
    "one audience too many": lambda: signed(CLAIMS | {"aud": [AUDIENCE, "other"]}),
    "no expiry": lambda: signed(without("exp")),
    "expiry as text": lambda: signed(CLAIMS | {"exp": str(CLAIMS["exp"])}),
    "expired": lambda: signed(CLAIMS | {"iat": CLAIMS["iat"] - 7200, "exp": CLAIMS["iat"] - 60}),
    "never expires": lambda: signed(CLAIMS | {"exp": 10**18}),
    "lives too long": lambda: signed(CLAIMS | {"exp": CLAIMS["iat"] + 13 * 3600}),
    "no time of issue": lambda: signed(without("iat")),
    "issued in the future": lambda: signed(CLAIMS | {"iat": CLAIMS["iat"] + 60}),
    "not valid yet": lambda: signed(CLAIMS | {"nbf": CLAIMS["iat"] + 60}),
    "no subject": lambda: signed(without("sub")),
    "a subject of two lines": lambda: signed(CLAIMS | {"sub": "anna\nroot"}),
    "no roles": lambda: signed(without("roles")),
    "roles as one text": lambda: signed(CLAIMS | {"roles": "operator"}),
    "a role that is no code": lambda: signed(CLAIMS | {"roles": ["Operator!"]}),
    "a token of more than 8 kB": lambda: signed(CLAIMS | {"more": "x" * 8192}),
    "deep nesting": lambda: f"{encoded(HEADER)}.{base64.urlsafe_b64encode(b'[' * 5000).decode()}.AA",
}


def test_a_good_token_gives_its_subject_and_roles(verifier: TokenVerifier) -> None:
    assert verifier.verify(good(), NOW) == Caller("anna", frozenset({"intake-staff"}))


def test_a_list_with_only_our_audience_is_our_audience(verifier: TokenVerifier) -> None:
    assert verifier.verify(signed(CLAIMS | {"aud": [AUDIENCE]}), NOW).subject == "anna"


@pytest.mark.parametrize("kind", BAD)
def test_a_token_that_is_not_wholly_right_is_refused(verifier: TokenVerifier, kind: str) -> None:
    with pytest.raises(Problem) as refused:
        verifier.verify(BAD[kind](), NOW)
    assert refused.value.code == "token_invalid"
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")


@given(token=st.text() | st.builds(lambda *parts: ".".join(parts), st.just(good().split(".")[0]), st.text(), st.text()))
def test_no_text_at_all_makes_the_verifier_fall_over(tmp_path_factory: pytest.TempPathFactory, token: str) -> None:
    verifier = TokenVerifier(write_keys(tmp_path_factory.getbasetemp() / "any.json", KEY), ISSUER, AUDIENCE)
    with pytest.raises(Problem):
        verifier.verify(token, NOW)


def test_keys_rotate_without_a_restart(tmp_path: Path) -> None:
    old, new, file = KEY, new_signing_key(), tmp_path / "keys.json"
    verifier = TokenVerifier(write_keys(file, old), ISSUER, AUDIENCE)
    write_keys(file, old, new)
    assert {verifier.verify(good(key), NOW).subject for key in (old, new)} == {"anna"}
    write_keys(file, new)
    with pytest.raises(Problem):
        verifier.verify(good(old), NOW)


def test_a_key_file_that_breaks_leaves_the_known_keys_in_place(tmp_path: Path) -> None:
    file = write_keys(tmp_path / "keys.json", KEY)
    verifier = TokenVerifier(file, ISSUER, AUDIENCE)
    for broken in ("{", "[]", '{"keys": []}', '{"keys": [{"kty": "EC", "crv": "P-256"}]}'):
        file.write_text(broken)
        assert verifier.verify(good(), NOW).subject == "anna"
    file.unlink()
    assert verifier.verify(good(), NOW).subject == "anna"


def test_a_service_does_not_start_on_a_private_key(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [KEY]}))
    with pytest.raises(ValueError, match="private"):
        TokenVerifier(tmp_path / "keys.json", ISSUER, AUDIENCE)


def test_a_key_set_holds_no_private_part() -> None:
    assert "d" in KEY
    assert all("d" not in key for key in public_keys([KEY])["keys"])
