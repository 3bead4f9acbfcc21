"""Powertools for AWS Lambda: `SojournVerifier` in place of `auth_alpha`'s `JWTVerifier`.

verifier = SojournVerifier(Sojourn(…))
@app.get("/me", middlewares=[verifier.require()])

A `JWTVerifier` accepts the token of an ended session until it expires. This one refuses it.
"""

from collections.abc import Callable
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.auth_alpha import AuthErrorContext
from aws_lambda_powertools.utilities.auth_alpha.exceptions import AuthError
from aws_lambda_powertools.utilities.auth_alpha.jwt.exceptions import (
    InvalidTokenError,
    JWKSFetchError,
    TokenExpiredError,
)
from aws_lambda_powertools.utilities.auth_alpha.jwt.integrations.api_gateway import authorize_event
from aws_lambda_powertools.utilities.auth_alpha.jwt.integrations.event_handler import AuthMiddleware
from aws_lambda_powertools.utilities.data_classes.common import DictWrapper

from sojourn_client.bearer import bearer_token
from sojourn_client.client import Sojourn
from sojourn_client.errors import Expired, Rejected, SojournError, Terminated, Unavailable
from sojourn_client.token import read


class SessionEndedError(InvalidTokenError):
    """The session was ended before it expired: `ended_reason`, `ended_at`, see `Terminated`."""

    message = "Session ended"

    def __init__(self, ended_reason: str | None, ended_at: float | None) -> None:
        super().__init__()
        self.ended_reason = ended_reason
        self.ended_at = ended_at


class SojournUnavailableError(JWKSFetchError):
    """The service did not answer, as for a `JWTVerifier` the keys cannot be fetched."""

    message = "Unable to verify the session"


class SojournVerifier:
    """Verifies login tokens for Event Handler and for Lambda authorizers.

    Its methods are those of Powertools 3.37's `JWTVerifier`, with the same arguments, answers and
    errors, so that one stands for the other. Claims are those of the login token: `sub` is the
    user's id, `sid` the session's. `testing.mock_claims` of Powertools works with it too.
    """

    def __init__(self, sojourn: Sojourn) -> None:
        self._sojourn = sojourn

    def __repr__(self) -> str:
        return "<SojournVerifier>"

    def prefetch(self) -> None:
        """Nothing: there is nothing to fetch before a token comes."""

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token whose session stands.

        Raises `InvalidTokenError` (`TokenExpiredError`, `SessionEndedError`), and
        `SojournUnavailableError`, which is a `JWKSFetchError`.
        """
        try:
            session = self._sojourn.verify(token)
            # The service has verified this very text, so its claims are the service's own.
            return read(token, realm_id=session.realm_id).claims
        except (Rejected, Unavailable) as error:
            failure = _failure(error)
        raise failure  # out here, so that it has no other error in its context

    def verify_authorization_header(self, value: str | None) -> dict[str, Any]:
        """`verify` the token of an `Authorization` header.

        A missing header, and another scheme than Bearer, are `InvalidTokenError`.
        """
        try:
            token = bearer_token({"headers": {} if value is None else {"authorization": value}})
        except Rejected as error:
            failure = _failure(error)
        else:
            return self.verify(token)
        raise failure

    def require(
        self,
        *,
        scopes: list[str] | None = None,
        authorize: Callable[[dict[str, Any]], bool] | None = None,
        on_error: Callable[[AuthErrorContext], Response[Any]] | None = None,
    ) -> AuthMiddleware:
        """Event Handler middleware: the claims are in `app.context["claims"]` while a route runs.

        A token that is not accepted is 401, a missing scope or an `authorize` that does not answer
        True 403, a service that does not answer 503. `on_error` makes the answer in their place.
        """
        return AuthMiddleware(self, scopes, authorize, on_error)  # type: ignore[arg-type]

    def authorize(
        self,
        event: dict[str, Any] | DictWrapper,
        *,
        scopes: list[str] | None = None,
        response_format: Literal["iam", "simple"] = "iam",
        context_claims: list[str] | None = None,
        on_error: Callable[[AuthError], None] | None = None,
    ) -> dict[str, Any]:
        """The answer of a Lambda authorizer to this event of API Gateway.

        API Gateway may keep the answer: set the authorizer's TTL to 0, or an ended session is
        accepted that long. Raises `SojournUnavailableError`, so that nobody is let in.
        """
        return authorize_event(
            self,  # type: ignore[arg-type]
            event,
            scopes,
            response_format,
            context_claims,
            on_error,
        )


def _failure(error: SojournError) -> AuthError:
    match error:
        case Expired():
            return TokenExpiredError()
        case Terminated():
            return SessionEndedError(error.reason, error.ended_at)
        case Rejected():
            return InvalidTokenError()
    return SojournUnavailableError()
