"""The local gateway behaves like API Gateway's HTTP API."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.calls import Api
from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.local_only


@pytest.fixture
def connection(api: Api) -> Iterator[http.client.HTTPConnection]:
    """One connection to the local stack."""
    made = http.client.HTTPConnection(urlsplit(api.base_url).netloc, timeout=20)
    yield made
    made.close()


def test_connection_is_kept_alive(connection: http.client.HTTPConnection) -> None:
    """Several requests go over one connection, a 204 and a 401 among them."""
    connection.connect()
    used = connection.sock
    for _ in range(3):
        connection.request("GET", "/v1/session")
        response = connection.getresponse()
        response.read()
        assert response.status == 401
        assert connection.sock is used


def test_chunked_bodies_are_read(connection: http.client.HTTPConnection) -> None:
    """A body in chunks arrives whole."""
    body = iter([b'{"realm_id": ', b'"rl_short"}'])
    headers = {"content-type": "application/json"}
    connection.request("POST", "/v1/login", body, headers, encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 422
    assert b"realm_id" in response.read()


def test_gateways_own_limits(api: Api) -> None:
    """The gateway answers by itself: 413 over 10 MB, 431 over 10,240 bytes of headers."""
    address = urlsplit(api.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        raw.sendall(b"POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 10485761\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")
    large = api.call("GET", "/v1/session", headers=[("x-large", "x" * 10_240)])
    assert (large.status, large.body) == (431, {"message": "Request Header Fields Too Large"})


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/sessions/", "/v1//session", "/v1/nothing"])
def test_unknown_routes(api: Api, path: str) -> None:
    """A path or method without a route is the gateway's own 404."""
    answer = api.call("GET", path)
    assert (answer.status, answer.body) == (404, {"message": "Not Found"})
    for method in ("PUT", "HEAD", "OPTIONS", "TRACE", "QUERY"):
        assert api.call(method, "/v1/login").status == 404


def test_no_cors_by_default(api: Api) -> None:
    """Without origins in the template no answer allows any."""
    answer = api.call("GET", "/v1/session", headers=[("origin", "https://evil.example")])
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_local/clock", {"advance": -1}),
        ("PUT", "/_local/clock", {"advance": "soon"}),
        ("PUT", "/_local/clock", {"advance": True}),
        ("PUT", "/_local/clock", []),
    ],
    ids=str,
)
def test_clock_goes_forward_only(api: Api, method: str, path: str, body: object) -> None:
    """Only a number of seconds from 0 moves the clock."""
    before = api.call("GET", "/_local/clock").body["now"]
    assert api.call(method, path, body).status == 400
    assert api.call("GET", "/_local/clock").body["now"] - before < 60


def test_only_scheduled_functions_are_run(api: Api) -> None:
    """`/_local/run/` runs what the template schedules and names what there is."""
    answer = api.call("POST", "/_local/run/LoginFunction")
    assert answer.status == 404
    assert "CleanupFunction" in answer.body["message"]


def test_port_in_use(api: Api) -> None:
    """A second stack on a port in use says so, says what to do, and exits with 1."""
    port = str(urlsplit(api.base_url).port)
    done = subprocess.run(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "make dev PORT=" in done.stderr
    assert api.call("GET", "/v1/session").status == 401


def test_unknown_store() -> None:
    """A store that there is not is refused with those that there are, and exits with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, "STORE": "nonsense"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == "STORE must be moto or dynamodb-local, and is 'nonsense'.\n"
