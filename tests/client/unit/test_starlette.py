"""Starlette's authentication backend: who the user is, and what a refused request is answered."""

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sojourn_client import SessionCookie
from sojourn_client.service.transport import NoReply
from sojourn_client.starlette import SojournBackend
from tests.client.unit.asgi import Answered, ask
from tests.client.unit.script import ENDED, USER, Answer, answering, reply, token, valid

BEARER = ("authorization", f"Bearer {token()}")
COOKIE = ("cookie", f"__Host-session={token()}")


def call(
    answer: Answer,
    *headers: tuple[str, str],
    method: str = "GET",
    cookie: SessionCookie | None = None,
) -> Answered:
    """One request to a page that tells who its user is."""
    backend = SojournBackend(answering(answer)[0], cookie=cookie)

    async def me(request: Request) -> JSONResponse:
        user = request.user
        name = user.display_name if user.is_authenticated else str(getattr(user, "error", ""))
        return JSONResponse([user.is_authenticated and user.identity, name, request.auth.scopes])

    app = Starlette(
        routes=[Route("/", me, methods=["GET", "POST"])],
        middleware=[
            Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
        ],
    )
    return asyncio.run(ask(app, method, "/", headers))


def test_user_of_a_session() -> None:
    """An accepted token gives the user and the scope `authenticated`."""
    assert json.loads(call(reply(200, valid()), BEARER).body) == [USER, "ada", ["authenticated"]]


def test_nobody() -> None:
    """Without a token the user is nobody."""
    assert json.loads(call(reply()).body) == [False, "", []]


def test_token_that_is_not_accepted() -> None:
    """It is 401 with a challenge and the reason, and not Starlette's 400."""
    told = call(ENDED, BEARER)
    assert told.status == 401
    assert (told.header("www-authenticate") or "").startswith('Bearer error="invalid_token"')
    assert json.loads(told.body)["reason"] == "evicted"


@pytest.mark.parametrize("cookie", [None, SessionCookie()])
def test_unavailable(cookie: SessionCookie | None) -> None:
    """A service that does not answer is 503 with `Retry-After`."""
    told = call(NoReply("away", sent=True), BEARER, COOKIE, cookie=cookie)
    assert (told.status, told.header("retry-after")) == (503, "1")


def test_cookie_that_is_not_accepted() -> None:
    """Its browser is nobody, who gets to the login form, and the page can say why."""
    told = call(ENDED, COOKIE, cookie=SessionCookie())
    assert json.loads(told.body) == [False, "The session was ended: evicted.", []]


def test_other_site() -> None:
    """In cookie mode a request of another site that would change something is 403."""
    other = ("sec-fetch-site", "cross-site")
    told = call(reply(200, valid()), COOKIE, other, method="POST", cookie=SessionCookie())
    assert told.status == 403
    told = call(reply(200, valid()), COOKIE, other, cookie=SessionCookie())
    assert told.status == 200
