"""A stub of DynamoDB's wire on loopback, which answers at once with a world's items.

Run: python -m bench.speed.stub WORLD [--tls FOLDER] [--before URL]

With a folder it speaks TLS, and writes the certificate of its authority there. With the address of
a DynamoDB it answers what that one does, and counts the units.

It prints its port, and ends with its standard input. Reads get the items that they name, with the
projection that they ask for. Writes succeed and change nothing, so that each request meets the same
state. KMS decrypts what it is given to itself. `GET /calls` has the requests since
it was last asked, at most 50,000.
It is a process of its own: its CPU time is not the service's.
"""

import argparse
import contextlib
import json
import socket
import sys
import threading
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final, Protocol

from bench.speed.before import Before
from bench.speed.world import World
from local import tls

_REQUEST_ID: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEF"
MOST: Final = 50_000


Call = dict[str, Any]
"""What is known of a request: its operation, and its body, units, error or written keys."""


class Answering(Protocol):
    """Whoever knows the answers."""

    def answer(self, target: str, body: bytes) -> tuple[int, bytes, Call]:
        """Status and body of the answer, and what is to be known of the request."""


class Tables:
    """The answers to requests, from a world's items."""

    def __init__(self, world: World) -> None:
        self._items = {
            (table, item["pk"]["S"], item["sk"]["S"]): item for table, item in world.items
        }
        self._answers: dict[tuple[str, bytes], bytes] = {}

    def answer(self, target: str, body: bytes) -> tuple[int, bytes, Call]:
        """The answer. Equal reads have equal ones."""
        operation = target.rpartition(".")[2]
        call = {"operation": operation, "body": body.decode()}
        if operation not in _READS:
            return 200, b"{}", call
        known = self._answers.get((operation, body))
        if known is None:
            known = json.dumps(self._read(operation, json.loads(body))).encode()
            if len(self._answers) < MOST:
                self._answers[operation, body] = known
        return 200, known, call

    def _read(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "Decrypt":
            return {"KeyId": asked["KeyId"], "Plaintext": asked["CiphertextBlob"]}
        if operation == "Query":
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        if operation == "GetItem":
            found = self._one(asked["TableName"], asked["Key"], asked)
            return {} if found is None else {"Item": found}
        responses: dict[str, list[Any]] = {}
        for table, wanted in asked["RequestItems"].items():
            each = (self._one(table, key, wanted) for key in wanted["Keys"])
            responses[table] = [item for item in each if item is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _one(self, table: str, key: Mapping[str, Any], asked: Mapping[str, Any]) -> Any:
        item = self._items.get((table, key["pk"]["S"], key["sk"]["S"]))
        names = asked.get("ProjectionExpression")
        if item is None or names is None:
            return item
        alias = asked.get("ExpressionAttributeNames", {})
        wanted = [alias.get(name.strip(), name.strip()) for name in names.split(",")]
        return {name: item[name] for name in wanted if name in item}


_READS: Final = frozenset({"GetItem", "BatchGetItem", "Query", "Decrypt"})


class Connection:
    """One connection, served by a thread of its own until the other side closes it."""

    def __init__(self, sock: socket.socket, tables: Answering, calls: list[Call]) -> None:
        self._socket = sock
        self._tables = tables
        self._calls = calls

    def serve(self) -> None:
        """Answer each request in turn."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                if not (more := self._socket.recv(1 << 18)):
                    return
                waiting += more
            head, _, rest = waiting.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            length = int(headers.get("content-length", "0"))
            while len(rest) < length:
                if not (more := self._socket.recv(1 << 18)):
                    return
                rest += more
            body, waiting = rest[:length], rest[length:]
            self._socket.sendall(self._answered(first, headers, body))

    def _answered(self, first: str, headers: Mapping[str, str], body: bytes) -> bytes:
        if first.startswith("GET "):
            told, self._calls[:] = json.dumps(self._calls).encode(), []
            return _http(200, told)
        status, told, call = self._tables.answer(headers["x-amz-target"], body)
        if len(self._calls) < MOST:
            self._calls.append(call | {"received": len(told), "sent": len(body)})
        return _http(status, told)


def _http(status: int, body: bytes) -> bytes:
    return (
        f"HTTP/1.1 {status} Answer\r\nServer: Server\r\n"
        f"Date: {formatdate(usegmt=True)}\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        f"x-amzn-RequestId: {_REQUEST_ID}\r\nx-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    ).encode() + body


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--tls", type=Path)
    parser.add_argument("--before")
    options = parser.parse_args()
    calls: list[Call] = []
    before: Before | None = Before(options.before) if options.before else None
    tables: Answering = before or Tables(World.read(options.world))
    secure = tls.context(options.tls)[0] if options.tls else None
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)

    def serve(taken: socket.socket) -> None:
        # Whoever asks may hang up at any time.
        with contextlib.suppress(OSError):
            sock = taken if secure is None else secure.wrap_socket(taken, server_side=True)
            with sock:
                Connection(sock, tables, calls).serve()

    def accept() -> None:
        while True:
            taken, _ = listening.accept()
            threading.Thread(target=serve, args=(taken,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listening.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
