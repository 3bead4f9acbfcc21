"""What OAuth's endpoints do otherwise: forms for bodies, and errors as RFC 6749, 5.2, has them."""

from collections.abc import Mapping
from typing import Final, Literal, TypeVar

from msgspec import Struct

from sojourn.api.json_body import convert
from sojourn.api.problems import description, detail_of, problem_type
from sojourn.api.request import Request
from sojourn.api.response import Response
from sojourn.api.structs import Answer
from sojourn.domain import errors
from sojourn.domain.errors import AccessKeyInvalid, CredentialsAmbiguous, SojournError

OAuthCode = Literal[
    "invalid_request", "invalid_client", "unauthorized_client", "temporarily_unavailable"
]
T = TypeVar("T", bound=Struct)

CHALLENGE: Final = 'Basic realm="sojourn", Bearer realm="sojourn"'
"""Both ways in, so that it matches whichever a client used (RFC 6749, 5.2)."""

_CLIENT_INVALID: Final = (errors.Unauthenticated, AccessKeyInvalid, errors.WrongCaller)
_OF_STATUS: Final[Mapping[int, OAuthCode]] = {
    401: "invalid_client",
    403: "unauthorized_client",
    503: "temporarily_unavailable",
}
_CREDENTIALS: Final = frozenset({"client_secret", "client_assertion"})


class OAuthError(Answer, frozen=True, kw_only=True):
    """An error of an OAuth endpoint (RFC 6749, 5.2), with the `code` of the problem that it is."""

    error: OAuthCode
    error_description: str
    code: str
    request_id: str


def oauth_type(kind: type[SojournError]) -> tuple[int, OAuthCode]:
    """The status and the OAuth error of a kind of error."""
    status = problem_type(kind).status
    if issubclass(kind, _CLIENT_INVALID):
        status = 401
    elif issubclass(kind, errors.Invalid):
        status = 400
    return status, _OF_STATUS.get(status, "invalid_request")


def oauth_error(error: SojournError, *, request_id: str) -> Response:
    """An error in the form that OAuth's clients know."""
    status, name = oauth_type(type(error))
    headers = {}
    if status == 401:
        presented = not isinstance(error, errors.TokenMissing)
        headers["www-authenticate"] = CHALLENGE + ', error="invalid_token"' * presented
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    body = OAuthError(
        error=name,
        error_description=description(detail_of(error)),
        code=error.code,
        request_id=request_id,
    )
    return Response(status=status, body=body, headers=headers)


def form_of(request: Request, kind: type[T], *, limit: int, authenticated: bool) -> T:
    """The form of a request as a `kind`.

    Raises as `Request.form` does, `Invalid`, and `CredentialsAmbiguous` or `AccessKeyInvalid` if a
    credential is in the form, besides the header's or instead of it.
    """
    form = request.form(limit=limit)
    if form.keys() & _CREDENTIALS:
        refuse = CredentialsAmbiguous if authenticated else AccessKeyInvalid
        raise refuse("Send the access key in the header Authorization, not in the form.")
    return convert(form, kind)
