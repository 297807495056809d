"""docker-compose.yml and the local street are the same street: services, environment names, topics, databases."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import trial_secrets
from deploy.kafka import topics
from deploy.local import databases, kafka, keys
from deploy.local.places import ROOT, Places
from deploy.local.postgres import TELLS_NOTHING_OF_ANYBODY
from deploy.local.record import BrokerRecord, read_record
from deploy.local.services import SERVICES, Servers, Service, database_url, environment, local_only

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVERS = {"postgres", "kafka", "prepare"}
each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path)
    places.make()
    return places


def _told(service: Service, places: Places) -> dict[str, str]:
    """What the local street tells a service, but for what only a local street may."""
    ports = {service.name: 1, f"{service.name}-ops": 2}
    broker = BrokerRecord("own", "kafka:9092", Path("/run/secrets"))
    told = environment(service, places, Servers("postgres:5432", broker), ports, None)
    return {name: value for name, value in told.items() if name not in local_only(None)}


def test_both_run_the_same_services() -> None:
    assert set(COMPOSE["services"]) - SERVERS == {service.name for service in SERVICES}
    assert {service.name for service in SERVICES} == {file.parent.name for file in (ROOT / "services").glob("*/main.py")}


@each_service
def test_a_service_is_told_the_same_by_both(service: Service, places: Places) -> None:
    container = COMPOSE["services"][service.name]["environment"]
    told = _told(service, places)
    assert set(container) == set(told)
    assert container["SLUSS_DATABASE_URL"] == database_url(service, "postgres:5432")
    for name in ("SLUSS_KAFKA", "SLUSS_KAFKA_USER", "SLUSS_KAFKA_PASSWORD_FILE", "SLUSS_VAULT_URL"):
        assert container.get(name) == told.get(name)


@each_service
def test_a_service_finds_each_of_its_secrets_where_it_is_told(service: Service, places: Places) -> None:
    container = COMPOSE["services"][service.name]
    named = {value.removeprefix("/run/secrets/") for value in container["environment"].values() if value.startswith("/run/secrets/")}
    local = {Path(value).name for name, value in _told(service, places).items() if name.endswith("_FILE")}
    assert named == set(container["secrets"]) == local
    assert named <= set(COMPOSE["secrets"])


@each_service
def test_no_container_simulates_or_opens_anything(service: Service) -> None:
    assert not set(COMPOSE["services"][service.name]["environment"]) & set(local_only(None))


@each_service
def test_a_services_image_installs_its_own_lock_and_does_not_run_as_root(service: Service) -> None:
    assert COMPOSE["services"][service.name]["build"]["args"] == {"SERVICE": service.name}
    recipe = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert "COPY services/${SERVICE}/requirements.lock" in recipe
    assert re.search(r"^USER [1-9][0-9]*:", recipe, re.MULTILINE)
    pins = (ROOT / "services" / service.name / "requirements.lock").read_text(encoding="utf-8")
    assert set(re.findall(r"^\S+==\S+", pins, re.MULTILINE)) <= set(_all_pins())


def _all_pins() -> list[str]:
    return re.findall(r"^\S+==\S+", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_secret_is_one_that_a_trial_makes_and_has_no_default(tmp_path: Path) -> None:
    folder = trial_secrets.make(tmp_path)
    assert set(COMPOSE["secrets"]) <= {file.name for file in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(re.fullmatch(rf"\$\{{SLUSS_SECRETS:\?[^}}]+\}}/{re.escape(name)}", one["file"]) for name, one in COMPOSE["secrets"].items())


def test_the_operators_own_secrets_are_no_containers_and_closed(tmp_path: Path) -> None:
    folder = trial_secrets.make(tmp_path)
    assert {file.name for file in folder.iterdir()} - set(COMPOSE["secrets"]) == set(trial_secrets.OPERATORS_OWN)
    closed = [*(folder / name for name in trial_secrets.OPERATORS_OWN), trial_secrets.environment_file(tmp_path), Places(tmp_path).record]
    assert {stat.S_IMODE(file.stat().st_mode) for file in closed} == {0o600}


def test_every_port_is_published_on_loopback_where_the_record_of_a_trial_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = {variable: f"127.0.0.1:${{{variable}:-{port}}}" for variable, port in trial_secrets.PORTS.items()}
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    inside = {
        variable: "5432" if variable == trial_secrets.POSTGRES_PORT else "9000" if "_OPS_" in variable else "8000" for variable in usual
    }
    assert sorted(published) == sorted([f"{trial_secrets.KAFKA}:29092", *(f"{usual[each]}:{inside[each]}" for each in usual)])
    for number, variable in enumerate(usual):
        monkeypatch.setenv(variable, str(20_000 + number))
    trial_secrets.make(tmp_path)
    record = read_record(tmp_path)
    said = f"{record.postgres.address} {[(one.url, one.ops, one.database_url) for one in record.services.values()]}"
    told = trial_secrets.environment_file(tmp_path).read_text(encoding="utf-8")
    for number, variable in enumerate(usual):
        assert f"127.0.0.1:{20_000 + number}" in said
        assert f"export {variable}={20_000 + number}\n" in told


def test_what_a_shell_reads_is_what_compose_asks_for(tmp_path: Path) -> None:
    trial_secrets.make(tmp_path)
    told = set(re.findall(r"^export (\w+)=", trial_secrets.environment_file(tmp_path).read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+):\?", TEXT)) <= told
    assert told - {"SLUSS_STREET"} <= set(re.findall(r"\$\{(\w+):", TEXT))


def test_no_password_is_written_down() -> None:
    values = [str(value) for service in COMPOSE["services"].values() for value in service.get("environment", {}).values()]
    assert not [value for value in values if re.search(r"://[^/@]*:[^/@]*@", value)]
    passwords = {name for service in COMPOSE["services"].values() for name in service.get("environment", {}) if "PASSWORD" in name}
    assert passwords
    assert all(name.endswith("_FILE") for name in passwords)


def test_both_prepare_the_broker_by_the_same_code_for_the_same_users() -> None:
    prepare = COMPOSE["services"]["prepare"]
    recipe = (ROOT / prepare["build"]["dockerfile"]).read_text(encoding="utf-8")
    assert 'ENTRYPOINT ["python", "-m", "deploy.kafka.prepare"]' in recipe
    assert "COPY contracts/topics/ contracts/topics/" in recipe
    assert prepare["command"] == [COMPOSE["services"]["intake"]["environment"]["SLUSS_KAFKA"], "/run/secrets"]
    users = {topics.ADMIN, *topics.users(topics.declared())}
    assert set(prepare["secrets"]) == {topics.password_file(Path(), user).name for user in users}
    assert [COMPOSE["services"][name]["depends_on"]["prepare"] for name in ("intake", "leadtimes", "referrals")] == [
        {"condition": "service_completed_successfully"}
    ] * 3


def test_what_prepares_the_broker_installs_only_what_it_imports_at_the_locked_versions() -> None:
    pins = re.findall(r"^\S+==\S+", (ROOT / "deploy" / "kafka" / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert {pin.partition("==")[0] for pin in pins} == {"kafka-python", "pyyaml"}
    assert set(pins) <= set(_all_pins())


def test_both_run_kafka_by_the_same_settings(places: Places, tmp_path: Path) -> None:
    """The container's start with a java and a broker that only tell what they were told, beside a local node."""
    node = kafka.Node(1, 9092, 9093)
    local = tmp_path / "local.properties"
    kafka.fill_in(kafka.SETTINGS / "server.properties", local, kafka.properties(node, [node], Path("/data")))
    container = _started(places, tmp_path)
    differ = {line.partition("=")[0] for line in {*local.read_text().splitlines()} ^ {*container.splitlines()}}
    assert differ == {"controller.quorum.voters", "listeners", "advertised.listeners"}
    assert "@" not in "".join(line for line in container.splitlines() if not line.startswith(("#", "controller.quorum.voters")))


def test_the_containers_start_tells_the_password_in_no_command_line(places: Places, tmp_path: Path) -> None:
    _started(places, tmp_path)
    password = keys.kafka_password(places, topics.ADMIN).read_text()
    commands = (tmp_path / "commands").read_text()
    assert "StorageTool" in (tmp_path / "told").read_text()
    assert password in (tmp_path / "told").read_text()
    assert password not in commands
    assert (tmp_path / "filled" / "jaas.conf").read_text().count(password) == 3


def _started(places: Places, folder: Path) -> str:
    """deploy/kafka/start.sh run to its end; answers the settings that the broker would be started with."""
    keys.kafka_password(places, topics.ADMIN)
    for program in (folder / "java", folder / "bin" / "kafka-server-start.sh"):
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f'#!/bin/sh\necho "$0 $*" >>{folder}/commands\ncase $1 in @*) cat "${{1#@}}" >{folder}/told;; esac\n', encoding="utf-8"
        )
        program.chmod(0o755)
    told = COMPOSE["services"]["kafka"]["environment"] | {"CLUSTER_ID": "TFNsdXNzLWNvbXBvc2UtMQ", "DATA": "/data"}
    env = {**os.environ, **told, "PATH": f"{folder}:{os.environ['PATH']}", "KAFKA_HOME": str(folder), "FILLED": str(folder / "filled")}
    env["SECRETS"] = str(places.secret(""))
    subprocess.run(["sh", ROOT / "deploy" / "kafka" / "start.sh"], env=env, check=True)
    return (folder / "filled" / "server.properties").read_text(encoding="utf-8")


def test_neither_postgresql_writes_a_statement_or_a_row_into_its_log() -> None:
    said = COMPOSE["services"]["postgres"]["command"]
    assert [said[0], *said[1::2]] == ["postgres", *("-c" for _ in TELLS_NOTHING_OF_ANYBODY)]
    assert dict(each.split("=") for each in said[2::2]) == TELLS_NOTHING_OF_ANYBODY


def test_both_make_the_same_databases(tmp_path: Path) -> None:
    """The statements of the container's script, with a psql that only repeats them, are those of the local street."""
    secrets = trial_secrets.make(tmp_path)
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\nprintf "%s\\n" "$@" | sed -n "s/^name=/-- /p"\ncat\n', encoding="utf-8")
    psql.chmod(0o755)
    script = ROOT / "deploy" / "postgres" / "databases.sh"
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SECRETS": str(secrets)}
    said = subprocess.run(["sh", script], env=env, check=True, capture_output=True, text=True).stdout
    for each in re.split(r"^-- ", said, flags=re.MULTILINE)[1:]:
        name, _, statements = each.partition("\n")
        asked = [line.rstrip(";") for line in statements.splitlines() if not line.startswith("\\")]
        words = {"name": ':"name"', "database": ':"database"', "password": ":'password'"}
        wanted = [one.format(**words) for one in databases.statements(name) if one != databases.JOIN]
        assert asked == wanted
    made = re.findall(r"^-- (.*)$", said, re.MULTILINE)
    assert sorted(made) == sorted(role for service in SERVICES for role in service.roles)
    assert all(made.index(service.name) < made.index(role) for service in SERVICES for role in service.roles[1:])
