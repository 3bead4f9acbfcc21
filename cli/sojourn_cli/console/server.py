"""Serve the console on the loopback, until nobody asks for anything any more."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import uvicorn

from sojourn_cli.clock import Clock
from sojourn_cli.console.app import application
from sojourn_cli.console.desk import Desk

SECONDS_TO_FINISH: Final = 45
"""For requests that are being answered when the console ends."""


@dataclass
class Idle:
    """When the console was last used."""

    clock: Clock
    seconds: float
    last: float = field(init=False)

    def __post_init__(self) -> None:
        self.seen()

    def seen(self) -> None:
        """A request was admitted."""
        self.last = self.clock.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether nothing was asked for too long."""
        return self.clock.monotonic() - self.last >= self.seconds


class Served(uvicorn.Server):
    """A server that ends when the console is idle, or when nobody has used the link in time."""

    def __init__(self, config: uvicorn.Config, over: Callable[[], bool]) -> None:
        super().__init__(config)
        self._over = over

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._over()


def server(desk: Desk, idle: Idle) -> Served:
    """The server of the console. It logs no request, since a path has the link in it."""
    config = uvicorn.Config(
        application(desk, seen=idle.seen),
        access_log=False,
        log_config=None,
        log_level="error",
        lifespan="off",
        ws="none",
        http="h11",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )
    return Served(config, lambda: desk.door.is_late or (desk.door.is_open and idle.is_over))


def listening(port: int) -> socket.socket:
    """A socket on 127.0.0.1; on 0, a port that is free. Raises `OSError`."""
    return socket.create_server(("127.0.0.1", port))
