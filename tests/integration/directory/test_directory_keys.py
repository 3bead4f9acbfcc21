"""Access keys: none can create or see one beyond its own realm or permission."""

import re
from typing import Any

import pytest

from local.template import Template
from sojourn.domain import ids
from sojourn.domain.errors import AlreadyInitialised
from sojourn.store.realms import DynamoDirectory
from tests.integration.conftest import empty, resources_of
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.instance import Instance
from tests.support.stores import store_of

RANK = ("read", "write", "admin")


def make(world: World, bearer: str | None = None, **body: object) -> Answer:
    """The answer to making a key."""
    wanted = {"name": "tests", "permission": "read", **body}
    return world.call("POST", "/v1/access_keys", wanted, bearer=bearer or world.key)


def bound(world: World, permission: str = "admin") -> str:
    """The secret of a key of the realm."""
    made = make(world, permission=permission, realm_id=world.realm_id)
    return str(made.body["secret"])


def other_realm(world: World) -> str:
    """Another realm's id."""
    body = {"name": "other", "jwt_algo": "eddsa"}
    return str(world.admin("POST", "/v1/realms", body).body["id"])


def test_secret_is_shown_once_and_kept_as_a_digest(world: World, dynamodb: Any) -> None:
    """A key's secret is in the answer that makes it and nowhere else, not in the store either."""
    made = make(world).body
    secret = made.pop("secret")
    assert world.admin("GET", f"/v1/access_keys/{made['id']}").body == made
    renamed = world.admin("PUT", f"/v1/access_keys/{made['id']}", {"name": "other"})
    assert (renamed.status, renamed.body) == (200, made | {"name": "other"})
    items = str(dynamodb.scan(TableName=world.environment["DIRECTORY_TABLE"])["Items"])
    assert secret not in items
    assert ids.digest(secret).hex() in items
    assert ids.digest(secret).hex() not in str(world.admin("GET", "/v1/access_keys").body)


# What a key of the realm may do: the least permission for each route.
NEEDS: list[tuple[str, str, str, dict[str, object] | None]] = [
    ("read", "GET", "/v1/realms", None),
    ("read", "GET", "/v1/realms/{realm}", None),
    ("read", "GET", "/v1/users", None),
    ("read", "GET", "/v1/users/{user}", None),
    ("read", "GET", "/v1/credentials?user_id={user}", None),
    ("read", "GET", "/v1/credentials/{credential}", None),
    ("read", "GET", "/v1/jwt_keys", None),
    ("read", "GET", "/v1/jwt_keys/{jwt_key}", None),
    ("read", "GET", "/v1/sessions?user_id={user}", None),
    ("read", "GET", "/v1/sessions/{session}", None),
    ("read", "POST", "/v1/sessions/validate", {"tokens": []}),
    ("read", "GET", "/v1/revocations", None),
    ("write", "POST", "/v1/users", {"username": "eve"}),
    ("write", "PUT", "/v1/users/{user}", {"name": "Ada"}),
    ("write", "PATCH", "/v1/users/{user}", {"name": "Ada"}),
    ("write", "DELETE", "/v1/users/{user}", None),
    ("write", "POST", "/v1/users/{user}/end_sessions", None),
    ("write", "POST", "/v1/users/{user}/unlock", None),
    ("write", "POST", "/v1/realms/{realm}/end_sessions", None),
    ("write", "POST", "/v1/credentials", {"user_id": "{robot}", "credential_type": "api_key"}),
    ("write", "PUT", "/v1/credentials/{credential}", {"name": "main"}),
    ("write", "PATCH", "/v1/credentials/{credential}", {"name": "main"}),
    ("write", "DELETE", "/v1/credentials/{credential}", None),
    ("write", "POST", "/v1/sessions", {"user_id": "{user}"}),
    ("write", "POST", "/v1/users/{user}/authenticate", {"password": PASSWORD}),
    ("write", "POST", "/v1/users/authenticate_key", {"api_key": "{api_key}"}),
    ("write", "DELETE", "/v1/sessions?user_id={user}", None),
    ("write", "DELETE", "/v1/sessions/{session}", None),
    ("admin", "PUT", "/v1/realms/{realm}", {"max_sessions": 2}),
    ("admin", "PATCH", "/v1/realms/{realm}", {"max_sessions": 2}),
    ("admin", "DELETE", "/v1/realms/{realm}?name=Tests", None),
    ("admin", "POST", "/v1/jwt_keys", {}),
    ("admin", "PUT", "/v1/jwt_keys/{jwt_key}", {"compromised": True}),
    ("admin", "PATCH", "/v1/jwt_keys/{jwt_key}", {"compromised": True}),
    ("admin", "DELETE", "/v1/jwt_keys/{spare}?force=true", None),
    ("admin", "GET", "/v1/access_keys", None),
    ("admin", "POST", "/v1/access_keys", {"name": "k", "permission": "read"}),
    ("admin", "GET", "/v1/access_keys/{key}", None),
    ("admin", "PUT", "/v1/access_keys/{key}", {"name": "k"}),
    ("admin", "PATCH", "/v1/access_keys/{key}", {"expires_at": None}),
    ("admin", "DELETE", "/v1/access_keys/{key}", None),
]
# Routes that take no realm-bound access key, or none at all; and OAuth's, which take forms
# (tests/e2e/test_oauth.py).
OTHERS = {
    "POST /v1/realms/{id}/introspect",
    "POST /v1/realms/{id}/revoke",
    "POST /v1/realms",
    "POST /v1/login",
    "GET /v1/session",
    "DELETE /v1/session",
    "POST /v1/password",
}


def test_every_servers_route_is_looked_at() -> None:
    """No route of the template is without its least permission in the table."""
    routes = {route for function in Template.read().functions() for route in function.routes}
    public = {route for route in routes if "/.well-known/" in route or "openapi" in route}
    listed = {
        f"{method} {re.sub(r'{[^}]+}', '{id}', path.partition('?')[0])}"
        for _, method, path, _ in NEEDS
    }
    assert listed == routes - public - OTHERS


@pytest.mark.parametrize(("least", "method", "path", "body"), NEEDS, ids=str)
def test_each_route_needs_its_permission_and_its_realm(
    world: World, least: str, method: str, path: str, body: dict[str, object] | None
) -> None:
    """A key with less than a route needs is 403, one of another realm finds nothing by id."""
    robot = {"realm_id": world.realm_id, "user_type": "api"}
    user_id, robot_id = world.user("ada"), world.admin("POST", "/v1/users", robot).body["id"]
    listed = world.admin("GET", f"/v1/credentials?user_id={user_id}").body["collection"]
    signing = world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}").body["collection"]
    credential = {"user_id": robot_id, "credential_type": "api_key"}
    spare = {"realm_id": world.realm_id, "algo": "eddsa"}
    names = {
        "realm": world.realm_id,
        "user": user_id,
        "robot": robot_id,
        "credential": listed[0]["id"],
        "session": world.login("ada").body["id"],
        "api_key": world.admin("POST", "/v1/credentials", credential).body["api_key"],
        "jwt_key": signing[0]["id"],
        "spare": world.admin("POST", "/v1/jwt_keys", spare).body["id"],
        "key": make(world, realm_id=world.realm_id).body["id"],
    }
    where, sent = path.format(**names), body
    if body is not None:
        sent = {k: v.format(**names) if isinstance(v, str) else v for k, v in body.items()}
    for permission in RANK[: RANK.index(least)]:
        refused = world.call(method, where, sent, bearer=bound(world, permission))
        assert (refused.status, refused.body["code"]) == (403, "permission_missing")
    if (where, sent) != (path, body):
        foreign = make(world, permission="admin", realm_id=other_realm(world)).body["secret"]
        refused = world.call(method, where, sent, bearer=foreign)
        expected = (422, "credential_wrong") if "{api_key}" in str(body) else (404, "not_found")
        assert (refused.status, refused.body["code"]) == expected
    allowed = world.call(method, where, sent, bearer=bound(world, least))
    assert allowed.status in (200, 201, 204), allowed


def test_realms_are_made_by_an_admin_of_the_stack_alone(world: World) -> None:
    """A realm's own admin, and a stack-wide key with less than `admin`, make no realm: 403."""
    bound = make(world, permission="admin", realm_id=world.realm_id).body["secret"]
    write = make(world, permission="write").body["secret"]
    codes = []
    for bearer in (bound, write):
        refused = world.call("POST", "/v1/realms", {"name": "Mine"}, bearer=bearer)
        codes.append((refused.status, refused.body["code"]))
    assert codes == [(403, "realm_forbidden"), (403, "permission_missing")]
    assert len(world.admin("GET", "/v1/realms").body["collection"]) == 1


def test_realm_bound_key_makes_keys_of_its_realm_alone(world: World) -> None:
    """A realm's admin makes keys of that realm, named or not, and never a stack-wide one."""
    secret = bound(world)
    for body in ({}, {"realm_id": None}, {"realm_id": world.realm_id}):
        made = make(world, secret, permission="admin", **body)
        assert (made.status, made.body["realm_id"]) == (201, world.realm_id)
    refused = make(world, secret, realm_id=other_realm(world))
    assert (refused.status, refused.body["code"]) == (403, "realm_forbidden")


def test_realm_bound_key_sees_keys_of_its_realm_alone(world: World) -> None:
    """Stack-wide keys and another realm's do not exist for a realm's admin: 404, unchanged."""
    secret = bound(world)
    foreign = [make(world).body["id"], make(world, realm_id=other_realm(world)).body["id"]]
    listed = world.call("GET", "/v1/access_keys", bearer=secret).body["collection"]
    assert {key["realm_id"] for key in listed} == {world.realm_id}
    for key_id in foreign:
        path = f"/v1/access_keys/{key_id}"
        assert world.call("GET", path, bearer=secret).status == 404
        assert world.call("PATCH", path, {"name": "x"}, bearer=secret).status == 404
        assert world.call("DELETE", path, bearer=secret).status == 404
        assert world.admin("GET", path).body["name"] == "tests"


@pytest.mark.parametrize("field", ["permission", "realm_id", "secret", "id", "secret_hash"])
def test_only_a_keys_name_changes(world: World, field: str) -> None:
    """A key's reach is fixed when it is made."""
    made = make(world).body["id"]
    wanted = {"name": "x", field: "admin"}
    assert world.admin("PATCH", f"/v1/access_keys/{made}", wanted).status == 422


def test_key_made_while_its_realm_is_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose realm goes while it is made is refused with 404, and no key is left behind."""
    realm_id = other_realm(world)
    look = DynamoDirectory.get
    deleted: list[Answer] = []

    def then_delete(self: DynamoDirectory, wanted: str) -> Any:
        found = look(self, wanted)
        if wanted == realm_id and not deleted:
            deleted.append(Answer(0, None))
            deleted[0] = world.admin("DELETE", f"/v1/realms/{realm_id}?name=other")
        return found

    monkeypatch.setattr(DynamoDirectory, "get", then_delete)
    assert make(world, realm_id=realm_id).status == 404
    assert deleted[0].status == 204
    at = store_of(world.resources).realms
    assert at.members(f"{realm_id}#keys", after=None, limit=1, ascending=True)[0] == []


def test_keys_are_paged(world: World) -> None:
    """The list of keys goes by id, and a cursor that is no key's id is refused."""
    for _ in range(3):
        make(world)
    every = [key["id"] for key in world.admin("GET", "/v1/access_keys").body["collection"]]
    assert every == sorted(every)
    page = world.admin("GET", f"/v1/access_keys?max_results=2&after={every[0]}").body
    assert ([k["id"] for k in page["collection"]], page["more_results"]) == (every[1:3], True)
    assert world.admin("GET", "/v1/access_keys?after=x").body["code"] == "cursor_invalid"


def test_first_key_is_refused_while_any_admin_of_the_stack_is_left(
    world: World, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first key that was replaced and deleted does not let a second "first" one be made."""
    members = DynamoDirectory.members

    def one_a_page(self: DynamoDirectory, owner: str, **page: Any) -> Any:
        return members(self, owner, **{**page, "limit": 1})

    # Another key is listed before the admin's successor.
    monkeypatch.setattr(DynamoDirectory, "members", one_a_page)
    empty(environment)
    keys = Instance(resources_of(environment, world.clock)).directory.access_keys
    first, secret = keys.create_first(name="first")
    make(world, secret)
    successor = make(world, secret, permission="admin").body
    path = f"/v1/access_keys/{first.id}"
    assert world.call("DELETE", path, bearer=successor["secret"]).status == 204
    with pytest.raises(AlreadyInitialised, match=successor["id"]):
        keys.create_first(name="second")
    path = f"/v1/access_keys/{successor['id']}"
    assert world.call("DELETE", path, bearer=successor["secret"]).status == 204
    assert keys.create_first(name="second")[0].permission == "admin"
