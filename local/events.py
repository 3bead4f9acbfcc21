"""Convert requests to API Gateway events (payload format 2.0), and answers back."""

import base64
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request, Response

_TEXT = re.compile(
    r"text/|application/(?:json|javascript|xml|x-www-form-urlencoded)|.*\+(?:json|xml)"
)


class Answer(Response):
    """A response without a default content type."""

    default_mimetype = None


def target(request: Request) -> tuple[str, str]:
    """The path and the query of a request, as they were sent (WSGI's path is decoded)."""
    sent = request.environ["RAW_URI"].encode("latin-1").decode()
    path, _, query = re.sub(r"\A\w+://[^/?#]*", "", sent).partition("?")
    return path, query


def decoded(path: str) -> str:
    """A path as API Gateway routes it: decoded once before it is split.

    So `%2F` becomes a separator, everything after an encoded `?` or `#` is cut off, and segments of
    dots are removed, which many clients do before they send.
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
    """The route of a request with its path parameters; literal segments have priority."""
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


def event_of(
    request: Request, route: str, parameters: Mapping[str, str], *, host: str
) -> dict[str, Any]:
    """The event of a request."""
    now = time.time()
    path, raw_query = target(request)
    path, peer = decoded(path), request.remote_addr or "127.0.0.1"
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    cookies = headers.pop("cookie", None)
    headers.setdefault("x-forwarded-for", peer)
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer,
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
    if cookies is not None:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if query:
        event["queryStringParameters"] = query
    if parameters:
        event["pathParameters"] = dict(parameters)
    if body := request.get_data():
        event["body"], event["isBase64Encoded"] = _body(body, headers.get("content-type", ""))
    return event


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if _TEXT.match(content_type.partition(";")[0].strip().lower()):
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def message(status: int, text: str | None = None) -> Answer:
    """What the gateway answers by itself."""
    return plain(status, {"message": text or HTTP_STATUS_CODES[status]})


def plain(status: int, value: object) -> Answer:
    """A JSON answer."""
    return Answer(json.dumps(value), status, content_type="application/json")


def answer_of(returned: object) -> Answer:
    """Convert a handler's result, with API Gateway's inference if it has no status."""
    if not isinstance(returned, dict) or "statusCode" not in returned:
        return plain(200, returned)
    body = returned.get("body", "")
    raw = base64.b64decode(body) if returned.get("isBase64Encoded") else str(body).encode()
    headers = {str(k).lower(): str(v) for k, v in (returned.get("headers") or {}).items()}
    if raw:
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    answer = Answer(raw, int(returned["statusCode"]), headers)
    for cookie in returned.get("cookies", []):
        answer.headers.add("set-cookie", str(cookie))
    return answer
