"""A trusted edge, over HTTP: its headers are used, and nobody can bypass it."""

import hashlib
import secrets
from collections.abc import Iterator

import pytest

from tests.e2e.calls import PASSWORD, Answer, Api
from tests.e2e.conftest import own_stack

pytestmark = pytest.mark.local_only

OLD, NEW = (f"{name}-{secrets.token_hex(32)}" for name in ("old", "new"))
WRONG = "not the password"
Headers = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def edge_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A stack configured for an edge with two secrets, as in the midst of a rotation."""
    digests = ",".join(hashlib.sha256(text.encode()).hexdigest() for text in (OLD, NEW))
    with own_stack(
        tmp_path_factory.mktemp("edge"),
        EDGE_SECRET_SHA256=digests,
        CORS_ORIGINS="https://app.example.com",
    ) as api:
        yield api


def by_edge(viewer: str, secret: str = NEW) -> Headers:
    """The headers that the edge adds to a viewer's request."""
    return (("X-Sojourn-Edge", secret), ("CloudFront-Viewer-Address", f"{viewer}:46532"))


def made(api: Api, path: str, body: object) -> str:
    """The id of what a server made by way of the edge."""
    answer = api.call("POST", path, body, bearer=api.access_key, headers=by_edge("192.0.2.1"))
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


@pytest.fixture(scope="module")
def realm_id(edge_api: Api) -> str:
    """A realm of that stack."""
    return made(edge_api, "/v1/realms", {"name": "Edge", "jwt_algo": "es256"})


def user(api: Api, realm_id: str) -> str:
    """The name of a new user."""
    name = f"user-{secrets.token_hex(6)}"
    made(api, "/v1/users", {"realm_id": realm_id, "username": name, "password": PASSWORD})
    return name


def login(
    api: Api, realm_id: str, username: str, headers: Headers, password: str = PASSWORD
) -> Answer:
    """`POST /v1/login` with these headers."""
    body = {"realm_id": realm_id, "username": username, "password": password}
    return api.call("POST", "/v1/login", body, headers=headers)


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
@pytest.mark.parametrize("viewer", ["198.51.100.7", "2001:db8::7"])
def test_session_began_at_the_viewer(
    edge_api: Api, realm_id: str, viewer: str, secret: str
) -> None:
    """A session's address is the viewer's, with either of the two secrets of a rotation."""
    session = login(edge_api, realm_id, user(edge_api, realm_id), by_edge(viewer, secret)).body
    assert session["request"]["ip"] == viewer
    validated = edge_api.call(
        "GET", "/v1/session", bearer=session["token"], headers=by_edge("192.0.2.1", secret)
    )
    assert validated.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("CloudFront-Viewer-Address", "198.51.100.7:1"),),
        by_edge("198.51.100.7", "wrong"),
        (*by_edge("198.51.100.7", "wrong"), ("X-Sojourn-Edge", NEW)),
        (*by_edge("198.51.100.7", NEW), ("X-Sojourn-Edge", OLD)),
    ],
    ids=["nothing", "an address", "a wrong secret", "another before it", "two at once"],
)
def test_none_comes_past_the_edge(edge_api: Api, realm_id: str, headers: Headers) -> None:
    """Without the edge's secret every route refuses, even with a valid access key."""
    name = user(edge_api, realm_id)
    for answer in (
        login(edge_api, realm_id, name, headers),
        edge_api.call("GET", "/v1/session", headers=headers),
        edge_api.call("GET", "/v1/realms", bearer=edge_api.access_key, headers=headers),
        edge_api.call("GET", "/v1/openapi.json", headers=headers),
        edge_api.call("GET", f"/v1/realms/{realm_id}/.well-known/jwks.json", headers=headers),
    ):
        assert (answer.status, answer.code) == (403, "edge_required")


def test_guessing_counts_where_the_viewer_is(edge_api: Api, realm_id: str) -> None:
    """A hundred failures of one viewer close the API to that viewer, and to no other."""
    name = user(edge_api, realm_id)
    body = {"realm_id": realm_id, "api_key": "ak_wrong"}
    attacker, other = by_edge("203.0.113.66"), by_edge("203.0.113.67")
    answers = [edge_api.call("POST", "/v1/login", body, headers=attacker) for _ in range(100)]
    assert {answer.status for answer in answers} == {401}
    edge_api.advance(1)
    assert login(edge_api, realm_id, name, attacker).status == 429
    assert login(edge_api, realm_id, name, other).status == 200


def test_address_that_is_none_is_not_kept(edge_api: Api, realm_id: str) -> None:
    """The edge's header gives an address in every notation, or None."""
    for sent in ("..", "198.51.100.7", "198.51.100.7:1,203.0.113.9:1", "fe80::1%<img src=x>:1"):
        headers = (("X-Sojourn-Edge", NEW), ("CloudFront-Viewer-Address", sent))
        session = login(edge_api, realm_id, user(edge_api, realm_id), headers)
        assert session.status == 200
        assert session.body["request"]["ip"] is None


def test_preflight_needs_no_secret(edge_api: Api) -> None:
    """A browser's preflight is answered by the gateway, which knows nothing of the edge."""
    sent = (("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "POST"))
    assert edge_api.call("OPTIONS", "/v1/login", headers=sent).status == 204


def test_without_an_edge_nothing_is_believed(api: Api) -> None:
    """A stack configured for no edge takes the connection's address, whatever it is sent."""
    someone = api.user(api.realm())
    session = login(api, someone.realm_id, someone.username, by_edge("198.51.100.7"))
    assert session.status == 200
    assert session.body["request"]["ip"] == "127.0.0.1"
