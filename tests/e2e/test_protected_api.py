"""An application's own stack behind the authorizer: `examples/protected-api` on the local stack."""

import http.client
import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.calls import Answer, Api
from tests.e2e.conftest import start

pytestmark = pytest.mark.local_only

EXAMPLE = "examples/protected-api"
TTL = 60


@dataclass(frozen=True, slots=True)
class Protected:
    """The application, and the service that its callers log in at."""

    api: Api
    url: str
    dev: dict[str, Any]

    def login(self) -> dict[str, Any]:
        """A new session of the demo realm's first user."""
        user = self.dev["users"][0]
        body = {name: user[name] for name in ("username", "password")}
        answer = self.api.call("POST", "/v1/login", body | {"realm_id": self.dev["realm_id"]})
        assert answer.status == 200, answer.text
        return dict(answer.body)

    def get(self, path: str, token: str | None = None, *, method: str = "GET") -> Answer:
        """One request to the application."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return Answer(
            status=response.status, headers={}, body=json.loads(text), text=text, seconds=0
        )

    def advance(self, seconds: float) -> None:
        """Move the clock of both."""
        assert self.api.call("PUT", "/_local/clock", {"advance": seconds}).status == 200


@pytest.fixture(scope="module", params=[0, TTL], ids=["not cached", "cached"])
def ttl(request: pytest.FixtureRequest) -> int:
    """How long the application's API caches the authorizer's answers."""
    return int(request.param)


@pytest.fixture(scope="module")
def protected(ttl: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Protected]:
    """A local stack with the application."""
    folder = tmp_path_factory.mktemp("protected")
    process, dev = start(0, folder, APPLICATION=EXAMPLE, AUTHORIZER_TTL_SECONDS=str(ttl))
    try:
        api = Api(str(dev["base_url"]), str(dev["access_key"]))
        yield Protected(api, str(dev["application_url"]), dev)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_token_gets_through_with_its_session(protected: Protected) -> None:
    """A login token gets through, and the application is told whose it is."""
    session = protected.login()
    answer = protected.get("/who", session["token"])
    assert answer.status == 200
    assert answer.body["session"] == {
        "session_id": session["id"],
        "user_id": session["user_id"],
        "realm_id": session["realm_id"],
        "session_type": "managed",
        "expires_at": str(session["expires_at"]),
    }


def test_other_routes_of_a_cached_token_get_through(protected: Protected) -> None:
    """An answer that is cached for a token fits the token's next call of another route."""
    token = protected.login()["token"]
    for method in ("GET", "POST", "GET"):
        assert protected.get("/who", token, method=method).status == 200


def test_public_route_asks_nobody(protected: Protected) -> None:
    """A route without the authorizer is for everybody, and is told of no caller."""
    for token in (None, "garbage", protected.login()["token"]):
        answer = protected.get("/health", token)
        assert (answer.status, answer.body) == (200, {"healthy": True})


def test_request_without_a_token_is_401(protected: Protected) -> None:
    """The gateway itself answers to a request without the header."""
    assert protected.get("/who").status == 401


def test_garbage_is_403(protected: Protected) -> None:
    """What is no token, and an access key, are refused."""
    for token in ("garbage", protected.api.access_key, protected.login()["token"][:-2]):
        assert protected.get("/who", token).status == 403


def test_another_realms_token_is_403(protected: Protected) -> None:
    """The application's API names its realm: the stack's other realms are not admitted."""
    user = protected.api.user(protected.api.realm())
    assert protected.get("/who", user.login()["token"]).status == 403


def test_ended_session_is_refused_within_the_ttl(protected: Protected, ttl: int) -> None:
    """After its end a session is refused: at once without a cache, and else when that is over."""
    kept, ended = protected.login(), protected.login()
    for session in (kept, ended):
        assert protected.get("/who", session["token"]).status == 200
    protected.api.call("DELETE", "/v1/session", bearer=ended["token"])
    if ttl:
        protected.advance(ttl - 5)
        assert protected.get("/who", ended["token"]).status == 200
        protected.advance(5)
    assert protected.get("/who", ended["token"]).status == 403
    assert protected.get("/who", kept["token"]).status == 200


def test_realm_that_allows_less_than_the_cache_is_refused(protected: Protected, ttl: int) -> None:
    """A realm whose `max_staleness_seconds` the cache exceeds is refused, until it is raised."""
    path = f"/v1/realms/{protected.dev['realm_id']}"
    before = protected.api.call("GET", path, bearer=protected.api.access_key)
    for allowed, status in ((ttl + 4, 403 if ttl else 200), (ttl + 5, 200)):
        change = {"max_staleness_seconds": allowed}
        answer = protected.api.call("PATCH", path, change, bearer=protected.api.access_key)
        assert answer.status == 200
        protected.advance(5)
        assert protected.get("/who", protected.login()["token"]).status == status
    change = {"max_staleness_seconds": before.body["max_staleness_seconds"]}
    protected.api.call("PATCH", path, change, bearer=protected.api.access_key)
