"""A browser with cookies, and servers for the applications that it visits."""

import http.client
import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from local import events

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Page:
    """What was answered in the end."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Browser:
    """One browser on one site. It keeps what is set with attributes that it understands."""

    base_url: str
    agent: str
    cookies: dict[str, str] = field(default_factory=dict)
    set: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    """What a proxy adds."""

    def get(self, path: str, *, follow: bool = True, **headers: str) -> Page:
        """Open a page, and follow redirects."""
        return self.ask("GET", path, follow=follow, headers=headers)

    def post(
        self, path: str, *, site: str = "same-origin", follow: bool = True, **form: str
    ) -> Page:
        """Send a form, and follow redirects."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form), site=site, follow=follow, headers=kind)

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        *,
        site: str | None = None,
        follow: bool = True,
        headers: Mapping[str, str],
    ) -> Page:
        """Send what a page of a `site` does (`same-origin`: one of ours), and follow redirects."""
        if site is not None:
            origin = self.base_url if site == "same-origin" else "https://evil.example"
            headers = {**headers, "origin": origin, "sec-fetch-site": site}
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=30)
        try:
            known = {"user-agent": self.agent, **self.headers, **headers}
            if self.cookies:
                known["cookie"] = "; ".join(map("=".join, self.cookies.items()))
            connection.request(method, path, body, known)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            self._keep(cookie)
        if follow and (answer.status in (302, 303) or (method, answer.status) == ("GET", 307)):
            kept = {name: headers[name] for name in headers if name == "accept"}
            return self.ask("GET", urlsplit(answer.headers["location"]).path, headers=kept)
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Page(answer.status, told, text)

    def _keep(self, cookie: str) -> None:
        self.set.append(cookie)
        name, _, rest = cookie.partition("=")
        value, *attributes = rest.split("; ")
        self.cookies.pop(name, None)
        if "Max-Age=0" not in attributes:
            self.cookies[name] = value


def example(path: str, patch: pytest.MonkeyPatch, **environment: str) -> ModuleType:
    """An example's module, with the environment that it reads when it is loaded."""
    for name, value in environment.items():
        patch.setenv(name, value)
    file = ROOT / "examples" / path
    spec = importlib.util.spec_from_file_location(re.sub(r"\W", "_", path), file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def asgi(app: Any) -> Iterator[str]:
    """An application served by uvicorn, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def wsgi(app: Any) -> Iterator[str]:
    """An application served by werkzeug, until the block ends."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


@contextmanager
def http_api(function: Callable[[dict[str, Any], Any], Any]) -> Iterator[str]:
    """A Lambda function behind an HTTP API, until the block ends.

    It has one request at a time, as an instance in Lambda has.
    """
    one = threading.Lock()

    @Request.application
    def gateway(request: Request) -> Response:
        event = events.event_of(request, "$default", {}, host=request.host)
        with one:
            return events.answer_of(function(event, None))

    with wsgi(gateway) as url:
        yield url


@contextmanager
def django(script: Path, **environment: str) -> Iterator[str]:
    """A script with Django's commands, run as a developer does, until the block ends."""
    port = free_port()
    line = [str(script), "runserver", "--noreload", "--skip-checks", str(port)]
    with command([sys.executable, *line], port=port, cwd=script.parent, **environment) as url:
        yield url


@contextmanager
def command(line: Sequence[str], *, port: int, cwd: Path, **environment: str) -> Iterator[str]:
    """A command that serves an application at a port, until the block ends."""
    place = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        line,
        cwd=cwd,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "client")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while not reached(place):
            if process.poll() is not None:
                assert process.stdout is not None
                pytest.fail(process.stdout.read())
            time.sleep(0.05)
        yield f"http://{place}"
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def reached(place: str) -> bool:
    """Whether something listens there."""
    host, _, port = place.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True
