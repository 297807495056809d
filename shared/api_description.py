"""The description of an API: OpenAPI with our roles and errors, and a page of it that needs no script and no other host."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.auth import Guard
from shared.problems import CATALOGUE, MEDIA_TYPE

PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457), from the catalogue in docs/errors.md.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "enum": [f"urn:sluss:error:{code}" for code in sorted(CATALOGUE)]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "cure": {"type": "string"},
    },
}
FAILED = {"description": "An error", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff; }
h2 { border-top: 1px solid #767676; padding-top: 1rem; font-size: 1.1rem; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; }
pre { background: #f2f2f2; padding: .75rem; overflow-x: auto; }
a { color: #004a99; }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style>
</head>
<body><main>
<h1>{title}</h1>
<p>{description}</p>
<p>Every operation needs <code>Authorization: Bearer</code> and a token with one of its roles.</p>
<p>The whole description: <a href="openapi.json">openapi.json</a>.</p>
{operations}
</main></body>
</html>
"""


def guard_of(dependant: Dependant) -> Guard | None:
    """The guard among a route's dependencies, however deep; None when any token would do."""
    if isinstance(dependant.call, Guard):
        return dependant.call
    return next((guard for each in dependant.dependencies if (guard := guard_of(each)) is not None), None)


def described(app: FastAPI, schema: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's description, with what only we know: the token, the roles of each operation, our errors, our required header."""
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    schema["security"] = [{"token": []}]
    roles = _roles(app)
    for path, method, operation in _operations(schema):
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = FAILED
        operation["x-roles"] = roles.get((path, method), [])
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "Idempotency-Key":
                parameter["required"] = True
    return schema


def names_in(schema: Any) -> set[str]:
    """Every name of a field or a parameter that a description holds: our own words."""
    if isinstance(schema, list):
        return set().union(*map(names_in, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    if isinstance(schema.get("name"), str) and "in" in schema:
        own.add(schema["name"])
    return own.union(*map(names_in, schema.values()))


def page(schema: dict[str, Any]) -> tuple[str, str]:
    """The description as a page, and the Content-Security-Policy it needs."""
    info = schema["info"]
    operations = "\n".join(_shown(schema, *each) for each in _operations(schema))
    text = PAGE.format(title=escape(info["title"]), description=escape(info.get("description", "")), style=STYLE, operations=operations)
    return text, POLICY


def _roles(app: FastAPI) -> dict[tuple[str, str], list[str]]:
    found = {}
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and (guard := guard_of(route.dependant)) is not None:
            found.update({(str(route.path_format), method.lower()): sorted(guard.roles) for method in route.methods or ()})
    return found


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _shown(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f"<h2><code>{method.upper()} {escape(path)}</code></h2>", f"<p>{escape(operation.get('summary', ''))}</p>"]
    if text := operation.get("description"):
        parts.append(f"<p>{escape(text)}</p>")
    if roles := operation["x-roles"]:
        parts.append(f"<p>Roles: {', '.join(f'<code>{escape(role)}</code>' for role in roles)}</p>")
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<li><code>{escape(each['name'])}</code> ({each['in']}{', required' if each.get('required') else ''}) "
            f"{escape(each.get('description', ''))}</li>"
            for each in parameters
        )
        parts.append(f"<ul>{rows}</ul>")
    parts += [f'<pre tabindex="0">{escape(json.dumps(each, indent=2, ensure_ascii=False))}</pre>' for each in _examples(schema, operation)]
    return "\n".join(parts)


def _examples(schema: dict[str, Any], operation: dict[str, Any]) -> list[Any]:
    """The examples of a request's body: those of the operation, else those of its model."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "examples" in content:
        return [each["value"] for each in content["examples"].values()]
    if "example" in content:
        return [content["example"]]
    model = content.get("schema", {})
    if "$ref" in model:
        model = schema["components"]["schemas"][model["$ref"].rsplit("/", 1)[-1]]
    return list(model.get("examples", []))
