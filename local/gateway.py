"""The local HTTP API: real sockets, true events, the gateway's own answers."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from local import control, events, wire
from local.events import Call, Reply
from local.stack import Functions, HandlerFailed, HandlerTimedOut

BODY_LIMIT = 10 * 1024 * 1024
HEADER_LIMIT = 10_240
HANDSHAKE_SECONDS = 10


class Gateway:
    """Answers calls by the stack's routes."""

    def __init__(
        self,
        stack: Functions,
        names: Mapping[str, str],
        cors: Mapping[str, Any],
        *,
        host: str,
        log: Callable[[str], None],
        dynamodb_url: str | None = None,
    ) -> None:
        self._stack = stack
        self._names = names
        self._cors = cors
        self._host = host
        self._log = log
        self._dynamodb_url = dynamodb_url
        self._busy = 0
        self._idle = threading.Condition()

    def answer(self, call: Call) -> Reply:
        """The reply to a call."""
        with self._idle:
            self._busy += 1
        try:
            return self._answer(call)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def wait_idle(self, seconds: float) -> None:
        """Wait until no call is being answered."""
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, timeout=seconds)

    def _answer(self, call: Call) -> Reply:
        path = urlsplit(call.target).path if call.target.startswith("http") else call.path
        if path.startswith("/_local/"):
            return control.answer(call, self._stack, self._names)
        if wire.is_aws(call):
            return wire.answer(call, dynamodb_url=self._dynamodb_url)
        origin = {n.lower(): v for n, v in call.headers}.get("origin")
        if call.method == "OPTIONS" and origin is not None and self._origins():
            return Reply(204, self._cors_headers(origin, preflight=True), b"")
        found = events.match(self._stack.routes, call.method, path)
        if found is None:
            return events.message(404, "Not Found")
        route, parameters = found
        event = events.event_of(call, route, parameters, host=self._host)
        try:
            reply = events.reply_of(self._stack.invoke(self._stack.routes[route], event))
        except HandlerFailed as error:
            self._log(f"{route}: {error}")
            if isinstance(error, HandlerTimedOut):
                return events.message(503, "Service Unavailable")
            return events.message(500, "Internal Server Error")
        # Of localhost, a browser that is told https alone would ask it of every other port, too.
        kept = [(n, v) for n, v in reply.headers if n != "strict-transport-security"]
        if origin is not None:
            kept = [(n, v) for n, v in kept if not n.startswith("access-control-")]
            kept += self._cors_headers(origin)
        return Reply(reply.status, tuple(kept), reply.body)

    def _origins(self) -> list[str]:
        origins = self._cors.get("AllowOrigins", [])
        return [origin for origin in origins if origin] if isinstance(origins, list) else []

    def _cors_headers(self, origin: str, *, preflight: bool = False) -> tuple[tuple[str, str], ...]:
        origins = self._origins()
        if origin not in origins and "*" not in origins:
            return ()
        headers = [("access-control-allow-origin", "*" if "*" in origins else origin)]
        if preflight:
            headers += [
                ("access-control-allow-methods", ",".join(self._cors.get("AllowMethods", []))),
                ("access-control-allow-headers", ",".join(self._cors.get("AllowHeaders", []))),
                ("access-control-max-age", str(self._cors.get("MaxAge", 0))),
            ]
        elif exposed := self._cors.get("ExposeHeaders"):
            headers.append(("access-control-expose-headers", ",".join(exposed)))
        return tuple(headers)


class _TooLarge(Exception):
    """The body is over the gateway's limit."""


class _Malformed(Exception):
    """The body is not framed as HTTP/1.1 has it."""


class Server(ThreadingHTTPServer):
    """A thread per connection, keep-alive, many at once."""

    daemon_threads = True
    request_queue_size = 512
    gateway: Gateway
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection, in its own thread; the handshake is as slow as the client is."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HANDSHAKE_SECONDS)
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is the client's affair, and no stack trace for the console."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "local"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75
    server: Server

    def _serve(self) -> None:
        size = len(self.requestline) + sum(len(n) + len(v) + 4 for n, v in self.headers.items())
        if size > HEADER_LIMIT:
            self.close_connection = True
            self._write(events.message(431, "Request Header Fields Too Large"))
            return
        try:
            body = self._read()
        except _TooLarge:
            self.close_connection = True
            self._write(events.message(413, "Request Entity Too Large"))
            return
        except _Malformed:
            self.close_connection = True
            self._write(events.message(400, "Bad Request"))
            return
        call = Call(
            method=self.command,
            target=self.path,
            headers=events.header_pairs(self.headers),
            body=body,
            peer=str(self.client_address[0]),
        )
        self._write(self.server.gateway.answer(call))

    def _read(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0").strip()
        if not length.isdecimal():
            raise _Malformed
        if int(length[:20]) > BODY_LIMIT:
            raise _TooLarge
        return self.rfile.read(int(length))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = self.rfile.readline(1_024).partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError as error:
                raise _Malformed from error
            if size < 0 or len(body) + size > BODY_LIMIT:
                raise _TooLarge
            if size == 0:
                while self.rfile.readline(1_024).strip():
                    pass
                return bytes(body)
            body += self.rfile.read(size)
            self.rfile.readline(8)

    def _write(self, reply: Reply) -> None:
        try:
            phrase = HTTPStatus(reply.status).phrase
        except ValueError:
            phrase = ""
        self.send_response_only(reply.status, phrase)
        self.send_header("date", self.date_time_string())
        for name, value in reply.headers:
            self.send_header(name, value)
        bare = reply.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if not bare and (reply.body or self.command != "HEAD"):
            # Of the answer to a HEAD nobody knows how long that to a GET would be.
            self.send_header("content-length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bare:
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the handlers log, and a path may hold an id."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        """`do_GET` and the like, for any method: one without a route is the gateway's own 404."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)


def listen(port: int) -> Server:
    """A server bound to the loopback. Raises `OSError` when the port is in use."""
    server = Server(("127.0.0.1", port), Handler)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server
