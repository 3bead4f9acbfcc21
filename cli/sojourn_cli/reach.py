"""One exchange with a stack's API, and a sentence for whatever keeps it from an answer."""

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import click

SECONDS: Final = 40
"""The gateway answers within 30 seconds."""
LONGEST_ANSWER: Final = 32 * 1024 * 1024
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class NotReachable(click.ClickException):
    """Nothing answered, or what answered is not Sojourn."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came. The headers' names are taken in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the access key to wherever it leads."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Reach:
    """Asks one base URL."""

    def __init__(self, base_url: str, *, ca_file: str | None = None) -> None:
        self.base_url = checked_url(base_url)
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if ca_file is not None:
            trusted = ssl.create_default_context(cafile=ca_file)
            handlers.append(urllib.request.HTTPSHandler(context=trusted))
        if urlsplit(self.base_url).hostname in _LOOPBACK:
            # A proxy would be asked for its own loopback, and given the key.
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """The answer, whatever its status. Raises `NotReachable`."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self.base_url + path, data=body, headers=dict(headers), method=method
        )
        try:
            try:
                answer = self._opener.open(request, timeout=SECONDS)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                content = answer.read(LONGEST_ANSWER + 1)
                if len(content) <= LONGEST_ANSWER and answer.length:
                    raise http.client.IncompleteRead(content, answer.length)
                reply = Reply(int(answer.status), answer.headers, content)
        except (OSError, http.client.HTTPException) as error:
            raise NotReachable(f"{self.base_url} {_why(error)}") from error
        if len(reply.body) > LONGEST_ANSWER:
            raise NotReachable(f"{self.base_url} answered without end; is it Sojourn?")
        return reply


def checked_url(text: str) -> str:
    """A base URL without its last slash. Raises `click.UsageError`."""
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise click.UsageError(f"The URL cannot be read: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        raise click.UsageError("The URL must be as https://….execute-api.….amazonaws.com.")
    if parts.username is not None or parts.query or parts.fragment:
        raise click.UsageError("The URL must have no user, query or fragment.")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise click.UsageError("The URL must begin with https: over http the key could be read.")
    return text


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    match reason:
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted here: {reason.verify_message}."
        case ssl.SSLError():
            return "does not speak TLS as this machine does; is it https there?"
        case socket.gaierror():
            return "has a name that is not found; is the URL right, and the network up?"
        case ConnectionRefusedError():
            return "refuses connections; is it running there?"
        case TimeoutError():
            return f"did not answer within {SECONDS} seconds."
        case ConnectionError() | http.client.HTTPException():
            return "broke the connection off, or does not speak HTTP."
        case _:
            return f"cannot be reached: {getattr(reason, 'strerror', None) or reason}."
