"""One connection to a service: TCP, TLS and time-outs."""

import select
import socket
import struct
import time
from contextlib import ExitStack, suppress
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sojourn.aws import http1
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import EndpointInvalid, NoAnswer
from sojourn.aws.http1 import PIECE, Reply

if TYPE_CHECKING:
    import ssl


class Timeouts(NamedTuple):
    """Seconds to connect, TLS included, and seconds to wait for a whole answer."""

    connect: float
    read: float


class Connection:
    """An open connection, for one thread at a time."""

    def __init__(
        self, endpoint: Endpoint, timeouts: Timeouts, tls: "ssl.SSLContext | None"
    ) -> None:
        """Connect. Raises `NoAnswer`, and nothing was sent."""
        self.reusable = True
        """Whether the connection can be used again after the last answer."""
        self._read_seconds = timeouts.read
        self._answered = False
        self._tls: ssl.SSLSocket | None = None
        end = time.monotonic() + timeouts.connect
        try:
            self._socket = _connected(endpoint, end)
        except OSError as error:
            raise NoAnswer(f"No connection to {endpoint.authority}: {error}", sent=False) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self._socket.settimeout(_left(end))
                self._tls = tls.wrap_socket(self._socket, server_hostname=endpoint.host)
                self._socket = self._tls
            self._socket.settimeout(timeouts.read)
        except OSError as error:
            self._socket.close()
            raise NoAnswer(f"No TLS with {endpoint.authority}: {error}", sent=False) from error
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def exchange(self, request: bytes) -> Reply:
        """Send a request and read its answer.

        Raises `NoAnswer`; then the connection can only be closed.
        """
        end = time.monotonic() + self._read_seconds
        try:
            self._socket.sendall(request)
            if (left := _left(end)) < self._read_seconds * 0.99:
                self._socket.settimeout(left)
            received = self._socket.recv(PIECE)
        except TimeoutError as error:
            raise NoAnswer("The answer did not come in time.") from error
        except OSError as error:
            raise NoAnswer(f"The connection was lost: {error}", stale=self._answered) from error
        if not received:
            raise NoAnswer("The connection was closed.", stale=self._answered)
        reply = http1.read(received, lambda most: self._more(most, end))
        if self._socket.gettimeout() != self._read_seconds:
            self._socket.settimeout(self._read_seconds)
        self._answered = True
        self.reusable = reply.headers.get("connection", "").lower() != "close"
        return reply

    def is_quiet(self) -> bool:
        """Whether nothing came since the last answer: no end, no bytes that nobody asked for."""
        if not self._poll.poll(0):
            return self._tls is None or not self._tls.pending()
        # TLS 1.3 sends session tickets by itself.
        return self._tls is not None and self._has_only_tickets(self._tls)

    def close(self) -> None:
        self._socket.close()

    def abort(self) -> None:
        """Close, and take back what was not delivered.

        The kernel would go on sending it for minutes, also when a frozen instance goes on: a write
        would be done long after it was given up.
        """
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _has_only_tickets(self, tls: "ssl.SSLSocket") -> bool:
        import ssl

        try:
            tls.settimeout(0)
            tls.recv(1)
        except ssl.SSLWantReadError:
            tls.settimeout(self._read_seconds)
            return True
        except OSError:
            return False
        return False

    def _more(self, most: int, end: float) -> bytes:
        try:
            self._socket.settimeout(_left(end))
            received = self._socket.recv(most)
        except TimeoutError as error:
            raise NoAnswer("The answer did not come whole in time.") from error
        except OSError as error:
            raise NoAnswer(f"The connection was lost within the answer: {error}") from error
        if not received:
            raise NoAnswer("The connection was closed within the answer.")
        return received


@cache
def tls_context(ca_file: str | None) -> "ssl.SSLContext":
    """TLS that trusts a file's authorities, or the system's. To load those takes 20 ms and more.

    Raises `EndpointInvalid` if there are none in the file.
    """
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise EndpointInvalid(
            f"AWS_CA_BUNDLE must be a file of certificates in PEM, which {ca_file} is not: {error}"
        ) from error


def _connected(endpoint: Endpoint, end: float) -> socket.socket:
    """A connection to one of the host's addresses, in the order of the resolver.

    Each but the last has half of the time that is left: it may be one that drops packets.
    """
    failed = OSError("the host has no address")
    found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(found, 1):
        with ExitStack() as closing:
            try:
                made = closing.enter_context(socket.socket(family, kind, protocol))
                made.settimeout(_left(end) / (2 if number < len(found) else 1))
                made.connect(address)
            except OSError as error:
                failed = error
            else:
                closing.pop_all()
                return made
    raise failed


def _left(end: float) -> float:
    """Seconds until then. Raises `TimeoutError` if there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
