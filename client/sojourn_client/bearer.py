"""The login token of a request, whatever the framework."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sojourn_client.errors import InvalidToken, TokenMissing


def bearer_token(request: object) -> str:
    """The token of `Authorization: Bearer …`. Raises `TokenMissing`, `InvalidToken`.

    `request` has `headers`, as attribute (Starlette, FastAPI, Django, Flask, werkzeug, aiohttp, …)
    or as member (an event of AWS Lambda). Names of headers count in any case. Two credentials are
    refused, also if a gateway joined them by a comma.
    """
    found = [value.strip() for name, value in _pairs(request) if name.lower() == "authorization"]
    if not found:
        raise TokenMissing
    if len(found) > 1 or "," in found[0]:
        raise InvalidToken("Two Authorization headers came; send one.")
    scheme, _, token = found[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()


def _pairs(request: object) -> Iterator[tuple[str, str]]:
    headers = getattr(request, "headers", None)
    if headers is None and isinstance(request, Mapping):
        headers = request.get("headers")
    for name, value in _items(headers):
        yield _text(name), _text(value)


def _items(headers: Any) -> Iterable[tuple[Any, Any]]:
    if headers is None:
        return ()
    pairs: Iterable[tuple[Any, Any]] = headers.items() if hasattr(headers, "items") else headers
    return pairs


def _text(part: object) -> str:
    """ASGI has bytes; werkzeug may have what is no text at all."""
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)
