"""Public documents: cacheable, and not sent again to who has them (RFC 9110, 13.1.2)."""

import hashlib
import re
from typing import Final

from sojourn.api.request import Request
from sojourn.api.response import Response, encoded

MAX_AGE: Final = 900
"""Seconds: less than the two hours for which API Gateway caches a key set."""

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def document(request: Request, body: object) -> Response:
    """The document with its `ETag`, or 304 when the caller's `If-None-Match` names it."""
    digest = hashlib.sha256(encoded(body)).hexdigest()
    tag = f'"{digest[:32]}"'
    headers = {"cache-control": f"public, max-age={MAX_AGE}", "etag": tag}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in _TAG.findall(known):
        return Response(status=304, headers=headers)
    return Response(body=body, headers=headers)
