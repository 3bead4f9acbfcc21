"""HTTP calls to a running stack: the local stack of `make dev`, or another one."""

import argparse
import http.client
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(slots=True)
class Stack:
    """A stack, and a connection to it that is kept alive. Not for several threads."""

    base_url: str
    access_key: str
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def call(
        self, method: str, path: str, body: object = None, *, bearer: str | None = None
    ) -> tuple[int, Any, float]:
        """Status, JSON and seconds of one call; `bearer` stands in for the access key."""
        if self._connection is None:
            url = urlsplit(self.base_url)
            kind = http.client.HTTPSConnection if url.scheme == "https" else None
            make = kind or http.client.HTTPConnection
            self._connection = make(url.netloc, timeout=60)
        headers = {"authorization": f"Bearer {bearer or self.access_key}"}
        if body is not None:
            headers["content-type"] = "application/json"
        began = time.perf_counter()
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        raw = response.read()
        took = time.perf_counter() - began
        return response.status, json.loads(raw) if raw else None, took

    def made(self, path: str, body: object) -> Any:
        """The object that a POST makes; stops the run on any refusal."""
        status, answer, _ = self.call("POST", path, body)
        if status not in (200, 201):
            raise SystemExit(f"POST {path} answered {status}: {answer}")
        return answer

    def again(self) -> "Stack":
        """The same stack over a connection of its own."""
        return Stack(self.base_url, self.access_key)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows how to find the stack."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--base-url", help="default: the running local stack's")
    parser.add_argument("--access-key", help="an admin key; default: the local stack's")
    return parser


def stack_of(options: argparse.Namespace) -> Stack:
    """The stack that the options name, or the local one. Stops the run when there is none."""
    if options.base_url and options.access_key:
        return Stack(options.base_url, options.access_key)
    described = Path(os.environ.get("SOJOURN_LOCAL") or ".local") / "dev.json"
    if not described.exists():
        raise SystemExit("No local stack is running here: start one with `make dev`.")
    dev = json.loads(described.read_text())
    return Stack(options.base_url or dev["base_url"], options.access_key or dev["access_key"])


PASSWORD = "correct horse battery staple"


def make_user(stack: Stack, realm_id: str, username: str) -> Any:
    """A human user with the password `PASSWORD`."""
    return stack.made(
        "/v1/users",
        {
            "realm_id": realm_id,
            "user_type": "human",
            "username": username,
            "password": PASSWORD,
        },
    )
