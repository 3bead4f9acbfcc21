"""Connections over real sockets: what a whole answer is, what is none, and who uses which."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from local import tls
from sojourn.aws.connection import Connection, Timeouts
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import EndpointInvalid, NoAnswer
from sojourn.aws.http1 import MOST_HEAD, Reply
from sojourn.aws.pool import Pool, Request
from tests.support.loopback import (
    Loopback,
    Step,
    checked,
    closes,
    holds,
    resets,
    sends,
    shuts,
    trickles,
    whole,
)

ASKED = Request(
    "dynamodb", "GetItem", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n", b"{}"
)
PATIENT = Timeouts(connect=5, read=20)
HASTY = Timeouts(connect=5, read=0.2)


def exchanged(
    *script: Step, timeouts: Timeouts = PATIENT, times: int = 1
) -> tuple[Reply, Loopback]:
    """The last answer of as many calls, and the server."""
    with Loopback(*script) as server:
        pool = Pool(server.endpoint, timeouts)
        for _ in range(times):
            reply = pool.send(ASKED)
    return reply, server


def lost(*script: Step, timeouts: Timeouts = PATIENT) -> NoAnswer:
    """How a call fails, on a new connection."""
    with pytest.raises(NoAnswer) as failed:
        exchanged(*script, timeouts=timeouts)
    return failed.value


def test_request_goes_as_it_is_and_the_answer_comes_as_it_is() -> None:
    """What is sent is the head and the body; names of headers come in lower case."""
    answer = checked(b'{"a": 1}', "Date: now", "X-Empty:", "x-Two:  a: b \t")
    reply, server = exchanged(sends(answer))
    assert server.requests == [ASKED.head + ASKED.body]
    crc = reply.headers.pop("x-amz-crc32")
    assert crc.isdigit()
    named = {"content-length": "8", "date": "now", "x-empty": "", "x-two": "a: b"}
    assert reply == Reply(200, named, b'{"a": 1}')


def test_connection_is_kept() -> None:
    """Calls one after another use one connection."""
    _, server = exchanged(sends(whole(b"{}")), times=5)
    assert (server.connections, len(server.requests)) == (1, 5)


def test_connection_that_the_service_will_close_is_not_kept() -> None:
    """`Connection: close` is heeded."""
    _, server = exchanged(sends(whole(b"{}", "Connection: Close")), times=3)
    assert server.connections == 3


@pytest.mark.parametrize("size", [0, 1, 16_384, 262_144, 1_048_576, 5_000_000])
def test_long_answer_is_whole(size: int) -> None:
    """An answer of any length comes whole, and the connection is good for the next."""
    body = os.urandom(size)
    reply, server = exchanged(sends(checked(body)), sends(whole(b"{}")), times=1)
    assert reply.body == body
    assert server.connections == 1


def test_pieces_make_an_answer() -> None:
    """An answer may come in any pieces within its time."""
    reply, _ = exchanged(trickles(checked(b'{"a": 1}'), seconds=0), times=2)
    assert reply.body == b'{"a": 1}'


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunks_make_an_answer() -> None:
    """An answer in chunks is read: servers beside AWS send them."""
    answer = CHUNKED + b'4\r\n{"a"\r\n000C\r\n: "\r\n0\r\n\r\n"}\r\n0\r\n\r\n'
    for step in (sends(answer), trickles(answer, seconds=0)):
        reply, server = exchanged(step, times=2)
        assert reply.body == b'{"a": "\r\n0\r\n\r\n"}'
        assert server.connections == 1


GARBAGE: dict[str, bytes] = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "another version": whole(b"{}").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/2": whole(b"{}").replace(b"HTTP/1.1", b"HTTP/2"),
    "no status": whole(b"{}").replace(b" 200 OK", b""),
    "status of letters": whole(b"{}").replace(b"200", b"2x0"),
    "status of two digits": whole(b"{}").replace(b"200 OK", b"20"),
    "status of four digits": whole(b"{}").replace(b"200", b"2000"),
    "interim status": whole(b"{}", status=100),
    "status 600": whole(b"{}", status=600),
    "no length": b"HTTP/1.1 200 OK\r\nDate: now\r\n\r\n{}",
    "negative length": whole(b"{}").replace(b": 2", b": -2"),
    "signed length": whole(b"{}").replace(b": 2", b": +2"),
    "length of letters": whole(b"{}").replace(b": 2", b": x"),
    "length with a space": whole(b"{}").replace(b": 2", b": 0 2"),
    "length with an underscore": whole(b"{}" * 5).replace(b": 10", b": 1_0"),
    "no digits of length": whole(b"{}").replace(b": 2", b":"),
    "immense length": whole(b"{}", length=99_999_999),
    "endless length": whole(b"{}").replace(b": 2", b": " + b"2" * 400),
    "two lengths": whole(b"{}", "Content-Length: 2"),
    "length and chunks": whole(b"0\r\n\r\n", "Transfer-Encoding: chunked"),
    "two checksums": checked(b"{}", "x-amz-crc32: 1"),
    "another coding": whole(b"{}").replace(b"Content-Length: 2", b"Transfer-Encoding: gzip"),
    "compressed": whole(b"{}", "Content-Encoding: gzip"),
    "header without a colon": whole(b"{}", "nonsense"),
    "header with a space": whole(b"{}", "Content-Length : 3"),
    "folded header": whole(b"{}", "x: y", " z: 1"),
    "nameless header": whole(b"{}", ": y"),
    "bare line feed": whole(b"{}", "x: y\nContent-Length: 3"),
    "NUL": whole(b"{}", "x: \0"),
    "longer than announced": whole(b"{}{}", length=2),
    "chunk of no size": CHUNKED + b"\r\n{}\r\n0\r\n\r\n",
    "chunk of a wrong size": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "chunk that does not end": CHUNKED + b"2\r\n{}XX0\r\n\r\n",
    "chunk of letters": CHUNKED + b"z\r\n{}\r\n0\r\n\r\n",
    "chunk with an extension": CHUNKED + b"2;a=b\r\n{}\r\n0\r\n\r\n",
    "chunk with a prefix": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "chunk with a sign": CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    "immense chunk": CHUNKED + b"7fffffff\r\n{}\r\n0\r\n\r\n",
    "endless chunk size": CHUNKED + b"0" * 200 + b"2\r\n{}\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\nx: y\r\n\r\n",
    "bytes after the chunks": CHUNKED + b"2\r\n{}\r\n0\r\n\r\nHTTP/1.1",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000,
    "endless line": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
    "empty head": b"\r\n\r\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_no_answer(kind: str) -> None:
    """What is not an answer of exactly one form may have been done; its connection is not kept."""
    with Loopback(sends(GARBAGE[kind]), sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        with pytest.raises(NoAnswer) as failed:
            pool.send(ASKED)
        assert failed.value.sent
        assert not failed.value.stale
        assert pool.send(ASKED).body == b"{}"
        assert server.connections == 2


def test_head_may_be_that_long_and_no_longer() -> None:
    """The head of an answer has a limit."""
    beside = len(whole(b"{}", "x: ")) - len(b"\r\n\r\n{}")
    most = "x: " + "y" * (MOST_HEAD - beside)
    assert exchanged(sends(whole(b"{}", most)))[0].body == b"{}"
    assert "too long" in str(lost(sends(whole(b"{}", most + "y"))))


WHOLE = checked(b'{"a": 1}')


@pytest.mark.parametrize("size", [0, 1, 12, 40, len(WHOLE) - 9, len(WHOLE) - 8, len(WHOLE) - 1])
def test_half_an_answer_is_none(size: int) -> None:
    """An answer that ends before its end is none, also if the connection stays half open."""
    for step in (sends(WHOLE[:size], then_closes=True), shuts(WHOLE[:size])):
        error = lost(step)
        assert (error.sent, error.stale) == (True, False)


def test_half_a_chunk_is_none() -> None:
    """Chunks that end before the last one are no answer."""
    answer = CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"
    for size in range(len(CHUNKED), len(answer)):
        assert lost(sends(answer[:size], then_closes=True)).sent


def test_reset_is_no_answer() -> None:
    """A connection that is reset after the request may have carried it."""
    error = lost(resets)
    assert (error.sent, error.stale) == (True, False)


def test_connection_that_nobody_takes_sent_nothing() -> None:
    """If there is no connection, nothing was done."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", taken.getsockname()[1], secure=False, region="x")
        with pytest.raises(NoAnswer, match="No connection to 127") as failed:
            Pool(endpoint, PATIENT).send(ASKED)
    assert not failed.value.sent
    assert not failed.value.stale


def test_address_that_is_dead_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses, one that drops packets does not cost the whole time to connect."""
    with Loopback(sends(WHOLE)) as server, socket.socket() as dead, ExitStack() as stack:
        dead.bind(("127.0.0.1", 0))
        dead.listen(0)
        for _ in range(3):  # more than its backlog: packets to it are dropped from now on
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(dead.getsockname())
        addresses = [dead.getsockname(), ("127.0.0.1", server.endpoint.port)]
        infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: infos)
        assert Pool(server.endpoint, Timeouts(connect=1, read=20)).send(ASKED).status == 200


def test_address_of_a_kind_that_the_machine_has_not_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine without IPv6 may be told of an address of it, before the others."""
    with Loopback(sends(WHOLE)) as server:
        address = ("127.0.0.1", server.endpoint.port)
        # No machine has streams over UDP.
        infos = [(socket.AF_INET, socket.SOCK_STREAM, number, "", address) for number in (17, 6)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: infos)
        assert Pool(server.endpoint, PATIENT).send(ASKED).status == 200


def test_request_that_is_taken_slowly_gains_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading time begins before the request is sent: an attempt is no longer than it."""
    with Loopback(sends(WHOLE)) as server:
        connection = Connection(server.endpoint, PATIENT, None)
        clock = iter([0.0, PATIENT.read])
        monkeypatch.setattr(time, "monotonic", lambda: next(clock))
        with pytest.raises(NoAnswer, match="in time") as failed:
            connection.exchange(ASKED.head + ASKED.body)
        monkeypatch.undo()
        connection.close()
    assert failed.value.sent


def test_request_that_is_given_up_is_not_delivered_later() -> None:
    """What the network did not deliver yet when the time is over is taken back: a write must not
    be done long after its caller heard that it was not.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1], secure=False, region="x")
        request = ASKED._replace(body=b"x" * 400_000)
        with pytest.raises(NoAnswer):
            Pool(endpoint, HASTY).send(request)
        taken, _ = listener.accept()
        with taken:
            taken.settimeout(10)
            received = 0
            with suppress(ConnectionResetError):
                while piece := taken.recv(65_536):
                    received += len(piece)
    assert received < len(request.head + request.body)


def test_answer_that_does_not_come_is_waited_for_so_long() -> None:
    """A server that keeps silent has the reading time, and the connection is given up."""
    with Loopback(holds, sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, HASTY)
        with pytest.raises(NoAnswer, match="in time") as failed:
            pool.send(ASKED)
        assert (failed.value.sent, failed.value.stale) == (True, False)
        assert pool.send(ASKED).body == b"{}"
        assert server.connections == 2


@pytest.mark.parametrize("begin", [b"", whole(b"", length=1_000), CHUNKED])
def test_trickle_does_not_gain_time(begin: bytes) -> None:
    """The reading time is of the whole answer: a byte now and then does not prolong it."""
    began = time.monotonic()
    step = trickles(begin + b"0" * 10_000, seconds=0.02)
    assert "in time" in str(lost(step, timeouts=HASTY))
    assert time.monotonic() - began < 15


def test_slow_answer_leaves_the_next_its_whole_time() -> None:
    """An answer in pieces shortens the time of no other."""
    fast, slow = sends(whole(b"{}")), trickles(whole(b"{}"), seconds=0.001)
    with Loopback(slow, fast) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.send(ASKED)
        pool.send(ASKED)
        ((connection, _, _),) = pool._kept
        assert connection._socket.gettimeout() == PATIENT.read


# A kept connection that the service closed meanwhile.


def until_closed(pool: Pool) -> None:
    """Wait until the kept connection has heard that it was closed."""
    ((connection, _, _),) = pool._kept
    limit = time.monotonic() + 10
    while connection.is_quiet() and time.monotonic() < limit:
        time.sleep(0.001)


@pytest.mark.parametrize("goodbye", [closes, resets])
def test_connection_that_was_closed_while_idle_costs_no_error(goodbye: Step) -> None:
    """It is noticed before anything is sent, and another is opened."""

    def answers_and_leaves(connection: socket.socket) -> bool:
        connection.sendall(whole(b"{}"))
        return goodbye(connection)

    with Loopback(answers_and_leaves, sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.send(ASKED)
        until_closed(pool)
        assert pool.send(ASKED).status == 200
        assert (server.connections, len(server.requests)) == (2, 2)


def test_bytes_that_nobody_asked_for_are_no_answer_to_the_next_call() -> None:
    """An answer that came by itself between two calls is never taken for that of the second."""
    with Loopback(sends(whole(b"1")), sends(whole(b"2"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.send(ASKED)
        server._open[0].sendall(whole(b"a second answer"))
        until_closed(pool)
        assert pool.send(ASKED).body == b"2"
        assert server.connections == 2


@pytest.mark.parametrize("goodbye", [closes, resets])
def test_connection_that_is_closed_in_that_moment_is_stale(goodbye: Step) -> None:
    """The request may have been done; the caller may repeat it at once, on a new connection."""
    with Loopback(sends(whole(b"{}")), goodbye, sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.warm()
        pool.warm()
        pool.send(ASKED)
        with pytest.raises(NoAnswer) as failed:
            pool.send(ASKED)
        assert (failed.value.sent, failed.value.stale) == (True, True)
        pool.send(ASKED)
        assert server.connections == 3


def test_connection_is_not_kept_longer_than_the_network_remembers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After five idle minutes another is opened, by whichever clock counted them."""
    with Loopback(sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.send(ASKED)
        for number, clock in enumerate(("monotonic", "time_ns")):
            true = getattr(time, clock)
            ahead = 301 if clock == "monotonic" else 301_000_000_000
            with monkeypatch.context() as patch:
                patch.setattr(time, clock, lambda true=true, ahead=ahead: true() + ahead)
                pool.send(ASKED)
            pool.close()
            pool.send(ASKED)
            assert server.connections == 3 + 2 * number


# Who uses which.


def test_threads_never_share_a_connection_in_use() -> None:
    """Each answer comes to the thread that asked; connections are as many as threads at most."""

    def echo(connection: socket.socket) -> bool:
        own = server.of[connection.getpeername()]
        time.sleep(0.001)
        connection.sendall(whole(own.partition(b"\r\n\r\n")[2]))
        return True

    mixed: list[bytes] = []
    with Loopback(echo) as server:
        pool = Pool(server.endpoint, PATIENT)

        def run(name: str) -> None:
            for number in range(40):
                body = f"{name}-{number}".encode()
                head = f"POST / HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                if pool.send(Request("dynamodb", "x", head, body)).body != body:
                    mixed.append(body)

        threads = [threading.Thread(target=run, args=(str(n),)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert mixed == []
        assert len(server.requests) == 320
        assert server.connections <= 8


def test_fork_begins_with_no_connection() -> None:
    """A child process never speaks on its parent's connection, and leaves it open."""
    with Loopback(sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.send(ASKED)
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if pool.send(ASKED).status == 200 else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert server.connections == 2
        pool.send(ASKED)
        assert server.connections == 2


def test_interrupted_call_leaves_no_connection_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a call is stopped from outside, its answer never reaches another."""
    with Loopback(holds, sends(whole(b"{}"))) as server:
        pool = Pool(server.endpoint, PATIENT)
        pool.warm()
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "exchange", _interrupted)
            with pytest.raises(Stopped):
                pool.send(ASKED)
        assert not pool._kept


class Stopped(BaseException):
    """Stopped from outside, as a time-out of Lambda does."""


def _interrupted(*_: object) -> Reply:
    raise Stopped


# TLS.


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the authority's certificate is."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def secured(place: Path) -> Callable[..., Loopback]:
    """A server with a certificate of an authority in `ca.pem`."""
    context, _ = tls.context(place)
    return lambda *script, **more: Loopback(*script, tls=context, **more)


@pytest.fixture
def ca_file(place: Path, secured: object) -> str:
    """The authority's certificate."""
    return str(next(place.glob("*.pem")))


def test_answers_come_through_tls(secured: Callable[..., Loopback], ca_file: str) -> None:
    """One connection for many calls, though TLS sends session tickets of its own accord."""
    with secured(sends(checked(b"x" * 100_000))) as server:
        pool = Pool(server.endpoint, PATIENT, ca_file=ca_file)
        pool.warm()
        time.sleep(0.05)
        for _ in range(5):
            assert pool.send(ASKED).body == b"x" * 100_000
        assert server.connections == 1
        server.hang_up()
        until_closed(pool)
        assert pool.send(ASKED).body == b"x" * 100_000
        assert server.connections == 2


def test_tls_half_an_answer_is_none(secured: Callable[..., Loopback], ca_file: str) -> None:
    """TLS without its own goodbye is no end of an answer either."""
    with secured(sends(WHOLE[:-3], then_closes=True)) as server:
        with pytest.raises(NoAnswer) as failed:
            Pool(server.endpoint, PATIENT, ca_file=ca_file).send(ASKED)
        assert failed.value.sent


def test_untrusted_certificate_is_refused(secured: Callable[..., Loopback]) -> None:
    """Nothing is sent to who has a certificate of an authority that is not trusted."""
    with secured(sends(WHOLE)) as server:
        with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED") as failed:
            Pool(server.endpoint, PATIENT).send(ASKED)
        assert not failed.value.sent
        assert server.requests == []


@pytest.mark.parametrize("content", [None, "", "no certificates"])
def test_authorities_that_cannot_be_read_are_named(tmp_path: Path, content: str | None) -> None:
    """A wrong AWS_CA_BUNDLE is an error of the environment, and the message says which file."""
    file = tmp_path / "other.pem"
    if content is not None:
        file.write_text(content)
    endpoint = Endpoint("127.0.0.1", 1, secure=True, region="x")
    with pytest.raises(EndpointInvalid, match=r"AWS_CA_BUNDLE.*other\.pem"):
        Pool(endpoint, PATIENT, ca_file=str(file)).warm()


def test_certificate_of_another_host_is_refused(
    secured: Callable[..., Loopback], ca_file: str
) -> None:
    """A trusted certificate must be the host's."""
    with secured(sends(WHOLE), host="127.0.0.2") as server:
        with pytest.raises(NoAnswer, match=r"not valid for '127\.0\.0\.2'") as failed:
            Pool(server.endpoint, PATIENT, ca_file=ca_file).send(ASKED)
        assert not failed.value.sent
        assert server.requests == []


def test_server_without_tls_is_refused(ca_file: str) -> None:
    """A server that answers without TLS where it is asked for has no connection."""
    with Loopback(sends(WHOLE)) as server:
        plain = server.endpoint
        endpoint = replace(plain, secure=True)
        with pytest.raises(NoAnswer) as failed:
            Pool(endpoint, Timeouts(0.5, 0.5), ca_file=ca_file).send(ASKED)
        assert not failed.value.sent
