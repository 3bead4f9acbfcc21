"""A request, read from an API Gateway event (payload format 2.0)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct

from sojourn.api import form_body
from sojourn.api.json_body import convert, json_object, screen
from sojourn.domain import addresses
from sojourn.domain.errors import BodyInvalid, TooLarge, UnsupportedMediaType
from sojourn.domain.values import dataclass, field

BODY_LIMIT: Final = 64 * 1024
CLIENT_BYTES: Final = 160
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

_NOUN: Final = {JSON: "one JSON object", FORM: "a form"}

T = TypeVar("T", bound=Struct)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as API Gateway parsed it."""

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    source: str
    agent: str
    domain: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        """The request of an API Gateway event. Raises `BodyInvalid` if the body is not base64.

        Malformed parts of the event count as absent. A missing id is empty, which matches nothing.
        """
        context = mapping(event.get("requestContext"))
        connection = mapping(context.get("http"))
        headers = _texts(event.get("headers"))
        return cls(
            route=str(event.get("routeKey", "")),
            path={"id": "", **_texts(event.get("pathParameters"))},
            query=_texts(event.get("queryStringParameters")),
            headers={name.lower(): value for name, value in headers.items()},
            body=_body(event),
            source=str(connection.get("sourceIp", "")),
            agent=str(connection.get("userAgent") or ""),
            domain=str(context.get("domainName", "")),
        )

    @property
    def ip(self) -> str | None:
        """The address of the connection, never of a header; None if unknown."""
        return addresses.normal(self.source)

    @property
    def client(self) -> str | None:
        """The printable User-Agent, None if absent."""
        return client_name(self.agent)

    def json(self, *, limit: int = BODY_LIMIT, any_text: bool = False) -> dict[str, Any]:
        """Parse the body as one JSON object.

        Raises `UnsupportedMediaType`, `TooLarge`, and as `json_object` does.
        """
        return json_object(self._sent(limit), any_text=any_text)

    def parse(self, kind: type[T], *, limit: int = BODY_LIMIT, any_text: bool = False) -> T:
        """Parse the body as a `kind`, strictly: no unknown field, no coercion. Raises `Invalid`."""
        body = self._sent(limit)
        if len(body) > BODY_LIMIT:
            screen(body, kind)
        return convert(json_object(body, any_text=any_text), kind)

    def parse_optional(self, kind: type[T], *, limit: int = BODY_LIMIT) -> T:
        """Parse the body as a `kind`; an absent body has no fields. Raises `Invalid`."""
        return self.parse(kind, limit=limit) if self.body else convert({}, kind)

    def form(self, *, limit: int = BODY_LIMIT) -> dict[str, str]:
        """Parse the body as a form: the value of each parameter.

        Raises `UnsupportedMediaType`, `TooLarge`, `BodyInvalid`.
        """
        return form_body.parameters(self._sent(limit, FORM))

    def _sent(self, limit: int, expected: str = JSON) -> bytes:
        if self.body is None or not self.body:
            raise BodyInvalid(f"The body is empty; send {_NOUN[expected]}.")
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != expected:
            raise UnsupportedMediaType(
                f"Send the body with content-type {expected}; it came as {kind[:80]!r}."
            )
        if len(self.body) > limit:
            raise TooLarge(f"The body is {len(self.body)} bytes; at most {limit} are allowed.")
        return self.body


def client_name(text: str) -> str | None:
    """Rule 10: a User-Agent's printable characters, cut to 160 bytes; None if none is left."""
    clean = "".join(filter(str.isprintable, text)).encode("utf-8", "ignore")
    return clean[:CLIENT_BYTES].decode("utf-8", "ignore") or None


def mapping(value: object) -> Mapping[str, Any]:
    """A part of an event that must be a JSON object; otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in mapping(value).items() if text is not None}


def _body(event: Mapping[str, Any]) -> bytes | None:
    body = event.get("body")
    if body is None:
        return None
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(str(body), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BodyInvalid("The body is not valid base64.") from error
