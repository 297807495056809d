"""Asks a service of the street over HTTP. Address and token come from the street's record; a fault becomes one line and an exit code."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import click
import httpx
from httpx import codes

from deploy.local.failures import NothingRuns
from deploy.local.places import chosen_street
from deploy.local.record import StreetRecord, read_record
from shared.auth import issue_token

PATIENCE_S: Final = 20.0
LONG_PATIENCE_S: Final = 900.0
OUR_ROLES: Final = ("leadtimes-reader", "operator")


class BadInput(click.ClickException):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


class NotReachable(click.ClickException):
    """Nothing runs, or a part of the street does not answer."""

    exit_code = 3


class Refused(click.ClickException):
    """The service answered with a problem; `code` and `problem` are its own."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("type", "")).rpartition(":")[2]
        self.problem = problem
        super().__init__(". ".join(str(problem[part]) for part in ("title", "cure") if problem.get(part)) or f"HTTP status {status}")


class RefusedInput(Refused):
    """The service found fault with what was asked."""

    exit_code = BadInput.exit_code


FOUND_FAULT: Final = (codes.BAD_REQUEST, codes.NOT_FOUND, codes.REQUEST_ENTITY_TOO_LARGE, codes.UNPROCESSABLE_ENTITY)


def street() -> StreetRecord:
    """The street that SLUSS_STREET chooses. Raises NotReachable when it does not run."""
    try:
        return read_record(chosen_street())
    except NothingRuns as error:
        raise NotReachable(str(error)) from None


class Api:
    """One service of a street, asked as an operator."""

    def __init__(self, service: str, client: httpx.Client, start: str) -> None:
        self._service, self._client, self._start = service, client, start

    def get(self, *path: str, **params: str | Sequence[str] | None) -> Any:
        """What stands at a path below the service's prefix, bytes where it is no JSON; parameters that are None are left out."""
        return self._ask("GET", path, params={name: value for name, value in params.items() if value is not None})

    def put(self, *path: str, body: object) -> Any:
        """Puts a document there; answers what the service says."""
        return self._ask("PUT", path, json=body)

    def delete(self, *path: str, patience_s: float = PATIENCE_S) -> Any:
        """Takes away what stands there; answers what the service says."""
        return self._ask("DELETE", path, timeout=patience_s)

    def post(self, *path: str, body: object | None = None, key: str | None = None, patience_s: float = PATIENCE_S) -> Any:
        """Asks for something to be done, once for each idempotency key; answers what the service says."""
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": key} if key else None, timeout=patience_s)

    def _ask(self, method: str, path: tuple[str, ...], **sent: Any) -> Any:
        place = "/".join(quote(part, safe="") for part in (self._service, *path))
        try:
            answer = self._client.request(method, f"/{place}", **sent)
        except httpx.TransportError:
            raise NotReachable(
                f"{self._service} does not answer. What runs: ./sluss status. Nothing: {self._start}. Else try again soon"
            ) from None
        if answer.is_success:
            if not answer.content:
                return None
            return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content
        if answer.status_code == codes.SERVICE_UNAVAILABLE:
            raise NotReachable(f"{self._service} cannot answer at the moment. What runs: ./sluss status")
        raise (RefusedInput if answer.status_code in FOUND_FAULT else Refused)(answer.status_code, _problem(answer))


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


@contextmanager
def open_api(record: StreetRecord, service: str, roles: Sequence[str] = OUR_ROLES) -> Iterator[Api]:
    """The API of a service while the block runs, asked by somebody with these roles."""
    headers = {"Authorization": f"Bearer {token_for(record, roles)}"}
    with httpx.Client(base_url=record.services[service].url, headers=headers, timeout=PATIENCE_S, trust_env=False) as client:
        yield Api(service, client, record.start)


def token_for(record: StreetRecord, roles: Sequence[str]) -> str:
    """An access token for an hour, of somebody with these roles."""
    key = json.loads(record.tokens.private_key_file.read_text())
    return issue_token(key, record.tokens.issuer, record.tokens.audience, "sluss", roles, timedelta(hours=1))
