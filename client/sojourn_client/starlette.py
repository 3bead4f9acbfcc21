"""Starlette: an authentication backend, and log-in and log-out for cookie mode.

backend = SojournBackend(Sojourn(…))
Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
"""

from typing import TypeVar

from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    UnauthenticatedUser,
)
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from sojourn_client.client import Sojourn
from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.errors import Rejected, SojournError, TokenMissing
from sojourn_client.session import Session
from sojourn_client.web import REFUSED, Web

R = TypeVar("R", bound=Response)


class SojournUser(BaseUser):
    """The user of an accepted request, with the `session`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def display_name(self) -> str:
        user = self.session.user
        return (user and (user.name or user.username)) or self.identity

    @property
    def identity(self) -> str:
        return self.session.user_id


class RejectedUser(UnauthenticatedUser):
    """Nobody, and in `error` why the cookie that came is not accepted: `Expired`, `Terminated`."""

    def __init__(self, error: Rejected) -> None:
        self.error = error


class LogIn:
    """Log-in and log-out for browsers, over Starlette's requests and responses."""

    _exception = HTTPException

    def __init__(self, sojourn: Sojourn, *, cookie: SessionCookie | None = None) -> None:
        self._web = Web(sojourn, cookie)

    async def log_in(
        self,
        request: Request,
        response: R,
        user: str,
        password: str,
        *,
        ip: str | None = None,
        replace: str | None = None,
    ) -> R:
        """Begin a session for the browser that made this request; the response, with its cookie.

        `user` is a username, an email or an id. The session has the browser's User-Agent, and `ip`
        or the address that the server tells. Raises `Refused`, such as `credential_wrong`, and
        `HTTPException`: 403 and 503. Needs `cookie` and an access key.

        Behind a proxy the server must know the browser's address (uvicorn's `--proxy-headers` and
        `--forwarded-allow-ips`), or all browsers share one count of failed logins.
        """
        peer = request.client.host if request.client else None
        try:
            _, cookies = await self._web.alog_in(
                request, user, password, ip=ip, peer=peer, replace=replace
            )
        except REFUSED as error:
            raise self._refused(error) from error
        return _with(response, cookies)

    async def log_out(self, request: Request, response: R) -> R:
        """End the request's session; the response, which clears its cookie.

        No error if the session has ended already. Raises `HTTPException`: 403, and 503 if it may
        go on. Needs `cookie`.
        """
        try:
            return _with(response, await self._web.alog_out(request))
        except REFUSED as error:
            raise self._refused(error) from error

    def _refused(self, error: SojournError) -> HTTPException:
        told = self._web.refusal(error)
        return self._exception(told.status, str(told.body["detail"]), told.headers)


class SojournBackend(LogIn, AuthenticationBackend):
    """Gives `request.user` (`SojournUser`) and the scope `authenticated`.

    Without a token the user is nobody. `on_error` answers a token that is not accepted with 401, a
    service that does not answer with 503, and in cookie mode another site's request with 403;
    without it Starlette answers 400. In cookie mode a cookie that is not accepted makes nobody,
    `RejectedUser`: its browser must get to the login form.
    """

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        try:
            session = await self._web.asession(conn)
        except TokenMissing:
            return None
        except REFUSED as error:
            if isinstance(error, Rejected) and self._web.cookie is not None:
                return AuthCredentials(), RejectedUser(error)
            raise AuthenticationError(str(error)) from error
        return AuthCredentials(["authenticated"]), SojournUser(session)

    def token(self, request: HTTPConnection) -> str:
        """The request's login token, not verified. Raises `HTTPException`."""
        try:
            return self._web.token(request)
        except REFUSED as error:
            raise self._refused(error) from error

    def on_error(self, _: HTTPConnection, error: Exception) -> Response:
        """The answer to a request that `authenticate` refuses, for `AuthenticationMiddleware`."""
        cause = error.__cause__
        if not isinstance(cause, SojournError):
            raise error
        told = self._web.refusal(cause)
        return JSONResponse(told.body, told.status, told.headers, "application/problem+json")


def _with(response: R, cookies: list[str]) -> R:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response
