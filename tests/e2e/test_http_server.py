"""The local HTTP server: requests byte by byte, and the events that it makes of them."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import tls
from local.clock import LocalClock
from local.gateway import Gateway
from local.http_server import Server
from local.template import Function

pytestmark = pytest.mark.local_only

BODY = b'{"a": 1}'


class Echo:
    """A stack whose one function answers with its event."""

    clock = LocalClock()
    functions: dict[str, Function] = {}  # noqa: RUF012 - there are none
    routes = dict.fromkeys(("GET /v1/{id}", "POST /v1/{id}", "GET /v1/{id}/sessions"), "Echo")

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event."""
        return dict(event)


@contextmanager
def served(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a gateway before the echo."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = Gateway(Echo(), {}, {}, host="local")
        with Server(listening, app, tls=context).running():
            yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server's port."""
    with served() as port:
        yield port


def sent(port: int, *parts: bytes) -> tuple[int, Any]:
    """The status and the JSON of the answer, after which the server says that it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as file:
            whole = file.read()
    head, _, body = whole.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    return int(head.split()[1]), json.loads(body)


def event(port: int, target: str, headers: bytes = b"", body: bytes = b"") -> dict[str, Any]:
    """The event of a request."""
    line = f"{'POST' if body else 'GET'} {target} HTTP/1.1\r\n".encode("latin-1")
    status, found = sent(
        port, line + b"host: x\r\nconnection: close\r\n" + headers + b"\r\n" + body
    )
    assert status == 200, found
    return dict(found)


@pytest.mark.parametrize(
    ("target", "path", "id", "query"),
    [
        ("/v1/a%20b?x=%20&y=1%2F", "/v1/a b", "a b", "x=%20&y=1%2F"),
        ("/v1/a%253F", "/v1/a%3F", "a%3F", ""),
        ("/v1/a%3Fb?x=1", "/v1/a", "a", "x=1"),
        ("/v1/a%2Fsessions", "/v1/a/sessions", "a", ""),
        ("/v1/b/..%2fa/sessions", "/v1/a/sessions", "a", ""),
        ("/v1/%00", "/v1/\0", "\0", ""),
        ("/v1/%ff", "/v1/\ufffd", "\ufffd", ""),
        ("/v1/m%C3%BCn", "/v1/mün", "mün", ""),
        ("/v1/a+b;c", "/v1/a+b;c", "a+b;c", ""),
        ("/v1/%zz", "/v1/%zz", "%zz", ""),
        ("/v1/a#b", "/v1/a", "a", ""),
        ("//v1/a", "/v1/a", "a", ""),
        ("http://other.example/v1/a?x", "/v1/a", "a", "x"),
    ],
)
def test_path_is_decoded_once_and_the_query_not_at_all(
    port: int, target: str, path: str, id: str, query: str
) -> None:
    """The event has the path as it was sent."""
    found = event(port, target)
    assert found["rawPath"] == found["requestContext"]["http"]["path"] == path
    assert (found["pathParameters"], found["rawQueryString"]) == ({"id": id}, query)


def test_event_is_a_true_payload(port: int) -> None:
    """Headers are in small letters and joined, cookies apart, the query joined, bytes in base64."""
    headers = (
        b"X-One: 1\r\nx-one: 2\r\nCookie: a=1; b=2\r\ncookie: c=3\r\n"
        b"Content-Type: application/octet-stream\r\ncontent-length: 2\r\n"
    )
    found = event(port, "/v1/a?x=1&x=2&y=%20", headers, b"\xff\x00")
    assert found["headers"]["x-one"] == "1,2"
    assert found["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in found["headers"]
    assert found["queryStringParameters"] == {"x": "1,2", "y": " "}
    assert (found["body"], found["isBase64Encoded"]) == ("/wA=", True)
    assert found["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert (found["version"], found["routeKey"]) == ("2.0", "POST /v1/{id}")


def test_two_types_are_joined(port: int) -> None:
    """With two content types, the handler sees both and refuses."""
    headers = b"content-type: application/json\r\ncontent-type: text/html\r\n"
    assert event(port, "/v1/a", headers)["headers"]["content-type"] == "application/json,text/html"


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"content-length: 8\r\n", BODY),
        (b"content-length: 8\r\ncontent-length: 8\r\n", BODY),
        (b"transfer-encoding: Chunked\r\n", b'3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n'),
    ],
    ids=["a length", "twice the same length", "chunks"],
)
def test_request_after_a_body_is_read(port: int, framing: bytes, body: bytes) -> None:
    """A body ends where it says, and the next request of the connection begins there."""
    first = b"POST /v1/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" + framing
    second = b"GET /v1/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(first + b"\r\n" + body + second)
        _, *answers = connection.makefile("rb").read().split(b"HTTP/1.1 200 OK")
    found = [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers]
    assert [one["rawPath"] for one in found] == ["/v1/a", "/v1/b"]
    assert (found[0]["body"], found[0]["headers"]["content-length"]) == (BODY.decode(), "8")
    assert "body" not in found[1]


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (
            b"content-length: 8\r\ntransfer-encoding: chunked\r\n",
            b"8\r\n" + BODY + b"\r\n0\r\n\r\n",
        ),
        (b"content-length: 8\r\ncontent-length: 2\r\n", BODY),
        (b"content-length: 8, 8\r\n", BODY),
        (b"content-length: +8\r\n", BODY),
        (b"content-length: \xb2\r\n", BODY),
        (b"transfer-encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        (b"transfer-encoding: xchunked\r\n", b"0\r\n\r\n"),
        (b"transfer-encoding: chunked\r\n", b"-1\r\n" + BODY),
        (b"transfer-encoding: chunked\r\n", b"zz\r\n" + BODY),
        (b"transfer-encoding: chunked\r\n", b"2\r\n{}X\r\n0\r\n\r\n"),
    ],
    ids=repr,
)
def test_body_whose_end_is_not_clear(port: int, framing: bytes, body: bytes) -> None:
    """A body that servers could read in two ways is 400, and the connection is closed."""
    head = b"POST /v1/a HTTP/1.1\r\nhost: x\r\n" + framing + b"\r\n"
    after = b"GET /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
    assert sent(port, head + body + after) == (400, {"message": "Bad Request"})


def test_body_that_does_not_come_whole(port: int) -> None:
    """A client that hangs up within a body is no caller of a function."""
    head = b"POST /v1/a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
    assert sent(port, head + BODY) == (400, {"message": "Bad Request"})


def test_chunks_over_the_limit(port: int) -> None:
    """A body in chunks is held to 10 MB, as one with a length is."""
    chunk = b"100000\r\n" + b" " * 0x10_0000 + b"\r\n"
    head = (
        b"POST /v1/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    refused = (413, {"message": "Request Entity Too Large"})
    assert sent(port, head, *[chunk] * 10, b"1\r\n \r\n0\r\n\r\n") == refused
    assert sent(port, head, *[chunk] * 10, b"0\r\n\r\n")[0] == 200


def test_client_that_waits_for_leave_to_send(port: int) -> None:
    """`Expect: 100-continue` is answered before the body comes."""
    head = b"POST /v1/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 8\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_authority_that_cannot_be(port: int) -> None:
    """A target that is no address is 400, and not a connection that breaks."""
    assert sent(port, b"GET http://[x/v1/a HTTP/1.1\r\nhost: x\r\n\r\n")[0] == 400


def test_client_that_does_not_shake_hands_stops_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Beside a connection that is silent, or speaks no TLS, others are answered."""
    context, ca_file = tls.context(tmp_path)
    trusted = ssl.create_default_context(cafile=ca_file)
    with (
        served(context) as port,
        socket.create_connection(("127.0.0.1", port)),
        socket.create_connection(("127.0.0.1", port)) as plain,
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
    ):
        plain.sendall(b"GET /v1/a HTTP/1.1\r\nhost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP" not in plain.recv(100)
        with trusted.wrap_socket(connection, server_hostname="localhost") as secured:
            secured.sendall(b"GET /v1/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert secured.makefile("rb").read().startswith(b"HTTP/1.1 200 OK\r\n")
    assert capfd.readouterr().err == ""


def test_what_is_being_answered_is_finished() -> None:
    """A server that stops lets the function end, and sends its answer, before it is gone."""
    called, stopping = threading.Event(), threading.Event()

    class Stopping(Server):
        def shutdown(self) -> None:
            super().shutdown()
            stopping.set()

    def slow(environ: object, start_response: Any) -> list[bytes]:
        called.set()
        stopping.wait(20)
        start_response("200 OK", [])
        return [b"whole"]

    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname(), timeout=20) as connection,
    ):
        with Stopping(listening, slow).running(seconds_to_finish=20):
            connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert called.wait(20)
        connection.setblocking(False)
        assert connection.recv(1_000).endswith(b"\r\ncontent-length: 5\r\n\r\nwhole")


@pytest.mark.parametrize(
    ("raised", "shown"),
    [(OSError(107, "not connected"), False), (ZeroDivisionError(), True)],
    ids=["a connection that broke", "a mistake of ours"],
)
def test_mistakes_are_shown(
    capfd: pytest.CaptureFixture[str], raised: Exception, shown: bool
) -> None:
    """The terminal shows an exception of ours, and nothing of a connection that broke."""

    def app(environ: object, start_response: object) -> list[bytes]:
        raise raised

    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        Server(listening, app).running(),
        socket.create_connection(listening.getsockname(), timeout=20) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(100) == b""
    assert (type(raised).__name__ in capfd.readouterr().err) == shown
