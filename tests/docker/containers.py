"""docker compose, in a project of its own, so that no street of this machine is ever touched; and `./sluss` on the same street."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy import trial_secrets
from deploy.local.places import ROOT

PROJECT: Final = "sluss-check"
LABEL: Final = f"label=com.docker.compose.project={PROJECT}"
PATIENCE_S: Final = 180.0


def call(*command: str, env: dict[str, str] | None = None, ok: Sequence[int] = (0,)) -> str:
    """What a command prints. Another exit code ends the check with what it said."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode in ok, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def await_(what: Callable[[], Any], said: str) -> Any:
    """What is true in the end. Gives up after three minutes."""
    by = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < by, f"did not come true: {said}"
        time.sleep(0.5)
    return found


@dataclass
class Containers:
    """The street of docker-compose.yml with secrets of its own in a folder."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    volumes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        trial_secrets.make(self.folder)
        told = call("sh", "-c", f". {trial_secrets.environment_file(self.folder)}; env -0")
        self.env = dict(line.split("=", 1) for line in told.split("\0") if line) | {"COMPOSE_PROJECT_NAME": PROJECT}

    def compose(self, *words: str, ok: Sequence[int] = (0,)) -> str:
        """docker compose, as its head says."""
        return call("docker", "compose", *words, env=self.env, ok=ok)

    def sluss(self, *words: str, ok: Sequence[int] = (0,)) -> str:
        """An operator's command on this street."""
        return call("./sluss", *words, env=self.env, ok=ok)

    def asked(self, *words: str, ok: Sequence[int] = (0,)) -> Any:
        """The same as JSON."""
        return json.loads(self.sluss(*words, "--format", "json", ok=ok))

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        found: dict[str, Any] = json.loads(call("docker", "inspect", self.compose("ps", "--all", "--quiet", service).strip()))[0]
        return found

    def image(self, service: str) -> str:
        """The image that compose has built for a service."""
        return f"{PROJECT}-{service}"

    def inside(self, service: str, *command: str, ok: Sequence[int] = (0,)) -> str:
        """What a command says inside a service's container."""
        return self.compose("exec", "--no-TTY", service, *command, ok=ok)

    def rests(self, at_most: int = 0) -> bool:
        """Whether every part is healthy, and no more than so many facts wait to be told, or are told and wait to be heard."""
        status = self.asked("status", ok=(0, 1))
        waiting = [part[name] for part in status["parts"] for name in ("outbox_pending", "lag") if name in part]
        return bool(status["healthy"] and waiting and None not in waiting and max(waiting) <= at_most)

    def await_rest(self, at_most: int = 0) -> float:
        """Seconds until it rests."""
        began = time.monotonic()
        await_(lambda: self.rests(at_most), f"every part healthy, outbox and lag {at_most} at most")
        return time.monotonic() - began

    def down(self, *words: str) -> None:
        """`docker compose down`, after looking which volumes its containers have, with a name or without."""
        containers = self.compose("ps", "--all", "--quiet").split()
        mounts = [mount for one in json.loads(call("docker", "inspect", *containers)) for mount in one["Mounts"]]
        self.volumes |= {mount["Name"] for mount in mounts if mount["Type"] == "volume"}
        self.compose("down", *words)

    def left(self) -> dict[str, list[str]]:
        """What there is of it: containers, networks, and the volumes of its containers."""
        return {
            "containers": call("docker", "ps", "--all", "--quiet", "--filter", LABEL).split(),
            "networks": call("docker", "network", "ls", "--quiet", "--filter", LABEL).split(),
            "volumes": call("docker", "volume", "ls", "--quiet", "--filter", LABEL).split(),
            "volumes seen": sorted(self.volumes & set(call("docker", "volume", "ls", "--quiet").split())),
        }


def locked(service: str, marker_environment: dict[str, str]) -> dict[str, str]:
    """What a service's lock pins, where it is for this kind of Python and machine: name -> version."""
    from packaging.requirements import Requirement

    lines = re.findall(r"^([a-zA-Z0-9].*?)\s*\\?$", (ROOT / "services" / service / "requirements.lock").read_text(encoding="utf-8"), re.M)
    wanted = [Requirement(line) for line in lines]
    here = [each for each in wanted if each.marker is None or each.marker.evaluate(dict(marker_environment))]
    return {each.name.lower().replace("_", "-"): str(each.specifier).removeprefix("==") for each in here}


def is_running(state: dict[str, Any]) -> bool:
    """Whether the engine says so, and that it is well."""
    return bool(state["Status"] == "running" and state["Health"]["Status"] == "healthy")


def environment() -> dict[str, str]:
    """Ours, without a street that somebody has chosen."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SLUSS_") or name == "SLUSS_VENV"}
