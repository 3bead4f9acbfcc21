"""Connections to one endpoint, kept for the calls to come. Two threads never share one in use."""

import os
import time
from collections import deque
from typing import Final, NamedTuple, Protocol

from sojourn.aws.connection import Connection, Timeouts, tls_context
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import NoAnswer
from sojourn.aws.http1 import Reply

MOST_KEPT: Final = 64
LONGEST_IDLE: Final = 300.0
"""Seconds. NAT gateways and VPC endpoints forget an idle connection after 350 s, without a word."""


class Request(NamedTuple):
    """A signed request: what it is about, and its head and its body as they are sent."""

    service: str
    operation: str
    head: bytes
    body: bytes


class Transport(Protocol):
    """How requests reach a service."""

    def send(self, request: Request) -> Reply:
        """The answer. Raises `NoAnswer`."""

    def warm(self) -> None:
        """Connect now, so that the next call need not. Raises `NoAnswer`."""

    def close(self) -> None:
        """Close the connections that are kept. The next call opens its own."""


class Pool:
    """The transport over sockets. Threads may share it, and a fork begins with no connection."""

    def __init__(
        self, endpoint: Endpoint, timeouts: Timeouts, *, ca_file: str | None = None
    ) -> None:
        """`ca_file` has the authorities to trust; None: the system's."""
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._ca_file = ca_file
        self._process = os.getpid()
        self._kept: deque[tuple[Connection, float, float]] = deque(maxlen=MOST_KEPT)

    def send(self, request: Request) -> Reply:
        """The answer. Raises `NoAnswer`. Nothing is sent twice.

        A kept connection that the service has closed meanwhile is not used. If it closes it in the
        moment in which the request is sent, `NoAnswer` is `stale`.
        """
        connection = self._idle() or self._opened()
        try:
            reply = connection.exchange(request.head + request.body)
        except BaseException as error:
            connection.abort()
            if isinstance(error, NoAnswer) and error.stale:
                # The others were opened before it, or idle for longer.
                self.close()
            raise
        if connection.reusable:
            self._keep(connection)
        else:
            connection.close()
        return reply

    def warm(self) -> None:
        self._keep(self._opened())

    def close(self) -> None:
        while self._kept:
            try:
                self._kept.pop()[0].close()
            except IndexError:  # another thread took it
                return

    def _opened(self) -> Connection:
        tls = tls_context(self._ca_file) if self._endpoint.secure else None
        return Connection(self._endpoint, self._timeouts, tls)

    def _idle(self) -> Connection | None:
        """The connection that was used last, if it can be used again."""
        if self._process != os.getpid():
            # The parent goes on using those connections; here they are closed without a word.
            self.close()
            self._process = os.getpid()
        while self._kept:
            try:
                connection, monotonic, wall = self._kept.pop()
            except IndexError:  # another thread took it
                return None
            # A frozen instance may count its idle time by one clock alone.
            idle = max(time.monotonic() - monotonic, time.time_ns() / 1e9 - wall)
            if idle < LONGEST_IDLE and connection.is_quiet():
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        if len(self._kept) < MOST_KEPT:
            self._kept.append((connection, time.monotonic(), time.time_ns() / 1e9))
        else:
            connection.close()
