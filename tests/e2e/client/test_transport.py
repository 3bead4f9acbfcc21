"""The client's transport over real connections to a stub."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from sojourn_client.modes import fork
from sojourn_client.service.transport import LONGEST_ANSWER, HttpTransport, NoReply, Request
from tests.cli.stub import Say, Stub, served

GET = Request("GET", "/v1/session", {"authorization": "Bearer t.o.k"})


@pytest.fixture
def stub() -> Iterator[Stub]:
    """An API that says what it is told to."""
    with served() as made:
        yield made


@pytest.fixture
def transport(stub: Stub) -> Iterator[HttpTransport]:
    """A transport to it."""
    made = HttpTransport(stub.url + "/base/")
    yield made
    made.close()


def test_request_arrives_as_it_is(stub: Stub, transport: HttpTransport) -> None:
    """Method, path below the base URL, headers and body arrive; status, headers and body return."""
    stub.on("*", Say(418, {"a": 1}, {"Retry-After": "7"}))
    request = Request("POST", "/v1/x?y=%2F", {"content-type": "application/json"}, b'{"b": 2}')
    reply = transport.exchange(request, seconds=5)
    assert (reply.status, reply.headers["retry-after"], reply.body) == (418, "7", b'{"a": 1}')
    (asked,) = stub.asked
    assert (asked.method, asked.target, asked.body) == ("POST", "/base/v1/x?y=%2F", {"b": 2})
    assert asked.headers["user-agent"] == "sojourn-client"
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(stub: Stub, transport: HttpTransport, status: int) -> None:
    """A redirect is an answer: no credential is sent to another address."""
    stub.on("*", Say(status, None, {"location": f"{stub.url}/elsewhere"}))
    assert transport.exchange(GET, seconds=5).status == status
    assert len(stub.asked) == 1


def test_long_answers_are_not_read(stub: Stub, transport: HttpTransport) -> None:
    """An answer of the longest size is read, and one byte more is an error."""
    stub.on("*", Say(200, b" " * LONGEST_ANSWER), Say(200, b" " * (LONGEST_ANSWER + 1)))
    assert len(transport.exchange(GET, seconds=5).body) == LONGEST_ANSWER
    with pytest.raises(NoReply, match="more than"):
        transport.exchange(GET, seconds=5)


def test_silence_ends() -> None:
    """A service that takes the connection and says nothing is given up after the time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = HttpTransport(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(NoReply, match="in time") as caught:
            transport.exchange(GET, seconds=0.05)
        assert caught.value.sent is True
        transport.close()


def test_closed_connection_may_have_been_heard() -> None:
    """A service that closes the connection may have got the request."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            server.accept()[0].close()

        threading.Thread(target=hang_up).start()
        transport = HttpTransport(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(NoReply, match="closed") as caught:
            transport.exchange(GET, seconds=5)
        assert caught.value.sent is True
        transport.close()


def test_nobody_there_heard_nothing() -> None:
    """A connection that is refused has carried nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoReply, match="cannot be reached") as caught:
        HttpTransport(f"http://127.0.0.1:{port}").exchange(GET, seconds=5)
    assert caught.value.sent is False


def test_connections_are_kept_until_they_are_closed(stub: Stub, transport: HttpTransport) -> None:
    """A transport that was closed opens a new connection for the next request."""
    stub.on("*", Say(200, {}))
    transport.exchange(GET, seconds=5)
    transport.close()
    transport.exchange(GET, seconds=5)
    assert len(stub.asked) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no fork")
def test_child_has_connections_of_its_own(stub: Stub, transport: HttpTransport) -> None:
    """After a fork the child does not use its parent's connection or its locked lock."""
    stub.on("*", Say(200, {"a": 1}))
    fork.remember(transport)
    transport.exchange(GET, seconds=5)
    with transport._lock:
        child = os.fork()
        if child == 0:
            try:
                fresh = transport._opened is None
                done = transport.exchange(GET, seconds=5).body == b'{"a": 1}'
                os._exit(0 if fresh and done else 1)
            finally:
                os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert transport.exchange(GET, seconds=5).status == 200
