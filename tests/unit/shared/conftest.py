"""A small API behind the gate, and tokens for it."""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import AwareDatetime, Field

from shared import log
from shared.auth import Caller, caller, issue_token, new_signing_key, public_keys
from shared.http import StrictModel, etag, expected_version, make_app
from shared.problems import Problem
from shared.settings import ServiceSettings

KEY = new_signing_key()


class Colour(StrEnum):
    RED = "red"


class Part(StrictModel):
    name: str


class Thing(StrictModel):
    at: AwareDatetime
    day: date
    reference: UUID
    colour: Colour
    heard: datetime | None = None
    count: int = 0
    ratio: float = 0.0
    parts: list[Part] = Field(default=[], max_length=2)
    notes: dict[str, str] = Field(default={})


GOOD: dict[str, Any] = {"at": "2001-03-05T12:00:00+01:00", "day": "2001-03-05", "reference": str(UUID(int=7)), "colour": "red"}


def routes() -> APIRouter:
    router = APIRouter()

    @router.post("/things", status_code=201)
    async def make_thing(thing: Thing, who: Annotated[Caller, Depends(caller("maker"))], response: Response) -> dict[str, Any]:
        response.headers["ETag"] = etag(1)
        return {"by": who.subject, "day": thing.day.isoformat(), "colour": type(thing.colour).__name__}

    @router.get("/things/{name}", dependencies=[Depends(caller("maker", "reader"))])
    async def show_thing(name: str, at_least: int = 0) -> dict[str, Any]:
        return {"length": len(name), "at_least": at_least}

    @router.put("/things/{name}", dependencies=[Depends(caller("maker"))])
    async def change_thing(name: str, version: Annotated[int | None, Depends(expected_version)]) -> dict[str, Any]:
        return {"length": len(name), "version": version}

    @router.post("/conflict", dependencies=[Depends(caller("maker"))])
    async def conflict() -> None:
        raise Problem("step_not_allowed", next=["wait"])

    @router.get("/fault", dependencies=[Depends(caller("maker"))])
    async def fault() -> None:
        raise RuntimeError("85070998-05 Anna")

    @router.get("/away", dependencies=[Depends(caller("maker"))])
    async def away() -> None:
        raise ConnectionRefusedError("10.0.0.7")

    return router


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(public_keys([KEY])))
    return ServiceSettings(
        database_url="postgresql://nobody@127.0.0.1/nothing",
        kafka="127.0.0.1:9",
        http_port=1,
        ops_port=2,
        token_keys_file=keys,
        token_issuer="https://issuer.example",
    )


@pytest.fixture
def app(settings: ServiceSettings) -> FastAPI:
    made = make_app(settings, prefix="/toy", title="Toy")
    made.include_router(routes(), prefix="/toy")
    return made


@pytest.fixture
def token() -> Callable[..., dict[str, str]]:
    """The Authorization header of somebody with these roles."""

    def header(*roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {issue_token(KEY, 'https://issuer.example', 'sluss', 'anna', roles, timedelta(minutes=5))}"}

    return header


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toy") as asking:
        yield asking


@pytest.fixture
async def maker(app: FastAPI, token: Callable[..., dict[str, str]]) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with the role `maker`."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toy", headers=token("maker")) as asking:
        yield asking


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What this process logs, as a service would."""
    kept, levels = logging.getLogger().handlers[:], logging.getLogger().level
    log.start("test")
    stream = io.StringIO()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    logging.getLogger().handlers[:] = kept
    logging.getLogger().setLevel(levels)
