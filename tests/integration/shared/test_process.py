"""A process of a service: it ends in peace when it is told to, and with an error when a part of it dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from deploy.local.places import ROOT
from tests.street import free_port

HOUSE = """
import asyncio, sys
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from shared import process
from shared.settings import ServiceSettings

api, ops, background = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
process.GRACE_S = 8 if background != "deaf" else 1
settings = ServiceSettings(database_url="-", kafka="-", http_port=api, ops_port=ops, token_keys_file=Path("-"), token_issuer="-")

async def slow(_):
    print("asked", flush=True)
    await asyncio.sleep(1)
    return PlainTextResponse("done")

async def works(stop):
    print("begun", flush=True)
    try:
        await stop.wait()
        await asyncio.sleep(0.5)
        print("ended", flush=True)
    except asyncio.CancelledError:
        print("cut short", flush=True)
        raise

async def dies(stop):
    await asyncio.sleep(0.2)
    raise RuntimeError("Tolvan Tolvansson")

async def returns(stop):
    await asyncio.sleep(0.2)

async def deaf(stop):
    try:
        await asyncio.Event().wait()
    finally:
        print("let go", flush=True)

app, health = Starlette(routes=[Route("/", slow)]), Starlette(routes=[Route("/", lambda _: PlainTextResponse("up"))])

async def house():
    await process.run(settings, app, health, [works, globals()[background]])
    print("closed", flush=True)

process.begin("test", house)
"""


class Started:
    """The process, where it answers, and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process, api: str) -> None:
        self.process, self.api = process, api
        self.said: list[str] = []

    async def says(self, words: str) -> None:
        """Reads until a line holds the words."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while not (self.said and words in self.said[-1]):
                line = await self.process.stdout.readline()
                assert line, self.said
                self.said.append(line.decode())

    async def ends(self) -> int:
        """Reads to the end; the exit code."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            self.said += (await self.process.stdout.read()).decode().splitlines()
            return await self.process.wait()


@asynccontextmanager
async def started(folder: Path, background: str) -> AsyncIterator[Started]:
    file = folder / "house.py"
    file.write_text(HOUSE, encoding="utf-8")
    api, ops = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        file,
        str(api),
        str(ops),
        background,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Started(process, f"http://127.0.0.1:{api}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_sigterm_ends_what_is_in_hand_and_then_the_process_without_an_error(tmp_path: Path) -> None:
    async with started(tmp_path, "works") as house, httpx.AsyncClient(base_url=house.api, timeout=20) as client:
        await house.says("begun")
        while not await answers(house.api):
            await asyncio.sleep(0.05)
        asked = asyncio.create_task(client.get("/"))
        await house.says("asked")
        house.process.send_signal(signal.SIGTERM)
        answer = await asked
        assert (answer.status_code, answer.text) == (200, "done")
        assert await house.ends() == 0
        assert house.said.count("ended") == 2
        assert house.said[-1] == "closed"
        assert not await answers(house.api)


async def test_a_part_that_dies_takes_the_house_with_it_as_an_error(tmp_path: Path) -> None:
    async with started(tmp_path, "dies") as house:
        assert await house.ends() == 1
        assert "ended" in house.said, "the others end their work"
        assert any('"the service died"' in line and '"RuntimeError"' in line for line in house.said)
        assert not [line for line in house.said if "Tolvan" in line]


async def test_a_part_that_ends_by_itself_is_an_error_too(tmp_path: Path) -> None:
    async with started(tmp_path, "returns") as house:
        assert await house.ends() == 1
        assert any('"EndedByItself"' in line for line in house.said)


async def test_a_part_that_does_not_listen_is_cut_short(tmp_path: Path) -> None:
    async with started(tmp_path, "deaf") as house:
        await house.says("begun")
        house.process.send_signal(signal.SIGTERM)
        assert await house.ends() == 0
        assert any('"work in hand was given up"' in line for line in house.said)
        assert house.said[-2:] == ["let go", "closed"], "what it holds is let go of before the house is closed"


async def answers(api: str) -> bool:
    """Whether somebody listens there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", int(api.rpartition(":")[2]))
    except OSError:
        return False
    writer.close()
    return True
