"""Powertools for AWS Lambda: `SojournVerifier` in place of `auth_alpha`'s `JWTVerifier`.

verifier = SojournVerifier(Sojourn(…))
@app.get("/me", middlewares=[verifier.require()])

A `JWTVerifier` accepts the token of an ended session until it expires. This one refuses it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, ServiceUnavailableError
from aws_lambda_powertools.utilities.auth_alpha import AuthErrorContext
from aws_lambda_powertools.utilities.auth_alpha.exceptions import AuthError
from aws_lambda_powertools.utilities.auth_alpha.jwt.integrations.api_gateway import authorize_event
from aws_lambda_powertools.utilities.auth_alpha.jwt.integrations.event_handler import AuthMiddleware
from aws_lambda_powertools.utilities.data_classes.common import DictWrapper

from sojourn_client.client import Sojourn
from sojourn_client.decisions.bearer import bearer_token
from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.decisions.csrf import CrossSite
from sojourn_client.decisions.token import read
from sojourn_client.errors import Refused, Rejected, Unavailable
from sojourn_client.powertools_cookie import ByCookie, CookieMiddleware
from sojourn_client.powertools_errors import (
    CrossSiteError,
    SessionEndedError,
    SojournUnavailableError,
    failure,
)
from sojourn_client.web import REFUSED, Web

__all__ = ["CrossSiteError", "SessionEndedError", "SojournUnavailableError", "SojournVerifier"]

R = TypeVar("R", bound=Response[Any])
Event = dict[str, Any] | DictWrapper


class SojournVerifier:
    """Verifies login tokens for Event Handler and for Lambda authorizers.

    Its methods are those of Powertools 3.37's `JWTVerifier`, with the same arguments, answers and
    errors, so that one stands for the other. Claims are those of the login token: `sub` is the
    user's id, `sid` the session's. `testing.mock_claims` of Powertools works with it too.

    With `cookie` (cookie mode), `require` and `authorize` read that cookie, and nothing else, and
    `log_in` and `log_out` set and clear it.
    """

    def __init__(self, sojourn: Sojourn, *, cookie: SessionCookie | None = None) -> None:
        self._sojourn = sojourn
        self._web = Web(sojourn, cookie)

    def __repr__(self) -> str:
        return "<SojournVerifier>"

    def prefetch(self) -> None:
        """Have the keys at hand, and in mode "feed" what ended, before the first token comes.

        Call it outside the handler: Lambda starts an instance with more CPU. Not needed. Raises
        `SojournUnavailableError`, which is a `JWKSFetchError`; its text says what is wrong.
        """
        try:
            self._sojourn.prefetch()
        except (Unavailable, Refused) as error:
            failed = failure(error)
        else:
            return
        raise failed

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token whose session stands.

        Raises `InvalidTokenError` (`TokenExpiredError`, `SessionEndedError`), and
        `SojournUnavailableError`, which is a `JWKSFetchError`.
        """
        try:
            session = self._sojourn.verify(token)
            # The service has verified this very text, so its claims are the service's own.
            return read(token, realm_id=session.realm_id).claims
        except (Rejected, Unavailable, Refused) as error:
            failed = failure(error)
        raise failed  # out here, so that it has no other error in its context

    def verify_authorization_header(self, value: str | None) -> dict[str, Any]:
        """`verify` the token of an `Authorization` header.

        A missing header, and another scheme than Bearer, are `InvalidTokenError`.
        """
        try:
            token = bearer_token({"headers": {} if value is None else {"authorization": value}})
        except Rejected as error:
            failed = failure(error)
        else:
            return self.verify(token)
        raise failed

    def require(
        self,
        *,
        scopes: list[str] | None = None,
        authorize: Callable[[dict[str, Any]], bool] | None = None,
        on_error: Callable[[AuthErrorContext], Response[Any]] | None = None,
    ) -> AuthMiddleware:
        """Event Handler middleware: the claims are in `app.context["claims"]` while a route runs.

        A token that is not accepted is 401, a missing scope or an `authorize` that does not answer
        True 403, a service that does not answer 503; in cookie mode another site's request is 403.
        `on_error` makes the answer in their place; in cookie mode its argument also has `detail`,
        the sentence that says why: "The session was ended: evicted."
        """
        if self._web.cookie is None:
            return AuthMiddleware(self, scopes, authorize, on_error)  # type: ignore[arg-type]
        return CookieMiddleware(self, self._web.cookie, scopes, authorize, on_error)

    def authorize(
        self,
        event: Event,
        *,
        scopes: list[str] | None = None,
        response_format: Literal["iam", "simple"] = "iam",
        context_claims: list[str] | None = None,
        on_error: Callable[[AuthError], None] | None = None,
    ) -> dict[str, Any]:
        """The answer of a Lambda authorizer to this event of API Gateway.

        API Gateway may keep the answer: set the authorizer's TTL to 0, or an ended session is
        accepted that long. In cookie mode the authorizer must have payload type REQUEST and
        `Cookie` for its identity source. Raises `SojournUnavailableError`, so that nobody is let
        in.
        """
        verifier: Any = self
        if self._web.cookie is not None:
            verifier = ByCookie(self, self._web.cookie, _raw(event))
            event = verifier.event
        return authorize_event(verifier, event, scopes, response_format, context_claims, on_error)

    def token(self, event: Event) -> str:
        """The login token of a request's event, not verified.

        `end(session_id, token=token)` ends a session of the user's own, and nobody else's. Raises
        `InvalidTokenError`, and in cookie mode `CrossSiteError`.
        """
        try:
            return self._web.token(_raw(event))
        except (Rejected, CrossSite) as error:
            failed = failure(error)
        raise failed

    def log_in(
        self,
        event: Event,
        response: R,
        user: str,
        password: str,
        *,
        ip: str | None = None,
        replace: str | None = None,
    ) -> R:
        """Begin a session for the browser that made this request; the response, with its cookie.

        `event` is `app.current_event`; `user` is a username, an email or an id. The session has the
        browser's User-Agent, and `ip` or the address that API Gateway saw. Raises `Refused`, such
        as `credential_wrong`, and Event Handler's errors for 403 and 503. Needs `cookie` and an
        access key.

        Behind CloudFront give `ip`, or all browsers share one count of failed logins.
        """
        raw = _raw(event)
        peer = _address(raw)
        try:
            _, cookies = self._web.log_in(raw, user, password, ip=ip, peer=peer, replace=replace)
        except REFUSED as error:
            raise _answered(error) from error
        return _with(response, cookies)

    def log_out(self, event: Event, response: R) -> R:
        """End the request's session; the response, which clears its cookie.

        No error if the session has ended already. Raises Event Handler's errors for 403, and 503 if
        it may go on. Needs `cookie`.
        """
        try:
            return _with(response, self._web.log_out(_raw(event)))
        except REFUSED as error:
            raise _answered(error) from error


def _raw(event: Event) -> dict[str, Any]:
    return event.raw_event if isinstance(event, DictWrapper) else event


def _address(event: Mapping[str, Any]) -> str | None:
    """The address of the connection, as API Gateway, or a function URL, saw it."""
    context = event.get("requestContext") or {}
    seen = context.get("http") or context.get("identity") or {}
    found = seen.get("sourceIp")
    return found if isinstance(found, str) else None


def _answered(error: Exception) -> ForbiddenError | ServiceUnavailableError:
    if isinstance(error, CrossSite):
        return ForbiddenError(str(error))
    return ServiceUnavailableError(str(error))


def _with(response: R, cookies: list[str]) -> R:
    response.cookies.extend(cast(list[Any], cookies))  # Event Handler sends `str` of each
    return response
