"""An answer as API Gateway takes it (payload 2.0)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

GatewayAnswer = dict[str, Any]
SECURITY_HEADERS: Final = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
"""For browsers, on every answer: https alone for two years, and no type but the one it says."""


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
            answer["body"] = encoded(self.body).decode()
        return answer


def encoded(body: object) -> bytes:
    """A JSON value as it is sent."""
    return msgspec.json.encode(body)
