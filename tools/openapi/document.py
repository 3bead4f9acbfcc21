"""Build the whole OpenAPI document."""

import tomllib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from sojourn.api.oauth import OAuthError, oauth_type
from sojourn.api.problems import problem_type
from sojourn.api.request import FORM, JSON
from sojourn.api.route import Route
from sojourn.domain.errors import SojournError
from sojourn.sessions import answers as sessions
from tools.openapi.components import (
    ABOUT,
    BASIC,
    HEADERS,
    OAUTH_OF_STATUS,
    OF_STATUS,
    PARAMETERS,
    SCHEMES,
    SECURITY,
    about,
    id_of,
)
from tools.openapi.errors import errors_of
from tools.openapi.routes import ROUTES
from tools.openapi.schemas import Schema, ecma, problem_name, problems, reference, schemas

ROOT: Final = Path(__file__).resolve().parents[2]
NO_STORE: Final[Schema] = {"Cache-Control": {"$ref": "#/components/headers/NoStore"}}
CACHED: Final[Schema] = {
    "Cache-Control": {"$ref": "#/components/headers/MaxAge"},
    "ETag": {"$ref": "#/components/headers/ETag"},
}
POLLED: Final[Schema] = {
    "Cache-Control": {"$ref": "#/components/headers/Polled"},
    "ETag": {"$ref": "#/components/headers/WeakETag"},
}


def document() -> dict[str, Any]:
    """This API in OpenAPI 3.1."""
    refused: dict[str, Schema] = {}
    paths: dict[str, dict[str, Schema]] = {}
    for route in ROUTES.values():
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refused)
    errors = {kind for route in ROUTES.values() if not route.oauth for kind in errors_of(route)}
    kinds = [kind for route in ROUTES.values() for kind in _kinds(route)]
    # Named in another's schema alone.
    kinds += [sessions.InactiveSession, OAuthError]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sojourn",
            "version": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
            "summary": "A self-hosted session service",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document is"}],
        "tags": [{"name": name} for name in dict.fromkeys(about(path) for path in paths)],
        "paths": paths,
        "components": {
            "schemas": {**schemas(kinds), **problems(errors)},
            "responses": {name: refused[name] for name in sorted(refused)},
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": SCHEMES,
        },
    }


def _operation(route: Route, refused: dict[str, Schema]) -> Schema:
    made: Schema = {
        "operationId": route.name,
        "summary": route.does,
        "tags": [about(route.path)],
        "security": [*SECURITY[route.caller], *([BASIC] if route.oauth else [])],
    }
    if route.server is not None:
        made["description"] = f"A server's key needs `{route.server}`."
    parameters = _parameters(route)
    if parameters:
        made["parameters"] = parameters
    if route.body is not None:
        made["requestBody"] = _taken(route, route.body)
    answers = {status: _answer(status, forms, route) for status, forms in route.answers.items()}
    if route.cached or route.polled:
        answers[304] = {
            "description": "What the caller has is still so.",
            "headers": _headers(route),
        }
    by_status: dict[int, list[type[SojournError]]] = {}
    for kind in sorted(errors_of(route), key=problem_name):
        status = oauth_type(kind)[0] if route.oauth else problem_type(kind).status
        by_status.setdefault(status, []).append(kind)
    for status, errors in by_status.items():
        if route.at.startswith("HEAD "):
            answers[status] = _refusal(status, errors)
            continue
        name = "-".join([*(["oauth"] if route.oauth else []), *(kind.code for kind in errors)])
        refused[name] = (_oauth_refusal if route.oauth else _refusal)(status, errors)
        answers[status] = {"$ref": f"#/components/responses/{name}"}
    made["responses"] = {str(status): answers[status] for status in sorted(answers)}
    if route.at.startswith("HEAD "):
        for answer in made["responses"].values():
            answer.pop("content", None)
    return made


def _parameters(route: Route) -> list[Schema]:
    found: list[Schema] = []
    if "{id}" in route.path:
        schema = id_of(route.path)
        found.append({"name": "id", "in": "path", "required": True, "schema": schema})
    found += [{"name": p.name, "in": "query", "schema": ecma(p.schema)} for p in route.parameters]
    if route.server is not None:
        found.append({"$ref": "#/components/parameters/Realm"})
    if route.cached or route.polled:
        found.append({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}})
    return found


def _headers(route: Route) -> Schema:
    """The headers of its successful answers."""
    if route.cached:
        return CACHED
    return POLLED if route.polled else NO_STORE


def _taken(route: Route, body: type[Struct]) -> Schema:
    return {
        "required": not route.optional,
        "description": f"At most {route.limit:,} bytes.",
        "content": {FORM if route.oauth else JSON: {"schema": reference(body)}},
        "x-bytes": route.limit,
    }


def _answer(status: int, forms: tuple[type[Struct], ...], route: Route) -> Schema:
    answer: Schema = {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(route),
    }
    if forms:
        found = [reference(form) for form in forms]
        schema = found[0] if len(found) == 1 else {"oneOf": found}
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _refusal(
    status: int,
    errors: list[type[SojournError]],
    of_status: Mapping[int, tuple[str, str]] = OF_STATUS,
) -> Schema:
    found = [{"$ref": f"#/components/schemas/{problem_name(kind)}"} for kind in errors]
    headers = dict(NO_STORE)
    if status in of_status:
        name, component = of_status[status]
        headers[name] = {"$ref": f"#/components/headers/{component}"}
    return {
        "description": "; ".join(f"`{kind.code}`: {problem_type(kind).title}" for kind in errors),
        "headers": headers,
        "content": {
            "application/problem+json": {
                "schema": found[0] if len(found) == 1 else {"oneOf": found}
            }
        },
    }


def _oauth_refusal(status: int, errors: list[type[SojournError]]) -> Schema:
    found = _refusal(status, errors, OAUTH_OF_STATUS)
    members = {
        "error": {"const": oauth_type(errors[0])[1]},
        "code": {"enum": [kind.code for kind in errors]},
    }
    schema = {"allOf": [reference(OAuthError), {"properties": members}]}
    return {**found, "content": {JSON: {"schema": schema}}}


def _kinds(route: Route) -> list[type[Struct]]:
    answered = [form for forms in route.answers.values() for form in forms]
    return answered if route.body is None else [route.body, *answered]
