"""Responses for API Gateway (payload format 2.0), also those that callers may cache."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from sojourn.api.request import Request

MAX_AGE: Final = 900
"""Seconds: less than the two hours for which API Gateway caches a key set."""

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response: status, JSON value or None, and extra headers."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


def document(request: Request, body: object) -> Response:
    """A public document with its `ETag`, or 304 if the caller has it (RFC 9110, 13.1.2)."""
    digest = hashlib.sha256(msgspec.json.encode(body)).hexdigest()
    tag = f'"{digest[:32]}"'
    headers = {"cache-control": f"public, max-age={MAX_AGE}", "etag": tag}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in _TAG.findall(known):
        return Response(status=304, headers=headers)
    return Response(body=body, headers=headers)
