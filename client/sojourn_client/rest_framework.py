"""Django REST framework: the session of a request as an authentication class.

DEFAULT_AUTHENTICATION_CLASSES = ["sojourn_client.rest_framework.SojournAuthentication"]
"""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from sojourn_client.decisions.csrf import CrossSite
from sojourn_client.django import web
from sojourn_client.django_user import SojournUser
from sojourn_client.errors import Rejected, TokenMissing, Unavailable
from sojourn_client.session import Session


class ServiceUnavailable(APIException):  # type: ignore[misc]
    """503, with the seconds to wait in `Retry-After`."""

    status_code = 503
    default_code = "unavailable"

    def __init__(self, error: Unavailable) -> None:
        super().__init__(str(error))
        self.wait = max(1.0, error.retry_after or 0.0)


class SojournAuthentication(BaseAuthentication):  # type: ignore[misc]
    """`request.user` is a `SojournUser`, and `request.auth` the `Session`.

    Without a token the next class is asked. A token that is not accepted is 401, in cookie mode
    nobody; another site's request is 403; a service that does not answer is 503. It needs the
    settings `SOJOURN` and, for cookie mode, `SOJOURN_COOKIE`, and not the middleware.

    A subclass may give users of its own by `user_of`.
    """

    def authenticate(self, request: Request) -> tuple[Any, Session] | None:
        shared = web()
        try:
            session = shared.session(request)
        except TokenMissing:
            return None
        except Rejected as error:
            if shared.cookie is not None:
                return None
            raise AuthenticationFailed(str(error), error.code) from error
        except CrossSite as error:
            raise PermissionDenied(str(error), error.code) from error
        except Unavailable as error:
            raise ServiceUnavailable(error) from error
        return self.user_of(session), session

    def user_of(self, session: Session) -> Any:
        """The user of a session."""
        return SojournUser(session)

    def authenticate_header(self, _: Request) -> str:
        """The challenge of a 401."""
        return web().refusal(TokenMissing()).headers["WWW-Authenticate"]
