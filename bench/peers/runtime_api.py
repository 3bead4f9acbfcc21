"""Lambda's runtime API for one instance: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

import json
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from bench.peers.peer import Wrong

_ARN: Final = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
_SECONDS: Final = 60.0


class RuntimeApi:
    """What a runtime client asks for events, and tells the answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asking = threading.Semaphore(0)
        """Released when the function asks for its next event."""
        self.events: queue.Queue[bytes | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def wait(self, seconds: float = _SECONDS) -> bool:
        """Whether the function asked for its next event in time."""
        return self.asking.acquire(timeout=seconds)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The answer, once the function waits for the next event: it is at rest then."""
        self.events.put(json.dumps(event).encode())
        kind, answer = self.answers.get(timeout=_SECONDS)
        if kind != "response" or not self.wait():
            raise Wrong(f"the runtime client told {kind}: {answer.decode()}")
        return json.loads(answer)


@contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """A runtime API on the loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            api.asking.release()
            event = api.events.get()
            if event is None:
                self.close_connection = True
                return
            now_ms = time.time_ns() // 1_000_000
            self._told(
                200,
                event,
                {
                    # AWS's client has none of its own for what is absent: it would crash.
                    "Content-Type": "application/json",
                    "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
                    "Lambda-Runtime-Deadline-Ms": str(now_ms + 30_000),
                    "Lambda-Runtime-Invoked-Function-Arn": _ARN,
                },
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._told(202, b"", {})
            api.answers.put((self.path.rpartition("/")[2], body))

        def _told(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        api = RuntimeApi(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield api
        finally:
            api.events.put(None)
            server.shutdown()
