"""A stub of DynamoDB's wire on loopback, which answers at once with a world's items.

Run: python -m bench.speed.stub WORLD [FOLDER]

With a folder it speaks TLS, and writes the certificate of its authority there.

It prints its port, and ends with its standard input. Reads get the items that they name, with the
projection that they ask for. Writes succeed and change nothing, so that each request meets the same
state. KMS decrypts what it is given to itself. `GET /calls` has the requests since
it was last asked, at most 4,096.
It is a process of its own: its CPU time is not the service's.
"""

import json
import socket
import sys
import threading
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

from bench.speed.world import World
from local import tls

_REQUEST_ID: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEF"
_MOST: Final = 4_096


class Tables:
    """The answers to requests, from a world's items."""

    def __init__(self, world: World) -> None:
        self._items = {
            (table, item["pk"]["S"], item["sk"]["S"]): item for table, item in world.items
        }
        self._answers: dict[tuple[str, bytes], bytes] = {}

    def answer(self, target: str, body: bytes) -> bytes:
        """The answer's body. Equal reads have equal answers."""
        operation = target.rpartition(".")[2]
        if operation not in _READS:
            return b"{}"
        known = self._answers.get((operation, body))
        if known is None:
            known = json.dumps(self._read(operation, json.loads(body))).encode()
            if len(self._answers) < _MOST:
                self._answers[operation, body] = known
        return known

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

    def __init__(self, sock: socket.socket, tables: Tables, calls: list[list[Any]]) -> None:
        self._socket = sock
        self._tables = tables
        self._calls = calls

    def serve(self) -> None:
        """Answer each request in turn."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                try:
                    more = self._socket.recv(1 << 16)
                except OSError:
                    more = b""
                if not more:
                    self._socket.close()
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
                rest += self._socket.recv(1 << 20)
            body, waiting = rest[:length], rest[length:]
            self._socket.sendall(self._answered(first, headers, body))

    def _answered(self, first: str, headers: Mapping[str, str], body: bytes) -> bytes:
        if first.startswith("GET "):
            told, self._calls[:] = json.dumps(self._calls).encode(), []
        else:
            target = headers["x-amz-target"]
            told = self._tables.answer(target, body)
            if len(self._calls) < _MOST:
                self._calls.append([target.rpartition(".")[2], body.decode(), len(told)])
        return (
            "HTTP/1.1 200 OK\r\nServer: Server\r\n"
            f"Date: {formatdate(usegmt=True)}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\n"
            f"Content-Length: {len(told)}\r\nConnection: keep-alive\r\n"
            f"x-amzn-RequestId: {_REQUEST_ID}\r\nx-amz-crc32: {zlib.crc32(told)}\r\n\r\n"
        ).encode() + told


def main() -> None:
    """Serve until standard input ends."""
    tables, calls = Tables(World.read(Path(sys.argv[1]))), list[list[Any]]()
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    secure = tls.context(Path(sys.argv[2]))[0] if len(sys.argv) > 2 else None

    def serve(taken: socket.socket) -> None:
        sock = taken if secure is None else secure.wrap_socket(taken, server_side=True)
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
