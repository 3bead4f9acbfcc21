"""FastAPI: the session of a request as a dependency.

auth = SojournAuth(Sojourn(…))
CurrentSession = Annotated[Session, Depends(auth)]
"""

from typing import Any

from fastapi import HTTPException
from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.openapi.models import SecurityBase as Scheme
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from sojourn_client.client import Sojourn
from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.session import Session
from sojourn_client.starlette import LogIn
from sojourn_client.web import REFUSED


class SojournAuth(LogIn, SecurityBase):
    """A dependency that gives the request's `Session`, and refuses the request if there is none.

    It reads `Authorization: Bearer …`, or with `cookie` that cookie alone, and is a security scheme
    of the OpenAPI document. It keeps nothing of a request.

    It raises `HTTPException`: 401 with `WWW-Authenticate`, 403 if another site's page made the
    request, 503 with `Retry-After` if the service does not answer. `__cause__` is the client's
    error, for instance `Terminated` with its `reason`.

    `optional` is the same dependency with None in place of 401.
    """

    _exception = HTTPException

    def __init__(self, sojourn: Sojourn, *, cookie: SessionCookie | None = None) -> None:
        super().__init__(sojourn, cookie=cookie)
        self.scheme_name = "Sojourn"
        self.model = _scheme(cookie)
        self.optional = _Optional(self)

    async def __call__(self, request: HTTPConnection) -> Session:
        try:
            return await self._web.asession(request)
        except REFUSED as error:
            raise self._refused(error) from error

    async def token(self, request: HTTPConnection) -> str:
        """A dependency that gives the request's login token, not verified.

        `end(session_id, token=token)` ends a session of the user's own, and nobody else's.
        """
        try:
            return self._web.token(request)
        except REFUSED as error:
            raise self._refused(error) from error


class _Optional(SecurityBase):
    def __init__(self, auth: SojournAuth) -> None:
        self.scheme_name = auth.scheme_name
        self.model = auth.model
        self._auth = auth

    async def __call__(self, request: HTTPConnection) -> Session | None:
        try:
            return await self._auth(request)
        except HTTPException as error:
            if error.status_code == 401:
                return None
            raise


def _scheme(cookie: SessionCookie | None) -> Scheme:
    if cookie is None:
        return HTTPBearer(bearerFormat="JWT", description="A login token.")
    told: dict[str, Any] = {"in": APIKeyIn.cookie, "name": cookie.name}
    return APIKey(**told, description="A login token, in a cookie that scripts cannot read.")
