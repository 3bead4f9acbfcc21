"""Fixtures: the API of a world over HTTP, a console of it, and a browser that has opened it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sojourn_cli.console.desk import Desk, desk_of
from sojourn_cli.console.server import Idle, listening, server
from sojourn_cli.where import Tools, Where
from tests.cli.console.browser import Browser
from tests.cli.stub import Asked, Say, Stub, served
from tests.support.clock import MovedClock
from tests.support.http_world import World


class Service(Stub):
    """The real handlers over HTTP, one request at a time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._lock = threading.Lock()

    def answer(self, asked: Asked) -> Say:
        told = self._answers.get(f"{asked.method} {asked.path}")
        if told is not None:
            return super().answer(asked)
        self.asked.append(asked)
        kept = ("authorization", "content-type", "authrocket-realm")
        headers = [(name, value) for name, value in asked.headers.items() if name in kept]
        raw = b"" if asked.body is None else json.dumps(asked.body).encode()
        with self._lock:
            answer = self._world.send(asked.method, asked.target, raw, headers)
        body = None if answer.status == 204 else answer.body
        return Say(answer.status, body, {"content-type": answer.headers.get("content-type", "")})


@dataclass(frozen=True, slots=True)
class Running:
    """A console that is being served."""

    desk: Desk
    idle: Idle
    thread: threading.Thread

    def browser(self) -> Browser:
        """A browser that has not opened it yet."""
        return Browser(self.desk.link, secrets=[self.desk.api.access_key])


@contextmanager
def running(url: str, key: str, clock: MovedClock) -> Iterator[Running]:
    """A console for an API, until the block ends."""
    where = Where(url, None, False, None, None, None, tools=Tools(clock=clock))
    with listening(0) as socket, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOJOURN_ACCESS_KEY", key)
        desk = desk_of(where, f"127.0.0.1:{socket.getsockname()[1]}")
        idle = Idle(clock, 900)
        made = server(desk, idle)
        thread = threading.Thread(target=made.run, kwargs={"sockets": [socket]})
        thread.start()
        while not made.started:
            time.sleep(0.005)
        try:
            yield Running(desk, idle, thread)
        finally:
            made.should_exit = True
            thread.join()


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    """The world's API over HTTP."""
    made = Service(world)
    with served(stub=made):
        yield made


@pytest.fixture
def console(service: Service, world: World, clock: MovedClock) -> Iterator[Running]:
    """A console with an admin key."""
    with running(service.url, world.key, clock) as made:
        yield made


@pytest.fixture
def browser(console: Running) -> Browser:
    """A browser that has opened the console."""
    made = console.browser()
    assert made.open().status == 200
    return made
