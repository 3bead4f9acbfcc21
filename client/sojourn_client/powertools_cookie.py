"""Cookie mode for Powertools: the token of a request comes from its cookie."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.auth_alpha import AuthErrorContext
from aws_lambda_powertools.utilities.auth_alpha.exceptions import AuthError
from aws_lambda_powertools.utilities.auth_alpha.jwt._internal.authorization import (
    ForbiddenError,
    enforce_scopes,
)
from aws_lambda_powertools.utilities.auth_alpha.jwt.exceptions import InvalidTokenError
from aws_lambda_powertools.utilities.auth_alpha.jwt.integrations.event_handler import AuthMiddleware

from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.decisions.csrf import CrossSite
from sojourn_client.errors import Rejected
from sojourn_client.powertools_errors import failure, sentence

_MESSAGES: Final = {401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}


class Verifies(Protocol):
    """What verifies a token; the method may be replaced in tests of an application."""

    def verify(self, token: str, /) -> dict[str, Any]:
        """The claims of a token. Raises `AuthError`."""


@dataclass(frozen=True)
class CookieErrorContext(AuthErrorContext):
    """What `on_error` gets: also the error, and a sentence for the person at the browser."""

    error: AuthError
    detail: str


class CookieMiddleware(AuthMiddleware):
    """Event Handler middleware that verifies a cookie's token before a route runs."""

    def __init__(
        self,
        verifier: Verifies,
        cookie: SessionCookie,
        scopes: list[str] | None,
        authorize: Callable[[dict[str, Any]], bool] | None,
        on_error: Callable[[AuthErrorContext], Response[Any]] | None,
    ) -> None:
        super().__init__(cast(Any, verifier), scopes, authorize, on_error)
        self._cookie = cookie

    def handler(self, app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        try:
            token = _token(self._cookie, app.current_event.raw_event)
            claims = self._verifier.verify(token)
            enforce_scopes(claims, self._scopes)
            if self._authorize is not None and self._authorize(claims) is not True:
                raise ForbiddenError
        except AuthError as error:
            return self._failure(error)
        app.append_context(claims=claims)  # type: ignore[no-untyped-call]
        try:
            return next_middleware(app)
        finally:
            app.context.pop("claims", None)

    def _failure(self, error: AuthError) -> Response[Any]:
        status, headers = 503, {"Retry-After": "1"}
        if isinstance(error, InvalidTokenError):
            status, headers = 401, {"WWW-Authenticate": f'Cookie cookie-name="{self._cookie.name}"'}
        elif isinstance(error, ForbiddenError):
            status, headers = 403, {}
        headers["Cache-Control"] = "no-store"
        told = CookieErrorContext(
            status, headers, error.reason, error.retryable, error, sentence(error)
        )
        if self._on_error is not None:
            return self._on_error(told)
        return Response(status, "application/json", {"message": _MESSAGES[status]}, headers)


class ByCookie:
    """Verifies the cookie of an authorizer's event, in which it stands for a bearer token."""

    def __init__(self, verifier: Verifies, cookie: SessionCookie, event: dict[str, Any]) -> None:
        if isinstance(event, dict) and event.get("type") == "TOKEN":
            raise ValueError("In cookie mode an authorizer needs payload type REQUEST.")
        self._verifier = verifier
        self._cookie = cookie
        self._asked = event
        self.event = {**event, "headers": {"authorization": "Bearer -"}, "multiValueHeaders": None}

    def verify(self, _: str) -> dict[str, Any]:
        """The claims of the cookie's token. Raises `AuthError`."""
        return self._verifier.verify(_token(self._cookie, self._asked))


def _token(cookie: SessionCookie, event: dict[str, Any]) -> str:
    try:
        return cookie.token(event)
    except (Rejected, CrossSite) as error:
        failed = failure(error)
    raise failed
