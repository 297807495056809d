"""A picture of a page: a PNG of its whole height, taken by a Chromium that is there, without the network and without scripts."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--password-store=basic",
    # Whatever it would like to look up: nothing but this machine has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
WIDTH = 1100
SHARPNESS = 2
PATIENCE_S = 30.0
GOODBYE_S = 3.0


class NoPicture(Exception):
    """There is a Chromium, but it made no picture; the text says why and holds no address."""


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome of this machine."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def sandbox_flags() -> tuple[str, ...]:
    """Chromium refuses to sandbox itself as root."""
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


def picture(url: str, file: Path, width: int = WIDTH) -> Path | None:
    """Saves the page as it looks in a window of so many pixels and gives the file; None where there is no Chromium.

    `url` may be a one-time link: it is opened once. Raises NoPicture when the page does not answer with 200, or not in half a minute.
    """
    chromium = find_chromium()
    if chromium is None:
        return None
    with _browser(chromium) as browser:
        image = _photograph(browser, url, width)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(image)
    return file


@contextmanager
def _browser(chromium: str) -> Iterator["_Browser"]:
    """A browser that answers. Where its sandbox cannot be had (many containers) it goes without: it sees nothing but our own page."""
    for flags in dict.fromkeys((sandbox_flags(), ("--no-sandbox",))):
        with (
            tempfile.TemporaryDirectory(prefix="sluss-picture-", ignore_cleanup_errors=True) as home,
            _Browser(chromium, flags, home) as one,
        ):
            try:
                one.ask("Browser.getVersion")
            except NoPicture:
                continue
            yield one
            return
    raise NoPicture("Chromium does not start")


def _photograph(browser: "_Browser", url: str, width: int) -> bytes:
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=SHARPNESS, mobile=False)
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.ask("Page.enable")
    browser.ask("Network.enable")
    if browser.ask("Page.navigate", url=url).get("errorText"):
        raise NoPicture("the page does not answer")
    browser.wait_for("Page.loadEventFired")
    statuses = [seen["response"]["status"] for seen in browser.seen("Network.responseReceived") if seen["type"] == "Document"]
    if statuses[-1:] != [200]:
        raise NoPicture(f"the page answers with status {statuses[-1] if statuses else 'unknown'}")
    height = browser.ask("Page.getLayoutMetrics")["cssContentSize"]["height"]
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    return base64.b64decode(browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"])


class _Browser:
    """A Chromium of our own behind a pipe (Chrome DevTools Protocol): it opens no port, and no process of it outlives us."""

    def __init__(self, chromium: str, flags: Sequence[str], home: str) -> None:
        self._command = [chromium, *FLAGS, *flags, f"--user-data-dir={home}"]
        self._environment = {**os.environ, "HOME": home}
        self._deadline = time.monotonic() + PATIENCE_S
        self._asked = 0
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        self.session: str | None = None

    def __enter__(self) -> Self:
        hears, self._to = os.pipe()
        self._from, tells = os.pipe()

        def plug_in() -> None:
            """Chromium hears on 3 and tells on 4; copies first, for these numbers may be taken by the pipes themselves."""
            ears, mouth = os.dup(hears), os.dup(tells)
            os.dup2(ears, 3)
            os.dup2(mouth, 4)

        nowhere = subprocess.DEVNULL
        self._process = subprocess.Popen(
            self._command,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            env=self._environment,
            close_fds=False,
            preexec_fn=plug_in,
            start_new_session=True,
        )
        os.close(hears)
        os.close(tells)
        return self

    def __exit__(self, *error: object) -> None:
        family = self._family()
        with suppress(NoPicture):
            self.session = None
            self.ask("Browser.close")
        os.close(self._to)
        os.close(self._from)
        _gone, left = psutil.wait_procs(family, timeout=GOODBYE_S)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left)
        self._process.wait()

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            chromium = psutil.Process(self._process.pid)
            return [chromium, *chromium.children(recursive=True)]
        return []

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """The answer to one command. Raises NoPicture."""
        self._asked += 1
        command = {"id": self._asked, "method": method, "params": parameters} | ({"sessionId": self.session} if self.session else {})
        try:
            os.write(self._to, json.dumps(command).encode() + b"\0")
        except OSError:
            raise NoPicture("Chromium has ended") from None
        while (message := self._next()).get("id") != self._asked:
            self._events.append(message)
        if "error" in message:
            raise NoPicture(f"Chromium refuses {method}")
        return dict(message["result"])

    def wait_for(self, event: str) -> None:
        """Returns when it has been told of the event. Raises NoPicture."""
        while not self.seen(event):
            self._events.append(self._next())

    def seen(self, event: str) -> list[dict[str, Any]]:
        """What it has told of such events so far."""
        return [message["params"] for message in self._events if message.get("method") == event]

    def _next(self) -> dict[str, Any]:
        """The next message, each ended by a NUL."""
        while b"\0" not in self._unread:
            readable, _, _ = select.select([self._from], [], [], max(0.0, self._deadline - time.monotonic()))
            if not readable:
                raise NoPicture("Chromium takes too long")
            more = os.read(self._from, 1 << 20)
            if not more:
                raise NoPicture("Chromium has ended")
            self._unread += more
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))
