"""Responses for API Gateway (payload format 2.0), also those that callers may cache."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from sojourn.api.request import Request
from sojourn.domain.values import dataclass, field

MAX_AGE: Final = 900
"""Seconds: less than the two hours for which API Gateway caches a key set."""

_TAG: Final = r'(?:W/)?("[^"]*")'


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response: status, JSON value or None, and extra headers."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


def document(request: Request, body: object) -> Response:
    """A public document with its `ETag`, or 304 if the caller has it (RFC 9110, 13.1.2)."""
    return _tagged(request, body, _digest(body), cached=f"public, max-age={MAX_AGE}")


def polled(request: Request, body: object, seen: object) -> Response:
    """An answer that its caller polls for, with a weak `ETag` of what is new in it (`seen`)."""
    return _tagged(request, body, _digest(seen), cached="private, no-cache", weak="W/")


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:32]


def _tagged(
    request: Request, body: object, digest: str, *, cached: str, weak: str = ""
) -> Response:
    headers = {"cache-control": cached, "etag": f'{weak}"{digest}"'}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or f'"{digest}"' in re.findall(_TAG, known):
        return Response(status=304, headers=headers)
    return Response(body=body, headers=headers)
