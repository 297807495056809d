"""`make docker-check`: the street of docker-compose.yml on the Docker engine of this machine, from `up` to `down -v`, each step told.

By hand: no test of `make test` needs Docker. It takes some minutes, needs ../shared/data, port 29092 and those of
deploy/trial_secrets.py, and, for killing the servers' processes, root on the engine's own machine.
"""

import json
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from deploy.local.places import ROOT
from deploy.local.record import read_record
from deploy.local.services import SERVICES
from shared.clock import local_date, real_now
from tests.docker.containers import PROJECT, Containers, await_, call, environment, is_running, locked
from tests.shared_data import FOLDER as DATA
from tests.street import service_client

SERVERS: Final = ("postgres", "kafka")
PARTS: Final = (*SERVERS, *(service.name for service in SERVICES))
RECEIPT: Final = ("Confirmation of receipt", "T05 Print and send confirmation of receipt")
FIGURES: Final = ("n", "events", "censored", "naive_median_completed_only", "km_median")
TABLES: Final = ("km_quantiles", "S", "S_ci95_loglog", "rmst", "open_wait_age_days")
WAITS_OF_L01: Final = (0, 3, 7)
KILLED: Final = 137
# What the clerk tells in two seconds: while it works, outbox and lag are seldom both 0.
IN_HAND: Final = 20
INSTALLED: Final = """
import importlib.metadata, json, os, platform, sys
of_the_service = importlib.metadata.distributions(path=[each for each in sys.path if each.startswith("/venv")])
found = {each.name.lower().replace("_", "-"): each.version for each in of_the_service}
about = {"python_full_version": platform.python_version(), "python_version": "%d.%d" % sys.version_info[:2]}
print(json.dumps([found, about, os.getuid()]))
"""


class Clerk:
    """Registers first contacts without a pause, as a client should: the same key until it is answered. Its ledger: cases acknowledged."""

    def __init__(self, street: Containers) -> None:
        self.acknowledged: list[str] = []
        self._died: BaseException | None = None
        self._record = read_record(street.folder)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Clerk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._died:
            raise self._died

    def _work(self) -> None:
        try:
            with service_client(self._record, "intake", "intake-staff", "intake-decider") as intake:
                while not self._stop.is_set():
                    contact = {"happened": {"at": real_now().isoformat()}, "channel": "phone", "source_system": "intake"}
                    self.acknowledged.append(_post(intake, "/intake/cases", contact)["case_id"])
                    time.sleep(0.05)
        except BaseException as error:
            self._died = error


def _post(intake: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    """Sent again, under the same key, until the service answers."""
    key = {"idempotency-key": str(uuid4())}
    while True:
        with suppress(httpx.TransportError):
            answer = intake.post(path, json=body, headers=key)
            if answer.is_success:
                return answer.json()
            assert answer.status_code in (409, 503), answer.text
        time.sleep(0.2)


def engine() -> str:
    """Whose engine it is."""
    versions = call("docker", "version", "--format", "Docker Engine {{.Server.Version}}"), call("docker", "compose", "version")
    return ", ".join(each.strip() for each in versions)


def start(street: Containers) -> str:
    """From nothing to healthy; nothing died on the way."""
    street.compose("up", "-d", "--build", "--wait")
    for part in PARTS:
        found = street.inspect(part)
        assert is_running(found["State"]), part
        assert found["RestartCount"] == 0, f"{part} died while it started"
    prepare = street.inspect("prepare")["State"]
    assert (prepare["Status"], prepare["ExitCode"]) == ("exited", 0)
    street.await_rest()
    return f"{', '.join(PARTS)} healthy, none restarted; prepare ended with 0; ./sluss status says the same"


def images(street: Containers) -> str:
    """Each service's image holds its own code and its own locked packages; the container can write nothing and is nobody."""
    told = []
    for service in PARTS[len(SERVERS) :]:
        image = street.image(service)
        installed, about, uid = json.loads(call("docker", "run", "--rm", image, "python", "-c", INSTALLED))
        assert installed == locked(service, about), set(installed.items()) ^ set(locked(service, about).items())
        assert uid == 10001
        files = call("docker", "run", "--rm", image, "sh", "-c", "ls /sluss; ls /sluss/services").split()
        assert files == ["contracts", "services", "shared", service]
        street.inside(service, "sh", "-c", "! touch /sluss/x /venv/x /x 2>/dev/null")
        status = street.inside(service, "grep", "-E", "^(CapEff|NoNewPrivs):", "/proc/self/status").split()
        assert status == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
        size = int(call("docker", "image", "inspect", "--format", "{{.Size}}", image)) // 1_000_000
        told.append(f"{service} {size} MB, {len(installed)} packages")
    return "; ".join(told) + "; as its lock says, uid 10001, no capability, nothing writable but /tmp"


def closed(street: Containers) -> str:
    """Every published port is loopback's; no secret stands in what the engine shows or in a log."""
    shown = street.compose("logs")
    for part in (*PARTS, "prepare"):
        found = street.inspect(part)
        shown += json.dumps(found)
        assert {each["HostIp"] for ports in (found["NetworkSettings"]["Ports"] or {}).values() for each in ports or ()} <= {"127.0.0.1"}
    secrets = [file.read_bytes() for file in (street.folder / "secrets").iterdir() if file.name != "token.public.json"]
    assert len(secrets) >= 5
    assert not [one for one in secrets if one in shown.encode()]
    return f"ports on 127.0.0.1 only; none of {len(secrets)} secrets in docker inspect or in a log"


def waits(street: Containers) -> str:
    """The receipt log's waits are the oracle's at each snapshot, and the page shows them to who opens its link."""
    street.sluss("import", str(DATA / "logs" / "receipt.xes.gz"), "--name", "receipt", "--no-list")
    snapshots = json.loads((DATA / "oracles" / "oracle_km_receipt_T05.json").read_text())["snapshots"]
    for snapshot in snapshots:
        found = street.asked("waits", "receipt", "--from", RECEIPT[0], "--to", RECEIPT[1], "--as-of", snapshot["as_of"])
        for name in FIGURES:
            assert abs(found[name] - snapshot[name]) < 1e-6, name
        for name in TABLES:
            _same(found[name], snapshot[name], name)
    said = re.search(r"134 of 1,434 still open.*", street.sluss("waits", "receipt", "--from", RECEIPT[0], "--to", RECEIPT[1]))
    assert said
    page = _page(street, "/leadtimes/logs/receipt/page?" + urlencode({"from": RECEIPT[0], "to": RECEIPT[1]}))
    assert "134" in page
    assert "1,434" in page
    return f"receipt is as the oracle says at {len(snapshots)} snapshots: {said[0]} The page says so too, by its one-time link"


def _same(found: Any, oracle: Any, name: str) -> None:
    if isinstance(oracle, dict):
        assert found.keys() == oracle.keys(), name
        for key, value in oracle.items():
            _same(found[key], value, f"{name} {key}")
    elif isinstance(oracle, list):
        for one, other in zip(found, oracle, strict=True):
            _same(one, other, name)
    else:
        assert oracle == found or abs(found - oracle) < 1e-6, name


def _page(street: Containers, address: str) -> str:
    """A page as a browser gets it: by a link that works once, then by its cookie alone."""
    link = street.sluss("open", "--print").strip()
    english = {"accept-language": "en"}
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=60, headers=english) as browser:
        browser.get(link).raise_for_status()
        page = browser.get(read_record(street.folder).services["leadtimes"].url + address).raise_for_status()
    with httpx.Client(trust_env=False, timeout=60) as stranger:
        assert stranger.get(link).status_code == httpx.codes.GONE
    return page.text


def histories(street: Containers) -> str:
    """Clients whose waits are known, through intake's API: leadtimes has heard them and counts who still waits."""
    today = local_date(real_now())
    with service_client(read_record(street.folder), "intake", "intake-staff", "intake-decider") as intake:
        for days in (*WAITS_OF_L01, None):
            first = today - timedelta(days=10)
            case = _post(intake, "/intake/cases", {"happened": {"on": first.isoformat()}, "channel": "phone", "source_system": "intake"})
            if days is not None:
                applied = first + timedelta(days=days)
                month = {"period_from": today.replace(day=1).isoformat(), "period_to": today.replace(day=28).isoformat()}
                asked = {"happened": {"on": applied.isoformat()}, "kind": "new", "channel": "phone", **month}
                _post(intake, f"/intake/cases/{case['case_id']}/applications", asked)
    await_(street.rests, "what intake told is heard")
    found = street.asked("leadtimes", "--measure", "L01")
    done, waiting = found["completed"], found["still_waiting"]
    assert (done["n"], done["median"], waiting["n"]) == (len(WAITS_OF_L01), 3, 1)
    return f"L01: {waiting['n']} still waiting, {done['n']} completed with median {done['median']:g} days (typed: {WAITS_OF_L01})"


def killed_by_docker(street: Containers, part: str) -> str:
    """`docker kill` is a person's will: Docker leaves the part down, and an operator's `up` brings it back."""
    street.compose("kill", part)
    time.sleep(10)
    state = street.inspect(part)["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", KILLED)
    began = time.monotonic()
    street.compose("up", "-d")  # without --wait, which gives up when who waits for the part calls itself unhealthy before it is back
    up_s = time.monotonic() - began
    caught_up_s = street.await_rest(IN_HAND)
    return f"left down (exit code {KILLED}, 10 s); docker compose up -d {up_s:.0f} s, caught up {caught_up_s:.0f} s later"


def killed_inside(street: Containers, part: str) -> str:
    """A part whose process is killed (too little memory does that) is started again by Docker, unasked."""
    before = street.inspect(part)
    if part in SERVERS:
        pid = before["State"]["Pid"]
        if os.geteuid() != 0 or not Path(f"/proc/{pid}").exists():
            return "left out: it needs root on the engine's own machine"
        os.kill(pid, signal.SIGKILL)
    else:
        street.inside(part, "sh", "-c", "kill -9 -1", ok=(0, KILLED))
    began = time.monotonic()
    await_(lambda: (now := street.inspect(part))["RestartCount"] > before["RestartCount"] and is_running(now["State"]), f"{part} is back")
    back_s = time.monotonic() - began
    return f"started again by Docker and healthy {back_s:.0f} s later, caught up {street.await_rest(IN_HAND):.0f} s after that"


def stopped(street: Containers, part: str) -> str:
    """A part that is asked to stop does so in peace, long before it would be killed."""
    began = time.monotonic()
    street.compose("stop", part)
    stopped_s, state = time.monotonic() - began, street.inspect(part)["State"]
    assert state["ExitCode"] != KILLED, f"{part} had to be killed"
    street.compose("start", part)
    return f"ended with {state['ExitCode']} after {stopped_s:.1f} s, back and caught up {street.await_rest(IN_HAND):.0f} s after its start"


def nothing_lost(street: Containers, clerk: Clerk) -> str:
    """Every case that a client was promised is there, once, in intake and in leadtimes, and every figure is what its events say."""
    street.await_rest()
    cases = len(WAITS_OF_L01) + 1 + len(set(clerk.acknowledged))
    assert len(set(clerk.acknowledged)) == len(clerk.acknowledged)
    said = street.sluss("verify")
    assert f" kept events of {cases:,} cases folded" in said, said
    assert said.count(" 0 differ") == len(SERVICES), said
    found = street.asked("leadtimes", "--measure", "L01")
    assert found["completed"]["n"] + found["still_waiting"]["n"] == cases
    assert found["incomplete"] == 0
    assert street.asked("quarantine") == []
    return f"{len(clerk.acknowledged):,} contacts acknowledged meanwhile, each there once; verify: nothing differs; nothing in quarantine"


def all_down_and_up(street: Containers) -> str:
    """`down` without -v keeps everything."""
    before = street.asked("leadtimes", "--measure", "L01")["still_waiting"]["n"]
    street.down()
    street.compose("up", "-d", "--wait")
    street.await_rest()
    after = street.asked("leadtimes", "--measure", "L01")["still_waiting"]["n"]
    assert before == after
    return f"{after:,} still waiting in L01 before and after"


def gone(street: Containers) -> str:
    """`down -v` leaves nothing of it."""
    street.down("--volumes", "--rmi", "local")
    left = street.left()
    assert not any(left.values()), left
    return f"no container and no network left, and none of the {len(street.volumes)} volumes"


def main() -> None:
    """Every step; the street goes down also when one fails."""
    if not shutil.which("docker"):
        sys.exit("docker is not installed here")
    for name in set(os.environ) - set(environment()):
        del os.environ[name]
    _tell("engine", engine)
    folder = ROOT / ".sluss" / PROJECT
    shutil.rmtree(folder, ignore_errors=True)
    street = Containers(folder)
    assert not any(street.left().values()), f"something of {PROJECT} is there already: docker compose -p {PROJECT} down -v"
    try:
        for name, step in {"up": start, "images": images, "closed": closed, "waits": waits, "cases": histories}.items():
            _tell(name, partial(step, street))
        with Clerk(street) as clerk:
            for kind, way in {"docker kill": killed_by_docker, "kill -9 inside": killed_inside, "stop": stopped}.items():
                for part in PARTS:
                    _tell(f"{kind}: {part}", partial(way, street, part))
        _tell("nothing lost", partial(nothing_lost, street, clerk))
        _tell("down, up", partial(all_down_and_up, street))
        _tell("waits", partial(waits, street))
        _tell("closed", partial(closed, street))
    except BaseException:
        (folder / "logs.txt").write_text(street.compose("logs", "--timestamps"))
        print(f"the containers' logs: {folder / 'logs.txt'}", flush=True)
        raise
    finally:
        _tell("down -v", partial(gone, street))
    shutil.rmtree(folder)


def _tell(name: str, step: Callable[[], str]) -> None:
    began = time.monotonic()
    print(f"{name:<26} ", end="", flush=True)
    said = step()
    print(f"{said}  [{time.monotonic() - began:.0f} s]", flush=True)


if __name__ == "__main__":
    main()
