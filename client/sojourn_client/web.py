"""What all frameworks share: the session of a request, log-in, log-out, and refusals."""

import asyncio
import ipaddress
import math
from dataclasses import dataclass, field
from typing import Final

from sojourn_client.client import Sojourn
from sojourn_client.clock import Clock, SystemClock
from sojourn_client.decisions.bearer import bearer_token
from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.decisions.csrf import CrossSite
from sojourn_client.decisions.headers import values
from sojourn_client.errors import Refused, Rejected, SojournError, Terminated, Unavailable
from sojourn_client.session import Session

REFUSED: Final = (Rejected, CrossSite, Unavailable)
"""The errors that `Web.refusal` answers. `Refused` is about a call of the application's own."""
_WAIT: Final = 1.0
"""Seconds of `Retry-After` if the service told none."""


@dataclass(frozen=True, slots=True)
class Web:
    """Sessions of requests: by `Authorization: Bearer …`, or in cookie mode by the cookie.

    It has no state of any request.
    """

    sojourn: Sojourn
    cookie: SessionCookie | None = None
    clock: Clock = field(default_factory=SystemClock)

    def token(self, request: object) -> str:
        """The login token. Raises `TokenMissing`, `InvalidToken`, `CrossSite`."""
        return bearer_token(request) if self.cookie is None else self.cookie.token(request)

    def session(self, request: object) -> Session:
        """The session. Raises `Rejected`, `CrossSite`, `Unavailable`."""
        return self.sojourn.verify(self.token(request))

    async def asession(self, request: object) -> Session:
        """`session` for asyncio."""
        return await self.sojourn.averify(self.token(request))

    def log_in(
        self,
        request: object,
        user: str,
        password: str,
        *,
        ip: str | None,
        peer: str | None,
        replace: str | None,
    ) -> tuple[Session, list[str]]:
        """A new session, and each `Set-Cookie` for it.

        `ip` is the browser's address as the application says, which the service checks; without it
        `peer` counts, what the server says of the connection, if that is an address.

        Raises `CrossSite` (or other sites could log a browser in as somebody else), `Refused`,
        `Unavailable`.
        """
        cookie = self._cookie()
        cookie.check(request)
        client = " ".join(values(request, "user-agent")) or None
        session = self.sojourn.authenticate(
            user, password, ip=ip or _address(peer), client=client, replace=replace
        )
        return session, cookie.begin(session, now=self.clock.now().wall)

    async def alog_in(
        self,
        request: object,
        user: str,
        password: str,
        *,
        ip: str | None,
        peer: str | None,
        replace: str | None,
    ) -> tuple[Session, list[str]]:
        """`log_in` for asyncio."""
        return await asyncio.to_thread(
            self.log_in, request, user, password, ip=ip, peer=peer, replace=replace
        )

    def log_out(self, request: object) -> list[str]:
        """End the request's session; each `Set-Cookie` to forget it. No error if it has ended.

        Raises `CrossSite`, `Unavailable`: then the session may go on.
        """
        cookie = self._cookie()
        cookie.check(request)
        try:
            self.sojourn.end(token=cookie.token(request))
        except Rejected:
            pass
        except Refused as error:
            if error.code != "session_unmanaged":  # it has no record that could be ended
                raise
        return cookie.end()

    async def alog_out(self, request: object) -> list[str]:
        """`log_out` for asyncio."""
        return await asyncio.to_thread(self.log_out, request)

    def refusal(self, error: SojournError) -> "Refusal":
        """What to answer to a request for this error."""
        scheme = None if self.cookie is None else f'Cookie cookie-name="{self.cookie.name}"'
        return refusal(error, challenge=scheme)

    def _cookie(self) -> SessionCookie:
        if self.cookie is None:
            raise ValueError("log_in and log_out need cookie mode: cookie=SessionCookie().")
        return self.cookie


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that refuses a request. `body` is a problem document (RFC 9457)."""

    status: int
    headers: dict[str, str]
    body: dict[str, object]


def refusal(error: SojournError, *, challenge: str | None = None) -> Refusal:
    """401, 403 or 503 for an error of `REFUSED`, with the headers that belong to it.

    `challenge` takes the place of the error's own `WWW-Authenticate`.
    """
    match error:
        case Terminated():
            told = {"reason": error.reason, "ended_at": error.ended_at}
            return _refusal(401, {"WWW-Authenticate": challenge or error.challenge}, error, **told)
        case Rejected():
            return _refusal(401, {"WWW-Authenticate": challenge or error.challenge}, error)
        case CrossSite():
            return _refusal(403, {}, error)
        case Unavailable():
            wait = _WAIT if error.retry_after is None else error.retry_after
            return _refusal(503, {"Retry-After": str(math.ceil(wait))}, error)
    raise error


def _refusal(status: int, headers: dict[str, str], error: SojournError, **more: object) -> Refusal:
    body = {
        "status": status,
        "code": getattr(error, "code", "unavailable"),
        "detail": str(error),
        **more,
    }
    return Refusal(status, {**headers, "Cache-Control": "no-store"}, body)


def _address(text: str | None) -> str | None:
    """The address, or None where a server tells another name, such as of a Unix socket."""
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None
