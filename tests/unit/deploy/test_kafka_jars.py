"""Kafka's jars are the pinned ones or they are not used; what cannot be fetched is said, not waited for."""

import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import kafka_jars
from deploy.local.failures import JarsOutOfReach, WrongChecksum
from deploy.local.kafka_jars import LOCK, file_name, jars, pinned

COORDINATE = "org.example:thing:1.0"
CONTENT = b"a jar"
PINS = {COORDINATE: hashlib.sha256(CONTENT).hexdigest()}


@pytest.fixture
def silent_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A network that takes every packet and answers none."""
    monkeypatch.setattr(kafka_jars, "FETCH_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def _heard(_: str) -> None:
    """Nobody listens."""


def test_a_jar_in_the_cache_is_used_when_it_is_the_pinned_one(tmp_path: Path) -> None:
    jar = tmp_path / file_name(COORDINATE)
    jar.write_bytes(CONTENT)
    assert jars(tmp_path, _heard, PINS) == [jar]


def test_a_jar_that_is_not_the_pinned_one_stops_everything(tmp_path: Path) -> None:
    (tmp_path / file_name(COORDINATE)).write_bytes(CONTENT + b".")
    with pytest.raises(WrongChecksum, match=r"thing-1\.0\.jar is not the jar that kafka\.lock\.toml pins"):
        jars(tmp_path, _heard, PINS)


def test_jars_that_cannot_be_reached_are_said_to_be_so_also_when_nobody_answers(tmp_path: Path, silent_proxy: None) -> None:
    with pytest.raises(JarsOutOfReach, match="cannot be fetched"):
        jars(tmp_path, _heard, PINS)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_pins_the_broker_by_sha256_and_names_no_address() -> None:
    pins = pinned()
    assert {"org.apache.kafka:kafka_2.13:4.3.1", "org.apache.kafka:kafka-clients:4.3.1"} <= set(pins)
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in pins.values())
    assert "//" not in LOCK.read_text(encoding="utf-8")
