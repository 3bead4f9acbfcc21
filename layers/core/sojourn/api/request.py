"""API Gateway's payload 2.0, in and out."""

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, TypeVar

import msgspec

from sojourn.api import complaints
from sojourn.domain import addresses
from sojourn.domain.errors import (
    BodyInvalid,
    Invalid,
    TooLarge,
    UnsupportedMediaType,
)

BODY_LIMIT: Final = 64 * 1024
DEPTH_LIMIT: Final = 64
"""Levels of a body: what is taken must be written again, wherever the stack is by then."""
PATH_CHARACTERS: Final = 200
CLIENT_BYTES: Final = 160

_TOO_DEEP: Final = f"The body is nested too deeply; at most {DEPTH_LIMIT} levels."
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_CONTAINERS: Final = (dict, list)

T = TypeVar("T")
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the gateway read it. `ip` is the connection's own, never a header's.

    `ip` and `client` are None where the gateway told none.
    """

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    ip: str | None
    client: str | None
    request_id: str
    domain: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        """The request of a payload-2.0 event. Raises `BodyInvalid` on a body that is not base64.

        What is not as the gateway makes it is as if it were not there; an id that is missing is
        the empty one, which nothing has.
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
            ip=addresses.normal(str(connection.get("sourceIp", ""))),
            client=client_name(str(connection.get("userAgent") or "")),
            request_id=str(context.get("requestId", "")),
            domain=str(context.get("domainName", "")),
        )

    def json(self, *, limit: int = BODY_LIMIT, any_text: bool = False) -> dict[str, Any]:
        """The body as one JSON object.

        Raises `UnsupportedMediaType`, `TooLarge`, `BodyInvalid`, or `Invalid` on text that
        is not Unicode, unless `any_text` will do.
        """
        body = self._sent(limit)
        try:
            value = json.loads(
                body.decode("utf-8"),
                object_pairs_hook=_object,
                parse_constant=_no_constant,
                parse_float=_float,
            )
        except UnicodeDecodeError as error:
            raise BodyInvalid("The body is not UTF-8.") from error
        except RecursionError as error:
            raise BodyInvalid(_TOO_DEEP) from error
        except ValueError as error:
            raise BodyInvalid(f"The body is not JSON: {_reason(error)}") from error
        if not isinstance(value, dict):
            raise BodyInvalid("The body must be one JSON object.")
        if _too_deep(value):
            raise BodyInvalid(_TOO_DEEP)
        # In UTF-8 that is JSON, what is refused here can only be an escape.
        if not any_text and b"\\u" in body and (found := _unfit(value)):
            named, path, wrong = found
            raise Invalid(errors=[f"{named}${path[:PATH_CHARACTERS]} {wrong}"])
        return value

    def parse(self, kind: type[T], *, limit: int = BODY_LIMIT, any_text: bool = False) -> T:
        """The body as a `kind`, strictly: no unknown field, no coercion. Raises `Invalid`."""
        body = self._sent(limit)
        if len(body) > BODY_LIMIT:
            _screen(body, kind)
        return convert(self.json(limit=limit, any_text=any_text), kind)

    def parse_optional(self, kind: type[T], *, limit: int = BODY_LIMIT) -> T:
        """The body as a `kind`; no body is one without fields. Raises `Invalid`."""
        return self.parse(kind, limit=limit) if self.body else convert({}, kind)

    def _sent(self, limit: int) -> bytes:
        if self.body is None or not self.body:
            raise BodyInvalid("The body is empty; send one JSON object.")
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMediaType(
                f"Send the body with content-type application/json; it came as {kind[:80]!r}."
            )
        if len(self.body) > limit:
            raise TooLarge(f"The body is {len(self.body)} bytes; at most {limit} are taken.")
        return self.body


def convert(value: dict[str, Any], kind: type[T]) -> T:
    """A JSON object as a `kind`; a complaint for each wrong field, by name. Raises `Invalid`."""
    if found := complaints.judge(value, kind):
        raise complaints.refusal(found)
    return msgspec.convert(value, kind, strict=True)


def _screen(body: bytes, kind: type[Any]) -> None:
    """Refuse a large body that is of another form at its first wrong value. Raises `Invalid`.

    A hundred thousand lists would be made of it otherwise, to be thrown away. Whatever else is
    wrong with it is said by those who read it then.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"{"):
        raise BodyInvalid("The body must be one JSON object.")
    try:
        # Half a surrogate pair is for them to judge, too.
        msgspec.json.decode(_SURROGATE_ESCAPE.sub(rb"\\u0000", body), type=kind)
    except msgspec.ValidationError as error:
        raise complaints.refusal([complaints.first(error, kind)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return


def client_name(text: str) -> str | None:
    """Rule 10: a client's name, printable, cut to 160 bytes; None when nothing of it is left."""
    return printable(text) or None


def printable(text: str) -> str:
    """A text without what cannot be printed, cut to 160 bytes of UTF-8."""
    clean = "".join(character for character in text if character.isprintable())
    return clean.encode("utf-8", "ignore")[:CLIENT_BYTES].decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, a JSON value or nothing, and headers beside the usual."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> Answer:
        """The answer as the gateway takes it."""
        headers = {"cache-control": "no-store", **SECURITY_HEADERS, **self.headers}
        answer: Answer = {"statusCode": self.status, "headers": headers, "isBase64Encoded": False}
        if self.body is not None:
            headers.setdefault("content-type", "application/json")
            answer["body"] = encoded(self.body)
        return answer


def encoded(body: object) -> str:
    """A JSON value as it is sent."""
    return msgspec.json.encode(body).decode()


SECURITY_HEADERS: Final = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
"""For browsers, on every answer: https alone for two years, and no type but the one it says."""


def mapping(value: object) -> Mapping[str, Any]:
    """A part of an event that is a JSON object; an empty one where it is something else."""
    return value if isinstance(value, Mapping) else {}


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
        raise BodyInvalid("The body is not what its encoding says.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BodyInvalid(f"The field {twice[:60]!r} is there more than once; send it once.")
    return value


def _no_constant(name: str) -> object:
    raise BodyInvalid(f"{name} is not JSON.")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # It would be written as Infinity, which is not JSON.
        raise BodyInvalid(f"The number {text[:40]} is too large.")
    return number


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}."
    return "a number is too long."


def _too_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        members = chain.from_iterable(c.values() if type(c) is dict else c for c in level)
        level = [member for member in members if type(member) in _CONTAINERS]
        if not level:
            return False
    return True


def _unfit(value: object) -> tuple[str, str, str] | None:
    """The first text that no UTF-8 and few databases can hold.

    Whether it is a name, the way to it, and what is wrong; the way is made on the way back, since
    a body may have a hundred thousand members.
    """
    if isinstance(value, str):
        wrong = _wrong(value)
        return ("", "", wrong) if wrong else None
    if isinstance(value, list):
        for number, member in enumerate(value):
            if found := _unfit(member):
                return found[0], f"[{number}]{found[1]}", found[2]
    elif isinstance(value, dict):
        for name, member in value.items():
            if wrong := _wrong(name):
                return "a name in ", "", wrong
            if found := _unfit(member):
                step = f".{printable(name)[:60]}" if name.isascii() else ""
                return found[0], step + found[1], found[2]
    return None


def _wrong(text: str) -> str | None:
    if not text.isascii() and _SURROGATE.search(text):
        return "holds half of a surrogate pair; send whole characters."
    return "holds a NUL character; leave it out." if "\x00" in text else None
