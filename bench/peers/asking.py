"""Ask a server for JSON over one keep-alive connection, as an application's back end does."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from bench.peers.peer import Wrong

_IDLE_SECONDS: Final = 2.0
"""Node.js closes a connection that was idle for five."""


class Api:
    """A server on this machine."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._used = time.monotonic()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Any:
        """The answer's JSON, None if it has none. Raises `Wrong` on another status."""
        sent = {"accept": "application/json", "user-agent": "bench", **(headers or {})}
        data = None
        if form is not None:
            sent["content-type"], data = "application/x-www-form-urlencoded", urlencode(form)
        elif body is not None:
            sent["content-type"], data = "application/json", json.dumps(body)
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()
        self._connection.request(method, path, data, sent)
        response = self._connection.getresponse()
        answer = response.read()
        self._used = time.monotonic()
        if response.status != status:
            raise Wrong(f"{method} {path} answered {response.status}: {answer[:500]!r}")
        return json.loads(answer) if answer else None
