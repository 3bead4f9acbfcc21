"""Responses for API Gateway (payload format 2.0), also those that callers may cache."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from sojourn.api.request import Request

GatewayAnswer = dict[str, Any]
SECURITY_HEADERS: Final = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
"""For browsers, on every answer: https alone for two years, and no type but the one it says."""
MAX_AGE: Final = 900
"""Seconds: less than the two hours for which API Gateway caches a key set."""

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, a JSON value or nothing, and headers beside the usual."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> GatewayAnswer:
        """The answer as the gateway takes it."""
        headers = {"cache-control": "no-store", **SECURITY_HEADERS, **self.headers}
        answer: GatewayAnswer = {
            "statusCode": self.status,
            "headers": headers,
            "isBase64Encoded": False,
        }
        if self.body is not None:
            headers.setdefault("content-type", "application/json")
            answer["body"] = msgspec.json.encode(self.body).decode()
        return answer


def document(request: Request, body: object) -> Response:
    """A public document with its `ETag`, or 304 when the caller has it (RFC 9110, 13.1.2)."""
    digest = hashlib.sha256(msgspec.json.encode(body)).hexdigest()
    tag = f'"{digest[:32]}"'
    headers = {"cache-control": f"public, max-age={MAX_AGE}", "etag": tag}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in _TAG.findall(known):
        return Response(status=304, headers=headers)
    return Response(body=body, headers=headers)
