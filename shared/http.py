"""HTTP: the application every service's API is built on, models that take nothing on trust, and entity tags."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import CoreSchema, PydanticCustomError, to_json
from pydantic_core.core_schema import json_or_python_schema, no_info_wrap_validator_function
from starlette.exceptions import HTTPException

from shared.api_description import described, guard_of, names_in, page
from shared.auth import TokenVerifier
from shared.gate import Gate
from shared.json_check import UNWELCOME
from shared.problems import BY_STATUS, Problem, answer
from shared.settings import ServiceSettings

FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_ERRORS = 20
NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+")
NOT_ISO = PydanticCustomError("time_not_iso", "is a number, not an ISO 8601 time")
ETAG = re.compile(r'"(0|[1-9][0-9]{0,17})"')
IF_MATCH = rf"^(\*|{ETAG.pattern})$"
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class _Read(dict[str, Any]):
    """The fields of a model that have been read as JSON: pydantic comes by twice, and a second reading would count defaults as sent."""


class StrictModel(BaseModel):
    """A request's model: no unknown field, no coercion, no control or bidi character in any string, no time without an offset."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """FastAPI hands over parsed JSON as Python, where strictness would refuse every date, UUID and code as mere text.

        So a dictionary is first read as JSON, which gives the typed values, and those are then taken as strictly as any.
        """

        def read_as_json(value: Any, strictly: ValidatorFunctionWrapHandler) -> Any:
            if isinstance(value, dict) and not isinstance(value, _Read):
                read = cls.model_validate_json(to_json(value))
                if places := [*_numbers_as_times(value, read)]:
                    raise ValidationError.from_exception_data(cls.__name__, [{"type": NOT_ISO, "loc": at, "input": None} for at in places])
                value = _Read({name: getattr(read, name) for name in read.model_fields_set})
            return strictly(value)

        schema = handler(source)
        return json_or_python_schema(json_schema=schema, python_schema=no_info_wrap_validator_function(read_as_json, schema))

    @field_validator("*", mode="after")
    @classmethod
    def _is_fit(cls, value: Any) -> Any:
        _require_fit(value)
        return value


def _require_fit(value: Any) -> None:
    """Refuses what no field may hold. Nested models have looked after themselves."""
    match value:
        case str() if UNWELCOME.search(value):
            raise PydanticCustomError("unwelcome_character", "holds a control character")
        case datetime() if value.tzinfo is None:
            raise PydanticCustomError("timezone_aware", "has no offset")
        case date() if not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise PydanticCustomError("year_out_of_range", "lies outside 1900-2200")
        case dict():
            _require_fit([*value, *value.values()])
        case list() | tuple() | set() | frozenset():
            for each in value:
                _require_fit(each)


def _numbers_as_times(told: Any, read: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a number in quotes was read as a time: pydantic takes "978307200" for seconds since 1970, even when strict."""
    match read:
        case date() if isinstance(told, str) and NUMBER.fullmatch(told):
            yield place
        case BaseModel() if isinstance(told, dict):
            for name in read.model_fields_set:
                yield from _numbers_as_times(told[name], getattr(read, name), (*place, name))
        case list() | tuple() if isinstance(told, list | tuple):
            for number, pair in enumerate(zip(told, read, strict=True)):
                yield from _numbers_as_times(*pair, (*place, number))
        case dict() if isinstance(told, dict):
            for name in read.keys() & told.keys():
                yield from _numbers_as_times(told[name], read[name], (*place, name))


def etag(version: int) -> str:
    """The entity tag of a version: `"7"`, strong."""
    return f'"{version}"'


def expected_version(
    if_match: Annotated[
        str | None, Header(description="The ETag of the version that the request builds on", json_schema_extra={"pattern": IF_MATCH})
    ] = None,
) -> int | None:
    """The version a caller builds on; None: whichever is the present one. Raises Problem("if_match_invalid")."""
    if if_match is None or if_match == "*":
        return None
    found = ETAG.fullmatch(if_match)
    if found is None:
        raise Problem("if_match_invalid")
    return int(found[1])


# FastAPI's own spans hold the path, with its references, and its log records what somebody typed: the gate tells enough.
SILENT: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}


class _Api(FastAPI):
    """FastAPI with a description that knows our errors, roles and headers."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = described(self, super().openapi())
        return self.openapi_schema


def make_app(
    settings: ServiceSettings,
    *,
    prefix: str,
    title: str,
    description: str = "",
    lifespan: Lifespan | None = None,
    free: frozenset[str] = frozenset(),
) -> FastAPI:
    """An application behind the gate: a token on every route, its roles named by each, errors from the catalogue.

    `free`: paths that are read without a token (the page that opens a one-time link). A service with pages sets
    `app.state.sessions`. The description lies at `prefix`/docs and `prefix`/openapi.json, with a token unless `open_docs`.
    """
    documents = frozenset({f"{prefix}/docs", f"{prefix}/openapi.json"})

    @asynccontextmanager
    async def guarded(app: FastAPI) -> AsyncIterator[None]:
        if missing := unguarded(app, free):
            raise RuntimeError(f"routes that name no role: {', '.join(missing)}")
        if lifespan is None:
            yield
        else:
            async with lifespan(app):
                yield

    app = _Api(
        title=title,
        description=description,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=guarded,
        telemetry=SILENT,
    )
    app.state.verifier = TokenVerifier(settings.token_keys_file, settings.token_issuer, settings.token_audience)
    app.add_middleware(Gate, free=free | documents if settings.open_docs else free)
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_framework)
    app.add_route(f"{prefix}/openapi.json", _show_openapi, include_in_schema=False)
    app.add_route(f"{prefix}/docs", _show_docs, include_in_schema=False)
    return app


def unguarded(app: FastAPI, free: frozenset[str] = frozenset()) -> list[str]:
    """The routes that any token would open, because none of their dependencies is a guard: there must be none."""
    return [
        str(route.path)
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and route.path not in free and guard_of(route.dependant) is None
    ]


async def _show_openapi(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


async def _show_docs(request: Request) -> Response:
    text, policy = page(request.app.openapi())
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


async def answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error, request.scope)


async def _answer_framework(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself (404, 405 ...), in our words."""
    assert isinstance(error, HTTPException)
    code = BY_STATUS.get(error.status_code, "request_malformed" if error.status_code < 500 else "internal_error")
    return answer(Problem(code, headers=error.headers), request.scope)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    """Where and of which kind each fault is, in our own names only: an unknown field's name is the sender's, so it is not told."""
    assert isinstance(error, RequestValidationError)
    ours = names_in(request.app.openapi())
    faults = [
        {
            "in": fault["loc"][0],
            "pointer": "".join(f"/{part}" for part in fault["loc"][1:] if isinstance(part, int) or part in ours),
            "kind": fault["type"],
        }
        for fault in error.errors()[:MOST_ERRORS]
    ]
    return answer(Problem("request_invalid", errors=faults), request.scope)
