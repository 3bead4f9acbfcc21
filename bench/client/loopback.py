"""A service on the loopback that answers at once, in a process of its own.

It knows its answers by heart, so what a client is measured with is the client's own work. It
counts its requests, so a benchmark can tell what really asked.
"""

import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, cast

VALIDATE: Final = "/v1/sessions/validate"
SESSION: Final = "/v1/session"
FEED: Final = "/v1/revocations"
ETAG: Final = 'W/"0"'


class Loopback:
    """The address of a running service, and the requests that it has had."""

    def __init__(self, base_url: str, pipe: Connection) -> None:
        self.base_url = base_url
        self._pipe = pipe

    def requests(self) -> Counter[str]:
        """The requests until now, by path without query."""
        self._pipe.send("count")
        return cast("Counter[str]", self._pipe.recv())


@contextmanager
def loopback(answers: Mapping[str, bytes]) -> Iterator[Loopback]:
    """A service that gives these answers, by path, or by token where a session is asked for."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(dict(answers), theirs), daemon=True)
    process.start()
    try:
        yield Loopback(f"http://127.0.0.1:{ours.recv()}", ours)
    finally:
        ours.send("stop")
        process.join(10)


def answered(
    answers: Mapping[str, bytes], path: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, bytes]:
    """Status line and body of the answer to a request."""
    if path == VALIDATE:
        tokens = json.loads(body)["tokens"]
        members = [answers[token] for token in tokens]
        return "200 OK", b'{"collection":[' + b",".join(members) + b"]}"
    if path == FEED and headers.get("if-none-match") == ETAG:
        return "304 Not Modified", b""
    if path == SESSION:
        path = headers["authorization"].removeprefix("Bearer ")
    if path not in answers:
        return "404 Not Found", b"{}"
    return "200 OK", answers[path]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    answers: Mapping[str, bytes]
    counts: Counter[str]


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        server: Any = self.server
        while line := self.rfile.readline():
            _, target, _ = line.decode().split(" ", 2)
            path = target.partition("?")[0]
            headers = {}
            while (header := self.rfile.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            server.counts[path] += 1
            status, content = answered(server.answers, path, headers, body)
            head = (
                f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
                f"etag: {ETAG}\r\ncontent-length: {len(content)}\r\n\r\n"
            )
            self.wfile.write(head.encode() + content)


def _serve(answers: dict[str, bytes], pipe: Connection) -> None:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answers, server.counts = answers, Counter()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pipe.send(server.server_address[1])
        while pipe.recv() != "stop":
            pipe.send(server.counts.copy())
        server.shutdown()
