"""Payload-2.0 events, as API Gateway's HTTP API makes them of a request, and answers back."""

import base64
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, unquote

_TEXT = re.compile(
    r"text/|application/(?:json|javascript|xml|x-www-form-urlencoded)|.*\+(?:json|xml)"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str

    @property
    def path(self) -> str:
        """The path, as it was sent."""
        return self.target.partition("?")[0]


def decoded(path: str) -> str:
    """A path as API Gateway routes it: it is decoded first, once, and then taken for a path.

    So `%2F` becomes a separator, what follows a `?` that was encoded is cut off (and here, what
    follows a `#`), and a segment of dots is gone, as it is by many clients before they send it.
    """
    plain = re.split("[?#]", unquote(path), maxsplit=1)[0]
    segments: list[str] = []
    for segment in plain.split("/"):
        if segment == "..":
            segments[1:] = segments[1:-1]
        elif segment != ".":
            segments.append(segment)
    return "/".join(segments)


def match(routes: Iterable[str], method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The route of a request with its path parameters; a literal segment beats a parameter."""
    segments = decoded(path).split("/")
    found: tuple[int, str, dict[str, str]] | None = None
    for route in routes:
        route_method, _, pattern = route.partition(" ")
        parts = pattern.split("/")
        if route_method != method or len(parts) != len(segments):
            continue
        parameters: dict[str, str] = {}
        for part, segment in zip(parts, segments, strict=True):
            if part.startswith("{") and segment:
                parameters[part.strip("{}")] = segment
            elif part != segment:
                break
        else:
            if found is None or len(parameters) < found[0]:
                found = (len(parameters), route, parameters)
    return None if found is None else (found[1], found[2])


def event_of(call: Call, route: str, parameters: Mapping[str, str], *, host: str) -> dict[str, Any]:
    """The event of a request."""
    now = time.time()
    headers: dict[str, str] = {}
    for name, value in call.headers:
        key = name.lower()
        if key != "cookie":
            headers[key] = f"{headers[key]},{value}" if key in headers else value
    headers.setdefault("x-forwarded-for", call.peer)
    query: dict[str, str] = {}
    raw_query = call.target.partition("?")[2]
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    cookies = [
        cookie.strip()
        for name, value in call.headers
        if name.lower() == "cookie"
        for cookie in value.split(";")
    ]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": decoded(call.path),
        "rawQueryString": raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": call.method,
                "path": decoded(call.path),
                "protocol": "HTTP/1.1",
                "sourceIp": call.peer,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": base64.b64encode(uuid.uuid4().bytes[:11]).decode(),
            "routeKey": route,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, tz=UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if parameters:
        event["pathParameters"] = dict(parameters)
    if call.body:
        event["body"], event["isBase64Encoded"] = _body(call.body, headers.get("content-type", ""))
    return event


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if _TEXT.match(content_type.partition(";")[0].strip().lower()):
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


@dataclass(frozen=True, slots=True)
class Reply:
    """A response to be written."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def message(status: int, text: str) -> Reply:
    """What the gateway answers by itself."""
    return plain(status, {"message": text})


def plain(status: int, value: object) -> Reply:
    """A JSON answer."""
    body = json.dumps(value).encode()
    return Reply(status, (("content-type", "application/json"),), body)


def reply_of(answer: object) -> Reply:
    """The response of a handler's answer, with the gateway's inference where it has no status."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return plain(200, answer)
    body = answer.get("body", "")
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    headers = {str(k).lower(): str(v) for k, v in (answer.get("headers") or {}).items()}
    if raw:
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    cookies = [("set-cookie", str(cookie)) for cookie in answer.get("cookies", [])]
    return Reply(int(answer["statusCode"]), (*headers.items(), *cookies), raw)


def header_pairs(headers: Message) -> tuple[tuple[str, str], ...]:
    """Every header of a request, repeated ones too."""
    return tuple((name, value.strip()) for name, value in headers.items())
