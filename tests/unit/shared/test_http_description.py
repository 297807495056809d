"""The description of an API: tells the roles, the errors and the examples, and shows itself without a script or another host."""

import re
from html.parser import HTMLParser
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI
from pydantic import ConfigDict, Field

from shared.auth import caller
from shared.http import StrictModel
from shared.idempotency import Key, idempotency_key

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Order(StrictModel):
    """What is ordered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "<b>one & two</b>"}]})
    name: str = Field(max_length=40)


def with_an_order(app: FastAPI) -> None:
    @app.post("/toy/orders", summary="Order <something>", dependencies=[Depends(caller("maker"))])
    async def order(order: Order, key: Annotated[Key, Depends(idempotency_key)]) -> None: ...


class Balanced(HTMLParser):
    """Reads a page and keeps its open elements, which must close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_description_tells_roles_errors_and_the_required_key(app: FastAPI, maker: httpx.AsyncClient) -> None:
    with_an_order(app)
    schema = (await maker.get("/toy/openapi.json")).json()
    order = schema["paths"]["/toy/orders"]["post"]
    assert order["x-roles"] == ["maker"]
    assert {"name": "Idempotency-Key", "in": "header", "required": True}.items() <= order["parameters"][0].items()
    assert set(order["responses"]) == {"200", "default"}
    assert "urn:sluss:error:role_missing" in schema["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert schema["components"]["schemas"]["Thing"]["additionalProperties"] is False
    assert schema["components"]["schemas"]["Thing"]["properties"]["at"]["format"] == "date-time"
    assert schema["paths"]["/toy/things/{name}"]["get"]["x-roles"] == ["maker", "reader"]


async def test_the_page_stands_alone(app: FastAPI, maker: httpx.AsyncClient) -> None:
    with_an_order(app)
    answer = await maker.get("/toy/docs")
    read = Balanced()
    read.feed(answer.text)
    assert read.open == []
    assert read.seen.count("h1") == 1
    assert "script" not in read.seen
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", answer.text)
    assert "&lt;b&gt;one &amp; two&lt;/b&gt;" in answer.text
    assert "Order &lt;something&gt;" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
