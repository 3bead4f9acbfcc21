"""The whole description, put together."""

import tomllib
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from sojourn.domain.errors import SojournError
from sojourn.sessions import answers as sessions
from tools.openapi.components import (
    ABOUT,
    HEADERS,
    OF_STATUS,
    PARAMETERS,
    SCHEMES,
    SECURITY,
    id_of,
)
from tools.openapi.operations import Operation, errors_of
from tools.openapi.routes import OPERATIONS
from tools.openapi.schemas import Schema, problem_name, problems, reference, schemas

ROOT: Final = Path(__file__).resolve().parents[2]
NO_STORE: Final[Schema] = {"Cache-Control": {"$ref": "#/components/headers/NoStore"}}
CACHED: Final[Schema] = {
    "Cache-Control": {"$ref": "#/components/headers/MaxAge"},
    "ETag": {"$ref": "#/components/headers/ETag"},
}


def document() -> dict[str, Any]:
    """This API in OpenAPI 3.1."""
    refused: dict[str, Schema] = {}
    paths: dict[str, dict[str, Schema]] = {}
    for route, operation in OPERATIONS.items():
        method, _, path = route.partition(" ")
        found = paths.setdefault(path, {})
        found[method.lower()] = _operation(route, operation, refused)
    errors = {
        kind for route, operation in OPERATIONS.items() for kind in errors_of(route, operation)
    }
    kinds = [kind for operation in OPERATIONS.values() for kind in _kinds(operation)]
    # Named in another's schema alone.
    kinds.append(sessions.InactiveSession)
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
        "tags": [{"name": name} for name in dict.fromkeys(_tag(path) for path in paths)],
        "paths": paths,
        "components": {
            "schemas": {**schemas(kinds), **problems(errors)},
            "responses": {name: refused[name] for name in sorted(refused)},
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": SCHEMES,
        },
    }


def _operation(route: str, operation: Operation, refused: dict[str, Schema]) -> Schema:
    path = route.partition(" ")[2]
    made: Schema = {
        "operationId": operation.name,
        "summary": operation.does,
        "tags": [_tag(path)],
        "security": SECURITY[operation.caller],
    }
    if operation.caller in ("server", "either"):
        made["description"] = f"A server's key needs `{operation.permission}`."
    parameters = _parameters(path, operation)
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        made["requestBody"] = _taken(operation.body, operation)
    answers = {
        status: _answer(status, forms, operation) for status, forms in operation.answers.items()
    }
    if operation.cached:
        answers[304] = {"description": "What the caller has is still so.", "headers": CACHED}
    by_status: dict[int, list[type[SojournError]]] = {}
    for kind in sorted(errors_of(route, operation), key=problem_name):
        by_status.setdefault(kind.status, []).append(kind)
    for status, errors in by_status.items():
        if route.startswith("HEAD "):
            answers[status] = _refusal(status, errors)
            continue
        name = "-".join(kind.code for kind in errors)
        refused[name] = _refusal(status, errors)
        answers[status] = {"$ref": f"#/components/responses/{name}"}
    made["responses"] = {str(status): answers[status] for status in sorted(answers)}
    if route.startswith("HEAD "):
        for answer in made["responses"].values():
            answer.pop("content", None)
    return made


def _parameters(path: str, operation: Operation) -> list[Schema]:
    found: list[Schema] = []
    if "{id}" in path:
        found.append({"name": "id", "in": "path", "required": True, "schema": id_of(path)})
    found += [
        {"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()
    ]
    if operation.caller in ("server", "either"):
        found.append({"$ref": "#/components/parameters/Realm"})
    if operation.cached:
        found.append({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}})
    return found


def _taken(body: type[Struct], operation: Operation) -> Schema:
    schema = reference(body)
    if operation.required:
        schema = {"allOf": [schema, {"required": list(operation.required)}]}
    return {
        "required": not operation.may_be_empty,
        "description": f"At most {operation.body_limit:,} bytes.",
        "content": {"application/json": {"schema": schema}},
        "x-bytes": operation.body_limit,
    }


def _answer(status: int, forms: tuple[type[Struct], ...], operation: Operation) -> Schema:
    answer: Schema = {
        "description": HTTPStatus(status).phrase,
        "headers": CACHED if operation.cached else NO_STORE,
    }
    if forms:
        found = [reference(form) for form in forms]
        schema = found[0] if len(found) == 1 else {"oneOf": found}
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _refusal(status: int, errors: list[type[SojournError]]) -> Schema:
    found = [{"$ref": f"#/components/schemas/{problem_name(kind)}"} for kind in errors]
    headers = dict(NO_STORE)
    if status in OF_STATUS:
        name, component = OF_STATUS[status]
        headers[name] = {"$ref": f"#/components/headers/{component}"}
    return {
        "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in errors),
        "headers": headers,
        "content": {
            "application/problem+json": {
                "schema": found[0] if len(found) == 1 else {"oneOf": found}
            }
        },
    }


def _kinds(operation: Operation) -> list[type[Struct]]:
    answered = [form for forms in operation.answers.values() for form in forms]
    return answered if operation.body is None else [operation.body, *answered]


def _tag(path: str) -> str:
    return path.split("/")[2].partition(".")[0]
