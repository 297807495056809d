"""An idempotent producer is given up only where the street itself stands on a broker that knows none."""

from pathlib import Path

import pytest

from deploy.local.part import child_env
from deploy.local.places import ROOT, Places
from deploy.local.record import BrokerRecord
from deploy.local.services import SERVICES, Servers, environment

NAME = "SLUSS_KAFKA_IDEMPOTENCE"


@pytest.mark.parametrize(("kind", "told"), [("apache", None), ("own", None), ("tansu", "0")])
def test_only_on_tansu_a_service_is_told_to_do_without(kind: str, told: str | None, tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    servers = Servers("127.0.0.1:1", BrokerRecord(kind, "127.0.0.1:2", None))
    for service in SERVICES:
        ports = {service.name: 3, f"{service.name}-ops": 4}
        assert environment(service, places, servers, ports, None).get(NAME) == told


def test_what_somebody_has_set_in_a_shell_reaches_no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "0")
    assert NAME not in child_env(Places(tmp_path), "intake", {})


def test_containers_never_do_without() -> None:
    assert NAME not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
