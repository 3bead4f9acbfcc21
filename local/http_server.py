"""The HTTP server of the local stack: werkzeug's, with keep-alive connections.

docs/decisions/0020-werkzeug-for-the-local-stack.md says what we replaced in werkzeug, and why.
"""

import io
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
)
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wsgi import get_input_stream

from local import events
from local.events import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

BODY_LIMIT: Final = 10 * 1024 * 1024
HEADER_LIMIT: Final = 10_240
_HANDSHAKE_SECONDS: Final = 10
_JOINED: Final = (("Cookie", "HTTP_COOKIE", "; "), ("Content-Type", "CONTENT_TYPE", ","))


class Server(ThreadedWSGIServer):
    """A server with one thread per connection; https if it has a context."""

    def __init__(
        self,
        listening: socket.socket,
        app: "WSGIApplication",
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        host, port = listening.getsockname()
        super().__init__(host, port, app, _Connection, fd=listening.fileno())
        # werkzeug is not given it, since it shakes hands where it accepts: one client that is slow
        # to do so would keep all others waiting.
        self.ssl_context = tls
        self._answering = 0
        self._changed = threading.Condition()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in its own thread, including the TLS handshake, which may be slow."""
        if self.ssl_context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_HANDSHAKE_SECONDS)
        try:
            secured = self.ssl_context.wrap_socket(request, server_side=True)
        except OSError:
            return  # It does not trust our authority, speaks no TLS, or has gone.
        with secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show our own errors on the terminal, but no broken connections."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: clients may disconnect at any time."""

    @contextmanager
    def running(self, *, seconds_to_finish: float = 5) -> Iterator[None]:
        """Serve until the block ends, then finish running requests, for a limited time."""
        serve = partial(self.serve_forever, poll_interval=0.05)
        threading.Thread(target=serve, name="listen", daemon=True).start()
        try:
            yield
        finally:
            self.shutdown()
            with self._changed:
                self._changed.wait_for(lambda: not self._answering, timeout=seconds_to_finish)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request as being answered until the block ends."""
        with self._changed:
            self._answering += 1
        try:
            yield
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()


class _Connection(WSGIRequestHandler):
    """One connection, for as many requests as come."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75
    server: Server

    def run_wsgi(self) -> None:
        """Answer a request, and keep the connection open, unlike werkzeug's own handler."""
        app = self.server.app
        try:
            environ = self.make_environ()
        except HTTPException as refused:
            # Where the next request would begin is not known.
            self.close_connection = True
            environ, app = {"REQUEST_METHOD": self.command}, events.message(refused.code or 400)
        with self.server.answering():
            answer = Answer.from_app(app, environ, buffered=True)
            answer.headers["date"] = self.date_time_string()
            if self.command != "HEAD" and answer.status_code not in (204, 304):
                # An application need not say it, and the connection does not end with the answer.
                answer.headers.setdefault("content-length", str(len(answer.data)))
            if self.close_connection:
                answer.headers["connection"] = "close"
            self.send_response_only(answer.status_code)
            for name, value in answer.headers:
                self.send_header(name.lower(), value)
            self.end_headers()
            self.wfile.write(answer.data)

    def make_environ(self) -> "WSGIEnvironment":
        """A request and its whole body. Raises werkzeug's `HTTPException` for what it refuses."""
        self._check()
        try:
            environ = super().make_environ()
        except ValueError as error:
            raise BadRequest from error
        # werkzeug joins cookies by commas, which are part of them, and knows the last type alone.
        for name, key, glue in _JOINED:
            if values := self.headers.get_all(name):
                environ[key] = glue.join(values)
        body = get_input_stream(environ, max_content_length=BODY_LIMIT + 1).read()
        if len(body) > BODY_LIMIT:
            raise RequestEntityTooLarge
        if environ.pop("HTTP_TRANSFER_ENCODING", None):
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        return environ

    def _check(self) -> None:
        """Refuse requests over the limits, and bodies of unclear length."""
        size = len(self.requestline) + sum(len(n) + len(v) + 4 for n, v in self.headers.items())
        if size > HEADER_LIMIT:
            raise RequestHeaderFieldsTooLarge
        lengths = {value.strip() for value in self.headers.get_all("Content-Length", [])}
        codings = [value.strip().lower() for value in self.headers.get_all("Transfer-Encoding", [])]
        match codings, [*lengths]:
            case ([], []) | (["chunked"], []):
                return
            case [], [length] if length.isdecimal():
                if int(length[:20]) > BODY_LIMIT:
                    raise RequestEntityTooLarge
            case _:
                raise BadRequest

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: the handlers log, and a path may contain an id."""
