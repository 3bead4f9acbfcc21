"""Flask: the session of a request in `g.session`, and a request loader for Flask-Login.

auth = SojournAuth(Sojourn(…))
app.before_request(auth.require)
"""

from contextlib import suppress
from typing import TypeVar

from flask import Request, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, HTTPException, ServiceUnavailable, Unauthorized
from werkzeug.wrappers import Response

from sojourn_client.client import Sojourn
from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.errors import Rejected, SojournError
from sojourn_client.session import Session
from sojourn_client.web import REFUSED, Web

R = TypeVar("R", bound=Response)


class SessionUser:
    """The user of a session, as Flask-Login wants it."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_id(self) -> str:
        """The user's id."""
        return self.session.user_id


class SojournAuth:
    """Verifies requests by `Authorization: Bearer …`, or with `cookie` by that cookie alone.

    It keeps nothing of a request. It raises werkzeug's exceptions, for which an application may
    have an `errorhandler`: 401 with `WWW-Authenticate`, 403 if another site's page made the
    request, 503 with `Retry-After`. `__cause__` is the client's error, for instance `Terminated`.
    """

    def __init__(self, sojourn: Sojourn, *, cookie: SessionCookie | None = None) -> None:
        self._web = Web(sojourn, cookie)

    def require(self) -> None:
        """Put the request's `Session` into `g.session`, or refuse the request.

        For `before_request` of an application or a blueprint, or to call in a view.
        """
        g.session = None
        try:
            g.session = self._web.session(request)
        except REFUSED as error:
            raise self._refused(error) from error

    def optional(self) -> None:
        """`require`, with None in `g.session` in place of 401."""
        with suppress(Unauthorized):
            self.require()

    def token(self) -> str:
        """The request's login token, not verified.

        `end(session_id, token=auth.token())` ends a session of the user's own, and nobody else's.
        """
        try:
            return self._web.token(request)
        except REFUSED as error:
            raise self._refused(error) from error

    def load_user(self, incoming: Request) -> SessionUser | None:
        """For Flask-Login: `login_manager.request_loader(auth.load_user)`.

        None if there is no session; 403 and 503 are raised.
        """
        try:
            return SessionUser(self._web.session(incoming))
        except Rejected:
            return None
        except REFUSED as error:
            raise self._refused(error) from error

    def log_in(
        self,
        response: R,
        user: str,
        password: str,
        *,
        ip: str | None = None,
        replace: str | None = None,
    ) -> R:
        """Begin a session for the browser that made the request; the response, with its cookie.

        `user` is a username, an email or an id. The session has the browser's User-Agent, and `ip`
        or Flask's `remote_addr`. Raises `Refused`, such as `credential_wrong`, and 403 and 503.
        Needs `cookie` and an access key.

        Behind a proxy use werkzeug's `ProxyFix`, or all browsers share one count of failed logins.
        """
        try:
            _, cookies = self._web.log_in(
                request, user, password, ip=ip, peer=request.remote_addr, replace=replace
            )
        except REFUSED as error:
            raise self._refused(error) from error
        return _with(response, cookies)

    def log_out(self, response: R) -> R:
        """End the request's session; the response, which clears its cookie.

        No error if the session has ended already. Raises 403, and 503 if it may go on. Needs
        `cookie`.
        """
        try:
            return _with(response, self._web.log_out(request))
        except REFUSED as error:
            raise self._refused(error) from error

    def _refused(self, error: SojournError) -> HTTPException:
        told = self._web.refusal(error)
        detail = str(told.body["detail"])
        if told.status == 401:
            challenge = WWWAuthenticate.from_header(told.headers["WWW-Authenticate"])
            return Unauthorized(detail, www_authenticate=challenge)
        if told.status == 403:
            return Forbidden(detail)
        return ServiceUnavailable(detail, retry_after=int(told.headers["Retry-After"]))


def _with(response: R, cookies: list[str]) -> R:
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response
