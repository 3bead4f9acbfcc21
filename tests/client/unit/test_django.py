"""Django: `request.user` beside Django's own, sync and async, and Django REST framework."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.client.unit import django_site

# isort: split
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.test import AsyncClient, Client, override_settings
from rest_framework.test import APIClient

from sojourn_client import SessionCookie
from sojourn_client.django import SojournMiddleware
from tests.client.unit.script import (
    AWAY,
    ENDED,
    SESSION,
    USER,
    Answer,
    answering,
    reply,
    token,
    valid,
)

BEARER = {"authorization": f"Bearer {token()}"}
COOKIE = {"cookie": f"__Host-session={token()}"}


def call(
    path: str,
    answer: Answer,
    headers: dict[str, str],
    *,
    method: str = "GET",
    cookie: SessionCookie | None = None,
    before: Sequence[str] = (),
    asked: int | None = None,
) -> Any:
    """One request, and optionally how often the service was asked for it."""
    sojourn, script = answering(answer, timeout=0.1)
    middleware = [*before, django_site.OURS]
    with override_settings(SOJOURN=sojourn, SOJOURN_COOKIE=cookie, MIDDLEWARE=middleware):
        if "async" in path or path == "/careless":

            async def run() -> Any:
                client = AsyncClient()  # which has a Cookie header of its own
                sent = dict(headers)
                for each in filter(None, sent.pop("cookie", "").split("; ")):
                    name, _, value = each.partition("=")
                    client.cookies[name] = value
                return await client.generic(method, path, headers=sent)

            told = asyncio.run(run())
        else:
            told = Client().generic(method, path, headers=headers)
    if asked is not None:
        assert len(script.asked) == asked
    return told


def test_who_does_not_look_asks_nobody() -> None:
    """The user is lazy: a page that needs none costs no call; one that looks twice costs one."""
    assert call("/quiet", reply(200, valid()), BEARER, asked=0).content == b"quiet"
    assert call("/user", reply(200, valid()), BEARER, asked=1).content == b"True ada"
    assert call("/user", ENDED, BEARER, asked=1).status_code == 200


def test_session() -> None:
    """A view gets the session, sync and async; with the user it costs one call."""
    for path in ("/session", "/async_session"):
        assert call(path, reply(200, valid()), BEARER, asked=1).content.decode() == SESSION
    assert call("/async_user", reply(200, valid()), BEARER).content == b"True ada"


@pytest.mark.parametrize("path", ["/session", "/async_session"])
def test_refused(path: str) -> None:
    """Without a session the middleware answers 401, and 503 if the service is away."""
    told = call(path, ENDED, BEARER)
    assert (told.status_code, json.loads(told.content)["reason"]) == (401, "evicted")
    assert told["WWW-Authenticate"].startswith("Bearer error=")
    assert call(path, ENDED, {})["WWW-Authenticate"] == "Bearer"
    told = call(path, AWAY, BEARER)
    assert (told.status_code, told["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("path", ["/user", "/async_user"])
def test_service_that_is_away_makes_nobody(path: str) -> None:
    """The user is not taken for nobody while the service does not answer."""
    assert call(path, AWAY, BEARER).status_code == 503


def test_nobody_knows_why() -> None:
    """Who has no session is nobody, and the page can say why."""
    assert call("/user", reply(), {}).content.startswith(b"False  Send a login token")
    assert call("/user", ENDED, BEARER).content == b"False  The session was ended: evicted."


def test_event_loop_is_not_held_up() -> None:
    """An async view that looks at the lazy user is told to await it, as Django's own."""
    with pytest.raises(SynchronousOnlyOperation):
        call("/careless", reply(200, valid()), BEARER)


@pytest.mark.parametrize("path", ["/user", "/async_user"])
def test_users_of_django(path: str) -> None:
    """Django's own users stay: for who brings no token, and in cookie mode before ours.

    Its `AnonymousUser` has an `error` too, so that a page need not know which nobody it has.
    """
    own = django_site.django_login()
    before = django_site.AUTH
    told = call(path, reply(), {}, before=before)
    assert told.content.startswith(b"False AnonymousUser Send a login token")
    assert call(path, reply(), {"cookie": own}, before=before).content == b"True admin"
    both = {"cookie": f"{own}; {COOKIE['cookie']}"}
    mode = SessionCookie()
    told = call(path, reply(200, valid()), both, before=before, cookie=mode, asked=0)
    assert told.content == b"True admin"
    told = call(path, reply(200, valid()), COOKIE, before=before, cookie=mode)
    assert told.content == b"True ada"


@pytest.mark.parametrize("path", ["/user", "/async_user"])
def test_refused_token_is_nobody(path: str) -> None:
    """A token that is not accepted is not mended by a login of Django's own."""
    headers = {**BEARER, "cookie": django_site.django_login()}
    told = call(path, ENDED, headers, before=django_site.AUTH)
    assert told.content.startswith(b"False")


def test_cookie_mode() -> None:
    """With a cookie it is the one credential, and another site's page uses it for nothing."""
    mode = SessionCookie()
    assert call("/session", reply(200, valid()), BEARER, cookie=mode, asked=0).status_code == 401
    for path in ("/session", "/async_session"):
        for site, status in (("same-origin", 200), ("cross-site", 403)):
            headers = {**COOKIE, "sec-fetch-site": site}
            told = call(path, reply(200, valid()), headers, method="POST", cookie=mode)
            assert told.status_code == status


def test_settings_are_checked_at_start() -> None:
    """A site without a client in its settings does not start."""
    with override_settings(SOJOURN=None), pytest.raises(ImproperlyConfigured, match="SOJOURN"):
        SojournMiddleware(lambda _: None)


def rest(answer: Answer, headers: dict[str, str], cookie: SessionCookie | None = None) -> Any:
    """One request to a view of Django REST framework, which needs no middleware."""
    sojourn, _ = answering(answer, timeout=0.1)
    with override_settings(SOJOURN=sojourn, SOJOURN_COOKIE=cookie, MIDDLEWARE=[]):
        return APIClient().post("/api", headers=headers)


def test_rest_framework() -> None:
    """The authentication class gives the user and the session, or refuses the request."""
    assert rest(reply(200, valid()), BEARER).json() == {"user": USER, "session": SESSION}
    assert rest(reply(), {}).json() == {"user": None}
    told = rest(ENDED, BEARER)
    assert (told.status_code, told["WWW-Authenticate"]) == (401, "Bearer")
    assert told.json() == {"detail": "The session was ended: evicted."}
    told = rest(AWAY, BEARER)
    assert (told.status_code, told["Retry-After"]) == (503, "1")


def test_rest_framework_in_cookie_mode() -> None:
    """A cookie that is not accepted is nobody's, and one from another site is refused."""
    mode, own = SessionCookie(), {**COOKIE, "sec-fetch-site": "same-origin"}
    assert rest(reply(200, valid()), own, mode).json()["user"] == USER
    assert rest(ENDED, own, mode).json() == {"user": None}
    assert rest(reply(200, valid()), COOKIE, mode).status_code == 403
