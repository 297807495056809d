"""A street to start and stop from Python: by `sluss up`, by the demo, and by the tests."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO

from deploy.local import postgres
from deploy.local.failures import FAILURES, StreetFailure, no_use
from deploy.local.order import Order
from deploy.local.places import MARK, PART, ROOT, Places
from deploy.local.processes import LAUNCHER, LAUNCHER_PATIENCE_S, end_street
from deploy.local.record import StreetRecord, read_record, refuse_containers
from deploy.local.services import SERVICES

ALL = tuple(service.name for service in SERVICES)


def _silent(_: str) -> None:
    """Says nothing."""


class Street:
    """One local street in its own folder: `with Street(folder) as record: ...`.

    Attached (the default) it lives no longer than this process, however this process ends; detached it goes on until `stop`
    or `sluss down`. `extra_env` reaches every part. `say` hears what is going on, a line at a time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        simulation_start: datetime | None = None,
        extra_env: Mapping[str, str] | None = None,
        services: Sequence[str] = ALL,
        attached: bool = True,
        say: Callable[[str], None] = _silent,
    ) -> None:
        folder = folder.absolute()
        self._places, self._say, self._extra_env = Places(folder), say, dict(extra_env or {})
        self._order = Order(str(folder), attached, list(services), simulation_start.isoformat() if simulation_start else None)
        self._launcher: subprocess.Popen[str] | None = None

    def start(self) -> StreetRecord:
        """Answers when every part is healthy; what this object had started before is stopped first.

        Raises StreetFailure, of the kind that says why, after stopping what had started.
        """
        self.stop()
        refuse_containers(self._places.folder)
        try:
            self._launcher = self._launch()
        except OSError as error:
            raise no_use(self._places.folder, error) from error
        try:
            self._hear(self._launcher.stdout)
        except BaseException:
            self.stop()
            raise
        return read_record(self._places.folder)

    def _launch(self) -> "subprocess.Popen[str]":
        """Starts the launcher. Raises OSError, most often because the folder cannot be written."""
        self._places.make()
        env = {**os.environ, **self._extra_env, MARK: self._order.folder, PART: LAUNCHER, "PYTHONPATH": str(ROOT)}
        with self._places.log(LAUNCHER).open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "deploy.local.launcher", self._order.text()],
                stdin=subprocess.PIPE if self._order.attached else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env=env,
                text=True,
                start_new_session=True,  # a Ctrl-C on the terminal is for us; the launcher is told by us
            )

    def _hear(self, reports: IO[str] | None) -> None:
        """Reads the launcher's reports until it is ready."""
        for line in reports or ():
            match json.loads(line):
                case {"says": text}:
                    self._say(text)
                case {"failed": reason, "kind": kind}:
                    raise FAILURES[kind](reason)
                case {"ready": _}:
                    return
        raise StreetFailure(f"The launcher died: see {self._places.log(LAUNCHER)}")

    def wait(self) -> None:
        """Waits until the street stops by itself: somebody ran `sluss down`."""
        if self._launcher:
            self._launcher.wait()

    def stop(self) -> None:
        """Stops every part; at once when nothing runs."""
        launcher, self._launcher = self._launcher, None
        if launcher is None:
            return
        launcher.terminate()
        try:
            launcher.wait(LAUNCHER_PATIENCE_S)
        except subprocess.TimeoutExpired:
            launcher.kill()
            launcher.wait()
            end_street(self._places.folder)
        for pipe in (launcher.stdin, launcher.stdout):
            if pipe:
                pipe.close()

    def remove(self) -> None:
        """Stops the street and removes its folder and its databases."""
        self.stop()
        end_street(self._places.folder)
        postgres.remove(self._places)
        shutil.rmtree(self._places.folder, ignore_errors=True)

    def __enter__(self) -> StreetRecord:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
