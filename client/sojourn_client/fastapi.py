"""FastAPI: the session of a request as a dependency.

auth = SojournAuth(Sojourn(…))
CurrentSession = Annotated[Session, Depends(auth)]
"""

from typing import Any, TypeVar

from fastapi import HTTPException, Request, Response
from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.openapi.models import SecurityBase as Scheme
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from sojourn_client.client import Sojourn
from sojourn_client.cookie import SessionCookie
from sojourn_client.errors import SojournError
from sojourn_client.session import Session
from sojourn_client.web import REFUSED, Web

R = TypeVar("R", bound=Response)


class SojournAuth(SecurityBase):
    """A dependency that gives the request's `Session`, and refuses the request if there is none.

    It reads `Authorization: Bearer …`, or with `cookie` that cookie alone, and is a security scheme
    of the OpenAPI document. It keeps nothing of a request.

    It raises `HTTPException`: 401 with `WWW-Authenticate`, 403 if another site's page made the
    request, 503 with `Retry-After` if the service does not answer. `__cause__` is the client's
    error, for instance `Terminated` with its `reason`.

    `optional` is the same dependency with None in place of 401.
    """

    def __init__(self, sojourn: Sojourn, *, cookie: SessionCookie | None = None) -> None:
        self._web = Web(sojourn, cookie)
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
        `HTTPException` as the dependency does. Needs `cookie` and an access key.

        Behind a proxy the server must know the browser's address (uvicorn's `--proxy-headers` and
        `--forwarded-allow-ips`), or all browsers share one count of failed logins.
        """
        known = ip or (request.client.host if request.client else None)
        try:
            _, cookies = await self._web.alog_in(request, user, password, ip=known, replace=replace)
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
        return HTTPException(told.status, told.body["detail"], told.headers)


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


def _with(response: R, cookies: list[str]) -> R:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response
