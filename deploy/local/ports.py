"""Free loopback ports, below the range of outgoing connections, so that none is lost before its server binds it."""

import json
import secrets
import socket
from collections.abc import Iterable

from deploy.local.keys import write_private
from deploy.local.places import Places

LOWEST, HIGHEST = 15_000, 31_999


def is_free(port: int) -> bool:
    """Whether a server could bind it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(places: Places, names: Iterable[str]) -> dict[str, int]:
    """A free port a name: the one of the last time where it is still free."""
    known: dict[str, int] = json.loads(places.ports.read_text(encoding="utf-8")) if places.ports.exists() else {}
    chosen: dict[str, int] = {}
    for name in names:
        port = known.get(name, 0)
        while port in chosen.values() or not port or not is_free(port):
            port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        chosen[name] = port
    write_private(places.ports, json.dumps(chosen).encode())
    return chosen
