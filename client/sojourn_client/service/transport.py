"""One HTTP exchange over urllib3: bounded in time and size, no redirects, https only."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions

from sojourn_client.errors import Unavailable

LONGEST_ANSWER: Final = 4 * 1024 * 1024
CONNECT_SECONDS: Final = 2.0
CONNECTIONS: Final = 32
"""Connections that are kept open, for as many threads."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `headers` has the credential, so it is never shown."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class NoReply(Unavailable):
    """There was no answer; `sent` tells whether the service may have got the request."""

    def __init__(self, detail: str, *, sent: bool) -> None:
        super().__init__(detail)
        self.sent = sent


class Transport(Protocol):
    """Sends one request, once."""

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        """The answer. Raises `NoReply`, also if it does not come within these seconds."""

    def close(self) -> None:
        """Close the connections. The next request opens new ones."""


class HttpTransport:
    """Requests to one base URL, from any number of threads."""

    def __init__(self, base_url: str, *, ca_file: str | None = None) -> None:
        self._base_url = checked_url(base_url)
        self._ca_file = ca_file
        self._lock = threading.Lock()
        self._opened: urllib3.HTTPConnectionPool | None = None

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), total=seconds)
        try:
            answer = self._pool().urlopen(
                request.method,
                urlsplit(self._base_url).path + request.path,
                request.body,
                {"user-agent": "sojourn-client", "accept-encoding": "identity", **request.headers},
                retries=False,
                redirect=False,
                timeout=timeout,
                preload_content=False,
                decode_content=False,
            )
            with answer:
                content = _read(answer)
        except exceptions.HTTPError as error:
            # urllib3's texts have addresses and paths, so only the kind of error is told.
            raise NoReply(_why(error), sent=_sent(error)) from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, headers, content)

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def after_fork(self) -> None:
        """Forget the parent's connections and lock, in the child process."""
        self._lock = threading.Lock()
        self._opened = None

    def _pool(self) -> urllib3.HTTPConnectionPool:
        with self._lock:
            if self._opened is None:
                self._opened = _open(self._base_url, self._ca_file)
            return self._opened


def checked_url(text: str) -> str:
    """A base URL without its last slash. Raises `ValueError`."""
    url = text.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise ValueError("base_url must look like https://sessions.example.com.")
    if parts.path.endswith("/v1"):
        raise ValueError("base_url must not end with /v1: the client adds it.")
    if parts.username is not None or parts.query or parts.fragment or " " in url:
        raise ValueError("base_url must have no user, query or fragment.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("base_url must begin with https: over http, tokens could be read.")
    return url


def _open(base_url: str, ca_file: str | None) -> urllib3.HTTPConnectionPool:
    """A connection pool, through the environment's proxy if there is one."""
    parts = urlsplit(base_url)
    scheme, host = parts.scheme, str(parts.hostname)
    proxy = getproxies().get(scheme)
    # A proxy would connect to its own loopback address, and would see the token.
    if proxy is None or host in _LOOPBACK or proxy_bypass(host):
        manager = urllib3.PoolManager(maxsize=CONNECTIONS, ca_certs=ca_file)
    else:
        given = urllib3.util.parse_url(proxy if "://" in proxy else f"http://{proxy}")
        known = urllib3.make_headers(proxy_basic_auth=unquote(given.auth)) if given.auth else None
        manager = urllib3.ProxyManager(
            given.url, maxsize=CONNECTIONS, proxy_headers=known, ca_certs=ca_file
        )
    return manager.connection_from_url(base_url)


def _read(answer: urllib3.BaseHTTPResponse) -> bytes:
    found = bytearray()
    for chunk in answer.stream(_CHUNK, decode_content=False):
        found += chunk
        if len(found) > LONGEST_ANSWER:
            raise NoReply("The service answered more than a client reads.", sent=True)
    return bytes(found)


def _sent(error: exceptions.HTTPError) -> bool:
    never = (
        exceptions.NewConnectionError,
        exceptions.ConnectTimeoutError,
        exceptions.SSLError,
        exceptions.ProxyError,
    )
    return not isinstance(error, never)


def _why(error: exceptions.HTTPError) -> str:
    match error:
        case exceptions.SSLError():
            return "The service's certificate or TLS is not accepted."
        case exceptions.ProxyError():
            return "The environment's proxy refuses or does not answer."
        case exceptions.NameResolutionError():
            return "The service's host name is unknown."
        case exceptions.NewConnectionError():
            return "The service cannot be reached."
        case exceptions.TimeoutError():
            return "The service did not answer in time."
        case _:
            return "The service closed the connection, or does not speak HTTP."
