"""AWS's own protocol at the same port, for tools that bring their own client."""

import http.client
import io
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.events import Call, Reply


def is_aws(call: Call) -> bool:
    """Whether a call is an AWS client's: it names its operation, or is signed as theirs are."""
    headers = {name.lower(): value for name, value in call.headers}
    signed = headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")
    return call.method == "POST" and call.path == "/" and ("x-amz-target" in headers or signed)


@lru_cache(maxsize=1)
def _application() -> Any:
    return DomainDispatcherApplication(create_backend_app)


def answer(call: Call, *, dynamodb_url: str | None = None) -> Reply:
    """The answer of the very tables and keys that the handlers use.

    `dynamodb_url` is where the tables are, if they are not moto's.
    """
    target = {name.lower(): value for name, value in call.headers}.get("x-amz-target", "")
    if dynamodb_url is not None and target.startswith("DynamoDB"):
        return _passed_on(call, dynamodb_url)
    return _by_moto(call)


def _passed_on(call: Call, url: str) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        kept = {n: v for n, v in call.headers if n.lower() not in ("host", "content-length")}
        connection.request(call.method, call.target, body=call.body, headers=kept)
        response = connection.getresponse()
        return _reply(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def _reply(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Reply:
    framing = ("content-length", "date", "connection", "transfer-encoding")
    return Reply(status, tuple((n, v) for n, v in headers if n.lower() not in framing), body)


def _by_moto(call: Call) -> Reply:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "PATH_INFO": call.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call.peer,
        "CONTENT_LENGTH": str(len(call.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(call.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in call.headers:
        key = name.upper().replace("-", "_")
        environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    status: list[int] = []
    sent: list[tuple[str, str]] = []

    def start_response(line: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        status.append(int(line.split(" ", 1)[0]))
        sent.extend(headers)

    chunks: Iterable[bytes] = _application()(environ, start_response)
    body = b"".join(chunks)
    return _reply(status[0], sent, body)
