"""Check every answer in every test against the OpenAPI document."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jsonschema_rs

from local.events import match
from sojourn.api.request import FORM, JSON
from sojourn.sessions.discovery import api_document

GATEWAYS_OWN = (400, 404, 413, 429, 431, 503)
"""What API Gateway answers by itself, as `{"message": …}`."""


class Broken(AssertionError):
    """An answer, or what was accepted, is not as the document says."""


@cache
def routes() -> dict[str, dict[str, Any]]:
    """The document's operations by route."""
    return {
        f"{method.upper()} {path}": operation
        for path, operations in api_document()["paths"].items()
        for method, operation in operations.items()
    }


def check(
    method: str,
    target: str,
    *,
    sent: bytes | None,
    status: int,
    headers: Mapping[str, str],
    body: Any,
) -> None:
    """Raise `Broken` when an answer is not as the document says, or its request was not.

    `headers` are in small letters; `body` is the JSON value, or None where there is none.
    """
    path, _, query = target.partition("?")
    found = match(routes(), method, path)
    if found is None or (
        status in GATEWAYS_OWN and isinstance(body, dict) and body.keys() == {"message"}
    ):
        return
    route = found[0]
    where = f"{route} answered {status}"
    if str(status) not in routes()[route]["responses"]:
        raise Broken(f"{where}, which is not documented: {body}")
    kinds, needed = _response(route, str(status))
    kind = headers.get("content-type")
    if method == "HEAD":
        # Its headers are those of a GET, also what they say of the body that it leaves out.
        kinds, kind = {}, None
    if (body is None) != (not kinds) or (kind not in kinds if kinds else kind is not None):
        raise Broken(f"{where} as {kind}; the document has {list(kinds) or 'no content'}")
    if headers.get("x-content-type-options") != "nosniff":
        raise Broken(f"{where} without nosniff")
    for name, needs in needed.items():
        _hold(headers.get(name), needs, f"{where} with {name}")
    if kind is not None:
        _hold(body, kinds[kind], where)
    if status < 300:
        _check_accepted(route, query, sent)


def _check_accepted(route: str, query: str, sent: bytes | None) -> None:
    known, body = _request(route)
    names = {pair.partition("=")[0] for pair in query.split("&") if pair}
    if not names <= known and "304" not in routes()[route]["responses"]:
        raise Broken(f"{route} accepted the query {sorted(names - known)}")
    if sent and body is not None:
        kind, schema = body
        value = json.loads(sent) if kind == JSON else dict(parse_qsl(sent.decode()))
        _hold(value, schema, f"{route} accepted a body")


def encoded(route: str, body: Mapping[str, Any]) -> tuple[bytes, tuple[str, str]]:
    """A body as the route takes it, a form or JSON, and its header."""
    kind = media_type(route)
    raw = urlencode(body) if kind == FORM else json.dumps(body)
    return raw.encode(), ("content-type", kind)


def media_type(route: str) -> str:
    """The type of the body that a route takes; JSON if it takes none."""
    taken = routes()[route].get("requestBody", {"content": {JSON: {}}})
    return str(*taken["content"])


@cache
def _request(route: str) -> tuple[set[str], Any]:
    """The names in a route's query, and the type and validator of its body, if it takes one."""
    operation = routes()[route]
    parameters = [whole(parameter) for parameter in operation.get("parameters", [])]
    names = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    if "requestBody" not in operation:
        return names, None
    ((kind, content),) = operation["requestBody"]["content"].items()
    return names, (kind, validator(content["schema"]))


@cache
def _response(route: str, status: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The validators of a response: by content type, and by header."""
    response = whole(routes()[route]["responses"][status])
    content = response.get("content", {})
    headers = response.get("headers", {})
    return (
        {kind: validator(found["schema"]) for kind, found in content.items()},
        {name.lower(): validator(whole(found)["schema"]) for name, found in headers.items()},
    )


def whole(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to, or the value itself."""
    found: Any = api_document()
    for part in value.get("$ref", "").removeprefix("#/").split("/"):
        found = found[part] if part else value
    return dict(found)


def _hold(value: Any, schema: Any, where: str) -> None:
    try:
        schema.validate(value)
    except jsonschema_rs.ValidationError as error:
        raise Broken(f"{where}: {error}") from error


def validator(schema: dict[str, Any]) -> Any:
    """The validator of a schema, which may refer to the document's components."""
    return _validator(json.dumps(schema))


@cache
def _validator(schema: str) -> Any:
    # Reading the components takes milliseconds, and most headers' schemas refer to none.
    components = {"components": api_document()["components"]} if "$ref" in schema else {}
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), **components})
