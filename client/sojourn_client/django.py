"""Django: `request.user` and the session of a request, beside django.contrib.auth.

SOJOURN = Sojourn(…)  # in settings.py
MIDDLEWARE = […, "sojourn_client.django.SojournMiddleware"]
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.asyncio import async_unsafe
from django.utils.functional import SimpleLazyObject

from sojourn_client.django_user import Nobody, SojournUser
from sojourn_client.errors import Rejected, SojournError, TokenMissing
from sojourn_client.session import Session
from sojourn_client.web import REFUSED, Web

R = TypeVar("R", bound=HttpResponse)
_CACHE = "_sojourn_outcome"


def web() -> Web:
    """What settings.py says: `SOJOURN`, and for cookie mode `SOJOURN_COOKIE = SessionCookie()`."""
    sojourn = getattr(settings, "SOJOURN", None)
    if sojourn is None:
        raise ImproperlyConfigured("SOJOURN = Sojourn(base_url, realm_id) is not in the settings.")
    return Web(sojourn, getattr(settings, "SOJOURN_COOKIE", None))


@async_unsafe("In an async view call `await asession_of(request)`.")  # type: ignore[untyped-decorator]
def session_of(request: HttpRequest) -> Session:
    """The request's session, verified once a request.

    Raises `Rejected`, `CrossSite`, `Unavailable`, which `SojournMiddleware` answers with 401, 403
    and 503.
    """
    if not hasattr(request, _CACHE):
        try:
            setattr(request, _CACHE, web().session(request))
        except REFUSED as error:
            setattr(request, _CACHE, error)
    return _told(request)


async def asession_of(request: HttpRequest) -> Session:
    """`session_of` for asyncio."""
    if not hasattr(request, _CACHE):
        try:
            setattr(request, _CACHE, await web().asession(request))
        except REFUSED as error:
            setattr(request, _CACHE, error)
    return _told(request)


def token_of(request: HttpRequest) -> str:
    """The request's login token, not verified. Raises as `session_of` does.

    `end(session_id, token=token)` ends a session of the user's own, and nobody else's.
    """
    return web().token(request)


def log_in(
    request: HttpRequest,
    response: R,
    user: str,
    password: str,
    *,
    ip: str | None = None,
    replace: str | None = None,
) -> R:
    """Begin a session for the browser that made this request; the response, with its cookie.

    `user` is a username, an email or an id. The session has the browser's User-Agent, and `ip` or
    `REMOTE_ADDR`. Raises `Refused`, such as `credential_wrong`, `CrossSite` and `Unavailable`.
    Needs `SOJOURN_COOKIE` and an access key.

    Behind a proxy give `ip`, or all browsers share one count of failed logins.
    """
    peer = request.META.get("REMOTE_ADDR")
    return _with(
        response, web().log_in(request, user, password, ip=ip, peer=peer, replace=replace)[1]
    )


async def alog_in(
    request: HttpRequest,
    response: R,
    user: str,
    password: str,
    *,
    ip: str | None = None,
    replace: str | None = None,
) -> R:
    """`log_in` for asyncio."""
    peer = request.META.get("REMOTE_ADDR")
    done = await web().alog_in(request, user, password, ip=ip, peer=peer, replace=replace)
    return _with(response, done[1])


def log_out(request: HttpRequest, response: R) -> R:
    """End the request's session; the response, which clears its cookie.

    No error if the session has ended already. Raises `CrossSite`, and `Unavailable` if it may go
    on. Needs `SOJOURN_COOKIE`.
    """
    return _with(response, web().log_out(request))


async def alog_out(request: HttpRequest, response: R) -> R:
    """`log_out` for asyncio."""
    return _with(response, await web().alog_out(request))


class SojournMiddleware:
    """Gives `request.user` and `request.auser()`, lazily: who does not look at them asks nobody.

    `request.user` is a `SojournUser`, or `Nobody`, whose `error` says why a token that came is not
    accepted. Put it after django.contrib.auth's middleware, if that is there: then a request
    without a Sojourn token has Django's own user, and in cookie mode a login of Django's own, such
    as in the admin, comes first.

    A subclass may give users of its own, for instance of a model, by `user_of`.

    Errors of `session_of` that a view does not catch are answered with 401, 403 or 503.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        web()
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        former = getattr(request, "user", None)
        request.user = SimpleLazyObject(partial(self._user, request, former))
        request.auser = partial(self._auser, request, getattr(request, "auser", None))
        return self._get_response(request)

    def user_of(self, session: Session) -> Any:
        """The user of a session."""
        return SojournUser(session)

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to a request whose session is not accepted or not known."""
        if not isinstance(error, REFUSED):
            return None
        told = web().refusal(error)
        return JsonResponse(
            told.body,
            status=told.status,
            headers=told.headers,
            content_type="application/problem+json",
        )

    def _user(self, request: HttpRequest, former: Any) -> Any:
        if _first(former):
            return former
        try:
            session = session_of(request)
        except Rejected as error:
            return _nobody(error, former)
        return self.user_of(session)

    async def _auser(
        self, request: HttpRequest, of_django: Callable[[], Awaitable[Any]] | None
    ) -> Any:
        former = None if of_django is None else await of_django()
        if _first(former):
            return former
        try:
            session = await asession_of(request)
        except Rejected as error:
            return _nobody(error, former)
        return await sync_to_async(self.user_of)(session)


def _first(former: Any) -> bool:
    """Whether Django's own user comes first: in cookie mode both have a cookie."""
    return web().cookie is not None and former is not None and bool(former.is_authenticated)


def _nobody(error: Rejected, former: Any) -> Any:
    """Django's own user, if no token came; a token that is not accepted is never somebody.

    Whoever is nobody has `error`, Django's own `AnonymousUser` too.
    """
    if isinstance(error, TokenMissing) and former is not None:
        if not former.is_authenticated:
            former.error = error
        return former
    return Nobody(error)


def _told(request: HttpRequest) -> Session:
    outcome: Session | SojournError = getattr(request, _CACHE)
    if isinstance(outcome, SojournError):
        raise outcome
    return outcome


def _with(response: R, cookies: list[str]) -> R:
    for cookie in cookies:
        response.cookies.load(cookie)
    return response
