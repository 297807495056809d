"""Which tokens are accepted: one signed by a known key, for us, from our issuer, now; and no other."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.auth import Caller, TokenVerifier, issue_token, new_signing_key, public_keys
from shared.problems import Problem
from tests.tokens import Forge

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


def write_keys(file: Path, *keys: dict[str, Any]) -> Path:
    file.write_text(json.dumps(public_keys(keys)))
    return file


@pytest.fixture
def verifier(tmp_path: Path) -> TokenVerifier:
    return TokenVerifier(write_keys(tmp_path / "keys.json", KEY), ISSUER, AUDIENCE)


def good(key: dict[str, Any] = KEY, **said: Any) -> str:
    return issue_token(key, said.get("issuer", ISSUER), said.get("audience", AUDIENCE), "anna", ["intake-staff"], HOUR, NOW)


FORGED = Forge(KEY, CLAIMS)
BAD = FORGED.bad()


def test_a_good_token_gives_its_subject_and_roles(verifier: TokenVerifier) -> None:
    assert verifier.verify(good(), NOW) == Caller("anna", frozenset({"intake-staff"}))


def test_a_list_with_only_our_audience_is_our_audience(verifier: TokenVerifier) -> None:
    assert verifier.verify(FORGED.signed(CLAIMS | {"aud": [AUDIENCE]}), NOW).subject == "anna"


@pytest.mark.parametrize("kind", BAD)
def test_a_token_that_is_not_wholly_right_is_refused(verifier: TokenVerifier, kind: str) -> None:
    with pytest.raises(Problem) as refused:
        verifier.verify(BAD[kind], NOW)
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
