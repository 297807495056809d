"""Ports are free when chosen, stay what they were, and make way when somebody else has them."""

import socket
from pathlib import Path

from deploy.local.places import Places
from deploy.local.ports import HIGHEST, LOWEST, choose, is_free

NAMES = ("postgres", "kafka", "intake")


def test_each_name_gets_a_free_port_of_its_own(tmp_path: Path) -> None:
    chosen = choose(Places(tmp_path), NAMES)
    assert set(chosen) == set(NAMES)
    assert len(set(chosen.values())) == len(NAMES)
    assert all(LOWEST <= port <= HIGHEST and is_free(port) for port in chosen.values())


def test_a_street_that_starts_again_keeps_its_ports(tmp_path: Path) -> None:
    assert choose(Places(tmp_path), NAMES) == choose(Places(tmp_path), NAMES)


def test_only_a_port_that_somebody_else_has_taken_is_replaced(tmp_path: Path) -> None:
    before = choose(Places(tmp_path), NAMES)
    with socket.create_server(("127.0.0.1", before["kafka"])):
        after = choose(Places(tmp_path), NAMES)
    assert after["kafka"] != before["kafka"]
    assert {**after, "kafka": 0} == {**before, "kafka": 0}
