"""A stub HTTP server: returns prepared answers and records the requests."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: `path` decoded, `target` as it was on the wire."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Say:
    """An answer to give."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """The body's bytes: text as it is, all else as JSON."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


class Stub:
    """Answers by `METHOD /path`: each answer once, and the last one again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.arrived = threading.Event()
        self.url = ""
        self._answers: dict[str, list[Say]] = {}

    def on(self, route: str, *answers: Say) -> None:
        """Answer a route so; `*` is every other route."""
        self._answers[route] = list(answers)

    def answer(self, asked: Asked) -> Say:
        """The next answer."""
        self.asked.append(asked)
        self.arrived.set()
        told = self._answers.get(f"{asked.method} {asked.path}") or self._answers.get("*")
        if told is None:
            return Say(404, {"message": "Not Found"})
        return told.pop(0) if len(told) > 1 else told[0]

    def calls(self) -> list[str]:
        """What was asked, as `METHOD /path`."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def served(context: ssl.SSLContext | None = None, stub: Stub | None = None) -> Iterator[Stub]:
    """A stub on the loopback, with TLS if it is given how."""
    answering = stub or Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            sent = self.rfile.read(length)
            parts = urlsplit(self.path)
            said = answering.answer(
                Asked(
                    method=self.command,
                    path=unquote(parts.path),
                    target=self.path,
                    query=dict(parse_qsl(parts.query)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=json.loads(sent) if sent else None,
                )
            )
            raw = said.raw()
            self.send_response_only(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if "date" not in said.headers:
                self.send_header("date", self.date_time_string())
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

        do_GET = do_POST = do_PUT = do_DELETE = _serve

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    answering.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield answering
    finally:
        server.shutdown()
        server.server_close()


def problem(status: int, code: str, detail: str, *errors: str, **members: object) -> Say:
    """A problem document (RFC 9457)."""
    headers = {"content-type": "application/problem+json"}
    body = {"title": detail, "status": status, "detail": detail, "code": code}
    return Say(status, {**body, "request_id": "req-1", "errors": errors, **members}, headers)


def page(*items: object, more: bool = False) -> Say:
    """One page of a list."""
    return Say(200, {"collection": items, "more_results": more})
