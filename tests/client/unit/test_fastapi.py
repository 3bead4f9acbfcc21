"""FastAPI's dependency: the session of each request, and nothing of another's."""

import asyncio
import json
import random
import time
from collections.abc import Callable, MutableMapping
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket

from sojourn_client import Session, SessionCookie, Terminated
from sojourn_client.fastapi import SojournAuth
from sojourn_client.service.transport import NoReply, Reply
from sojourn_client.service.transport import Request as Sent
from tests.client.unit.asgi import Answered, ask
from tests.client.unit.script import SESSION, Answer, answering, problem, reply, token, valid

BEARER = ("authorization", f"Bearer {token()}")
COOKIE = ("cookie", f"__Host-session={token()}")


def site(*answers: Answer, cookie: SessionCookie | None = None) -> FastAPI:
    """An application with a protected page and one for everybody."""
    auth = SojournAuth(answering(*answers)[0], cookie=cookie)
    app = FastAPI()

    @app.get("/me")
    async def me(session: Annotated[Session, Depends(auth)]) -> str:
        return session.user_id

    @app.post("/me")
    async def change(session: Annotated[Session, Depends(auth)]) -> str:
        return session.user_id

    @app.websocket("/live")
    async def live(socket: WebSocket, _: Annotated[Session, Depends(auth)]) -> None:
        await socket.accept()

    @app.get("/maybe")
    async def maybe(session: Annotated[Session | None, Depends(auth.optional)]) -> str | None:
        return session.user_id if session else None

    @app.get("/token")
    async def its_token(text: Annotated[str, Depends(auth.token)]) -> str:
        return text

    return app


def call(app: FastAPI, method: str, path: str, *headers: tuple[str, str]) -> Answered:
    """One request."""
    return asyncio.run(ask(app, method, path, headers))


def test_session_is_given() -> None:
    """A token that is accepted gives its session, to either dependency."""
    app = site(reply(200, valid()))
    assert json.loads(call(app, "GET", "/me", BEARER).body) == valid()["user_id"]
    assert json.loads(call(app, "GET", "/maybe", BEARER).body) == valid()["user_id"]
    assert json.loads(call(app, "GET", "/token", BEARER).body) == token()


@pytest.mark.parametrize(
    ("headers", "answer", "challenge"),
    [
        ([], reply(), "Bearer"),
        ([("authorization", "Bearer garbage")], reply(), 'Bearer error="invalid_token"'),
        ([BEARER], problem(401, "session_expired"), 'Bearer error="invalid_token"'),
    ],
)
def test_unauthorized(headers: list[tuple[str, str]], answer: Answer, challenge: str) -> None:
    """Without a session the answer is 401 with a challenge; the optional dependency gives None."""
    app = site(answer)
    told = call(app, "GET", "/me", *headers)
    assert told.status == 401
    assert (told.header("www-authenticate") or "").startswith(challenge)
    assert (told.header("cache-control"), set(json.loads(told.body))) == ("no-store", {"detail"})
    assert call(app, "GET", "/maybe", *headers).body == "null"


def test_unavailable() -> None:
    """A service that does not answer is 503 with `Retry-After`: nobody is let in or logged out."""
    app = site(NoReply("away", sent=True))
    for path in ("/me", "/maybe"):
        told = call(app, "GET", path, BEARER)
        assert (told.status, told.header("retry-after")) == (503, "1")


def test_cause_says_why() -> None:
    """A handler of 401 finds the client's error, and why the session was ended."""
    app = site(problem(401, "session_ended", reason="evicted", ended_at=5.0))
    found: list[object] = []

    @app.exception_handler(401)
    async def told(_: Request, error: HTTPException) -> Any:
        found.append(error.__cause__)
        raise error

    with pytest.raises(HTTPException):
        call(app, "GET", "/me", BEARER)
    assert isinstance(found[0], Terminated)
    assert found[0].reason == "evicted"


def test_cookie_mode() -> None:
    """With a cookie it is the one credential, and another site's page uses it for nothing."""
    app = site(reply(200, valid()), cookie=SessionCookie())
    own, other = ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")
    assert call(app, "GET", "/me", BEARER).status == 401
    assert call(app, "GET", "/me", COOKIE, other).status == 200
    assert call(app, "POST", "/me", COOKIE, own).status == 200
    assert call(app, "POST", "/me", COOKIE, other).status == 403
    assert call(app, "POST", "/me", COOKIE).status == 403
    assert call(app, "POST", "/me", other).status == 401


def connect(app: FastAPI, *headers: tuple[str, str]) -> list[str]:
    """Open a WebSocket; the types of what the application sends."""
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/live",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(app(scope, receive, send))
    return sent


def test_websocket() -> None:
    """A WebSocket has a session, and in cookie mode only the application's own pages open it."""
    app = site(reply(200, valid()), cookie=SessionCookie())
    assert connect(app, COOKIE, ("sec-fetch-site", "same-origin"))[0] == "websocket.accept"
    for headers in ([COOKIE, ("sec-fetch-site", "same-site")], [COOKIE], []):
        assert connect(app, *headers)[0] == "websocket.http.response.start"


@pytest.mark.parametrize(
    ("cookie", "scheme"),
    [
        (None, {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
        (SessionCookie(), {"type": "apiKey", "in": "cookie", "name": "__Host-session"}),
    ],
)
def test_openapi(cookie: SessionCookie | None, scheme: dict[str, str]) -> None:
    """The OpenAPI document has the credential as a security scheme of each protected route."""
    document = site(reply(), cookie=cookie).openapi()
    told = document["components"]["securitySchemes"]["Sojourn"]
    assert {name: value for name, value in told.items() if name != "description"} == scheme
    for path in ("/me", "/maybe"):
        assert document["paths"][path]["get"]["security"] == [{"Sojourn": []}]


def mixed() -> Callable[[Sent], Reply]:
    """A service that knows each token's session, and takes its time."""
    known = {
        f"Bearer {token(sub=f'usr_{number}')}": valid(
            user_id=f"usr_{number}", user={"id": f"usr_{number}"}
        )
        for number in range(0, 60, 2)
    }

    def answer(sent: Sent) -> Reply:
        time.sleep(random.random() / 100)
        found = known.get(sent.headers["authorization"])
        return reply(200, found) if found else problem(401, "session_ended")

    return answer


def test_no_request_reaches_another() -> None:
    """Of many requests at once, each has its own session or none, whatever the others have.

    SuperTokens' dependency for FastAPI kept what it found in its closure, for the next request.
    """
    app = site(mixed())

    async def each(number: int) -> tuple[int, str]:
        headers = [("authorization", f"Bearer {token(sub=f'usr_{number}')}")]
        told = await ask(app, "GET", "/maybe" if number % 4 > 1 else "/me", headers)
        return told.status, told.body

    async def run() -> list[tuple[int, str]]:
        return await asyncio.gather(*map(each, range(60)), ask_nobody())

    async def ask_nobody() -> tuple[int, str]:
        told = await ask(app, "GET", "/maybe")
        return told.status, told.body

    *found, nobody = asyncio.run(run())
    for number, (status, body) in enumerate(found):
        if number % 2 == 0:
            assert (status, json.loads(body)) == (200, f"usr_{number}")
        elif number % 4 > 1:
            assert (status, body) == (200, "null")
        else:
            assert status == 401
    assert nobody == (200, "null")
    assert SESSION not in str(found)
