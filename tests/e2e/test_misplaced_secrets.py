"""A secret in the wrong place is refused, and no answer repeats it.

An answer goes where requests do not: into a client's error reports, and onto screens.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from provers.watched.secrets import Search, Secret
from tests.e2e.calls import PASSWORD, Api

KINDS = ("password", "login token", "access key", "API key")


@dataclass(frozen=True, slots=True)
class Planted:
    """A real secret, the realm it is of, and a token to call with."""

    secret: Secret
    realm_id: str
    user_id: str
    token: str


@pytest.fixture(scope="module", params=KINDS)
def planted(api: Api, request: pytest.FixtureRequest) -> Planted:
    """A secret of each kind that opens something."""
    realm_id = api.realm()
    user = api.user(realm_id)
    key = {"name": "canary", "permission": "read", "realm_id": realm_id}
    values: dict[str, Callable[[], str]] = {
        "password": lambda: PASSWORD,
        "login token": lambda: str(user.login()["token"]),
        "access key": lambda: str(api.made("/v1/access_keys", key)["secret"]),
        "API key": lambda: api.api_user(realm_id)[1],
    }
    value = values[request.param]()
    return Planted(Secret(request.param, value), realm_id, user.id, user.login()["token"])


def refused(
    api: Api,
    planted: Planted,
    method: str,
    path: str,
    *,
    raw: bytes | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Make a call, which must be refused without the secret in its answer."""
    if raw is not None and "content-type" not in dict(headers):
        headers = [*headers, ("content-type", "application/json")]
    answer = api.send(method, path, raw=raw, headers=headers)
    assert 400 <= answer.status < 500, (method, path, answer.status)
    whole = f"{answer.text}\n{dict(answer.headers)}".encode()
    assert [f.around for f in Search([planted.secret])("answer", whole)] == []


def body(value: object) -> bytes:
    """A body of JSON."""
    return json.dumps(value).encode()


BODIES = {
    "in the place of a name": (
        "POST /v1/login",
        {"realm_id": "REALM", "username": "SECRET", "password": "not it at all"},
    ),
    "in the place of an email": (
        "POST /v1/login",
        {"realm_id": "REALM", "email": "SECRET", "password": "not it at all"},
    ),
    "in the place of a realm": (
        "POST /v1/login",
        {"realm_id": "SECRET", "username": "ada", "password": "not it at all"},
    ),
    "in a list": (
        "POST /v1/login",
        {"realm_id": "REALM", "username": "ada", "password": ["SECRET"]},
    ),
    "in a field that there is not": ("POST /v1/realms", {"name": "x", "secret": "SECRET"}),
    "as a session type": ("POST /v1/realms", {"name": "x", "session_type": "SECRET"}),
    "as a permission": ("POST /v1/access_keys", {"name": "x", "permission": "SECRET"}),
    "as a state": ("PATCH /v1/users/USER", {"state": "SECRET"}),
    "as a username of another shape": (
        "POST /v1/users",
        {"realm_id": "REALM", "username": "SECRET but no name", "password": "SECRET"},
    ),
    "as a number": ("PATCH /v1/realms/REALM", {"session_minutes": "SECRET"}),
    "as a kind of user": ("POST /v1/users", {"realm_id": "REALM", "user_type": "SECRET"}),
    "as a kind of credential": (
        "POST /v1/credentials",
        {"user_id": "USER", "credential_type": "SECRET"},
    ),
    "as a user": ("POST /v1/sessions", {"user_id": "SECRET"}),
    "as an address": (
        "POST /v1/sessions",
        {"user_id": "USER", "request": {"ip": "SECRET", "client": "x"}},
    ),
    "as a wrong password": ("POST /v1/users/USER/authenticate", {"password": "SECRET and more"}),
    "as an API key": (
        "POST /v1/users/authenticate_key",
        {"realm_id": "REALM", "api_key": "SECRET!"},
    ),
    "alone": ("POST /v1/realms", "SECRET"),
    "in deep lists": ("POST /v1/realms", [[[["SECRET"]]]]),
}


@pytest.mark.parametrize("where", BODIES)
def test_secret_in_a_body(api: Api, planted: Planted, where: str) -> None:
    """A secret in a body, in another field than its own."""
    route, template = BODIES[where]
    method, _, path = route.partition(" ")
    known = {"REALM": planted.realm_id, "USER": planted.user_id}
    text = json.dumps(template).replace("SECRET", json.dumps(planted.secret.value)[1:-1])
    for name, value in known.items():
        text, path = text.replace(f'"{name}"', f'"{value}"'), path.replace(name, value)
    admin = [] if path == "/v1/login" else [("authorization", f"Bearer {api.access_key}")]
    refused(api, planted, method, path, raw=text.encode(), headers=admin)


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "SECRET"',
        '{"password": "SECRET", "password": "SECRET"}',
        "SECRET",
        '"SECRET\n"',
    ],
)
def test_secret_in_a_body_that_is_not_json(api: Api, planted: Planted, text: str) -> None:
    """A secret in a body that cannot be read."""
    raw = text.replace("SECRET", planted.secret.value).encode()
    refused(api, planted, "POST", "/v1/login", raw=raw)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/sessions/SECRET"),
        ("DELETE", "/v1/sessions/SECRET"),
        ("GET", "/v1/users/SECRET?realm_id=REALM"),
        ("DELETE", "/v1/access_keys/SECRET"),
        ("GET", "/v1/realms/SECRET/.well-known/jwks.json"),
        ("GET", "/v1/sessions?user_id=SECRET"),
        ("GET", "/v1/sessions?user_id=USER&after=SECRET"),
        ("GET", "/v1/sessions?user_id=USER&state=SECRET"),
        ("GET", "/v1/sessions?user_id=USER&direction=SECRET"),
        ("GET", "/v1/sessions?user_id=USER&max_results=SECRET"),
        ("GET", "/v1/sessions?token=SECRET"),
        ("GET", "/v1/users?realm_id=SECRET"),
        ("DELETE", "/v1/sessions?scope=SECRET"),
        ("DELETE", "/v1/realms/REALM?force=SECRET"),
        ("GET", "/v1/nothing/SECRET"),
        ("POST", "/v1/realms/REALM/introspect?token=SECRET"),
        ("POST", "/v1/realms/REALM/revoke?token=SECRET"),
        ("POST", "/v1/realms/SECRET/revoke"),
    ],
)
def test_secret_in_a_url(api: Api, planted: Planted, method: str, path: str) -> None:
    """A secret in a path or a query."""
    path = path.replace("REALM", planted.realm_id).replace("USER", planted.user_id)
    path = path.replace("SECRET", quote(planted.secret.value, safe=""))
    admin = [("authorization", f"Bearer {api.access_key}")]
    refused(api, planted, method, path, headers=admin)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "SECRET"),
        ("authorization", "Basic SECRET"),
        ("authorization", "Bearer SECRETx"),
        ("authorization", "Bearer SECRET, Bearer SECRET"),
        ("authrocket-api-key", "SECRETx"),
        ("authrocket-realm", "SECRET"),
        ("content-type", "SECRET"),
        ("cookie", "token=SECRET"),
    ],
)
def test_secret_in_a_header(api: Api, planted: Planted, name: str, value: str) -> None:
    """A secret in another header than its own, or spoilt."""
    sent = [(name, value.replace("SECRET", quote(planted.secret.value, safe=".")))]
    if name == "authrocket-realm":
        sent.append(("authorization", f"Bearer {api.access_key}"))
    refused(api, planted, "POST", "/v1/password", raw=body({}), headers=sent)
