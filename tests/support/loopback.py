"""A server on the loopback address whose answers are scripted, down to the bytes."""

import contextlib
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Self

from sojourn.aws.endpoints import Endpoint

Step = Callable[[socket.socket], bool]
"""What is done with a connection after a request; whether another request may come."""


def whole(body: bytes, *headers: str, status: int = 200, length: int | None = None) -> bytes:
    """An answer as AWS gives it; `length` is what it announces, if that is another."""
    size = len(body) if length is None else length
    lines = (f"HTTP/1.1 {status} OK", f"Content-Length: {size}", *headers)
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def checked(body: bytes, *headers: str, status: int = 200) -> bytes:
    """An answer with its checksum, as DynamoDB gives it."""
    return whole(body, f"x-amz-crc32: {zlib.crc32(body)}", *headers, status=status)


def sends(answer: bytes, *, then_closes: bool = False) -> Step:
    """Send those bytes."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(answer)
        return not then_closes

    return step


def closes(_connection: socket.socket) -> bool:
    """Close the connection without a word."""
    return False


def resets(connection: socket.socket) -> bool:
    """Reset the connection, as a machine does that knows nothing of it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def shuts(answer: bytes) -> Step:
    """Send those bytes and no others, though the connection stays open the other way."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        return True

    return step


def trickles(answer: bytes, *, seconds: float) -> Step:
    """Send byte by byte, that long apart, until nobody takes them."""

    def step(connection: socket.socket) -> bool:
        for byte in answer:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return False
            time.sleep(seconds)
        return True

    return step


def holds(_connection: socket.socket) -> bool:
    """Never answer."""
    return True


class Loopback:
    """Takes the script's steps in turn, one for each request on whatever connection, the last one
    for ever. `connections` counts those that were accepted; `requests` are those that came whole.
    """

    def __init__(
        self, *script: Step, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.script: list[Step] = list(script)
        self.connections = 0
        self.requests: list[bytes] = []
        self.of: dict[object, bytes] = {}
        """The last request of each connection, by its other end."""
        self._tls = tls
        self._host = host
        self._listener = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self._listener.close()
        self.hang_up()

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers."""
        port = self._listener.getsockname()[1]
        return Endpoint(self._host, port, secure=self._tls is not None, region="eu-west-1")

    @property
    def url(self) -> str:
        """Where it answers, as an address."""
        return f"http{'s' if self._tls else ''}://{self.endpoint.authority}"

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        with self._lock:
            while self._open:
                connection = self._open.pop()
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.append(connection)
            more = True
            while more:
                request = _request(connection)
                with self._lock:
                    self.requests.append(request)
                    self.of[connection.getpeername()] = request
                    step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                more = step(connection)
        except (OSError, EOFError):
            pass
        connection.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    size = int(sizes[0].partition(b":")[2]) if sizes else 0
    while len(body) < size:
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise EOFError
    return received


def bodies(requests: Sequence[bytes]) -> list[bytes]:
    """The bodies of requests."""
    return [request.partition(b"\r\n\r\n")[2] for request in requests]
