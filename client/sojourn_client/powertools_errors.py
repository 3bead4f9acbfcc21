"""The client's errors as those of Powertools' `auth_alpha`."""

from aws_lambda_powertools.utilities.auth_alpha.exceptions import AuthError
from aws_lambda_powertools.utilities.auth_alpha.jwt._internal.authorization import (
    ForbiddenError,
    MissingTokenError,
)
from aws_lambda_powertools.utilities.auth_alpha.jwt.exceptions import (
    InvalidTokenError,
    JWKSFetchError,
    TokenExpiredError,
)

from sojourn_client.decisions.csrf import CrossSite
from sojourn_client.errors import (
    Expired,
    InvalidToken,
    Refused,
    Rejected,
    SojournError,
    Terminated,
    TokenMissing,
    Unavailable,
)


class SessionEndedError(InvalidTokenError):
    """The session was ended before it expired: `ended_reason`, `ended_at`, see `Terminated`."""

    message = "Session ended"

    def __init__(self, ended_reason: str | None, ended_at: float | None) -> None:
        super().__init__()
        self.ended_reason = ended_reason
        self.ended_at = ended_at


class CrossSiteError(ForbiddenError):
    """Cookie mode: the request comes from another site, or does not say where from; 403."""

    message = "Cross-site request"


class SojournUnavailableError(JWKSFetchError):
    """The service did not answer, or refused the call of the access key.

    It is as if a `JWTVerifier` could not fetch its keys. The text says what is wrong; it has no
    token and no key in it.
    """

    def __init__(self, detail: str, *, retryable: bool = True) -> None:
        super().__init__()
        self.args = (detail,)
        self.retryable = retryable


def failure(error: SojournError) -> AuthError:
    """The error of Powertools that stands for one of the client."""
    match error:
        case Expired():
            return TokenExpiredError()
        case Terminated():
            return SessionEndedError(error.reason, error.ended_at)
        case TokenMissing():
            return MissingTokenError()
        case Rejected():
            return InvalidTokenError()
        case CrossSite():
            return CrossSiteError()
        case Unavailable():
            return SojournUnavailableError(error.detail)
        case Refused():
            return SojournUnavailableError(str(error), retryable=False)
    raise error


def sentence(error: AuthError) -> str:
    """What to tell the person whose request is refused."""
    match error:
        case SessionEndedError():
            return Terminated(error.ended_reason, error.ended_at).detail
        case TokenExpiredError():
            return Expired().detail
        case MissingTokenError():
            return "Log in first."
        case InvalidTokenError():
            return InvalidToken().detail
        case CrossSiteError():
            return CrossSite().detail
        case ForbiddenError():
            return "You may not do this."
    return "Whether you are logged in cannot be checked now. Try again soon."
