"""A loopback server with faulty connections: dropped, cut, unanswered."""

import socket
import threading
from contextlib import suppress
from typing import Literal, Self

from sojourn.aws.endpoints import Endpoint
from sojourn.aws.http1 import Reply

Manner = Literal["drop", "cut", "hold", "garble"]


class BadServer:
    """Takes one request at a time and answers it in the manner that was set.

    `drop` closes the connection without an answer, `cut` closes it in the middle of the body,
    `hold` never answers, and `garble` sends half of the body as if it were whole.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Bound and not listening: every connection is refused, and nobody else can take the port.
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))
        self._manner: Manner = "drop"
        self._reply = Reply(200, {}, b"{}")
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        # Closing a socket does not wake who waits to accept on it; shutting it down does.
        served = self._thread.is_alive()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        for open_socket in (self._listener, self._closed, *self._held):
            open_socket.close()
        assert served, "the server of bad answers ended before the tests did"

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers."""
        return _here(self._listener)

    @property
    def refusing_endpoint(self) -> Endpoint:
        """Where nobody listens."""
        return _here(self._closed)

    def spoil(self, reply: Reply, manner: Manner) -> None:
        """Answer the next request with this, in that manner."""
        self._reply, self._manner = reply, manner

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            while self._held:
                self._held.pop().close()
            # A client that gives up resets its connection; the next one is served all the same.
            with suppress(ConnectionError):
                _read_request(connection)
                if self._manner == "hold":
                    self._held.append(connection)
                    continue
                with connection:
                    connection.sendall(self._spoiled())

    def _spoiled(self) -> bytes:
        if self._manner == "drop":
            return b""
        half = self._reply.body[: len(self._reply.body) // 2]
        length = len(half) if self._manner == "garble" else len(self._reply.body)
        kept = {"content-type", "x-amz-crc32"} & self._reply.headers.keys()
        lines = [f"HTTP/1.1 {self._reply.status} OK", f"content-length: {length}"]
        lines += [f"{name}: {self._reply.headers[name]}" for name in sorted(kept)]
        return "\r\n".join([*lines, "", ""]).encode() + half


def _here(bound: socket.socket) -> Endpoint:
    return Endpoint("127.0.0.1", bound.getsockname()[1], secure=False, region="")


def _read_request(connection: socket.socket) -> None:
    """Read it whole: a connection closed on unread bytes is reset, which is another fault."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _some(connection)


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise ConnectionError("the client closed the connection")
    return received
