"""What a service says of its API is OpenAPI that any generator reads, and says enough: names, summaries, errors, examples of references."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.intake.api import make_api as make_intake
from services.intake.settings import Settings as IntakeSettings
from services.leadtimes.api import make_api as make_leadtimes
from services.leadtimes.settings import Settings as LeadtimesSettings
from services.referrals.api import make_api as make_referrals
from services.referrals.settings import Settings as ReferralsSettings
from shared.auth import new_signing_key, public_keys

METHODS = ("get", "post", "put", "delete")
NONE: Any = None


def described(service: str, folder: Path) -> dict[str, Any]:
    """The description of a service that is not running: nothing of it is asked of a database."""
    (folder / "keys.json").write_text(json.dumps(public_keys([new_signing_key()])))
    common: dict[str, Any] = {
        "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
        "kafka": "127.0.0.1:1",
        "http_port": 0,
        "ops_port": 0,
        "token_keys_file": folder / "keys.json",
        "token_issuer": "test",
    }
    if service == "intake":
        vault = {"vault_url": "postgresql://nobody@127.0.0.1:1/nothing", "vault_key_file": folder, "lookup_key_file": folder}
        return dict(make_intake(IntakeSettings(**common, **vault), NONE, NONE, NONE, NONE).openapi())
    if service == "referrals":
        return dict(make_referrals(ReferralsSettings(**common, quarantine_key_file=folder), NONE, NONE, NONE, NONE, NONE).openapi())
    return dict(make_leadtimes(LeadtimesSettings(**common, quarantine_key_file=folder), NONE, NONE, NONE).openapi())


def faults(document: dict[str, Any]) -> Iterator[str]:
    """What a reader of the description would miss, beside what the standard asks."""
    yield from (f"{'/'.join(map(str, error.path))}: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors())
    seen: dict[str, str] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if (operation := item.get(method)) is None:
                continue
            name = f"{method} {path}"
            for part in ("operationId", "summary"):
                if not operation.get(part):
                    yield f"{name}: no {part}"
            other = seen.setdefault(operation.get("operationId", name), name)
            if other != name:
                yield f"{name}: the operationId of {other}"
            if not {"default", "401"} & operation["responses"].keys():
                yield f"{name}: says of no error"


each_service = pytest.mark.parametrize("service", ["intake", "leadtimes", "referrals"])


@each_service
def test_the_description_is_openapi_and_says_enough(service: str, tmp_path: Path) -> None:
    assert list(faults(described(service, tmp_path))) == []


def test_what_is_missing_is_found(tmp_path: Path) -> None:
    document = described("intake", tmp_path)
    operation = document["paths"]["/intake/worklist"]["get"]
    document["paths"]["/intake/worklist"]["get"] = {
        **operation,
        "summary": "",
        "operationId": document["paths"]["/intake/codes"]["get"]["operationId"],
        "responses": {"200": {"description": 1}},
    }
    found = "\n".join(faults(document))
    for said in ("no summary", "the operationId of", "says of no error", "1 is not of type"):
        assert said in found, said
