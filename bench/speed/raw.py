"""DynamoDB calls at the least cost: SigV4 and HTTP/1.1 by hand, one keep-alive socket.

Nothing is checked, nothing is retried: it is a floor to compare with, not a client.
"""

import hmac
import json
import socket
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlsplit

_SIGNED: Final = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
_TYPE: Final = "application/x-amz-json-1.0"


class Raw:
    """A connection, and the credentials that its requests are signed with."""

    def __init__(self, netloc: str, region: str, key_id: str, secret: str, token: str) -> None:
        host, _, port = netloc.partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._netloc, self._region = netloc, region
        self._key_id, self._secret, self._token = key_id, secret, token
        self._day, self._key = "", b""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The connection that an environment describes."""
        return cls(
            urlsplit(environ["AWS_ENDPOINT_URL_DYNAMODB"]).netloc,
            environ["AWS_REGION"],
            environ["AWS_ACCESS_KEY_ID"],
            environ["AWS_SECRET_ACCESS_KEY"],
            environ["AWS_SESSION_TOKEN"],
        )

    def call(self, operation: str, parameters: Mapping[str, object]) -> Any:
        """The answer to one call."""
        body = json.dumps(parameters).encode()
        target = f"DynamoDB_20120810.{operation}"
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        day = date[:8]
        if day != self._day:
            self._day, self._key = day, self._signing_key(day)
        canonical = (
            f"POST\n/\n\ncontent-type:{_TYPE}\nhost:{self._netloc}\nx-amz-date:{date}\n"
            f"x-amz-security-token:{self._token}\nx-amz-target:{target}\n\n{_SIGNED}\n"
            f"{sha256(body).hexdigest()}"
        )
        scope = f"{day}/{self._region}/dynamodb/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._netloc}\r\nContent-Type: {_TYPE}\r\n"
            f"X-Amz-Date: {date}\r\nX-Amz-Security-Token: {self._token}\r\n"
            f"X-Amz-Target: {target}\r\nAuthorization: AWS4-HMAC-SHA256 "
            f"Credential={self._key_id}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return json.loads(self._exchanged(head.encode() + body))

    def _exchanged(self, request: bytes) -> bytes:
        self._socket.sendall(request)
        found = self._socket.recv(1 << 18)
        end = found.index(b"\r\n\r\n") + 4
        at = found.index(b"Content-Length: ") + 16
        length = int(found[at : found.index(b"\r", at)])
        if len(found) - end == length:
            return found[end:]
        parts, left = [found[end:]], length - len(found) + end
        while left:
            parts.append(self._socket.recv(left))
            left -= len(parts[-1])
        return b"".join(parts)

    def _signing_key(self, day: str) -> bytes:
        key = f"AWS4{self._secret}".encode()
        for part in (day, self._region, "dynamodb", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
