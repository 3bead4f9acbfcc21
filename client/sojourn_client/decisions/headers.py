"""The headers of a request, whatever the framework."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def pairs(request: object) -> Iterator[tuple[str, str]]:
    """Name and value of each header; a name may come more than once.

    `request` has `headers`, as attribute (Starlette, FastAPI, Django, Flask, werkzeug, aiohttp, …)
    or as member (an event of AWS Lambda, where `cookies` may be beside them; where there are
    `multiValueHeaders`, `headers` has only the last one of a name).
    """
    headers = getattr(request, "headers", None)
    if headers is None and isinstance(request, Mapping):
        headers = _every(request.get("multiValueHeaders")) or request.get("headers")
        for cookie in request.get("cookies") or ():
            yield "cookie", _text(cookie)
    for name, value in _items(headers):
        yield _text(name), _text(value)


def values(request: object, name: str) -> list[str]:
    """The values of a header, without white space around them; its name counts in any case."""
    return [value.strip(" \t") for found, value in pairs(request) if found.lower() == name]


def method(request: object) -> str:
    """The request's method; "" if it has none, as a WebSocket's.

    An ASGI scope, and Starlette's connection, have it as a member.
    """
    found = getattr(request, "method", None)
    if found is None and isinstance(request, Mapping):
        context = request.get("requestContext") or {}
        known = (context.get("http") or {}).get("method") or request.get("httpMethod")
        found = known or request.get("method")
    return found if isinstance(found, str) else ""


def _every(headers: Any) -> list[tuple[str, str]]:
    if not isinstance(headers, Mapping):
        return []
    return [(name, value) for name, each in headers.items() for value in each or ()]


def _items(headers: Any) -> Iterable[tuple[Any, Any]]:
    if headers is None:
        return ()
    found: Iterable[tuple[Any, Any]] = headers.items() if hasattr(headers, "items") else headers
    return found


def _text(part: object) -> str:
    """ASGI has bytes; werkzeug may have what is no text at all."""
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)
