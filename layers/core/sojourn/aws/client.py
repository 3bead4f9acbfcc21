"""A client of one AWS service of the JSON protocol: it encodes, signs, checks and decodes.

It never repeats a call: what may be repeated, and for how long, only the caller knows.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from sojourn.aws.credentials import Credentials
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import NoAnswer, Refused
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Request, Transport
from sojourn.aws.sigv4 import Signer, timestamp_of
from sojourn.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """A service: its name in endpoints and signatures, the prefix of its operations, its JSON."""

    service: str
    target: str
    json: str


DYNAMODB: Final = Api("dynamodb", "DynamoDB_20120810", "1.0")
KMS: Final = Api("kms", "TrentService", "1.1")


class Response(NamedTuple):
    """An answer's members, and its `Date` header."""

    members: dict[str, Any]
    date: str | None


class Client:
    """Calls of one service, by `transport`. Threads may share it."""

    def __init__(
        self,
        api: Api,
        endpoint: Endpoint,
        credentials: Credentials,
        transport: Transport,
        *,
        now_ms: Callable[[], int],
    ) -> None:
        self.service = api.service
        self.transport = transport
        self._api = api
        self._host = endpoint.authority
        self._credentials = credentials
        self._now_ms = now_ms
        self._signer = Signer(service=api.service, region=endpoint.region)
        self._type = f"application/x-amz-json-{api.json}"
        self._timestamp = (-1, "")

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Response:
        """Make a call, once. Parameters and members are in the form of the wire.

        Raises `NoAnswer`, `Refused` and `CredentialsInvalid`.
        """
        body = msgspec.json.encode(parameters)
        request = Request(self.service, operation, self._head(operation, body), body)
        reply = self.transport.send(request)
        members, date = _members(reply), reply.headers.get("date")
        if reply.status == 200:
            return Response(members, date)
        raise Refused(reply.status, _code(members), members, date)

    def _head(self, operation: str, body: bytes) -> bytes:
        keys = self._credentials.current()
        timestamp = self._now()
        headers = [
            ("content-type", self._type),
            ("host", self._host),
            ("x-amz-date", timestamp),
            ("x-amz-target", f"{self._api.target}.{operation}"),
        ]
        if keys.token is not None:
            headers.insert(3, ("x-amz-security-token", keys.token))
        authorization = self._signer.authorization(headers, body, keys=keys, timestamp=timestamp)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        return (
            f"POST / HTTP/1.1\r\n{lines}authorization: {authorization}\r\n"
            f"accept-encoding: identity\r\nuser-agent: sojourn\r\ncontent-length: {len(body)}\r\n"
            "\r\n"
        ).encode("ascii")

    def _now(self) -> str:
        second = self._now_ms() // 1000
        of, timestamp = self._timestamp
        if of != second:
            timestamp = timestamp_of(second)
            self._timestamp = (second, timestamp)
        return timestamp


def _members(reply: Reply) -> dict[str, Any]:
    """The answer's JSON object. DynamoDB sends the CRC-32 of each body, also of errors."""
    checksum = reply.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(reply.body)):
        raise NoAnswer("The answer did not come whole: its checksum is another.")
    try:
        # An error may come with its status alone.
        members = msgspec.json.decode(reply.body or (b"" if reply.status == 200 else b"{}"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise NoAnswer(f"The answer is no JSON object; its status is {reply.status}.")
    return members


def _code(members: Mapping[str, Any]) -> str:
    """An error's code: `com.amazonaws.dynamodb.v20120810#X` is `X`."""
    return str(members.get("__type", "")).rpartition("#")[2]
