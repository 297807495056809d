"""The doors of the running street: nothing is read or done without a token, and only what must be open is open."""

import time
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.record import StreetRecord
from tests.street import service_client

SERVICES = ("intake", "leadtimes", "referrals")
ANY_ID = "01997f3e-5a10-7c44-9e0b-2f6b1d3c4a5e"


def operations(street: StreetRecord, service: str) -> Iterator[tuple[str, str]]:
    """Every operation that the service describes, with some value in each place of its path."""
    described = httpx.get(f"{street.services[service].url}/{service}/openapi.json", trust_env=False).json()
    for path, methods in described["paths"].items():
        for method in methods:
            yield method.upper(), "/".join(ANY_ID if part.startswith("{") else part for part in path.split("/"))


RECOVERS_WITHIN_S = 60


@pytest.mark.parametrize("service", SERVICES)
def test_no_operation_answers_without_a_token(street: StreetRecord, service: str) -> None:
    described = list(operations(street, service))
    assert len(described) >= 10
    with httpx.Client(base_url=street.services[service].url, trust_env=False) as nobody:
        answers = {(method, path): nobody.request(method, path, json={}).status_code for method, path in described}
    # The link that opens the page carries its own right: without a code it is refused as a request.
    opened = {key: status for key, status in answers.items() if status != 401}
    assert set(opened) <= {("GET", "/leadtimes/open")}
    assert all(status >= 400 for status in opened.values())


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_of_another_role_opens_nothing(street: StreetRecord, service: str) -> None:
    other = {"intake": "referrals-staff", "leadtimes": "intake-staff", "referrals": "leadtimes-reader"}[service]
    with service_client(street, service, other) as stranger:
        closed = [(method, path) for method, path in operations(street, service) if path != "/leadtimes/open"]
        assert {stranger.request(method, path, json={}).status_code for method, path in closed} == {403}


@pytest.mark.parametrize("service", SERVICES)
def test_the_docs_are_open_on_the_local_street_and_bring_everything_with_them(street: StreetRecord, service: str) -> None:
    page = httpx.get(f"{street.services[service].url}/{service}/docs", trust_env=False)
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://127.0.0.1", "").replace("http://www.w3.org", "")
    assert "<script" not in page.text


@pytest.mark.parametrize("service", SERVICES)
def test_health_and_metrics_are_on_a_port_of_their_own(street: StreetRecord, service: str) -> None:
    ops = street.services[service].ops
    until = time.monotonic() + RECOVERS_WITHIN_S
    while not (health := httpx.get(f"{ops}/health", trust_env=False).json())["healthy"] and time.monotonic() < until:
        time.sleep(0.5)  # another test may just have sent thousands of requests, or wound a topic back
    assert health["healthy"], health["reasons"]
    metrics = httpx.get(f"{ops}/metrics", trust_env=False).text
    shown = {
        "intake": ("outbox_pending", "oldest_pending_s"),
        "leadtimes": ("lag", "quarantined"),
        "referrals": ("outbox_pending", "lag", "parked", "oldest_parked_s", "conflicts"),
    }
    for name in shown[service]:
        assert f"sluss_{name}" in metrics
    assert httpx.get(f"{ops}/{service}/cases", trust_env=False).status_code == 404
