"""The example of a store in Redis, against a real Redis."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from examples.redis_store import RedisStore
from sojourn_client import Sojourn, Terminated
from tests.client.unit.script import REALM
from tests.client.unit.service import Service

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="redis-server is not installed (apt-get install redis-server)",
)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """A Redis of this module's own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:
        found = redis.Redis(port=port)
        limit = time.monotonic() + 20
        while True:
            try:
                found.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < limit
                time.sleep(0.02)
        yield found
        found.close()
        server.terminate()


def test_values_are_kept_for_their_time(connection: redis.Redis) -> None:
    """A value is there with the time that is left, is replaced, and is dropped after its time."""
    store = RedisStore(connection)
    assert store.get("sojourn:nothing") is None
    store.set("sojourn:a", b"1", 60)
    store.set("sojourn:a", b"2", 30.5)
    value, left = store.get("sojourn:a") or (b"", 0.0)
    assert value == b"2"
    assert 20 < left <= 30.5
    store.set("sojourn:b", b"1", 0.001)
    time.sleep(0.01)
    assert store.get("sojourn:b") is None
    connection.set("sojourn:c", b"for ever")
    assert store.get("sojourn:c") is None  # its age is not known


def test_processes_share_a_session(connection: redis.Redis) -> None:
    """What one client learned, another knows by Redis: a session, and that it was ended."""
    service = Service()
    first, second, third = (
        Sojourn(
            "https://s.example.com",
            REALM,
            mode="cached",
            max_staleness=100,
            store=RedisStore(connection),
            transport=service,
            clock=service.clock,
        )
        for _ in range(3)
    )
    begun, ended = service.login(), service.login()
    service.end(ended)
    assert first.verify(begun.token) == second.verify(begun.token)
    for each in (first, second, third):
        with pytest.raises(Terminated):
            each.verify(ended.token)
    assert service.validations() == 2
