"""A reader's browser on the pages of the real service: a Chromium of this machine, some clients of the last weeks, two small logs."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, StorageState, async_playwright

from deploy.local.record import StreetRecord
from shared.clock import local_date
from tests.browser.small_log import CONFIRMED, RECEIVED, write_small_log
from tests.street import service_client
from tools.clock import open_clock
from tools.picture import find_chromium, sandbox_flags

FLAGS = [
    *sandbox_flags(),
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOG, UNFINISHED = "browser-small", "browser-unfinished"

Days: TypeAlias = int | None
# Days ago of the contact, days from it to the application, from there to the decision, from the last of these to the closing.
CLIENTS: tuple[tuple[int, Days, Days, Days], ...] = (
    (25, 0, 12, None),
    (24, 4, 16, None),
    (22, 2, 3, None),
    (20, 9, 7, None),
    (16, 0, 16, None),
    (15, 3, None, 5),
    (14, None, None, 2),
    (10, 1, None, None),
    (6, 5, None, None),
    (3, None, None, None),
)


@dataclass(frozen=True)
class Site:
    """The pages of the service, and the same figures as JSON."""

    street: StreetRecord
    browser: Browser
    limits: dict[str, str]
    session: StorageState

    @asynccontextmanager
    async def page(self, path: str, width: int = 1100, **context: Any) -> AsyncIterator[Page]:
        """A page of the service, open in a window of that width, by somebody who holds a session."""
        viewport = {"width": width, "height": 800}
        made = await self.browser.new_context(storage_state=self.session, viewport=viewport, base_url=self.url, **context)
        page = await made.new_page()
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200
        yield page
        await made.close()

    @property
    def url(self) -> str:
        return self.street.services["leadtimes"].url

    def address(self, page: str, **asked: str) -> str:
        """The address of a page, asked under limits that hold still."""
        limits = self.limits if page in (MEASURES, MONTHS) else {}
        return f"{page}{'&' if '?' in page else '?'}{urlencode({**limits, **asked})}"

    def json(self, path: str, **asked: str) -> dict[str, Any]:
        """What the API answers."""
        with service_client(self.street, "leadtimes", "leadtimes-reader") as leadtimes:
            answer = leadtimes.get(path, params=asked)
            answer.raise_for_status()
            return dict(answer.json())

    def link(self, path: str) -> str:
        """A link that opens a page once."""
        with service_client(self.street, "leadtimes", "leadtimes-reader") as leadtimes:
            return str(leadtimes.post("/leadtimes/links", json={"page": path}).raise_for_status().json()["url"])


MEASURES = "/leadtimes/"
MONTHS = f"{MEASURES}?measure=L24"
WAITS = f"/leadtimes/logs/{LOG}/page?{urlencode({'from': RECEIVED, 'to': CONFIRMED})}"
CHOICE = f"/leadtimes/logs/{LOG}/page"
PROGRESS = f"/leadtimes/logs/{UNFINISHED}/page"
FLOWS = f"/leadtimes/logs/{LOG}/flows"
EVERY_PAGE = (MEASURES, MONTHS, WAITS, CHOICE, PROGRESS, FLOWS)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is. Without one these tests are skipped, but never in CI."""
    found = find_chromium()
    if found is None and (os.environ.get("CI") == "true" or os.environ.get("SLUSS_BROKER") == "apache"):
        pytest.fail("no Chromium on this machine")
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def limits(chromium: str, street: StreetRecord) -> dict[str, str]:
    """An as-of and a known-at under which some clients of the last weeks are known, and nothing moves any more."""
    with open_clock(street) as clock, service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        today = local_date(clock.now())
        for client in CLIENTS:
            _type_in(intake, today, *client)
        clock.rest()
        return {"as_of": today.isoformat(), "known_at": clock.now().isoformat()}


def _type_in(intake: httpx.Client, today: date, ago: int, to_application: Days, to_decision: Days, to_closing: Days) -> None:
    last = today - timedelta(days=ago)
    case = _post(intake, "/intake/cases", last, channel="phone", source_system="intake")["case_id"]
    if to_application is not None:
        last += timedelta(days=to_application)
        asked = {"kind": "new", "channel": "phone", "period_from": last.isoformat(), "period_to": last.isoformat()}
        application = _post(intake, f"/intake/cases/{case}/applications", last, **asked)["application_ref"]
        if to_decision is not None:
            last += timedelta(days=to_decision)
            decision = {"outcome": "rejected", "automated": False, "decided_by_role": "social_worker"}
            if ago % 2 == 0:
                decision |= {"outcome": "granted", "support_from": last.isoformat(), "support_to": last.isoformat()}
            _post(intake, f"/intake/cases/{case}/applications/{application}/decision", last, **decision)
    if to_closing is not None:
        _post(intake, f"/intake/cases/{case}/closing", last + timedelta(days=to_closing), reason="moved")


def _post(intake: httpx.Client, path: str, on: date, **body: object) -> dict[str, Any]:
    answer = intake.post(path, json={"happened": {"on": on.isoformat()}, **body}, headers={"idempotency-key": str(uuid4())})
    assert answer.is_success, answer.text
    return dict(answer.json())


@pytest.fixture(scope="session")
def logs(chromium: str, street: StreetRecord, tmp_path_factory: pytest.TempPathFactory) -> StreetRecord:
    """The street with a small log in it, and with another whose import has only begun."""
    file = write_small_log(tmp_path_factory.mktemp("log") / "small.xes")
    command = [sys.executable, "-m", "tools.cli", "import", str(file), "--name", LOG]
    subprocess.run(command, env={**os.environ, "SLUSS_STREET": str(street.folder)}, check=True, capture_output=True, timeout=120)
    called = {"activities": {"a1": {"name": RECEIVED, "events": 60}, "a2": {"name": CONFIRMED, "events": 40}}}
    announced = {"log_id": str(uuid4()), "sha256": "0" * 64, "events": 100, "vocabulary": called}
    with service_client(street, "leadtimes", "operator") as leadtimes:
        leadtimes.put(f"/leadtimes/logs/{UNFINISHED}", json=announced).raise_for_status()
    return street


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def site(limits: dict[str, str], logs: StreetRecord, browser: Browser) -> Site:
    """The pages, in a browser that came in by a one-time link."""
    visited = Site(logs, browser, limits, StorageState(cookies=[], origins=[]))
    context = await browser.new_context()
    page = await context.new_page()
    answer = await page.goto(visited.link(MEASURES))
    assert answer is not None
    assert answer.status == 200
    session = await context.storage_state()
    await context.close()
    return replace(visited, session=session)
