"""Send one HTTP request to a stack's API; a clear message if there is no answer."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import click
import urllib3
from urllib3 import exceptions

SECONDS: Final = 40
"""API Gateway answers within 30 seconds."""
LONGEST_ANSWER: Final = 32 * 1024 * 1024
CONNECTIONS: Final = 16
"""Connections that are kept for later requests. More may be open at once."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class NotReachable(click.ClickException):
    """Nothing answered, or the answer is not from Sojourn."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """A raw HTTP response. Names of headers are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Reach:
    """Sends requests to one base URL. Safe to use from several threads."""

    def __init__(
        self, base_url: str, *, ca_file: str | None = None, longest: int = LONGEST_ANSWER
    ) -> None:
        self.base_url = checked_url(base_url)
        self.ca_file = ca_file
        self._longest = longest

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Send a request; returns the response of any status. Raises `NotReachable`.

        Redirects are not followed: the access key would be sent to another address.
        """
        try:
            answer = self._pool.urlopen(
                method,
                urlsplit(self.base_url).path + path,
                body,
                {"user-agent": "sojourn-cli", **headers},
                retries=False,
                redirect=False,
                timeout=SECONDS,
                preload_content=False,
            )
            with answer:
                content = answer.read(self._longest + 1)
        except exceptions.HTTPError as error:
            raise NotReachable(f"{self.base_url} {_why(error)}") from error
        if len(content) > self._longest:
            raise NotReachable(f"{self.base_url} answered without end; is it Sojourn?")
        return Reply(answer.status, answer.headers, content)

    @cached_property
    def _pool(self) -> urllib3.HTTPConnectionPool:
        """The connection pool, through the environment's proxy if there is one."""
        scheme, host = urlsplit(self.base_url).scheme, str(urlsplit(self.base_url).hostname)
        proxy = getproxies().get(scheme)
        # A proxy would connect to its own loopback address, and would see the key.
        if proxy is None or host in _LOOPBACK or proxy_bypass(host):
            manager = urllib3.PoolManager(maxsize=CONNECTIONS, ca_certs=self.ca_file)
        else:
            given = urllib3.util.parse_url(proxy if "://" in proxy else f"http://{proxy}")
            known = urllib3.make_headers(proxy_basic_auth=unquote(given.auth or ""))
            manager = urllib3.ProxyManager(
                given.url,
                proxy_headers=known if given.auth else None,
                maxsize=CONNECTIONS,
                ca_certs=self.ca_file,
            )
        return manager.connection_from_url(self.base_url)


def checked_url(text: str) -> str:
    """A base URL without its last slash. Raises `click.UsageError`."""
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise click.UsageError(f"The URL cannot be read: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        raise click.UsageError("The URL must look like https://….execute-api.….amazonaws.com.")
    if parts.username is not None or parts.query or parts.fragment:
        raise click.UsageError("The URL must have no user, query or fragment.")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise click.UsageError("The URL must begin with https: over http the key could be read.")
    return text


def _why(error: exceptions.HTTPError) -> str:
    match error:
        case exceptions.SSLError(args=[ssl.SSLCertVerificationError() as cause]):
            return (
                f"has a certificate that is not trusted here: {cause.verify_message.rstrip('.')}."
            )
        case exceptions.SSLError(args=[ssl.SSLError()]):
            return "does not speak TLS; is it an https URL?"
        case exceptions.ProxyError():
            return "is called through the environment's proxy, which refuses or does not answer."
        case exceptions.NameResolutionError():
            return "has an unknown host name; check the URL and the network."
        case exceptions.NewConnectionError(__cause__=ConnectionRefusedError()):
            return "refuses connections; is it running there?"
        case exceptions.TimeoutError():
            return f"did not answer within {SECONDS} seconds."
        case exceptions.ProtocolError():
            return "closed the connection, or does not speak HTTP."
        case _:
            return f"cannot be reached: {getattr(error.__cause__, 'strerror', None) or error}."
